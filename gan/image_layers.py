"""Layers of networks that turn a picture into a picture. None of them knows the picture's size beforehand."""

import tensorflow as tf
from keras import layers, ops

from gan.layers import register

EPSILON = 1e-5


def _longer(length: int | None, by: int) -> int | None:
    return None if length is None else length + by


def _scaled(length: int | None, numerator: int, denominator: int = 1) -> int | None:
    return None if length is None else length * numerator // denominator


@register
class ReflectPad(layers.Layer):
    """`[N, H, W, C]` continued by its mirror for `pad` pixels on each side, the border not repeated."""

    def __init__(self, pad: int, **options):
        super().__init__(**options)
        self.pad = pad

    def call(self, x: tf.Tensor) -> tf.Tensor:
        sides = [self.pad, self.pad]
        return tf.pad(x, [[0, 0], sides, sides, [0, 0]], "REFLECT")

    def compute_output_shape(self, shape: tuple) -> tuple:
        return (shape[0], _longer(shape[1], 2 * self.pad), _longer(shape[2], 2 * self.pad), shape[3])

    def get_config(self) -> dict:
        return super().get_config() | {"pad": self.pad}


def standardise(x: tf.Tensor) -> tf.Tensor:
    """Each channel of each image with mean 0 and variance 1, in float32 (Ulyanov et al. 2016, eq. 4)."""
    x = tf.cast(x, tf.float32)
    mean, variance = tf.nn.moments(x, [1, 2], keepdims=True)
    return (x - mean) * tf.math.rsqrt(variance + EPSILON)


@register
class InstanceNorm(layers.Layer):
    """Instance normalisation without scale and shift, as in CycleGAN; the same in training and in use."""

    def call(self, x: tf.Tensor) -> tf.Tensor:
        return tf.cast(standardise(x), x.dtype)

    def compute_output_shape(self, shape: tuple) -> tuple:
        return tuple(shape)


@register
class ConditionalInstanceNorm(layers.Layer):
    """Instance normalisation with a scale and a shift for each of several styles (Dumoulin et al. 2017, eq. 5).

    Inputs: `[N, H, W, C]` and labels `[N]`.
    """

    def __init__(self, classes: int, **options):
        super().__init__(**options)
        self.classes = classes

    def build(self, shapes: list[tuple]) -> None:
        size = (self.classes, shapes[0][-1])
        self.scale = self.add_weight(shape=size, initializer="ones", name="scale")
        self.shift = self.add_weight(shape=size, initializer="zeros", name="shift")

    def call(self, inputs: list[tf.Tensor]) -> tf.Tensor:
        x, labels = inputs
        scale, shift = (tf.gather(ops.cast(table, tf.float32), labels)[:, None, None] for table in (self.scale, self.shift))
        return tf.cast(standardise(x) * scale + shift, x.dtype)

    def compute_output_shape(self, shapes: list[tuple]) -> tuple:
        return tuple(shapes[0])

    def get_config(self) -> dict:
        return super().get_config() | {"classes": self.classes}


@register
class SpaceToDepth(layers.Layer):
    """`[N, H, W, C]` -> `[N, H / by, W / by, by * by * C]`."""

    def __init__(self, by: int, **options):
        super().__init__(**options)
        self.by = by

    def call(self, x: tf.Tensor) -> tf.Tensor:
        return tf.nn.space_to_depth(x, self.by)

    def compute_output_shape(self, shape: tuple) -> tuple:
        return (shape[0], _scaled(shape[1], 1, self.by), _scaled(shape[2], 1, self.by), shape[3] * self.by**2)

    def get_config(self) -> dict:
        return super().get_config() | {"by": self.by}


@register
class PixelShuffle(layers.Layer):
    """`[N, H, W, 4 C]` -> `[N, 2 H, 2 W, C]` (Shi et al. 2016)."""

    def call(self, x: tf.Tensor) -> tf.Tensor:
        return tf.nn.depth_to_space(x, 2)

    def compute_output_shape(self, shape: tuple) -> tuple:
        return (shape[0], _scaled(shape[1], 2), _scaled(shape[2], 2), shape[3] // 4)


def cubic(distance: float) -> float:
    """The weight of a pixel at a distance in bicubic interpolation, a = -1/2 (Keys 1981, eq. 15)."""
    t = abs(distance)
    return 1.5 * t**3 - 2.5 * t**2 + 1 if t <= 1 else max(0.0, 2 - t) ** 2 * (1 - t) / 2


def linear(distance: float) -> float:
    return max(0.0, 1 - abs(distance))


@register
class Enlarge(layers.Layer):
    """`[N, H, W, C]` enlarged `scale` times by "bicubic" or "bilinear" interpolation, borders continued by their mirror.

    Written as a sum of shifted pictures for each place between two pixels, which XLA compiles, the gradient too.
    """

    def __init__(self, scale: int, method: str = "bilinear", **options):
        super().__init__(**options)
        self.scale, self.method = scale, method
        weight = {"bicubic": cubic, "bilinear": linear}[method]
        places = [(phase + 0.5) / scale - 0.5 for phase in range(scale)]
        self.weights_of = [[weight(tap - place) for tap in (-2, -1, 0, 1, 2)] for place in places]

    def call(self, x: tf.Tensor) -> tf.Tensor:
        for axis in (1, 2):
            sizes = [known or tf.shape(x)[place] for place, known in enumerate(x.shape)]
            size, pads = sizes[axis], [[2, 2] if each == axis else [0, 0] for each in range(4)]
            padded = tf.pad(x, pads, "SYMMETRIC")
            shifted = [padded[:, tap : tap + size] if axis == 1 else padded[:, :, tap : tap + size] for tap in range(5)]
            phases = [
                tf.add_n([weight * one for weight, one in zip(weights, shifted, strict=True) if weight])
                for weights in self.weights_of
            ]
            sizes[axis] = size * self.scale
            x = tf.reshape(tf.stack(phases, axis + 1), sizes)
        return x

    def longer(self, shape: tuple, axis: int) -> tuple:
        return tuple(_scaled(size, self.scale) if place == axis else size for place, size in enumerate(shape))

    def compute_output_shape(self, shape: tuple) -> tuple:
        return self.longer(self.longer(shape, 1), 2)

    def get_config(self) -> dict:
        return super().get_config() | {"scale": self.scale, "method": self.method}


@register
class FillHoles(layers.Layer):
    """A picture with holes `[N, H, W, C + 1]` (its last channel is 1 in holes, 0 elsewhere) and a proposal `[N, H, W, C]` ->
    the picture, exactly as it is where it is known, and the proposal in the holes."""

    def call(self, inputs: list[tf.Tensor]) -> tf.Tensor:
        picture, proposal = inputs
        return tf.where(picture[..., -1:] > 0.5, proposal, tf.cast(picture[..., :-1], proposal.dtype))

    def compute_output_shape(self, shapes: list[tuple]) -> tuple:
        return tuple(shapes[1])
