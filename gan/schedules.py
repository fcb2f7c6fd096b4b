"""Values that change over a training, as functions of the optimiser's step; and Adam with a second beta that is one."""

import abc
import math

import keras
import tensorflow as tf

Schedule = keras.optimizers.schedules.LearningRateSchedule


@keras.saving.register_keras_serializable("gan")
class LinearTail(Schedule):
    """Constant for a share of the steps, then straight down to a share of the value (Zhu et al. 2017 go to 0)."""

    def __init__(self, value: float, steps: int, constant: float = 0.6, end: float = 0.05):
        self.value, self.steps, self.constant, self.end = value, steps, constant, end

    def __call__(self, step: tf.Tensor) -> tf.Tensor:
        left = (1.0 - tf.cast(step, tf.float32) / self.steps) / (1.0 - self.constant)
        return self.value * tf.clip_by_value(left, self.end, 1.0)

    def get_config(self) -> dict:
        return {"value": self.value, "steps": self.steps, "constant": self.constant, "end": self.end}


@keras.saving.register_keras_serializable("gan")
class Cosine(Schedule):
    """Half a cosine from `start` to `end` over `steps`, then constant (Huang et al. 2024, all five schedules of R3GAN)."""

    def __init__(self, start: float, end: float, steps: int):
        self.start, self.end, self.steps = start, end, steps

    def __call__(self, step: tf.Tensor) -> tf.Tensor:
        done = tf.minimum(tf.cast(step, tf.float32) / self.steps, 1.0)
        return self.end + 0.5 * (self.start - self.end) * (1.0 + tf.cos(math.pi * done))

    def get_config(self) -> dict:
        return {"start": self.start, "end": self.end, "steps": self.steps}


def at(value: "float | Schedule", step: tf.Tensor) -> tf.Tensor:
    """A constant or a schedule at a step, float32."""
    return tf.cast(value(step) if isinstance(value, Schedule) else value, tf.float32)


@keras.saving.register_keras_serializable("gan")
class Adam(keras.optimizers.Adam):
    """Adam (Kingma and Ba 2015) whose `beta_2` may be a schedule; its bias correction uses the beta of the step.

    `rate_factor`, a saved variable, multiplies whatever learning rate there is.
    """

    def build(self, variables: list) -> None:
        if not self.built:
            super().build(variables)
            self.rate_factor = self.add_variable(shape=(), initializer="ones", name="rate_factor")

    def update_step(self, gradient: tf.Tensor, variable: keras.Variable, learning_rate: tf.Tensor) -> None:
        super().update_step(gradient, variable, learning_rate * self.rate_factor)

    @property
    def beta_2(self) -> "float | tf.Tensor":
        return self._beta_2(self.iterations) if isinstance(self._beta_2, Schedule) else self._beta_2

    @beta_2.setter
    def beta_2(self, value: "float | Schedule") -> None:
        self._beta_2 = value

    def get_config(self) -> dict:
        return super().get_config() | {"beta_2": self._beta_2}


class Adaptation(abc.ABC):
    """A rule that moves a value by what a step measured. `start`: its first value."""

    start: float

    @abc.abstractmethod
    def next(self, value: tf.Tensor, logs: dict[str, tf.Tensor], images: tf.Tensor) -> tf.Tensor:
        """The value for the step after one on so many images that returned `logs`."""


class AdaptiveAugmentation(Adaptation):
    """The probability of augmentations, raised while D overfits (ADA; Karras et al. 2020 b, section 3.1).

    r_t = E sign(D(real)) says how far D has separated the real images; p goes up while it is above `target`, down below,
    and from 0 to 1 in `images` images. p stays at or below `most`, because near 1 generators learn to draw augmented images.
    """

    def __init__(self, target: float = 0.6, images: float = 500_000, most: float = 0.8):
        self.start, self.target, self.images, self.most = 0.0, target, images, most

    def next(self, value: tf.Tensor, logs: dict[str, tf.Tensor], images: tf.Tensor) -> tf.Tensor:
        move = tf.sign(logs["score/real_sign"] - self.target) * tf.cast(images, tf.float32) / self.images
        return tf.clip_by_value(value + move, 0.0, self.most)


def initial_gamma(image_shape: tuple[int, int, int], batch_size: int) -> float:
    """0.0002 H W / N, the start value of Karras et al. 2020 b (section D of its code's options) for R1."""
    return 0.0002 * image_shape[0] * image_shape[1] / batch_size


class AdaptiveGamma(Adaptation):
    """The weight of gradient penalties, moved so that they pull D's weights a given share as hard as its loss does.

    Measured by `gradient/penalty_ratio`, the norm of the penalty's gradient by D's weights relative to the loss's. It grows
    with gamma, so gamma goes up while it is below `target` and down above, at most by a factor e in `images` images.
    """

    def __init__(self, start: float, target: float = 0.1, images: float = 10_000):
        self.start, self.target, self.images = start, target, images

    def next(self, value: tf.Tensor, logs: dict[str, tf.Tensor], images: tf.Tensor) -> tf.Tensor:
        ratio = logs["gradient/penalty_ratio"]
        wanted = tf.clip_by_value(tf.math.log(self.target / tf.maximum(ratio, 1e-6)), -1.0, 1.0)
        moved = value * tf.exp(wanted * tf.cast(images, tf.float32) / self.images)
        return tf.where(ratio > 0, moved, value)  # 0 in a step without a penalty
