"""Spatial GAN (Jetchev, Bergmann, Vollgraf 2016): fully convolutional, so that a generator trained on patches draws any size.

The latent is a grid `[N, h, w, C]` of independent noise; a cell is worth `2 ** len(widths)` pixels a side.

Departures: the generator upsamples by repetition and pads nothing, so that its pictures have no border and any window of a
large one, at whole cells, is distributed as a training patch. The discriminator has no batch normalisation: train it with R1.
"""

import math

import keras
from keras import layers

from gan.layers import LeakyReLU
from gan.networks.dcgan import MOMENTUM

MARGIN = 5  # cells of the grid that the unpadded convolutions use up


def cells(pixels: int, stages: int = 4) -> int:
    """Side of the latent grid for a picture of at least so many pixels."""
    return math.ceil(pixels / 2**stages) + MARGIN


def _block(x: keras.KerasTensor, width: int, name: str) -> keras.KerasTensor:
    x = layers.Conv2D(width, 3, use_bias=False, kernel_initializer="he_normal", name=f"conv_{name}")(x)
    x = layers.BatchNormalization(momentum=MOMENTUM, name=f"norm_{name}")(x)
    return layers.ReLU(name=name)(x)


def generator(latent_dim: int = 32, widths: tuple[int, ...] = (96, 64, 32, 16)) -> keras.Model:
    """Latents `[N, h, w, latent_dim]` -> images `[N, (h - MARGIN) * cell, (w - MARGIN) * cell, 3]` in [-1, 1].

    The side: 2 cells off at first; each stage doubles it and takes 2 pixels off, the first stage 4, the last convolution 2: in
    all 5 cells, for any number of stages.
    """
    z = keras.Input([None, None, latent_dim], name="z")
    x = _block(z, widths[0], "cells")
    for stage, width in enumerate(widths):
        x = layers.UpSampling2D(name=f"up{stage}")(x)
        x = _block(x, width, f"stage{stage}")
        if stage == 0:
            x = _block(x, width, "mix")
    x = layers.Conv2D(3, 3, kernel_initializer="he_normal", name="rgb")(x)
    return keras.Model(z, layers.Activation("tanh", dtype="float32", name="image")(x), name="generator")


def discriminator(widths: tuple[int, ...] = (24, 48, 96, 192)) -> keras.Model:
    """Images `[N, H, W, 3]` in [-1, 1] -> logits `[N, H / cell, W / cell, 1]`, each of a field of 46 pixels for four widths."""
    image = keras.Input([None, None, 3], name="image")
    x = image
    for stage, width in enumerate(widths):
        x = layers.Conv2D(width, 4, 2, "same", kernel_initializer="he_normal", name=f"down{stage}")(x)
        x = LeakyReLU(0.2, name=f"stage{stage}")(x)
    x = layers.Conv2D(1, 1, kernel_initializer="he_normal", dtype="float32", name="logits")(x)
    return keras.Model(image, x, name="discriminator")
