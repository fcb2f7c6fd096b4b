"""Generators that turn a picture into a picture of any size: the U-Net of pix2pix, the ResNet of CycleGAN, SRResNet.

Normalisation in training and in use: "instance" is the same in both; "batch" takes the statistics of the batch in training and
their moving averages in use; "none" has nothing to differ. Without normalisation kernels start as He et al. 2015 say, with
it from N(0, 0.02), as published.
"""

from collections.abc import Callable
from typing import Literal

import keras
from keras import layers

from gan.errors import InputError
from gan.image_layers import (
    AddInHoles,
    ConditionalInstanceNorm,
    Enlarge,
    EnlargingConv,
    FewFilters,
    FillHoles,
    InstanceNorm,
    PixelShuffle,
    ReflectPad,
    SpaceToDepth,
    Unbounded,
)
from gan.layers import Dropout, LeakyReLU
from gan.networks.dcgan import MOMENTUM, initial

Norm = Literal["instance", "batch", "none"]
Up = Literal["transposed", "repeated"]
Initial = Callable[[], keras.initializers.Initializer]


def small_xavier() -> keras.initializers.Initializer:
    """Glorot's normal kernels times 0.02, as CUT has them."""
    return keras.initializers.VarianceScaling(0.02**2, "fan_avg", "untruncated_normal")


def he() -> keras.initializers.Initializer:
    return keras.initializers.HeNormal()


def normalised(x: keras.KerasTensor, norm: Norm, name: str) -> keras.KerasTensor:
    if norm == "instance":
        return InstanceNorm(name=name)(x)
    if norm == "batch":
        gamma = keras.initializers.RandomNormal(1.0, 0.02)
        return layers.BatchNormalization(momentum=MOMENTUM, gamma_initializer=gamma, name=name)(x)
    return x


def enlarging(up: Up, wide: int, size: int, **options) -> layers.Layer:
    """A layer that doubles height and width: a transposed convolution of this size, as published, or a 3x3 one on what is
    enlarged by repetition, against the grid that the former leaves (Odena et al. 2016)."""
    if up == "repeated":
        return EnlargingConv(wide, 3, **options)
    return layers.Conv2DTranspose(wide, size, 2, "same", **options)


def multiple(generator: keras.Model) -> int:
    """What the sides of a picture must be divisible by: 2 for each convolution that halves, and the folding of SRResNet."""
    product = 1
    for layer in generator.layers:
        if type(layer) in (layers.Conv2D, layers.AveragePooling2D):
            product *= layer.strides[0]
        elif isinstance(layer, SpaceToDepth):
            product *= layer.by
    return product


def unet(
    in_channels: int,
    out_channels: int = 3,
    width: int = 64,
    downs: int = 8,
    norm: Norm = "instance",
    dropout: float = 0.5,
    output: Literal["image", "residual", "holes"] = "image",
    up: Up = "transposed",
) -> keras.Model:
    """The generator of pix2pix (Isola et al. 2017, section 6.1.1): `[N, H, W, in]` -> `[N, H, W, out]` in [-1, 1].

    H and W must be multiples of 2^downs. 4x4 kernels; channels double from `width` to at most 8 times that. Normalised in all
    stages but the first and the innermost, whose features may be a single place. `dropout` is in the three innermost stages
    of the decoder and, other than published, in training only.

    `up`: see `enlarging`.
    `output`: "residual" adds to the picture's own channels; "holes" to those of a picture whose last channel marks holes, in
    these alone, and fills them smoothly beforehand. Both start with nothing to add.
    """
    if downs < 2:
        raise InputError(f"a U-Net needs 2 stages or more. Received: {downs}")
    start, bias = (he if norm == "none" else initial), norm == "none"
    image = keras.Input([None, None, in_channels], name="source")
    x = whole = FillHoles(dtype="float32", name="filled")(image) if output == "holes" else image

    skips = []
    for stage in range(downs):
        inner = stage == downs - 1
        if stage:
            x = LeakyReLU(0.2, name=f"leaky{stage}")(x)
        wide = width * min(2**stage, 8)
        x = layers.Conv2D(
            wide, 4, 2, "same", use_bias=bias or inner or stage == 0, kernel_initializer=start(), name=f"down{stage}"
        )(x)
        if 0 < stage < downs - 1:
            x = normalised(x, norm, f"down{stage}_norm")
        skips.append(x)
    for stage in range(downs - 1, 0, -1):
        x = layers.ReLU(name=f"relu{stage}")(
            x if stage == downs - 1 else layers.Concatenate(name=f"skip{stage}")([x, skips[stage]])
        )
        wide = width * min(2 ** (stage - 1), 8)
        x = enlarging(up, wide, 4, name=f"up{stage}", use_bias=bias, kernel_initializer=start())(x)
        x = normalised(x, norm, f"up{stage}_norm")
        if dropout and stage > downs - 4:
            x = Dropout(dropout, seed=stage, name=f"dropout{stage}")(x)
    x = layers.ReLU(name="relu0")(layers.Concatenate(name="skip0")([x, skips[0]]))
    last = initial() if output == "image" else "zeros"
    x = enlarging(up, out_channels, 4, name="up0", kernel_initializer=last)(x)
    if output == "image":
        return keras.Model(image, layers.Activation("tanh", dtype="float32", name="image")(x), name="generator")
    joined = AddInHoles if output == "holes" else layers.Add
    return keras.Model(image, joined(dtype="float32", name="image")([whole, x]), name="generator")


def resnet(
    in_channels: int = 3,
    out_channels: int = 3,
    width: int = 64,
    blocks: int = 9,
    norm: Norm = "instance",
    antialias: bool = False,
    start: Initial = initial,
    styles: int = 0,
    skip: bool = False,
    up: Up = "transposed",
) -> keras.Model:
    """The generator of CycleGAN (Zhu et al. 2017, section 7.2; Johnson et al. 2016): c7s1-64, d128, d256, R256 x 9, u128, u64,
    c7s1-3. `[N, H, W, in]` -> `[N, H, W, out]` in [-1, 1], H and W multiples of 4.

    Convolutions of stride 1 see reflections at the borders. The features "down0", "down1", "block0" and the middle block are
    those that CUT compares.

    Args:
        antialias: halve by a blur after a convolution of stride 1, double by bilinear interpolation before one, as in CUT,
            instead of strided and transposed convolutions.
        styles: normalise by instance with a scale and a shift for each of so many styles; labels `[N]` are the second input.
        skip: add to the source, which has as many channels, instead of drawing all of the picture; at first, nothing.
        up: see `enlarging`; not with antialias.
    """
    image = keras.Input([None, None, in_channels], name="source")
    labels = keras.Input([], dtype="int32", name="label") if styles else None

    def convolution(x: keras.KerasTensor, wide: int, size: int, name: str, relu: bool = True, stride: int = 1):
        pad = ReflectPad if stride == 1 else layers.ZeroPadding2D
        x = pad(size // 2, name=f"{name}_pad")(x)
        bias = norm == "none" and not styles
        x = layers.Conv2D(wide, size, stride, use_bias=bias, kernel_initializer=start(), name=name)(x)
        return normal(x, name, relu)

    def normal(x: keras.KerasTensor, name: str, relu: bool = True):
        x = ConditionalInstanceNorm(styles, name=f"{name}_norm")([x, labels]) if styles else normalised(x, norm, f"{name}_norm")
        return layers.ReLU(name=f"{name}_relu")(x) if relu else x

    x = convolution(image, width, 7, "first")
    for stage in range(2):
        wide = width << (stage + 1)
        if antialias:
            x = convolution(x, wide, 3, f"down{stage}")
            x = layers.AveragePooling2D(2, 1, "same", name=f"blur{stage}")(x)  # with the next: weights 1 2 1
            x = layers.AveragePooling2D(2, 2, "same", name=f"halve{stage}")(x)
        else:
            x = convolution(x, wide, 3, f"down{stage}", stride=2)
    for block in range(blocks):
        y = convolution(x, width * 4, 3, f"block{block}_conv0")
        y = convolution(y, width * 4, 3, f"block{block}_conv1", relu=False)
        x = layers.Add(name=f"block{block}")([x, y])
    for stage in (1, 0):
        wide = width << stage
        if antialias:
            x = convolution(Enlarge(2, name=f"double{stage}")(x), wide, 3, f"up{stage}")
        else:
            options = {"use_bias": norm == "none" and not styles, "kernel_initializer": start(), "name": f"up{stage}"}
            x = normal(enlarging(up, wide, 3, **options)(x), f"up{stage}")
    x = ReflectPad(3, name="rgb_pad")(x)
    x = FewFilters(out_channels, 7, kernel_initializer="zeros" if skip else start(), name="rgb")(x)
    if skip:
        x = layers.Add(name="added")([Unbounded(dtype="float32", name="unbounded")(image), x])
    x = layers.Activation("tanh", dtype="float32", name="image")(x)
    return keras.Model([image, labels] if styles else image, x, name="generator")


def srresnet(
    scale: int = 4, width: int = 64, blocks: int = 16, norm: Norm = "batch", fold: int = 1, channels: int = 3
) -> keras.Model:
    """SRResNet (Ledig et al. 2017, figure 4): `[N, H, W, C]` -> `[N, scale H, scale W, C]`, nominally in [-1, 1].

    Departures: what it computes is added to the bicubic enlargement (at scale 1, to the picture), and its last kernels are 0,
    so that it starts as that; with `fold` it computes at 1 / fold of the picture's resolution, as Zhang et al. 2018 do for
    denoising, and sides must be multiples of it. `norm="none"`: as Lim et al. 2017, blocks scaled by 0.1.
    """
    doublings = (scale * fold).bit_length() - 1
    if scale * fold != 1 << doublings or scale < 1:
        raise InputError(f"SRResNet enlarges by powers of 2. Received: scale={scale}, fold={fold}")
    bias = norm == "none"

    def convolution(x: keras.KerasTensor, wide: int, size: int, name: str, biased: bool = True):
        return layers.Conv2D(wide, size, padding="same", use_bias=biased, kernel_initializer=he(), name=name)(x)

    def prelu(x: keras.KerasTensor, name: str):
        return layers.PReLU(keras.initializers.Constant(0.25), shared_axes=[1, 2], name=name)(x)

    image = keras.Input([None, None, channels], name="source")
    x = SpaceToDepth(fold, name="fold")(image) if fold > 1 else image
    first = x = prelu(convolution(x, width, 9 if fold == 1 else 5, "first"), "first_relu")
    for block in range(blocks):
        y = prelu(
            normalised(convolution(x, width, 3, f"block{block}_conv0", bias), norm, f"block{block}_norm0"), f"block{block}_relu"
        )
        y = convolution(y, width, 3, f"block{block}_conv1", bias)
        y = (
            normalised(y, norm, f"block{block}_norm1")
            if norm != "none"
            else layers.Rescaling(0.1, name=f"block{block}_scale")(y)
        )
        x = layers.Add(name=f"block{block}")([x, y])
    x = layers.Add(name="body")([first, normalised(convolution(x, width, 3, "last_conv", bias), norm, "last_norm")])
    for stage in range(doublings):
        x = prelu(PixelShuffle(name=f"shuffle{stage}")(convolution(x, 4 * width, 3, f"up{stage}")), f"up{stage}_relu")
    x = FewFilters(channels, 9 if scale > 1 else 3, padding="same", kernel_initializer="zeros", name="rgb")(x)
    beside = Enlarge(scale, "bicubic", name="bicubic")(image) if scale > 1 else image
    x = layers.Add(name="residual")([beside, x])
    return keras.Model(image, layers.Activation("linear", dtype="float32", name="image")(x), name="generator")
