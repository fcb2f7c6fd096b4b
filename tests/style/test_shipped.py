"""The networks that come with the package: what their notes say of them, and that they paint."""

import hashlib
import json

import pytest

from experiments import pictures
from gan import features
from style import fast
from style.colour import match_covariance
from style.models import Stylisation
from tests.conftest import SHARED, needs_shared


@pytest.mark.parametrize("name", fast.NAMES)
def test_the_file_is_the_one_that_was_judged(name):
    path = fast.SHIPPED / f"{name}.keras"
    told = json.loads(path.with_suffix(".json").read_text())
    assert hashlib.sha256(path.read_bytes()).hexdigest() == told["sha256"]
    assert path.stat().st_size == told["bytes"] < 4_000_000
    assert fast.load(name).network.count_params() == told["parameters"]


def test_any_style_is_nearer_than_colours_alone():
    content, style = (
        pictures.to_float(pictures.read(f"samples/{name}", long_side=256))[None] for name in ("coffee.png", "ihc.png")
    )
    painted = fast.load("arbitrary").with_styles([style])(content)
    judge = Stylisation(features.load(), content, [style])
    scores, matched = judge.scores(painted), judge.scores(match_covariance(content, style))
    assert scores["style"] < 0.5 * matched["style"]
    assert scores["content"] < 1


@needs_shared
def test_each_named_style_is_nearer_than_colours_alone():
    """On a photograph that nothing was trained on; and each is nearer to its own painting than the others are."""
    many, judge = fast.load("many"), features.load()
    content = pictures.to_float(pictures.read("samples/coffee.png", long_side=256))[None]
    painted = {name: many.with_styles([name])(content) for name in many.styles}
    for name in many.styles:
        style = pictures.to_float(pictures.read(SHARED / "paintings" / "famous" / f"{name}.jpg", long_side=384))[None]
        of = Stylisation(judge, content, [style])
        scores = {other: of.scores(image) for other, image in painted.items()}
        assert scores[name]["style"] < 0.75 * of.scores(match_covariance(content, style))["style"], name
        assert scores[name]["content"] < 1
        assert min(scores, key=lambda other: scores[other]["style"]) == name
