"""DCGAN (Radford, Metz, Chintala 2015): strided convolutions and batch normalisation, no pooling, no dense hidden layers.

Departures: 4x4 kernels instead of 5x5, a multiple of the stride, which avoids checkerboards (Odena et al. 2016); and sides
that do not halve evenly are rounded up on the way down, cropped on the way up.
"""

import keras
from keras import layers

from gan import conditions
from gan.errors import InputError
from gan.layers import Dropout, LeakyReLU, Repeat, SpectralConv

KERNEL = 4
MOMENTUM = 0.9


def initial() -> keras.initializers.Initializer:
    """N(0, 0.02) for every kernel, as published. A new one for each layer: an initialiser repeats its draw."""
    return keras.initializers.RandomNormal(stddev=0.02)


def sides(image_shape: tuple[int, int, int]) -> list[tuple[int, int]]:
    """Height and width of every stage, from the image's down to a shorter side of 4: (28, 28), (14, 14), (7, 7), (4, 4)."""
    found = [tuple(image_shape[:2])]
    while min(found[-1]) > 4:
        found.append(tuple(-(-side // 2) for side in found[-1]))
    if len(found) == 1 or max(found[-1]) > 16:
        raise InputError(
            f"DCGAN needs sides of 5 pixels or more, the longer at most 4 times the shorter. Received: {image_shape}"
        )
    return found


def generator(
    image_shape: tuple[int, int, int], latent_dim: int = 100, width: int = 64, classes: int = 0, resize: bool = False
) -> keras.Model:
    """Latents `[N, latent_dim]`, standard normal -> images `[N, H, W, C]` in [-1, 1]; the last stage has `width` channels.

    `resize`: repetition and a 3x3 convolution instead of the transposed one (Odena et al. 2016). `classes`: labels are the
    second input.
    """
    *larger, base = sides(image_shape)
    filters = width << (len(larger) - 1)
    inputs, x = conditions.latents(latent_dim, classes)
    x = layers.Dense(base[0] * base[1] * filters, use_bias=False, kernel_initializer=initial(), name="project")(x)
    x = layers.Reshape((*base, filters), name="reshape")(x)
    for stage, (height, wide) in enumerate(reversed(larger)):
        x = layers.BatchNormalization(momentum=MOMENTUM, name=f"norm{stage}")(x)
        x = layers.ReLU(name=f"stage{stage}")(x)
        last = stage == len(larger) - 1
        filters = image_shape[2] if last else filters // 2
        options = {"padding": "same", "use_bias": last, "kernel_initializer": initial(), "name": f"up{stage}"}
        if resize:
            x = layers.Conv2D(filters, 3, **options)(Repeat(name=f"repeat{stage}")(x))
        else:
            x = layers.Conv2DTranspose(filters, KERNEL, 2, **options)(x)
        if x.shape[1:3] != (height, wide):
            x = layers.Cropping2D(((0, x.shape[1] - height), (0, x.shape[2] - wide)), name=f"crop{stage}")(x)
    image = layers.Activation("tanh", dtype="float32", name="image")(x)
    return keras.Model(conditions.one_or_all(inputs), image, name="generator")


def discriminator(
    image_shape: tuple[int, int, int],
    width: int = 64,
    normalised: bool = True,
    classes: int = 0,
    condition: str = "none",
    spectral: bool = False,
    dropout: float = 0.0,
) -> keras.Model:
    """Images `[N, H, W, C]` in [-1, 1] -> logits `[N, 1]`; the first stage has `width` channels and no normalisation.

    `normalised`: batch normalisation in the other stages, as published; without it, train with a gradient penalty or with
    `spectral` normalisation of the kernels. `dropout` comes after each stage. `condition` and `classes`: see `gan.conditions`.
    """
    inputs, x = conditions.images(image_shape, classes, condition)
    for stage in range(len(sides(image_shape)) - 1):
        norm = normalised and stage > 0
        convolution = SpectralConv if spectral else layers.Conv2D
        x = convolution(
            width << stage, KERNEL, 2, "same", use_bias=not norm, kernel_initializer=initial(), name=f"down{stage}"
        )(x)
        if norm:
            x = layers.BatchNormalization(momentum=MOMENTUM, name=f"norm{stage}")(x)
        x = LeakyReLU(0.2, name=f"stage{stage}")(x)
        if dropout:
            x = Dropout(dropout, seed=stage, name=f"dropout{stage}")(x)
    features = layers.Flatten(name="features")(x)
    outputs = conditions.logits(inputs, features, classes, condition, initial(), spectral)
    return keras.Model(conditions.one_or_all(inputs), outputs, name="discriminator")
