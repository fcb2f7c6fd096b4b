"""Pairs of pictures: what to translate from, and what it should become.

A pair is one picture file, twice as wide as high, A on the left and B on the right; or two files of the same name (but for the
suffix) and size in the folders A and B. It is kept as one array uint8 `[H, W, 6]`, source first, so that crops and mirrors
of `experiments.data` keep it together.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import Image

from experiments import pictures
from experiments.data import Images
from gan.errors import InputError

Direction = Literal["a-to-b", "b-to-a"]
NAMED = 5


def splits(folder: Path) -> tuple[Path, Path | None]:
    """Where to train and where to test: FOLDER/train and FOLDER/test (or val), if there are such; else FOLDER alone."""
    if not (folder / "train").is_dir():
        return folder, None
    return folder / "train", next((folder / name for name in ("test", "val") if (folder / name).is_dir()), None)


def held_out(files: Sequence, count: int, source: object) -> tuple[Sequence, Sequence]:
    """All but the last `count` (at most a fifth, at least one), and these.

    Raises:
        InputError: less than two.
    """
    if len(files) < 2:
        raise InputError(f"'{source}' must hold two or more: one to train on, one to test. Received: {len(files)}")
    count = max(1, min(count, len(files) // 5))
    return files[:-count], files[-count:]


def find(folder: Path) -> list[tuple[Path, Path]]:
    """The pairs of a folder as (file of A, file of B), the same file twice where A and B are side by side.

    Raises:
        InputError: names the files without a partner.
    """
    if not (folder / "A").is_dir() and not (folder / "B").is_dir():
        return [(file, file) for file in pictures.list_files([folder])]
    sides = [{file.relative_to(folder / side).with_suffix(""): file for file in _files(folder / side)} for side in "AB"]
    alone = [str(sides[0].get(name, sides[1].get(name))) for name in sorted(sides[0].keys() ^ sides[1].keys())]
    if alone:
        more = f" and {len(alone) - NAMED} more" if len(alone) > NAMED else ""
        raise InputError(
            f"every picture needs a partner of the same name in A and B. Without one: {', '.join(alone[:NAMED])}{more}"
        )
    return [(sides[0][name], sides[1][name]) for name in sorted(sides[0])]


def _files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise InputError(f"'{folder}' does not exist: pairs in folders need both A and B")
    return pictures.list_files([folder])


def read(files: tuple[Path, Path], short_side: int, direction: Direction) -> np.ndarray:
    """One pair as uint8 `[H, W, 6]`, source and target in this order, scaled to a short side."""
    if files[0] == files[1]:
        both = pictures.read(files[0])
        height, width = both.shape[:2]
        if width != 2 * height:
            raise InputError(f"'{files[0]}' must be twice as wide as high, A beside B. Received: {width} x {height}")
        halves = both[:, :height], both[:, height:]
    else:
        halves = tuple(pictures.read(file) for file in files)
        if halves[0].shape != halves[1].shape:
            sizes = " and ".join(f"{half.shape[1]} x {half.shape[0]}" for half in halves)
            raise InputError(f"'{files[0]}' and '{files[1]}' must have the same size. Received: {sizes}")
    scaled = [pictures.resize(Image.fromarray(half), short_side=short_side) for half in halves]
    return np.concatenate(scaled if direction == "a-to-b" else scaled[::-1], -1)


def load(files: Sequence[tuple[Path, Path]], size: int, short_side: int, direction: Direction) -> Images:
    """Pairs to crop squares of side `size` from."""
    digest = hashlib.sha256(direction.encode())
    for file in dict.fromkeys(file for pair in files for file in pair):
        digest.update(hashlib.sha256(pictures.resolve(file).read_bytes()).digest())
    return Images([read(pair, short_side, direction) for pair in files], (size, size), digest.hexdigest())


def apart(batch: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """`[..., 6]` -> source and target `[..., 3]`."""
    return batch[..., :3], batch[..., 3:]
