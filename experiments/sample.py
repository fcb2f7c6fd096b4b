"""Draws pictures from the generator of any finished run.

    python -m experiments.sample runs/dcgan --count 64 --seed 1

Writes RUN/drawn/seed-S/grid.png and one file a picture.
"""

from dataclasses import dataclass
from pathlib import Path

import tyro

from experiments.options import command, parse, positive
from experiments.run import import_quietly
from gan.errors import InputError


@dataclass(frozen=True, kw_only=True)
class Config:
    run: tyro.conf.Positional[Path]
    """A run directory that holds generator.keras."""
    count: int = 64
    """How many pictures."""
    seed: int = 0
    """Seed of the latents."""
    cells: int = 6
    """Side of the latent grid, for a fully convolutional generator: the picture is this many cells wide."""

    def __post_init__(self):
        positive(self, "count", "cells")


def main(argv: list[str] | None = None) -> None:
    config = parse(Config, __doc__, argv)
    path = config.run / "generator.keras"
    if not path.is_file():
        raise InputError(f"RUN must be a finished run with a generator.keras. Received: '{config.run}'")
    import_quietly()

    import keras
    import tensorflow as tf

    from experiments import pictures

    try:
        generator = keras.models.load_model(path, compile=False, safe_mode=True)
    except Exception as error:  # Keras raises many types for a damaged file
        raise InputError(f"'{path}' cannot be loaded as a Keras model ({' '.join(str(error).split())[:200]})") from None
    shape = [config.cells if side is None else side for side in generator.input_shape[1:]]
    z = tf.random.stateless_normal([config.count, *shape], [config.seed, 0])
    images = generator.predict(z, batch_size=32, verbose=0)
    folder = config.run / "drawn" / f"seed-{config.seed}"
    for index, image in enumerate(images):
        pictures.write(folder / f"{index:05d}.png", image)
    path = pictures.write(folder / "grid.png", pictures.grid(images))
    print(f"{config.count} pictures of {images.shape[2]} x {images.shape[1]}: {path}")


if __name__ == "__main__":
    command(main)
