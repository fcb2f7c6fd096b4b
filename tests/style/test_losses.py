"""Gatys' losses against the published formulas in float64."""

import numpy as np
import tensorflow as tf

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
