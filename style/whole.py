"""Networks applied to pictures of any size: large ones in tiles, with the statistics of the whole picture.

A normalisation in a tile would take the tile's own mean and variance, and neighbours would differ in colour and contrast.
Here each gets those of the whole picture, found in tiles too, one layer after the other: the result is that of the whole
(Chen et al. 2022 take them from a small copy instead).
"""

import itertools

import keras
import numpy as np
import tensorflow as tf

from gan import tiles
from gan.image_layers import Normalising, Statistics
from style import networks

TILE = 1536
REACH = 88  # pixels that the networks look around themselves, at most


def fitted(image: np.ndarray, multiple: int) -> np.ndarray:
    """`[1, H, W, 3]` continued by its mirror, so that its sides are multiples of a number and at least eight of it."""
    image = np.asarray(image, np.float32)
    while min(image.shape[1:3]) < 8 * multiple:
        more = [min(side, max(0, 8 * multiple - side)) for side in image.shape[1:3]]
        image = np.pad(image, ((0, 0), (0, more[0]), (0, more[1]), (0, 0)), "symmetric")
    return tiles.padded(image[0], multiple)[None]


def shrunk(image: np.ndarray, pixels: int) -> np.ndarray:
    """`[1, H, W, 3]` scaled down to at most so many pixels."""
    height, width = image.shape[1:3]
    scale = (pixels / (height * width)) ** 0.5
    if scale >= 1:
        return image
    size = [max(1, round(side * scale)) for side in (height, width)]
    return tf.image.resize(image, size, "area").numpy()


def paint(network: keras.Model, compute, image: np.ndarray, inputs: list[tf.Tensor], at_once: int) -> np.ndarray:
    """What a network makes of a picture `[1, H, W, 3]` of any size, in tiles where it has more than so many pixels.

    Args:
        compute: the network, traced.
        inputs: what it is given beside the picture.
    """
    height, width = image.shape[1:3]
    fit = fitted(image, networks.multiple(network))
    if fit.shape[1] * fit.shape[2] > at_once:
        fixed = tf.function(with_statistics_of(network, fit, inputs), reduce_retracing=True)
        painted = tiles.apply(
            lambda tile: _called(fixed, tile, inputs).numpy(), fit[0], TILE, 4 * REACH, networks.multiple(network)
        )[None]
    else:
        painted = _called(compute, fit, inputs).numpy()
    return painted[:, :height, :width]


def _called(compute, image: np.ndarray, inputs: list[tf.Tensor]) -> tf.Tensor:
    return compute([tf.constant(image), *inputs] if inputs else tf.constant(image), training=False)


class Fixed(keras.layers.Layer):
    """A normalisation with given statistics instead of those of what it sees."""

    def __init__(self, layer: Normalising, statistics: Statistics):
        super().__init__(name=layer.name, dtype=layer.dtype_policy)
        self.layer, self.given = layer, statistics

    def call(self, inputs):
        return self.layer.normalised(inputs, self.given)

    def compute_output_shape(self, shapes) -> tuple:
        return self.layer.compute_output_shape(shapes)


def with_statistics_of(network: keras.Model, image: np.ndarray, inputs: list[tf.Tensor]) -> keras.Model:
    """The network with each normalisation fixed to the statistics that it has on a whole picture `[1, H, W, 3]`."""
    given: dict[str, Statistics] = {}

    def fixed(model: keras.Model) -> keras.Model:
        return keras.models.clone_model(
            model, clone_function=lambda layer: Fixed(layer, given[layer.name]) if layer.name in given else layer
        )

    for layer in network.layers:
        if isinstance(layer, Normalising):
            read = layer.input[0] if isinstance(layer.input, list) else layer.input
            before = tf.function(fixed(keras.Model(network.inputs, read)), reduce_retracing=True)
            given[layer.name] = averaged(layer, lambda part, before=before: _called(before, part, inputs), image)
    return fixed(network)


def averaged(layer: Normalising, read, image: np.ndarray) -> Statistics:
    """The statistics of a layer's input over a whole picture, from what `read` makes of its parts."""
    count, mean, second = 0, 0.0, 0.0
    for rows in parts(image.shape[1]):
        for columns in parts(image.shape[2]):
            (top, bottom), (left, right) = rows[1], columns[1]
            features = read(image[:, top:bottom, left:right])
            stride = (bottom - top) // features.shape[1]
            own = [slice((core[0] - window[0]) // stride, (core[1] - window[0]) // stride) for core, window in (rows, columns)]
            some = features[:, own[0], own[1]]
            places = some.shape[1] * some.shape[2]
            part_mean, spread = (value.numpy().astype(np.float64) for value in layer.statistics(some))
            count, mean = count + places, mean + places * part_mean
            second = second + places * (spread + _product(part_mean, spread))
    mean, second = mean / count, second / count
    return tf.constant(mean, tf.float32), tf.constant(second - _product(mean, second), tf.float32)


def _product(mean: np.ndarray, like: np.ndarray) -> np.ndarray:
    """What a variance, or a covariance, lacks to the mean of squares."""
    return mean * mean if mean.shape == like.shape else mean[:, :, None] * mean[:, None, :]


def parts(length: int) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """Parts of an axis, and the window around each in which its features are those of the whole."""
    ends = [*range(0, length, TILE), length]
    return [((start, end), (max(0, start - REACH), min(length, end + REACH))) for start, end in itertools.pairwise(ends)]
