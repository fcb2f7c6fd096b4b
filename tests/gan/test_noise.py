"""The noise against published bits, its distribution, and its independence of XLA."""

import numpy as np
import pytest
import tensorflow as tf

from gan import noise


@pytest.mark.parametrize(
    ("key", "counter", "expected"),
    [
        ((0, 0), (0, 0), (0x6B200159, 0x99BA4EFE)),
        ((0xFFFFFFFF, 0xFFFFFFFF), (0xFFFFFFFF, 0xFFFFFFFF), (0x1CB996FC, 0xBB002BE7)),
        ((0x13198A2E, 0x03707344), (0x243F6A88, 0x85A308D3), (0xC4923A9C, 0x483DF7A0)),
    ],
)
def test_known_answers_of_threefry(key, counter, expected):
    words = [tuple(tf.constant(word, tf.uint32) for word in pair) for pair in (key, counter)]
    assert tuple(int(word) for word in noise.threefry(*words)) == expected


def test_moments_and_independence():
    drawn = np.stack([noise.normal([20_000], seed=3, step=step) for step in range(3)])
    np.testing.assert_allclose(drawn.mean(-1), 0, atol=0.03)
    np.testing.assert_allclose(drawn.std(-1), 1, atol=0.03)
    np.testing.assert_allclose((drawn**4).mean(-1), 3, atol=0.2)
    np.testing.assert_allclose(np.corrcoef(drawn), np.eye(3), atol=0.03)


def test_each_seed_step_and_replica_differs():
    drawn = [noise.normal([8], *words).numpy() for words in ((0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1))]
    assert all(np.abs(a - b).min() > 0 for i, a in enumerate(drawn) for b in drawn[:i])


def test_the_same_under_xla():
    step = tf.Variable(7)
    plain, compiled = (tf.function(lambda: noise.normal([4, 25], 1, step), jit_compile=jit)() for jit in (False, True))
    np.testing.assert_allclose(plain, compiled, atol=1e-5)


def test_integers_are_uniform():
    drawn = np.concatenate([noise.integers(500, 7, 2, step) for step in range(20)])
    assert set(drawn) == set(range(7))
    np.testing.assert_allclose(np.bincount(drawn) / len(drawn), 1 / 7, atol=0.02)
