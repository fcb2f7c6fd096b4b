"""How much memory a stylisation takes, and the blocks with which it fits."""

from pathlib import Path
from typing import Literal

import keras
import numpy as np
import psutil

from gan.errors import InputError
from gan.features import MARGIN, Extractor
from style.blocks import windows

# Measured on compact and SqueezeNet with a style as large as the picture, from 512 x 512 to 3840 x 2560 pixels.
# First TensorFlow itself and the program; then the bytes at the peak for each byte of all activations of what is read together.
AT_ONCE, IN_BLOCKS = (0.6e9, 2.4), (0.85e9, 4.1)
PICTURES = 13  # copies of the picture in float32: parts, moments, average, gradients, views
BLOCKS = (2048, 1536, 1024, 768, 512, 384, 256)
FREE = 0.8  # share of the free memory that is taken


def activation_bytes(extractor: Extractor) -> float:
    """Bytes of all activations of the extractor, a pixel."""
    side, network = 16 * extractor.stride, extractor.network
    every = keras.Model(network.inputs[0], [layer.output for layer in network.layers[1:]])
    specs = every.compute_output_spec(keras.KerasTensor((1, side, side, 3)))
    return 4.0 * sum(np.prod(spec.shape[1:]) for spec in specs) / side**2


def peak(extractor: Extractor, size: tuple[int, int], block: int | None) -> float:
    """Bytes that a process needs to stylise a picture of a height and width, in blocks or at once."""
    read, (fixed, share) = [side + 2 * MARGIN for side in size], AT_ONCE
    if block is not None:
        padded = [-(-side // extractor.stride) * extractor.stride for side in read]
        every, read = windows(tuple(padded), block, extractor.reach, extractor.stride)
        fixed, share = IN_BLOCKS if len(every) > 1 else AT_ONCE
    return fixed + share * activation_bytes(extractor) * np.prod(read) + PICTURES * 12.0 * np.prod(size)


def free() -> float:
    """Bytes of memory that are free, or that the process's group may still take."""
    found = psutil.virtual_memory().available
    limit, used = (Path("/sys/fs/cgroup") / name for name in ("memory.max", "memory.current"))
    if limit.exists() and (allowed := limit.read_text().strip()) != "max":
        found = min(found, int(allowed) - int(used.read_text()))
    return float(found)


def block(asked: int | Literal["auto", "none"], extractor: Extractor, size: tuple[int, int]) -> int | None:
    """The side of the blocks to read a picture in; None: at once.

    Raises:
        InputError: it does not fit, whatever the blocks.
    """
    if asked != "auto":
        return None if asked == "none" else asked
    room = FREE * free()
    for side in (None, *BLOCKS):
        if peak(extractor, size, side) <= room:
            return side
    needed = peak(extractor, size, BLOCKS[-1]) / FREE
    raise InputError(
        f"a picture of {size[1]} x {size[0]} needs {needed / 1e9:.1f} GB of free memory, and {free() / 1e9:.1f} GB are free; "
        "lower --image-size"
    )
