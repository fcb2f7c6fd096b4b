"""Perceptual path length: how much a picture changes over a tiny step between two latents (Karras et al. 2019, section 4.1)."""

from collections.abc import Callable

import numpy as np
import tensorflow as tf

EPSILON = 1e-4


def lerp(a: tf.Tensor, b: tf.Tensor, t: tf.Tensor) -> tf.Tensor:
    """A straight line, for latents of a mapping network."""
    return a + (b - a) * t


def slerp(a: tf.Tensor, b: tf.Tensor, t: tf.Tensor) -> tf.Tensor:
    """A great circle between the directions of normal latents `[N, D]` (Shoemake 1985)."""
    a, b = tf.math.l2_normalize(a, -1), tf.math.l2_normalize(b, -1)
    cosine = tf.reduce_sum(a * b, -1, keepdims=True)
    angle = t * tf.acos(tf.clip_by_value(cosine, -1.0, 1.0))
    across = tf.math.l2_normalize(b - cosine * a, -1)
    return a * tf.cos(angle) + across * tf.sin(angle)


def lengths(
    generate: Callable[[tf.Tensor], tf.Tensor],
    distance: Callable[[tf.Tensor, tf.Tensor], tf.Tensor],
    first: tf.Tensor,
    second: tf.Tensor,
    places: tf.Tensor,
    between: Callable = slerp,
    epsilon: float = EPSILON,
) -> tf.Tensor:
    """d(G(at t), G(at t + epsilon)) / epsilon^2 for pairs of latents `[N, D]` and places t `[N, 1]` -> `[N]`.

    `distance` of two batches of images -> `[N]` must grow with the square of a small change, as perceptual distances do.
    """
    here, there = (generate(between(first, second, t)) for t in (places, places + epsilon))
    return distance(here, there) / epsilon**2


def perceptual(extractor: Callable[[tf.Tensor], dict[str, tf.Tensor]]) -> Callable[[tf.Tensor, tf.Tensor], tf.Tensor]:
    """A distance of images `[N, H, W, 1 or 3]` -> `[N]`: squared differences of features of unit length at each place, averaged
    over places, summed over layers (Zhang et al. 2018, without learned weights: values depend on the extractor)."""

    def distance(a: tf.Tensor, b: tf.Tensor) -> tf.Tensor:
        pairs = (extractor(tf.repeat(images, 3, -1) if images.shape[-1] == 1 else images).values() for images in (a, b))
        squares = [
            tf.square(tf.math.l2_normalize(one, -1) - tf.math.l2_normalize(other, -1))
            for one, other in zip(*pairs, strict=True)
        ]
        return tf.add_n([tf.reduce_mean(tf.reduce_sum(square, -1), [1, 2]) for square in squares])

    return distance


def trimmed_mean(values: np.ndarray, share: float = 0.01) -> float:
    """The mean without the lowest and the highest hundredth, as published."""
    low, high = np.percentile(values, [100 * share, 100 * (1 - share)])
    return float(values[(values >= low) & (values <= high)].mean())
