"""Watches over a training: what a tick measured -> a written cause of what goes wrong.

A rule reads the records of a run, newest last, so that a run that was stopped and goes on raises the same alarms. Its bounds
were set on failures planted one by one and on healthy runs (tests/gan/test_watch.py).
"""

import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

Record = Mapping[str, float]


INFANCY = 2  # ticks in which a generator may still be poor


class Rule(NamedTuple):
    """`holds(record, earlier)` for `ticks` records in a row raises the alarm; `says` names the cause and the way out.

    `adult`: records of the first `INFANCY` ticks do not count.
    """

    holds: Callable[[Record, Sequence[Record]], bool]
    says: str
    ticks: int = 1
    adult: bool = False


def spread(features: np.ndarray) -> tuple[float, float]:
    """Mean distance between pairs of `[N, D]`, and the median distance to the nearest other."""
    features = np.asarray(features, np.float64)
    squares = np.square(features).sum(1)
    distances = np.sqrt(np.maximum(squares[:, None] + squares[None] - 2 * features @ features.T, 0))
    others = distances[~np.eye(len(features), dtype=bool)].reshape(len(features), -1)
    return float(others.mean()), float(np.median(others.min(1)))


def variety(drawn: np.ndarray, real: np.ndarray) -> dict[str, float]:
    """How far features of samples `[N, D]` lie apart, relative to those of as many real images: 1 is as varied as these."""
    (mean, nearest), (real_mean, real_nearest) = spread(drawn), spread(real)
    return {"watch/variety": mean / max(real_mean, 1e-12), "watch/nearest": nearest / max(real_nearest, 1e-12)}


def _usual(earlier: Sequence[Record], key: str) -> float:
    """The median so far."""
    return statistics.median([record[key] for record in earlier if key in record] or [0.0])


def _largest(earlier: Sequence[Record], key: str) -> float:
    return max((record.get(key, 0.0) for record in earlier), default=0.0)


def _runs_away(record: Record, earlier: Sequence[Record]) -> bool:
    grown = 100 * _usual(earlier, "gradient/discriminator") + 1e-3
    jumped = len(earlier) >= INFANCY and record.get("gradient/discriminator", 0.0) > grown
    return jumped or any(abs(record.get(f"loss/{side}", 0.0)) > 300 for side in ("generator", "discriminator"))


RULES = {
    "not finite": Rule(
        lambda record, earlier: not all(math.isfinite(value) for value in record.values()),
        "a value is not finite: lower the learning rate, or look for pictures that are not finite themselves",
    ),
    "data out of range": Rule(
        lambda record, earlier: record.get("watch/real_range", 1.0) > 1.05,
        "real images reach {watch/real_range:.3g} where [-1, 1] is expected: scale the data",
    ),
    "dead generator": Rule(
        lambda record, earlier: record.get("gradient/generator", 1.0) < 1e-12,
        "the generator gets no gradient at all: its units are dead or it is cut off; start again with a lower rate",
    ),
    "dead discriminator": Rule(
        lambda record, earlier: (
            record.get("gradient/discriminator", 1.0) < 1e-3 * _largest(earlier, "gradient/discriminator")
            and abs(record.get("score/margin", 1.0)) < 1e-3
        ),
        "the discriminator tells nothing apart and its gradient fell to {gradient/discriminator:.2g}: its units are dead; "
        "start again with a lower rate",
    ),
    "divergence": Rule(
        _runs_away,
        "losses ({loss/generator:.3g} of G, {loss/discriminator:.3g} of D) or gradients run away: lower the learning rate",
    ),
    "vanishing gradient": Rule(
        lambda record, earlier: (
            record.get("gradient/generator", 1.0) < 0.01 * _largest(earlier, "gradient/generator")
            and record.get("score/accuracy", 0.0) > 0.95
        ),
        "the generator's gradient fell to {gradient/generator:.2g}: D rejects everything and the loss saturates; use a "
        "non-saturating or relativistic loss, or a gradient penalty",
        ticks=2,
    ),
    "discriminator held flat": Rule(
        lambda record, earlier: (
            record.get("score/accuracy", 0.5) > 0.75
            and record.get("score/margin", 1.0) < 0.05
            and any(key.startswith("penalty/") for key in record)
        ),
        "D ranks {score/accuracy:.1%} of the pairs rightly, but by {score/margin:.2g} only: its penalty leaves it no slope; "
        "lower --gamma",
        ticks=2,
    ),
    "discriminator too strong": Rule(
        lambda record, earlier: (
            record.get("score/accuracy", 0.5) > 0.99
            and (record.get("score/margin", 0.0) > 8 or 0 <= record.get("loss/discriminator", 1.0) < 0.02)
        ),
        "D ranks {score/accuracy:.1%} of the pairs rightly, by {score/margin:.3g} on average: the generator learns nothing "
        "from it, or it knows the images by heart; add a gradient penalty or augmentation, or lower D's rate",
        ticks=2,
        adult=True,
    ),
    "blank pictures": Rule(
        lambda record, earlier: record.get("watch/contrast", 1.0) < 0.15,
        "samples have {watch/contrast:.1%} of the real images' contrast: the output is saturated or dead; lower the rate",
        ticks=2,
        adult=True,
    ),
    "collapse": Rule(
        lambda record, earlier: record.get("watch/variety", 1.0) < 0.35,
        "samples have {watch/variety:.1%} of the real images' variety: the generator ignores its latents; use relativistic "
        "pairing with R1 + R2, or go back to an earlier checkpoint",
        ticks=2,
        adult=True,
    ),
    "repetition": Rule(
        lambda record, earlier: record.get("watch/nearest", 1.0) < 0.1,
        "a sample's nearest other is {watch/nearest:.1%} as far as among real images: few pictures are repeated",
        ticks=2,
        adult=True,
    ),
    "modes lost": Rule(
        lambda record, earlier: record.get("watch/modes", 1.0) < 0.8 * _largest(earlier, "watch/modes"),
        "{watch/modes:.0%} of the modes are left of those that it had",
        ticks=2,
    ),
}
FATAL = {"divergence", "dead generator", "dead discriminator", "collapse", "blank pictures", "modes lost"}


def alarms(records: Sequence[Record]) -> dict[str, str]:
    """What is wrong at the last record: name -> cause and way out, the deepest cause first."""
    found = {}
    for name, rule in RULES.items():
        places = range(len(records) - rule.ticks, len(records))
        if places.start >= (INFANCY if rule.adult else 0) and all(
            rule.holds(records[place], records[:place]) for place in places
        ):
            found[name] = rule.says.format_map(_Fields(records[-1]))
    return found


class _Fields(dict):
    """For messages whose value was not measured."""

    def __missing__(self, key: str) -> float:
        return float("nan")


def history(records: Sequence[Record]) -> list[dict]:
    """Every alarm of a run where it began: step, name and text."""
    found, before = [], {}
    for place, record in enumerate(records, 1):
        now = alarms(records[:place])
        found += [{"step": record["step"], "alarm": name, "cause": text} for name, text in now.items() if name not in before]
        before = now
    return found
