"""Films: where each pixel of a frame was in the one before, and what follows for the stability of a style.

Pictures are `[N, H, W, 3]` in [-1, 1]. A flow is `[N, H, W, 2]`, rows then columns, in pixels: place x of a frame shows what
place x + flow(x) of the other frame shows. "Backward" is the flow from a frame to the one before, "forward" the reverse.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import tensorflow as tf
from scipy import ndimage
from skimage.registration import optical_flow_tvl1

from style.colour import transport

FLOW_SIDE = 320
ATTACHMENT = 30.0  # twice as exact on real frames as scikit-image's default of 15, which suits depth maps
GREY = np.array([0.299, 0.587, 0.114], np.float32)
LONG_RANGE = 10
STEADINESS = 0.5
BANDS = 4
WINDOW = 4.0  # standard deviation of the window of local strength, in those of the band's own blur
STRONGEST = 3.0


class Motion(NamedTuple):
    """How a frame came out of an earlier one."""

    backward: tf.Tensor
    """`[1, H, W, 2]`."""
    reliable: tf.Tensor
    """`[1, H, W]`, 1 where the place was visible in the earlier frame and is not at the edge of a motion, else 0."""


def optical_flow(frame: np.ndarray, other: np.ndarray, long_side: int = FLOW_SIDE) -> tf.Tensor:
    """The flow from a frame `[1, H, W, 3]` to another, by TV-L1 (Zach, Pock, Bischof 2007).

    Found at `long_side` where the frames are larger, then enlarged: what it costs grows with the area.
    """
    size = frame.shape[1:3]
    scale = min(1.0, long_side / max(size))
    small = [max(8, round(side * scale)) for side in size]
    grey = [
        tf.image.resize((one + 1.0) / 2.0 @ GREY[:, None], small, antialias=True).numpy()[0, ..., 0] for one in (frame, other)
    ]
    found = np.stack(optical_flow_tvl1(*grey, attachment=ATTACHMENT), -1)[None].astype(np.float32)
    return tf.image.resize(found, size) * (np.array(size) / small).astype(np.float32)


def motion(frame: np.ndarray, before: np.ndarray, long_side: int = FLOW_SIDE) -> Motion:
    """How a frame came out of the one before, both `[1, H, W, 3]`."""
    backward, forward = optical_flow(frame, before, long_side), optical_flow(before, frame, long_side)
    return Motion(backward, reliable(forward, backward))


def warp(images: tf.Tensor, flow: tf.Tensor) -> tf.Tensor:
    """images(x + flow(x)), bilinear -> `[N, H, W, C]`; beyond the border the nearest pixel. Has a gradient by the images."""
    height, width = images.shape[1:3]
    rows, columns = (tf.cast(tf.range(side), tf.float32) for side in (height, width))
    y = tf.clip_by_value(rows[:, None] + flow[..., 0], 0.0, height - 1.0)
    x = tf.clip_by_value(columns[None, :] + flow[..., 1], 0.0, width - 1.0)
    top, left = (tf.clip_by_value(tf.cast(tf.floor(place), tf.int32), 0, side - 2) for place, side in ((y, height), (x, width)))
    down, right = (place - tf.cast(start, tf.float32) for place, start in ((y, top), (x, left)))

    def at(row: tf.Tensor, column: tf.Tensor) -> tf.Tensor:
        return tf.gather_nd(images, tf.stack([row, column], -1), batch_dims=1)

    down, right = down[..., None], right[..., None]
    upper = (1.0 - right) * at(top, left) + right * at(top, left + 1)
    lower = (1.0 - right) * at(top + 1, left) + right * at(top + 1, left + 1)
    return (1.0 - down) * upper + down * lower


def inside(flow: tf.Tensor) -> tf.Tensor:
    """Whether x + flow(x) lies within the picture, `[N, H, W]`."""
    height, width = flow.shape[1:3]
    y = tf.cast(tf.range(height), tf.float32)[:, None] + flow[..., 0]
    x = tf.cast(tf.range(width), tf.float32)[None, :] + flow[..., 1]
    return (y >= 0.0) & (y <= height - 1.0) & (x >= 0.0) & (x <= width - 1.0)


def inconsistent(forward: tf.Tensor, backward: tf.Tensor) -> tf.Tensor:
    """Where the way there and back does not return: what was hidden before, `[N, H, W]` (Ruder et al. 2016, eq. 5).

    |w~ + w^|^2 > 0.01 (|w~|^2 + |w^|^2) + 0.5, with the forward flow w~ read where the backward flow w^ leads.
    """
    there = warp(forward, backward)
    return _square(there + backward) > 0.01 * (_square(there) + _square(backward)) + 0.5


def motion_boundaries(backward: tf.Tensor) -> tf.Tensor:
    """Where |grad u^|^2 + |grad v^|^2 > 0.01 |w^|^2 + 0.002, `[N, H, W]` (Ruder et al. 2016, eq. 6)."""
    steep = _square(_slope(backward, 1)) + _square(_slope(backward, 2))
    return steep > 0.01 * _square(backward) + 0.002


def reliable(forward: tf.Tensor, backward: tf.Tensor) -> tf.Tensor:
    """The weights c of the temporal loss, `[N, H, W]`: 0 where hidden before, at motion boundaries and outside, else 1."""
    return tf.cast(inside(backward) & ~inconsistent(forward, backward) & ~motion_boundaries(backward), tf.float32)


def _square(vectors: tf.Tensor) -> tf.Tensor:
    return tf.reduce_sum(tf.square(vectors), -1)


def _slope(values: tf.Tensor, axis: int) -> tf.Tensor:
    """Central differences along an axis of `[N, H, W, C]`, one-sided at the borders."""
    size = values.shape[axis]
    after, before = (tf.gather(values, np.clip(np.arange(size) + by, 0, size - 1), axis=axis) for by in (1, -1))
    spacing = np.array([1.0 if place in (0, size - 1) else 2.0 for place in range(size)], np.float32)
    return (after - before) / np.reshape(spacing, [-1, 1, 1] if axis == 1 else [-1, 1])


def chained(motions: Sequence[Motion]) -> Motion:
    """How a frame came out of one several frames earlier, from the steps between them, the newest first.

    Long ways are followed step by step: flow between frames that far apart is seldom found directly.
    """
    flow, trust = motions[0]
    for backward, sure in motions[1:]:
        trust = trust * tf.cast(inside(flow), tf.float32) * tf.floor(warp(sure[..., None], flow)[..., 0])
        flow = flow + warp(backward, flow)
    return Motion(flow, trust * tf.cast(inside(flow), tf.float32))


def warping_error(frame: np.ndarray, earlier: np.ndarray, how: Motion) -> float:
    """Mean over reliable pixels and channels of (frame - warped earlier one)^2 (Lai et al. 2018); nan if none is reliable."""
    squares = tf.reduce_mean(tf.square(frame - warp(tf.constant(earlier), how.backward)), -1)
    return float(tf.reduce_sum(how.reliable * squares) / tf.reduce_sum(how.reliable))


def warp_sharply(image: np.ndarray, flow: np.ndarray) -> np.ndarray:
    """`warp` of `[1, H, W, C]` by cubic splines, which blur far less when each frame is warped out of the last one."""
    height, width = image.shape[1:3]
    rows, columns = np.mgrid[:height, :width].astype(np.float32) + np.moveaxis(np.asarray(flow)[0], -1, 0)
    channels = [
        ndimage.map_coordinates(channel, [rows, columns], order=3, mode="nearest") for channel in np.moveaxis(image[0], -1, 0)
    ]
    return np.clip(np.stack(channels, -1), -1, 1)[None].astype(np.float32)


def steadied(painted: np.ndarray, before: np.ndarray, how: Motion, steadiness: float = STEADINESS) -> np.ndarray:
    """The stable form of a painter that paints each frame alone: its picture, drawn towards the last result.

    Where the motion is reliable, `steadiness` of the last result, warped, and the rest of the painted frame. A mean of two
    textures has less contrast than either, which is what makes such films look washed out; so each band of spatial frequencies
    gets back the strength that the painted frame has there, and its covariance of colours.

    Args:
        painted, before: the frame as painted alone, and the last result, `[1, H, W, 3]` in [-1, 1].
        steadiness: 0 is frame by frame, 1 never repaints.
    """
    share = steadiness * np.asarray(how.reliable)[..., None]
    mixed = share * warp_sharply(before, how.backward) + (1.0 - share) * painted
    return with_bands_of(mixed, painted)


def with_bands_of(image: np.ndarray, other: np.ndarray) -> np.ndarray:
    """A picture whose bands of frequencies have the local strength and the colour covariance of another's, `[1, H, W, 3]`."""
    (own, coarse), (wanted, _) = frequency_bands(image), frequency_bands(other)
    for level, (band, like) in enumerate(zip(own, wanted, strict=True)):
        radius = WINDOW * 2**level
        gain = np.sqrt(_strength(like, radius) / (_strength(band, radius) + 1e-8))
        band = np.clip(gain, 1.0, STRONGEST) * band
        coarse = coarse + band @ transport(band, like)
    return np.clip(coarse, -1, 1).astype(np.float32)


def frequency_bands(image: np.ndarray) -> tuple[list[np.ndarray], np.ndarray]:
    """What Gaussian blurs of 1, 2, 4... pixels lose one after the other, finest first, and what is left: they add up."""
    bands = []
    for level in range(BANDS):
        blurred = _blurred(image, 2.0**level)
        bands.append(image - blurred)
        image = blurred
    return bands, image


def _strength(band: np.ndarray, radius: float) -> np.ndarray:
    """Mean square around each place, of all channels together."""
    return _blurred(np.square(band).mean(-1, keepdims=True), radius)


def _blurred(images: np.ndarray, radius: float) -> np.ndarray:
    return ndimage.gaussian_filter(images, (0, radius, radius, 0), mode="nearest")
