"""What other commands take from a finished run: its networks."""

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


def draw(generator: "keras.Model", count: int, seed: int, cells: int = CELLS) -> np.ndarray:
    """Images `[count, H, W, C]` in [-1, 1] from standard normal latents; `cells` is the side of a spatial latent grid."""
    from gan import noise

    shape = [cells if side is None else side for side in generator.input_shape[1:]]
    return apply(generator, noise.normal([count, *shape], seed, 0).numpy())


def apply(network: "keras.Model", inputs: np.ndarray, batch_size: int = 100) -> np.ndarray:
    """The network's outputs, computed in batches."""
    return np.concatenate([network(inputs[i : i + batch_size], training=False) for i in range(0, len(inputs), batch_size)])
