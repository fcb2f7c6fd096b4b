"""One table of several runs, if they can be compared at all.

    python -m experiments.tabulate runs/dcgan-0 runs/dcgan-1 runs/r3gan --output table.md
    python -m experiments.tabulate runs/pix2pix-0 runs/pix2pix-1 runs/pix2pix-l1-0 runs/pix2pix-l1-1

Reads each RUN/evaluation.json, or, where a run has none, the figures of every RUN/results.json. A distance depends on the
feature network, the real images, the counts and on how pictures were resized and quantised; rows that differ in one of these
are refused. Runs that differ only in a trailing -NUMBER, as of seeds, stand together: mean and standard deviation.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import tyro

from experiments.options import command, parse
from gan.errors import InputError

JUDGED_BY = "test", "extractor"  # how the names of a run's inputs begin that decide what its figures mean


@dataclass(frozen=True, kw_only=True)
class Config:
    runs: tyro.conf.Positional[tuple[Path, ...]]
    """Run directories that experiments.evaluate has judged, or that judge themselves in their results.json."""
    output: Path | None = None
    """Write the table here too."""
    overwrite: bool = False
    """Replace a file that is there."""

    def __post_init__(self):
        if not self.runs:
            raise InputError("give one run directory or more")
        if len({run.name for run in self.runs}) < len(self.runs):
            raise InputError(f"give runs whose last names differ. Received: {' '.join(run.name for run in self.runs)}")
        if self.output and self.output.exists() and not self.overwrite:
            raise InputError(f"'{self.output}' exists; --overwrite replaces it")


def comparable(records: Mapping[Path, Mapping]) -> None:
    """Raises InputError, with what differs, unless all were computed in the same way."""
    (first, reference), *others = records.items()
    for path, record in others:
        different = [
            f"{key}: {reference.get(key)} and {record.get(key)}"
            for key in reference | record
            if reference.get(key) != record.get(key)
        ]
        if different:
            raise InputError(f"'{first}' and '{path}' cannot stand in one table ({'; '.join(different)}); evaluate them alike")


def values_of(told: dict) -> dict[str, float]:
    """The figures of one side of an evaluation."""
    plain = {key: value for key, value in told.items() if isinstance(value, float)}
    return plain | {key: value["value"] for key, value in told.items() if isinstance(value, dict) and "value" in value}


def figures(results: dict, before: str = "") -> dict[str, float]:
    """Every figure with an interval of a run's results, by the keys that lead to it."""
    found = {}
    for key, value in results.items():
        if isinstance(value, dict):
            name = f"{before}{key.replace('_', ' ')}"
            found |= {name: value["value"]} if "value" in value else figures(value, f"{name}, ")
    return found


def evaluated(runs: tuple[Path, ...], read: Callable[[Path], dict]) -> str:
    """Markdown, a row for each run or group of seeds, the last one of real images."""
    from experiments import cells, seeds

    evaluations = {run: read(run / "evaluation.json") for run in runs}
    comparable({run: evaluation["record"] for run, evaluation in evaluations.items()})
    groups = seeds.grouped({run.name: values_of(evaluation["generated"]) for run, evaluation in evaluations.items()})
    rows = groups | {"real images": [values_of(next(iter(evaluations.values()))["real"])]}
    columns = list(dict.fromkeys(key for several in groups.values() for key in several[0]))
    texts = {
        name: [seeds.spread([values[key] for values in several if key in values]) for key in columns]
        for name, several in rows.items()
    }
    return cells.table("run", columns, texts)


def finished(runs: tuple[Path, ...], read: Callable[[Path], dict]) -> str:
    """Markdown, a column for each run or group of seeds, a row for each figure that all of them have."""
    from experiments import cells, seeds

    inputs = {run: read(run / "config.json")["inputs"] for run in runs}
    comparable({run: {key: each[key] for key in each if key.startswith(JUDGED_BY)} for run, each in inputs.items()})
    found = {run.name: figures(read(run / "results.json")) for run in runs}
    names = [name for name in next(iter(found.values())) if all(name in each for each in found.values())]
    if not names:
        told = "no figure stands in the results.json of all of these"
        raise InputError(f"{told}: {' '.join(found)} (experiments.evaluate writes an evaluation.json)")
    groups = seeds.grouped(found)
    rows = {name: [seeds.spread([values[name] for values in several]) for several in groups.values()] for name in names}
    return cells.table("figure", list(groups), rows)


def main(argv: list[str] | None = None) -> None:
    config = parse(Config, __doc__, argv)

    from experiments import seeds
    from experiments.run import read_json

    seeds.check(config.runs)
    table = evaluated
    if not all((run / "evaluation.json").is_file() for run in config.runs):
        missing = [run for run in config.runs if not (run / "results.json").is_file()]
        if missing:
            raise InputError(
                f"'{missing[0]}' holds neither evaluation.json nor results.json: end its training, or run experiments.evaluate"
            )
        table = finished
    text = table(config.runs, read_json)
    if config.output:
        config.output.write_text(text)
    print(text, end="")


if __name__ == "__main__":
    command(main)
