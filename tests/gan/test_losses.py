"""Adversarial losses and their gradients against formulas in float64."""

import numpy as np
import pytest
import tensorflow as tf

from gan import losses

REAL, FAKE = np.array([-3.0, -0.2, 0.0, 1.7]), np.array([2.0, 0.1, -0.5, -4.0])


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def log(x):
    return np.log(x)


# Each formula as the papers write it, of the real and the fake logits r and f.
FORMULAS = {
    losses.minimax_value: lambda r, f: log(sigmoid(r)) + log(1 - sigmoid(f)),
    losses.discriminator: lambda r, f: -log(sigmoid(r)) - log(1 - sigmoid(f)),
    losses.minimax_generator: lambda r, f: log(1 - sigmoid(f)),
    losses.nonsaturating_generator: lambda r, f: -log(sigmoid(f)),
    losses.least_squares_discriminator: lambda r, f: (r - 1) ** 2 / 2 + f**2 / 2,
    losses.least_squares_generator: lambda r, f: (f - 1) ** 2 / 2,
    losses.hinge_discriminator: lambda r, f: np.maximum(0, 1 - r) + np.maximum(0, 1 + f),
    losses.wasserstein_discriminator: lambda r, f: f - r,
    losses.wasserstein_generator: lambda r, f: -f,
    losses.average_discriminator: lambda r, f: -log(sigmoid(r - f.mean())) - log(1 - sigmoid(f - r.mean())),
    losses.average_generator: lambda r, f: -log(sigmoid(f - r.mean())) - log(1 - sigmoid(r - f.mean())),
    losses.pairing_discriminator: lambda r, f: -log(sigmoid(r - f)),
    losses.pairing_generator: lambda r, f: -log(sigmoid(f - r)),
    losses.smoothed_discriminator(0.9): lambda r, f: -0.9 * log(sigmoid(r)) - 0.1 * log(1 - sigmoid(r)) - log(1 - sigmoid(f)),
}


@pytest.mark.parametrize("loss", FORMULAS)
def test_values(loss):
    values = loss(tf.constant(REAL, tf.float32), tf.constant(FAKE, tf.float32))
    np.testing.assert_allclose(values, FORMULAS[loss](REAL, FAKE), rtol=1e-6, atol=1e-6)


def slopes(formula, r, f, width=1e-6):
    """Of the sum over samples by each logit, from central differences in float64."""
    found = []
    for place, logits in enumerate((r, f)):
        slope = np.zeros_like(logits)
        for index in range(len(logits)):
            moved = [[r.copy(), f.copy()] for _ in range(2)]
            moved[0][place][index] += width
            moved[1][place][index] -= width
            slope[index] = (formula(*moved[0]).sum() - formula(*moved[1]).sum()) / (2 * width)
        found.append(slope)
    return found


@pytest.mark.parametrize("loss", FORMULAS)
def test_gradients(loss):
    logits = tf.constant(REAL, tf.float32), tf.constant(FAKE, tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(logits)
        value = loss(*logits)
    found = tape.gradient(value, logits, unconnected_gradients=tf.UnconnectedGradients.ZERO)
    for own, wanted in zip(found, slopes(FORMULAS[loss], REAL, FAKE), strict=True):
        np.testing.assert_allclose(own, wanted, rtol=1e-6, atol=1e-6)


def test_every_objective_is_a_pair_of_tested_losses():
    for objective in losses.OBJECTIVES.values():
        assert {objective.discriminator, objective.generator} <= set(FORMULAS)


@pytest.mark.parametrize("loss", FORMULAS)
def test_finite_where_sigmoids_saturate(loss):
    extreme = tf.constant([-200.0, 200.0])
    assert np.all(np.isfinite(loss(extreme, -extreme)))
    assert np.all(np.isfinite(loss(-extreme, extreme)))


def test_only_relativistic_generators_read_the_real_logits():
    for objective in losses.OBJECTIVES.values():
        if not objective.relativistic:
            assert np.all(np.isfinite(objective.generator(None, tf.constant(FAKE, tf.float32))))


def test_weight_decay_counts_kernels_alone():
    variables = [tf.Variable([[1.0, -2.0]]), tf.Variable([5.0])]
    assert float(losses.weight_decay(variables, l1=0.5, l2=0.0)) == pytest.approx(1.5)
    assert float(losses.weight_decay(variables, l1=0.0, l2=2.0)) == pytest.approx(5.0)
