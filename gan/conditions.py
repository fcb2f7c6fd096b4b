"""Class labels as a condition: what a network reads beside its input, and how a discriminator's logit depends on the label.

Labels are int32 `[N]`, 0 to `classes - 1`. `classes=0` means no condition; the networks then have one input.
"""

import keras
from keras import layers

from gan.errors import InputError
from gan.layers import SpectralDense, register

CONDITIONS = ("none", "concatenation", "projection", "auxiliary-classifier")


@register
class OneHot(layers.Layer):
    """Labels `[N]` -> `[N, classes]`; with `size=(H, W)` -> `[N, H, W, classes]`."""

    def __init__(self, classes: int, size: tuple[int, int] | None = None, **options):
        super().__init__(**options)
        self.classes, self.size = classes, size and tuple(size)

    def call(self, labels):
        one = keras.ops.one_hot(labels, self.classes, dtype=self.compute_dtype)
        if self.size:
            one = keras.ops.tile(one[:, None, None], (1, *self.size, 1))
        return one

    def compute_output_spec(self, labels):
        return keras.KerasTensor((labels.shape[0], *(self.size or ()), self.classes), self.compute_dtype)

    def get_config(self) -> dict:
        return super().get_config() | {"classes": self.classes, "size": self.size}


def check(condition: str, classes: int) -> None:
    """Raises InputError unless the condition exists and has classes."""
    if condition not in CONDITIONS:
        raise InputError(f"a condition must be one of {', '.join(CONDITIONS)}. Received: '{condition}'")
    if (condition == "none") != (classes == 0):
        raise InputError(f"condition {condition} with {classes} classes: a condition needs labels, and labels a condition")


def label_input() -> keras.KerasTensor:
    return keras.Input([], dtype="int32", name="labels")


def latents(latent_dim: int, classes: int = 0) -> tuple[list, keras.KerasTensor]:
    """A generator's inputs and the vector that it starts from: z, with the label's one-hot vector appended (Mirza and
    Osindero 2014)."""
    z = keras.Input([latent_dim], name="z")
    if not classes:
        return [z], z
    labels = label_input()
    return [z, labels], layers.Concatenate(name="z_and_label")([z, OneHot(classes, name="label")(labels)])


def images(shape: tuple[int, int, int], classes: int = 0, condition: str = "none") -> tuple[list, keras.KerasTensor]:
    """A discriminator's inputs and the image that it starts from; "concatenation" appends the label as channels."""
    check(condition, classes)
    image = keras.Input(shape, name="image")
    if condition in ("none", "auxiliary-classifier"):
        return [image], image
    labels = label_input()
    if condition == "projection":
        return [image, labels], image
    label = OneHot(classes, shape[:2], name="label")(labels)
    return [image, labels], layers.Concatenate(name="image_and_label")([image, label])


def logits(
    inputs: list,
    features: keras.KerasTensor,
    classes: int = 0,
    condition: str = "none",
    initializer: str | keras.initializers.Initializer = "glorot_uniform",
    spectral: bool = False,
) -> list | keras.KerasTensor:
    """The end of a discriminator, from features `[N, F]`: logits `[N, 1]`, float32.

    "projection" adds the inner product of the features with an embedding of the label (Miyato and Koyama 2018, eq. 3);
    "auxiliary-classifier" gives class logits `[N, classes]` as a second output (Odena et al. 2017).
    """

    def dense(units: int, name: str) -> layers.Layer:
        kind = SpectralDense if spectral else layers.Dense
        return kind(units, kernel_initializer=initializer, dtype="float32", name=name)

    logit = dense(1, "logits")(features)
    if condition == "projection":
        label = OneHot(classes, dtype="float32", name="label")(inputs[1])
        embedding = layers.Dense(
            features.shape[-1], use_bias=False, kernel_initializer=initializer, dtype="float32", name="embedding"
        )(label)
        product = layers.Dot(1, dtype="float32", name="projection")([features, embedding])
        return layers.Add(dtype="float32", name="conditional_logits")([logit, product])
    if condition == "auxiliary-classifier":
        return [logit, dense(classes, "class_logits")(features)]
    return logit


def one_or_all(inputs: list) -> keras.KerasTensor | list:
    """Keras calls a network of one input with a tensor, of several with a list."""
    return inputs[0] if len(inputs) == 1 else inputs
