"""Augmentations: what each does, that p = 0 is the identity, and that penalties can be taken through them."""

import itertools

import numpy as np
import pytest
import tensorflow as tf

from gan import augment, noise

NAMES = (
    "brightness", "saturation", "contrast", "hue", "luma_flip", "cutout", "translation", "mirror", "quarter_turns", "warp",
)  # fmt: skip


def uniform_of(seed):
    return lambda shape, name: noise.uniform(shape, seed, sum(map(ord, name)))


@pytest.fixture
def images(random):
    return tf.constant(random.uniform(-1, 1, (64, 16, 16, 3)), tf.float32)


@pytest.mark.parametrize("name", NAMES)
def test_p_is_the_share_that_changes(name, images):
    change = getattr(augment, name)
    np.testing.assert_allclose(change(images, 0.0, uniform_of(1)), images, atol=2e-6)
    always, sometimes = (
        np.any(np.abs(change(images, p, uniform_of(1)) - images) > 1e-3, axis=(1, 2, 3)).mean() for p in (1.0, 0.4)
    )
    assert always > 0.1, "mirrors, quarter turns and luma flips leave some as they are"
    assert sometimes < always


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("jit", [False, True])
def test_second_derivatives(name, jit, images):
    """The gradient of a squared gradient norm exists, is finite, and is not zero."""

    @tf.function(jit_compile=jit)
    def penalty(x, weight):
        with tf.GradientTape() as outer:
            outer.watch(weight)
            with tf.GradientTape() as inner:
                inner.watch(x)
                y = tf.reduce_sum(tf.square(getattr(augment, name)(x, 0.7, uniform_of(2)) * weight))
            value = tf.reduce_sum(tf.square(inner.gradient(y, x)))
        return outer.gradient(value, weight)

    gradient = penalty(images[:8], tf.constant(0.5))
    assert np.isfinite(gradient)
    assert abs(float(gradient)) > 0


def test_colours(images):
    x, u = images.numpy(), uniform_of(3)
    changed = augment.brightness(images, 1.0, u).numpy() - x
    np.testing.assert_allclose(changed, np.broadcast_to(changed[:, :1, :1, :1], x.shape), atol=1e-5)
    assert np.abs(changed).max() <= 1
    np.testing.assert_allclose(augment.saturation(images, 1.0, u).numpy().mean(-1), x.mean(-1), atol=1e-5)
    np.testing.assert_allclose(augment.contrast(images, 1.0, u).numpy().mean((1, 2, 3)), x.mean((1, 2, 3)), atol=1e-5)
    turned = augment.hue(images, 1.0, u).numpy()
    np.testing.assert_allclose(turned.mean(-1), x.mean(-1), atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(turned, axis=-1), np.linalg.norm(x, axis=-1), rtol=1e-4)


def test_translation_moves_whole_pixels(images):
    moved = augment.translation(images, 1.0, uniform_of(4)).numpy()
    for before, after in itertools.islice(zip(images.numpy(), moved, strict=True), 10):
        candidates = []
        for down, right in itertools.product(range(-2, 3), repeat=2):
            padded = np.pad(before, [(2, 2), (2, 2), (0, 0)])
            candidates.append(padded[2 - down : 18 - down, 2 - right : 18 - right])
        assert min(np.abs(candidate - after).max() for candidate in candidates) < 1e-6


def test_cutout_blanks_at_most_a_quarter(images):
    cut = augment.cutout(images, 1.0, uniform_of(5)).numpy()
    share = (cut == 0).all(-1).mean((1, 2))
    assert share.min() > 0
    assert share.max() <= (9 / 16) ** 2


def test_quarter_turns_are_those_of_numpy(images):
    turned = augment.quarter_turns(images, 1.0, uniform_of(6)).numpy()
    seen = set()
    for before, after in zip(images.numpy(), turned, strict=True):
        matches = [k for k in range(4) if np.allclose(np.rot90(before, k), after, atol=1e-6)]
        assert matches
        seen.update(matches)
    assert seen == {0, 1, 2, 3}


def test_reading_at_whole_places_is_exact(images):
    rows, columns = (np.broadcast_to(grid, (64, 16, 16)).astype(np.float32) for grid in np.mgrid[:16, :16])
    np.testing.assert_allclose(augment.read(images, rows, columns), images, atol=1e-6)
    half = augment.read(images, tf.constant(rows) + 0.5, tf.constant(columns))[:, :-1]
    np.testing.assert_allclose(half, (images[:, :-1] + images[:, 1:]) / 2, atol=1e-5)
    assert np.all(augment.read(images, tf.constant(rows) + 40.0, tf.constant(columns)).numpy() == 0)
