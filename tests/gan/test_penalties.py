"""Gradient penalties of discriminators whose gradient is known, and their second derivative, against float64."""

import numpy as np
import pytest
import tensorflow as tf

from gan import noise, penalties
from gan.penalties import PENALTIES


def uniform(shape, name):
    return noise.uniform(shape, 3, len(name))


def quadratic(matrix):
    """D(x) = x' A x / 2 of a flat image, whose gradient is A x for symmetric A."""

    def discriminator(images):
        flat = tf.reshape(images, [tf.shape(images)[0], -1])
        return 0.5 * tf.reduce_sum(flat * (flat @ matrix), 1, keepdims=True)

    return discriminator


@pytest.mark.parametrize("jit", [False, True])
@pytest.mark.parametrize("name", ["r1", "r2", "wgan-gp", "dragan"])
def test_value_and_second_derivative(name, jit, random):
    ((_, penalty),) = PENALTIES[name].items()
    half = random.standard_normal((12, 12))
    matrix = (half + half.T).astype(np.float32) / 4
    real, fake = (tf.constant(random.standard_normal((5, 2, 2, 3)), tf.float32) for _ in range(2))

    @tf.function(jit_compile=jit)
    def compiled(weights):
        with tf.GradientTape() as outer:
            outer.watch(weights)
            points = penalty.points(real, fake, uniform)
            with tf.GradientTape() as inner:
                inner.watch(points)
                total = tf.reduce_sum(quadratic(weights)(points))
            value = tf.reduce_mean(penalty.value(inner.gradient(total, points)))
        return value, outer.gradient(value, weights), points

    value, gradient, points = (tensor.numpy() for tensor in compiled(tf.constant(matrix)))

    def formula(weights):
        slopes = points.reshape(5, 12).astype(np.float64) @ (weights + weights.T) / 2
        norms = np.linalg.norm(slopes, axis=1)
        return np.mean(norms**2 / 2 if name in ("r1", "r2") else (norms - 1) ** 2)

    assert value == pytest.approx(formula(matrix.astype(np.float64)), rel=1e-6)
    for place in ((0, 0), (3, 7), (11, 2)):
        moved = [matrix.astype(np.float64) for _ in range(2)]
        moved[0][place] += 1e-6
        moved[1][place] -= 1e-6
        assert gradient[place] == pytest.approx((formula(moved[0]) - formula(moved[1])) / 2e-6, rel=1e-5, abs=1e-6)


def test_points(random):
    real, fake = (tf.constant(random.standard_normal((6, 4, 4, 1)), tf.float32) for _ in range(2))
    assert penalties.at_real(real, fake, uniform) is real
    assert penalties.at_fake(real, fake, uniform) is fake
    shares = ((penalties.between(real, fake, uniform) - fake) / (real - fake)).numpy().reshape(6, -1)
    np.testing.assert_allclose(shares, np.broadcast_to(shares[:, :1], shares.shape), rtol=1e-3)
    assert 0 < shares.min() < shares.max() < 1
    away = penalties.around_real(real, fake, uniform) - real
    assert 0 < np.abs(away).max() <= 0.5 * np.std(real)


def test_float32_whatever_the_precision():
    gradients = tf.cast(tf.fill([2, 4, 4, 1], 100.0), tf.bfloat16)
    for value in (penalties.zero_centred, penalties.one_centred):
        assert value(gradients).dtype == tf.float32
    np.testing.assert_allclose(penalties.zero_centred(gradients), 0.5 * 16 * 100.0**2)


def test_one_centred_has_a_gradient_at_zero():
    gradients = tf.zeros([1, 2, 2, 1])
    with tf.GradientTape() as tape:
        tape.watch(gradients)
        value = penalties.one_centred(gradients)
    assert np.all(np.isfinite(tape.gradient(value, gradients)))
