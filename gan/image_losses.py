"""How far a picture, or its features, are from those asked for. One value a sample."""

import tensorflow as tf


def l1(images: tf.Tensor, targets: tf.Tensor) -> tf.Tensor:
    """Mean |a - b| over `[N, H, W, C]` -> `[N]` (Isola et al. 2017, eq. 3; Zhu et al. 2017, eq. 2)."""
    return tf.reduce_mean(tf.abs(images - targets), [1, 2, 3])


def patch_nce(queries: tf.Tensor, keys: tf.Tensor, temperature: float) -> tf.Tensor:
    """-log(exp(q_s k_s / t) / sum_r exp(q_s k_r / t)), mean over the places s -> `[N]` (Park et al. 2020, eq. 3).

    `[N, P, K]`, each of length 1: what was made at a place against all P places of what it was made from.
    """
    logits = tf.matmul(queries, keys, transpose_b=True) / temperature
    labels = tf.tile(tf.range(tf.shape(logits)[1])[None], [tf.shape(logits)[0], 1])
    return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits), 1)
