"""Translation between two sets of pictures without pairs (CycleGAN; Zhu et al. 2017)."""

import functools
import zlib

import keras
import tensorflow as tf

from gan import noise
from gan.image_losses import l1
from gan.losses import OBJECTIVES, Objective
from gan.models import adversary


class ImagePool(keras.layers.Layer):
    """Shows the discriminator a history of generated pictures instead of the newest alone (Shrivastava et al. 2017, 2.3).

    While there is room each picture is kept and shown. After that, for each picture, half of the time a kept one is shown and
    the new one takes its place; else the new one is shown. The history is a weight, so it is saved with the rest.
    """

    def __init__(self, size: int, shape: tuple[int, int, int], name: str | None = None):
        super().__init__(name=name, dtype="float32")
        self.size = size
        if size:
            self.kept = self.add_weight(shape=(size, *shape), initializer="zeros", trainable=False, name="kept")
        self.count = self.add_weight(shape=(), initializer="zeros", trainable=False, name="count", dtype="int32")
        self.built = True

    def call(self, images: tf.Tensor, uniform: tf.Tensor) -> tf.Tensor:
        """Pictures `[N, H, W, C]` and random numbers in (0, 1) `[N, 2]` -> the pictures to show, `[N, H, W, C]`."""
        if not self.size:
            return images
        shown = []
        for index in range(uniform.shape[0]):
            image, (chance, place) = images[index], tf.unstack(uniform[index])
            kept, count = tf.convert_to_tensor(self.kept.value), tf.convert_to_tensor(self.count.value)
            room = count < self.size
            swap = tf.logical_and(tf.logical_not(room), chance < 0.5)
            slot = tf.where(room, count, tf.minimum(tf.cast(place * self.size, tf.int32), self.size - 1))
            shown.append(tf.where(swap, kept[slot], image))
            put = tf.where(tf.logical_or(room, swap), image, kept[slot])
            self.kept.assign(tf.tensor_scatter_nd_update(kept, [[slot]], put[None]))
            self.count.assign(count + tf.cast(room, tf.int32))
        return tf.stack(shown)


class CycleGAN(keras.Model):
    """Two generators that undo each other and a discriminator for each set.

    Args:
        to_b, to_a: generators `[N, H, W, C]` -> `[N, H, W, C]` in [-1, 1], from A to B and back.
        judge_b, judge_a: discriminators of the pictures of each set -> logits of any shape.
        shape: of the pictures in training, which the pools keep.
        pool: how many generated pictures each pool holds; 0 for none.
        seed: randomness is a stateless function of (seed, step).
    """

    def __init__(
        self,
        to_b: keras.Model,
        to_a: keras.Model,
        judge_b: keras.Model,
        judge_a: keras.Model,
        shape: tuple[int, int, int],
        pool: int = 50,
        seed: int = 0,
    ):
        super().__init__()
        self.to_b, self.to_a, self.judge_b, self.judge_a, self.seed = to_b, to_a, judge_b, judge_a, seed
        self.pool_b, self.pool_a = (ImagePool(pool, shape, name=f"pool_{side}") for side in "ba")
        self.built = True

    def compile(
        self,
        g_optimizer: keras.optimizers.Optimizer,
        d_optimizer: keras.optimizers.Optimizer,
        objective: Objective = OBJECTIVES["least-squares"],
        cycle_weight: float = 10.0,
        identity_weight: float = 0.5,
        adversarial_weight: float = 2.0,
    ):
        """One optimiser for both generators, one for both discriminators.

        Args:
            cycle_weight: lambda of eq. 3.
            identity_weight: of the identity loss (section 5.2), relative to `cycle_weight`.
            adversarial_weight: 2 makes the published (D(G(a)) - 1)^2 of `gan.losses`' least squares, which has Mao's half.
        """
        super().compile(optimizer=None)
        self.g_optimizer, self.d_optimizer, self.objective = g_optimizer, d_optimizer, objective
        self.cycle_weight, self.identity_weight = cycle_weight, identity_weight
        self.adversarial_weight = adversarial_weight
        g_optimizer.build(self.generator_weights)
        d_optimizer.build(self.discriminator_weights)

    @property
    def generator_weights(self) -> list[keras.Variable]:
        return self.to_b.trainable_variables + self.to_a.trainable_variables

    @property
    def discriminator_weights(self) -> list[keras.Variable]:
        return self.judge_b.trainable_variables + self.judge_a.trainable_variables

    def call(self, images: tf.Tensor) -> tf.Tensor:
        """A to B."""
        return self.to_b(images, training=False)

    def uniform(self, count: int, name: str) -> tf.Tensor:
        return noise.uniform([count, 2], self.seed, self.g_optimizer.iterations, zlib.crc32(name.encode()) % 2**21)

    def judges(self) -> list[adversary.Judge]:
        """Of pictures of B and of A."""
        return [functools.partial(judge, training=True) for judge in (self.judge_b, self.judge_a)]

    def train_step(self, batch: tuple[tf.Tensor, tf.Tensor]) -> dict[str, tf.Tensor]:
        """One step on pictures of A and of B: both generators, then both discriminators on what the pools show."""
        a, b = batch
        with tf.GradientTape() as tape:
            fake_b, fake_a = self.to_b(a, training=True), self.to_a(b, training=True)
            cycle_a = tf.reduce_mean(l1(self.to_a(fake_b, training=True), a))
            cycle_b = tf.reduce_mean(l1(self.to_b(fake_a, training=True), b))
            adversarial = tf.add_n(
                [
                    adversary.generator_loss(judge, self.objective, real, fake)
                    for judge, real, fake in zip(self.judges(), (b, a), (fake_b, fake_a), strict=True)
                ]
            )
            loss = self.adversarial_weight * adversarial + self.cycle_weight * (cycle_a + cycle_b)
            identity = tf.constant(0.0)
            if self.identity_weight:
                identity = tf.reduce_mean(l1(self.to_b(b, training=True), b) + l1(self.to_a(a, training=True), a))
                loss += self.cycle_weight * self.identity_weight * identity
        shown_b, shown_a = (
            pool(fake, self.uniform(a.shape[0], name))
            for pool, fake, name in ((self.pool_b, fake_b, "b"), (self.pool_a, fake_a, "a"))
        )
        gradients = tape.gradient(loss, self.generator_weights)
        self.g_optimizer.apply(gradients, self.generator_weights)
        return {
            "loss/generator": loss,
            "loss/adversarial": adversarial,
            "loss/cycle_a": cycle_a,
            "loss/cycle_b": cycle_b,
            "loss/identity": identity,
            "gradient/generator": tf.linalg.global_norm(gradients),
            **self.discriminator_step((b, tf.stop_gradient(shown_b)), (a, tf.stop_gradient(shown_a))),
            "schedule/learning_rate": tf.cast(self.g_optimizer.learning_rate, tf.float32),
        }

    def discriminator_step(self, *pairs: tuple[tf.Tensor, tf.Tensor]) -> dict[str, tf.Tensor]:
        """One step on (real, shown) of B and of A."""
        contests = [(judge, real, shown) for judge, (real, shown) in zip(self.judges(), pairs, strict=True)]
        return adversary.discriminators_step(contests, self.discriminator_weights, self.d_optimizer, self.objective)
