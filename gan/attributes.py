"""Attributes of pictures that can be measured: `[N, H, W, C]` in [-1, 1] -> `[N]`. Of digits the ink is what is bright."""

from collections.abc import Callable

import numpy as np


def _grey(images: np.ndarray) -> np.ndarray:
    """Mean of the channels in 0..1, `[N, H, W]`."""
    return (np.asarray(images, np.float64).mean(-1) + 1.0) / 2.0


def _rgb(images: np.ndarray) -> np.ndarray:
    return (np.asarray(images, np.float64) + 1.0) / 2.0


def brightness(images: np.ndarray) -> np.ndarray:
    """Mean of all pixels, 0..1."""
    return _grey(images).mean((1, 2))


def warmth(images: np.ndarray) -> np.ndarray:
    """Mean red minus mean blue, -1..1; 0 for one channel."""
    means = _rgb(images).mean((1, 2))
    return means[:, 0] - means[:, -1]


def saturation(images: np.ndarray) -> np.ndarray:
    """Mean of the largest minus the smallest channel, 0..1."""
    return np.ptp(_rgb(images), axis=-1).mean((1, 2))


def stroke_width(images: np.ndarray) -> np.ndarray:
    """Twice the ink's area over the length of its outline, in pixels: a bar of width w has w."""
    ink = np.pad(_grey(images), ((0, 0), (1, 1), (1, 1)))
    down, right = np.diff(ink, axis=1)[:, :, :-1], np.diff(ink, axis=2)[:, :-1]
    outline = np.sqrt(np.square(down) + np.square(right)).sum((1, 2))
    return 2.0 * ink.sum((1, 2)) / np.maximum(outline, 1e-9)


def slant(images: np.ndarray) -> np.ndarray:
    """How far the ink leans to the right, in columns a row: minus the covariance of column and row over the rows' variance."""
    ink = _grey(images)
    rows, columns = np.mgrid[: ink.shape[1], : ink.shape[2]]
    total = np.maximum(ink.sum((1, 2)), 1e-9)

    def mean(values: np.ndarray) -> np.ndarray:
        return (ink * values).sum((1, 2)) / total

    covariance = mean(rows * columns) - mean(rows) * mean(columns)
    return -covariance / np.maximum(mean(rows**2) - mean(rows) ** 2, 1e-9)


ATTRIBUTES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "brightness": brightness,
    "warmth": warmth,
    "saturation": saturation,
    "stroke-width": stroke_width,
    "slant": slant,
}
