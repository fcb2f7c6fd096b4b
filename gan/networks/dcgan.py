"""DCGAN (Radford, Metz, Chintala 2015): strided convolutions and batch normalisation, no pooling, no dense hidden layers.

Departure: 4x4 kernels instead of 5x5, a multiple of the stride, which avoids checkerboards (Odena et al. 2016).
"""

import keras
from keras import layers

from gan.errors import InputError

KERNEL = 4
MOMENTUM = 0.9


def initial() -> keras.initializers.Initializer:
    """N(0, 0.02) for every kernel, as published. A new one for each layer: an initialiser repeats its draw."""
    return keras.initializers.RandomNormal(stddev=0.02)


def stages(image_shape: tuple[int, int, int]) -> int:
    """How often both sides can be halved before the smaller one falls below 4."""
    count, sides = 0, image_shape[:2]
    while min(sides) >= 8 and all(side % 2 == 0 for side in sides):
        count, sides = count + 1, [side // 2 for side in sides]
    if count == 0 or max(sides) > 16:
        raise InputError(
            f"DCGAN needs sides that halve evenly down to 4..16 pixels (32, 64 or 28, say). Received: image_shape={image_shape}"
        )
    return count


def generator(image_shape: tuple[int, int, int], latent_dim: int = 100, width: int = 32) -> keras.Model:
    """Latents `[N, latent_dim]`, standard normal -> images `[N, H, W, C]` in [-1, 1]; the last stage has `width` channels."""
    count = stages(image_shape)
    height, wide, channels = image_shape
    base = (height >> count, wide >> count, width << (count - 1))
    z = keras.Input([latent_dim], name="z")
    x = layers.Dense(base[0] * base[1] * base[2], use_bias=False, kernel_initializer=initial(), name="project")(z)
    x = layers.Reshape(base, name="reshape")(x)
    for stage in range(count):
        x = layers.BatchNormalization(momentum=MOMENTUM, name=f"norm{stage}")(x)
        x = layers.ReLU(name=f"stage{stage}")(x)
        last = stage == count - 1
        filters = channels if last else base[2] >> (stage + 1)
        x = layers.Conv2DTranspose(filters, KERNEL, 2, "same", use_bias=last, kernel_initializer=initial(), name=f"up{stage}")(
            x
        )
    return keras.Model(z, layers.Activation("tanh", dtype="float32", name="image")(x), name="generator")


def discriminator(image_shape: tuple[int, int, int], width: int = 32, normalised: bool = True) -> keras.Model:
    """Images `[N, H, W, C]` in [-1, 1] -> logits `[N, 1]`; the first stage has `width` channels and no normalisation.

    `normalised`: batch normalisation in the other stages, as published; without it, train with R1.
    """
    image = keras.Input(image_shape, name="image")
    x = image
    for stage in range(stages(image_shape)):
        norm = normalised and stage > 0
        filters = width << stage
        x = layers.Conv2D(filters, KERNEL, 2, "same", use_bias=not norm, kernel_initializer=initial(), name=f"down{stage}")(x)
        if norm:
            x = layers.BatchNormalization(momentum=MOMENTUM, name=f"norm{stage}")(x)
        x = layers.LeakyReLU(0.2, name=f"stage{stage}")(x)
    x = layers.Dense(1, kernel_initializer=initial(), dtype="float32", name="logits")(layers.Flatten(name="flatten")(x))
    return keras.Model(image, x, name="discriminator")
