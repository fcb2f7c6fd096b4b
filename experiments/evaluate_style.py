"""Methods of style transfer on the same pairs, judged alike: is the style there, is the content kept, does it hold together?

    python -m experiments.evaluate_style --data ../shared/data --run-dir runs/evaluate_style

Each method stylises each of the held-out pairs; beside them stand the photograph itself, the photograph with the style's
colours (mean and covariance), and the style picture in place of the result. The baseline (Gatys et al. 2016 with Adam, one
scale, from the content) runs at several style weights, so that a method is compared with it at its own content distance: better
is who has the lower mean rank of three judges, the Gram and the sliced Wasserstein distance in the judge's features and the
model-free one. Nobody is optimised on the judge's features. Writes table.md, results.json, and wall.png: of the pairs whose
pictures may be published; and chart.png, quality against time. What is finished is kept: the same command goes on.
"""

import json
import time
from dataclasses import dataclass
from pathlib import Path

from experiments.options import Output, command, named, parse, positive
from experiments.run import begin
from gan.errors import InputError

HERE = Path(__file__).parent
BASELINE = {"style_loss": "gram", "scales": 1, "parameterisation": "pixels", "jitter": 0, "flips": False}
METHODS = {  # keyword arguments of style.optimise.stylise; what is not named is its default
    "default": {},
    "default on pixels": {"parameterisation": "pixels"},
    "gram": {"style_loss": "gram"},
    "gram, L-BFGS": {"style_loss": "gram", "optimizer": "lbfgs"},
    "meanstd": {"style_loss": "meanstd"},
    "sliced": {"style_loss": "sliced"},
    "remd": {"style_loss": "remd"},
    "strotss": {"style_loss": "remd", "content_loss": "self-similarity"},
    "nearest": {"style_loss": "nearest"},
}
NETWORKS = {"network": 0, "network, refined": 50}  # rows of each --network, and steps of style.optimise.refine after it
FLOORS = ("photograph", "colours matched", "style itself")
JUDGES = ("gram", "sliced", "patches")
COLUMNS = {  # score: its heading
    "content": "content",
    "perceptual": "perceptual",
    "ssim": "SSIM",
    "cfsd": "CFSD",
    "gram": "Gram",
    "meanstd": "mean/std",
    "sliced": "sliced W",
    "patches": "model-free",
    "patch_kid": "patch KID x 1000",
    "sifid": "SIFID",
    "variation": "variation",
    "seconds": "s",
}


@dataclass(frozen=True, kw_only=True)
class Config(Output):
    data: Path = Path("../shared/data")
    """Folder that the pairs are relative to."""
    pairs: Path = HERE / "pairs.json"
    """The list of pairs that are scored."""
    wall_pairs: Path | None = HERE / "pairs_public.json"
    """The list of pairs whose pictures may be published, for the wall; None: no wall."""
    count: int | None = None
    """Use the first so many pairs of each list."""
    methods: tuple[str, ...] = (*METHODS, *NETWORKS)
    """Rows of METHODS and of NETWORKS."""
    network: tuple[str, ...] = ("arbitrary",)
    """Arbitrary-style networks: the one that comes with the package, runs of experiments.adain, or .keras files."""
    extractor: str = "compact"
    """What the methods read."""
    judge: str = "../shared/data/weights/squeezenet1_1.keras"
    """Extractor in whose features the results are judged."""
    image_size: int = 512
    """Long side of content and style."""
    steps: int | None = None
    """Steps of the coarsest scale. Default: that of style.optimise.stylise."""
    baseline_steps: int = 500
    baseline_weights: tuple[float, ...] = (0.01, 0.1, 0.5, 2.5)
    """Style weights of the baseline."""
    art_extractor: Path | None = None
    """A .keras file of an Inception network trained on art: adds ArtFID by its formula."""

    def __post_init__(self):
        positive(self, "count", "image_size", "steps", "baseline_steps")
        unknown = [name for name in self.methods if name not in (*METHODS, *NETWORKS)]
        if unknown:
            raise InputError(f"--methods must be of {', '.join((*METHODS, *NETWORKS))}. Received: {unknown[0]}")
        if len(self.baseline_weights) < 2 or not all(weight > 0 for weight in self.baseline_weights):
            raise InputError(f"--baseline-weights needs two numbers greater than 0 or more. Received: {self.baseline_weights}")
        names = [named(Path(network)) for network in self.network]
        if not names or len({*names, *METHODS}) < len(names) + len(METHODS):
            raise InputError(
                f"give networks whose last names differ, one or more. Received: {' '.join(self.network) or 'none'}"
            )

    @property
    def networks(self) -> dict[str, tuple[str, int]]:
        """A row for each network in each of the ways asked for: its name, the network, and the steps that refine it."""
        return {
            kind.replace("network", named(Path(network))): (network, steps)
            for kind, steps in NETWORKS.items()
            if kind in self.methods
            for network in self.network
        }

    @property
    def rows(self) -> tuple[str, ...]:
        """The methods in the table, networks by their names."""
        return (*(name for name in self.methods if name in METHODS), *self.networks)


def main(argv: list[str] | None = None) -> None:
    config = parse(Config, __doc__, argv)
    run = begin(config)

    from experiments import cells, pictures

    scored = {pair["name"]: pair for pair in read_pairs(config.pairs, config.count)}
    shown = scored
    if config.wall_pairs != config.pairs:
        on_wall = read_pairs(config.wall_pairs, config.count) if config.wall_pairs else []
        shown = {f"public {pair['name']}": pair for pair in on_wall}
    pairs = scored | shown

    def load(name: str):
        return [
            pictures.to_float(pictures.read(place(config.data, pairs[name][kind]), long_side=config.image_size))[None]
            for kind in ("content", "style")
        ]

    inputs = {name: load(name) for name in pairs}

    import keras

    from gan import features
    from style import fast
    from style.optimise import STEPS, refine, stylise

    keras.utils.set_random_seed(config.seed)
    extractor, judge = features.load(config.extractor), features.load(config.judge)
    art = features.load(str(config.art_extractor)) if config.art_extractor else None
    painters = {name: fast.load(name) for name in config.network} if config.networks else {}
    for name, painter in painters.items():
        if isinstance(painter, fast.Named):
            raise InputError(f"--network must be one for any style. Received: '{name}', which has styles of its own")
    run.open(
        pairs=pictures.digest(*(picture[0] for pair in inputs.values() for picture in pair)),
        extractor=features.digest(config.extractor),
        judge=features.digest(config.judge),
        network=" ".join(painter.digest for painter in painters.values()) or "none",
    )

    def compute(name: str, method: str, picture: Path) -> dict:
        content, style = inputs[name]
        network, refining = config.networks.get(method, (None, 0))
        if network:
            painters[network].with_styles([style])(content)  # traced
        began = time.monotonic()
        if method in FLOORS:
            image = floor(method, content, style)
        elif network:
            image = painters[network].with_styles([style])(content)
            if refining:
                image = refine(content, [style], image, refining, extractor)
        else:
            baseline = method.startswith("baseline")
            options = BASELINE | {"style_weight": float(method.split()[1])} if baseline else METHODS[method]
            steps = config.baseline_steps if baseline else config.steps or STEPS
            image = stylise(content, [style], extractor, steps=steps, **options)
        seconds = time.monotonic() - began
        pictures.write(picture, image[0])
        return scores(judge, art, content, style, image) | {"seconds_of_method": round(seconds, 2)}

    baselines = tuple(f"baseline {weight:g}" for weight in config.baseline_weights)
    found = cells.kept(
        run.dir / "cells", [(name, method) for name in pairs for method in (*FLOORS, *baselines, *config.rows)], compute
    )
    results = report(run.dir, config, found, list(scored), baselines)
    if config.wall_pairs:
        wall(run.dir, inputs, list(shown), (baselines[-2], *config.rows))
        results["wall"] = "wall.png"
    chart(run.dir / "chart.png", results["rows"], config.rows, baselines)
    results["chart"] = "chart.png"
    run.finish(results | {"seconds": cells.seconds(found), "table": "table.md", "judge": config.judge})


def place(folder: Path, name: str) -> Path:
    """A picture of a list of pairs: in the data folder, or one that comes inside scikit-image."""
    return Path(name) if name.startswith("samples/") else folder / name


def read_pairs(path: Path, count: int | None) -> list[dict]:
    try:
        return json.loads(path.read_text())["pairs"][:count]
    except (OSError, ValueError, KeyError) as error:
        raise InputError(f"the pairs '{path}' cannot be read ({error})") from None


def floor(name: str, content, style):
    """What needs no method."""
    from style.colour import match_covariance
    from style.optimise import resized

    if name == "style itself":
        return resized(style, tuple(content.shape[1:3]))
    return content if name == "photograph" else match_covariance(content, style)


def scores(judge, art, content, style, image) -> dict[str, float]:
    """All scores of one result; distances in the judge's features are relative (style.objectives)."""
    from style import metrics
    from style import scores as of
    from style.perceptual import perceptual_distance

    found = {
        **of.distances(judge, content, style, image, ("gram", "meanstd", "sliced")),
        "perceptual": float(perceptual_distance(judge, content, image)[0]),
        "ssim": of.ssim(content, image),
        "cfsd": of.content_structure_distance(judge, content, image),
        "patches": metrics.patch_distance(image[0], style[0]),
        "patch_kid": of.patch_kernel_distance(judge, image, style),
        "sifid": of.relative_single_image_frechet(judge, image, style),
        "variation": of.variation_ratio(image, style),
    }
    if art is not None:
        found["artfid"] = of.artfid(found["perceptual"], of.single_image_frechet(art, image, style))
    return found


def against_baseline(own: dict, curve: list[dict]) -> dict[str, float]:
    """Each judge's distance of a result over the baseline's at the same content distance, interpolated in its logarithm; where
    the baseline has no such content distance, its nearest."""
    import numpy as np

    points = sorted((one["content"], *(np.log(one[judge]) for judge in JUDGES)) for one in curve)
    contents, *values = zip(*points, strict=True)
    return {
        judge: float(own[judge] / np.exp(np.interp(own["content"], contents, line)))
        for judge, line in zip(JUDGES, values, strict=True)
    }


def share_removed(own: dict, floor: dict, curve: list[dict]) -> float:
    """Of the Gram distance that the baseline, at the same content distance, removes below the photograph with the style's
    colours, the share that a result removes."""
    baseline = own["gram"] / against_baseline(own, curve)["gram"]
    return float((floor["gram"] - own["gram"]) / (floor["gram"] - baseline))


def report(folder: Path, config: Config, found: dict, names: list[str], baselines: tuple[str, ...]) -> dict:
    """table.md; and for the results each row's means with their intervals, and how often it beats the baseline."""
    import numpy as np

    from gan.metrics.intervals import bootstrap

    columns = COLUMNS | ({"artfid": "ArtFID"} if config.art_extractor else {})
    rows, lines = {}, ["| method | " + " | ".join(columns.values()) + " | better than the baseline | share removed |"]
    lines.append("| --- " * (len(columns) + 3) + "|")
    for method in (*FLOORS, *baselines, *config.rows):
        cells = [found[name, method] | {"seconds": found[name, method]["seconds_of_method"]} for name in names]
        row = {}
        for key in columns:
            values = np.array([cell[key] for cell in cells])
            row[key] = {"mean": float(values.mean()), "interval": bootstrap(values), "pairs": len(values)}
        if method in config.rows:
            curves = [[found[name, baseline] for baseline in baselines] for name in names]
            ratios = [against_baseline(cell, curve) for cell, curve in zip(cells, curves, strict=True)]
            better = [sum(ratio[judge] < 1 for judge in JUDGES) >= 2 for ratio in ratios]  # the lower mean rank of two
            floors = [found[name, "colours matched"] for name in names]
            shares = [share_removed(*each) for each in zip(cells, floors, curves, strict=True)]
            row |= {"better_than_baseline": sum(better), "ratios": dict(zip(names, ratios, strict=True))}
            row["share_removed"] = {
                "mean": float(np.mean(shares)),
                "interval": bootstrap(np.array(shares)),
                "pairs": dict(zip(names, shares, strict=True)),
            }
        rows[method] = row
        shown = [f"{row[key]['mean']:.3g} ({row[key]['interval'][0]:.3g}–{row[key]['interval'][1]:.3g})" for key in columns]
        won = ["", ""]
        if method in config.rows:
            won = [f"{row['better_than_baseline']} of {len(names)}", f"{row['share_removed']['mean']:.2f}"]
        lines.append(f"| {' | '.join((method, *shown, *won))} |")
    (folder / "table.md").write_text("\n".join(lines) + "\n")
    return {"pairs": len(names), "rows": rows}


def chart(path: Path, rows: dict, methods: tuple[str, ...], baselines: tuple[str, ...]) -> None:
    """Quality against time: each method's distances over the baseline's at its content distance, geometric mean over judges and
    pairs, against its seconds a picture."""
    import numpy as np
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4.5), layout="constrained")
    axes = figure.subplots()
    for place, method in enumerate(methods):
        ratio = np.exp(np.mean([np.log(list(one.values())) for one in rows[method]["ratios"].values()]))
        seconds = rows[method]["seconds"]["mean"]
        axes.plot(max(seconds, 0.05), ratio, "o")
        axes.annotate(
            method, (max(seconds, 0.05), ratio), xytext=(5, (4, -10)[place % 2]), textcoords="offset points", fontsize=8
        )
    axes.plot(np.mean([rows[name]["seconds"]["mean"] for name in baselines]), 1, "k*", markersize=10)
    axes.axhline(1, color="0.7", lw=0.8, zorder=0)
    axes.margins(x=0.15)
    axes.set(xscale="log", xlabel="seconds a picture")
    axes.set(ylabel="distances to the style over the baseline's (star)\nat the same content distance; lower is better")
    figure.savefig(path, dpi=120)


def wall(folder: Path, inputs: dict, names: list[str], methods: tuple[str, ...]) -> None:
    """wall.png: a row a pair, its content and style first."""
    import numpy as np
    from matplotlib.figure import Figure
    from PIL import Image

    from experiments import cells, pictures

    columns = ("content", "style", *methods)
    figure = Figure(figsize=(2.2 * len(columns), 1.75 * len(names)), layout="constrained")
    axes = figure.subplots(len(names), len(columns), squeeze=False)
    for line, name in zip(axes, names, strict=True):
        shown = [pictures.to_uint8(picture[0]) for picture in inputs[name]]
        shown += [np.asarray(Image.open(cells.place(folder / "cells", (name, method), "png"))) for method in methods]
        for place, picture in zip(line, shown, strict=True):
            place.imshow(picture)
            place.set_axis_off()
    for place, title in zip(axes[0], columns, strict=True):
        place.set_title(title, fontsize=9)
    figure.savefig(folder / "wall.png", dpi=110)


if __name__ == "__main__":
    command(main)
