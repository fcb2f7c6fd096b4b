"""What a picture's file says of it comes through a stylisation, or is told."""

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image, ImageCms

from experiments import originals
from gan.errors import InputError


@pytest.fixture
def ramp() -> np.ndarray:
    y, x = np.mgrid[0:32, 0:48]
    return np.stack([x * 1000, y * 2000, x * 0 + 5000], -1).astype(np.uint16)


def test_sixteen_bits_come_back(tmp_path, ramp):
    (tmp_path / "a.png").write_bytes(tf.io.encode_png(ramp).numpy())
    original = originals.read(tmp_path / "a.png")
    assert original.bits == 16
    assert original.notes["depth"] == "16 bit, kept"
    originals.write(tmp_path / "b.png", original.pixels, original)
    again = tf.io.decode_png((tmp_path / "b.png").read_bytes(), dtype=tf.uint16).numpy()
    assert np.abs(again.astype(int) - ramp).max() <= 1


def test_sixteen_bits_are_turned_upright(tmp_path, ramp):
    exif = Image.Exif()
    exif[originals.ORIENTATION] = 6
    Image.fromarray((ramp >> 8).astype(np.uint8)).save(tmp_path / "eight.png", exif=exif)
    whole = (tmp_path / "eight.png").read_bytes()
    start = whole.index(b"eXIf") - 4
    chunk = whole[start : start + 12 + int.from_bytes(whole[start : start + 4], "big")]
    deep = tf.io.encode_png(ramp).numpy()
    (tmp_path / "deep.png").write_bytes(deep[:33] + chunk + deep[33:])
    original = originals.read(tmp_path / "deep.png")
    np.testing.assert_allclose(original.pixels, np.rot90(ramp, -1) / 32767.5 - 1, atol=1e-4)
    assert original.notes["orientation"] == "applied"


def test_transparency_comes_back(tmp_path, ramp):
    colours = (ramp >> 8).astype(np.uint8)
    alpha = np.full([32, 48, 1], 255, np.uint8)
    alpha[:, :20] = 0
    alpha[:, 20:24] = 128
    Image.fromarray(np.concatenate([colours, alpha], -1)).save(tmp_path / "a.png")
    original = originals.read(tmp_path / "a.png")
    assert original.pixels[:, :20].min() == 1  # white
    originals.write(tmp_path / "b.png", original.pixels, original)
    again = np.asarray(Image.open(tmp_path / "b.png"))
    np.testing.assert_array_equal(again[..., 3:], alpha)
    assert np.abs(again[:, 20:, :3].astype(int) - colours[:, 20:]).max() <= 2


def test_an_eight_bit_profile_is_converted(tmp_path, ramp):
    """In a profile of nearly linear light (exponent 1 in place of 2.4) the same numbers are brighter."""
    colours = (ramp >> 8).astype(np.uint8)
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    light = srgb.replace(bytes.fromhex("00026666"), bytes.fromhex("00010000"))
    assert light != srgb
    for name, icc in (("plain", None), ("srgb", srgb), ("light", light), ("broken", b"no profile")):
        Image.fromarray(colours).save(tmp_path / f"{name}.png", **({"icc_profile": icc} if icc else {}))
    read = {path.stem: originals.read(path) for path in tmp_path.glob("*.png")}
    assert {name: one.notes["profile"] for name, one in read.items()} == {
        "plain": "none given: sRGB",
        "srgb": "converted to sRGB",
        "light": "converted to sRGB",
        "broken": "cannot be read, taken for sRGB",
    }
    assert np.abs(read["srgb"].pixels - read["plain"].pixels).max() < 0.02
    assert (read["light"].pixels - read["plain"].pixels).mean() > 0.1
    np.testing.assert_array_equal(read["broken"].pixels, read["plain"].pixels)


def test_a_deep_profile_is_kept(tmp_path, ramp):
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    (tmp_path / "a.png").write_bytes(originals._with_profile(tf.io.encode_png(ramp).numpy(), profile))
    original = originals.read(tmp_path / "a.png")
    originals.write(tmp_path / "b.png", original.pixels, original)
    assert Image.open(tmp_path / "b.png").info["icc_profile"] == profile


def test_masks(tmp_path):
    half = np.zeros([40, 60], np.uint8)
    half[:, :30] = 255
    Image.fromarray(half).save(tmp_path / "half.png")
    mask = originals.read_mask(tmp_path / "half.png", (80, 120))
    assert mask.shape == (80, 120)
    assert mask[:, :50].min() > 0.95
    assert mask[:, 70:].max() < 0.05
    with pytest.raises(InputError, match="shape of the content"):
        originals.read_mask(tmp_path / "half.png", (80, 80))
    Image.fromarray(0 * half).save(tmp_path / "none.png")
    with pytest.raises(InputError, match="cover something"):
        originals.read_mask(tmp_path / "none.png", (80, 120))


def test_a_file_is_opened_once_and_a_damaged_one_is_named(tmp_path, ramp, monkeypatch):
    Image.fromarray((ramp >> 8).astype(np.uint8)).save(tmp_path / "eight.png")
    whole = tf.io.encode_png(ramp).numpy()
    (tmp_path / "deep.png").write_bytes(whole)
    opened, open_file = [], Image.open
    monkeypatch.setattr(Image, "open", lambda *args, **how: opened.append(args) or open_file(*args, **how))
    for name in ("eight.png", "deep.png"):
        assert originals.read(tmp_path / name, long_side=24).pixels.shape == (16, 24, 3)
    assert len(opened) == 2
    (tmp_path / "cut.png").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match=r"cut\.png' is not a readable"):
        originals.read(tmp_path / "cut.png")
