"""The adversarial game of one generator and one discriminator (Goodfellow et al. 2014, algorithm 1)."""

from collections.abc import Callable

import keras
import tensorflow as tf

from gan import losses, noise


class GAN(keras.Model):
    """Alternates one discriminator and one generator step, and keeps an exponential moving average of the generator.

    Args:
        generator: latents `[N, *latent_shape]` -> images `[N, H, W, C]` in [-1, 1].
        discriminator: images -> logits of any shape `[N, ...]`.
        latent_shape: shape of one latent while training.
        seed: latents are a stateless function of (seed, replica, step), so that a resumed run draws the same ones.
        ema_half_life: images after which an old generator counts half in `ema_generator` (Karras et al. 2018).
        r1_gamma: weight of the R1 penalty, gamma / 2 times its mean; 0 leaves it out.
        r1_interval: the penalty is computed every so many steps and counts as many times (lazy, Karras et al. 2020).
    """

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        latent_shape: tuple[int, ...],
        seed: int = 0,
        ema_half_life: float = 10_000,
        r1_gamma: float = 0.0,
        r1_interval: int = 1,
    ):
        super().__init__()
        self.generator, self.discriminator = generator, discriminator
        self.ema_generator = keras.models.clone_model(generator)
        self.ema_generator.set_weights(generator.get_weights())
        self.latent_shape, self.seed, self.ema_half_life = tuple(latent_shape), seed, ema_half_life
        self.r1_gamma, self.r1_interval = r1_gamma, r1_interval
        self.built = True

    def compile(
        self,
        g_optimizer: keras.optimizers.Optimizer,
        d_optimizer: keras.optimizers.Optimizer,
        generator_loss: Callable = losses.nonsaturating_generator,
        discriminator_loss: Callable = losses.discriminator,
    ):
        super().compile(optimizer=None)
        self.g_optimizer, self.d_optimizer = g_optimizer, d_optimizer
        self.generator_loss, self.discriminator_loss = generator_loss, discriminator_loss
        g_optimizer.build(self.generator.trainable_variables)  # before any restore, or their moments would be lost
        d_optimizer.build(self.discriminator.trainable_variables)

    @property
    def step(self) -> keras.Variable:
        """Training steps done."""
        return self.d_optimizer.iterations

    def call(self, z: tf.Tensor) -> tf.Tensor:
        return self.ema_generator(z, training=False)

    def latents(self, count: tf.Tensor | int, step: tf.Tensor | int) -> tf.Tensor:
        """Standard normal latents `[count, *latent_shape]` of a step."""
        replica = tf.distribute.get_replica_context().replica_id_in_sync_group
        return noise.normal([count, *self.latent_shape], self.seed, step, replica)

    def train_step(self, real: tf.Tensor) -> dict[str, tf.Tensor]:
        """One step on real images `[N, H, W, C]`: D first, then G against the updated D. Returns this step's values."""
        z = self.latents(tf.shape(real)[0], self.step)
        with tf.GradientTape() as g_tape:
            fake = self.generator(z, training=True)
        with tf.GradientTape() as d_tape:
            real_logits = self.discriminator(real, training=True)
            fake_logits = self.discriminator(tf.stop_gradient(fake), training=True)
            d_loss = tf.reduce_mean(self.discriminator_loss(real_logits, fake_logits))
            penalty = self.r1_penalty(real)
            d_total = d_loss + penalty
        d_gradients = d_tape.gradient(d_total, self.discriminator.trainable_variables)
        self.d_optimizer.apply(d_gradients, self.discriminator.trainable_variables)

        with tf.GradientTape(watch_accessed_variables=False) as fake_tape:  # no gradient of D's weights is computed here
            fake_tape.watch(fake)
            g_loss = tf.reduce_mean(self.generator_loss(self.discriminator(fake, training=True)))
        g_gradients = g_tape.gradient(fake, self.generator.trainable_variables, fake_tape.gradient(g_loss, fake))
        self.g_optimizer.apply(g_gradients, self.generator.trainable_variables)
        self.average(tf.shape(real)[0])
        return {
            "loss/generator": g_loss,
            "loss/discriminator": d_loss,
            "penalty/r1": penalty,
            "score/real": tf.reduce_mean(tf.sigmoid(real_logits)),
            "score/fake": tf.reduce_mean(tf.sigmoid(fake_logits)),
            "gradient/generator": tf.linalg.global_norm(g_gradients),
            "gradient/discriminator": tf.linalg.global_norm(d_gradients),
        }

    def r1_penalty(self, real: tf.Tensor) -> tf.Tensor:
        """gamma / 2 E |grad D(x)|^2 of this step; on average over the interval, as much as if it were computed every step."""

        def now() -> tf.Tensor:
            squares = losses.r1(lambda x: self.discriminator(x, training=True), real)
            return self.r1_interval * self.r1_gamma / 2 * tf.reduce_mean(squares)

        if self.r1_gamma == 0:
            return tf.constant(0.0)
        return tf.cond(self.step % self.r1_interval == 0, now, lambda: tf.constant(0.0))

    def settle(self, passes: int = 16, count: int = 16) -> None:
        """Gives `ema_generator` the normalisation statistics of its own weights; those averaged on the way were of others."""
        norms = [layer for layer in self.ema_generator.layers if isinstance(layer, keras.layers.BatchNormalization)]
        sums = [0.0] * (2 * len(norms))
        for layer in norms:
            layer.momentum = 0.0  # so that a pass leaves its own statistics
        for index in range(passes):
            self.ema_generator(self.latents(count, -1 - index), training=True)
            seen = [value for layer in norms for value in (layer.moving_mean.numpy(), layer.moving_variance.numpy())]
            sums = [total + value for total, value in zip(sums, seen, strict=True)]
        for layer, mean, variance in zip(norms, sums[::2], sums[1::2], strict=True):
            layer.moving_mean.assign(mean / passes)
            layer.moving_variance.assign(variance / passes)
            layer.momentum = self.generator.get_layer(layer.name).momentum

    def average(self, images: tf.Tensor) -> None:
        """Moves `ema_generator` towards the generator, its normalisation statistics too."""
        rate = 1.0 - 0.5 ** (tf.cast(images, tf.float32) / self.ema_half_life)
        for mean, new in zip(self.ema_generator.weights, self.generator.weights, strict=True):
            mean.assign(mean + rate * (tf.convert_to_tensor(new) - mean))
