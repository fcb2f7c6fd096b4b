"""CIE L*a*b* (D65) for networks: lightness as L / 50 - 1, in [-1, 1], and colour as a / 110 and b / 110."""

import warnings

import numpy as np
from skimage import color

COLOUR = 110.0
BISECTIONS = 8
TOLERANCE = 1e-4  # of linear light: a third of a grey level where it is darkest


def from_rgb(images: np.ndarray) -> np.ndarray:
    """`[..., 3]` in [-1, 1] -> lightness and colour float32 `[..., 3]`."""
    lab = color.rgb2lab((np.clip(images, -1, 1) + 1.0) / 2.0)
    return np.concatenate([lab[..., :1] / 50.0 - 1.0, lab[..., 1:] / COLOUR], -1).astype(np.float32)


def to_rgb(lab: np.ndarray) -> np.ndarray:
    """The inverse; colours that no screen shows are made paler until one does, their lightness and hue kept."""
    scaled = np.concatenate([(lab[..., :1] + 1.0) * 50.0, lab[..., 1:] * COLOUR], -1).astype(np.float64)
    outside = ~shown(scaled)
    scaled[outside] = paler(scaled[outside])
    return (2.0 * quietly(color.lab2rgb, scaled) - 1.0).astype(np.float32)


def shown(lab: np.ndarray) -> np.ndarray:
    """Which colours `[..., 3]` a screen shows: their linear red, green and blue are from 0 to 1."""
    linear = quietly(color.lab2xyz, lab) @ color.colorconv.rgb_from_xyz.T
    return ((linear > -TOLERANCE) & (linear < 1.0 + TOLERANCE)).all(-1)


def paler(lab: np.ndarray) -> np.ndarray:
    """Colours `[P, 3]` with the most of their chroma that a screen shows, found by bisection."""
    least, most = np.zeros([2, len(lab), 1])
    most += 1.0
    for _ in range(BISECTIONS):
        middle = (least + most) / 2.0
        inside = shown(np.concatenate([lab[:, :1], middle * lab[:, 1:]], -1))[:, None]
        least, most = np.where(inside, middle, least), np.where(inside, most, middle)
    return np.concatenate([lab[:, :1], least * lab[:, 1:]], -1)


def quietly(function, lab: np.ndarray) -> np.ndarray:
    """What skimage makes of colours, without its warnings that some do not exist."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return function(lab)
