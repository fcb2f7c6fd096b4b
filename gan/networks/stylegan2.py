"""StyleGAN2 (Karras et al. 2020): a mapping network, convolutions modulated by its output, noise, and skip connections to RGB.

All weights are N(0, 1) and scaled when used, so that Adam moves each by its own size (equalised learning rate).

Departures: upsampling comes before the convolution instead of inside it; style mixing takes the second style from the
neighbour in the batch; no path length regularisation. Any sides that halve evenly down to 4..16 and any number of channels.
"""

import math

import keras
import tensorflow as tf
from keras import layers, ops

from gan import conditions, noise
from gan.layers import Bias, Downsample, MinibatchDeviation, Upsample, leaky_relu, register
from gan.networks.resnet import doublings

STYLE_MIXING = 0.9
MAPPING_RATE = 0.01


class _Equalised(layers.Layer):
    """A kernel of N(0, 1 / rate), used times rate / sqrt(fan in); bias 0, used times rate; then leaky ReLU times sqrt 2 if
    asked."""

    def __init__(
        self, units: int, activated: bool = True, rate: float = 1.0, use_bias: bool = True, bias: float = 0.0, **options
    ):
        super().__init__(**options)
        self.units, self.activated, self.rate, self.use_bias, self.start = units, activated, rate, use_bias, bias

    def add_kernel(self, *shape: int) -> None:
        self.scale = self.rate / math.sqrt(math.prod(shape[:-1]))
        self.kernel = self.add_weight(
            shape=shape, initializer=keras.initializers.RandomNormal(stddev=1.0 / self.rate), name="kernel"
        )
        if self.use_bias:
            initializer = keras.initializers.Constant(self.start / self.rate)
            self.bias = self.add_weight(shape=(self.units,), initializer=initializer, name="bias")

    def scaled(self) -> tf.Tensor:
        return ops.cast(self.kernel * self.scale, self.compute_dtype)

    def finished(self, x: tf.Tensor) -> tf.Tensor:
        x = x + ops.cast(self.bias * self.rate, x.dtype) if self.use_bias else x
        return leaky_relu(x) * math.sqrt(2.0) if self.activated else x

    def get_config(self) -> dict:
        own = {
            "units": self.units,
            "activated": self.activated,
            "rate": self.rate,
            "use_bias": self.use_bias,
            "bias": self.start,
        }
        return super().get_config() | own


@register
class EqualisedDense(_Equalised):
    """`[N, C]` -> `[N, units]`."""

    def build(self, shape: tuple) -> None:
        self.add_kernel(shape[-1], self.units)

    def call(self, x: tf.Tensor) -> tf.Tensor:
        return self.finished(tf.matmul(x, self.scaled()))

    def compute_output_shape(self, shape: tuple) -> tuple:
        return (*shape[:-1], self.units)


@register
class EqualisedConv(_Equalised):
    """`[N, H, W, C]` -> `[N, H, W, units]`, same padding."""

    def __init__(self, units: int, size: int = 3, **options):
        super().__init__(units, **options)
        self.size = size

    def build(self, shape: tuple) -> None:
        self.add_kernel(self.size, self.size, shape[-1], self.units)

    def call(self, x: tf.Tensor) -> tf.Tensor:
        return self.finished(tf.nn.conv2d(x, self.scaled(), 1, "SAME"))

    def compute_output_shape(self, shape: tuple) -> tuple:
        return (*shape[:-1], self.units)

    def get_config(self) -> dict:
        return super().get_config() | {"size": self.size}


@register
class ModulatedConv(EqualisedConv):
    """Convolution whose input channels are scaled by a style, its output channels to unit size again (Karras et al. 2020,
    eq. 1, 3).

    Scaling input and output is the same as scaling a kernel for each image, and one convolution does the batch.
    """

    def __init__(self, units: int, demodulated: bool = True, **options):
        super().__init__(units, **options)
        self.demodulated = demodulated

    def build(self, shapes: list) -> None:
        super().build(shapes[0])

    def call(self, inputs: list) -> tf.Tensor:
        x, style = inputs
        x = tf.nn.conv2d(x * style[:, None, None], self.scaled(), 1, "SAME")
        if self.demodulated:
            squares = tf.reduce_sum(tf.square(ops.cast(self.kernel * self.scale, "float32")), [0, 1])
            size = tf.square(ops.cast(style, "float32")) @ squares
            x = x * tf.cast(tf.math.rsqrt(size + 1e-8), x.dtype)[:, None, None]
        return x

    def compute_output_shape(self, shapes: list) -> tuple:
        return (*shapes[0][:-1], self.units)

    def get_config(self) -> dict:
        return super().get_config() | {"demodulated": self.demodulated}


@register
class NoiseAndBias(layers.Layer):
    """Adds one noise image, a learned strength (0 at first) and a bias, then leaky ReLU times sqrt 2.

    The noise is fresh at each call in training and always the same one outside of it.
    """

    def __init__(self, seed: int = 0, **options):
        super().__init__(**options)
        self.seed = seed

    def build(self, shape: tuple) -> None:
        self.strength = self.add_weight(shape=(), initializer="zeros", name="strength")
        self.bias = self.add_weight(shape=(shape[-1],), initializer="zeros", name="bias")
        self.calls = self.add_weight(shape=(), dtype="int32", initializer="zeros", trainable=False, name="calls")

    def call(self, x: tf.Tensor, training: bool = False) -> tf.Tensor:
        if training:
            self.calls.assign(self.calls + 1)
            drawn = noise.normal([tf.shape(x)[0], *x.shape[1:3], 1], self.seed, tf.convert_to_tensor(self.calls))
        else:
            drawn = noise.normal([1, *x.shape[1:3], 1], self.seed, 0)
        x = x + tf.cast(drawn, x.dtype) * ops.cast(self.strength, x.dtype) + ops.cast(self.bias, x.dtype)
        return leaky_relu(x) * math.sqrt(2.0)

    def get_config(self) -> dict:
        return super().get_config() | {"seed": self.seed}


@register
class Normalise(layers.Layer):
    """Each row to a mean square of 1."""

    def call(self, z: tf.Tensor) -> tf.Tensor:
        return z * tf.math.rsqrt(tf.reduce_mean(tf.square(z), -1, keepdims=True) + 1e-8)


@register
class Styles(layers.Layer):
    """w `[N, D]` -> one w a layer `[N, count, D]`: mixed while training, truncated outside of it.

    Mixing (Karras et al. 2019, section 3.1): of `STYLE_MIXING` of the images, the layers from a random one on follow
    another w. Truncation (section 3.3 there): w moves towards the mean of all; `psi` is the share of the distance that is
    left, 1 at first: `generator.get_layer("styles").psi.assign(0.7)`.
    """

    def __init__(self, count: int, seed: int = 0, **options):
        super().__init__(**options)
        self.count, self.seed = count, seed

    def build(self, shape: tuple) -> None:
        self.mean = self.add_weight(shape=(shape[-1],), initializer="zeros", trainable=False, autocast=False, name="mean")
        self.psi = self.add_weight(shape=(), initializer="ones", trainable=False, autocast=False, name="psi")
        self.calls = self.add_weight(shape=(), dtype="int32", initializer="zeros", trainable=False, name="calls")

    def call(self, w: tf.Tensor, training: bool = False) -> tf.Tensor:
        if not training:
            mean = ops.cast(self.mean, w.dtype)
            w = mean + ops.cast(self.psi, w.dtype) * (w - mean)
            return tf.tile(w[:, None], [1, self.count, 1])
        self.mean.assign(0.995 * self.mean + 0.005 * tf.reduce_mean(tf.cast(w, tf.float32), 0))
        self.calls.assign(self.calls + 1)
        drawn = noise.uniform([2, tf.shape(w)[0]], self.seed, tf.convert_to_tensor(self.calls))
        start = tf.where(drawn[0] < STYLE_MIXING, 1.0 + tf.floor(drawn[1] * (self.count - 1)), float(self.count))
        own = tf.range(self.count, dtype=tf.float32)[None] < start[:, None]
        return tf.where(own[..., None], w[:, None], tf.roll(w, 1, 0)[:, None])

    def compute_output_shape(self, shape: tuple) -> tuple:
        return (shape[0], self.count, shape[1])

    def get_config(self) -> dict:
        return super().get_config() | {"count": self.count, "seed": self.seed}


@register
class Constant(layers.Layer):
    """The learned image `[*size, channels]` that synthesis starts from, once for each row of its input."""

    def __init__(self, size: tuple[int, int], channels: int, **options):
        super().__init__(**options)
        self.size, self.channels = tuple(size), channels

    def build(self, shape: tuple) -> None:
        initializer = keras.initializers.RandomNormal(stddev=1.0)
        self.constant = self.add_weight(shape=(*self.size, self.channels), initializer=initializer, name="constant")

    def call(self, w: tf.Tensor) -> tf.Tensor:
        return tf.tile(ops.cast(self.constant, w.dtype)[None], [tf.shape(w)[0], 1, 1, 1])

    def compute_output_shape(self, shape: tuple) -> tuple:
        return (shape[0], *self.size, self.channels)

    def get_config(self) -> dict:
        return super().get_config() | {"size": self.size, "channels": self.channels}


def widths_of(count: int, width: int, most: int) -> list[int]:
    """Channels of each resolution, from the lowest: `width` at the highest, doubled at each halving up to `most`."""
    return [min(width << (count - stage), most) for stage in range(count + 1)]


def generator(
    image_shape: tuple[int, int, int],
    latent_dim: int = 512,
    width: int = 64,
    most: int = 512,
    mapping_layers: int = 8,
    classes: int = 0,
) -> keras.Model:
    """Latents `[N, latent_dim]` -> images `[N, H, W, C]`, not bounded to [-1, 1] by any function, as published.

    Layers to read or to move: `w` (the mapping's output), `styles` (truncation), `stage0`, `stage1`, ... (each resolution's
    features).
    """
    count, base = doublings(image_shape)
    widths = widths_of(count, width, most)
    z = keras.Input([latent_dim], name="z")
    inputs, x = [z], Normalise(name="normalise")(z)
    if classes:
        inputs = [z, conditions.label_input()]
        label = EqualisedDense(latent_dim, activated=False, name="embedding")(
            conditions.OneHot(classes, name="label")(inputs[1])
        )
        x = layers.Concatenate(name="z_and_label")([x, Normalise(name="normalise_label")(label)])
    for index in range(mapping_layers):
        name = "w" if index == mapping_layers - 1 else f"mapping{index}"
        x = EqualisedDense(latent_dim, rate=MAPPING_RATE, name=name)(x)
    styles = Styles(1 + 2 * count + 1, name="styles")(x)

    def modulated(x, place: int, filters: int, name: str, size: int = 3, demodulated: bool = True):
        style = EqualisedDense(x.shape[-1], activated=False, bias=1.0, name=f"{name}_style")(styles[:, place])
        return ModulatedConv(filters, size=size, demodulated=demodulated, activated=False, use_bias=False, name=name)(
            [x, style]
        )

    x = Constant(base, widths[0], name="constant")(x)
    rgb = None
    for stage, filters in enumerate(widths):
        if stage:
            x = modulated(Upsample(name=f"up{stage}")(x), 2 * stage - 1, filters, f"stage{stage}_conv0")
            x = NoiseAndBias(seed=2 * stage, name=f"stage{stage}_noise0")(x)
        x = modulated(x, 2 * stage, filters, f"stage{stage}_conv1")
        x = NoiseAndBias(seed=2 * stage + 1, name=f"stage{stage}")(x)
        part = modulated(x, 2 * stage + 1, image_shape[2], f"rgb{stage}", size=1, demodulated=False)
        part = Bias(name=f"rgb{stage}_bias")(part)
        rgb = part if rgb is None else layers.Add(name=f"skip{stage}")([Upsample(name=f"rgb_up{stage}")(rgb), part])
    return keras.Model(
        conditions.one_or_all(inputs), layers.Activation("linear", dtype="float32", name="image")(rgb), name="generator"
    )


def discriminator(
    image_shape: tuple[int, int, int], width: int = 64, most: int = 512, classes: int = 0, condition: str = "none"
) -> keras.Model:
    """Images `[N, H, W, C]` -> logits `[N, 1]`: residual blocks that halve, then the batch's deviation, a convolution and a
    dense layer."""
    count, _ = doublings(image_shape)
    widths = widths_of(count, width, most)
    inputs, x = conditions.images(image_shape, classes, condition)
    x = EqualisedConv(widths[-1], size=1, name="from_rgb")(x)
    for stage in reversed(range(1, count + 1)):
        name = f"stage{stage}"
        y = EqualisedConv(widths[stage], name=f"{name}_conv0")(x)
        y = EqualisedConv(widths[stage - 1], name=f"{name}_conv1")(Downsample(name=f"{name}_down")(y))
        short = EqualisedConv(widths[stage - 1], size=1, activated=False, use_bias=False, name=f"{name}_short")(
            Downsample(name=f"{name}_short_down")(x)
        )
        x = layers.Average(name=f"{name}_mean")([y, short])
        x = layers.Rescaling(math.sqrt(2.0), name=name)(x)
    x = EqualisedConv(widths[0], name="stage0")(MinibatchDeviation(name="deviation")(x))
    features = EqualisedDense(widths[0], name="features")(layers.Flatten(name="flatten")(x))
    outputs = conditions.logits(inputs, features, classes, condition, keras.initializers.RandomNormal(stddev=widths[0] ** -0.5))
    return keras.Model(conditions.one_or_all(inputs), outputs, name="discriminator")
