"""Draws pictures from the generator of any finished run.

    python -m experiments.sample runs/dcgan --count 64 --seed 1

Writes RUN/drawn/seed-S/grid.png and one file a picture.
"""

from dataclasses import dataclass
from pathlib import Path

import tyro

from experiments.options import command, parse, positive
from experiments.runs import CELLS


@dataclass(frozen=True, kw_only=True)
class Config:
    run: tyro.conf.Positional[Path]
    """A run directory that holds generator.keras."""
    count: int = 64
    """How many pictures."""
    seed: int = 0
    """Seed of the latents."""
    label: int | None = None
    """The class to draw, for a conditional generator. Default: each in turn."""
    cells: int = CELLS
    """Side of the latent grid, for a fully convolutional generator: the picture is this many cells wide."""

    def __post_init__(self):
        positive(self, "count", "cells")


def main(argv: list[str] | None = None) -> None:
    config = parse(Config, __doc__, argv)

    from experiments import pictures, runs

    generator = runs.load(config.run, "generator")
    labels = runs.asked_labels(generator, config.count, config.label)
    images = runs.draw(generator, config.count, config.seed, config.cells, labels)
    name = f"seed-{config.seed}" + ("" if config.label is None else f"-label-{config.label}")
    folder = config.run / "drawn" / name
    for index, image in enumerate(images):
        pictures.write(folder / f"{index:05d}.png", image)
    path = pictures.write(folder / "grid.png", pictures.grid(images))
    print(f"{config.count} pictures of {images.shape[2]} x {images.shape[1]}: {path}")


if __name__ == "__main__":
    command(main)
