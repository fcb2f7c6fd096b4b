"""What other commands take from a finished run: its networks."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from experiments.run import import_quietly
from gan.errors import InputError

if TYPE_CHECKING:
    import keras


def load(run: Path, name: str) -> "keras.Model":
    """The network RUN/NAME.keras, in safe mode: nothing in the file is executed."""
    path = run / f"{name}.keras"
    if not path.is_file():
        raise InputError(f"'{run}' is no finished run with a {name}.keras")
    import_quietly()

    import keras

    try:
        return keras.models.load_model(path, compile=False, safe_mode=True)
    except Exception as error:  # Keras raises many types for a damaged file
        raise InputError(f"'{path}' cannot be loaded as a Keras model ({' '.join(str(error).split())[:200]})") from None


def draw(generator: "keras.Model", count: int, seed: int, cells: int = 6) -> np.ndarray:
    """Images `[count, H, W, C]` in [-1, 1] from standard normal latents; `cells` is the side of a spatial latent grid."""
    from gan import noise

    shape = [cells if side is None else side for side in generator.input_shape[1:]]
    return apply(generator, noise.normal([count, *shape], seed, 0).numpy())


def apply(network: "keras.Model", inputs: np.ndarray, batch_size: int = 100) -> np.ndarray:
    """The network's outputs, computed in batches."""
    return np.concatenate([network(inputs[i : i + batch_size], training=False) for i in range(0, len(inputs), batch_size)])
