"""What the optimiser moves: the pixels themselves, or parts that add up to them.

Steps of one size on the parts move coarse structure and fine grain alike, where steps on pixels mostly make grain.
`split` is linear and `join(split(image))` is the image.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import tensorflow as tf

LEVELS = 5


class Parameterisation(NamedTuple):
    split: Callable[[tf.Tensor], list[tf.Tensor]]
    """Image `[N, H, W, 3]` -> its parts."""
    join: Callable[[Sequence[tf.Tensor], tuple[int, int]], tf.Tensor]
    """Parts and the size of the image -> the image."""


def split_pyramid(image: tf.Tensor) -> list[tf.Tensor]:
    """Laplacian pyramid (Burt and Adelson 1983), finest first: what each halving loses, and the last half."""
    levels = []
    for _ in range(LEVELS - 1):
        if min(image.shape[1:3]) < 4:
            break
        half = tf.image.resize(image, [-(-side // 2) for side in image.shape[1:3]], "area")
        levels.append(image - tf.image.resize(half, image.shape[1:3], "bilinear"))
        image = half
    return [*levels, image]


def join_pyramid(parts: Sequence[tf.Tensor], size: tuple[int, int]) -> tf.Tensor:
    image = parts[-1]
    for level in reversed(parts[:-1]):
        image = level + tf.image.resize(image, level.shape[1:3], "bilinear")
    return image


def split_fourier(image: tf.Tensor) -> list[tf.Tensor]:
    """Real and imaginary part of the spectrum over 1 / frequency, the spectrum of natural images (Olah et al. 2017)."""
    spectrum = tf.signal.rfft2d(tf.transpose(image, [0, 3, 1, 2])) / tf.cast(_falling(image.shape[1:3]), tf.complex64)
    return [tf.math.real(spectrum), tf.math.imag(spectrum)]


def join_fourier(parts: Sequence[tf.Tensor], size: tuple[int, int]) -> tf.Tensor:
    spectrum = tf.complex(*parts) * tf.cast(_falling(size), tf.complex64)
    return tf.transpose(tf.signal.irfft2d(spectrum, size), [0, 2, 3, 1])


def _falling(size: tuple[int, int]) -> tf.Tensor:
    """sqrt(pixels) / (1 + frequency in cycles a picture), so that a step of a size means about the same in every part."""
    height, width = size
    rows = tf.minimum(tf.range(height), height - tf.range(height))
    columns = tf.range(width // 2 + 1)
    cycles = tf.sqrt(tf.cast(rows**2, tf.float32)[:, None] + tf.cast(columns**2, tf.float32)[None, :])
    return tf.sqrt(float(height * width)) * 2.0 / (1.0 + cycles)


PARAMETERISATIONS = {
    "pixels": Parameterisation(lambda image: [image], lambda parts, size: parts[0]),
    "pyramid": Parameterisation(split_pyramid, join_pyramid),
    "fourier": Parameterisation(split_fourier, join_fourier),
}
