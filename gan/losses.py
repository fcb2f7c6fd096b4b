"""Adversarial losses, elementwise on logits: the caller takes the mean. D(x) = sigmoid(logit) is the probability of "real".

Every loss takes `(real_logits, fake_logits)`; an `Objective` is a pair of them, both to be minimised. Every form is the stable
one; the docstring says what it equals, with r and f for the logits of real and generated images. Nothing is squared off or
clipped: a loss is finite wherever its logits are.
"""

from collections.abc import Callable
from typing import NamedTuple

import tensorflow as tf

Loss = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]


class Objective(NamedTuple):
    """The two sides of a game. `relativistic`: the generator's side reads the real logits too; others ignore them."""

    discriminator: Loss
    generator: Loss
    relativistic: bool = False


def minimax_value(real_logits: tf.Tensor, fake_logits: tf.Tensor) -> tf.Tensor:
    """V(D, G) = log D(x) + log(1 - D(G(z))), the value that D maximises and G minimises (Goodfellow et al. 2014, eq. 1)."""
    return -tf.nn.softplus(-real_logits) - tf.nn.softplus(fake_logits)


def discriminator(real_logits: tf.Tensor, fake_logits: tf.Tensor) -> tf.Tensor:
    """-V(D, G): the discriminator's side of eq. 1 as a loss to minimise."""
    return -minimax_value(real_logits, fake_logits)


def minimax_generator(real_logits: tf.Tensor | None, fake_logits: tf.Tensor) -> tf.Tensor:
    """log(1 - D(G(z))): the generator's side of eq. 1. Its gradient vanishes while D wins."""
    return -tf.nn.softplus(fake_logits)


def nonsaturating_generator(real_logits: tf.Tensor | None, fake_logits: tf.Tensor) -> tf.Tensor:
    """-log D(G(z)): same fixed point, strong gradient early on (Goodfellow et al. 2014, section 3)."""
    return tf.nn.softplus(-fake_logits)


def smoothed_discriminator(real_target: float) -> Loss:
    """-V with `real_target` instead of 1 as D's target on real images (one-sided label smoothing, Salimans et al. 2016, 3.4).

    -t log D(x) - (1 - t) log(1 - D(x)) = -log D(x) + (1 - t) r.
    """
    return lambda real_logits, fake_logits: discriminator(real_logits, fake_logits) + (1.0 - real_target) * real_logits


def least_squares_discriminator(real_logits: tf.Tensor, fake_logits: tf.Tensor) -> tf.Tensor:
    """(r - 1)^2 / 2 + f^2 / 2 (Mao et al. 2017, eq. 9)."""
    return 0.5 * (tf.square(real_logits - 1.0) + tf.square(fake_logits))


def least_squares_generator(real_logits: tf.Tensor | None, fake_logits: tf.Tensor) -> tf.Tensor:
    """(f - 1)^2 / 2 (Mao et al. 2017, eq. 9)."""
    return 0.5 * tf.square(fake_logits - 1.0)


def hinge_discriminator(real_logits: tf.Tensor, fake_logits: tf.Tensor) -> tf.Tensor:
    """max(0, 1 - r) + max(0, 1 + f) (Lim and Ye 2017; Miyato et al. 2018, eq. 16)."""
    return tf.nn.relu(1.0 - real_logits) + tf.nn.relu(1.0 + fake_logits)


def wasserstein_discriminator(real_logits: tf.Tensor, fake_logits: tf.Tensor) -> tf.Tensor:
    """f - r: minus the estimate of the Wasserstein-1 distance (Arjovsky et al. 2017, eq. 3). D must be held Lipschitz."""
    return fake_logits - real_logits


def wasserstein_generator(real_logits: tf.Tensor | None, fake_logits: tf.Tensor) -> tf.Tensor:
    """-f (Arjovsky et al. 2017). Also the generator's side of the hinge loss."""
    return -fake_logits


def average_discriminator(real_logits: tf.Tensor, fake_logits: tf.Tensor) -> tf.Tensor:
    """-log sigmoid(r - mean f) - log(1 - sigmoid(f - mean r)): relativistic average (Jolicoeur-Martineau 2019).

    The means are over the batch at hand (of one replica) and over the grid of logits.
    """
    ahead, behind = real_logits - tf.reduce_mean(fake_logits), fake_logits - tf.reduce_mean(real_logits)
    return tf.nn.softplus(-ahead) + tf.nn.softplus(behind)


def average_generator(real_logits: tf.Tensor, fake_logits: tf.Tensor) -> tf.Tensor:
    """The same with real and generated exchanged."""
    return average_discriminator(fake_logits, real_logits)


def pairing_discriminator(real_logits: tf.Tensor, fake_logits: tf.Tensor) -> tf.Tensor:
    """-log sigmoid(r - f), real and generated paired by their place in the batch (RpGAN; Huang et al. 2024, eq. 2)."""
    return tf.nn.softplus(fake_logits - real_logits)


def pairing_generator(real_logits: tf.Tensor, fake_logits: tf.Tensor) -> tf.Tensor:
    """-log sigmoid(f - r)."""
    return tf.nn.softplus(real_logits - fake_logits)


OBJECTIVES = {
    "minimax": Objective(discriminator, minimax_generator),
    "non-saturating": Objective(discriminator, nonsaturating_generator),
    "least-squares": Objective(least_squares_discriminator, least_squares_generator),
    "hinge": Objective(hinge_discriminator, wasserstein_generator),
    "wasserstein": Objective(wasserstein_discriminator, wasserstein_generator),
    "relativistic-average": Objective(average_discriminator, average_generator, relativistic=True),
    "relativistic-pairing": Objective(pairing_discriminator, pairing_generator, relativistic=True),
}


def with_slopes(loss: Loss, real_logits: tf.Tensor, fake_logits: tf.Tensor) -> tuple[tf.Tensor, list[tf.Tensor]]:
    """The mean loss, and its derivative by each logit as constants, none of them 0: one divides by them."""
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        logits = [tf.stop_gradient(tf.cast(each, tf.float32)) for each in (real_logits, fake_logits)]
        tape.watch(logits)
        value = tf.reduce_mean(loss(*logits))
    slopes = tape.gradient(value, logits, unconnected_gradients=tf.UnconnectedGradients.ZERO)
    return value, [tf.stop_gradient(tf.where(tf.abs(slope) < 1e-20, 1e-20, slope)) for slope in slopes]


def weight_decay(variables: list, l1: float = 0.0, l2: float = 0.0) -> tf.Tensor:
    """l1 sum |w| + l2 / 2 sum w^2 over kernels; biases and normalisation's vectors are left alone."""
    kernels = [tf.convert_to_tensor(variable) for variable in variables if len(variable.shape) > 1]
    return tf.add_n([l1 * tf.reduce_sum(tf.abs(kernel)) + 0.5 * l2 * tf.reduce_sum(tf.square(kernel)) for kernel in kernels])
