"""The residual networks of SNGAN (Miyato et al. 2018, tables 3 and 4), for sides of 4 times a power of 2 and any width.

The generator normalises by batch, the discriminator its kernels by their largest singular value. `width` is the published
256 of G and 128 of D for CIFAR-10 times a common factor.
"""

import keras
from keras import layers

from gan import conditions
from gan.errors import InputError
from gan.layers import Dropout, LeakyReLU, Repeat, SpectralConv, SumPlaces
from gan.networks.dcgan import MOMENTUM


def doublings(image_shape: tuple[int, int, int]) -> tuple[int, tuple[int, int]]:
    """How often the base must double to make the image, and the base."""
    count, base = 0, tuple(image_shape[:2])
    while min(base) >= 8 and all(side % 2 == 0 for side in base):
        count, base = count + 1, tuple(side // 2 for side in base)
    if count == 0 or min(base) < 4 or max(base) > 16:
        raise InputError(
            f"this network needs sides that halve evenly down to 4..16 pixels (28, 32, 40, 64, 96...). "
            f"Received: image_shape={image_shape}; --image-size can make them so"
        )
    return count, base


def generator(image_shape: tuple[int, int, int], latent_dim: int = 128, width: int = 256, classes: int = 0) -> keras.Model:
    """Latents `[N, latent_dim]` -> images `[N, H, W, C]` in [-1, 1]; every block has `width` channels (table 3)."""
    count, base = doublings(image_shape)
    inputs, x = conditions.latents(latent_dim, classes)
    x = layers.Dense(base[0] * base[1] * width, kernel_initializer="glorot_uniform", name="project")(x)
    x = layers.Reshape((*base, width), name="reshape")(x)
    for stage in range(count):
        x = _up(x, width, f"stage{stage}")
    x = layers.ReLU(name="relu")(layers.BatchNormalization(momentum=MOMENTUM, name="norm")(x))
    x = layers.Conv2D(image_shape[2], 3, padding="same", name="rgb")(x)
    return keras.Model(
        conditions.one_or_all(inputs), layers.Activation("tanh", dtype="float32", name="image")(x), name="generator"
    )


def _up(x: keras.KerasTensor, width: int, name: str) -> keras.KerasTensor:
    """BN, ReLU, repetition, 3x3, BN, ReLU, 3x3; beside it repetition and 1x1."""
    y = layers.ReLU(name=f"{name}_relu0")(layers.BatchNormalization(momentum=MOMENTUM, name=f"{name}_norm0")(x))
    y = layers.Conv2D(width, 3, padding="same", name=f"{name}_conv0")(Repeat(name=f"{name}_up")(y))
    y = layers.ReLU(name=f"{name}_relu1")(layers.BatchNormalization(momentum=MOMENTUM, name=f"{name}_norm1")(y))
    y = layers.Conv2D(width, 3, padding="same", name=f"{name}_conv1")(y)
    short = layers.Conv2D(width, 1, name=f"{name}_short")(x)  # 1x1 and repetition commute: before it there is a quarter to do
    return layers.Add(name=name)([y, Repeat(name=f"{name}_short_up")(short)])


def discriminator(
    image_shape: tuple[int, int, int],
    width: int = 128,
    classes: int = 0,
    condition: str = "none",
    spectral: bool = True,
    dropout: float = 0.0,
) -> keras.Model:
    """Images `[N, H, W, C]` in [-1, 1] -> logits `[N, 1]`: two blocks halve (more for larger images), two keep (table 4)."""
    count, _ = doublings(image_shape)
    inputs, x = conditions.images(image_shape, classes, condition)
    for stage in range(max(count - 1, 1)):
        x = _down(x, width, f"stage{stage}", spectral, first=stage == 0, halve=True)
    for stage in range(max(count - 1, 1), max(count - 1, 1) + 2):
        x = _down(x, width, f"stage{stage}", spectral, first=False, halve=False)
    x = LeakyReLU(0.0, name="relu")(x)
    features = SumPlaces(name="features")(x)
    if dropout:
        features = Dropout(dropout, name="dropout")(features)
    outputs = conditions.logits(inputs, features, classes, condition, spectral=spectral)
    return keras.Model(conditions.one_or_all(inputs), outputs, name="discriminator")


def _down(x: keras.KerasTensor, width: int, name: str, spectral: bool, first: bool, halve: bool) -> keras.KerasTensor:
    """ReLU (not on the image), 3x3, ReLU, 3x3, mean pooling; beside it 1x1 (on the pooled image in the first) and mean
    pooling."""
    convolution = SpectralConv if spectral else layers.Conv2D

    def pooled(value: keras.KerasTensor, part: str) -> keras.KerasTensor:
        return layers.AveragePooling2D(2, name=f"{name}_{part}")(value) if halve else value

    y = x if first else LeakyReLU(0.0, name=f"{name}_relu0")(x)
    y = LeakyReLU(0.0, name=f"{name}_relu1")(convolution(width, 3, padding="same", name=f"{name}_conv0")(y))
    y = pooled(convolution(width, 3, padding="same", name=f"{name}_conv1")(y), "halve")
    short = pooled(x, "short_halve")
    if halve or short.shape[-1] != width:
        short = convolution(width, 1, name=f"{name}_short")(short)
    return layers.Add(name=name)([y, short])
