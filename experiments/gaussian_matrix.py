"""Which losses keep all modes of a mixture of Gaussians, with which penalties and schedules (experiments.gaussians).

    python -m experiments.gaussian_matrix --run-dir runs/gaussian_matrix

The same networks from the same start in every cell; the penalties have the weights that they were published with. Writes
table.md (modes, share of high quality) and wall.png, where each cell's points lie; red: a mode is missing.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from experiments import gaussians
from experiments.options import Loss, Output, Penalty, command, parse, positive
from experiments.run import begin
from gan.errors import InputError

LOSSES, PENALTIES, SCHEDULES = get_args(Loss), get_args(Penalty), ("cosine", "constant")
GAMMAS = {"wgan-gp": 10.0, "dragan": 10.0}


@dataclass(frozen=True, kw_only=True)
class Config(Output):
    layout: Literal["grid", "ring"] = "grid"
    """As in experiments.gaussians."""
    steps: int = 2000
    """Steps of each cell."""
    batch_size: int = 128
    losses: tuple[str, ...] = LOSSES
    """The rows."""
    penalties: tuple[str, ...] = PENALTIES
    """The columns, each with both schedules."""
    samples: int = 10_000
    """Points that are judged."""

    def __post_init__(self):
        positive(self, "steps", "batch_size", "samples")
        for name, given, known in (("losses", self.losses, LOSSES), ("penalties", self.penalties, PENALTIES)):
            if unknown := set(given) - set(known):
                raise InputError(f"--{name} are among {', '.join(known)}. Received: {', '.join(sorted(unknown))}")


def main(argv: list[str] | None = None) -> None:
    config = parse(Config, __doc__, argv)
    run = begin(config)

    import keras
    import numpy as np

    from experiments import cells, pictures
    from experiments.adversarial import not_finite, steps_in_memory
    from gan.metrics import modes

    run.open()
    centres, sigma = gaussians.mixture(config.layout)

    def cell(loss: str, penalty: str, schedule: str, picture: Path) -> dict:
        options = gaussians.Config(
            layout=config.layout, steps=config.steps, batch_size=config.batch_size, loss=loss, penalty=penalty,
            gamma=GAMMAS.get(penalty, gaussians.Config.gamma), schedule=schedule, seed=config.seed,
        )  # fmt: skip
        keras.backend.clear_session()
        keras.utils.set_random_seed(config.seed)
        model = gaussians.compiled(options)
        history = steps_in_memory(
            model, options, lambda step: gaussians.points(config.layout, config.batch_size, config.seed, step), not_finite
        )
        found = np.nan_to_num(gaussians.drawn(model, options, config.samples), nan=np.inf)
        pictures.write(picture, gaussians.density(found, gaussians.extent(config.layout), 128))
        scores = modes.mixture_scores(found, centres, sigma)
        print(f"{loss}, {penalty}, {schedule}: {scores['modes']} modes, {scores['high_quality']:.2f}", flush=True)
        return {key: scores[key] for key in ("modes", "high_quality")} | {"steps": len(history)}

    columns = [(penalty, schedule) for penalty in config.penalties for schedule in SCHEDULES]
    found = cells.kept(run.dir / "cells", [(loss, *column) for loss in config.losses for column in columns], cell)

    def text(values: dict) -> str:
        if values["steps"] < config.steps:
            return f"not finite at step {values['steps']}"
        return f"{values['modes']}, {values['high_quality']:.0%}"

    rows = {loss: [text(found[loss, *column]) for column in columns] for loss in config.losses}
    names = [f"{penalty}, {schedule}" for penalty, schedule in columns]
    (run.dir / "table.md").write_text(cells.table("modes, high quality", names, rows))
    cells.wall(
        run.dir / "wall.png", run.dir / "cells", [(loss,) for loss in config.losses], columns,
        lambda cell: "C2" if found[cell]["modes"] == len(centres) else "C3",
    )  # fmt: skip
    run.finish(
        {
            "seconds": cells.seconds(found),
            "cells": {", ".join(cell): values for cell, values in found.items()},
            "all_modes": sum(values["modes"] == len(centres) for values in found.values()),
            "samples": config.samples,
            "table": "table.md",
            "wall": "wall.png",
        }
    )


if __name__ == "__main__":
    command(main)
