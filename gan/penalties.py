"""Gradient penalties of the discriminator: where the gradient of its logits by the images is taken, and what it should be.

`value` is computed in float32 whatever the precision of the networks. With a grid of logits the gradient is that of their
sum and the value is divided by their number, so that it does not depend on the size of the grid.
"""

from collections.abc import Callable
from typing import NamedTuple

import tensorflow as tf


class Penalty(NamedTuple):
    """`points(real, fake, uniform)`: images `[N, ...]`; `uniform(shape, name)` draws U(0, 1). `value(gradients)`: `[N]`."""

    points: Callable
    value: Callable


def at_real(real: tf.Tensor, fake: tf.Tensor, uniform: Callable) -> tf.Tensor:
    """The real images themselves."""
    return real


def at_fake(real: tf.Tensor, fake: tf.Tensor, uniform: Callable) -> tf.Tensor:
    """The generated images themselves."""
    return fake


def between(real: tf.Tensor, fake: tf.Tensor, uniform: Callable) -> tf.Tensor:
    """A uniform place on the line from a generated to a real image (Gulrajani et al. 2017, algorithm 1)."""
    return fake + uniform(_one_each(real), "place") * (real - fake)


def around_real(real: tf.Tensor, fake: tf.Tensor, uniform: Callable) -> tf.Tensor:
    """A real image under uniform noise of up to half of the batch's standard deviation, a uniform part of the way to it
    (Kodali et al. 2017, section 2.3 and their code)."""
    noise = 0.5 * tf.math.reduce_std(real) * uniform(tf.shape(real), "noise")
    return real + uniform(_one_each(real), "place") * noise


def zero_centred(gradients: tf.Tensor) -> tf.Tensor:
    """|grad D|^2 / 2 (Mescheder et al. 2018, eq. 9, without its gamma)."""
    return 0.5 * tf.reduce_sum(tf.square(_flat(gradients)), 1)


def one_centred(gradients: tf.Tensor) -> tf.Tensor:
    """(|grad D| - 1)^2 (Gulrajani et al. 2017, eq. 3). The root is kept differentiable at 0."""
    return tf.square(tf.sqrt(tf.reduce_sum(tf.square(_flat(gradients)), 1) + 1e-12) - 1.0)


R1 = Penalty(at_real, zero_centred)
R2 = Penalty(at_fake, zero_centred)
WGAN_GP = Penalty(between, one_centred)
DRAGAN = Penalty(around_real, one_centred)

PENALTIES = {
    "none": {},
    "r1": {"r1": R1},
    "r2": {"r2": R2},
    "r1+r2": {"r1": R1, "r2": R2},
    "wgan-gp": {"wgan_gp": WGAN_GP},
    "dragan": {"dragan": DRAGAN},
}


def _flat(gradients: tf.Tensor) -> tf.Tensor:
    return tf.reshape(tf.cast(gradients, tf.float32), [tf.shape(gradients)[0], -1])


def _one_each(images: tf.Tensor) -> tf.Tensor:
    return tf.concat([tf.shape(images)[:1], tf.ones([images.shape.rank - 1], tf.int32)], 0)
