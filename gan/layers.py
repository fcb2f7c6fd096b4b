"""Layers that the networks share and Keras lacks. All have the second derivative that gradient penalties need, and XLA's
blessing."""

import math

import keras
import tensorflow as tf
from keras import layers, ops

from gan import noise


def register(layer: type) -> type:
    """Under the name `gan>Layer`, so that a saved network loads in safe mode."""
    return keras.saving.register_keras_serializable("gan")(layer)


def leaky_relu(x: tf.Tensor, slope: float = 0.2) -> tf.Tensor:
    """max(x, slope x), for networks whose gradient is differentiated again.

    The second derivative is 0. TensorFlow's own gradient of the gradient returns that as a tensor of zeros, and a penalty then
    computes a whole backward pass of zeros.
    """

    @tf.custom_gradient
    def activate(x: tf.Tensor):
        def backward(upstream: tf.Tensor) -> tf.Tensor:
            return tf.raw_ops.LeakyReluGrad(gradients=upstream, features=tf.stop_gradient(x), alpha=slope)

        return tf.nn.leaky_relu(x, slope), backward

    return activate(x)


@register
class LeakyReLU(layers.Layer):
    """`leaky_relu` as a layer; with a slope of 0 it is the ReLU."""

    def __init__(self, slope: float = 0.2, **options):
        super().__init__(**options)
        self.slope = slope

    def call(self, x: tf.Tensor) -> tf.Tensor:
        return leaky_relu(x, self.slope)

    def compute_output_shape(self, shape: tuple) -> tuple:
        return tuple(shape)

    def get_config(self) -> dict:
        return super().get_config() | {"slope": self.slope}


def upsample_nearest(x: tf.Tensor) -> tf.Tensor:
    """`[N, H, W, C]` -> `[N, 2H, 2W, C]` by repetition."""
    height, width = (known or tf.shape(x)[axis] for axis, known in zip((1, 2), x.shape[1:3], strict=True))
    channels = x.shape[3]
    x = tf.stack([x, x], 3)
    x = tf.stack([x, x], 2)
    return tf.reshape(x, [-1, 2 * height, 2 * width, channels])


class _Doubling(layers.Layer):
    """`[N, H, W, C]` -> `[N, 2H, 2W, C]`."""

    def compute_output_shape(self, shape: tuple) -> tuple:
        return (shape[0], *(None if side is None else 2 * side for side in shape[1:3]), shape[3])


@register
class Repeat(_Doubling):
    """Twice the size by repetition. (The gradient's gradient of Keras' own is slow on a CPU.)"""

    def call(self, x: tf.Tensor) -> tf.Tensor:
        return upsample_nearest(x)


@register
class Upsample(_Doubling):
    """Twice the size, filtered with [1, 3, 3, 1] in each direction, zeros outside (Karras et al. 2020)."""

    def call(self, x: tf.Tensor) -> tf.Tensor:
        for axis in (1, 2):
            size = x.shape[axis]
            before, after = _shift(x, axis, 1), _shift(x, axis, -1)
            shape = [-1, *x.shape[1:axis], 2 * size, *x.shape[axis + 1 :]]
            x = tf.reshape(tf.stack([0.25 * before + 0.75 * x, 0.75 * x + 0.25 * after], axis + 1), shape)
        return x


@register
class Downsample(layers.Layer):
    """Half the size, filtered with [1, 3, 3, 1] / 8 in each direction, zeros outside (Karras et al. 2020). Even sides."""

    def call(self, x: tf.Tensor) -> tf.Tensor:
        for axis in (1, 2):
            shape = [-1, *x.shape[1:axis], x.shape[axis] // 2, 2, *x.shape[axis + 1 :]]
            even, odd = tf.unstack(tf.reshape(x, shape), axis=axis + 1)
            x = 0.375 * (even + odd) + 0.125 * (_shift(odd, axis, 1) + _shift(even, axis, -1))
        return x

    def compute_output_shape(self, shape: tuple) -> tuple:
        return (shape[0], shape[1] // 2, shape[2] // 2, shape[3])


def _shift(x: tf.Tensor, axis: int, places: int) -> tf.Tensor:
    """Moved by one place along an axis, a zero coming in."""
    padding = [[0, 0]] * x.shape.rank
    padding[axis] = [1, 0] if places > 0 else [0, 1]
    begin = [0] * x.shape.rank
    begin[axis] = 0 if places > 0 else 1
    return tf.slice(tf.pad(x, padding), begin, tf.shape(x))


@register
class GroupedConv(layers.Layer):
    """3x3 convolution in groups of channels, without bias, same padding (Xie et al. 2017).

    `form`: "native" is TensorFlow's own, fast on a GPU; its gradients on a CPU take a hundred times longer than those of
    "split", one convolution a group. "auto" takes what suits the machine; both compute the same from the same weights.
    """

    def __init__(self, groups: int, form: str = "auto", kernel_initializer="glorot_uniform", **options):
        super().__init__(**options)
        if form not in ("auto", "native", "split"):
            raise ValueError(f"form must be auto, native or split. Received: {form}")
        self.groups, self.form = groups, form
        self.kernel_initializer = keras.initializers.get(kernel_initializer)

    def build(self, shape: tuple) -> None:
        channels = shape[-1]
        if channels % self.groups:
            raise ValueError(f"{self.name}: {channels} channels do not divide into {self.groups} groups")
        self.kernel = self.add_weight(
            shape=(3, 3, channels // self.groups, channels), initializer=self.kernel_initializer, name="kernel"
        )

    def call(self, x: tf.Tensor) -> tf.Tensor:
        kernel = ops.cast(self.kernel, self.compute_dtype)
        native = tf.config.list_physical_devices("GPU") if self.form == "auto" else self.form == "native"
        if native:
            return tf.nn.conv2d(x, kernel, 1, "SAME")
        parts = zip(tf.split(x, self.groups, -1), tf.split(kernel, self.groups, -1), strict=True)
        return tf.concat([tf.nn.conv2d(part, own, 1, "SAME") for part, own in parts], -1)

    def compute_output_shape(self, shape: tuple) -> tuple:
        return tuple(shape)

    def get_config(self) -> dict:
        initializer = keras.initializers.serialize(self.kernel_initializer)
        return super().get_config() | {"groups": self.groups, "form": self.form, "kernel_initializer": initializer}


@register
class Bias(layers.Layer):
    """Adds a learned value a channel, 0 at first."""

    def build(self, shape: tuple) -> None:
        self.bias = self.add_weight(shape=(shape[-1],), initializer="zeros", name="bias")

    def call(self, x: tf.Tensor) -> tf.Tensor:
        return x + ops.cast(self.bias, x.dtype)


class _Patterns(layers.Layer):
    """Holds one learned pattern `size` a channel."""

    def __init__(self, size: tuple[int, int], kernel_initializer="random_normal", **options):
        super().__init__(**options)
        self.size, self.kernel_initializer = tuple(size), keras.initializers.get(kernel_initializer)

    def build(self, shape: tuple) -> None:
        self.kernel = self.add_weight(shape=(*self.size, 1, shape[-1]), initializer=self.kernel_initializer, name="kernel")

    def get_config(self) -> dict:
        initializer = keras.initializers.serialize(self.kernel_initializer)
        return super().get_config() | {"size": self.size, "kernel_initializer": initializer}


@register
class Basis(_Patterns):
    """`[N, C]` -> `[N, *size, C]`: each channel's pattern times its number; patterns are N(0, 1) at first."""

    def __init__(self, size: tuple[int, int], kernel_initializer=None, **options):
        super().__init__(size, kernel_initializer or keras.initializers.RandomNormal(stddev=1.0), **options)

    def call(self, x: tf.Tensor) -> tf.Tensor:
        return x[:, None, None] * ops.cast(self.kernel, x.dtype)[:, :, 0]

    def compute_output_shape(self, shape: tuple) -> tuple:
        return (shape[0], *self.size, shape[1])


@register
class BasisProduct(_Patterns):
    """`[N, *size, C]` -> `[N, C]`: each channel's inner product with its pattern (a depthwise convolution of the whole map)."""

    def call(self, x: tf.Tensor) -> tf.Tensor:
        return tf.reduce_sum(x * ops.cast(self.kernel, x.dtype)[:, :, 0], [1, 2])

    def compute_output_shape(self, shape: tuple) -> tuple:
        return (shape[0], shape[3])


@register
class Dropout(layers.Layer):
    """Sets a share of the values to 0 while training and scales the rest; where, is a function of `seed` and a counted step."""

    def __init__(self, rate: float, seed: int = 0, **options):
        super().__init__(**options)
        self.rate, self.seed = rate, seed

    def build(self, shape: tuple) -> None:
        self.calls = self.add_weight(shape=(), dtype="int32", initializer="zeros", trainable=False, name="calls")

    def call(self, x: tf.Tensor, training: bool = False) -> tf.Tensor:
        if not training or self.rate == 0:
            return x
        kept = noise.uniform(tf.shape(x), self.seed, tf.convert_to_tensor(self.calls)) >= self.rate
        self.calls.assign(self.calls + 1)
        return x * tf.cast(kept, x.dtype) / (1.0 - self.rate)

    def get_config(self) -> dict:
        return super().get_config() | {"rate": self.rate, "seed": self.seed}


def spectral_normalised(kernel: tf.Tensor, u: keras.Variable, training: bool) -> tf.Tensor:
    """The kernel divided by its largest singular value, u' W v (Miyato et al. 2018, algorithm 1 and eq. 12).

    One step of power iteration a training call moves `u`. The gradient goes through the division, u and v held fixed.
    """
    kernel = tf.cast(kernel, tf.float32)
    matrix = tf.reshape(kernel, [-1, kernel.shape[-1]])
    fixed, right = tf.stop_gradient(matrix), tf.convert_to_tensor(u)
    left = tf.math.l2_normalize(right @ tf.transpose(fixed))
    if training:
        right = tf.math.l2_normalize(left @ fixed)
        u.assign(right)
    return kernel / tf.reduce_sum((left @ matrix) * tf.math.l2_normalize(right))


@register
class SpectralConv(layers.Conv2D):
    """Conv2D under spectral normalisation."""

    def build(self, shape: tuple) -> None:
        super().build(shape)
        self.u = self.add_weight(
            shape=(1, self.filters), initializer="random_normal", trainable=False, autocast=False, name="u"
        )

    def call(self, x: tf.Tensor, training: bool = False) -> tf.Tensor:
        kernel = spectral_normalised(tf.convert_to_tensor(self.kernel.value), self.u, training)
        x = self.convolution_op(x, tf.cast(kernel, self.compute_dtype))
        return x + self.bias if self.use_bias else x


@register
class SpectralDense(layers.Dense):
    """Dense under spectral normalisation."""

    def build(self, shape: tuple) -> None:
        super().build(shape)
        self.u = self.add_weight(shape=(1, self.units), initializer="random_normal", trainable=False, autocast=False, name="u")

    def call(self, x: tf.Tensor, training: bool = False) -> tf.Tensor:
        kernel = spectral_normalised(tf.convert_to_tensor(self.kernel.value), self.u, training)
        x = tf.matmul(x, tf.cast(kernel, self.compute_dtype))
        return x + self.bias if self.use_bias else x


@register
class Uniform(layers.Layer):
    """Standard normal numbers -> numbers uniform between -sqrt(3) and sqrt(3): mean 0, variance 1, as the latents of DCGAN
    are up to their scale (Radford et al. 2015)."""

    def call(self, x: tf.Tensor) -> tf.Tensor:
        return math.sqrt(3.0) * tf.math.erf(x / math.sqrt(2.0))

    def compute_output_shape(self, shape: tuple) -> tuple:
        return shape


@register
class FourierFeatures(layers.Layer):
    """`[N, D]` -> `[N, D + 2 count]`: x, sin(B x), cos(B x), B fixed and N(0, scale) (Tancik et al. 2020).

    With it a dense network tells points apart that lie 1 / scale from each other.
    """

    def __init__(self, count: int, scale: float, seed: int = 0, **options):
        super().__init__(**options)
        self.count, self.scale, self.seed = count, scale, seed

    def build(self, shape: tuple) -> None:
        frequencies = keras.initializers.RandomNormal(stddev=self.scale, seed=self.seed)
        self.frequencies = self.add_weight(
            shape=(shape[-1], self.count), initializer=frequencies, trainable=False, name="frequencies"
        )

    def call(self, x: tf.Tensor) -> tf.Tensor:
        angles = tf.matmul(x, ops.cast(self.frequencies, x.dtype))
        return tf.concat([x, tf.sin(angles), tf.cos(angles)], -1)

    def compute_output_shape(self, shape: tuple) -> tuple:
        return (shape[0], shape[1] + 2 * self.count)

    def get_config(self) -> dict:
        return super().get_config() | {"count": self.count, "scale": self.scale, "seed": self.seed}


@register
class SumPlaces(layers.Layer):
    """`[N, H, W, C]` -> `[N, C]`, the sum over places."""

    def call(self, x: tf.Tensor) -> tf.Tensor:
        return tf.reduce_sum(x, [1, 2])

    def compute_output_shape(self, shape: tuple) -> tuple:
        return (shape[0], shape[3])


@register
class MinibatchDeviation(layers.Layer):
    """Appends a channel: the mean standard deviation over groups of images (Karras et al. 2018). Shows D a lack of variety."""

    def __init__(self, group: int = 4, **options):
        super().__init__(**options)
        self.group = group

    def call(self, x: tf.Tensor) -> tf.Tensor:
        count = tf.shape(x)[0]
        group = tf.where(count % self.group == 0, tf.minimum(self.group, count), count)
        y = tf.reshape(tf.cast(x, tf.float32), tf.concat([[group, -1], tf.shape(x)[1:]], 0))
        deviation = tf.sqrt(tf.math.reduce_variance(y, 0) + 1e-8)
        one = tf.reduce_mean(deviation, [1, 2, 3], keepdims=True)
        channel = tf.tile(one, tf.concat([[group], tf.shape(x)[1:3], [1]], 0))
        return tf.concat([x, tf.cast(channel, x.dtype)], -1)

    def compute_output_shape(self, shape: tuple) -> tuple:
        return (*shape[:-1], shape[-1] + 1)

    def get_config(self) -> dict:
        return super().get_config() | {"group": self.group}
