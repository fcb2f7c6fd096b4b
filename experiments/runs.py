"""What other commands take from a finished run: its networks."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from experiments.run import import_quietly
from gan.errors import InputError

if TYPE_CHECKING:
    import keras


CELLS = 16


def load(run: Path, name: str) -> "keras.Model":
    """The network RUN/NAME.keras, in safe mode: nothing in the file is executed."""
    path = run / f"{name}.keras"
    if not path.is_file():
        raise InputError(f"'{run}' is no finished run with a {name}.keras")
    import_quietly()

    from gan.features import read_keras

    return read_keras(path)


def own_classifier(run_dir: Path, data: str) -> "keras.Model":
    """A classifier of the data, trained in RUN_DIR/classifier unless it is there."""
    from experiments import classifier

    folder = run_dir / "classifier"
    if not (folder / "results.json").exists():
        classifier.main(["--data", data, "--run-dir", str(folder)])
    return load(folder, "classifier")


def own_features(run_dir: Path, data: str) -> Callable[[np.ndarray], np.ndarray]:
    """A function: images `[N, H, W, C]` -> the features of `own_classifier`."""
    judge = own_classifier(run_dir, data)

    import keras

    network = keras.Model(judge.input, judge.get_layer("features").output)
    return lambda images: apply(network, images)


def classes(generator: "keras.Model") -> int:
    """How many classes a generator can be asked for; 0 if none."""
    return generator.get_layer("label").classes if len(generator.inputs) > 1 else 0


def asked_labels(generator: "keras.Model", count: int, label: int | None = None) -> np.ndarray | None:
    """One label for all, or each class in turn; None for an unconditional generator.

    Raises:
        InputError: a label that the generator does not have.
    """
    known = classes(generator)
    if label is not None and not 0 <= label < known:
        rule = f"0 to {known - 1}" if known else "none: this run is unconditional"
        raise InputError(f"--label must be one of the generator's classes ({rule}). Received: {label}")
    return (np.arange(count) % known if label is None else np.full(count, label)).astype("int32") if known else None


def draw(generator: "keras.Model", count: int, seed: int, cells: int = CELLS, labels: np.ndarray | None = None) -> np.ndarray:
    """Images `[count, H, W, C]` in [-1, 1] from standard normal latents; `cells` is the side of a spatial latent grid.

    Raises:
        InputError: a generator of something else.
    """
    from gan import noise

    if len(generator.output_shape) != 4:
        raise InputError(f"this generator draws points of {generator.output_shape[-1]} dimensions, not pictures")
    shape = [cells if side is None else side for side in generator.inputs[0].shape[1:]]
    z = noise.normal([count, *shape], seed, 0).numpy()
    return apply(generator, z) if labels is None else apply(generator, z, labels)


def apply(network: "keras.Model", *inputs: np.ndarray, batch_size: int = 100) -> np.ndarray:
    """The network's output, computed in batches."""
    return apply_many(lambda parts, training: [network(parts, training=training)], *inputs, batch_size=batch_size)[0]


def apply_many(network, *inputs: np.ndarray, batch_size: int = 100) -> list[np.ndarray]:
    """Each of the network's outputs, computed in batches."""
    import tensorflow as tf

    @tf.function(reduce_retracing=True)
    def compute(*parts):
        return network(parts[0] if len(parts) == 1 else list(parts), training=False)

    starts = range(0, len(inputs[0]), batch_size)
    batches = [compute(*(tf.constant(values[i : i + batch_size]) for values in inputs)) for i in starts]
    return [np.concatenate(parts) for parts in zip(*batches, strict=True)]
