"""Which adversarial losses train with which regularisers: every pair for a few hundred steps, the failures with their cause.

    python -m experiments.loss_matrix --data mnist.npz --run-dir runs/loss_matrix

Each cell trains the same small networks from the same start. It fails if a value stops being finite, if the generator no longer
gets a gradient, if its pictures lose their variety, or if they have not come half of the way to real ones (in the sliced
Wasserstein distance between pixels, which needs no network). Writes table.md and wall.png, a picture of every cell's samples.
"""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from experiments.adversarial import Adversarial, not_finite, short_training
from experiments.options import Loss, Output, command, parse, positive
from experiments.run import begin
from gan.errors import InputError

LOSSES = get_args(Loss)
# Options of each regulariser. Those that hold D Lipschitz are what the Wasserstein loss is made for.
REGULARISERS = {
    "none": {"penalty": "none"},
    "batch norm": {"penalty": "none", "discriminator_norm": True},
    "R1": {"penalty": "r1", "gamma": 0.1, "penalty_interval": 1},
    "R1 + R2": {"penalty": "r1+r2", "gamma": 0.1, "penalty_interval": 1},
    "WGAN-GP": {"penalty": "wgan-gp", "gamma": 10.0, "penalty_interval": 1},
    "DRAGAN": {"penalty": "dragan", "gamma": 10.0, "penalty_interval": 1},
    "spectral norm": {"penalty": "none", "spectral": True},
    "clipping": {"penalty": "none", "clip": 0.03},
    "dropout": {"penalty": "none", "dropout": 0.3},
    "L2": {"penalty": "none", "l2": 1e-3},
}
SILENT = 0.02  # a generator whose gradient is smaller than this share of the largest seen gets none
VARIETY = 0.3  # of the real images' variety: less has collapsed
DISTANCE = 0.5  # of the untrained generator's distance to real images: more has not learned
SAMPLES = 256


@dataclass(frozen=True, kw_only=True)
class Config(Output):
    data: str = "mnist"
    """As in experiments.dcgan."""
    steps: int = 500
    """Steps of each cell."""
    batch_size: int = 32
    width: int = 16
    learning_rate: float = 2e-3
    losses: tuple[str, ...] = LOSSES
    """The rows."""
    regularisers: tuple[str, ...] = tuple(REGULARISERS)
    """The columns."""

    def __post_init__(self):
        positive(self, "steps", "batch_size", "width", "learning_rate")
        for name, given, known in (("losses", self.losses, LOSSES), ("regularisers", self.regularisers, tuple(REGULARISERS))):
            if unknown := set(given) - set(known):
                raise InputError(f"--{name} are among {', '.join(known)}. Received: {', '.join(sorted(unknown))}")


def variety(images) -> float:
    """Mean standard deviation of a pixel over images `[N, H, W, C]`."""
    return float(images.std(0).mean())


def verdict(history: list[dict], share: float, distance: float) -> str:
    """What became of a training: "trains", or why not.

    Args:
        history: the values of all steps.
        share: the samples' variety, relative to the real images'.
        distance: the samples' to real images, relative to the untrained generator's.
    """
    for step, values in enumerate(history, 1):
        for name, value in values.items():
            if not math.isfinite(value):
                return f"{name} became {value} at step {step}"
    gradients = [values["gradient/generator"] for values in history]
    last = sorted(gradients[-50:])[len(gradients[-50:]) // 2]
    if last < SILENT * max(gradients):
        return f"D wins: G's gradient fell to {last / max(gradients):.3f} of its largest"
    if share < VARIETY:
        return f"collapse: {share:.2f} of the real variety"
    if distance > DISTANCE:
        return f"has not learned: {distance:.2f} of the first distance is left"
    return "trains"


def main(argv: list[str] | None = None) -> None:
    config = parse(Config, __doc__, argv)
    run = begin(config)

    from experiments import cells, data, pictures

    images = data.load(config.data)
    if len(images) < config.batch_size:
        raise InputError(f"'{config.data}' has {len(images)} images, fewer than a batch of {config.batch_size}")

    import numpy as np

    from style.metrics import sliced_wasserstein

    run.open(data=images.hash)
    real = np.concatenate(
        [
            data.batch(images, config.batch_size, config.seed, config.steps + index)
            for index in range(SAMPLES // config.batch_size + 1)
        ]
    )[:SAMPLES]
    flat = real.reshape(len(real), -1)

    def distance(drawn: np.ndarray) -> float:
        return sliced_wasserstein(drawn.reshape(len(drawn), -1), flat)

    untrained = distance(np.zeros_like(real))  # what a DCGAN draws at first, to 1 %

    def cell(loss: str, name: str, picture: Path) -> dict:
        options = Adversarial(
            loss=loss, steps=config.steps, batch_size=config.batch_size, width=config.width, schedule="constant",
            learning_rate=config.learning_rate, seed=config.seed, **REGULARISERS[name],
        )  # fmt: skip
        model, history = short_training(options, images, not_finite)
        drawn = np.nan_to_num(model.generator(model.latents(SAMPLES, -1), training=True).numpy())
        pictures.write(picture, pictures.grid(drawn[:16]))
        share, left = variety(drawn) / variety(real), distance(drawn) / untrained
        values = {"verdict": verdict(history, share, left), "variety": share, "distance": left, "last": history[-1]}
        print(f"{loss} with {name}: {values['verdict']}", flush=True)
        return values

    names = config.regularisers
    found = cells.kept(run.dir / "cells", [(loss, name) for loss in config.losses for name in names], cell)
    verdicts = {cell: values["verdict"] for cell, values in found.items()}
    rows = {loss: [verdicts[loss, name] for name in names] for loss in config.losses}
    (run.dir / "table.md").write_text(cells.table("loss", names, rows))
    cells.wall(
        run.dir / "wall.png", run.dir / "cells", [(loss,) for loss in config.losses], [(name,) for name in names],
        lambda cell: "C2" if verdicts[cell] == "trains" else "C3",
    )  # fmt: skip
    run.finish(
        {
            "seconds": cells.seconds(found),
            "steps": config.steps,
            "cells": len(found),
            "train": sum(text == "trains" for text in verdicts.values()),
            "verdicts": {f"{loss}, {name}": text for (loss, name), text in verdicts.items()},
            "table": "table.md",
            "wall": "wall.png",
        }
    )


if __name__ == "__main__":
    command(main)
