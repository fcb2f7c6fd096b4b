"""Trainings that differ in their seed alone: names that differ in a number at their end are of one group."""

import re
import statistics
from collections.abc import Mapping, Sequence
from typing import TypeVar

T = TypeVar("T")


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
