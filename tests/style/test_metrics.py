"""The model-free judge and the colour match, by closed forms."""

import numpy as np
import pytest

from style import colour, metrics


def test_identical_pictures_are_at_zero(random):
    image = random.uniform(-1, 1, (40, 50, 3))
    assert metrics.patch_distance(image, image) == 0


def test_a_shift_of_all_points(random):
    """Moving a cloud by v moves each projection by <u, v>: the root mean square over unit directions is |v| / sqrt(d)."""
    cloud = random.standard_normal((500, 12))
    shift = np.full(12, 0.5)
    expected = np.linalg.norm(shift) / np.sqrt(12)
    assert metrics.sliced_wasserstein(cloud, cloud + shift, directions=20_000) == pytest.approx(expected, rel=0.02)


def test_quantiles_are_hazens(random):
    samples, shares = random.standard_normal((101, 3)), (np.arange(17) + 0.5) / 17
    np.testing.assert_allclose(metrics.quantiles(samples, 17), np.quantile(samples, shares, axis=0, method="hazen"), atol=1e-12)


def test_texture_matters_and_place_does_not(random):
    noise = np.repeat(np.repeat(random.uniform(-1, 1, (16, 16, 3)), 4, 0), 4, 1)
    fine = random.uniform(-1, 1, (64, 64, 3))
    moved = np.roll(noise, (12, 20), (0, 1))
    assert metrics.patch_distance(noise, moved) < 0.25 * metrics.patch_distance(noise, fine)


def test_several_styles_count_together(random):
    dark, light = random.uniform(-1, -0.8, (64, 64, 3)), random.uniform(0.8, 1, (64, 64, 3))
    both = np.concatenate([dark, light], 1)
    assert metrics.patch_distance(both, [dark, light]) < 0.3 * metrics.patch_distance(both, dark)


def test_pyramid_keeps_a_constant_and_halves():
    levels = metrics.pyramid(np.full((33, 20, 3), 0.3), 3)
    assert [level.shape for level in levels] == [(33, 20, 3), (17, 10, 3), (9, 5, 3)]
    np.testing.assert_allclose(levels[-1], 0.3)


def test_covariance_match_moves_both_moments(random):
    image = 0.2 * random.standard_normal((1, 60, 60, 3)) @ random.uniform(-1, 1, (3, 3))
    target = 0.1 * random.standard_normal((1, 50, 50, 3)) @ random.uniform(-1, 1, (3, 3)) + 0.2
    moved, wanted = (x.reshape(-1, 3) for x in (colour.match_covariance(image, target), target))
    np.testing.assert_allclose(moved.mean(0), wanted.mean(0), atol=1e-3)
    np.testing.assert_allclose(np.cov(moved.T), np.cov(wanted.T), atol=1e-3)


def test_covariance_match_to_itself_is_identity(random):
    image = 0.2 * random.standard_normal((1, 20, 20, 3))
    np.testing.assert_allclose(colour.match_covariance(image, image), image, atol=1e-5)


def test_histogram_match_takes_over_each_channels_distribution(random):
    image, target = random.uniform(-1, 1, (1, 30, 30, 3)), random.uniform(-1, 0, (1, 20, 45, 3)) ** 3
    moved = colour.match_histogram(image, target)
    np.testing.assert_allclose(np.sort(moved.reshape(-1, 3), 0), np.sort(target.reshape(-1, 3), 0), atol=1e-6)
    order = np.argsort(image[..., 0].ravel())
    assert (np.diff(moved[..., 0].ravel()[order]) >= 0).all()


def test_linear_light_and_back():
    values = np.linspace(-1, 1, 201)
    np.testing.assert_allclose(colour.encoded(colour.linear(values)), values, atol=1e-6)
    assert (colour.linear(np.array(0.0)) + 1) / 2 == pytest.approx(0.2140411, abs=1e-6)  # the middle grey of sRGB


def test_lightness_and_chroma_make_the_picture_again(random):
    image, other = random.uniform(-0.5, 0.5, (2, 1, 12, 12, 3)).astype(np.float32)
    grey = colour.lightness(image)
    np.testing.assert_allclose(grey[..., 0], grey[..., 2], atol=1e-3)
    np.testing.assert_allclose(colour.with_chroma_of(grey, image), image, atol=2e-3)
    matched = colour.lightness(other, image)
    assert matched.std() == pytest.approx(grey.std(), rel=0.1)


@pytest.mark.parametrize("name", colour.COLOURS)
def test_each_way_to_keep_colours_gives_pictures_in_range(name, random):
    content, style = random.uniform(-1, 1, (1, 20, 24, 3)), random.uniform(-0.5, 0, (1, 18, 20, 3))
    way = colour.COLOURS[name]
    result = way.result(way.style(style, content)[:, :, :20].repeat(2, 1)[:, :20].repeat(2, 2)[:, :, :24], content)
    assert result.shape == content.shape
    assert np.abs(result).max() <= 1 + 1e-6
    if name != "style":
        before, after = (abs(one.mean() - content.mean()) for one in (style, result))
        assert after < before
