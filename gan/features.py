"""Feature networks behind one convention: images `[N, H, W, 3]` in [-1, 1] -> named float32 feature maps `[N, h, w, C]`.

Metrics, styles and explanations read pictures through these. Each extractor owns its preprocessing.
"""

import functools
import hashlib
import math
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from gan.downloads import no_hanging
from gan.errors import InputError
from gan.networks import stylegan2, translation  # noqa: F401  Keras then knows their layers

COMPACT = Path(__file__).parent / "weights" / "compact.keras"
RANGES = {"0..255": (127.5, 127.5), "0..1": (0.5, 0.5), "-1..1": (1.0, 0.0)}
CAFFE_MEAN_BGR = (103.939, 116.779, 123.68)


class WeightsUnavailable(InputError):
    """Published weights are neither at the given path, nor in Keras' cache, nor downloadable."""


@dataclass(frozen=True)
class Preset:
    """A network of `keras.applications`: its weight file, and the layers that Gatys et al. 2016 read."""

    build: Callable[..., keras.Model]
    file: str
    md5: str
    content_layers: tuple[str, ...] = ("block4_conv2",)
    style_layers: tuple[str, ...] = tuple(f"block{block}_conv1" for block in range(1, 6))


PRESETS = {
    "vgg16": Preset(
        keras.applications.VGG16,
        "vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5",
        "6d6bbae143d832006294945121d1f1fc",
    ),
    "vgg19": Preset(
        keras.applications.VGG19,
        "vgg19_weights_tf_dim_ordering_tf_kernels_notop.h5",
        "253f8cb515780f3b799900260a226db6",
    ),
}
NAMES = ("compact", *PRESETS)
COMPACT_LAYERS = (("stage2", "stage3"), ("stage1", "stage2", "stage3", "stage4"))
MARGIN = 16


class Extractor:
    """Callable: images `[N, H, W, 3]` in [-1, 1] -> `{layer: features}`, computed no deeper than the deepest layer asked for.

    Args:
        model: a functional network.
        content_layers, style_layers: names of its layers.
        preprocess: images in [-1, 1] -> what the network expects.

    Images are continued by their mirror for `MARGIN` pixels and the features there are cut off again: the zero padding inside a
    network makes strong features at borders, and an optimiser would paint its style there.
    """

    def __init__(
        self,
        model: keras.Model,
        content_layers: Sequence[str],
        style_layers: Sequence[str],
        preprocess: Callable[[tf.Tensor], tf.Tensor],
    ):
        names = {layer.name for layer in model.layers}
        for name in (*content_layers, *style_layers):
            if name not in names:
                raise InputError(
                    f"'{name}' is no layer of {model.name}; its layers are {', '.join(layer.name for layer in model.layers)}"
                )
        self.content_layers, self.style_layers, self.preprocess = tuple(content_layers), tuple(style_layers), preprocess
        self.network = keras.Model(
            model.inputs[0],
            {name: model.get_layer(name).output for name in dict.fromkeys((*content_layers, *style_layers))},
        )
        self.network.trainable = False

    def __call__(self, images: tf.Tensor) -> dict[str, tf.Tensor]:
        padded = tf.pad(images, [[0, 0], [MARGIN, MARGIN], [MARGIN, MARGIN], [0, 0]], "SYMMETRIC")
        return {name: _without_margin(value, padded) for name, value in self.read(padded).items()}

    def read(self, padded: tf.Tensor) -> dict[str, tf.Tensor]:
        """The features of images whose margin is already there, and stays."""
        features = self.network(self.preprocess(padded), training=False)
        return {name: tf.cast(value, tf.float32) for name, value in features.items()}

    def shapes(self, height: int, width: int) -> dict[str, tuple[int, int]]:
        """Height and width of each layer's features of a picture of a size."""
        specs = self.network.compute_output_spec(keras.KerasTensor((1, height, width, 3)))
        return {name: tuple(spec.shape[1:3]) for name, spec in specs.items()}

    @functools.cached_property
    def strides(self) -> dict[str, int]:
        """Pixels from a cell of a layer to the next, a power of two."""
        return {name: 2 ** round(math.log2(256 / height)) for name, (height, _) in self.shapes(256, 256).items()}

    @property
    def stride(self) -> int:
        """That of the coarsest layer."""
        return max(self.strides.values())

    @functools.cached_property
    def reach(self) -> int:
        """How many pixels away a feature can see, rounded up to whole strides: measured, with one stride to spare.

        The farthest place whose features change when everything left of a line does.
        """
        side = 768
        random, farthest = np.random.default_rng(0), 0
        for _ in range(2):
            right = random.uniform(-1, 1, (1, 4 * self.stride, side, 3)).astype(np.float32)
            left = right.copy()
            left[:, :, : side // 2] *= -1
            for one, other in zip(self.read(tf.constant(left)).values(), self.read(tf.constant(right)).values(), strict=True):
                changed = np.flatnonzero(np.abs(one - other).max((0, 1, 3)) > 0)
                farthest = max(farthest, (changed[-1] + 1) * side / one.shape[2] - side // 2)
        return int(-(-farthest // self.stride) + 1) * self.stride

    def averages(self, images: tf.Tensor) -> tf.Tensor:
        """`[N, H, W, 1 or 3]` -> `[N, C]`: the deepest style layer, averaged over places; grey is repeated."""
        rgb = tf.repeat(images, 3, -1) if images.shape[-1] == 1 else images
        return tf.reduce_mean(self(rgb)[self.style_layers[-1]], [1, 2])


def digest(name: str) -> str:
    """SHA-256 of an extractor's file, or its name for a network of `keras.applications`."""
    path = COMPACT if name == "compact" else Path(name)
    return name if name in PRESETS or not path.is_file() else hashlib.sha256(path.read_bytes()).hexdigest()


def _without_margin(features: tf.Tensor, padded: tf.Tensor) -> tf.Tensor:
    height, width, whole = *features.shape[1:3], padded.shape[1]
    if None in (height, width, whole):  # a function traced for pictures of several sizes
        height, width, whole = tf.shape(features)[1], tf.shape(features)[2], tf.shape(padded)[1]
        cut = tf.cast(tf.round(MARGIN * height / whole), tf.int32)
    else:
        cut = round(MARGIN * height / whole)
    return features[:, cut : height - cut, cut : width - cut]


def load(
    name: str = "compact",
    content_layers: Sequence[str] | None = None,
    style_layers: Sequence[str] | None = None,
    value_range: str = "0..255",
    weights: str | Path | None = None,
) -> Extractor:
    """An extractor by name or file.

    Args:
        name: `compact` (comes with the package), `vgg16`, `vgg19` (ImageNet weights, downloaded by Keras) or a `.keras` file.
        content_layers, style_layers: layer names; published ones for VGG, chosen by `choose_layers` for a file.
        value_range: what a model file expects: RGB in `0..255`, `0..1` or `-1..1`.
        weights: a weight file for VGG, used instead of the download.

    Raises:
        InputError: no such network, layer or file. WeightsUnavailable: no weights and no download.
    """
    if name in PRESETS:
        preset = PRESETS[name]
        model, preprocess = _application(name, preset, weights), _caffe
        chosen = preset.content_layers, preset.style_layers
    else:
        model = _with_policy(load_model(COMPACT if name == "compact" else name))
        preprocess = _ranged("-1..1" if name == "compact" else value_range)
        chosen = COMPACT_LAYERS if name == "compact" else choose_layers(model)
    return Extractor(model, content_layers or chosen[0], style_layers or chosen[1], preprocess)


def read_keras(path: Path) -> keras.Model:
    """Any Keras model file, in safe mode: nothing in the file is executed."""
    try:
        return keras.models.load_model(path, compile=False, safe_mode=True)
    except Exception as error:  # not a zip, damaged, unknown or unsafe layers: Keras raises many types
        raise InputError(f"'{path}' cannot be loaded as a Keras model ({' '.join(str(error).split())[:200]})") from None


def load_model(path: str | Path) -> keras.Model:
    """A functional image network of any size from a `.keras` file."""
    path = Path(path)
    if path.suffix != ".keras" or not path.is_file():
        raise InputError(f"an extractor must be {', '.join(NAMES)} or an existing .keras file. Received: '{path}'")
    model = read_keras(path)
    if (
        not isinstance(model, keras.Model)
        or len(getattr(model, "inputs", ())) != 1
        or tuple(model.inputs[0].shape) != (None, None, None, 3)
    ):
        raise InputError(f"'{path}' must be a functional model with one input of shape [N, H, W, 3], any H and W")
    return model


def _with_policy(model: keras.Model) -> keras.Model:
    """The model computing at the precision that is set now; a file remembers the one of its making."""
    policy = keras.config.dtype_policy()
    if policy.name == "float32":
        return model
    clone = keras.models.clone_model(
        model, clone_function=lambda one: type(one).from_config(one.get_config() | {"dtype": policy})
    )
    clone.set_weights(model.get_weights())
    return clone


def choose_layers(model: keras.Model, probe: int = 256) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Content and style layers for a network that we do not know.

    Style: at each resolution down to H/16, the first layer with more than half of the most channels there; for VGG these are
    the published ones. Content: that of H/8, or of the next finer resolution.
    """
    layers = [layer for layer in model.layers if _makes_features(layer)]
    shapes = keras.Model(model.inputs[0], [layer.output for layer in layers]).compute_output_spec(
        keras.KerasTensor((1, probe, probe, 3))
    )
    at: dict[int, list[tuple[int, str]]] = {}
    for layer, spec in zip(layers, shapes, strict=True):
        stride = 2 ** round(math.log2(probe / spec.shape[1]))
        if stride <= 16 and spec.shape[-1] > 3:
            at.setdefault(stride, []).append((spec.shape[-1], layer.name))
    if not at:
        raise InputError(f"{model.name} has no feature maps down to H/16; name --content-layers and --style-layers")
    chosen = {stride: next(name for width, name in found if width > max(found)[0] / 2) for stride, found in at.items()}
    content = max((stride for stride in chosen if stride <= 8), default=min(chosen))
    return (chosen[content],), tuple(chosen.values())


def _makes_features(layer: keras.Layer) -> bool:
    other = ("Input", "Rescaling", "Normalization", "Pooling", "Padding", "Dropout", "Cropping")
    return not any(word in type(layer).__name__ for word in other) and len(layer.output.shape) == 4


def _ranged(value_range: str) -> Callable[[tf.Tensor], tf.Tensor]:
    if value_range not in RANGES:
        raise InputError(f"a value range must be one of {', '.join(RANGES)}. Received: '{value_range}'")
    scale, offset = RANGES[value_range]
    return lambda images: images * scale + offset


def _caffe(images: tf.Tensor) -> tf.Tensor:
    """[-1, 1] RGB -> BGR in 0..255 minus the ImageNet mean, as VGG was trained."""
    return (images[..., ::-1] + 1.0) * 127.5 - tf.constant(CAFFE_MEAN_BGR)


def _application(name: str, preset: Preset, weights: str | Path | None) -> keras.Model:
    """Weights by path, else from Keras' cache, else downloaded."""
    cached = Path(os.environ.get("KERAS_HOME", Path.home() / ".keras")) / "models" / preset.file
    if weights is not None and not Path(weights).is_file():
        raise InputError(f"weights '{weights}' do not exist or are no file")
    if weights is None and cached.is_file():
        if hashlib.md5(cached.read_bytes()).hexdigest() != preset.md5:
            raise InputError(f"'{cached}' is damaged (its md5 is not {preset.md5}): delete it, or give the weights by path")
        weights = cached
    try:
        with no_hanging():
            return preset.build(include_top=False, weights=str(weights) if weights else "imagenet")
    except (OSError, ValueError) as error:
        raise InputError(
            f"weights '{weights}' do not fit {name} without its top ({' '.join(str(error).split())[:200]})"
        ) from None
    except Exception as error:  # Keras raises a bare Exception when a download fails
        if not str(error).startswith("URL fetch failure"):
            raise
        raise WeightsUnavailable(
            f"the ImageNet weights of {name} cannot be downloaded; put {preset.file} at '{cached}' or give its path, "
            f"or use the extractor compact, which needs no download"
        ) from None
