"""Pairs of pictures in both layouts, and what is wrong with those that are none."""

import numpy as np
import pytest
from PIL import Image

from experiments import pairs
from gan.errors import InputError


def save(path, array):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(array).save(path)


@pytest.fixture
def both(random):
    return random.integers(0, 256, (20, 40, 3), np.uint8)


def test_the_two_layouts_are_the_same(both, tmp_path):
    save(tmp_path / "beside" / "1.png", both)
    save(tmp_path / "apart" / "A" / "1.png", both[:, :20])
    save(tmp_path / "apart" / "B" / "1.bmp", both[:, 20:])
    images = [pairs.load(pairs.find(tmp_path / name), 16, 20, "a-to-b") for name in ("beside", "apart")]
    np.testing.assert_array_equal(images[0].pictures[0], images[1].pictures[0])
    source, target = pairs.apart(images[0].pictures[0])
    np.testing.assert_array_equal(source, both[:, :20])
    np.testing.assert_array_equal(target, both[:, 20:])
    back = pairs.load(pairs.find(tmp_path / "beside"), 16, 20, "b-to-a")
    np.testing.assert_array_equal(pairs.apart(back.pictures[0])[0], both[:, 20:])
    assert back.hash != images[0].hash


def test_pairs_without_a_partner_are_named(both, tmp_path):
    for side, names in (("A", "123"), ("B", "24")):
        for name in names:
            save(tmp_path / side / f"{name}.png", both)
    with pytest.raises(InputError, match=r"A/1\.png.*A/3\.png.*B/4\.png"):
        pairs.find(tmp_path)


def test_pairs_that_are_none_are_named(both, tmp_path):
    save(tmp_path / "photo.png", both[:, :30])
    with pytest.raises(InputError, match=r"photo\.png' must be twice as wide as high.*30 x 20"):
        pairs.load(pairs.find(tmp_path), 16, 20, "a-to-b")
    save(tmp_path / "two" / "A" / "1.png", both)
    with pytest.raises(InputError, match="need both A and B"):
        pairs.find(tmp_path / "two")
    save(tmp_path / "two" / "B" / "1.png", both[:18])
    with pytest.raises(InputError, match=r"same size.*40 x 20 and 40 x 18"):
        pairs.load(pairs.find(tmp_path / "two"), 16, 20, "a-to-b")


def test_splits(both, tmp_path):
    assert pairs.splits(tmp_path) == (tmp_path, None)
    for name in ("train", "val"):
        save(tmp_path / name / "1.png", both)
    assert pairs.splits(tmp_path) == (tmp_path / "train", tmp_path / "val")
    assert pairs.held_out(list(range(100)), 50, "x") == (list(range(80)), list(range(80, 100)))
    assert pairs.held_out([1, 2], 50, "x") == ([1], [2])
    with pytest.raises(InputError, match="two or more"):
        pairs.held_out([1], 50, "x")
