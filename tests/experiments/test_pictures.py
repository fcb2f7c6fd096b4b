"""Reading every kind of picture that people have, and refusing the rest by name."""

import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from experiments import pictures
from gan.errors import InputError


@pytest.fixture
def ramp() -> np.ndarray:
    """`[32, 48, 3]`: red grows to the right, green downwards, blue is 40."""
    y, x = np.mgrid[0:32, 0:48]
    return np.stack([x * 5, y * 7, np.full_like(x, 40)], -1).astype(np.uint8)


@pytest.mark.parametrize(("suffix", "tolerance"), [("png", 0), ("bmp", 0), ("webp", 40), ("jpg", 40), ("gif", 60)])
def test_formats(tmp_path, ramp, suffix, tolerance):
    path = tmp_path / f"a.{suffix}"
    Image.fromarray(ramp).save(path)
    got = pictures.read(path)
    assert got.dtype == np.uint8
    assert np.abs(got.astype(int) - ramp).max() <= tolerance


def test_first_frame_of_a_gif(tmp_path):
    frames = [Image.new("RGB", (20, 20), colour) for colour in ("red", "blue")]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    assert tuple(pictures.read(tmp_path / "a.gif")[0, 0]) == (255, 0, 0)


def test_exif_orientation(tmp_path, ramp):
    image = Image.fromarray(ramp)
    exif = image.getexif()
    exif[0x0112] = 6  # the camera was turned: to be shown rotated by 90 degrees clockwise
    image.save(tmp_path / "a.png", exif=exif)
    np.testing.assert_array_equal(pictures.read(tmp_path / "a.png"), np.rot90(ramp, -1))


def test_grey_palette_cmyk_16_bit_and_alpha(tmp_path, ramp):
    grey = ramp[..., 0]
    cases = {
        "grey.png": Image.fromarray(grey),
        "deep.png": Image.fromarray(grey.astype(np.uint16) * 257),
        "bilevel.png": Image.fromarray(grey).convert("1"),
        "palette.png": Image.fromarray(ramp).quantize(200),
        "cmyk.jpg": Image.fromarray(ramp).convert("CMYK"),
    }
    got = {}
    for name, image in cases.items():
        image.save(tmp_path / name)
        got[name] = pictures.read(tmp_path / name)
        assert got[name].shape == ramp.shape
    np.testing.assert_array_equal(got["grey.png"], np.repeat(grey[..., None], 3, -1))
    np.testing.assert_array_equal(got["deep.png"], got["grey.png"])
    assert np.abs(got["cmyk.jpg"].astype(int) - ramp).mean() < 8


def test_alpha_is_laid_on_white(tmp_path):
    Image.new("RGBA", (20, 20), (255, 0, 0, 0)).save(tmp_path / "clear.png")
    Image.new("RGBA", (20, 20), (255, 0, 0, 128)).save(tmp_path / "half.png")
    assert tuple(pictures.read(tmp_path / "clear.png")[0, 0]) == (255, 255, 255)
    assert tuple(pictures.read(tmp_path / "half.png")[0, 0]) == (255, 127, 127)


def gigapixel_png(path):
    """A valid header of 50,000 x 50,000 pixels and hardly any data."""

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", 50_000, 50_000, 8, 2, 0, 0, 0)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"0" * 100)) + chunk(b"IEND", b"")
    )


def test_refused_by_name(tmp_path, ramp):
    good = tmp_path / "good.png"
    Image.fromarray(ramp).save(good)
    (tmp_path / "truncated.png").write_bytes(good.read_bytes()[: good.stat().st_size // 2])
    (tmp_path / "empty.jpg").write_bytes(b"")
    (tmp_path / "text.png").write_text("not a picture")
    Image.fromarray(ramp).save(tmp_path / "page.tif")
    (tmp_path / "page.tif").rename(tmp_path / "renamed.png")
    Image.new("RGB", (1, 1)).save(tmp_path / "dot.png")
    gigapixel_png(tmp_path / "giga.png")
    (tmp_path / "folder.png").mkdir()
    for name in ("truncated.png", "empty.jpg", "text.png", "renamed.png", "dot.png", "giga.png", "folder.png", "missing.png"):
        with pytest.raises(InputError, match=name):
            pictures.read(tmp_path / name)
    with pytest.raises(InputError, match="more than --max-pixels 1000"):
        pictures.read(good, max_pixels=1000)


def test_resize_keeps_the_aspect_ratio_and_does_not_alias(tmp_path):
    stripes = np.tile(np.array([[0, 255]], np.uint8)[..., None], (200, 100, 3))
    Image.fromarray(stripes).save(tmp_path / "a.png")
    small = pictures.read(tmp_path / "a.png", long_side=50)
    assert small.shape == (50, 50, 3)
    assert np.abs(small[:, 3:-3].astype(int) - 128).max() <= 2, "one pixel stripes must become grey"
    assert pictures.resize(Image.new("RGB", (300, 100)), short_side=50).shape == (50, 150, 3)


def test_uint8_round_trip_and_clipping():
    levels = np.arange(256, dtype=np.uint8)
    np.testing.assert_array_equal(pictures.to_uint8(pictures.to_float(levels)), levels)
    np.testing.assert_array_equal(pictures.to_uint8(np.array([-1.5, 1.5])), [0, 255])


def test_grid_lays_pictures_out_in_reading_order():
    tiles = np.arange(5, dtype=np.float32)[:, None, None, None] * np.ones((5, 2, 3, 1), np.float32)
    laid = pictures.grid(tiles, columns=3)
    assert laid.shape == (4, 9, 1)
    np.testing.assert_array_equal(laid[::2, ::3, 0], [[0, 1, 2], [3, 4, -1]])


def test_samples_come_with_scikit_image():
    assert pictures.read("samples/coffee.png").shape == (400, 600, 3)
    assert all(pictures.read(path).ndim == 3 for path in pictures.list_files(["samples"]))
