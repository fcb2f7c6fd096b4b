"""The content and style losses of Gatys, Ecker and Bethge 2016, one value a sample, in float32.

Features are `[N, h, w, C]`: in the paper's notation C = N_l filters, and h * w = M_l places.
"""

import tensorflow as tf


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
