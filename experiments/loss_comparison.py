"""Are GANs created equal? One network, every objective, several seeds, and the spread beside each figure (Lucic et al. 2018).

    python -m experiments.loss_comparison --data mnist.npz --run-dir runs/loss_comparison

The same networks, optimiser, steps and R1 for all objectives; the Wasserstein loss has the gradient penalty that it was made
with. Judged in the features of a classifier that is trained in the run directory, on test images; the last row is of real
training images. Writes table.md, bars.png and wall.png.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from experiments.adversarial import Adversarial, short_training
from experiments.options import Loss, Output, command, parse, positive
from experiments.run import begin
from gan.errors import InputError

LOSSES = get_args(Loss)
OTHERWISE = {"wasserstein": {"penalty": "wgan-gp", "gamma": 10.0, "penalty_interval": 1}}
METRICS = ("fid", "kid", "precision", "recall", "density", "coverage")


@dataclass(frozen=True, kw_only=True)
class Config(Output):
    data: str = "mnist"
    """Data with labels and a test split."""
    losses: tuple[str, ...] = LOSSES
    """The rows."""
    seeds: int = 3
    """Trainings of each objective."""
    steps: int = 2500
    """Steps of each training."""
    batch_size: int = 64
    width: int = 16
    samples: int = 5000
    """Images of each kind that are judged."""

    def __post_init__(self):
        positive(self, "seeds", "steps", "batch_size", "width", "samples")
        if unknown := set(self.losses) - set(LOSSES):
            raise InputError(f"--losses are among {', '.join(LOSSES)}. Received: {', '.join(sorted(unknown))}")


def main(argv: list[str] | None = None) -> None:
    config = parse(Config, __doc__, argv)
    run = begin(config)

    from experiments import cells, data, pictures, runs
    from experiments.evaluate import comparison

    images, test = (data.load(config.data, split=split) for split in ("train", "test"))

    import numpy as np

    run.open(data=images.hash, test=test.hash)
    features = runs.own_features(run.dir, config.data)
    real, floor = (features(pictures.to_float(np.stack(part.pictures[: config.samples]))) for part in (test, images))

    def scores(found: np.ndarray) -> dict[str, float]:
        values = comparison(real, found, "classifier")
        named = {name: next(value for key, value in values.items() if key.startswith(name)) for name in METRICS}
        return {name: value.get("value", float("nan")) for name, value in named.items()}

    def cell(seed: int, loss: str, picture: Path) -> dict:
        options = Adversarial(
            loss=loss, steps=config.steps, batch_size=config.batch_size, width=config.width, seed=config.seed + seed,
            ema_half_life=5000, **OTHERWISE.get(loss, {}),
        )  # fmt: skip
        model, _ = short_training(options, images)
        model.settle()
        drawn = runs.draw(model.ema_generator, config.samples, config.seed)
        pictures.write(picture, pictures.grid(drawn[:16]))
        values = scores(features(pictures.to_float(pictures.to_uint8(drawn))))  # as a file would have it
        print(f"{loss}, seed {seed}: kid {values['kid']:.3g}", flush=True)
        return values

    seeds = range(config.seeds)
    found = cells.kept(run.dir / "cells", [(seed, loss) for seed in seeds for loss in config.losses], cell)
    report(run, config, found, scores(floor))


def report(run, config: Config, found: dict, floor: dict) -> None:
    """The table, its kernel distances as bars, and samples of every objective."""
    import numpy as np
    from matplotlib.figure import Figure

    from experiments import cells

    def spread(loss: str, metric: str) -> tuple[float, float]:
        values = [found[seed, loss][metric] for seed in range(config.seeds)]
        return float(np.mean(values)), float(np.std(values, ddof=1)) if len(values) > 1 else 0.0

    rows = {}
    for loss in config.losses:
        rows[loss] = [f"{mean:.3g} ± {deviation:.1g}" for mean, deviation in (spread(loss, metric) for metric in METRICS)]
    rows["real images"] = [f"{floor[metric]:.3g}" for metric in METRICS]
    (run.dir / "table.md").write_text(cells.table("loss", METRICS, rows))

    figure = Figure(figsize=(8, 3), layout="constrained")
    axes = figure.add_subplot()
    means, deviations = zip(*(spread(loss, "kid") for loss in config.losses), strict=True)
    axes.barh(config.losses, means, xerr=deviations)
    axes.axvline(floor["kid"], color="grey", linestyle=":", label="real images")
    axes.set(xlabel=f"kernel distance in the classifier's features, {config.samples} images, {config.seeds} seeds")
    axes.invert_yaxis()
    axes.legend()
    figure.savefig(run.dir / "bars.png", dpi=80)

    cells.wall(
        run.dir / "wall.png", run.dir / "cells", [(seed,) for seed in range(config.seeds)], [(loss,) for loss in config.losses],
        lambda cell: "black",
    )  # fmt: skip
    run.finish(
        {
            "seconds": cells.seconds(found),
            "cells": {f"{loss}, seed {seed}": values for (seed, loss), values in found.items()},
            "real": floor,
            "table": "table.md",
            "bars": "bars.png",
            "wall": "wall.png",
        }
    )


if __name__ == "__main__":
    command(main)
