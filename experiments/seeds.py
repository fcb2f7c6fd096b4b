"""Trainings that differ in their seed alone: names that differ in a number at their end are of one group."""

import re
import statistics
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from experiments.run import read_json
from gan.errors import InputError

DIFFERENT = "seed", "run_dir"  # options that seeds of one training differ in

T = TypeVar("T")


def check(runs: Iterable[Path]) -> None:
    """Raises InputError if runs whose names make them one group differ in more than their seed."""
    for paths in grouped({run.name: run for run in runs if (run / "config.json").is_file()}).values():
        first, *others = ({**read_json(path / "config.json")["options"], **dict.fromkeys(DIFFERENT)} for path in paths)
        for path, other in zip(paths[1:], others, strict=True):
            key = next((key for key in first | other if first.get(key) != other.get(key)), None)
            if key:
                raise InputError(
                    f"'{paths[0]}' and '{path}' are no seeds of one training ({key}: {first.get(key)} and {other.get(key)}); "
                    "rename one, so that they differ in more than a number at the end"
                )


def grouped(runs: Mapping[str, T]) -> dict[str, list[T]]:
    """Name without its seed -> those of that name: `dcgan-0` and `dcgan-1` are `dcgan (2 seeds)`, one alone keeps its name.
    Of `PARENT/NAME` the seed is PARENT's."""
    groups: dict[str, list[str]] = {}
    for name in runs:
        groups.setdefault(re.sub(r"-\d+(?=$|/)", "", name), []).append(name)
    return {
        f"{trained} ({len(names)} seeds)" if len(names) > 1 else names[0]: [runs[name] for name in names]
        for trained, names in groups.items()
    }


def spread(values: Sequence[float]) -> str:
    """Mean and standard deviation; one value alone; a dash for none."""
    deviation = f" ± {statistics.stdev(values):.2g}" if len(values) > 1 else ""
    return f"{statistics.mean(values):.4g}{deviation}" if values else "-"
