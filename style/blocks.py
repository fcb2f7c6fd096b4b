"""Where places lie: a picture continued by its mirror, the regions of it, and the blocks in which a large one is read.

A block is read with as much of its surroundings as the extractor can see, and only its own places are counted: the
descriptions of all blocks add up to that of the whole (Galerne et al. 2024), exactly.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import tensorflow as tf

from gan import noise
from gan.features import MARGIN, Extractor
from style.objectives import PIXELS, Region

POINTS = 2048  # places drawn each step


class Frame:
    """A picture of one size as an extractor sees it: continued by its mirror to whole cells of the coarsest layer.

    Args:
        extractor: what reads it.
        size: height and width of the picture.
        block: side of the blocks in which it is read, without their surroundings; None: all at once.
    """

    def __init__(self, extractor: Extractor, size: tuple[int, int], block: int | None = None):
        self.size, stride = size, extractor.stride
        self.sides = [[MARGIN, MARGIN + -(side + 2 * MARGIN) % stride] for side in size]
        self.padded = tuple(side + sum(added) for side, added in zip(size, self.sides, strict=True))
        self.shapes = extractor.shapes(*self.padded) | {PIXELS: self.padded}
        self.windows, self.window_size = None, self.padded
        if block is not None:
            found, size_read = windows(self.padded, block, extractor.reach, stride)
            if len(found) > 1:
                self.windows, self.window_size = found, size_read
        self.strides = extractor.strides | {PIXELS: 1}
        self.window_shapes = extractor.shapes(*self.window_size) | {PIXELS: self.window_size}

    def pad(self, images: tf.Tensor) -> tf.Tensor:
        """`[N, H, W, C]` continued by its mirror."""
        images = tf.pad(images, [[0, 0], [MARGIN, MARGIN], [MARGIN, MARGIN], [0, 0]], "SYMMETRIC")
        more = [[0, after - MARGIN] for _, after in self.sides]
        return tf.pad(images, [[0, 0], *more, [0, 0]], "SYMMETRIC")

    def weights(self, name: str, mask: np.ndarray | None = None) -> np.ndarray:
        """How much each place of a layer counts, float32 `[h, w]`, sum 1: those of the picture alike, or as a mask says.

        A mask `[H, W]` in 0..1 is averaged over each cell and eroded by one, so that features which see across its edge do
        not count, unless nothing would be left.
        """
        height, width = self.shapes[name]
        edges = zip((height, width), self.padded, self.size, strict=True)
        inside = np.outer(*(_inside(cells, whole, side) for cells, whole, side in edges))
        if mask is None:
            return (inside / inside.sum()).astype(np.float32)
        whole = self.pad(tf.constant(mask, tf.float32)[None, :, :, None])
        soft = tf.image.resize(whole, (height, width), "area")
        eroded = -tf.nn.max_pool2d(-soft, 3, 1, "SAME")
        chosen = next(map_ for map_ in (eroded, soft) if float(tf.reduce_max(map_)) > 0.5)
        counted = chosen.numpy()[0, :, :, 0] * inside
        return (counted / counted.sum()).astype(np.float32)

    def region(self, weights: Mapping[str, tf.Tensor], names: Sequence[str], seed: int, step: tf.Tensor) -> Region:
        """These weights, and places drawn by those of the first of the layers `names`."""
        first = weights[names[0]]
        steps = tf.cumsum(tf.cast(tf.reshape(first, [-1]), tf.float64))
        draws = (tf.range(POINTS, dtype=tf.float64) + tf.cast(noise.uniform([POINTS], seed, step), tf.float64)) / POINTS
        index = tf.minimum(tf.searchsorted(steps, draws * steps[-1]), tf.size(steps) - 1)
        shape = tf.shape(first)
        at = tf.stack([index // shape[1], index % shape[1]], -1)  # [P, 2]
        middle = (tf.cast(at, tf.float32) + 0.5) / tf.cast(shape, tf.float32)
        return Region(
            {name: weights[name] for name in names},
            {name: tf.cast(middle * tf.constant(self.shapes[name], tf.float32), tf.int32) for name in names},
        )

    def edges(self) -> tuple[list[int], list[int]]:
        """The rows and the columns of the picture at which a block begins; none where it is read at once."""
        if self.windows is None:
            return [], []
        firsts = (set(self.windows[:, place] - MARGIN) for place in (2, 4))
        return tuple(
            sorted(int(edge) for edge in found if 0 < edge < side) for found, side in zip(firsts, self.size, strict=True)
        )

    def cut(self, view: tf.Tensor, window: tf.Tensor) -> tf.Tensor:
        """The part of a padded picture that a window reads."""
        return tf.slice(view, [0, window[0], window[1], 0], [-1, *self.window_size, -1])

    def part(self, region: Region, window: tf.Tensor) -> Region:
        """The window's own places."""
        weights, places = {}, {}
        for name, whole in region.weights.items():
            top, left, *own = (edge // self.strides[name] for edge in tf.unstack(window))
            size = self.window_shapes[name]
            rows, columns = top + tf.range(size[0]), left + tf.range(size[1])
            mine = ((rows >= own[0]) & (rows < own[1]))[:, None] & ((columns >= own[2]) & (columns < own[3]))[None, :]
            weights[name] = tf.slice(whole, [top, left], size) * tf.cast(mine, tf.float32)
            if name in region.places:
                at = region.places[name]
                owned = (at[:, 0] >= own[0]) & (at[:, 0] < own[1]) & (at[:, 1] >= own[2]) & (at[:, 1] < own[3])
                places[name] = tf.where(owned[:, None], at - tf.stack([top, left]), -1)
        return Region(weights, places)


def _inside(cells: int, whole: int, side: int) -> np.ndarray:
    """1 for the cells whose middle lies in the picture, 0 for those in its mirror image, `[cells]`."""
    middle = (np.arange(cells) + 0.5) * whole / cells
    return ((middle > MARGIN) & (middle < MARGIN + side)).astype(np.float64)


def windows(size: tuple[int, int], block: int, reach: int, stride: int) -> tuple[np.ndarray, tuple[int, int]]:
    """int32 `[n, 6]`: top, left, first and end of its own rows, of its own columns; and the height and width that are read.

    Blocks of at most `block`, as even as they can be, each with `reach` more on every side.

    All edges are multiples of `stride`. At the edge of the picture a window is moved inwards.
    """
    lines, read = [], []
    for side in size:
        count = -(-side // max(stride, block // stride * stride))
        own = -(-side // (count * stride)) * stride
        length = min(side, own + 2 * reach)
        own = side if length == side else own
        starts = range(0, side, own)
        lines.append([(min(max(0, start - reach), side - length), start, min(start + own, side)) for start in starts])
        read.append(length)
    found = [(top, left, *rows, *columns) for top, *rows in lines[0] for left, *columns in lines[1]]
    return np.array(found, np.int32), tuple(read)
