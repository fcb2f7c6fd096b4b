"""Ways to give the features of a picture the style of another's: statistics matched, or places looked up.

A style is a code, a list of tensors that `code` makes of a picture's features; codes of several pictures blend. Each way is a
layer `[content features, *code] -> features`, by which a network takes any style (`style.networks.arbitrary`).
"""

import itertools
from collections.abc import Sequence

import tensorflow as tf
from keras import layers, ops

from gan.image_layers import Normalising, Statistics, standardise
from gan.layers import register
from style.losses import root

Code = Sequence[tf.Tensor]
RIDGE = 1e-2  # added to variances before they are divided by, as a share of their mean
TOKENS = 1024


def blend(codes: Sequence[Code], shares: Sequence[float]) -> list[tf.Tensor]:
    """The weighted mean of codes."""
    return [sum(share * part for share, part in zip(shares, parts, strict=True)) for parts in zip(*codes, strict=True)]


@register
class AdaIN(Normalising):
    """sigma(s) (c - mu(c)) / sigma(c) + mu(s) (Huang and Belongie 2017, eq. 8). Code: mean and deviation, `[N, C]` each."""

    blend = staticmethod(blend)

    @staticmethod
    def code_shapes(channels: int) -> list[tuple]:
        return [(channels,), (channels,)]

    @staticmethod
    def code(features: tf.Tensor) -> list[tf.Tensor]:
        mean, variance = tf.nn.moments(tf.cast(features, tf.float32), [1, 2])
        return [mean, tf.sqrt(variance + 1e-8)]

    def normalised(self, inputs: Sequence[tf.Tensor], statistics: Statistics) -> tf.Tensor:
        x, mean, deviation = inputs
        mean, deviation = (tf.cast(part, tf.float32)[:, None, None] for part in (mean, deviation))
        return tf.cast(standardise(x, statistics) * deviation + mean, x.dtype)


@register
class Covariance(Normalising):
    """The linear map that gives features the mean and covariance of a style, and moves them least: the optimal transport of
    Gaussians, T = S^-1/2 (S^1/2 C S^1/2)^1/2 S^-1/2 (Lu et al. 2019, eq. 7). Code: mean `[N, C]`, covariance `[N, C, C]`."""

    blend = staticmethod(blend)

    @staticmethod
    def code_shapes(channels: int) -> list[tuple]:
        return [(channels,), (channels, channels)]

    @staticmethod
    def code(features: tf.Tensor) -> list[tf.Tensor]:
        mean, covariance = covariance_of(features)
        return [mean, covariance]

    def statistics(self, x: tf.Tensor) -> Statistics:
        return covariance_of(x)

    def normalised(self, inputs: Sequence[tf.Tensor], statistics: Statistics) -> tf.Tensor:
        x, mean, wanted = inputs
        (own_mean, own), shape = statistics, tf.shape(x)
        flat = tf.reshape(tf.cast(x, tf.float32), [shape[0], -1, x.shape[-1]]) - own_mean[:, None]
        moved = flat @ tf.stop_gradient(transport(own, tf.cast(wanted, tf.float32))) + tf.cast(mean, tf.float32)[:, None]
        return tf.cast(tf.reshape(moved, shape), x.dtype)


def covariance_of(features: tf.Tensor) -> Statistics:
    """`[N, H, W, C]` -> mean `[N, C]` and covariance `[N, C, C]`, float32."""
    shape = tf.shape(features)
    flat = tf.reshape(tf.cast(features, tf.float32), [shape[0], shape[1] * shape[2], features.shape[-1]])
    mean = tf.reduce_mean(flat, 1)
    centred = flat - mean[:, None]
    return mean, tf.matmul(centred, centred, transpose_a=True) / tf.cast(shape[1] * shape[2], tf.float32)


def transport(own: tf.Tensor, wanted: tf.Tensor) -> tf.Tensor:
    """The symmetric map T with T S T = C of covariances S = `own`, C = `wanted`, `[N, C, C]`; both with a ridge."""
    own, wanted = _ridged(own), _ridged(wanted)
    values, vectors = tf.linalg.eigh(own)
    values = tf.maximum(values, 1e-3 * RIDGE * tf.reduce_mean(values, -1, keepdims=True) + 1e-12)[:, None]
    half = tf.matmul(vectors * tf.sqrt(values), vectors, transpose_b=True)
    inverse = tf.matmul(vectors / tf.sqrt(values), vectors, transpose_b=True)
    return inverse @ root(half @ wanted @ half) @ inverse


def _ridged(covariance: tf.Tensor) -> tf.Tensor:
    channels = covariance.shape[-1]
    ridge = RIDGE * tf.linalg.trace(covariance) / channels + 1e-12
    return covariance + ridge[:, None, None] * tf.eye(channels)


@register
class StyleAttention(Normalising):
    """Each place gets what the style has at places like it, added: c + conv(softmax(f(c) g(s)^T) h(s)), with f and g
    reading features without mean and deviation (SANet: Park and Lee 2019, eq. 1 to 3).

    Code: features of the style at `TOKENS` places, evenly spread, `[N, P, C]`. Difference: scaled by 1 / sqrt(C), as attention
    is since Vaswani et al. 2017.
    """

    @staticmethod
    def code_shapes(channels: int) -> list[tuple]:
        return [(None, channels)]

    @staticmethod
    def code(features: tf.Tensor) -> list[tf.Tensor]:
        shape = tf.shape(features)
        flat = tf.reshape(features, [shape[0], shape[1] * shape[2], features.shape[-1]])
        return [tf.gather(flat, spread(shape[1] * shape[2], tf.minimum(TOKENS, shape[1] * shape[2])), axis=1)]

    @staticmethod
    def blend(codes: Sequence[Code], shares: Sequence[float]) -> list[tf.Tensor]:
        """As many places of each style as its share says."""
        bounds = [round(TOKENS * sum(shares[:index])) for index in range(len(shares) + 1)]
        counts = [after - before for before, after in itertools.pairwise(bounds)]
        parts = [
            tf.gather(code[0], spread(code[0].shape[1], count), axis=1)
            for code, count in zip(codes, counts, strict=True)
            if count > 0
        ]
        return [tf.concat(parts, 1)]

    def build(self, shapes: list[tuple]) -> None:
        channels = shapes[0][-1]
        self.query, self.key, self.value, self.last = (
            layers.Dense(channels, name=name, dtype=self.dtype_policy) for name in ("query", "key", "value", "last")
        )
        for layer in (self.query, self.key, self.value, self.last):
            layer.build((None, None, channels))

    def normalised(self, inputs: Sequence[tf.Tensor], statistics: Statistics) -> tf.Tensor:
        (x, tokens), shape = inputs, tf.shape(inputs[0])
        channels = x.shape[-1]
        query = self.query(tf.cast(tf.reshape(standardise(x, statistics), [shape[0], -1, channels]), x.dtype))
        key = self.key(tf.cast(standardise(tokens[:, None])[:, 0], x.dtype))
        likeness = ops.cast(tf.matmul(query, key, transpose_b=True), "float32") / channels**0.5
        found = tf.matmul(tf.cast(tf.nn.softmax(likeness), x.dtype), self.value(ops.cast(tokens, x.dtype)))
        return x + tf.reshape(self.last(found), shape)


def spread(count: tf.Tensor | int, some: tf.Tensor | int) -> tf.Tensor:
    """`some` of `count` indices, evenly spaced; some of them twice where there are too few."""
    step = tf.cast(count, tf.float32) / tf.cast(some, tf.float32)
    return tf.cast((tf.range(tf.cast(some, tf.float32)) + 0.5) * step, tf.int32)


WAYS = {  # what each level of features is carried by, the finest first
    "adain": (AdaIN, AdaIN, AdaIN),
    "covariance": (Covariance, Covariance, Covariance),
    "attention": (AdaIN, AdaIN, StyleAttention),
}
