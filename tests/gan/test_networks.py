"""Shapes, ranges, names and rules of the networks."""

import numpy as np
import pytest

from gan.errors import InputError
from gan.networks import dcgan, spatial


@pytest.mark.parametrize("shape", [(28, 28, 1), (32, 32, 3), (16, 24, 3)])
def test_dcgan(shape, random):
    images = dcgan.generator(shape, latent_dim=7, width=4)(random.standard_normal((2, 7), np.float32))
    assert images.shape == (2, *shape)
    assert np.abs(images).max() <= 1
    assert dcgan.discriminator(shape, width=4)(images).shape == (2, 1)


def test_dcgan_follows_the_paper():
    generator, discriminator = dcgan.generator((28, 28, 1)), dcgan.discriminator((28, 28, 1))
    names = {layer.name for layer in generator.layers + discriminator.layers}
    assert {"stage0", "stage1", "norm0", "norm1", "image", "logits"} <= names
    assert "norm0" not in {layer.name for layer in discriminator.layers}, "no normalisation in the discriminator's first stage"
    kernels = np.concatenate([w.numpy().ravel() for w in generator.trainable_weights if w.name == "kernel"])
    assert kernels.std() == pytest.approx(0.02, rel=0.01)


@pytest.mark.parametrize("shape", [(34, 34, 3), (7, 7, 1), (28, 224, 1)])
def test_dcgan_refuses_sides_that_do_not_halve(shape):
    with pytest.raises(InputError, match="halve evenly"):
        dcgan.generator(shape)


def test_spatial_draws_any_size(random):
    generator, discriminator = spatial.generator(3, (4, 4, 4)), spatial.discriminator((4, 4, 4))
    images = generator(random.standard_normal((1, spatial.cells(24, 3), spatial.cells(33, 3), 3), np.float32))
    assert images.shape == (1, 24, 40, 3)
    assert discriminator(images).shape[1:3] == (3, 5)


def test_spatial_is_local(random):
    """A latent cell far away changes nothing here: what makes sheets of any size seamless."""
    generator = spatial.generator(3, (4, 4, 4))
    z = random.standard_normal((1, 12, 12, 3)).astype(np.float32)
    other = z.copy()
    other[:, -1] += 1
    before, after = generator(z).numpy(), generator(other).numpy()
    np.testing.assert_array_equal(before[:, :16], after[:, :16])
    assert np.abs(before - after).max() > 0


def test_spatial_has_no_border(random):
    """A window of a large sheet is what the same cells alone would draw."""
    generator = spatial.generator(3, (4, 4, 4))
    z = random.standard_normal((1, 12, 12, 3)).astype(np.float32)
    large, small = generator(z).numpy(), generator(z[:, 3:, 2:-1]).numpy()
    np.testing.assert_allclose(large[:, 24:, 16:-8], small, atol=1e-5)
