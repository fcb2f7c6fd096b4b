"""Translation of one set of pictures into another in one direction: patches must stay recognisable (CUT; Park et al. 2020)."""

import keras
import tensorflow as tf

from gan import noise
from gan.image_losses import patch_nce
from gan.losses import OBJECTIVES, Objective
from gan.models import adversary
from gan.networks import patchgan

PIXELS = "source"


def compared_layers(generator: keras.Model) -> list[str]:
    """The published ones: pixels, the two convolutions that halve, the first and the middle residual block."""
    blocks = [layer.name for layer in generator.layers if isinstance(layer, keras.layers.Add)]
    return list(dict.fromkeys([PIXELS, "down0", "down1", blocks[0], blocks[(len(blocks) - 1) // 2]]))


class CUT(keras.Model):
    """A generator, a discriminator, and heads that compare a patch made with the patch it was made from.

    Args:
        generator: `gan.networks.translation.resnet`; its first half is the encoder whose layers are compared.
        discriminator: pictures of B -> logits of any shape.
        places: how many places of each layer are compared with one another.
        temperature: of the contrastive loss.
        seed: randomness is a stateless function of (seed, step).
    """

    def __init__(
        self, generator: keras.Model, discriminator: keras.Model, places: int = 256, temperature: float = 0.07, seed: int = 0
    ):
        super().__init__()
        self.generator, self.discriminator = generator, discriminator
        self.places, self.temperature, self.seed = places, temperature, seed
        outputs = [generator.get_layer(name).output for name in compared_layers(generator)]
        self.heads = patchgan.heads([output.shape[-1] for output in outputs])
        self._encoder = keras.Model(generator.inputs[0], outputs)
        self.built = True

    def compile(
        self,
        g_optimizer: keras.optimizers.Optimizer,
        d_optimizer: keras.optimizers.Optimizer,
        objective: Objective = OBJECTIVES["least-squares"],
        nce_weight: float = 1.0,
        identity: bool = True,
        flips: bool = False,
        adversarial_weight: float = 2.0,
    ):
        """CUT as it stands; FastCUT is `nce_weight=10, identity=False, flips=True`. G and the heads share an optimiser.

        Args:
            nce_weight: of the contrastive loss (lambda_X of eq. 5).
            identity: average it with that of B's pictures, which should stay as they are (lambda_Y).
            flips: half of the time the generator sees mirrored pictures, and its features are mirrored back to be compared.
            adversarial_weight: 2 makes the published (D(G(a)) - 1)^2 of `gan.losses`' least squares, which has Mao's half.
        """
        super().compile(optimizer=None)
        self.g_optimizer, self.d_optimizer, self.objective = g_optimizer, d_optimizer, objective
        self.nce_weight, self.identity, self.flips = nce_weight, identity, flips
        self.adversarial_weight = adversarial_weight
        g_optimizer.build(self.own_weights)
        d_optimizer.build(self.discriminator.trainable_variables)

    @property
    def own_weights(self) -> list[keras.Variable]:
        """The generator's and the heads'."""
        return self.generator.trainable_variables + self.heads.trainable_variables

    def call(self, images: tf.Tensor) -> tf.Tensor:
        return self.generator(images, training=False)

    def judge(self, images: tf.Tensor) -> tf.Tensor:
        return self.discriminator(images, training=True)

    def uniform(self, shape: list, place: int) -> tf.Tensor:
        return noise.uniform(shape, self.seed, self.g_optimizer.iterations, place)

    def nce(self, source: tf.Tensor, made: tf.Tensor, mirrored: tf.Tensor) -> tf.Tensor:
        """The contrastive loss of the pictures made against those they were made from, mean over layers -> `[N]` (eq. 4).

        `mirrored`: whether the one is made from the other's mirror image.
        """
        keys, queries = self._encoder(source, training=True), self._encoder(made, training=True)
        chosen = []
        for index, (key, query) in enumerate(zip(keys, queries, strict=True)):
            query = tf.where(mirrored, tf.reverse(query, [2]), query)
            count = key.shape[1] * key.shape[2]
            order = tf.math.top_k(self.uniform([count], 1 + index), min(self.places, count)).indices
            chosen.append([tf.gather(_places(features), order, axis=1) for features in (key, query)])
        keys = self.heads([key for key, _ in chosen])
        queries = self.heads([query for _, query in chosen])
        losses = [patch_nce(q, tf.stop_gradient(k), self.temperature) for q, k in zip(queries, keys, strict=True)]
        return tf.reduce_mean(tf.stack(losses), 0)

    def train_step(self, batch: tuple[tf.Tensor, tf.Tensor]) -> dict[str, tf.Tensor]:
        """One step on pictures of A and of B: D first, then G with the heads against the updated D."""
        a, b = batch
        mirrored = self.uniform([], 0) < 0.5 if self.flips else tf.constant(False)
        seen_a, seen_b = (tf.where(mirrored, tf.reverse(images, [2]), images) for images in (a, b))
        with tf.GradientTape() as tape:
            fake = self.generator(seen_a, training=True)
            with tape.stop_recording():
                logs = self.discriminator_step(seen_b, fake)
            adversarial = adversary.generator_loss(self.judge, self.objective, seen_b, fake)
            nce = tf.reduce_mean(self.nce(a, fake, mirrored))
            if self.identity:
                logs["loss/nce_identity"] = tf.reduce_mean(self.nce(b, self.generator(seen_b, training=True), mirrored))
                nce = 0.5 * (nce + logs["loss/nce_identity"])
            loss = self.adversarial_weight * adversarial + self.nce_weight * nce
        gradients = tape.gradient(loss, self.own_weights)
        self.g_optimizer.apply(gradients, self.own_weights)
        return logs | {
            "loss/generator": loss,
            "loss/adversarial": adversarial,
            "loss/nce": nce,
            "gradient/generator": tf.linalg.global_norm(gradients),
            "schedule/learning_rate": tf.cast(self.g_optimizer.learning_rate, tf.float32),
        }

    def discriminator_step(self, real: tf.Tensor, fake: tf.Tensor) -> dict[str, tf.Tensor]:
        """One step of D, its loss halved as published; least squares have the half already."""
        weights = self.discriminator.trainable_variables
        return adversary.discriminator_step(self.judge, weights, self.d_optimizer, self.objective, real, fake)


def _places(features: tf.Tensor) -> tf.Tensor:
    """`[N, h, w, C]` -> `[N, h w, C]`."""
    return tf.reshape(features, [tf.shape(features)[0], -1, features.shape[-1]])
