"""The losses of style transfer, in float32. Features are `[N, h, w, C]`; every loss is one value a sample, `[N]`.

The classic formulas of Gatys, Ecker and Bethge 2016 come first: in their notation C = N_l filters, and h * w = M_l places.
Then what a style can be besides a Gram matrix: a description of the features, and a distance of two descriptions. A
description is a weighted sum over places, or the features at some places: either way the descriptions of the parts of a
picture add up to that of the whole, so that one loss serves pictures of any size (`style.blocks`).
"""

from collections.abc import Sequence

import tensorflow as tf

EPSILON = 1e-12


def content(features: tf.Tensor, target: tf.Tensor) -> tf.Tensor:
    """L_content = 1/2 sum (F - P)^2 (eq. 1) -> `[N]`."""
    return 0.5 * tf.reduce_sum(tf.square(features - target), [1, 2, 3])


def gram(features: tf.Tensor) -> tf.Tensor:
    """G / M, with G_ij = sum_k F_ik F_jk (eq. 3) -> `[N, C, C]`; divided by the places, hence the same at any size."""
    places = tf.cast(tf.shape(features)[1] * tf.shape(features)[2], tf.float32)
    return tf.einsum("nhwi,nhwj->nij", features, features) / places


def style(gram_: tf.Tensor, target: tf.Tensor) -> tf.Tensor:
    """E_l = 1/(4 N^2 M^2) sum (G - A)^2 (eq. 4) of two Gram matrices over M -> `[N]`; picture and style may differ in size."""
    filters = tf.cast(tf.shape(gram_)[-1], tf.float32)
    return tf.reduce_sum(tf.square(gram_ - target), [1, 2]) / (4.0 * filters**2)


def total_variation(images: tf.Tensor) -> tf.Tensor:
    """Mean squared difference of neighbouring pixels, both directions added -> `[N]`."""
    down, right = images[:, 1:] - images[:, :-1], images[:, :, 1:] - images[:, :, :-1]
    return tf.reduce_mean(tf.square(down), [1, 2, 3]) + tf.reduce_mean(tf.square(right), [1, 2, 3])


def temporal(images: tf.Tensor, before: tf.Tensor, weights: tf.Tensor) -> tf.Tensor:
    """1/D sum_k c_k (x_k - w_k)^2 (Ruder et al. 2016, eq. 7) -> `[N]`; `before` warped, weights `[N, H, W]`."""
    return tf.reduce_mean(weights[..., None] * tf.square(images - before), [1, 2, 3])


# Descriptions ---------------------------------------------------------------------------------------------------------


def second_moment(features: tf.Tensor, weights: tf.Tensor) -> tuple[tf.Tensor]:
    """sum_k w_k F_k F_k^T -> `[N, C, C]`: the Gram matrix over M when the weights `[h, w]` are 1 / M."""
    flat = _flat(features)
    return (tf.matmul(flat * tf.reshape(weights, [-1, 1]), flat, transpose_a=True),)


def mean_and_power(features: tf.Tensor, weights: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """sum_k w_k F_k and sum_k w_k F_k^2 -> `[N, C]` both."""
    return _weighted_sum(_flat(features), weights), _weighted_sum(tf.square(_flat(features)), weights)


def mean_and_second_moment(features: tf.Tensor, weights: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """`[N, C]` and `[N, C, C]`."""
    return _weighted_sum(_flat(features), weights), *second_moment(features, weights)


def _weighted_sum(flat: tf.Tensor, weights: tf.Tensor) -> tf.Tensor:
    """sum_k w_k F_k of `[N, P, C]` as a product of matrices, which needs no weighted copy -> `[N, C]`."""
    return tf.matmul(tf.reshape(weights, [1, 1, -1]), flat)[:, 0]


def at_places(features: tf.Tensor, places: tf.Tensor) -> tf.Tensor:
    """The features at int32 places `[P, 2]` (row, column) -> `[N, P, C]`; zero at places outside."""
    height, width = tf.shape(features)[1], tf.shape(features)[2]
    inside = tf.reduce_all((places >= 0) & (places < [height, width]), -1)
    index = tf.where(inside, places[:, 0] * width + places[:, 1], 0)
    return tf.gather(_flat(features), index, axis=1) * tf.cast(inside, tf.float32)[:, None]


def _flat(features: tf.Tensor) -> tf.Tensor:
    shape = tf.shape(features)
    return tf.reshape(features, [shape[0], shape[1] * shape[2], features.shape[-1]])


# Distances of two descriptions of one layer ---------------------------------------------------------------------------


def gram_distance(own: Sequence[tf.Tensor], target: Sequence[tf.Tensor]) -> tf.Tensor:
    """`style` of the Gram matrices."""
    return style(own[0], target[0])


def mean_std_distance(own: Sequence[tf.Tensor], target: Sequence[tf.Tensor]) -> tf.Tensor:
    """|mu - mu'|^2 + |sigma - sigma'|^2 (Huang and Belongie 2017, eq. 13, squared)."""
    pairs = [(mean, tf.sqrt(tf.maximum(power - tf.square(mean), 1e-8))) for mean, power in (own, target)]
    return sum(tf.reduce_sum(tf.square(a - b), -1) for a, b in zip(*pairs, strict=True))


def gaussian(description: Sequence[tf.Tensor], ridge: float = 1e-4) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """What `gaussian_wasserstein` needs of a target: mean, covariance and its root, float64.

    `ridge`: added to the variances, as a share of their mean.
    """
    mean, second = (tf.cast(part, tf.float64) for part in description)
    covariance = second - _outer(mean)
    channels = tf.cast(tf.shape(mean)[-1], tf.float64)
    smallest = tf.maximum(ridge * tf.linalg.trace(covariance) / channels, EPSILON)
    covariance = covariance + smallest[:, None, None] * tf.eye(mean.shape[-1], dtype=tf.float64)
    return mean, covariance, root(covariance)


def gaussian_wasserstein(own: Sequence[tf.Tensor], target: Sequence[tf.Tensor]) -> tf.Tensor:
    """Squared Wasserstein-2 distance of two Gaussians: |mu - mu'|^2 + tr(C + C' - 2 (C'^1/2 C C'^1/2)^1/2).

    (Dowson and Landau 1982; as a style loss, Vacher et al. 2020.) In float64: the gradient divides by the roots of small
    eigenvalues. `target`: a `gaussian`.
    """
    (mean, second), (wanted_mean, wanted, root) = (tf.cast(part, tf.float64) for part in own), target
    covariance = second - _outer(mean)
    between = trace_of_root(root @ covariance @ root)
    spread = tf.linalg.trace(covariance) + tf.linalg.trace(wanted) - 2.0 * between
    return tf.cast(tf.reduce_sum(tf.square(mean - wanted_mean), -1) + tf.maximum(spread, 0.0), tf.float32)


def _outer(mean: tf.Tensor) -> tf.Tensor:
    return mean[:, :, None] * mean[:, None, :]


def root(matrix: tf.Tensor) -> tf.Tensor:
    """The square root of a symmetric positive matrix."""
    values, vectors = tf.linalg.eigh(matrix)
    return tf.matmul(vectors * tf.sqrt(tf.maximum(values, 0.0))[:, None, :], vectors, transpose_b=True)


@tf.custom_gradient
def trace_of_root(matrix: tf.Tensor) -> tf.Tensor:
    """tr M^1/2 of symmetric positive `[N, C, C]` -> `[N]`; its gradient is 1/2 M^-1/2.

    In closed form, because the gradient of an eigendecomposition divides by the gaps between eigenvalues.
    """
    values, vectors = tf.linalg.eigh((matrix + tf.linalg.matrix_transpose(matrix)) / 2.0)
    roots = tf.sqrt(tf.maximum(values, 1e-9 * tf.reduce_max(values, -1, keepdims=True) + EPSILON))

    def gradient(upstream: tf.Tensor) -> tf.Tensor:
        inverse = tf.matmul(vectors / roots[:, None, :], vectors, transpose_b=True)
        return 0.5 * inverse * upstream[:, None, None]

    return tf.reduce_sum(roots, -1), gradient


def sliced_wasserstein(own: tf.Tensor, target: tf.Tensor, directions: tf.Tensor) -> tf.Tensor:
    """Mean squared Wasserstein-2 distance of two clouds `[N, P, C]` along directions `[C, K]` (Heitz et al. 2021)."""
    a, b = (tf.matmul(directions, cloud, transpose_a=True, transpose_b=True) for cloud in (own, target))  # [N, K, P]
    return tf.reduce_mean(tf.square(_in_order(a) - tf.sort(b)), [1, 2])


def _in_order(values: tf.Tensor) -> tf.Tensor:
    """`tf.sort` along the last axis, with a gradient that costs a gather instead of that of `top_k`, ten times as much."""
    shape = tf.shape(values)
    order = tf.reshape(tf.argsort(values), [-1, shape[-1]])
    starts = tf.range(tf.shape(order)[0]) * shape[-1]
    return tf.reshape(tf.gather(tf.reshape(values, [-1]), order + starts[:, None]), shape)


def cosine_costs(own: tf.Tensor, target: tf.Tensor) -> tf.Tensor:
    """1 - cos of every pair of `[N, P, C]` and `[N, Q, C]` -> `[N, P, Q]`; 1 where one of them is zero."""
    a, b = (cloud * tf.math.rsqrt(tf.reduce_sum(tf.square(cloud), -1, keepdims=True) + EPSILON) for cloud in (own, target))
    return 1.0 - tf.matmul(a, b, transpose_b=True)


def relaxed_earth_mover(costs: tf.Tensor) -> tf.Tensor:
    """max of the mean over rows of the least cost and of that over columns (Kolkin et al. 2019, eq. 4), of `[N, P, Q]`."""
    return tf.maximum(
        tf.reduce_mean(tf.reduce_min(costs, 2), 1),
        tf.reduce_mean(tf.reduce_min(costs, 1), 1),
    )


def self_similarity(own: tf.Tensor, target: tf.Tensor) -> tf.Tensor:
    """Mean |D_ij / sum_i D_ij - the same of the target|, times P: how each place differs from every other (ibid., eq. 7)."""
    a, b = (costs / (tf.reduce_sum(costs, 1, keepdims=True) + EPSILON) for costs in (cosine_costs(x, x) for x in (own, target)))
    return tf.reduce_mean(tf.reduce_sum(tf.abs(a - b), 1), 1)
