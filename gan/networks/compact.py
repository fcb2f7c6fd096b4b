"""`compact`: a small VGG-like feature network, 3x3 convolutions and average pooling, four stages down to H/16.

Each stage ends in as many channels as a layer of its teacher has, and is trained to be that layer; the next stage reads it.
Pooling has the weights 1 2 1: overlapping, so that neighbouring pixels get even gradients, and aligned with a teacher's 3x3,
stride 2.
"""

import itertools

import keras
import numpy as np
from keras import layers

# Of each stage: channels of the narrow convolutions inside, channels at its end.
STAGES = (((), 64), ((48,), 128), ((64, 64), 256), ((64, 64), 384))
NAMES = tuple(f"stage{number}" for number in range(1, len(STAGES) + 1))


def extractor(normalised: bool = False) -> keras.Model:
    """Images `[N, H, W, 3]` in [-1, 1] -> features of the stages, at H/2, H/4, H/8 and H/16.

    `normalised`: with batch normalisation after the narrow convolutions, for training; `fold` takes it out again.
    """
    image = keras.Input([None, None, 3], name="image")
    x, outputs = image, []
    for number, (name, (narrow, wide)) in enumerate(zip(NAMES, STAGES, strict=True)):
        if number > 0:
            x = layers.AveragePooling2D(2, 1, "same", name=f"{name}_smooth")(x)
            x = layers.AveragePooling2D(2, 2, "same", name=f"{name}_halve")(x)
        for index, filters in enumerate(narrow):
            x = layers.Conv2D(filters, 3, padding="same", kernel_initializer="he_normal", name=f"{name}_narrow{index}")(x)
            if normalised:
                x = layers.BatchNormalization(momentum=0.95, name=f"{name}_norm{index}")(x)
            x = layers.ReLU(name=f"{name}_relu{index}")(x)
        stride = 2 if number == 0 else 1
        x = layers.Conv2D(wide, 3, stride, "same", activation="relu", kernel_initializer="he_normal", name=name)(x)
        outputs.append(x)
    return keras.Model(image, outputs, name="compact")


def blocks(network: keras.Model) -> list[keras.Model]:
    """The network as one function a stage: images -> stage 1, stage 1 -> stage 2, ..."""
    ends = [network.input, *(network.get_layer(name).output for name in NAMES)]
    return [keras.Model(before, after) for before, after in itertools.pairwise(ends)]


def fold(network: keras.Model) -> keras.Model:
    """The same function without batch normalisation: its scale and shift go into the convolutions before it."""
    plain = extractor()
    for layer in plain.layers:
        if isinstance(layer, layers.Conv2D):
            kernel, bias = network.get_layer(layer.name).get_weights()
            if "_narrow" in layer.name:
                norm = network.get_layer(layer.name.replace("narrow", "norm"))
                gamma, beta, mean, variance = norm.get_weights()
                scale = gamma / np.sqrt(variance + norm.epsilon)
                kernel, bias = kernel * scale, (bias - mean) * scale + beta
            layer.set_weights([kernel, bias])
    return plain
