"""A function of pictures of some sizes, applied to a picture of any size: padded to fit, large ones in overlapping tiles."""

from collections.abc import Callable

import numpy as np


def starts(length: int, tile: int, overlap: int) -> list[int]:
    """Where tiles begin; neighbours share at least `overlap`, the last ends with the picture."""
    if length <= tile:
        return [0]
    return [*range(0, length - tile, tile - overlap), length - tile]


def ramp(tile: int, overlap: int) -> np.ndarray:
    """Weights of a tile along an axis: 0 in the outer quarter of the overlap, where the border is felt, then up to 1.

    Two neighbours' weights add up to 1 where they share exactly `overlap`.
    """
    places = np.arange(tile) + 0.5
    edge = np.minimum(places, tile - places)
    return np.clip((edge - overlap / 4) / max(overlap / 2, 1e-9), 0.0, 1.0)


def padded(image: np.ndarray, multiple: int) -> np.ndarray:
    """`[H, W, C]` continued by its mirror below and to the right, so that its sides are multiples of a number."""
    return np.pad(image, ((0, -image.shape[0] % multiple), (0, -image.shape[1] % multiple), (0, 0)), "symmetric")


def apply(
    function: Callable[[np.ndarray], np.ndarray],
    image: np.ndarray,
    tile: int = 512,
    overlap: int = 64,
    multiple: int = 1,
    scale: int = 1,
) -> np.ndarray:
    """The function of a picture `[H, W, C]` -> `[scale H, scale W, K]`.

    Args:
        function: `[1, h, w, C]`, h and w multiples of `multiple` -> `[1, scale h, scale w, K]`.
        tile, overlap: in pixels, rounded up to the multiple. A function that looks no further than a quarter of the overlap
            gives the same in tiles as in one piece; of another the tiles fade into one another.
    """
    height, width = image.shape[:2]
    tile, overlap = (max(multiple, -(-value // multiple) * multiple) for value in (tile, overlap))
    overlap = min(overlap, tile // 2 // multiple * multiple)
    whole = padded(image, multiple)
    if max(whole.shape[:2]) <= tile:
        return function(whole[None])[0][: scale * height, : scale * width]
    rows, columns = (starts(length, tile, overlap) for length in whole.shape[:2])
    total = weights = None
    for top in rows:
        for left in columns:
            part = function(whole[None, top : top + tile, left : left + tile])[0]
            if total is None:
                total = np.zeros([scale * whole.shape[0], scale * whole.shape[1], part.shape[-1]])
                weights = np.zeros([*total.shape[:2], 1])
            sides = []
            for start, length, size in zip((top, left), whole.shape, part.shape, strict=False):
                weight = ramp(size, scale * overlap)
                if start == 0:
                    weight[: size // 2] = 1.0
                if start + tile >= length:
                    weight[size // 2 :] = 1.0
                sides.append(weight)
            weight = np.outer(*sides)[..., None]
            area = np.s_[scale * top : scale * top + part.shape[0], scale * left : scale * left + part.shape[1]]
            total[area] += weight * part
            weights[area] += weight
    return (total / weights).astype(np.float32)[: scale * height, : scale * width]
