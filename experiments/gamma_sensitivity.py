"""How much the weight of R1 matters, and where the automatic one ends up.

    python -m experiments.gamma_sensitivity --data mnist.npz --run-dir runs/gamma

The same training with every gamma of a sweep and with `--gamma auto`. Judged by the kernel distance (KID; Binkowski et al.
2018) between generated and real test images in the features of a classifier, which is trained in the run directory; that
of real training images is 0 on average. Writes curve.png.
"""

from dataclasses import dataclass
from pathlib import Path

from experiments.adversarial import Adversarial, short_training
from experiments.options import Output, command, parse, positive
from experiments.run import begin
from gan.errors import InputError


@dataclass(frozen=True, kw_only=True)
class Config(Output):
    data: str = "mnist"
    """Data with a test split, as in experiments.classifier."""
    steps: int = 2500
    """Steps of each training."""
    gammas: tuple[float, ...] = (1e-3, 1e-2, 1e-1, 1.0, 10.0, 100.0)
    """The sweep."""
    samples: int = 5000
    """Images that the distance is computed from, of each kind."""
    width: int = 16

    def __post_init__(self):
        positive(self, "steps", "samples", "width")
        if not self.gammas or min(self.gammas) <= 0:
            raise InputError(f"--gammas must be greater than 0. Received: {self.gammas}")


def main(argv: list[str] | None = None) -> None:
    config = parse(Config, __doc__, argv)
    run = begin(config)

    from experiments import cells, data, pictures, runs

    images, test = (data.load(config.data, split=split) for split in ("train", "test"))

    import numpy as np

    from gan.metrics import kernel

    run.open(data=images.hash, test=test.hash)
    features = runs.own_features(run.dir, config.data)
    real = features(pictures.to_float(np.stack(test.pictures[: config.samples])))

    def distance(drawn: np.ndarray) -> float:
        return kernel.squared_mmd(features(drawn), real)

    def cell(gamma: float | str, picture: Path) -> dict:
        options = Adversarial(gamma=gamma, steps=config.steps, width=config.width, seed=config.seed, ema_half_life=5000)
        model, history = short_training(options, images)
        model.settle()
        drawn = runs.draw(model.ema_generator, config.samples, config.seed)
        pictures.write(picture, pictures.grid(drawn[:16]))
        return {"distance": distance(drawn), "gamma": [values["schedule/gamma"] for values in history[::25]]}

    kept = cells.kept(run.dir / "cells", [(gamma,) for gamma in (*config.gammas, "auto")], cell)
    found = {gamma: values for (gamma,), values in kept.items()}
    floor = distance(pictures.to_float(np.stack(images.pictures[: config.samples])))
    draw(run.dir / "curve.png", config, found, floor)
    run.finish(
        {
            "seconds": cells.seconds(kept),
            "distance": {str(gamma): values["distance"] for gamma, values in found.items()},
            "distance_of_real": floor,
            "auto_gamma": found["auto"]["gamma"],
            "samples": config.samples,
            "curve": "curve.png",
        }
    )


def draw(path, config: Config, found: dict, floor: float) -> None:
    """Distance against gamma, and the automatic gamma against the step."""
    import numpy as np
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 3.4), layout="constrained")
    left, right = figure.subplots(1, 2)
    auto = found["auto"]
    left.semilogx(config.gammas, [found[gamma]["distance"] for gamma in config.gammas], "o-", label="fixed")
    left.plot(np.median(auto["gamma"]), auto["distance"], "*", markersize=14, label="auto, at its median")
    left.axhline(floor, linestyle=":", color="grey", label="real training images")
    left.set(xlabel="gamma of R1", ylabel="kernel distance to test images", ylim=(0, None))
    left.legend()
    right.semilogy(range(0, 25 * len(auto["gamma"]), 25), auto["gamma"])
    right.set(xlabel="step", ylabel="automatic gamma")
    figure.savefig(path, dpi=80)


if __name__ == "__main__":
    command(main)
