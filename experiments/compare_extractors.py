"""How well does one extractor serve style transfer, compared with another at equal content distance?

    python -m experiments.compare_extractors --data ../shared/data --reference ../shared/data/weights/squeezenet1_1.keras

Each held-out pair is stylised through both extractors by the same optimiser, the style weight swept. Content and style distance
of every result are measured in the reference's features, where the reference has the home advantage, and by the model-free
judge. Curves are interpolated to the same content distances. The floor is the photograph with only its colours matched (mean
and covariance); the figure is the share of the style distance below that floor, which the reference removes, that the candidate
removes too. Writes table.md and curves.png.
"""

from dataclasses import dataclass
from pathlib import Path

from experiments.evaluate_style import read_pairs
from experiments.options import Output, command, parse, positive
from experiments.run import begin
from gan.errors import InputError

POINTS = 5
ROLES = ("candidate", "reference")
FLOOR = "colours matched"
PAIRS = Path(__file__).with_name("pairs.json")


@dataclass(frozen=True, kw_only=True)
class Config(Output):
    data: Path = Path("../shared/data")
    """Folder that the pairs are relative to."""
    pairs: Path = PAIRS
    """The list of pairs."""
    count: int = 8
    """Use the first so many pairs."""
    candidate: str = "compact"
    """The extractor to judge."""
    reference: str = "../shared/data/weights/squeezenet1_1.keras"
    """The extractor to compare with, in whose features distances are measured."""
    image_size: int = 256
    """Long side of the pictures."""
    steps: int = 200
    """Optimiser steps a picture."""
    style_weights: tuple[float, ...] = (0.05, 0.2, 0.8, 3.2)
    """The sweep."""

    def __post_init__(self):
        positive(self, "count", "image_size", "steps")
        if len(self.style_weights) < 2 or not all(weight > 0 for weight in self.style_weights):
            raise InputError(f"--style-weights needs at least two weights greater than 0. Received: {self.style_weights}")


def at_equal_content(candidate: list[dict], reference: list[dict], key: str):
    """Both curves' `key` at the same `POINTS` content distances within their common range, interpolated in its logarithm."""
    import numpy as np

    curves = [sorted((one["content"], one[key]) for one in sweep) for sweep in (candidate, reference)]
    low, high = max(curve[0][0] for curve in curves), min(curve[-1][0] for curve in curves)
    if low > high:
        return None
    at = np.linspace(low, high, POINTS)
    return [np.exp(np.interp(at, *zip(*[(x, np.log(y)) for x, y in curve], strict=True))) for curve in curves]


def share_removed(candidate: list[dict], reference: list[dict], floor: dict, key: str) -> float | None:
    """(floor - candidate) / (floor - reference), summed over equal content distances."""
    curves = at_equal_content(candidate, reference, key)
    return None if curves is None else float((floor[key] - curves[0]).sum() / (floor[key] - curves[1]).sum())


def main(argv: list[str] | None = None) -> None:
    config = parse(Config, __doc__, argv)
    run = begin(config)

    from experiments import cells, pictures

    pairs = read_pairs(config.pairs, config.count)
    read = {
        pair["name"]: [pictures.read(config.data / pair[kind], long_side=config.image_size) for kind in ("content", "style")]
        for pair in pairs
    }
    inputs = {name: [pictures.to_float(picture)[None] for picture in pair] for name, pair in read.items()}

    import keras

    from gan import features
    from style.colour import match_covariance
    from style.metrics import patch_distance
    from style.models import Stylisation
    from style.optimise import stylise

    keras.utils.set_random_seed(config.seed)
    extractors = {role: features.load(getattr(config, role)) for role in ROLES}
    run.open(
        pairs=pictures.digest(*(picture for pair in read.values() for picture in pair)),
        **{role: features.digest(getattr(config, role)) for role in ROLES},
    )

    def compute(name: str, role: str, weight: float, picture: Path) -> dict[str, float]:
        content, style = inputs[name]
        if role == FLOOR:
            image = match_covariance(content, style)
        else:
            image = stylise(
                content, [style], extractors[role], style_weight=weight, steps=config.steps,
                style_loss="gram", scales=1, parameterisation="pixels",
            )  # fmt: skip
        pictures.write(picture, image[0])
        scores = Stylisation(extractors["reference"], content, [style]).scores(image)
        return scores | {"patches": patch_distance(image[0], style[0])}

    sweeps = [(FLOOR, 0.0), *((role, weight) for role in ROLES for weight in config.style_weights)]
    found = cells.kept(run.dir / "cells", [(name, *sweep) for name in inputs for sweep in sweeps], compute)
    measured = {
        name: {role: [found[name, role, weight] for part, weight in sweeps if part == role] for role in (FLOOR, *ROLES)}
        for name in inputs
    }
    report(run, config, measured, cells.seconds(found))


def report(run, config: Config, measured: dict, seconds: float) -> None:
    """Table, curves and results. `measured`: pair -> the scores of the floor, and the sweep of either extractor."""
    import numpy as np

    from experiments import cells

    rows = {}
    for name, own in measured.items():
        sweeps = [own[role] for role in ROLES]
        patches = at_equal_content(*sweeps, "patches")
        rows[name] = {
            "share_removed": share_removed(*sweeps, own[FLOOR][0], "style"),
            "patches_ratio": None if patches is None else float(patches[0].mean() / patches[1].mean()),
        }
    results = {"count": len(rows), "seconds": seconds}
    for key in ("share_removed", "patches_ratio"):
        values = np.array([row[key] for row in rows.values() if row[key] is not None])
        results[key] = (
            {
                "mean": float(values.mean()),
                "std": float(values.std(ddof=1)) if len(values) > 1 else 0.0,
                "min": float(values.min()),
                "max": float(values.max()),
                "pairs": len(values),
            }
            if len(values)
            else None
        )
    shown = {
        name: [("no common range" if value is None else f"{value:.3f}") for value in row.values()] for name, row in rows.items()
    }
    columns = ("share of the reference's style gain", "model-free distance, relative to the reference's")
    (run.dir / "table.md").write_text(cells.table("pair", columns, shown))
    draw_curves(run.dir / "curves.png", measured)
    run.finish(results | {"pairs": rows, "table": "table.md", "curves": "curves.png"})


def draw_curves(path: Path, measured: dict) -> None:
    """Style against content distance, one panel a pair."""
    import math

    from matplotlib.figure import Figure

    columns = math.ceil(math.sqrt(len(measured)))
    figure = Figure(figsize=(3.2 * columns, 2.6 * math.ceil(len(measured) / columns)), layout="constrained")
    for place, (name, own) in enumerate(measured.items(), 1):
        axes = figure.add_subplot(math.ceil(len(measured) / columns), columns, place, title=name, yscale="log")
        for role in ROLES:
            axes.plot(*zip(*[(one["content"], one["style"]) for one in own[role]], strict=True), "o-", label=role)
        axes.axhline(own[FLOOR][0]["style"], linestyle=":", color="grey", label="colours matched")
        axes.legend(fontsize=7)
    figure.supxlabel("content distance")
    figure.supylabel("style distance")
    figure.savefig(path, dpi=80)


if __name__ == "__main__":
    command(main)
