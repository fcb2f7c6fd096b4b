"""Adversarial losses against the formulas of Goodfellow et al. 2014 in float64."""

import numpy as np
import pytest
import tensorflow as tf

from gan import losses

REAL, FAKE = np.array([-3.0, -0.2, 0.0, 1.7]), np.array([2.0, 0.1, -0.5, -4.0])


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


@pytest.mark.parametrize(
    ("loss", "arguments", "expected"),
    [
        (losses.minimax_value, (REAL, FAKE), np.log(sigmoid(REAL)) + np.log(1 - sigmoid(FAKE))),
        (losses.discriminator, (REAL, FAKE), -np.log(sigmoid(REAL)) - np.log(1 - sigmoid(FAKE))),
        (losses.minimax_generator, (FAKE,), np.log(1 - sigmoid(FAKE))),
        (losses.nonsaturating_generator, (FAKE,), -np.log(sigmoid(FAKE))),
    ],
)
def test_values(loss, arguments, expected):
    np.testing.assert_allclose(loss(*(tf.constant(x, tf.float32) for x in arguments)), expected, rtol=1e-6)


@pytest.mark.parametrize(
    ("loss", "slope"), [(losses.minimax_generator, -sigmoid(FAKE)), (losses.nonsaturating_generator, sigmoid(FAKE) - 1)]
)
def test_gradients(loss, slope):
    logits = tf.constant(FAKE, tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(logits)
        value = loss(logits)
    np.testing.assert_allclose(tape.gradient(value, logits), slope, rtol=1e-6)


def test_stable_where_sigmoids_saturate():
    extreme = tf.constant([-200.0, 200.0])
    for value in (losses.discriminator(extreme, extreme), losses.nonsaturating_generator(extreme)):
        assert np.all(np.isfinite(value))


def test_r1_of_a_linear_discriminator_is_its_squared_slope(random):
    """D(x) = <w, x>: the squared norm of w for every sample; four logits of it add up to (4 w)^2 / 4."""
    slope = tf.constant(random.standard_normal((4, 5, 3)), tf.float32)
    images = tf.constant(random.standard_normal((2, 4, 5, 3)), tf.float32)
    expected = np.full(2, np.square(slope.numpy().astype(np.float64)).sum())
    np.testing.assert_allclose(losses.r1(lambda x: tf.reduce_sum(x * slope, [1, 2, 3])[:, None], images), expected, rtol=1e-5)
    grid = losses.r1(lambda x: tf.tile(tf.reduce_sum(x * slope, [1, 2, 3])[:, None, None, None], [1, 2, 2, 1]), images)
    np.testing.assert_allclose(grid, 4 * expected, rtol=1e-5)
