"""Differentiable augmentations of what the discriminator sees, real and generated alike, so that few images do not overfit it.

An augmentation is a function `(images [N, H, W, C] in [-1, 1], p, uniform) -> images`: `p` is the probability of each
change for each image, and `uniform(shape, name)` gives numbers in (0, 1), the same for the same name within a step. Every
operation has a second derivative, because penalties are taken through it, and computes the same under XLA.

A generator learns to draw augmented images ("leaks") when unchanged ones are no longer clearly the most frequent kind
(Karras et al. 2020 b, section 2.2). In ADA turns and mirrors are made with half of p, a departure: with p itself, quarter
turns and rotations together leave 8 % of the images upright at p = 0.8 beside 4 % at each other quarter, and short trainings
then drew turned digits. `experiments.augmentation_leaks` measures it.
"""

import math
from collections.abc import Callable

import tensorflow as tf

RARELY = 0.5


def _chosen(uniform: Callable, count: tf.Tensor, p: tf.Tensor, name: str) -> tf.Tensor:
    """1 with probability p, else 0, one an image -> `[N]`."""
    return tf.cast(uniform([count], f"{name}?") < p, tf.float32)


def _between(uniform: Callable, count: tf.Tensor, low: float, high: float, name: str) -> tf.Tensor:
    return low + (high - low) * uniform([count], name)


def _each(values: tf.Tensor) -> tf.Tensor:
    return values[:, None, None, None]


# Colour.


def brightness(images: tf.Tensor, p: tf.Tensor, uniform: Callable) -> tf.Tensor:
    """Adds U(-1/2, 1/2) on the 0..1 scale (Zhao et al. 2020)."""
    count = tf.shape(images)[0]
    change = 2.0 * _between(uniform, count, -0.5, 0.5, "brightness") * _chosen(uniform, count, p, "brightness")
    return images + _each(change)


def saturation(images: tf.Tensor, p: tf.Tensor, uniform: Callable) -> tf.Tensor:
    """Scales the distance from grey by U(0, 2) (Zhao et al. 2020); leaves one channel alone."""
    count = tf.shape(images)[0]
    factor = 1.0 + _between(uniform, count, -1.0, 1.0, "saturation") * _chosen(uniform, count, p, "saturation")
    grey = tf.reduce_mean(images, -1, keepdims=True)
    return grey + _each(factor) * (images - grey)


def contrast(images: tf.Tensor, p: tf.Tensor, uniform: Callable) -> tf.Tensor:
    """Scales the distance from the image's mean by U(1/2, 3/2) (Zhao et al. 2020)."""
    count = tf.shape(images)[0]
    factor = 1.0 + _between(uniform, count, -0.5, 0.5, "contrast") * _chosen(uniform, count, p, "contrast")
    mean = tf.reduce_mean(images, [1, 2, 3], keepdims=True)
    return mean + _each(factor) * (images - mean)


def hue(images: tf.Tensor, p: tf.Tensor, uniform: Callable) -> tf.Tensor:
    """Turns colours about the grey axis by any angle (Karras et al. 2020 b); three channels alone."""
    if images.shape[-1] != 3:
        return images
    count = tf.shape(images)[0]
    angle = _between(uniform, count, -math.pi, math.pi, "hue") * _chosen(uniform, count, p, "hue")
    cosine, sine = tf.cos(angle)[:, None, None], tf.sin(angle)[:, None, None]
    axis = tf.fill([3], 3**-0.5)
    cross = tf.constant([[0.0, -1.0, 1.0], [1.0, 0.0, -1.0], [-1.0, 1.0, 0.0]]) * 3**-0.5
    turn = cosine * tf.eye(3) + sine * cross + (1.0 - cosine) * axis[:, None] * axis[None, :]  # Rodrigues' formula
    return tf.einsum("nhwc,ndc->nhwd", images, turn)


def luma_flip(images: tf.Tensor, p: tf.Tensor, uniform: Callable) -> tf.Tensor:
    """Mirrors brightness and keeps the chroma, half of the chosen (Karras et al. 2020 b)."""
    count = tf.shape(images)[0]
    mirrored = _chosen(uniform, count, 0.5 * p, "luma flip")
    return images - 2.0 * _each(mirrored) * tf.reduce_mean(images, -1, keepdims=True)


# Geometry.


def cutout(images: tf.Tensor, p: tf.Tensor, uniform: Callable) -> tf.Tensor:
    """A grey square of half the sides, anywhere (DeVries and Taylor 2017; Zhao et al. 2020)."""
    count, height, width = tf.shape(images)[0], images.shape[1], images.shape[2]

    def inside(size: int, name: str) -> tf.Tensor:
        centre = tf.floor(uniform([count], name) * size)[:, None]
        return tf.cast(tf.abs(tf.range(size, dtype=tf.float32) - centre) < size / 4, tf.float32)

    hole = inside(height, "cutout row")[:, :, None, None] * inside(width, "cutout column")[:, None, :, None]
    return images * (1.0 - hole * _each(_chosen(uniform, count, p, "cutout")))


def translation(images: tf.Tensor, p: tf.Tensor, uniform: Callable) -> tf.Tensor:
    """A shift of up to an eighth of the sides by whole pixels, grey coming in (Zhao et al. 2020)."""
    count, height, width = tf.shape(images)[0], images.shape[1], images.shape[2]
    chosen = _chosen(uniform, count, p, "translation")

    def shifted(size: int, name: str) -> tf.Tensor:
        most = size // 8
        return (
            tf.range(size, dtype=tf.float32)[None]
            + ((tf.floor(uniform([count], name) * (2 * most + 1)) - most) * chosen)[:, None]
        )

    rows, columns = shifted(height, "translation row"), shifted(width, "translation column")
    along_rows = tf.one_hot(tf.cast(rows, tf.int32), height)  # all 0 outside: grey
    along_columns = tf.one_hot(tf.cast(columns, tf.int32), width)
    return tf.einsum("nrh,nhwc,nsw->nrsc", along_rows, images, along_columns)


def mirror(images: tf.Tensor, p: tf.Tensor, uniform: Callable) -> tf.Tensor:
    """Left and right exchanged, half of the chosen."""
    chosen = _each(_chosen(uniform, tf.shape(images)[0], 0.5 * p, "mirror"))
    return images + chosen * (tf.reverse(images, [2]) - images)


def quarter_turns(images: tf.Tensor, p: tf.Tensor, uniform: Callable) -> tf.Tensor:
    """Turned by 0, 90, 180 or 270 degrees; square images alone."""
    if images.shape[1] != images.shape[2]:
        return images
    count = tf.shape(images)[0]
    turns = tf.floor(4.0 * uniform([count], "quarter turns")) * _chosen(uniform, count, p, "quarter turns")
    transposed = tf.transpose(images, [0, 2, 1, 3])
    turned = (images, tf.reverse(transposed, [1]), tf.reverse(images, [1, 2]), tf.reverse(transposed, [2]))
    return tf.add_n([_each(tf.cast(tf.equal(turns, number), tf.float32)) * one for number, one in enumerate(turned)])


def warp(images: tf.Tensor, p: tf.Tensor, uniform: Callable) -> tf.Tensor:
    """Scaled by 2^N(0, 0.2), turned by any angle (p / 2), stretched, moved by N(0, 1/8) of the side: one bilinear reading.

    The strengths of Karras et al. 2020 b, section D.2. Departures: bilinear instead of wavelet filters, one rotation
    instead of two, and grey instead of mirrored borders.
    """
    count, height, width = tf.shape(images)[0], images.shape[1], images.shape[2]

    def normal(name: str) -> tf.Tensor:
        return math.sqrt(2.0) * tf.math.erfinv(1.998 * uniform([count], name) - 0.999)

    scale = 2.0 ** (0.2 * normal("scale") * _chosen(uniform, count, p, "scale"))
    stretch = 2.0 ** (0.2 * normal("stretch") * _chosen(uniform, count, p, "stretch"))
    angle = _between(uniform, count, -math.pi, math.pi, "rotation") * _chosen(uniform, count, RARELY * p, "rotation")
    moved = _chosen(uniform, count, p, "move")
    down, right = (0.125 * size * normal(f"move {size} {axis}") * moved for axis, size in enumerate((height, width)))
    rows = (tf.range(height, dtype=tf.float32) - (height - 1) / 2)[None, :, None] - down[:, None, None]
    columns = (tf.range(width, dtype=tf.float32) - (width - 1) / 2)[None, None, :] - right[:, None, None]
    cosine, sine = tf.cos(angle)[:, None, None], tf.sin(angle)[:, None, None]
    turned_rows, turned_columns = cosine * rows + sine * columns, cosine * columns - sine * rows
    scale, stretch = scale[:, None, None], stretch[:, None, None]
    return read(images, turned_rows / scale * stretch + (height - 1) / 2, turned_columns / scale / stretch + (width - 1) / 2)


def read(images: tf.Tensor, rows: tf.Tensor, columns: tf.Tensor) -> tf.Tensor:
    """Images at real-valued places `[N, h, w]`, bilinear, 0 outside."""
    count, height, width, channels = tf.shape(images)[0], *images.shape[1:]
    padded = tf.pad(images, [[0, 0], [1, 2], [1, 2], [0, 0]])
    flat = tf.reshape(padded, [count, (height + 3) * (width + 3), channels])
    rows, columns = tf.clip_by_value(rows + 1.0, 0.0, height + 1.0), tf.clip_by_value(columns + 1.0, 0.0, width + 1.0)
    top, left = tf.floor(rows), tf.floor(columns)
    result = 0.0
    for row, weight_row in ((top, top + 1.0 - rows), (top + 1.0, rows - top)):
        for column, weight_column in ((left, left + 1.0 - columns), (left + 1.0, columns - left)):
            place = tf.cast(row, tf.int32) * (width + 3) + tf.cast(column, tf.int32)
            values = tf.gather(flat, tf.reshape(place, [count, -1]), axis=1, batch_dims=1)
            weight = (weight_row * weight_column)[..., None]
            result += weight * tf.reshape(values, [count, *place.shape[1:], channels])
    return result


def rarely(change: Callable) -> Callable:
    """The change, with half of the probability."""
    return lambda images, p, uniform: change(images, RARELY * p, uniform)


DIFFAUGMENT = (brightness, saturation, contrast, translation, cutout)
ADA = (rarely(mirror), rarely(quarter_turns), translation, warp, brightness, contrast, luma_flip, hue, saturation)

PIPELINES = {
    "none": (),
    "turns": (quarter_turns,),
    "cutout": (cutout,),
    "diffaugment": DIFFAUGMENT,
    "ada": ADA,
    "ada+cutout": (*ADA, cutout),
}


def apply(pipeline: tuple[Callable, ...], images: tf.Tensor, p: tf.Tensor, uniform: Callable) -> tf.Tensor:
    """One after the other."""
    for change in pipeline:
        images = change(images, p, uniform)
    return images
