"""How far a picture, or its features, are from those asked for. One value a sample."""

from collections.abc import Callable

import tensorflow as tf

from gan import noise
from gan.features import Extractor

Distance = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]


def l1(images: tf.Tensor, targets: tf.Tensor) -> tf.Tensor:
    """Mean |a - b| over `[N, H, W, C]` -> `[N]` (Isola et al. 2017, eq. 3; Zhu et al. 2017, eq. 2)."""
    return tf.reduce_mean(tf.abs(images - targets), [1, 2, 3])


def root_mean_square(images: tf.Tensor, targets: tf.Tensor) -> tf.Tensor:
    """sqrt(mean (a - b)^2) over `[N, H, W, C]` -> `[N]`: asks for the mean of what is possible, where L1 asks for the median,
    and weighs pictures that are easy and hard alike."""
    return tf.sqrt(tf.reduce_mean(tf.square(images - targets), [1, 2, 3]) + 1e-12)


def patch_nce(queries: tf.Tensor, keys: tf.Tensor, temperature: float) -> tf.Tensor:
    """-log(exp(q_s k_s / t) / sum_r exp(q_s k_r / t)), mean over the places s -> `[N]` (Park et al. 2020, eq. 3).

    `[N, P, K]`, each of length 1: what was made at a place against all P places of what it was made from.
    """
    logits = tf.matmul(queries, keys, transpose_b=True) / temperature
    labels = tf.tile(tf.range(tf.shape(logits)[1])[None], [tf.shape(logits)[0], 1])
    return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits), 1)


def relative_features(extractor: Extractor) -> Distance:
    """A function: pictures made and wanted -> sum (F - P)^2 / sum P^2 of their features, mean over the content layers -> `[N]`.

    The content loss that SRGAN adds to the adversarial one (Ledig et al. 2017, eq. 5), relative, so that one weight suits every
    extractor.
    """

    def distance(images: tf.Tensor, targets: tf.Tensor) -> tf.Tensor:
        made, wanted = extractor(images), extractor(targets)
        parts = [
            tf.reduce_sum(tf.square(made[name] - wanted[name]), [1, 2, 3]) / tf.reduce_sum(tf.square(wanted[name]), [1, 2, 3])
            for name in extractor.content_layers
        ]
        return tf.reduce_mean(tf.stack(parts), 0)

    return distance


def moved(images: tf.Tensor, by: tf.Tensor, most: int) -> tf.Tensor:
    """`[N, H, W, C]` moved by up to `most` pixels either way, continued by its mirror; `by`, `[2]`, is from 0 to 2 `most`."""
    sides = [[0, 0], [most, most], [most, most], [0, 0]]
    seen = tf.slice(tf.pad(images, sides, "SYMMETRIC"), [0, by[0], by[1], 0], tf.shape(images))
    return tf.ensure_shape(seen, images.shape)


def jittered(distance: Distance, jitter: int, seed: int = 0) -> Callable[[tf.Tensor, tf.Tensor, tf.Tensor], tf.Tensor]:
    """A function: pictures made and wanted, and the step -> their distance, both moved at random by up to `jitter` pixels.

    An extractor that strides reads some pixels more than others; a generator that is always seen in the same place learns a
    grid from that.
    """

    def seen_elsewhere(images: tf.Tensor, targets: tf.Tensor, step: tf.Tensor) -> tf.Tensor:
        by = noise.integers(2, 2 * jitter + 1, seed, step)
        return distance(moved(images, by, jitter), moved(targets, by, jitter))

    return seen_elsewhere
