"""Picture files: read them safely, resize them without aliasing, write them, lay them out as a grid.

A picture is uint8 `[H, W, 3]`, RGB. EXIF orientation is applied, alpha is laid on white, 16 bit grey becomes 8 bit, CMYK
and palettes become RGB. What cannot be read is an `InputError` that names the file.
"""

import hashlib
import importlib.util
import math
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np
from PIL import Image, ImageOps

from gan.errors import InputError

FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "GIF")
SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif")
MAX_PIXELS = 200_000_000
SMALLEST = 16
SAMPLES = ("astronaut.png", "chelsea.png", "coffee.png", "hubble_deep_field.jpg", "ihc.png", "retina.jpg", "rocket.jpg")

Decoded = TypeVar("Decoded")

Image.MAX_IMAGE_PIXELS = None  # `read` has its own, stricter limit


def samples_folder() -> Path:
    """The folder of the pictures that come inside scikit-image."""
    return Path(importlib.util.find_spec("skimage").submodule_search_locations[0]) / "data"


def resolve(path: str | Path) -> Path:
    """`samples/NAME` means a picture that comes inside scikit-image, unless there is such a path here."""
    path = Path(path)
    if path.parts[:1] == ("samples",) and not path.exists():
        return samples_folder().joinpath(*path.parts[1:])
    return path


def list_files(sources: Iterable[str | Path]) -> list[Path]:
    """All picture files among these files and, recursively, folders; sorted within each folder. `samples` is scikit-image's."""
    files = []
    for source in sources:
        if str(source) == "samples" and not Path(source).exists():
            files += [samples_folder() / name for name in SAMPLES]
            continue
        path = resolve(source)
        if path.is_dir():
            found = sorted(file for file in path.rglob("*") if file.suffix.lower() in SUFFIXES and file.is_file())
            if not found:
                raise InputError(
                    f"A folder of pictures must hold {', '.join(SUFFIXES)} files. Received: '{source}' without one"
                )
            files += found
        else:
            files.append(path)
    return files


def flatten(image: Image.Image) -> Image.Image:
    """Any mode that we take -> RGB."""
    if image.mode.startswith("I;16") or (image.mode == "I" and image.format == "PNG"):
        return Image.fromarray((np.asarray(image) >> 8).astype(np.uint8)).convert("RGB")
    if image.mode in ("LA", "RGBA", "PA", "La", "RGBa") or "transparency" in image.info:
        image = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")
    if image.mode in ("1", "L", "P", "RGB", "CMYK", "YCbCr"):
        return image.convert("RGB")
    raise InputError(f"its pixel mode {image.mode} is not supported: save it as 8 bit RGB")


def read(
    path: str | Path, long_side: int | None = None, short_side: int | None = None, max_pixels: int = MAX_PIXELS
) -> np.ndarray:
    """Reads one picture as uint8 `[H, W, 3]`, scaled to the given long or short side with the aspect ratio kept.

    Raises:
        InputError: as `decoded`.
    """

    def decode(image: Image.Image) -> np.ndarray:
        return resize(flatten(ImageOps.exif_transpose(image)), long_side, short_side)

    return decoded(path, decode, long_side, short_side, max_pixels)


def decoded(
    path: str | Path,
    decode: Callable[[Image.Image], Decoded],
    long_side: int | None = None,
    short_side: int | None = None,
    max_pixels: int = MAX_PIXELS,
) -> Decoded:
    """What `decode` makes of a picture file, which is opened but not decoded yet.

    Raises:
        InputError: missing, not a picture of `FORMATS`, damaged, more than `max_pixels` as it is or scaled to the long or
            short side, or a side under 16 pixels.
    """
    path = resolve(path)
    try:
        with Image.open(path, formats=FORMATS) as image:
            if image.width * image.height > max_pixels:
                raise InputError(f"it has {image.width} x {image.height} pixels, more than --max-pixels {max_pixels}")
            if min(image.size) < SMALLEST:
                raise InputError(f"it has {image.width} x {image.height} pixels; each side must have at least {SMALLEST}")
            width, height = scaled_size(image.size, long_side, short_side)
            if width * height > max_pixels:
                raise InputError(f"it would have {width} x {height} pixels, more than --max-pixels {max_pixels}")
            return decode(image)
    except InputError as error:
        raise InputError(f"'{path}' cannot be used: {error}") from None
    except FileNotFoundError:
        raise InputError(f"'{path}' does not exist") from None
    except MemoryError:
        raise
    except Exception as error:  # a damaged file makes a decoder raise almost anything
        reason = (
            "is a folder" if path.is_dir() else f"is not a readable {', '.join(FORMATS)} picture ({str(error).splitlines()[0]})"
        )
        raise InputError(f"'{path}' {reason}") from None


def resize(image: Image.Image, long_side: int | None = None, short_side: int | None = None) -> np.ndarray:
    """Scales a PIL image, anti-aliased, so that its long or its short side has this many pixels; uint8."""
    if long_side or short_side:
        image = image.resize(scaled_size(image.size, long_side, short_side), Image.Resampling.LANCZOS)
    return np.asarray(image)


def scaled_size(size: tuple[int, int], long_side: int | None = None, short_side: int | None = None) -> tuple[int, int]:
    """Both sides when the long or the short one is so long; as they are if neither is given."""
    if not (long_side or short_side):
        return size
    scale = long_side / max(size) if long_side else short_side / min(size)
    return tuple(max(1, round(side * scale)) for side in size)


def digest(*images: np.ndarray) -> str:
    """SHA-256 of the pixels of pictures."""
    return hashlib.sha256(
        b"".join(str(image.shape).encode() + np.ascontiguousarray(image).tobytes() for image in images)
    ).hexdigest()


def to_float(picture: np.ndarray) -> np.ndarray:
    """uint8 0..255 -> float32 [-1, 1]."""
    return picture.astype(np.float32) / 127.5 - 1.0


def to_uint8(images: np.ndarray) -> np.ndarray:
    """float [-1, 1] -> uint8 0..255, rounded and clipped."""
    return np.clip(np.rint((np.asarray(images, np.float32) + 1.0) * 127.5), 0, 255).astype(np.uint8)


def write(path: Path, images: np.ndarray) -> Path:
    """Writes `[H, W, C]`, float in [-1, 1] or uint8, as PNG; the file appears whole or not at all."""
    picture = images if images.dtype == np.uint8 else to_uint8(images)
    temporary = path.with_name(path.name + ".part")
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(picture[..., 0] if picture.shape[-1] == 1 else picture).save(temporary, format="PNG")
    return temporary.replace(path)


def fit(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """A float picture `[H, W, C]` stretched, anti-aliased, to `(height, width)`."""
    return to_float(np.asarray(Image.fromarray(to_uint8(image)).resize(size[::-1], Image.Resampling.LANCZOS)))


def side_by_side(images: Sequence[np.ndarray], gap: int = 8) -> np.ndarray:
    """Float pictures of any size in a row, all as high as the last, with white between them."""
    height = images[-1].shape[0]
    scaled = [fit(image, (height, round(image.shape[1] * height / image.shape[0]))) for image in images]
    white = np.ones([height, gap, 3], np.float32)
    return np.concatenate([part for image in scaled for part in (white, image)][1:], 1)


def grid(images: np.ndarray, columns: int | None = None) -> np.ndarray:
    """`[N, H, W, C]` -> one picture `[rows * H, columns * W, C]`, nearly square, empty places black; dtype kept."""
    images = np.asarray(images)
    columns = columns or math.ceil(math.sqrt(len(images)))
    rows = math.ceil(len(images) / columns)
    empty = np.full([rows * columns - len(images), *images.shape[1:]], 0 if images.dtype == np.uint8 else -1, images.dtype)
    tiles = np.concatenate([images, empty]).reshape(rows, columns, *images.shape[1:])
    return tiles.swapaxes(1, 2).reshape(rows * images.shape[1], columns * images.shape[2], -1)
