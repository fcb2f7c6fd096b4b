"""Gatys' losses against the published formulas in float64."""

import numpy as np
import pytest
import tensorflow as tf

from gan.metrics import frechet
from style import losses


def maps(random, *shape):
    return random.standard_normal(shape).astype(np.float32)


def test_content(random):
    f, p = maps(random, 2, 3, 4, 5), maps(random, 2, 3, 4, 5)
    expected = 0.5 * ((f.astype(np.float64) - p) ** 2).sum((1, 2, 3))
    np.testing.assert_allclose(losses.content(f, p), expected, rtol=1e-6)


def test_style_is_equation_4(random):
    """With sizes equal: 1/(4 N^2 M^2) sum (G - A)^2 of unnormalised Gram matrices."""
    f, s = maps(random, 1, 6, 7, 5), maps(random, 1, 6, 7, 5)
    big_n, big_m = 5, 42
    flat = [x.reshape(big_m, big_n).astype(np.float64).T for x in (f, s)]
    g, a = (x @ x.T for x in flat)
    expected = ((g - a) ** 2).sum() / (4 * big_n**2 * big_m**2)
    np.testing.assert_allclose(losses.style(losses.gram(f), losses.gram(s)), [expected], rtol=1e-5)


def test_gram_of_each_sample_alone(random):
    f = maps(random, 2, 4, 4, 3)
    np.testing.assert_allclose(losses.gram(f)[1:], losses.gram(f[1:]), rtol=1e-6)


def test_gram_does_not_depend_on_size(random):
    f = maps(random, 1, 4, 4, 3)
    np.testing.assert_allclose(losses.gram(np.tile(f, (1, 3, 2, 1))), losses.gram(f), rtol=1e-5)


def test_total_variation_of_a_ramp():
    ramp = np.tile(np.arange(5, dtype=np.float32)[None, None, :, None], (1, 4, 1, 3))
    np.testing.assert_allclose(losses.total_variation(tf.constant(ramp)), [1.0])


def test_descriptions_with_even_weights_are_plain_means(random):
    f = maps(random, 2, 4, 5, 3)
    weights = np.full((4, 5), 1 / 20, np.float32)
    flat = f.reshape(2, 20, 3).astype(np.float64)
    mean, second = losses.mean_and_second_moment(f, weights)
    np.testing.assert_allclose(mean, flat.mean(1), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(second, np.einsum("npi,npj->nij", flat, flat) / 20, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(losses.mean_and_power(f, weights)[1], (flat**2).mean(1), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(losses.gram(f), second, rtol=1e-5, atol=1e-6)


def test_places_outside_are_zero(random):
    f = maps(random, 1, 3, 4, 2)
    found = losses.at_places(f, tf.constant([[0, 0], [2, 3], [-1, 2], [0, 4]]))[0]
    np.testing.assert_array_equal(found, [f[0, 0, 0], f[0, 2, 3], [0, 0], [0, 0]])


def test_mean_std_distance(random):
    a, b = (random.standard_normal((30, 4)) * scale + scale for scale in (1.0, 2.0))
    moments = [[tf.constant(x.mean(0)[None], tf.float32), tf.constant((x**2).mean(0)[None], tf.float32)] for x in (a, b)]
    expected = ((a.mean(0) - b.mean(0)) ** 2).sum() + ((a.std(0) - b.std(0)) ** 2).sum()
    np.testing.assert_allclose(losses.mean_std_distance(*moments), [expected], rtol=1e-5)


def gaussian(random, count, channels):
    cloud = random.standard_normal((count, channels)) @ random.standard_normal((channels, channels)) + random.standard_normal(
        channels
    )
    return [tf.constant(x[None], tf.float32) for x in (cloud.mean(0), cloud.T @ cloud / count)], cloud


def test_gaussian_wasserstein_is_the_frechet_distance_with_its_gradient(random):
    (own, _), (target, b) = gaussian(random, 500, 6), gaussian(random, 400, 6)

    def formula(moments):
        mean, second = (np.asarray(x, np.float64)[0] for x in moments)
        wanted = b.mean(0), np.cov(b.T, bias=True)
        return frechet.frechet(mean, second - np.outer(mean, mean), *wanted)

    with tf.GradientTape() as tape:
        tape.watch(own)
        value = losses.gaussian_wasserstein(own, losses.gaussian(target, ridge=0.0))
    np.testing.assert_allclose(value, [formula(own)], rtol=1e-4)
    for which, slope in enumerate(tape.gradient(value, own)):
        step = random.standard_normal(own[which].shape)
        step = step if which == 0 else step + step.swapaxes(1, 2)
        moved = []
        for sign in (1, -1):
            moved.append([np.asarray(part, np.float64) for part in own])
            moved[-1][which] = moved[-1][which] + sign * 1e-4 * step
        expected = (formula(moved[0]) - formula(moved[1])) / 2e-4
        assert float(tf.reduce_sum(slope * step)) == pytest.approx(expected, rel=2e-3)


def test_sliced_wasserstein_of_shifted_clouds(random):
    """A shift by v along direction d costs (v d)^2, whatever the order of the points."""
    cloud, shift = maps(random, 1, 50, 4), maps(random, 4)
    directions = np.linalg.qr(random.standard_normal((4, 3)))[0].astype(np.float32)
    moved = (cloud + shift)[:, random.permutation(50)]
    np.testing.assert_allclose(
        losses.sliced_wasserstein(cloud, moved, directions), [((shift @ directions) ** 2).mean()], rtol=1e-4
    )


def test_relaxed_earth_mover_is_the_larger_of_the_two_one_sided_means(random):
    costs = random.uniform(size=(2, 5, 7)).astype(np.float32)
    expected = np.maximum(costs.min(2).mean(1), costs.min(1).mean(1))
    np.testing.assert_allclose(losses.relaxed_earth_mover(costs), expected, rtol=1e-6)


def test_cosine_costs(random):
    a, b = maps(random, 1, 4, 3), maps(random, 1, 5, 3)
    a[0, 0] = 0
    norms = np.linalg.norm(a[0], axis=-1)[:, None] * np.linalg.norm(b[0], axis=-1)
    expected = 1 - np.divide(a[0] @ b[0].T, norms, out=np.zeros((4, 5), np.float32), where=norms > 0)
    np.testing.assert_allclose(losses.cosine_costs(a, b)[0], expected, atol=1e-5)


def test_self_similarity_does_not_see_what_all_places_share(random):
    cloud, other = maps(random, 1, 20, 8), maps(random, 1, 20, 8)
    turn = np.linalg.qr(random.standard_normal((8, 8)))[0].astype(np.float32)
    assert float(losses.self_similarity(3 * cloud @ turn, cloud)[0]) == pytest.approx(0, abs=1e-4)
    assert float(losses.self_similarity(other, cloud)[0]) > 0.1
