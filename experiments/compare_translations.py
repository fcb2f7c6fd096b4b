"""Networks that turn photographs into paintings in one table: runs of cyclegan, cut, hybrid, and networks that stylise.

    python -m experiments.compare_translations runs/cyclegan runs/cut arbitrary --data photos --data-b paintings/monet

Each run's network translates the same held-out photographs (one for any style, as `arbitrary`, which comes along: each in
the style of a painting drawn from those to train on), and one judge compares them with held-out paintings (kernel, style
and patch distance) and with the photographs (content distance), each with a 95 % interval. Beside them stand the photographs as
they are, the photographs in the paintings' colours, and paintings at random. Runs that differ only in a trailing -NUMBER, as of
seeds, make one row: mean and standard deviation. Writes table.md and wall.png (a column for the first seed of each).
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tyro

from experiments import unpaired
from experiments.options import Output, command, named, parse, positive
from experiments.run import begin
from gan.errors import InputError

SHOWN = 6


@dataclass(frozen=True, kw_only=True)
class Config(Output):
    runs: tyro.conf.Positional[tuple[Path, ...]]
    """Finished runs, their .keras files, or what experiments.stylise --network takes. The table names them by the last part of
    their paths, files by the last two."""
    data: Path
    """The folder of photographs."""
    data_b: Path
    """The folder of paintings."""
    network: str = "generator"
    """Which of the runs' networks."""
    style: int = 0
    """Which style, of a network of several."""
    image_size: int = 128
    """Side of the squares that are judged."""
    test_count: int = 50
    """How many pictures are held out, the last by name, where there is no folder test or val; at most a fifth."""
    extractor: str = "compact"
    """The feature network that judges: compact, vgg16, vgg19 or a .keras file."""

    def __post_init__(self):
        positive(self, "image_size", "test_count")
        if self.style < 0:
            raise InputError(f"--style must be 0 or greater. Received: {self.style}")
        names = [name_of(run) for run in self.runs]
        if not names or len(set(names)) < len(names):
            raise InputError(f"give runs whose last names differ, one or more. Received: {' '.join(names) or 'none'}")


def name_of(network: Path) -> str:
    """What a run or a network is called in the table."""
    return f"{network.parent.name}/{named(network)}" if network.suffix == ".keras" else named(network)


def table(rows: dict[str, dict]) -> str:
    """Markdown, a row for each way or group of seeds: one training with 95 % intervals, several with their deviation."""
    from experiments import cells, seeds

    def cell(several: list[dict]) -> str:
        if len(several) == 1:
            return unpaired.cell(several[0])
        return seeds.spread([one["value"] for one in several if "value" in one])

    columns = list(rows["copied"])
    return cells.table(
        "way", columns,
        {name.replace("_", " "): [cell([one[key] for one in several]) for key in columns]
         for name, several in seeds.grouped(rows).items()},
    )  # fmt: skip


def file_of(config: Config, run: Path) -> Path:
    """The network of a run, or of what is given in place of one."""
    from style import fast

    if run.suffix == ".keras":
        return run
    stylist = fast.SHIPPED / f"{run}.keras" if str(run) in fast.NAMES else run / fast.FILE
    return stylist if stylist.exists() else run / f"{config.network}.keras"


def stylist_of(config: Config, run: Path, paintings):
    """What a network for any style makes of pictures `[N, H, W, 3]`: each in the style of one of the paintings."""
    from experiments import data, pictures
    from style import fast

    network = fast.load(str(run))
    if isinstance(network, fast.Named):
        if config.style >= len(network.styles):
            raise InputError(f"--style must be less than the {len(network.styles)} styles of '{run}'. Received: {config.style}")
        return network.with_styles([network.styles[config.style]])

    def paint(images: np.ndarray) -> np.ndarray:
        chosen = np.random.default_rng(config.seed).integers(len(paintings), size=len(images))
        styles = (pictures.to_float(data.centre(paintings.pictures[place], paintings.size))[None] for place in chosen)
        return np.concatenate([network.with_styles([style])(image[None]) for style, image in zip(styles, images, strict=True)])

    return paint


def painter_of(config: Config, run: Path, paintings):
    """What a run's network makes of pictures `[N, H, W, 3]`."""
    from experiments import runs
    from experiments.translation import translator
    from gan.networks import translation

    if file_of(config, run) != run / f"{config.network}.keras":
        return stylist_of(config, run, paintings)
    network = runs.load(run, config.network)
    shapes = network.inputs[0].shape, network.outputs[0].shape
    if any(len(shape) != 4 or shape[-1] != 3 for shape in shapes) or network.inputs[0].shape[1] not in (
        None,
        config.image_size,
    ):
        raise InputError(f"'{run}' does not turn pictures into pictures: it maps {shapes[0][1:]} to {shapes[1][1:]}")
    multiple = translation.multiple(network)
    if config.image_size % multiple:
        raise InputError(f"--image-size must be a multiple of {multiple} for '{run}'. Received: {config.image_size}")
    translate = translator(network)
    if len(network.inputs) == 1:
        return translate
    return lambda images: translate(images, np.full(len(images), config.style, "int32"))


def main(argv: list[str] | None = None) -> None:
    config = parse(Config, __doc__, argv)
    run = begin(config)

    from experiments import pictures, seeds

    seeds.check(one.parent if one.suffix == ".keras" else one for one in config.runs)
    size = config.image_size
    (a, test_a), (b, test_b) = (
        unpaired.split(folder, size, size, config.test_count) for folder in (config.data, config.data_b)
    )
    sets = unpaired.Sets(a, b, test_a, test_b)

    from gan import features
    from style.colour import match_covariance

    painters = {name_of(one): painter_of(config, one, b) for one in config.runs}
    extractor = features.load(config.extractor)
    files = [features.digest(str(file_of(config, one))) for one in config.runs]
    run.open(**sets.hashes, extractor=features.digest(config.extractor), runs=" ".join(files))
    made = {"colours matched": match_covariance(test_a, test_b)} | {name: paint(test_a) for name, paint in painters.items()}
    rows = {}
    for name, images in made.items():
        scores = unpaired.results(extractor, sets, images)
        rows = {key: scores[key] for key in ("source_as_it_is", "copied")} | rows | {name: scores["translated"]}
    (run.dir / "table.md").write_text(table(rows))
    shown = {name: several[0] for name, several in seeds.grouped(made).items()}
    columns = [test_a[:SHOWN], *(images[:SHOWN] for images in shown.values())]
    wall = np.stack(columns, 1).reshape(-1, *test_a.shape[1:])
    run.image("wall", 0, pictures.grid(wall, len(columns)), "wall.png")
    run.finish(
        {
            "feature_network": config.extractor,
            "columns": ["photograph", *shown],
            "rows": rows,
            "table": "table.md",
            "wall": "wall.png",
        }
    )


if __name__ == "__main__":
    command(main)
