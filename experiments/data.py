"""Data sets by name, as `.npz`, as folders of pictures, or `samples`; and batches of them as a stateless function of the step.

Pictures are decoded once and kept as uint8 while they fit the cache; the rest is decoded again at each use.
"""

import hashlib
import itertools
import math
import sys
import zipfile
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image
from tqdm import tqdm

from experiments import pictures
from gan.downloads import no_hanging
from gan.errors import InputError

HELD_OUT = Path(__file__).with_name("held_out.txt")
KERAS_NAMES = ("mnist", "fashion_mnist", "cifar10", "cifar100")
FACES = "faces"  # those inside scikit-image
CACHE_BYTES = 4 * 2**30
DEFAULT_SIZE = 64
MAX_ARRAY_BYTES = 8 * 2**30


@dataclass(frozen=True)
class Images:
    """Pictures uint8 `[H, W, C]`, the `(height, width)` to crop from them, a SHA-256 of their content, and labels if any."""

    pictures: Sequence[np.ndarray]
    size: tuple[int, int] | None
    hash: str
    labels: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.pictures)

    @property
    def channels(self) -> int:
        return self.pictures[0].shape[-1]


class Folder(Sequence):
    """Picture files as a sequence of uint8 arrays: kept once decoded while `cache_bytes` last, decoded at each use beyond."""

    def __init__(self, files: Sequence[Path], cache_bytes: int, **reading):
        self.files, self.left, self.reading, self.kept = files, cache_bytes, reading, {}

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, index: int) -> np.ndarray:
        if index in self.kept:
            return self.kept[index]
        picture = pictures.read(self.files[index], **self.reading)
        if picture.nbytes <= self.left:
            self.kept[index], self.left = picture, self.left - picture.nbytes
        return picture


def _from_keras(name: str, split: str) -> tuple[np.ndarray, np.ndarray]:
    from keras import datasets

    try:
        with no_hanging():
            train, test = getattr(datasets, name).load_data()
    except Exception as error:  # Keras raises a bare Exception when a download fails
        raise InputError(
            f"data set '{name}' cannot be downloaded ({str(error).splitlines()[0]}); give --data FILE.npz with x_train instead"
        ) from None
    return train if split == "train" else test


def _faces() -> np.ndarray:
    """The hundred faces of 25 x 25 grey pixels inside scikit-image; the hundred others of its file are no faces."""
    return np.rint(255 * np.load(pictures.samples_folder() / "lfw_subset.npy")[:100]).astype(np.uint8)


def _from_npz(path: Path, split: str) -> tuple[np.ndarray, np.ndarray | None]:
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(member.file_size for member in archive.infolist()) > MAX_ARRAY_BYTES:
                raise InputError(f"'{path}' unpacks to more than {MAX_ARRAY_BYTES} bytes")
        with np.load(path, allow_pickle=False) as arrays:
            if f"x_{split}" not in arrays:
                raise InputError(
                    f"'{path}' must hold an array x_{split} (Keras' keys). Received: {', '.join(arrays) or 'none'}"
                )
            return arrays[f"x_{split}"], arrays.get(f"y_{split}")
    except (InputError, FileNotFoundError, IsADirectoryError):
        raise
    except Exception as error:  # truncated, not a zip, pickled objects
        raise InputError(f"'{path}' is not a readable .npz file ({str(error).splitlines()[0]})") from None


def _checked(x: np.ndarray, y: np.ndarray | None, source: str) -> tuple[np.ndarray, np.ndarray | None]:
    if x.dtype != np.uint8 or x.ndim not in (3, 4) or 0 in x.shape:
        raise InputError(
            f"'{source}': x must be uint8 (0..255) of shape [N, H, W] or [N, H, W, C]. Received: {x.dtype} {list(x.shape)}"
        )
    x = x[..., None] if x.ndim == 3 else x
    if x.shape[-1] > 4:
        raise InputError(f"'{source}': x must have 1 to 4 channels in its last axis. Received: shape {list(x.shape)}")
    if y is not None:
        y = y.reshape(-1)
        if len(y) != len(x) or not np.issubdtype(y.dtype, np.integer):
            raise InputError(
                f"'{source}': y must hold one integer a picture. Received: {y.dtype} {list(y.shape)} for {len(x)} pictures"
            )
    return x, y


def _resized(x: np.ndarray, side: int) -> np.ndarray:
    """`[N, H, W, C]` with the short side scaled to `side`, anti-aliased, channel by channel."""

    def scale(plane: np.ndarray) -> np.ndarray:
        return pictures.resize(Image.fromarray(plane), short_side=side)

    return np.stack([np.stack([scale(plane) for plane in np.moveaxis(picture, -1, 0)], -1) for picture in x])


def load(
    source: str,
    image_size: int | None = None,
    split: str = "train",
    skip_broken: bool = False,
    max_pixels: int = pictures.MAX_PIXELS,
    cache_bytes: int = CACHE_BYTES,
) -> Images:
    """Loads `mnist` and the like, `faces`, an `.npz`, a folder, a picture file or `samples`; the short side is scaled to
    `image_size` (default: an array's own size, 64 for pictures).

    Raises:
        InputError: nothing there, an unreadable file (skipped with a warning if `skip_broken`), wrong keys, types or sizes.
    """
    if source in KERAS_NAMES or source == FACES or Path(source).suffix == ".npz":
        if source not in (*KERAS_NAMES, FACES) and not Path(source).is_file():
            raise InputError(f"'{source}' does not exist or is not a file")
        if source == FACES:
            arrays = _faces(), None
        else:
            arrays = _from_keras(source, split) if source in KERAS_NAMES else _from_npz(Path(source), split)
        x, y = _checked(*arrays, source)
        digest = hashlib.sha256(np.ascontiguousarray(x))
        digest.update(b"" if y is None else np.ascontiguousarray(y))
        size = (image_size, image_size) if image_size else x.shape[1:3]
        return Images(x if min(size) == min(x.shape[1:3]) else _resized(x, image_size), size, digest.hexdigest(), y)
    if source != "samples" and not pictures.resolve(source).exists():
        raise InputError(
            f"'{source}' does not exist (take {', '.join(KERAS_NAMES)}, {FACES}, samples, an .npz file or a folder of pictures)"
        )
    size, files = image_size or DEFAULT_SIZE, pictures.list_files([source])
    return load_files(files, size, skip_broken, cache_bytes, short_side=size, max_pixels=max_pixels)


def classes(images: Images, source: str) -> int:
    """The number of classes, the largest label and 1. Raises InputError without labels, or with negative ones."""
    if images.labels is None:
        raise InputError(f"a condition needs labels (y_train). Received: --data '{source}' without them")
    if images.labels.min() < 0:
        raise InputError(f"'{source}': labels must be 0 or more. Received: {images.labels.min()}")
    return int(images.labels.max()) + 1


def load_files(
    files: Sequence[Path],
    crop: int,
    skip_broken: bool = False,
    cache_bytes: int = CACHE_BYTES,
    **reading: int,
) -> Images:
    """Decodes each file once: that finds the broken ones, fills the cache and gives the hash.

    Args:
        crop: side of the squares that batches take.
        reading: how `pictures.read` scales each picture.
    """
    digest, good = hashlib.sha256(), []
    folder = Folder(list(files), cache_bytes, **reading)
    for index, file in enumerate(tqdm(files, "reading pictures", unit="file", delay=2, disable=None, leave=False)):
        try:
            if min(folder[index].shape[:2]) < crop:
                raise InputError(f"'{file}' is too small: scaled, a side has less than {crop} pixels")
        except InputError as error:
            if not skip_broken:
                raise InputError(f"{error} (--skip-broken leaves such files out)" if len(files) > 1 else str(error)) from None
            print(f"skipped: {error}", file=sys.stderr)
            continue
        good.append(index)
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    if not good:
        raise InputError(f"none of the {len(files)} pictures can be read, '{files[0]}' among them")
    folder.files = [files[index] for index in good]
    folder.kept = {new: folder.kept[old] for new, old in enumerate(good) if old in folder.kept}
    return Images(folder, (crop, crop), digest.hexdigest())


@lru_cache(maxsize=4)
def _order(count: int, seed: int, epoch: int) -> np.ndarray:
    return np.random.default_rng([seed, epoch]).permutation(count)


def indices(count: int, batch_size: int, seed: int, step: int) -> np.ndarray:
    """Which pictures make the batch of this step: one permutation an epoch, batches may span two."""
    places = step * batch_size + np.arange(batch_size)
    return np.array([_order(count, seed, place // count)[place % count] for place in places])


def batch(images: Images, batch_size: int, seed: int, step: int, flip: bool = False) -> np.ndarray:
    """float32 `[batch_size, *images.size, C]` in [-1, 1]: random crops, mirrored at random if `flip`.

    A stateless function of (seed, step), which is what makes a resumed run see the same data.
    """
    random = np.random.default_rng([seed, step, 1])
    order = indices(len(images), batch_size, seed, step)
    return pictures.to_float(np.stack([augment(images.pictures[i], random, images.size, flip) for i in order]))


def augment(picture: np.ndarray, random: np.random.Generator, size: tuple[int, int], flip: bool) -> np.ndarray:
    """A random crop `[*size, C]` of a picture, mirrored half of the time if `flip`."""
    top, left = (random.integers(length - part + 1) for length, part in zip(picture.shape, size, strict=False))
    crop = picture[top : top + size[0], left : left + size[1]]
    return crop[:, ::-1] if flip and random.random() < 0.5 else crop


def centre(picture: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """The crop `[*size, C]` in the middle of a picture."""
    top, left = ((length - part) // 2 for length, part in zip(picture.shape, size, strict=False))
    return picture[top : top + size[0], left : left + size[1]]


def scaled_batch(
    images: Images, size: int, batch_size: int, seed: int, step: int, stream: int = 0, smallest: float = 0.6
) -> np.ndarray:
    """float32 `[batch_size, size, size, C]` in [-1, 1]: a `scaled_square` of each picture.

    As `batch` a function of seed and step; `stream`: one number for each use of this within a step.
    """
    random = np.random.default_rng([seed, step, stream])
    chosen = indices(len(images), batch_size, seed + stream, step)
    return np.stack([scaled_square(random, images.pictures[index], size, smallest) for index in chosen])


def scaled_square(random: np.random.Generator, picture: np.ndarray, size: int, smallest: float = 0.6) -> np.ndarray:
    """A square of a random part of a uint8 picture, scaled to `size`, mirrored at random; float in [-1, 1].

    Its side before is from `smallest` times `size` to the whole, each doubling as likely as the next.
    """
    short = min(picture.shape[:2])
    side = min(short, math.exp(random.uniform(math.log(min(short, smallest * size)), math.log(short))))
    top, left = (random.uniform(0, length - side) for length in picture.shape[:2])
    box = (left, top, left + side, top + side)
    square = pictures.to_float(np.asarray(Image.fromarray(picture).resize((size, size), Image.Resampling.BICUBIC, box=box)))
    return square[:, ::-1] if random.random() < 0.5 else square


def without_held_out(files: Sequence[Path]) -> list[Path]:
    """All but the pictures of held_out.txt, which no network that ships is trained on."""
    names = HELD_OUT.read_text().split()
    return [file for file in files if not any(str(file).endswith(name) for name in names)]


def stream(batch_at: Callable[[int], object], start: int, ahead: int = 2) -> Iterator:
    """`batch_at(start), batch_at(start + 1), ...` for ever, made in a thread while the caller computes."""
    with ThreadPoolExecutor(1) as pool:
        waiting = deque(pool.submit(batch_at, start + step) for step in range(ahead))
        for step in itertools.count(start + ahead):
            yield waiting.popleft().result()
            waiting.append(pool.submit(batch_at, step))
