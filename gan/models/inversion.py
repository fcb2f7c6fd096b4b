"""Real pictures back into the latents of a generator: an encoder as a start, then optimisation (Zhu et al. 2016, section 3)."""

from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

from gan import noise

Distance = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]


class LatentEncoder(keras.Model):
    """Trains `network`: pictures `[N, H, W, C]` -> latents `[N, D]`, on what the generator draws.

    Args:
        draw: latents and a step -> pictures.
        seed: latents are a stateless function of (seed, step).
    """

    def __init__(self, network: keras.Model, draw: Callable[[tf.Tensor, tf.Tensor], tf.Tensor], seed: int = 0):
        super().__init__()
        self.network, self.draw, self.seed = network, draw, seed
        self.built = True

    def compile(self, optimizer: keras.optimizers.Optimizer, batch_size: int = 64):
        super().compile(optimizer=optimizer)
        self.batch_size = batch_size
        optimizer.build(self.network.trainable_variables)

    def call(self, images: tf.Tensor) -> tf.Tensor:
        return self.network(images, training=False)

    def train_step(self, _=None) -> dict[str, tf.Tensor]:
        """One step on new latents: the mean squared difference of those found, 1 for an encoder that knows nothing."""
        step = self.optimizer.iterations
        z = noise.normal([self.batch_size, self.network.output_shape[-1]], self.seed, step)
        images = self.draw(z, step)
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(self.network(images, training=True) - z))
        weights = self.network.trainable_variables
        self.optimizer.apply(tape.gradient(loss, weights), weights)
        return {"loss/latents": loss}


class Inversion(keras.Model):
    """Minimises the distance between pictures and what the generator draws; the only weight is the latents.

    Args:
        draw: latents `[N, D]` -> pictures `[N, H, W, C]`.
        images: the pictures to be found.
        start: latents `[N, D]`.
        distance: of pictures, `[N]`, added to the mean squared difference of pixels.
        prior: weight of the mean square of the latents, which are standard normal in training.
    """

    def __init__(
        self,
        draw: Callable[[tf.Tensor], tf.Tensor],
        images: np.ndarray,
        start: np.ndarray,
        distance: Distance,
        prior: float = 0.01,
    ):
        super().__init__()
        self.draw, self.images, self.distance, self.prior = draw, tf.constant(images), distance, prior
        self.z = self.add_weight(shape=start.shape, initializer="zeros", name="z", dtype="float32")
        self.z.assign(start)
        self.built = True

    def compile(self, optimizer: keras.optimizers.Optimizer):
        super().compile(optimizer=optimizer)
        optimizer.build([self.z])

    def call(self, inputs=None) -> tf.Tensor:
        return self.draw(tf.convert_to_tensor(self.z))

    def train_step(self, _=None) -> dict[str, tf.Tensor]:
        """One step on the latents. The pictures do not influence one another."""
        with tf.GradientTape() as tape:
            z = tf.convert_to_tensor(self.z)
            tape.watch(z)
            made = self.draw(z)
            pixels = tf.reduce_mean(tf.square(made - self.images), [1, 2, 3])
            distance = self.distance(made, self.images)
            loss = tf.reduce_sum(pixels + distance + self.prior * tf.reduce_mean(tf.square(z), 1))
        self.optimizer.apply([tape.gradient(loss, z)], [self.z])
        return {"loss/pixels": tf.reduce_mean(pixels), "loss/distance": tf.reduce_mean(distance)}


def direction(z: np.ndarray, values: np.ndarray, ridge: float = 1.0) -> tuple[np.ndarray, float]:
    """The unit direction `[D]` along which a value rises, by ridge regression of the standardised value on latents `[N, D]`
    (Shen et al. 2020 take a classifier's), and R^2 of a fit on one half, on the other half.

    Returns:
        direction and R^2, at most 1; 0 or less says that the value is no linear function of the latents.
    """
    z, values = np.asarray(z, np.float64), np.asarray(values, np.float64)
    values = (values - values.mean()) / max(values.std(), 1e-12)

    def fitted(z: np.ndarray, values: np.ndarray) -> np.ndarray:
        return np.linalg.solve(z.T @ z + ridge * np.eye(z.shape[1]), z.T @ values)

    half = len(z) // 2
    found = z[half:] @ fitted(z[:half], values[:half])
    unexplained = np.square(values[half:] - found).mean() / max(values[half:].var(), 1e-12)
    slope = fitted(z, values)
    return (slope / max(np.linalg.norm(slope), 1e-12)).astype(np.float32), float(1 - unexplained)
