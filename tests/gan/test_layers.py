"""Layers against their definitions in NumPy, and what they are for."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from gan import layers


def test_repeat_equals_numpy(random):
    x = random.standard_normal((2, 3, 5, 4)).astype(np.float32)
    np.testing.assert_array_equal(layers.Repeat()(x), x.repeat(2, 1).repeat(2, 2))


def filtered(x, stride_up=False):
    """`[H, W]` with the filter [1, 3, 3, 1], zeros outside, written out: doubled or halved."""
    taps = np.array([1, 3, 3, 1.0])
    for axis in (0, 1):
        x = np.moveaxis(x, axis, 0)
        if stride_up:
            y = np.zeros((2 * len(x) + 4, x.shape[1]))
            for i, row in enumerate(x):
                y[2 * i + 1 : 2 * i + 5] += taps[:, None] / 4 * row
            x = y[2:-2]
        else:
            padded = np.pad(x, [(1, 1), (0, 0)])
            x = np.stack([(taps[:, None] / 8 * padded[2 * i : 2 * i + 4]).sum(0) for i in range(len(x) // 2)])
        x = np.moveaxis(x, 0, axis)
    return x


def test_resampling_filters(random):
    x = random.standard_normal((1, 6, 8, 1)).astype(np.float32)
    np.testing.assert_allclose(layers.Downsample()(x)[0, ..., 0], filtered(x[0, ..., 0]), atol=1e-6)
    np.testing.assert_allclose(layers.Upsample()(x)[0, ..., 0], filtered(x[0, ..., 0], stride_up=True), atol=1e-6)


def test_grouped_forms_agree_in_value_and_both_gradients(random):
    x = tf.constant(random.standard_normal((2, 5, 5, 12)), tf.float32)
    split, native = (layers.GroupedConv(3, form) for form in ("split", "native"))
    split.build(x.shape)
    native.build(x.shape)
    native.set_weights(split.get_weights())
    results = []
    for layer in (split, native):
        with tf.GradientTape() as outer:
            with tf.GradientTape() as inner:
                inner.watch(x)
                y = tf.reduce_sum(tf.square(layer(x)))
            gradient = inner.gradient(y, x)
            penalty = tf.reduce_sum(tf.square(gradient))
        results.append((y, gradient, outer.gradient(penalty, layer.kernel.value)))
    for own, other in zip(*results, strict=True):
        np.testing.assert_allclose(own, other, rtol=1e-4, atol=1e-3)


def test_grouped_refuses_channels_that_do_not_divide():
    with pytest.raises(ValueError, match="10 channels do not divide into 4 groups"):
        layers.GroupedConv(4).build((None, 4, 4, 10))


@pytest.mark.parametrize(("kind", "shape"), [(layers.SpectralConv, (2, 5, 5, 4)), (layers.SpectralDense, (2, 36))])
def test_spectral_normalisation_gives_a_largest_singular_value_of_one(kind, shape, random):
    layer = kind(6, 3) if kind is layers.SpectralConv else kind(6)
    x = random.standard_normal(shape).astype(np.float32)
    layer(x)
    left, right = (np.linalg.qr(random.standard_normal((size, 6)))[0] for size in (36, 6))
    layer.kernel.assign((left * [3, 2, 1, 1, 1, 0.5] @ right).reshape(layer.kernel.shape))
    for _ in range(50):
        layer(x, training=True)
    kernel = layers.spectral_normalised(tf.convert_to_tensor(layer.kernel.value), layer.u, False).numpy()
    assert np.linalg.svd(kernel.reshape(-1, 6), compute_uv=False)[0] == pytest.approx(1, rel=1e-3)
    before = layer.u.numpy()
    layer(x, training=False)
    np.testing.assert_array_equal(layer.u, before)


def test_spectral_normalisation_has_the_true_gradient(random):
    """By central differences in float64 of sum(C * W / sigma(W)), sigma from a singular value decomposition."""
    weights, direction = random.standard_normal((5, 3)), random.standard_normal((5, 3))
    u = keras.Variable(random.standard_normal((1, 3)).astype(np.float32), trainable=False)
    for _ in range(200):
        layers.spectral_normalised(tf.constant(weights, tf.float32), u, True)
    kernel = tf.constant(weights, tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(kernel)
        value = tf.reduce_sum(direction.astype(np.float32) * layers.spectral_normalised(kernel, u, False))
    gradient = tape.gradient(value, kernel).numpy()

    def formula(matrix):
        return (direction * matrix).sum() / np.linalg.svd(matrix, compute_uv=False)[0]

    for place in np.ndindex(5, 3):
        step = np.zeros((5, 3))
        step[place] = 1e-6
        slope = (formula(weights + step) - formula(weights - step)) / 2e-6
        assert gradient[place] == pytest.approx(slope, rel=1e-3, abs=1e-4)


def test_dropout_drops_its_share_and_never_the_same(random):
    layer = layers.Dropout(0.25)
    x = np.ones((100, 100), np.float32)
    first, second = (layer(x, training=True).numpy() for _ in range(2))
    assert (first == 0).mean() == pytest.approx(0.25, abs=0.02)
    assert first.mean() == pytest.approx(1, abs=0.03)
    assert not np.array_equal(first, second)
    np.testing.assert_array_equal(layer(x, training=False), x)


def test_minibatch_deviation_sees_variety(random):
    same, different = np.ones((4, 3, 3, 2), np.float32), random.standard_normal((4, 3, 3, 2)).astype(np.float32)
    layer = layers.MinibatchDeviation()
    assert layer(same).shape == (4, 3, 3, 3)
    np.testing.assert_allclose(layer(same)[..., -1], 0, atol=1e-3)
    np.testing.assert_allclose(layer(different)[..., -1], different.std(0).mean(), rtol=1e-3)


def test_basis_and_product_are_each_others_mirror(random):
    x = random.standard_normal((2, 5)).astype(np.float32)
    basis, product = layers.Basis((4, 4)), layers.BasisProduct((4, 4))
    image = basis(x)
    assert image.shape == (2, 4, 4, 5)
    assert basis.kernel.numpy().std() == pytest.approx(1, abs=0.3)
    product(image)
    product.kernel.assign(basis.kernel)
    np.testing.assert_allclose(product(image), x * np.square(basis.kernel.numpy()).sum((0, 1, 2)), rtol=1e-4)


def test_leaky_relu_and_its_two_derivatives(random):
    x = tf.constant(random.standard_normal((4, 7)), tf.float64)
    with tf.GradientTape() as tape:
        tape.watch(x)
        with tf.GradientTape() as inner:
            inner.watch(x)
            y = layers.leaky_relu(x, 0.3)
            half = tf.square(y) / 2
        slope = inner.gradient(half, x)  # x where positive, 0.09 x elsewhere
    np.testing.assert_allclose(y, np.where(x > 0, x, 0.3 * x))
    np.testing.assert_allclose(slope, np.where(x > 0, x, 0.09 * x))
    np.testing.assert_allclose(tape.gradient(slope, x), np.where(x > 0, 1.0, 0.09))


def test_a_penalty_computes_no_pass_of_zeros():
    """By the weights, a gradient's gradient needs as many matrix products as its definition: 1 forward, 1 back, 2 again."""

    @tf.function
    def penalty(x, weights):
        with tf.GradientTape() as tape:
            tape.watch(weights)
            with tf.GradientTape() as inner:
                inner.watch(x)
                y = tf.reduce_sum(layers.leaky_relu(x @ weights))
            value = tf.reduce_sum(tf.square(inner.gradient(y, x)))
        return tape.gradient(value, weights)

    graph = penalty.get_concrete_function(tf.ones([5, 3]), tf.ones([3, 4])).graph
    assert sum(operation.type == "MatMul" for operation in graph.get_operations()) <= 4


def test_fourier_features(random):
    layer = layers.FourierFeatures(500, 2.0)
    x = random.standard_normal((3, 2)).astype(np.float32)
    found = layer(x).numpy()
    angles = x @ layer.frequencies.numpy()
    np.testing.assert_allclose(found, np.concatenate([x, np.sin(angles), np.cos(angles)], 1), atol=1e-5)
    assert np.std(layer.frequencies) == pytest.approx(2.0, rel=0.1)
    assert layer.compute_output_shape((3, 2)) == found.shape
