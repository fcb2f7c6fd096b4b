"""L-BFGS (Nocedal 1980) with a line search, one evaluation of the objective a step, so that its state can be kept at any step.

A trial is accepted when it lowers the value by a share of what its slope promises (Armijo 1966); otherwise the step is
shortened by quadratic interpolation. A pair of differences enters the history only if the curvature along it is positive, which
keeps the approximate Hessian positive. Gatys et al. 2016 used the same method.
"""

import keras
import numpy as np
import tensorflow as tf

from style.models import Stylisation

HISTORY = 20
SUFFICIENT = 1e-4  # c_1 of the Armijo rule
FIRST_STEP = 0.02  # root mean square of the first change
SHORTENINGS = 12  # after so many in a row the history is dropped


class LBFGSStylisation(Stylisation):
    """A `Stylisation` whose image moves by L-BFGS. Every step looks at the same view and the same places."""

    def compile(self) -> None:
        keras.Model.compile(self)
        size = sum(int(np.prod(part.shape)) for part in self.parts)
        self.accepted, self.gradient, self.direction = (
            self.add_weight(shape=(size,), initializer="zeros", name=name, trainable=False)
            for name in ("accepted", "gradient", "direction")
        )
        self.moves, self.bends = (
            self.add_weight(shape=(HISTORY, size), initializer="zeros", name=name, trainable=False)
            for name in ("moves", "bends")
        )
        self.kept, self.evaluations, self.shortenings = (
            self.add_weight(shape=(), initializer="zeros", dtype="int32", name=name, trainable=False)
            for name in ("kept", "evaluations", "shortenings")
        )
        self.value, self.slope, self.length = (
            self.add_weight(shape=(), initializer="zeros", name=name, trainable=False) for name in ("value", "slope", "length")
        )

    @property
    def moment(self) -> tf.Tensor:
        return tf.constant(0)

    def train_step(self, _=None) -> dict[str, tf.Tensor]:
        """Evaluates the picture that stands, accepts or shortens, and puts the next one to try in its place."""
        logs, gradients = self.losses_and_gradients()
        here, gradient, value = _flat([part.value for part in self.parts]), _flat(gradients), logs["loss/total"]
        first = self.evaluations == 0
        enough = value <= self.value + SUFFICIENT * self.length * self.slope
        tf.cond(
            first | enough | (self.shortenings >= SHORTENINGS),
            lambda: self.accept(here, gradient, value, first | enough),
            lambda: self.shorten(value),
        )
        self.evaluations.assign_add(1)
        self.put(self.accepted + self.length * self.direction)
        self.keep_in_range()
        return logs | {"search/length": self.length.value, "search/lowest": self.value.value}

    def call(self, inputs=None) -> tf.Tensor:
        """The picture with the lowest value so far: the one that was accepted last."""
        image = self.parameterisation.join(self.unflatten(self.accepted), self.frame.size)
        return tf.where(self.evaluations > 0, tf.clip_by_value(image, -1.0, 1.0), self.image)

    def accept(self, here: tf.Tensor, gradient: tf.Tensor, value: tf.Tensor, lower: tf.Tensor) -> tf.Tensor:
        """Moves to the trial if it is lower, and sets out in a new direction."""
        here, gradient, value = (
            tf.where(lower, new, old) for new, old in ((here, self.accepted), (gradient, self.gradient), (value, self.value))
        )
        move, bend = here - self.accepted, gradient - self.gradient
        curved = (self.evaluations > 0) & lower & (_dot(move, bend) > 1e-8 * _dot(bend, bend))
        for history, newest in ((self.moves, move), (self.bends, bend)):
            history.assign(tf.where(curved, tf.concat([history[1:], newest[None]], 0), history))
        self.kept.assign(tf.where(lower, tf.minimum(self.kept + tf.cast(curved, tf.int32), HISTORY), 0))
        direction = -self.inverse_hessian_times(gradient)
        direction = tf.where(_dot(direction, gradient) < 0, direction, -gradient)
        first_length = FIRST_STEP * tf.sqrt(tf.cast(tf.size(gradient), tf.float32)) / (tf.norm(gradient) + 1e-20)
        self.length.assign(tf.where(self.kept > 0, 1.0, first_length))
        self.accepted.assign(here)
        self.gradient.assign(gradient)
        self.value.assign(value)
        self.direction.assign(direction)
        self.slope.assign(_dot(direction, gradient))
        self.shortenings.assign(0)
        return self.length.value

    def shorten(self, value: tf.Tensor) -> tf.Tensor:
        """To the lowest point of the parabola through both values and the slope, but at least by 2 and at most by 10."""
        drop = self.length * self.slope
        share = tf.clip_by_value(-drop / (2.0 * (value - self.value - drop)), 0.1, 0.5)
        self.length.assign(self.length * tf.where(tf.math.is_finite(share), share, 0.1))
        self.shortenings.assign_add(1)
        return self.length.value

    def inverse_hessian_times(self, vector: tf.Tensor) -> tf.Tensor:
        """The two-loop recursion over the kept pairs, newest last."""
        scales, used = [], [tf.cast(HISTORY - index <= self.kept, tf.float32) for index in range(HISTORY)]
        curvatures = [_dot(self.moves[index], self.bends[index]) for index in range(HISTORY)]
        inverses = [tf.math.divide_no_nan(use, curvature) for use, curvature in zip(used, curvatures, strict=True)]
        for index in reversed(range(HISTORY)):
            scales.append(inverses[index] * _dot(self.moves[index], vector))
            vector = vector - scales[-1] * self.bends[index]
        newest = self.bends[HISTORY - 1]
        vector = tf.where(self.kept > 0, tf.math.divide_no_nan(curvatures[-1], _dot(newest, newest)), 1.0) * vector
        for index, scale in zip(range(HISTORY), reversed(scales), strict=True):
            vector = vector + (scale - inverses[index] * _dot(self.bends[index], vector)) * self.moves[index]
        return vector

    def unflatten(self, flat: tf.Tensor) -> list[tf.Tensor]:
        sizes = [int(np.prod(part.shape)) for part in self.parts]
        pieces = tf.split(tf.convert_to_tensor(flat), sizes)
        return [tf.reshape(piece, part.shape) for piece, part in zip(pieces, self.parts, strict=True)]

    def put(self, flat: tf.Tensor) -> None:
        for part, piece in zip(self.parts, self.unflatten(flat), strict=True):
            part.assign(piece)


def _flat(parts: list[tf.Tensor]) -> tf.Tensor:
    return tf.concat([tf.reshape(part, [-1]) for part in parts], 0)


def _dot(a: tf.Tensor, b: tf.Tensor) -> tf.Tensor:
    return tf.reduce_sum(tf.convert_to_tensor(a) * tf.convert_to_tensor(b))
