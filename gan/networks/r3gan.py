"""The networks of R3GAN (Huang et al. 2024, section 4): symmetric residual networks without normalisation.

A block is 1x1 (C -> 2C), leaky ReLU, 3x3 in groups, leaky ReLU, 1x1 (2C -> C), added to its input. Initialisation keeps the
variance of a stack of L blocks in bounds without normalisation (Zhang et al. 2019): factor L^(-1/4), last layer of a block
0. Train with the relativistic pairing loss and R1 + R2 (`gan.losses`, `gan.penalties`).

Departures: any sides that halve evenly down to 4..16 and any number of channels.
"""

import math

import keras
from keras import layers

from gan import conditions
from gan.errors import InputError
from gan.layers import Basis, BasisProduct, Bias, Downsample, GroupedConv, LeakyReLU, Upsample
from gan.networks.resnet import doublings

SLOPE = 0.2
GAIN = math.sqrt(2.0 / (1.0 + SLOPE**2))
EXPANSION = 2
EMBEDDING = 64


def initial(gain: float = 1.0) -> keras.initializers.Initializer:
    """N(0, gain / sqrt(fan in))."""
    return keras.initializers.VarianceScaling(gain**2, "fan_in", "untruncated_normal")


def _convolution(filters: int, name: str, gain: float = 1.0, bias: bool = False) -> layers.Layer:
    return layers.Conv2D(filters, 1, use_bias=bias, kernel_initializer=initial(gain), name=name)


def _block(x: keras.KerasTensor, group_width: int, total_blocks: int, name: str) -> keras.KerasTensor:
    """The residual block; the biases before the activations are those of the activations in the paper."""
    channels, gain = x.shape[-1], GAIN * total_blocks**-0.25
    wide = EXPANSION * channels
    y = _convolution(wide, f"{name}_expand", gain, bias=True)(x)
    y = LeakyReLU(SLOPE, name=f"{name}_relu0")(y)
    y = GroupedConv(wide // min(group_width, wide), kernel_initializer=initial(gain), name=f"{name}_grouped")(y)
    y = LeakyReLU(SLOPE, name=f"{name}_relu1")(Bias(name=f"{name}_bias")(y))
    y = layers.Conv2D(channels, 1, use_bias=False, kernel_initializer="zeros", name=f"{name}_reduce")(y)
    return layers.Add(name=name)([x, y])


def _blocks(x: keras.KerasTensor, count: int, group_width: int, total_blocks: int, name: str) -> keras.KerasTensor:
    """The blocks of one resolution; the last has the stage's name."""
    for block in range(count - 1):
        x = _block(x, group_width, total_blocks, f"{name}_block{block}")
    return _block(x, group_width, total_blocks, name)


def base_of(image_shape: tuple[int, int, int], widths: tuple[int, ...]) -> tuple[int, int]:
    """The base of the image's sides; there must be one width for it and one for each doubling.

    Raises:
        InputError: other sides or numbers of widths.
    """
    count, base = doublings(image_shape)
    if len(widths) != count + 1:
        raise InputError(
            f"{image_shape[0]} x {image_shape[1]} images need {count + 1} widths, from the base of {base[0]} x {base[1]} up. "
            f"Received: {widths}"
        )
    return base


def generator(
    image_shape: tuple[int, int, int],
    widths: tuple[int, ...] = (128, 128, 64),
    blocks: int = 1,
    group_width: int = 16,
    latent_dim: int = 64,
    classes: int = 0,
) -> keras.Model:
    """Latents `[N, latent_dim]` -> images `[N, H, W, C]`, not bounded to [-1, 1] by any function, as published.

    `widths`: channels from the lowest to the highest resolution. `blocks`: residual blocks a stage.
    """
    base = base_of(image_shape, widths)
    z = keras.Input([latent_dim], name="z")
    inputs, x = [z], z
    if classes:
        inputs = [z, conditions.label_input()]
        label = conditions.OneHot(classes, name="label")(inputs[1])
        label = layers.Dense(EMBEDDING, use_bias=False, kernel_initializer=initial(math.sqrt(classes)), name="embedding")(label)
        x = layers.Concatenate(name="z_and_label")([z, label])
    x = layers.Dense(widths[0], use_bias=False, kernel_initializer=initial(), name="project")(x)
    x = Basis(base, name="basis")(x)
    for stage, width in enumerate(widths):
        if stage:
            x = x if x.shape[-1] == width else _convolution(width, f"widen{stage}")(x)
            x = Upsample(name=f"up{stage}")(x)
        x = _blocks(x, blocks, group_width, blocks * len(widths), f"stage{stage}")
    x = _convolution(image_shape[2], "rgb")(x)
    return keras.Model(
        conditions.one_or_all(inputs), layers.Activation("linear", dtype="float32", name="image")(x), name="generator"
    )


def discriminator(
    image_shape: tuple[int, int, int],
    widths: tuple[int, ...] = (128, 128, 64),
    blocks: int = 1,
    group_width: int = 16,
    classes: int = 0,
    condition: str = "none",
) -> keras.Model:
    """Images `[N, H, W, C]` -> logits `[N, 1]`: the generator mirrored, `widths` in the same order.

    "projection" is the paper's: the inner product of features and the label's embedding, without an unconditional term.
    """
    base = base_of(image_shape, widths)
    inputs, x = conditions.images(image_shape, classes, condition)
    x = _convolution(widths[-1], "from_rgb")(x)
    for stage in reversed(range(len(widths))):
        x = _blocks(x, blocks, group_width, blocks * len(widths), f"stage{stage}")
        if stage:
            x = Downsample(name=f"down{stage}")(x)
            x = x if x.shape[-1] == widths[stage - 1] else _convolution(widths[stage - 1], f"widen{stage}")(x)
    features = BasisProduct(base, kernel_initializer=initial(), name="features")(x)

    def dense(units: int, name: str, gain: float = 1.0) -> layers.Layer:
        return layers.Dense(units, use_bias=False, kernel_initializer=initial(gain), dtype="float32", name=name)

    if condition == "projection":
        label = conditions.OneHot(classes, dtype="float32", name="label")(inputs[1])
        embedded = dense(widths[0], "embedding", gain=math.sqrt(classes / widths[0]))(label)
        logits = layers.Dot(1, dtype="float32", name="logits")([dense(widths[0], "linear")(features), embedded])
    else:
        logits = dense(1, "logits")(features)
        if condition == "auxiliary-classifier":
            logits = [logits, dense(classes, "class_logits")(features)]
    return keras.Model(conditions.one_or_all(inputs), logits, name="discriminator")
