"""The Inception graph of 2015-12-05, in whose features the figures named FID, KID and IS of the literature are computed.

Its file is no Keras model but a frozen TensorFlow graph. Only the operations of a convolutional network are accepted from it.
Another network of the same name, such as Keras' InceptionV3, gives other figures.
"""

import tarfile
from collections.abc import Callable
from pathlib import Path

import keras
import tensorflow as tf

from gan.downloads import no_hanging
from gan.errors import InputError

URL = "https://storage.googleapis.com/download.tensorflow.org/models/image/imagenet/inception-2015-12-05.tgz"
MEMBER = "classify_image_graph_def.pb"
INPUT, FEATURES, CLASSIFIER = "Mul:0", "pool_3:0", "softmax/logits/MatMul"
SIDE = 299
MOST = 500_000_000  # bytes of a graph file
OPERATIONS = {
    "AvgPool", "BatchNormWithGlobalNormalization", "BiasAdd", "CheckNumerics", "Concat", "ConcatV2", "Const", "Conv2D",
    "Identity", "MatMul", "MaxPool", "Mul", "Placeholder", "Relu", "Reshape",
}  # fmt: skip


def path_of(given: str | Path | None = None) -> Path:
    """The graph's file: the given one, or from Keras' cache, else downloaded.

    Raises:
        InputError: there is no such file and no download.
    """
    if given is not None:
        if not Path(given).is_file():
            raise InputError(f"the Inception graph '{given}' does not exist or is no file")
        return Path(given)
    target = Path(keras.config.keras_home()) / "models" / MEMBER
    if not target.is_file():
        try:
            with no_hanging():
                archive = keras.utils.get_file(Path(URL).name, URL, cache_subdir="models")
        except Exception:  # Keras raises a bare Exception when a download fails
            raise InputError(
                f"the Inception graph cannot be downloaded; put {MEMBER} of {URL} at '{target}' or give its path, or use "
                f"another extractor, whose figures have other names"
            ) from None
        with tarfile.open(archive) as files:
            target.write_bytes(files.extractfile(MEMBER).read(MOST))
    return target


def load(given: str | Path | None = None) -> Callable[[tf.Tensor], tuple[tf.Tensor, tf.Tensor]]:
    """A function: images `[N, H, W, 1 or 3]` in [-1, 1] -> features `[N, 2048]` and logits `[N, 1008]`.

    Images are quantised to 8 bit, resized as the graph does (bilinear without half-pixel centres) and classified without the
    biases of the last layer (Karras et al. 2020).
    """
    path = path_of(given)
    if path.stat().st_size > MOST:
        raise InputError(f"'{path}' is larger than any Inception graph")
    graph = tf.compat.v1.GraphDef()
    try:
        graph.ParseFromString(path.read_bytes())
        needed = [name.partition(":")[0] for name in (FEATURES, CLASSIFIER)]
        graph = tf.compat.v1.graph_util.extract_sub_graph(_cut(graph), needed)
    except Exception as error:  # protobuf and the graph utilities raise several types
        reason = " ".join(str(error).split())[:120]
        raise InputError(f"'{path}' is not the Inception graph of 2015-12-05 ({reason})") from None
    if unknown := {node.op for node in graph.node} - OPERATIONS:
        raise InputError(f"'{path}' holds operations that the Inception graph has not: {', '.join(sorted(unknown))}")

    def read_graph():
        tf.import_graph_def(graph, name="")

    wrapped = tf.compat.v1.wrap_function(read_graph, [])
    matrix = wrapped.graph.get_operation_by_name(CLASSIFIER).inputs[1]
    network = wrapped.prune(wrapped.graph.get_tensor_by_name(INPUT), (wrapped.graph.get_tensor_by_name(FEATURES), matrix))

    def compute(images: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        pixels = tf.round(tf.clip_by_value(images * 127.5 + 127.5, 0.0, 255.0))
        rgb = tf.repeat(pixels, 3, -1) if images.shape[-1] == 1 else pixels
        resized = tf.raw_ops.ResizeBilinear(images=rgb, size=[SIDE, SIDE], align_corners=False, half_pixel_centers=False)
        features, weights = network((resized - 128.0) / 128.0)
        features = tf.reshape(features, [tf.shape(images)[0], -1])
        return features, features @ tf.reshape(weights, [features.shape[-1] or tf.shape(features)[1], -1])

    return compute


def _cut(graph: tf.compat.v1.GraphDef) -> tf.compat.v1.GraphDef:
    """With a placeholder of any batch where the graph's own preprocessing ends."""
    result = tf.compat.v1.GraphDef()
    result.CopyFrom(graph)
    for node in result.node:
        if node.name == INPUT.partition(":")[0]:
            kind = tf.float32.as_datatype_enum
            node.op = "Placeholder"
            del node.input[:]
            node.attr.clear()
            node.attr["dtype"].type = kind
            node.attr["shape"].shape.CopyFrom(tf.TensorShape([None, SIDE, SIDE, 3]).as_proto())
            return result
    raise ValueError(f"it has no node {INPUT}")
