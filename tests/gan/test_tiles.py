"""Tiles: the same as in one piece where the function looks near, without seams where it looks far, at any size."""

import numpy as np
import pytest
from scipy.ndimage import uniform_filter

from gan import tiles


def local(batch):
    """Looks 2 pixels away; the border is felt."""
    return np.stack([uniform_filter(image, (5, 5, 0), mode="constant") for image in batch])


@pytest.mark.parametrize("size", [(17, 23), (64, 64), (65, 64), (150, 40), (131, 177)])
def test_the_same_as_in_one_piece(size, random):
    image = random.normal(size=(*size, 3)).astype(np.float32)
    whole = local(image[None])[0]
    np.testing.assert_allclose(tiles.apply(local, image, tile=64, overlap=16), whole, atol=1e-5)


@pytest.mark.parametrize("size", [(5, 7), (33, 70), (100, 61)])
def test_any_size_with_a_multiple_and_a_scale(size, random):
    seen = []

    def double(batch):
        seen.append(batch.shape[1:3])
        return batch.repeat(2, 1).repeat(2, 2)

    image = random.normal(size=(*size, 1)).astype(np.float32)
    made = tiles.apply(double, image, tile=48, overlap=16, multiple=8, scale=2)
    np.testing.assert_allclose(made, image.repeat(2, 0).repeat(2, 1), atol=1e-6)
    assert all(side % 8 == 0 and side <= 48 for shape in seen for side in shape)


def test_no_seams_of_a_function_that_differs_from_tile_to_tile(random):
    """One that answers its tile's number: the steps between neighbouring pixels stay small."""
    count = iter(range(100))
    made = tiles.apply(lambda batch: np.full(batch.shape, next(count), np.float32), np.zeros((50, 300, 1), np.float32), 128, 64)
    assert next(count) > 3
    assert np.abs(np.diff(made[..., 0], axis=1)).max() <= 1 / 32 + 1e-6


def test_ramps_of_neighbours_add_up_to_one():
    weight = tiles.ramp(64, 16)
    np.testing.assert_allclose(weight[:16] + weight[-16:], 1)
    assert weight[:4].max() == 0
    assert weight[16:-16].min() == 1
