"""Spatial GAN (Jetchev, Bergmann, Vollgraf 2016): fully convolutional, so that a generator trained on patches draws any size.

The latent is a grid `[N, h, w, C]`; a cell is worth `2 ** stages` pixels a side. The discriminator returns a grid of logits.
"""

import keras
from keras import layers

from gan.networks.dcgan import MOMENTUM, initial


def generator(latent_dim: int = 32, width: int = 32, stages: int = 4) -> keras.Model:
    """Latents `[N, h, w, latent_dim]` -> images `[N, h * 2**stages, w * 2**stages, 3]` in [-1, 1]."""
    z = keras.Input([None, None, latent_dim], name="z")
    x = z
    for stage in range(stages):
        x = layers.UpSampling2D(name=f"up{stage}")(x)
        x = layers.Conv2D(
            width << (stages - 1 - stage),
            5,
            padding="same",
            use_bias=False,
            kernel_initializer=initial(),
            name=f"conv{stage}",
        )(x)
        x = layers.BatchNormalization(momentum=MOMENTUM, name=f"norm{stage}")(x)
        x = layers.ReLU(name=f"stage{stage}")(x)
    x = layers.Conv2D(3, 5, padding="same", kernel_initializer=initial(), name="rgb")(x)
    return keras.Model(z, layers.Activation("tanh", dtype="float32", name="image")(x), name="generator")


def discriminator(width: int = 32, stages: int = 4) -> keras.Model:
    """Images `[N, H, W, 3]` in [-1, 1] -> logits `[N, H / 2**stages, W / 2**stages, 1]`, one for each receptive field."""
    image = keras.Input([None, None, 3], name="image")
    x = image
    for stage in range(stages):
        x = layers.Conv2D(width << stage, 5, 2, "same", use_bias=stage == 0, kernel_initializer=initial(), name=f"down{stage}")(
            x
        )
        if stage > 0:
            x = layers.BatchNormalization(momentum=MOMENTUM, name=f"norm{stage}")(x)
        x = layers.LeakyReLU(0.2, name=f"stage{stage}")(x)
    x = layers.Conv2D(1, 3, padding="same", kernel_initializer=initial(), dtype="float32", name="logits")(x)
    return keras.Model(image, x, name="discriminator")
