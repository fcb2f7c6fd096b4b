"""Pictures that somebody wants back: with their transparency, bit depth, orientation and colour profile, or a word on each.

`experiments.pictures.read` is for training data, where eight bits of sRGB are enough.
"""

import dataclasses
import io
import struct
import zlib
from pathlib import Path

import numpy as np
from PIL import Image, ImageCms, ImageOps

from experiments import pictures
from gan.errors import InputError

PNG_HEADER = b"\x89PNG\r\n\x1a\n"
ORIENTATION = 0x0112  # EXIF tag
UPRIGHT = {  # what undoes each of its values
    2: lambda rows: rows[:, ::-1],
    3: lambda rows: rows[::-1, ::-1],
    4: lambda rows: rows[::-1],
    5: lambda rows: rows.swapaxes(0, 1),
    6: lambda rows: np.rot90(rows, -1),
    7: lambda rows: rows[::-1, ::-1].swapaxes(0, 1),
    8: np.rot90,
}


@dataclasses.dataclass(frozen=True)
class Original:
    """A picture and what its file said of it."""

    pixels: np.ndarray
    """float32 `[H, W, 3]` in [-1, 1]; what is transparent, laid on white."""
    alpha: np.ndarray | None
    """float32 `[H, W]` in 0..1."""
    bits: int
    """8 or 16 a channel."""
    profile: bytes | None
    """ICC profile that the pixels are still in; None: sRGB."""
    notes: dict[str, str]
    """What became of orientation, transparency, depth and profile."""


def read(path: str | Path, long_side: int | None = None, max_pixels: int = pictures.MAX_PIXELS) -> Original:
    """Reads a picture with all that its file says of it; scaled to a long side, the aspect ratio kept.

    Raises:
        InputError: as `experiments.pictures.read`.
    """
    path = pictures.resolve(path)
    return pictures.decoded(path, lambda image: _original(path, image, long_side), long_side, max_pixels=max_pixels)


def _original(path: Path, image: Image.Image, long_side: int | None) -> Original:
    orientation = image.getexif().get(ORIENTATION, 1)
    notes = {"orientation": "none given" if orientation == 1 else "applied"}
    profile = image.info.get("icc_profile")
    if _is_deep(path):
        pixels, alpha = _deep(path, orientation)
        size = pictures.scaled_size(pixels.shape[:2], long_side)
        pixels, alpha = _scaled(pixels, size), alpha if alpha is None else _scaled(alpha, size)
        notes |= {"depth": "16 bit, kept", "profile": "kept" if profile else "none given: sRGB"}
    else:
        image = ImageOps.exif_transpose(image)
        colours, notes["profile"] = None, "none given: sRGB"
        if profile:
            colours = _to_srgb(image, profile)
            notes["profile"] = "cannot be read, taken for sRGB" if colours is None else "converted to sRGB"
        pixels = pictures.to_float(pictures.resize(pictures.flatten(image) if colours is None else colours, long_side))
        alpha = _alpha(image, pixels.shape[:2])
        profile, notes["depth"] = None, "8 bit"
    notes["transparency"] = "none" if alpha is None else "kept; painted on white"
    return Original(pixels, alpha, 16 if notes["depth"].startswith("16") else 8, profile, notes)


def write(path: Path, pixels: np.ndarray, original: Original) -> Path:
    """Writes `[H, W, 3]` in [-1, 1] as PNG with the transparency, depth and profile of the original, whole or not at all."""
    whole = 2**original.bits - 1
    value = (np.asarray(pixels, np.float64) + 1) / 2
    alpha = original.alpha
    if alpha is not None:  # what was laid on white is taken off it again
        alpha = _scaled(alpha, value.shape[:2])[..., None]
        value = np.concatenate([np.where(alpha > 0, (value - 1 + alpha) / np.maximum(alpha, 1e-3), value), alpha], -1)
    array = np.clip(np.rint(value * whole), 0, whole).astype(np.uint16 if original.bits == 16 else np.uint8)
    if original.bits == 16:
        import tensorflow as tf

        data = tf.io.encode_png(array).numpy()
    else:
        buffer = io.BytesIO()
        Image.fromarray(array).save(buffer, format="PNG")
        data = buffer.getvalue()
    temporary = path.with_name(path.name + ".part")
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary.write_bytes(_with_profile(data, original.profile) if original.profile else data)
    return temporary.replace(path)


def _is_deep(path: Path) -> bool:
    """Whether a file is a PNG of 16 bits a channel: its header says so in one byte."""
    with path.open("rb") as file:
        start = file.read(25)
    return start.startswith(PNG_HEADER) and start[24] == 16


def _deep(path: Path, orientation: int) -> tuple[np.ndarray, np.ndarray | None]:
    """Pixels on white, and transparency, of a 16 bit PNG, upright: Pillow has no mode for these."""
    import tensorflow as tf

    value = tf.io.decode_png(path.read_bytes(), dtype=tf.uint16).numpy() / np.float32(65535)
    value = np.ascontiguousarray(UPRIGHT.get(orientation, lambda rows: rows)(value))
    colours, alpha = (value[..., :-1], value[..., -1]) if value.shape[-1] in (2, 4) else (value, None)
    colours = np.repeat(colours, 3, -1) if colours.shape[-1] == 1 else colours
    if alpha is not None:
        colours = colours * alpha[..., None] + 1 - alpha[..., None]
    return (2 * colours - 1).astype(np.float32), alpha


def _alpha(image: Image.Image, size: tuple[int, int]) -> np.ndarray | None:
    if image.mode not in ("LA", "RGBA", "PA", "La", "RGBa") and "transparency" not in image.info:
        return None
    alpha = np.asarray(image.convert("RGBA"))[..., 3] / np.float32(255)
    return None if alpha.min() == 1 else _scaled(alpha, size)


def _scaled(values: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Floats `[H, W]` or `[H, W, C]` to another size, anti-aliased."""
    if values.shape[:2] == tuple(size):
        return values
    planes = values[..., None] if values.ndim == 2 else values
    scaled = [
        np.asarray(Image.fromarray(np.ascontiguousarray(planes[..., channel])).resize(size[::-1], Image.Resampling.LANCZOS))
        for channel in range(planes.shape[-1])
    ]
    low, high = (0, 1) if values.ndim == 2 else (-1, 1)
    result = np.clip(np.stack(scaled, -1), low, high)
    return result[..., 0] if values.ndim == 2 else result


def _to_srgb(image: Image.Image, profile: bytes) -> Image.Image | None:
    """The picture in sRGB, laid on white; None where the profile is broken or for other colours."""
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        plain = image if image.mode in ("RGB", "CMYK", "L") else pictures.flatten(image)
        return ImageCms.profileToProfile(plain, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError):
        return None


def _with_profile(png: bytes, profile: bytes) -> bytes:
    """A PNG with an iCCP chunk behind its header (ISO 15948, 11.3.3.3)."""
    body = b"iCCP" + b"profile\0\0" + zlib.compress(profile)
    end_of_header = len(PNG_HEADER) + 25
    chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    return png[:end_of_header] + chunk + png[end_of_header:]


def read_mask(path: str | Path, size: tuple[int, int], max_pixels: int = pictures.MAX_PIXELS) -> np.ndarray:
    """A mask of a region, float32 `[H, W]` in 0..1: white is inside. It has the aspect ratio of the picture of `size`.

    Raises:
        InputError: unreadable, of another shape, or covering nothing.
    """
    picture = pictures.read(path, max_pixels=max_pixels)
    height, width = picture.shape[:2]
    if abs(height * size[1] - width * size[0]) > 0.02 * height * size[1]:
        raise InputError(
            f"a mask must have the shape of the content. Received: '{path}' of {width} x {height} for {size[1]} x {size[0]}"
        )
    mask = np.clip(_scaled(picture.astype(np.float32).mean(-1) / 255, size), 0, 1)
    if mask.max() < 0.5:
        raise InputError(f"a mask must cover something (white is inside). Received: '{path}', all black")
    return mask
