"""CIE L*a*b* (D65) for networks: lightness as L / 50 - 1, in [-1, 1], and colour as a / 110 and b / 110."""

import warnings

import numpy as np
from skimage import color

COLOUR = 110.0


def from_rgb(images: np.ndarray) -> np.ndarray:
    """`[..., 3]` in [-1, 1] -> lightness and colour float32 `[..., 3]`."""
    lab = color.rgb2lab((np.clip(images, -1, 1) + 1.0) / 2.0)
    return np.concatenate([lab[..., :1] / 50.0 - 1.0, lab[..., 1:] / COLOUR], -1).astype(np.float32)


def to_rgb(lab: np.ndarray) -> np.ndarray:
    """The inverse; colours that no screen shows are clipped, which may change their lightness a little."""
    scaled = np.concatenate([(lab[..., :1] + 1.0) * 50.0, lab[..., 1:] * COLOUR], -1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # that some were clipped
        return (2.0 * color.lab2rgb(scaled.astype(np.float64)) - 1.0).astype(np.float32)
