"""A network that paints photographs in the styles of collections, taught by an adversary and by a fixed extractor together.

total = alpha content + beta style + gamma adversarial: the content and style losses of Gatys et al. 2016 on each picture, as
Johnson et al. 2016 train a network on them, and the patch discriminator of Isola et al. 2017 on the collection. With gamma = 0
it is the former alone, with alpha = beta = 0 the latter. Several styles share a network by conditional instance normalisation
(Dumoulin et al. 2017).
"""

from collections.abc import Sequence

import keras
import tensorflow as tf

from gan import noise
from gan.image_losses import moved
from gan.losses import OBJECTIVES, Objective
from gan.models import adversary
from style.objectives import Description
from style.teacher import Teacher, of_each, stacked


class Hybrid(keras.Model):
    """Trains a generator of pictures of A that look like those of one or several collections.

    Args:
        generator: `gan.networks.translation.resnet`; with several styles, labels `[N]` are its second input.
        discriminator: pictures -> logits `[N, h, w, S]`, a map for each style.
        teacher: what content and style are.
        targets: for each style the mean one of its collection (`Teacher.collection`).
        jitter: each step the teacher sees pictures moved at random by up to so many pixels, so that its strides leave no grain.
        seed: of these moves.
    """

    def __init__(
        self, generator: keras.Model, discriminator: keras.Model, teacher: Teacher, targets: Sequence[Description],
        jitter: int = 0, seed: int = 0,
    ):  # fmt: skip
        super().__init__()
        self.generator, self.discriminator, self.teacher = generator, discriminator, teacher
        self.jitter, self.seed = jitter, seed
        self.targets = stacked(targets)
        self.built = True

    def compile(
        self,
        g_optimizer: keras.optimizers.Optimizer,
        d_optimizer: keras.optimizers.Optimizer,
        objective: Objective = OBJECTIVES["least-squares"],
        content_weight: float = 1.0,
        style_weight: float = 1.0,
        adversarial_weight: float = 1.0,
    ):
        """alpha, beta and gamma. A weight of 0 leaves its loss out; those of the extractor are still told."""
        super().compile(optimizer=None)
        self.g_optimizer, self.d_optimizer, self.objective = g_optimizer, d_optimizer, objective
        self.content_weight, self.style_weight = content_weight, style_weight
        self.adversarial_weight = adversarial_weight
        g_optimizer.build(self.generator.trainable_variables)
        d_optimizer.build(self.discriminator.trainable_variables)

    def paint(self, images: tf.Tensor, labels: tf.Tensor, training: bool) -> tf.Tensor:
        return self.generator([images, labels] if len(self.generator.inputs) > 1 else images, training=training)

    def call(self, inputs: tuple[tf.Tensor, tf.Tensor]) -> tf.Tensor:
        """Pictures and labels -> painted pictures."""
        return self.paint(*inputs, training=False)

    def judge_of(self, labels: tf.Tensor) -> adversary.Judge:
        """The discriminator of these styles: one a picture, logits `[N, h, w]`."""
        return lambda images: tf.gather(self.discriminator(images, training=True), labels, axis=3, batch_dims=1)

    def train_step(self, batch: tuple[tf.Tensor, tf.Tensor, tf.Tensor]) -> dict[str, tf.Tensor]:
        """One step on photographs, pictures of the collections, and which collection each is from: D first, then G."""
        photos, paintings, labels = batch
        logs, adversarial = {}, tf.constant(0.0)
        with tf.GradientTape() as tape:
            painted = self.paint(photos, labels, training=True)
            if self.adversarial_weight:
                with tape.stop_recording():
                    logs = self.discriminator_step(paintings, painted, labels)
                adversarial = adversary.generator_loss(self.judge_of(labels), self.objective, paintings, painted)
            by = noise.integers(2, 2 * self.jitter + 1, self.seed, self.g_optimizer.iterations)
            features, wanted = (self.teacher.extractor(moved(images, by, self.jitter)) for images in (painted, photos))
            content = tf.reduce_mean(self.teacher.content(features, wanted))
            style = tf.reduce_mean(self.teacher.style(features, of_each(self.targets, labels)))
            loss = self.content_weight * content + self.style_weight * style + self.adversarial_weight * adversarial
        weights = self.generator.trainable_variables
        gradients = tape.gradient(loss, weights)
        self.g_optimizer.apply(gradients, weights)
        return {
            "loss/generator": loss,
            "loss/content": content,
            "loss/style": style,
            "loss/adversarial": adversarial,
            "gradient/generator": tf.linalg.global_norm(gradients),
            **logs,
        }

    def discriminator_step(self, real: tf.Tensor, fake: tf.Tensor, labels: tf.Tensor) -> dict[str, tf.Tensor]:
        weights = self.discriminator.trainable_variables
        return adversary.discriminator_step(self.judge_of(labels), weights, self.d_optimizer, self.objective, real, fake)
