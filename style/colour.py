"""Colour exchange between pictures: float arrays `[N, H, W, 3]` in [-1, 1], sRGB unless said otherwise."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from skimage import color


def match_covariance(image: np.ndarray, target: np.ndarray) -> np.ndarray:
    """The image with the mean and covariance of the target's colours, clipped to [-1, 1].

    The map is linear, symmetric and the least change that does it: the optimal transport between two Gaussians.
    """
    source, wanted = (np.asarray(pixels, np.float64).reshape(-1, 3) for pixels in (image, target))
    moved = (source - source.mean(0)) @ transport(image, target, 1e-6) + wanted.mean(0)
    return np.clip(moved, -1, 1).reshape(image.shape).astype(np.float32)


def transport(image: np.ndarray, target: np.ndarray, ridge: float = 1e-8) -> np.ndarray:
    """The 3x3 matrix that takes the covariance of one's colours to that of another's by optimal transport of Gaussians.

    T = S^-1/2 (S^1/2 C S^1/2)^1/2 S^-1/2 (Pitie and Kokaram 2007); `ridge` is added to all variances.
    """
    s, c = (np.cov(np.asarray(pixels, np.float64).reshape(-1, 3).T) + ridge * np.eye(3) for pixels in (image, target))
    root, inverse = _power(s, 0.5), _power(s, -0.5)
    return inverse @ _power(root @ c @ root, 0.5) @ inverse


def _power(matrix: np.ndarray, exponent: float) -> np.ndarray:
    """A power of a symmetric positive matrix."""
    values, vectors = np.linalg.eigh(matrix)
    return (vectors * np.maximum(values, 0) ** exponent) @ vectors.T


def match_histogram(image: np.ndarray, target: np.ndarray) -> np.ndarray:
    """The image with the distribution of each of the target's channels, by rank."""
    pixels, wanted = (np.asarray(one, np.float64).reshape(-1, 3) for one in (image, target))
    moved = np.empty_like(pixels)
    for channel in range(3):
        order = np.argsort(pixels[:, channel], kind="stable")
        places = (np.arange(len(wanted)) + 0.5) / len(wanted)
        moved[order, channel] = np.interp((np.arange(len(pixels)) + 0.5) / len(pixels), places, np.sort(wanted[:, channel]))
    return moved.reshape(image.shape).astype(np.float32)


def linear(image: np.ndarray) -> np.ndarray:
    """sRGB -> light, both in [-1, 1] (IEC 61966-2-1)."""
    value = (np.asarray(image, np.float64) + 1) / 2
    return 2 * np.where(value <= 0.04045, value / 12.92, ((np.maximum(value, 0.04045) + 0.055) / 1.055) ** 2.4) - 1


def encoded(light: np.ndarray) -> np.ndarray:
    """Light -> sRGB, both in [-1, 1]."""
    value = (np.asarray(light, np.float64) + 1) / 2
    return (
        2 * np.where(value <= 0.0031308, 12.92 * value, 1.055 * np.maximum(value, 0.0031308) ** (1 / 2.4) - 0.055) - 1
    ).astype(np.float32)


def in_linear_light(match: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """The same exchange between sRGB pictures, done where light adds up."""
    return lambda image, target: encoded(match(linear(image), linear(target)))


def lightness(image: np.ndarray, like: np.ndarray | None = None) -> np.ndarray:
    """The picture in grey (CIELAB L), with the mean and spread of another's lightness if one is given (Gatys et al. 2016)."""
    lab = color.rgb2lab((np.asarray(image, np.float64) + 1) / 2)
    if like is not None:
        wanted = color.rgb2lab((np.asarray(like, np.float64) + 1) / 2)[..., 0]
        own = lab[..., 0]
        lab[..., 0] = np.clip((own - own.mean()) * wanted.std() / max(own.std(), 1e-6) + wanted.mean(), 0, 100)
    lab[..., 1:] = 0
    return _from_lab(lab)


def with_chroma_of(image: np.ndarray, other: np.ndarray) -> np.ndarray:
    """The lightness of a picture, with the hue and chroma of another of its size."""
    lab, wanted = (color.rgb2lab((np.asarray(one, np.float64) + 1) / 2) for one in (image, other))
    return _from_lab(np.concatenate([lab[..., :1], wanted[..., 1:]], -1))


def _from_lab(lab: np.ndarray) -> np.ndarray:
    with np.errstate(all="ignore"):
        return np.clip(2 * color.lab2rgb(lab) - 1, -1, 1).astype(np.float32)


class Colours(NamedTuple):
    """How the colours of the content survive: what is done before the optimisation and after it."""

    content: Callable[[np.ndarray], np.ndarray] = lambda content: content
    style: Callable[[np.ndarray, np.ndarray], np.ndarray] = lambda style, content: style
    """(style, content) -> the style that the optimiser is given."""
    result: Callable[[np.ndarray, np.ndarray], np.ndarray] = lambda result, content: result
    """(result, content) -> the picture."""


COLOURS = {
    "style": Colours(),
    "luminance": Colours(lightness, lightness, with_chroma_of),
    "covariance-before": Colours(style=in_linear_light(match_covariance)),
    "covariance-after": Colours(result=in_linear_light(match_covariance)),
    "histogram-before": Colours(style=in_linear_light(match_histogram)),
    "histogram-after": Colours(result=in_linear_light(match_histogram)),
}
