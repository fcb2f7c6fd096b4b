"""Adversarial losses, elementwise on logits: the caller takes the mean. D(x) = sigmoid(logit) is the probability of "real".

Every form is the stable one; the comment says what it equals.
"""

from collections.abc import Callable

import tensorflow as tf


def minimax_value(real_logits: tf.Tensor, fake_logits: tf.Tensor) -> tf.Tensor:
    """V(D, G) = log D(x) + log(1 - D(G(z))), the value that D maximises and G minimises (Goodfellow et al. 2014, eq. 1)."""
    return -tf.nn.softplus(-real_logits) - tf.nn.softplus(fake_logits)


def discriminator(real_logits: tf.Tensor, fake_logits: tf.Tensor) -> tf.Tensor:
    """-V(D, G): the discriminator's side of eq. 1 as a loss to minimise."""
    return -minimax_value(real_logits, fake_logits)


def minimax_generator(fake_logits: tf.Tensor) -> tf.Tensor:
    """log(1 - D(G(z))): the generator's side of eq. 1. Its gradient vanishes while D wins."""
    return -tf.nn.softplus(fake_logits)


def r1(discriminator: Callable, real: tf.Tensor) -> tf.Tensor:
    """|grad_x D(x)|^2 at real images, summed over pixels, one value a sample -> `[N]` (Mescheder et al. 2018, eq. 9).

    With a grid of logits: of their sum, divided by their number, which does not depend on the size of the grid. The caller
    multiplies by gamma / 2.
    """
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(real)
        logits = discriminator(real)
        total = tf.reduce_sum(logits)
    places = tf.cast(tf.size(logits) / tf.shape(real)[0], tf.float32)
    return tf.reduce_sum(tf.square(tape.gradient(total, real)), [1, 2, 3]) / places


def nonsaturating_generator(fake_logits: tf.Tensor) -> tf.Tensor:
    """-log D(G(z)): same fixed point, strong gradient early on (Goodfellow et al. 2014, section 3)."""
    return tf.nn.softplus(-fake_logits)
