"""Damage: closed forms, shares, and that the same numbers make the same damage."""

import numpy as np
import pytest
from skimage import color

from gan import degrade, lab


@pytest.fixture
def images(random):
    return random.uniform(-1, 1, (2, 24, 32, 3)).astype(np.float32)


@pytest.mark.parametrize("damage", [degrade.blurred, degrade.poor, lambda images, random: degrade.noisy(images, 25, random)])
def test_damage_is_a_function_of_the_seed(damage, images):
    first, again, other = (damage(images, np.random.default_rng(seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert first.shape == images.shape
    assert first.dtype == np.float32
    assert np.abs(first - other).max() > 0.01


def test_noise_has_its_sigma(random):
    flat = np.zeros((1, 200, 200, 3), np.float32)
    assert degrade.noisy(flat, 25.0, random).std() * 127.5 == pytest.approx(25, rel=0.02)


def test_kernels():
    for kernel in (degrade.gaussian_kernel(1.3), degrade.motion_kernel(7, 0.3)):
        assert kernel.sum() == pytest.approx(1)
        np.testing.assert_allclose(kernel, kernel[::-1, ::-1], atol=1e-12)
    variance = (degrade.gaussian_kernel(1.3).sum(0) * np.square(np.arange(15) - 7)).sum()
    assert variance == pytest.approx(1.3**2, rel=1e-3)
    flat = degrade.motion_kernel(7, 0.0)
    assert flat.sum(1)[7] == pytest.approx(1)
    assert np.ptp(np.flatnonzero(flat.sum(0))) == 6


def test_convolution_in_loops(random):
    image, kernel = random.normal(size=(9, 8, 2)), random.random((15, 15))
    padded = np.pad(image, ((7, 7), (7, 7), (0, 0)), "symmetric")
    wanted = [[np.einsum("ijc,ij->c", padded[y : y + 15, x : x + 15], kernel[::-1, ::-1]) for x in range(8)] for y in range(9)]
    np.testing.assert_allclose(degrade.convolved(image, kernel), wanted, rtol=1e-4, atol=1e-5)


def test_shrinking_keeps_what_is_flat_and_enlarging_returns_to_the_size(images):
    flat = np.full((1, 16, 16, 3), 0.5, np.float32)
    np.testing.assert_allclose(degrade.shrink(flat, 4), 0.5, atol=1 / 127.5)
    assert degrade.rescale(degrade.shrink(images, 4), (24, 32)).shape == images.shape


def test_holes_have_their_share(random):
    masks = degrade.holes(40, (64, 96), 0.25, random)
    assert set(np.unique(masks)) == {0.0, 1.0}
    np.testing.assert_allclose(masks.mean((1, 2, 3)), 0.25, atol=0.03)
    rectangles = [mask.mean() for mask in masks[..., 0] if mask[mask.any(1)][:, mask.any(0)].all()]
    assert 8 < len(rectangles) < 32


def test_lab_is_that_of_scikit_image_and_comes_back(images):
    wanted = color.rgb2lab((images + 1) / 2)
    np.testing.assert_allclose(lab.from_rgb(images) * [50, 110, 110] + [50, 0, 0], wanted, atol=1e-3)
    np.testing.assert_allclose(lab.to_rgb(lab.from_rgb(images)), images, atol=2e-3)
    grey = lab.to_rgb(np.array([[0.0, 0, 0], [1, 0, 0], [-1, 0, 0], [0, 1, 1]], np.float32))
    np.testing.assert_allclose(grey[1:3], [[1] * 3, [-1] * 3], atol=1e-3)
    assert np.abs(grey).max() <= 1


def test_colours_that_no_screen_shows_keep_lightness_and_hue(random):
    wanted = random.uniform(-1, 1, (500, 3)).astype(np.float32)
    made = lab.from_rgb(lab.to_rgb(wanted))
    np.testing.assert_allclose(made[:, 0], wanted[:, 0], atol=0.01)
    chroma = [np.linalg.norm(each[:, 1:], axis=-1) for each in (made, wanted)]
    assert (chroma[0] < 0.9 * chroma[1]).mean() > 0.5, "most of these are no colours of a screen"
    along = (made[:, 1:] * wanted[:, 1:]).sum(-1) / np.maximum(chroma[0] * chroma[1], 1e-9)
    assert along[chroma[0] > 0.05].min() > 0.995
