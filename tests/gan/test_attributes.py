"""Attributes of shapes drawn for the purpose."""

import numpy as np
import pytest

from gan import attributes


def bar(width, lean=0.0, size=40):
    """A bright bar on black, `lean` columns further right for each row further up -> `[1, size, size, 1]`."""
    rows, columns = np.mgrid[:size, :size]
    middle = size / 2 - lean * (rows - size / 2)
    ink = (np.abs(columns - middle) < width / 2) & (np.abs(rows - size / 2) < 15)
    return (2.0 * ink - 1)[None, ..., None].astype(np.float32)


def test_a_bar_has_its_width():
    """Twice the area over the outline, whose two ends are a part of it."""
    for width in (3, 7):
        assert attributes.stroke_width(bar(width))[0] == pytest.approx(width * 29 / (29 + width), rel=0.03)


@pytest.mark.parametrize("lean", [-0.4, 0.0, 0.4])
def test_a_leaning_bar_leans(lean):
    assert attributes.slant(bar(5, lean))[0] == pytest.approx(lean, abs=0.05)


def test_colours_in_closed_form(random):
    images = np.zeros((2, 4, 4, 3), np.float32)
    images[0] = [1, 0, -1]  # 1, 1/2, 0 of full
    np.testing.assert_allclose(attributes.brightness(images), [0.5, 0.5])
    np.testing.assert_allclose(attributes.warmth(images), [1, 0])
    np.testing.assert_allclose(attributes.saturation(images), [1, 0])
    np.testing.assert_allclose(attributes.warmth(random.uniform(-1, 1, (3, 4, 4, 1))), 0)


def test_a_black_picture_breaks_nothing():
    for measure in attributes.ATTRIBUTES.values():
        assert np.isfinite(measure(np.full((1, 8, 8, 1), -1.0))).all()
