"""Networks that stylise in one pass: pictures `[N, H, W, 3]` in [-1, 1] -> the same, H and W multiples of `multiple(network)`.

Convolutions see reflections at the borders; no size is built in. The second input of a network of many styles is how much of
each is wanted, `shares` `[N, styles]`; the further inputs of an arbitrary-style network are a style's code (`style.transfer`).
"""

from collections.abc import Sequence

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from gan.errors import InputError
from gan.features import Extractor
from gan.image_layers import ConditionalInstanceNorm, EnlargingConv, FewFilters, InstanceNorm, ReflectPad, Unbounded, moments
from gan.layers import Repeat
from style.transfer import AdaIN, Covariance, StyleAttention

SHARES, ENCODER, CARRIED, COLOURS, RGB = "shares", "encoder", "carried", "colours", "rgb"
Way = type[AdaIN] | type[Covariance] | type[StyleAttention]


def reflecting(x: keras.KerasTensor, filters: int, size: int, name: str, stride: int = 1, **options) -> keras.KerasTensor:
    """A convolution that keeps the size, or divides it by the stride."""
    x = ReflectPad(size // 2, name=f"{name}_pad")(x)
    kind = FewFilters if filters < 4 and stride == 1 else layers.Conv2D
    return kind(filters, size, stride, name=name, **{"kernel_initializer": "he_normal"} | options)(x)


def johnson(width: int = 32, blocks: int = 5, styles: int = 0, skip: bool = False) -> keras.Model:
    """The transformer of Johnson et al. 2016: c9s1-32, d64, d128, R128 x 5, u64, u32, c9s1-3.

    With the instance normalisation of Ulyanov et al. 2016, and enlarging by repetition before a convolution (Odena et al.
    2016) instead of transposed convolutions; reflections at every convolution instead of 40 pixels at the first.

    Args:
        styles: so many styles share the network; each has scales and shifts of its own (Dumoulin et al. 2017).
        skip: the network adds to the photograph in each style's colours (`start_in_colours`), instead of drawing all of it.
    """
    image = keras.Input([None, None, 3], name="image")
    shares = keras.Input([styles], name=SHARES) if styles else None

    def convolution(x: keras.KerasTensor, filters: int, size: int, name: str, stride: int = 1, relu: bool = True):
        x = reflecting(x, filters, size, name, stride, use_bias=False)
        return normalised(x, name, relu)

    def normalised(x: keras.KerasTensor, name: str, relu: bool = True):
        norm = (
            ConditionalInstanceNorm(styles, name=f"{name}_norm") if styles else InstanceNorm(affine=True, name=f"{name}_norm")
        )
        x = norm([x, shares] if styles else x)
        return layers.ReLU(name=f"{name}_relu")(x) if relu else x

    x = convolution(image, width, 9, "first")
    for stage in (1, 2):
        x = convolution(x, width << stage, 3, f"down{stage}", 2)
    for block in range(blocks):
        y = convolution(x, width * 4, 3, f"block{block}_conv0")
        y = convolution(y, width * 4, 3, f"block{block}_conv1", relu=False)
        x = layers.Add(name=f"block{block}")([x, y])
    for stage in (1, 0):
        enlarging = EnlargingConv(width << stage, 3, kernel_initializer="he_normal", use_bias=False, name=f"up{stage}")
        x = normalised(enlarging(x), f"up{stage}")
    if skip:
        change = reflecting(x, 3, 9, RGB, kernel_initializer=keras.initializers.VarianceScaling(0.02))
        x = layers.Add(name="added")([normalised(Unbounded(name="photograph")(image), COLOURS, relu=False), change])
    else:
        x = reflecting(x, 3, 9, RGB)
    x = layers.Activation("tanh", dtype="float32", name="stylised")(x)
    return keras.Model([image, shares] if styles else image, x, name="johnson")


def start_in_colours(network: keras.Model, styles: Sequence[tf.Tensor]) -> None:
    """Sets the colours that a `johnson` with a skip begins from: the means and deviations of pictures `[1, h, w, 3]`."""
    layer = network.get_layer(f"{COLOURS}_norm")
    means, variances = zip(*(moments(Unbounded()(style)) for style in styles), strict=True)
    for weight, values in ((layer.shift, means), (layer.scale, [variance**0.5 for variance in variances])):
        weight.assign(tf.reshape(tf.stack(values), weight.shape))


def arbitrary(
    extractor: Extractor,
    ways: Sequence[Way] = (AdaIN, AdaIN, AdaIN),
    widths: Sequence[int] = (32, 64, 96),
) -> keras.Model:
    """An encoder that stays as it is, a style carried to its features, and a decoder that is trained (Huang and Belongie 2017).

    The encoder is the extractor to its first `len(ways)` style layers, each half as large as the one before. Other than
    published, the style is carried at each of these levels, not the deepest alone, and the decoder reads them all.

    Args:
        ways: how, for each level, the finest first; None: the decoder does not read this level.
        widths: channels of the decoder at each level.

    Returns:
        A network of `[image, *codes]`; the code of a level is named `LEVEL_code0`, ...
    """
    image, names = keras.Input([None, None, 3], name="image"), extractor.style_layers[: len(ways)]
    carried, codes = [], []
    for level, (name, x, way) in enumerate(zip(names, encoder(extractor, names)(image), ways, strict=True)):
        if way is None:
            carried.append(None)
            continue
        code = [keras.Input(shape, name=f"{name}_code{i}") for i, shape in enumerate(way.code_shapes(x.shape[-1]))]
        codes += code
        carried.append(way(name=f"{CARRIED}{level}")([x, *code]))

    def convolution(x: keras.KerasTensor, filters: int, name: str) -> keras.KerasTensor:
        return layers.ReLU(name=f"{name}_relu")(reflecting(x, filters, 3, name))

    x = convolution(carried[-1], widths[-1], "decode_start")
    y = reflecting(convolution(x, widths[-1], "decode_block0"), widths[-1], 3, "decode_block1")
    x = layers.Add(name="decode_block")([x, y])
    for level in reversed(range(len(ways) - 1)):
        x = Repeat(name=f"decode_double{level}")(x)
        if carried[level] is not None:
            x = layers.Concatenate(name=f"decode_both{level}")([x, carried[level]])
        for step in (0, 1):
            x = convolution(x, widths[level], f"decode{level}_{step}")
    stride = extractor.strides[names[0]]
    for doubling in range(stride.bit_length() - 1):
        x = convolution(Repeat(name=f"decode_large{doubling}")(x), max(16, widths[0] // 2), f"decode_large{doubling}_conv")
    x = layers.Activation("tanh", dtype="float32", name="stylised")(reflecting(x, 3, 3, RGB))
    return keras.Model([image, *codes], x, name="arbitrary")


def start_in_grey(network: keras.Model) -> None:
    """Makes an untrained `arbitrary` paint plain grey: elsewhere tanh starts saturated, and some trainings stay black."""
    last = network.get_layer(RGB)
    last.set_weights([np.zeros_like(weight) for weight in last.get_weights()])


def encoder(extractor: Extractor, names: Sequence[str]) -> keras.Model:
    """A copy of an extractor, its preprocessing included, that sees reflections instead of zeros: images -> layers `names`.

    Raises:
        InputError: the layers are not exactly the picture's size over a power of two, each half of the one before.
    """
    source = keras.Model(extractor.network.inputs[0], [extractor.network.get_layer(name).output for name in names])

    def copied(layer: keras.Layer) -> keras.Layer:
        config = layer.get_config()
        return type(layer).from_config(config | {"padding": "valid"} if _pads(layer) else config)

    def call(layer: keras.Layer, *inputs, **options):
        original = source.get_layer(layer.name)
        if _pads(original):
            total = max(original.kernel_size[0] - original.strides[0], 0)
            inputs = [ReflectPad((total // 2, total - total // 2), name=f"{layer.name}_pad")(inputs[0])]
        return layer(*inputs, **options)

    body = keras.models.clone_model(source, clone_function=copied, call_function=call)
    body.set_weights(source.get_weights())
    image = keras.Input([None, None, 3], name="image")
    network = keras.Model(image, body(_preprocessed(extractor, image)), name=ENCODER)
    network.trainable = False
    sizes = [spec.shape[1] for spec in network.compute_output_spec(keras.KerasTensor((1, 64, 64, 3)))]
    first = sizes[0]
    if sizes != [first >> level for level in range(len(sizes))] or first not in (64, 32, 16):
        raise InputError(
            f"an encoder's layers must be 64, 32 or 16 pixels wide for a picture of 64, and each half of the one before. "
            f"Received: {', '.join(f'{name} {size}' for name, size in zip(names, sizes, strict=True))}; use compact or VGG"
        )
    return network


def _pads(layer: keras.Layer) -> bool:
    return isinstance(layer, layers.Conv2D) and layer.padding == "same" and layer.kernel_size[0] > 1


def _preprocessed(extractor: Extractor, image: keras.KerasTensor) -> keras.KerasTensor:
    """What the extractor does to colours, which is linear, as a convolution that a file can hold."""
    points = tf.constant(np.concatenate([np.zeros([1, 3]), np.eye(3)]), tf.float32)[:, None, None]
    zero, *units = extractor.preprocess(points).numpy()[:, 0, 0]
    kernel = np.stack(units) - zero
    if np.array_equal(kernel, np.eye(3)) and not zero.any():
        return image
    layer = layers.Conv2D(3, 1, name="preprocess")
    result = layer(image)
    layer.set_weights([kernel[None, None], zero])
    return result


def multiple(network: keras.Model) -> int:
    """What the sides of a picture must be divisible by: 2 for each time that the network halves them."""
    parts = network.get_layer(ENCODER).layers[-1].layers if is_arbitrary(network) else network.layers
    return int(np.prod([layer.strides[0] for layer in parts if hasattr(layer, "strides") and hasattr(layer, "padding")]))


def is_arbitrary(network: keras.Model) -> bool:
    return any(layer.name == ENCODER for layer in network.layers)


def ways(network: keras.Model) -> list[keras.Layer | None]:
    """The layer that carries the style, for each level of an arbitrary-style network."""
    found = {layer.name: layer for layer in network.layers}
    return [found.get(f"{CARRIED}{level}") for level in range(len(found[ENCODER].outputs))]


def code(network: keras.Model, styles: tf.Tensor) -> list[tf.Tensor]:
    """The code of style pictures `[N, H, W, 3]`: the inputs of an arbitrary-style network after the picture."""
    features = network.get_layer(ENCODER)(styles, training=False)
    return [part for way, level in zip(ways(network), features, strict=True) if way for part in way.code(level)]


def blended(network: keras.Model, codes: Sequence[Sequence[tf.Tensor]], shares: Sequence[float]) -> list[tf.Tensor]:
    """The code that mixes several; the shares add up to 1."""
    result, start = [], 0
    for way in ways(network):
        if way is not None:
            end = start + len(way.code_shapes(1))
            result += way.blend([one[start:end] for one in codes], shares)
            start = end
    return result
