"""Inversion: latents of drawn pictures are found again, and directions of a planted attribute."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from gan.image_losses import l1
from gan.models.inversion import Inversion, LatentEncoder, direction
from gan.networks import classifier


@pytest.fixture
def draw(random):
    """A linear generator of 4 latents."""
    basis = tf.constant(random.normal(size=(4, 8 * 8)) * 0.3, tf.float32)
    return lambda z, step=0: tf.reshape(z @ basis, [-1, 8, 8, 1])


def test_drawn_pictures_are_found_again(draw, random):
    z = random.normal(size=(3, 4)).astype(np.float32)
    model = Inversion(draw, draw(z).numpy(), np.zeros_like(z), l1, prior=0.0)
    model.compile(keras.optimizers.Adam(0.05))
    step = tf.function(model.train_step)
    for _ in range(300):
        logs = step()
    np.testing.assert_allclose(model.z, z, atol=0.05)
    assert float(logs["loss/pixels"]) < 1e-3
    np.testing.assert_allclose(model(), draw(z), atol=0.1)


def test_the_encoder_learns_latents(draw):
    keras.utils.set_random_seed(0)
    network = classifier.convolutional((8, 8, 1), 4, 8)
    before = network.get_weights()
    model = LatentEncoder(network, draw)
    model.compile(keras.optimizers.Adam(2e-3), 32)
    step = tf.function(model.train_step)
    seen = [float(step()["loss/latents"]) for _ in range(150)]
    assert seen[0] == pytest.approx(1, abs=0.4)
    assert np.mean(seen[-10:]) < 0.3
    assert all((new != old).any() for new, old in zip(network.get_weights(), before, strict=True))


def test_the_direction_of_a_planted_attribute(random):
    z, axis = random.normal(size=(500, 6)), np.array([3.0, 0, 0, -4, 0, 0]) / 5
    found, fit = direction(z, 7 + 2 * z @ axis)
    np.testing.assert_allclose(found, axis, atol=0.01)
    assert fit > 0.99
    assert direction(z, random.normal(size=500))[1] < 0.1
