"""Networks that stylise in one pass, in use: those that come with the package, and those of a training."""

import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import tensorflow as tf

from gan.errors import InputError
from gan.features import read_keras
from style import networks, whole

SHIPPED = Path(__file__).parent / "weights"
NAMES = ("arbitrary", "many")
FILE = "network.keras"
AT_ONCE = 2_400_000  # pixels; larger pictures are painted in tiles
Paint = Callable[[np.ndarray], np.ndarray]


def load(name: str | Path) -> "Arbitrary | Named":
    """A network by name (`NAMES`), a `.keras` file, or a folder that holds a network.keras; with the names of its styles.

    Raises:
        InputError: nothing there, or a network of another kind.
    """
    path = SHIPPED / f"{name}.keras" if str(name) in NAMES else Path(name)
    path = path / FILE if path.is_dir() else path
    if path.suffix != ".keras" or not path.is_file():
        raise InputError(f"a network must be {', '.join(NAMES)}, a run with a {FILE}, or a .keras file. Received: '{name}'")
    network, digest = read_keras(path), hashlib.sha256(path.read_bytes()).hexdigest()
    if networks.is_arbitrary(network):
        return Arbitrary(network, digest)
    told = path.with_suffix(".json")
    names = json.loads(told.read_text())["styles"] if told.is_file() else []
    shares = [tensor for tensor in network.inputs if tensor.name == networks.SHARES]
    count = shares[0].shape[-1] if shares else 1
    if len(network.inputs) != 1 + len(shares) or tuple(network.inputs[0].shape[1:]) != (None, None, 3):
        raise InputError(f"'{path}' is no network that stylises in one pass (experiments.fast_style, experiments.adain)")
    return Named(network, names if len(names) == count else [str(number) for number in range(count)], digest)


class Arbitrary:
    """Any style, from a picture of it. `digest`: SHA-256 of the network's file."""

    def __init__(self, network, digest: str = ""):
        self.network, self.digest = network, digest
        self.compute = tf.function(network, reduce_retracing=True)
        self.encode = tf.function(lambda image: networks.code(network, image), reduce_retracing=True)

    def seen(self, image: np.ndarray) -> tf.Tensor:
        """A picture as its style is read: of at most `AT_ONCE` pixels."""
        return tf.constant(whole.fitted(whole.shrunk(image, AT_ONCE), networks.multiple(self.network)))

    def with_styles(self, styles: Sequence[np.ndarray], shares: Sequence[float] | None = None, strength: float = 1.0) -> Paint:
        """What paints pictures `[N, H, W, 3]` in [-1, 1], of any size, in the mixture of styles `[1, h, w, 3]`.

        Args:
            shares: how much each counts; they are scaled to add up to 1. Default: all the same.
            strength: from 0, the picture's own style, to 1.
        """
        codes = [self.encode(self.seen(style)) for style in styles]
        wanted = networks.blended(self.network, codes, normal(shares, len(codes)))

        def inputs_of(image: np.ndarray) -> list[tf.Tensor]:
            if strength == 1:
                return wanted
            own = self.encode(self.seen(image))
            return networks.blended(self.network, [own, wanted], [1 - strength, strength])

        def one(image: np.ndarray) -> np.ndarray:
            return whole.paint(self.network, self.compute, image, inputs_of(image), AT_ONCE)

        return lambda images: np.concatenate([one(image[None]) for image in images])


class Named:
    """The styles that a network was trained on."""

    def __init__(self, network, styles: Sequence[str], digest: str = ""):
        self.network, self.styles, self.digest = network, list(styles), digest
        self.compute = tf.function(network, reduce_retracing=True)

    def with_styles(self, styles: Sequence[str], shares: Sequence[float] | None = None, strength: float = 1.0) -> Paint:
        """What paints pictures `[N, H, W, 3]` in [-1, 1] in the mixture of named styles.

        Args:
            shares: how much each counts. Default: all the same.
            strength: from 0 to 1: how much of the result is laid over the picture.
        """
        unknown = [style for style in styles if style not in self.styles]
        if unknown:
            raise InputError(f"a style of this network must be of {', '.join(self.styles)}. Received: '{unknown[0]}'")
        table = np.zeros([1, len(self.styles)], np.float32)
        for style, share in zip(styles, normal(shares, len(styles)), strict=True):
            table[0, self.styles.index(style)] += share
        inputs = [tf.constant(table)] if len(self.network.inputs) > 1 else []

        def paint(images: np.ndarray) -> np.ndarray:
            painted = np.concatenate([whole.paint(self.network, self.compute, one[None], inputs, AT_ONCE) for one in images])
            return strength * painted + (1 - strength) * images

        return paint


def normal(shares: Sequence[float] | None, count: int) -> list[float]:
    """Shares that add up to 1."""
    values = np.ones(count) if shares is None else np.asarray(shares, np.float64)
    if len(values) != count or count == 0 or values.min() < 0 or not 0 < values.sum() < np.inf:
        raise InputError(f"there must be a share of 0 or more for each of {count} styles. Received: {list(values)}")
    return list(values / values.sum())
