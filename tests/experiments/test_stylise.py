"""Pictures and folders painted in one pass: what comes out, what is kept, and what people get wrong."""

import importlib

import numpy as np
import pytest
from PIL import Image

from experiments import stylise
from gan.errors import InputError
from tests.experiments.test_smoke import tiny  # noqa: F401  a fixture


@pytest.fixture(scope="module")
def runs(tiny, tmp_path_factory):  # noqa: F811
    """Finished runs of an arbitrary-style network and of one with two styles."""
    folder = tmp_path_factory.mktemp("runs")
    for name in ("adain", "fast_style"):
        importlib.import_module(f"experiments.{name}").main(tiny(name, folder / name))
    return folder


@pytest.fixture
def photo(tmp_path, random):
    """A picture with transparency."""
    path = tmp_path / "photo.png"
    pixels = random.integers(0, 256, (37, 52, 4), np.uint8)
    Image.fromarray(pixels).save(path)
    return path


def read(path):
    return np.asarray(Image.open(path)).astype(float)


def painted(runs, photo, *arguments, network="adain"):
    target = photo.parent / "painted.png"
    stylise.main(
        [
            "--content",
            str(photo),
            "--network",
            str(runs / network),
            "--output",
            str(target),
            "--overwrite",
            *map(str, arguments),
        ]
    )
    return read(target)


def test_size_and_transparency_are_kept(runs, photo, pictures_folder):
    made = painted(runs, photo, "--style", pictures_folder / "2.png")
    assert made.shape == (37, 52, 4)
    np.testing.assert_array_equal(made[..., 3], read(photo)[..., 3])


def test_styles_mix_by_their_weights(runs, photo, pictures_folder):
    first, second = pictures_folder / "2.png", pictures_folder / "3.png"
    one = painted(runs, photo, "--style", first)
    both = painted(runs, photo, "--style", first, second, "--style-weights", 1, 0)
    np.testing.assert_array_equal(one, both)
    assert (painted(runs, photo, "--style", first, second) != one).any()


def test_a_mask_keeps_the_photograph_outside(runs, photo, pictures_folder):
    Image.fromarray(np.repeat(np.uint8([[0, 255]]), 26, 1).repeat(37, 0)).save(photo.parent / "mask.png")
    solid = photo.parent / "solid.png"
    Image.open(photo).convert("RGB").save(solid)
    made = painted(runs, solid, "--style", pictures_folder / "2.png", "--mask", photo.parent / "mask.png")
    np.testing.assert_array_equal(made[:, :26], read(solid)[:, :26])
    assert (made[:, 26:] != read(solid)[:, 26:]).any()


def test_named_styles_and_strength(runs, photo):
    solid = photo.parent / "solid.png"
    Image.open(photo).convert("RGB").save(solid)
    np.testing.assert_array_equal(painted(runs, solid, "--style", "2", "--strength", 0, network="fast_style"), read(solid))
    full = painted(runs, solid, "--style", "2", network="fast_style")
    assert (full != painted(runs, solid, "--style", "3", network="fast_style")).any()


def test_refining_goes_nearer_to_the_style(runs, photo, pictures_folder):
    from experiments import pictures
    from gan import features
    from style.models import Stylisation

    style = pictures_folder / "2.png"
    judge = Stylisation(features.load(), *(
        [pictures.to_float(pictures.read(photo))[None], [pictures.to_float(pictures.read(style, long_side=52))[None]]]
    ))  # fmt: skip

    def distance(*arguments):
        painted(runs, photo, "--style", style, *arguments)
        return judge.scores(pictures.to_float(pictures.read(photo.parent / "painted.png"))[None])["style"]

    assert distance("--refine", 12) < 0.9 * distance()


def test_a_folder_with_a_broken_file(runs, pictures_folder, tmp_path, capsys):
    folder = tmp_path / "photos"
    (folder / "deeper").mkdir(parents=True)
    for name in ("a.jpg", "deeper/b.png"):
        Image.open(pictures_folder / "1.png").save(folder / name)
    (folder / "broken.png").write_bytes(b"x")
    asked = ["--content", str(folder), "--style", str(pictures_folder / "2.png"), "--network", str(runs / "adain")]
    asked += ["--output", str(tmp_path / "out")]
    with pytest.raises(InputError, match=r"broken.png.*--skip-broken"):
        stylise.main([*asked, "--overwrite"])
    stylise.main([*asked, "--overwrite", "--skip-broken"])
    assert sorted(path.relative_to(tmp_path / "out").as_posix() for path in (tmp_path / "out").rglob("*.png")) == [
        "a.png",
        "deeper/b.png",
    ]
    assert "broken.png" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "words"),
    {
        "no style": ([], "--style needs a picture"),
        "no such style": (["--style", "nothing.png"], "nothing.png"),
        "no such network": (["--style", "STYLE", "--network", "nothing"], "must be arbitrary"),
        "weights of another number": (["--style", "STYLE", "--style-weights", "1", "2"], "--style-weights"),
        "masks of another number": (["--style", "STYLE", "--mask", "a.png", "b.png"], "--mask"),
        "strength of 2": (["--style", "STYLE", "--strength", "2"], "--strength"),
        "a style that it has not": (["--network", "NAMED", "--style", "sunset"], "2, 3"),
        "no style named": (["--network", "NAMED"], "2, 3"),
        "refining without pictures": (["--network", "NAMED", "--style", "2", "--refine", "2"], "--refine"),
        "an output that exists": (["--style", "STYLE", "--output", "STYLE"], "--overwrite"),
        "an unwritable output": (["--style", "STYLE", "--output", "/proc/nowhere/x.png"], "cannot be written"),
        "no such photograph": (["--style", "STYLE", "--content", "absent.jpg"], "absent.jpg"),
    }.values(),
)
def test_mistakes(arguments, words, runs, photo, pictures_folder):
    named = {"STYLE": str(pictures_folder / "2.png"), "NAMED": str(runs / "fast_style")}
    asked = ["--content", str(photo), "--network", str(runs / "adain"), "--output", str(photo.parent / "out.png")]
    with pytest.raises(InputError, match=words):
        stylise.main([*asked, *(named.get(word, word) for word in arguments)])
    assert not (photo.parent / "out.png").exists()
