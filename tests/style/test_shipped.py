"""The networks that come with the package: what their notes say of them, and that they paint."""

import hashlib
import json

import numpy as np
import pytest

from experiments import pictures
from gan import features
from style import fast
from style.colour import match_covariance
from style.models import Stylisation


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


def test_twelve_styles_differ():
    painter = fast.load("many")
    content = pictures.to_float(pictures.read("samples/coffee.png", long_side=128))[None]
    made = [painter.with_styles([style])(content) for style in painter.styles]
    assert len(made) == 12
    gaps = [np.abs(one - other).mean() for index, one in enumerate(made) for other in made[:index]]
    assert min(gaps) > 0.02
    between = painter.with_styles(painter.styles[:2])(content)
    assert np.abs(between - made[0]).mean() > 0.02
