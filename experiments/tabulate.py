"""One table of the evaluations of several runs, if they can be compared at all.

    python -m experiments.tabulate runs/dcgan-0 runs/dcgan-1 runs/r3gan --output table.md

Reads each RUN/evaluation.json. A distance depends on the feature network, the real images, the counts and on how pictures were
resized and quantised; rows that differ in one of these are refused. Runs that differ only in a trailing -NUMBER, as of seeds,
make one row: mean and standard deviation. The last row is of real images.
"""

import re
import statistics
from dataclasses import dataclass
from pathlib import Path

import tyro

from experiments.options import command, parse
from gan.errors import InputError


@dataclass(frozen=True, kw_only=True)
class Config:
    runs: tyro.conf.Positional[tuple[Path, ...]]
    """Run directories that experiments.evaluate has judged."""
    output: Path | None = None
    """Write the table here too."""
    overwrite: bool = False
    """Replace a file that is there."""

    def __post_init__(self):
        if not self.runs:
            raise InputError("give one run directory or more")
        if self.output and self.output.exists() and not self.overwrite:
            raise InputError(f"'{self.output}' exists; --overwrite replaces it")


def comparable(evaluations: dict[Path, dict]) -> None:
    """Raises InputError, with what differs, unless all were computed in the same way."""
    (first, reference), *others = ((path, evaluation["record"]) for path, evaluation in evaluations.items())
    for path, record in others:
        different = [
            f"{key}: {reference.get(key)} and {record.get(key)}" for key in reference if reference[key] != record.get(key)
        ]
        if different:
            raise InputError(f"'{first}' and '{path}' cannot stand in one table ({'; '.join(different)}); evaluate them alike")


def values_of(told: dict) -> dict[str, float]:
    """The figures of one side of an evaluation."""
    plain = {key: value for key, value in told.items() if isinstance(value, float)}
    return plain | {key: value["value"] for key, value in told.items() if isinstance(value, dict) and "value" in value}


def table(evaluations: dict[Path, dict]) -> str:
    """Markdown, a row for each run or group of seeds."""
    comparable(evaluations)
    groups: dict[str, list[dict[str, float]]] = {}
    for path, evaluation in evaluations.items():
        groups.setdefault(re.sub(r"-\d+$", "", path.name), []).append(values_of(evaluation["generated"]))
    rows = groups | {"real images": [values_of(next(iter(evaluations.values()))["real"])]}
    columns = list(dict.fromkeys(key for values in groups.values() for key in values[0]))

    def cell(found: list[float]) -> str:
        spread = f" ± {statistics.stdev(found):.2g}" if len(found) > 1 else ""
        return f"{statistics.mean(found):.4g}{spread}" if found else "-"

    lines = ["| run | " + " | ".join(columns) + " |", "| --- |" + " --- |" * len(columns)]
    for name, several in rows.items():
        label = f"{name} ({len(several)} seeds)" if len(several) > 1 else name
        cells = [cell([values[column] for values in several if column in values]) for column in columns]
        lines.append(f"| {label} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def main(argv: list[str] | None = None) -> None:
    config = parse(Config, __doc__, argv)

    from experiments.run import read_json

    missing = [path for path in config.runs if not (path / "evaluation.json").is_file()]
    if missing:
        raise InputError(f"'{missing[0]}' holds no evaluation.json: run experiments.evaluate on it first")
    text = table({path: read_json(path / "evaluation.json") for path in config.runs})
    if config.output:
        config.output.write_text(text)
    print(text, end="")


if __name__ == "__main__":
    command(main)
