"""Small image classifiers: the judges of generated digits and the like."""

import keras
from keras import layers


def convolutional(image_shape: tuple[int, int, int], classes: int, width: int = 32) -> keras.Model:
    """Images `[N, H, W, C]` in [-1, 1] -> logits `[N, classes]`; the last features are named `features`."""
    image = keras.Input(image_shape, name="image")
    x = image
    for stage in range(2):
        x = layers.Conv2D(width << stage, 3, padding="same", activation="relu", name=f"stage{stage}")(x)
        x = layers.MaxPooling2D(2, name=f"pool{stage}")(x)
    x = layers.Dense(4 * width, activation="relu", name="features")(layers.Flatten(name="flatten")(x))
    return keras.Model(image, layers.Dense(classes, dtype="float32", name="logits")(x), name="classifier")
