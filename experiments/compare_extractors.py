"""How well does one extractor serve style transfer, compared with another at equal content distance?

    python -m experiments.compare_extractors --data ../shared/data --reference ../shared/data/weights/squeezenet1_1.keras

Each held-out pair is stylised through both extractors by the same optimiser, the style weight swept. Content and style distance
of every result are measured in the reference's features, where the reference has the home advantage, and by the model-free
judge. Curves are interpolated to the same content distances. The floor is the photograph with only its colours matched (mean
and covariance); the figure is the share of the style distance below that floor, which the reference removes, that the candidate
removes too. Writes table.md, curves.png and wall.png.
"""

import json
from dataclasses import dataclass
from pathlib import Path

from experiments.options import Output, command, parse, positive
from experiments.run import begin, write_json
from gan.errors import InputError

POINTS = 5
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

    import time

    from tqdm import tqdm

    from experiments import pictures

    try:
        pairs = json.loads(config.pairs.read_text())["pairs"][: config.count]
    except (OSError, ValueError, KeyError) as error:
        raise InputError(f"--pairs '{config.pairs}' cannot be read ({error})") from None
    inputs = [
        [pictures.read(config.data / pair[kind], long_side=config.image_size) for kind in ("content", "style")]
        for pair in pairs
    ]

    import keras

    from gan import features
    from style.colour import match_covariance
    from style.metrics import patch_distance
    from style.models import Stylisation
    from style.optimise import stylise

    keras.utils.set_random_seed(config.seed)
    extractors = {name: features.load(name) for name in (config.candidate, config.reference)}
    judge = extractors[config.reference]
    run.open(
        pairs=pictures.digest(*(picture for pair in inputs for picture in pair)),
        candidate=features.digest(config.candidate),
        reference=features.digest(config.reference),
    )

    def measure(scorer: Stylisation, image, style) -> dict:
        return scorer.scores(image) | {"patches": patch_distance(image[0], style[0])}

    done, began = {}, time.monotonic()
    for pair, originals in zip(tqdm(pairs, unit="pair"), inputs, strict=True):
        content, style = (pictures.to_float(picture)[None] for picture in originals)
        scorer = Stylisation(judge, content, [style])
        done[pair["name"]] = {
            "photo": measure(scorer, content, style),
            "floor": measure(scorer, match_covariance(content, style), style),
        }
        for name, extractor in extractors.items():
            label = f"{pair['name'].replace(' ', '-')}-{features.digest(name)[:12]}"
            path = run.dir / "sweeps" / f"{label}.json"
            if not path.exists():
                sweep = []
                for weight in config.style_weights:
                    image = stylise(
                        content, [style], extractor, style_weight=weight, steps=config.steps,
                        style_loss="gram", scales=1, parameterisation="pixels",
                    )  # fmt: skip
                    pictures.write(run.dir / "pictures" / f"{label}-{weight:g}.png", image[0])
                    sweep.append({"style_weight": weight} | measure(scorer, image, style))
                path.parent.mkdir(exist_ok=True)
                write_json(path, sweep)
            done[pair["name"]][name] = json.loads(path.read_text())
    report(run, config, done, round(time.monotonic() - began, 1))


def report(run, config: Config, done: dict, seconds: float) -> None:
    """Table, curves and results."""
    import numpy as np

    rows = {}
    for name, measured in done.items():
        sweeps = measured[config.candidate], measured[config.reference]
        patches = at_equal_content(*sweeps, "patches")
        rows[name] = {
            "share_removed": share_removed(*sweeps, measured["floor"], "style"),
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
    lines = [
        "| pair | share of the reference's style gain | model-free distance, relative to the reference's |",
        "| --- | --- | --- |",
    ]
    shown = {
        name: [("no common range" if value is None else f"{value:.3f}") for value in row.values()] for name, row in rows.items()
    }
    lines += [f"| {name} | {' | '.join(values)} |" for name, values in shown.items()]
    (run.dir / "table.md").write_text("\n".join(lines) + "\n")
    draw_curves(run.dir / "curves.png", config, done)
    run.finish(results | {"pairs": rows, "table": "table.md", "curves": "curves.png"})


def draw_curves(path: Path, config: Config, done: dict) -> None:
    """Style against content distance, one panel a pair."""
    import math

    from matplotlib.figure import Figure

    columns = math.ceil(math.sqrt(len(done)))
    figure = Figure(figsize=(3.2 * columns, 2.6 * math.ceil(len(done) / columns)), layout="constrained")
    for place, (name, measured) in enumerate(done.items(), 1):
        axes = figure.add_subplot(math.ceil(len(done) / columns), columns, place, title=name, yscale="log")
        for label, extractor in (("candidate", config.candidate), ("reference", config.reference)):
            axes.plot(*zip(*[(one["content"], one["style"]) for one in measured[extractor]], strict=True), "o-", label=label)
        axes.axhline(measured["floor"]["style"], linestyle=":", color="grey", label="colours matched")
        axes.legend(fontsize=7)
    figure.supxlabel("content distance")
    figure.supylabel("style distance")
    figure.savefig(path, dpi=80)


if __name__ == "__main__":
    command(main)
