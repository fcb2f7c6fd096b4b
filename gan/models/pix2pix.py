"""Translation learnt from pairs: reconstruction alone, and pix2pix, reconstruction with an adversary (Isola et al. 2017)."""

from collections.abc import Callable

import keras
import tensorflow as tf

from gan.image_losses import Distance, l1
from gan.losses import OBJECTIVES, Objective
from gan.models import adversary

Perceptual = Callable[[tf.Tensor, tf.Tensor, tf.Tensor], tf.Tensor]


class Reconstruction(keras.Model):
    """Trains a generator `[N, H, W, C]` -> `[N, h, w, K]` on the distance to the target, nothing else."""

    def __init__(self, generator: keras.Model):
        super().__init__()
        self.generator = generator
        self.built = True

    def compile(self, optimizer: keras.optimizers.Optimizer, distance: Distance = l1):
        super().compile(optimizer=optimizer)
        self.distance = distance
        optimizer.build(self.generator.trainable_variables)

    def call(self, source: tf.Tensor) -> tf.Tensor:
        return self.generator(source, training=False)

    def train_step(self, batch: tuple[tf.Tensor, tf.Tensor]) -> dict[str, tf.Tensor]:
        """One step on (source, target)."""
        source, target = batch
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(self.distance(self.generator(source, training=True), target))
        gradients = tape.gradient(loss, self.generator.trainable_variables)
        self.optimizer.apply(gradients, self.generator.trainable_variables)
        return {f"loss/{self.distance.__name__}": loss, "gradient/generator": tf.linalg.global_norm(gradients)}


class Pix2Pix(keras.Model):
    """The conditional game of a generator and a discriminator that sees what the picture was made from (eq. 4).

    Args:
        generator: source `[N, H, W, C]` -> target `[N, h, w, K]`.
        discriminator: source and target joined in their channels, or the target alone -> logits of any shape `[N, ...]`.
    """

    def __init__(self, generator: keras.Model, discriminator: keras.Model):
        super().__init__()
        self.generator, self.discriminator = generator, discriminator
        self.conditional = discriminator.inputs[0].shape[-1] != generator.outputs[0].shape[-1]
        self.built = True

    def compile(
        self,
        g_optimizer: keras.optimizers.Optimizer,
        d_optimizer: keras.optimizers.Optimizer,
        objective: Objective = OBJECTIVES["non-saturating"],
        l1_weight: float = 100.0,
        adversarial_weight: float = 1.0,
        perceptual: Perceptual | None = None,
        perceptual_weight: float = 1.0,
    ):
        """`perceptual`: pictures made and wanted, and the step -> a distance `[N]`, a further part of the generator's loss."""
        super().compile(optimizer=None)
        self.g_optimizer, self.d_optimizer, self.objective = g_optimizer, d_optimizer, objective
        self.l1_weight, self.adversarial_weight = l1_weight, adversarial_weight
        self.perceptual, self.perceptual_weight = perceptual, perceptual_weight
        g_optimizer.build(self.generator.trainable_variables)
        d_optimizer.build(self.discriminator.trainable_variables)

    def call(self, source: tf.Tensor) -> tf.Tensor:
        return self.generator(source, training=False)

    def judge(self, source: tf.Tensor) -> adversary.Judge:
        """The discriminator of what was made from these pictures."""
        return lambda target: self.discriminator(tf.concat([source, target], -1) if self.conditional else target, training=True)

    def train_step(self, batch: tuple[tf.Tensor, tf.Tensor]) -> dict[str, tf.Tensor]:
        """One step on (source, target): D first, its loss halved, then G against the updated D."""
        source, target = batch
        with tf.GradientTape() as g_tape:
            fake = self.generator(source, training=True)
        logs = self.discriminator_step(source, target, tf.stop_gradient(fake))

        with tf.GradientTape(watch_accessed_variables=False) as fake_tape:  # no gradient of D's weights is computed here
            fake_tape.watch(fake)
            adversarial = adversary.generator_loss(self.judge(source), self.objective, target, fake)
            distance = tf.reduce_mean(l1(fake, target))
            loss = self.adversarial_weight * adversarial + self.l1_weight * distance
            if self.perceptual:
                logs["loss/perceptual"] = tf.reduce_mean(self.perceptual(fake, target, self.g_optimizer.iterations))
                loss += self.perceptual_weight * logs["loss/perceptual"]
        weights = self.generator.trainable_variables
        gradients = g_tape.gradient(fake, weights, fake_tape.gradient(loss, fake))
        self.g_optimizer.apply(gradients, weights)
        made = {"loss/generator": loss, "loss/adversarial": adversarial, "loss/l1": distance}
        return made | logs | {"gradient/generator": tf.linalg.global_norm(gradients)}

    def discriminator_step(self, source: tf.Tensor, real: tf.Tensor, fake: tf.Tensor) -> dict[str, tf.Tensor]:
        weights = self.discriminator.trainable_variables
        return adversary.discriminator_step(
            self.judge(source), weights, self.d_optimizer, self.objective, real, fake, share=0.5
        )
