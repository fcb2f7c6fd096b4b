"""Learning rates as functions of the step."""

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable("gan")
class LinearTail(keras.optimizers.schedules.LearningRateSchedule):
    """Constant for a share of the steps, then straight down to a share of the rate (Zhu et al. 2017 go to 0)."""

    def __init__(self, rate: float, steps: int, constant: float = 0.6, end: float = 0.05):
        self.rate, self.steps, self.constant, self.end = rate, steps, constant, end

    def __call__(self, step: tf.Tensor) -> tf.Tensor:
        left = (1.0 - tf.cast(step, tf.float32) / self.steps) / (1.0 - self.constant)
        return self.rate * tf.clip_by_value(left, self.end, 1.0)

    def get_config(self) -> dict:
        return {"rate": self.rate, "steps": self.steps, "constant": self.constant, "end": self.end}
