"""Fully connected networks for points, as in the laboratories of mode collapse."""

import keras
from keras import layers

from gan.layers import FourierFeatures, LeakyReLU, Uniform


def _stack(x: keras.KerasTensor, width: int, depth: int) -> keras.KerasTensor:
    for index in range(depth):
        x = layers.Dense(width, kernel_initializer="he_normal", name=f"dense{index}")(x)
        x = LeakyReLU(0.2, name=f"stage{index}")(x)
    return x


def generator(
    dimensions: int = 2,
    latent_dim: int = 2,
    width: int = 256,
    depth: int = 3,
    frequencies: int = 0,
    scale: float = 1.5,
    uniform: bool = False,
) -> keras.Model:
    """Latents `[N, latent_dim]` -> points `[N, dimensions]`.

    Args:
        frequencies: how many Fourier features it reads beside its latents.
        uniform: the network makes its latents uniform.
    """
    z = keras.Input([latent_dim], name="z")
    x = Uniform(name="uniform")(z) if uniform else z
    x = _stack(_with_features(x, frequencies, scale), width, depth)
    return keras.Model(z, layers.Dense(dimensions, dtype="float32", name="points")(x), name="generator")


def discriminator(
    dimensions: int = 2, width: int = 256, depth: int = 3, frequencies: int = 0, scale: float = 2.0
) -> keras.Model:
    """Points `[N, dimensions]` -> logits `[N, 1]`. `frequencies`: how many Fourier features it reads beside the points."""
    points = keras.Input([dimensions], name="points")
    x = _stack(_with_features(points, frequencies, scale), width, depth)
    return keras.Model(points, layers.Dense(1, dtype="float32", name="logits")(x), name="discriminator")


def _with_features(x: keras.KerasTensor, frequencies: int, scale: float) -> keras.KerasTensor:
    return FourierFeatures(frequencies, scale, name="fourier")(x) if frequencies else x
