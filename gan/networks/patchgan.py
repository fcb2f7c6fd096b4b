"""PatchGAN, a discriminator that judges overlapping patches of a picture (Isola et al. 2017, section 6.1.2), and the heads
that CUT compares patches by."""

from collections.abc import Sequence

import keras
from keras import layers

from gan.layers import LeakyReLU
from gan.networks.dcgan import initial
from gan.networks.translation import Initial, Norm, normalised


def discriminator(
    channels: int = 3, width: int = 64, downs: int = 3, norm: Norm = "instance", start: Initial = initial, classes: int = 1
) -> keras.Model:
    """Pictures `[N, H, W, channels]` in [-1, 1] -> logits `[N, h, w, classes]`, one a patch: C64-C128-C256-C512 and one more.

    Patches are of 70 x 70 pixels with 3 `downs`, 34 with 2, 16 with 1. What a picture was made from may be a part of its
    channels. The first convolution is not normalised.
    """
    image = keras.Input([None, None, channels], name="image")
    x = image
    for stage in range(downs + 1):
        halves, normal = stage < downs, stage > 0 and norm != "none"
        x = layers.ZeroPadding2D(1, name=f"pad{stage}")(x)
        x = layers.Conv2D(
            width * min(2**stage, 8),
            4,
            2 if halves else 1,
            use_bias=not normal,
            kernel_initializer=start(),
            name=f"stage{stage}",
        )(x)
        x = normalised(x, norm, f"norm{stage}") if normal else x
        x = LeakyReLU(0.2, name=f"leaky{stage}")(x)
    x = layers.ZeroPadding2D(1, name="pad")(x)
    x = layers.Conv2D(classes, 4, kernel_initializer=start(), name="patches")(x)
    return keras.Model(image, layers.Activation("linear", dtype="float32", name="logits")(x), name="discriminator")


def heads(channels: Sequence[int], units: int = 256, start: Initial = initial) -> keras.Model:
    """For each of several layers: features `[N, P, C]` -> `[N, P, units]` of length 1 (Park et al. 2020, section 3.2)."""
    inputs = [keras.Input([None, count], name=f"features{index}") for index, count in enumerate(channels)]
    outputs = []
    for index, x in enumerate(inputs):
        x = layers.Dense(units, activation="relu", kernel_initializer=start(), name=f"dense{index}_0")(x)
        x = layers.Dense(units, kernel_initializer=start(), name=f"dense{index}_1")(x)
        outputs.append(layers.UnitNormalization(dtype="float32", name=f"head{index}")(x))
    return keras.Model(inputs, outputs, name="heads")
