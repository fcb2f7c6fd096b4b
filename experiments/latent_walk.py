"""A film of a walk through the latents of any trained generator; it ends where it began, so that it can loop.

    python -m experiments.latent_walk runs/r3gan --output walk.mp4 --points 8 --seconds 8 --grid 4

From each random latent to the next along the great circle (White 2016), for each place of the grid its own; a conditional
generator keeps each place's class.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import tyro

from experiments.options import command, parse, positive
from experiments.runs import CELLS
from gan.errors import InputError

if TYPE_CHECKING:
    import numpy as np

KINDS = {".mp4": "mp4", ".gif": "gif"}


@dataclass(frozen=True, kw_only=True)
class Config:
    run: tyro.conf.Positional[Path]
    """A run directory that holds generator.keras."""
    output: Path
    """The film to write: NAME.mp4 or NAME.gif."""
    seed: int = 0
    """Seed of the latents."""
    points: int = 8
    """How many random latents the walk goes through."""
    seconds: float = 8.0
    """How long it takes to come back."""
    rate: int = 24
    """Frames a second."""
    grid: int = 4
    """Side of the grid: so many walks, squared, are shown at once."""
    label: int | None = None
    """The class to draw, for a conditional generator. Default: each place of the grid another."""
    cells: int = CELLS
    """Side of the latent grid, for a fully convolutional generator."""
    enlarge: int = 1
    """Each pixel becomes a square of this side: for generators of small pictures."""
    overwrite: bool = False
    """Replace what is at --output."""

    def __post_init__(self):
        positive(self, "seconds", "rate", "grid", "cells", "enlarge")
        if self.points < 2:
            raise InputError(f"--points must be 2 or more. Received: {self.points}")
        if self.output.suffix.lower() not in KINDS:
            raise InputError(f"--output must be NAME.mp4 or NAME.gif. Received: '{self.output}'")
        if self.output.is_dir() or (self.output.exists() and not self.overwrite):
            raise InputError(f"--output '{self.output}' exists; --overwrite replaces it")


def main(argv: list[str] | None = None) -> None:
    config = parse(Config, __doc__, argv)

    from experiments import frames, runs

    generator = runs.load(config.run, "generator")
    if len(generator.output_shape) != 4:
        raise InputError(f"this generator draws points of {generator.output_shape[-1]} dimensions, not pictures")
    labels = runs.asked_labels(generator, config.grid**2, config.label)
    try:
        config.output.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"--output '{config.output}' cannot be written ({error.strerror})") from None
    count = max(1, round(config.seconds * config.rate))
    kind = KINDS[config.output.suffix.lower()]
    frames.write(config.output, kind, drawn(config, generator, labels, count), Fraction(config.rate))
    print(f"{count} frames through {config.points} latents: {config.output}")


def drawn(config: Config, generator, labels: "np.ndarray | None", count: int) -> Iterator:
    """The frames of the walk, one after the other."""
    import numpy as np
    import tensorflow as tf
    from tqdm import trange

    from experiments import frames, pictures
    from gan import noise

    shape = [config.cells if side is None else side for side in generator.inputs[0].shape[1:]]
    points = noise.normal([config.points, config.grid**2, *shape], config.seed, 0).numpy()
    classes = None if labels is None else tf.constant(labels)
    draw = tf.function(lambda z: generator(z if classes is None else [z, classes], training=False))
    for index in trange(count, desc="frames", disable=None):
        z = on_the_way(points, index / count)
        grid = pictures.to_uint8(pictures.grid(draw(tf.constant(z)).numpy(), config.grid))
        grid = np.repeat(np.repeat(grid, config.enlarge, 0), config.enlarge, 1)
        rate = Fraction(config.rate)
        yield frames.Frame(grid if grid.shape[-1] == 3 else np.repeat(grid, 3, -1), index / rate, 1 / rate)


def on_the_way(points: "np.ndarray", share: float) -> "np.ndarray":
    """Where the walk through latents `[P, N, ...]` and back to the first is after a share of it, in 0..1 -> `[N, ...]`."""
    import numpy as np

    from gan.metrics.path_length import slerp

    place = share * len(points)
    before, rest = int(place) % len(points), place % 1.0
    flat = points.reshape(*points.shape[:2], -1)
    a, b = flat[before], flat[(before + 1) % len(points)]
    length = (1 - rest) * np.linalg.norm(a, axis=-1, keepdims=True) + rest * np.linalg.norm(b, axis=-1, keepdims=True)
    return (length * slerp(a, b, rest).numpy()).reshape(points.shape[1:]).astype(np.float32)


if __name__ == "__main__":
    command(main)
