"""Layers of networks that turn a picture into a picture. None of them knows the picture's size beforehand."""

import tensorflow as tf
from keras import layers, ops

from gan.layers import register

EPSILON = 1e-5
LEVELS = 12  # halvings: holes of up to 4096 pixels


def _longer(length: int | None, by: int) -> int | None:
    return None if length is None else length + by


def _scaled(length: int | None, numerator: int, denominator: int = 1) -> int | None:
    return None if length is None else length * numerator // denominator


@register
class ReflectPad(layers.Layer):
    """`[N, H, W, C]` continued by its mirror, the border not repeated.

    Args:
        pad: pixels on each side, or (above and left, below and right).
    """

    def __init__(self, pad: int | tuple[int, int], **options):
        super().__init__(**options)
        self.pad = pad
        self.sides = [pad, pad] if isinstance(pad, int) else list(pad)

    def call(self, x: tf.Tensor) -> tf.Tensor:
        return tf.pad(x, [[0, 0], self.sides, self.sides, [0, 0]], "REFLECT")

    def compute_output_shape(self, shape: tuple) -> tuple:
        return (shape[0], *(_longer(side, sum(self.sides)) for side in shape[1:3]), shape[3])

    def get_config(self) -> dict:
        return super().get_config() | {"pad": self.pad}


Statistics = tuple[tf.Tensor, tf.Tensor]


def moments(x: tf.Tensor) -> Statistics:
    """Mean and variance of each channel of each image, `[N, 1, 1, C]` in float32."""
    return tf.nn.moments(tf.cast(x, tf.float32), [1, 2], keepdims=True)


def standardise(x: tf.Tensor, statistics: Statistics | None = None) -> tf.Tensor:
    """Each channel of each image with mean 0 and variance 1, in float32 (Ulyanov et al. 2016, eq. 4)."""
    mean, variance = statistics or moments(x)
    return (tf.cast(x, tf.float32) - mean) * tf.math.rsqrt(variance + EPSILON)


def of_one(x: tf.Tensor, scale: tf.Tensor, shift: tf.Tensor) -> tf.Tensor:
    """`standardise` of one picture `[1, H, W, C]`, times `scale` and plus `shift`, `[C]` both, in its dtype.

    For one picture it is batch normalisation, for which there is a single operation, four times as fast.
    """
    return tf.raw_ops.FusedBatchNormV3(x=x, scale=scale, offset=shift, mean=[], variance=[], epsilon=EPSILON).y


class Normalising(layers.Layer):
    """A layer that relates each place of its first input to that picture's statistics, which `style.whole` can give it.

    A subclass has `normalised(inputs, statistics)`, its output.
    """

    def statistics(self, x: tf.Tensor) -> Statistics:
        """The mean of the features `[N, H, W, C]`, and their variance or covariance."""
        return moments(x)

    def call(self, inputs) -> tf.Tensor:
        return self.normalised(inputs, self.statistics(inputs[0] if isinstance(inputs, list | tuple) else inputs))

    def compute_output_shape(self, shapes) -> tuple:
        return tuple(shapes[0] if isinstance(shapes[0], list | tuple) else shapes)


@register
class InstanceNorm(Normalising):
    """Instance normalisation, the same in training and in use; without scale and shift, as in CycleGAN, or with (`affine`)."""

    def __init__(self, affine: bool = False, **options):
        super().__init__(**options)
        self.affine = affine

    def build(self, shape: tuple) -> None:
        if self.affine:
            self.scale = self.add_weight(shape=[shape[-1]], initializer="ones", name="scale")
            self.shift = self.add_weight(shape=[shape[-1]], initializer="zeros", name="shift")

    def call(self, x: tf.Tensor) -> tf.Tensor:
        if x.shape[0] != 1:
            return super().call(x)
        scale, shift = (self.scale, self.shift) if self.affine else (tf.ones(x.shape[-1:]), tf.zeros(x.shape[-1:]))
        return of_one(x, ops.cast(scale, tf.float32), ops.cast(shift, tf.float32))

    def normalised(self, inputs: tf.Tensor, statistics: Statistics) -> tf.Tensor:
        x = standardise(inputs, statistics)
        if self.affine:
            x = x * ops.cast(self.scale, tf.float32) + ops.cast(self.shift, tf.float32)
        return tf.cast(x, inputs.dtype)

    def get_config(self) -> dict:
        return super().get_config() | {"affine": self.affine}


@register
class ConditionalInstanceNorm(Normalising):
    """Instance normalisation with a scale and a shift for each of several styles (Dumoulin et al. 2017, eq. 5).

    Inputs: `[N, H, W, C]`, and labels `[N]`, or shares `[N, classes]` that mix the styles.
    """

    def __init__(self, classes: int, **options):
        super().__init__(**options)
        self.classes = classes

    def build(self, shapes: list[tuple]) -> None:
        size = (self.classes, shapes[0][-1])
        self.scale = self.add_weight(shape=size, initializer="ones", name="scale")
        self.shift = self.add_weight(shape=size, initializer="zeros", name="shift")

    def call(self, inputs: list[tf.Tensor]) -> tf.Tensor:
        if inputs[0].shape[0] != 1:
            return super().call(inputs)
        scale, shift = self.chosen(inputs[1])
        return of_one(inputs[0], scale[0], shift[0])

    def normalised(self, inputs: list[tf.Tensor], statistics: Statistics) -> tf.Tensor:
        scale, shift = self.chosen(inputs[1])
        return tf.cast(standardise(inputs[0], statistics) * scale[:, None, None] + shift[:, None, None], inputs[0].dtype)

    def chosen(self, wanted: tf.Tensor) -> list[tf.Tensor]:
        """Scale and shift `[N, C]` of labels or shares."""
        tables = [ops.cast(table, tf.float32) for table in (self.scale, self.shift)]
        mixed = wanted.shape.rank == 2
        return [tf.cast(wanted, tf.float32) @ table if mixed else tf.gather(table, wanted) for table in tables]

    def get_config(self) -> dict:
        return super().get_config() | {"classes": self.classes}


@register
class Unbounded(layers.Layer):
    """Pictures in [-1, 1] as numbers that tanh brings back, a little paler: atanh(0.97 x)."""

    def call(self, x: tf.Tensor) -> tf.Tensor:
        return tf.math.atanh(0.97 * tf.cast(x, tf.float32))

    def compute_output_shape(self, shape: tuple) -> tuple:
        return tuple(shape)


@register
class FewFilters(layers.Conv2D):
    """The same as `Conv2D` without strides, two to three times as fast for three filters of 7 x 7 and 9 x 9.

    The processor computes 16 filters in the time of one. So each becomes four, one for each place of a 2 x 2 block of the
    output: copies shifted in a kernel larger by one, which moves by two places.
    """

    def convolution_op(self, inputs: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
        if self.padding == "same":
            inputs = tf.pad(inputs, [[0, 0], *([(edge - 1) // 2, edge // 2] for edge in self.kernel_size), [0, 0]])
        known, now = inputs.shape[1:3], tf.shape(inputs)[1:3]
        sides = [now[axis] if known[axis] is None else known[axis] for axis in (0, 1)]
        size = [side - edge + 1 for side, edge in zip(sides, self.kernel_size, strict=True)]
        odd = [side % 2 for side in size]
        whole = all(isinstance(side, int) and side == 0 for side in odd)
        if not whole:
            inputs = tf.pad(inputs, [[0, 0], [0, odd[0]], [0, odd[1]], [0, 0]])
        shifted = [tf.pad(kernel, [[i, 1 - i], [j, 1 - j], [0, 0], [0, 0]]) for i in (0, 1) for j in (0, 1)]
        result = tf.nn.depth_to_space(tf.nn.conv2d(inputs, tf.concat(shifted, -1), 2, "VALID"), 2)
        return result if whole else result[:, : size[0], : size[1]]


@register
class EnlargingConv(layers.Conv2D):
    """`Conv2D` of 3 x 3 on a picture twice as large by repetition, continued by its mirror: `[N, H, W, C]` -> `[N, 2H, 2W, F]`.

    Of the nine places that a filter sees at most four differ. So the kernel is summed to 2 x 2 on the small picture, for each
    place of a 2 x 2 block of the output (sub-pixel convolution, Shi et al. 2016): 4/9 of the work, and nothing to enlarge.
    """

    def convolution_op(self, inputs: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
        small = tf.pad(inputs, [[0, 0], [1, 1], [1, 1], [0, 0]], "SYMMETRIC")  # as the mirror of the large one begins
        kernels = [columns for rows in _pairs(kernel, 0) for columns in _pairs(rows, 1)]
        blocks = tf.split(tf.nn.conv2d(small, tf.concat(kernels, -1), 1, "VALID"), 4, -1)
        first, second = slice(None, -1), slice(1, None)
        places = ((first, first), (first, second), (second, first), (second, second))
        moved = [block[:, down, right] for block, (down, right) in zip(blocks, places, strict=True)]
        return tf.nn.depth_to_space(tf.concat(moved, -1), 2)

    def compute_output_shape(self, shape: tuple) -> tuple:
        return (shape[0], *(_scaled(side, 2) for side in shape[1:3]), self.filters)


def _pairs(kernel: tf.Tensor, axis: int) -> list[tf.Tensor]:
    """Three lines as two for either place of a block: the first sees the same in its last two, the second in its first two."""
    a, b, c = tf.unstack(kernel, axis=axis)
    return [tf.stack([a, b + c], axis), tf.stack([a + b, c], axis)]


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
    """A picture with holes `[N, H, W, C + 1]`, its last channel 1 in holes and 0 elsewhere -> the same with the holes filled.

    Pull and push (Gortler et al. 1996, section 3.4): known pixels are averaged over ever larger squares, and each hole is
    filled by the smallest square that knows something. What is known stays exactly as it is.
    """

    def call(self, x: tf.Tensor) -> tf.Tensor:
        holes = x[..., -1:]
        levels = [(x[..., :-1] * (1 - holes), 1 - holes)]  # colours times how much is known, and how much is
        for _ in range(LEVELS):
            colours, known = (tf.nn.avg_pool2d(each, 2, 2, "SAME") for each in levels[-1])
            enough = tf.minimum(4 * known, 1)  # one of four pixels tells all there is
            levels.append((colours / tf.maximum(known, 1e-8) * enough, enough))
        filled = levels[-1][0]
        for colours, known in levels[-2::-1]:
            filled = colours + (1 - known) * tf.image.resize(filled, tf.shape(colours)[1:3], "bilinear")
        return tf.concat([filled, holes], -1)

    def compute_output_shape(self, shape: tuple) -> tuple:
        return tuple(shape)


@register
class AddInHoles(layers.Layer):
    """A picture with holes `[N, H, W, C + 1]` and what to add in them `[N, H, W, C]` -> the picture, `[N, H, W, C]`."""

    def call(self, inputs: list[tf.Tensor]) -> tf.Tensor:
        picture, correction = inputs
        return picture[..., :-1] + tf.where(picture[..., -1:] > 0.5, tf.cast(correction, picture.dtype), 0)

    def compute_output_shape(self, shapes: list[tuple]) -> tuple:
        return tuple(shapes[1])
