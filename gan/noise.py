"""Random numbers as a function of a seed and a step: the same bits on every device, with and
without XLA.

TensorFlow's own stateless generators draw other numbers once XLA compiles them.
"""

import math

import tensorflow as tf

ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))
PARITY = 0x1BD11BDA


def threefry(key: tuple[tf.Tensor, tf.Tensor], counter: tuple[tf.Tensor, tf.Tensor]) -> tuple[tf.Tensor, tf.Tensor]:
    """Threefry-2x32 with 20 rounds (Salmon et al. 2011): uint32 words, keys scalar, counters of any shape."""
    keys = (*key, tf.bitwise.bitwise_xor(tf.bitwise.bitwise_xor(*key), tf.constant(PARITY, tf.uint32)))
    x, y = counter[0] + keys[0], counter[1] + keys[1]
    for block in range(5):
        for bits in ROTATIONS[block % 2]:
            x = x + y
            left = tf.bitwise.left_shift(y, tf.constant(bits, tf.uint32))
            right = tf.bitwise.right_shift(y, tf.constant(32 - bits, tf.uint32))
            y = tf.bitwise.bitwise_xor(tf.bitwise.bitwise_or(left, right), x)
        x = x + keys[(block + 1) % 3]
        y = y + keys[(block + 2) % 3] + tf.constant(block + 1, tf.uint32)
    return x, y


def _words(count: int | tf.Tensor, *place: int | tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Twice `count` random uint32 words of a (seed, step, replica)."""
    seed, step, replica = (tf.cast(word, tf.uint32) for word in place)
    index = tf.cast(tf.range(count), tf.uint32)
    return threefry((seed, step), (index, tf.zeros_like(index) + replica))


def integers(count: int, limit: int, seed: int | tf.Tensor, step: int | tf.Tensor) -> tf.Tensor:
    """Random integers from 0 to `limit - 1`, int32 `[count]`, for each (seed, step)."""
    return tf.cast(_words(count, seed, step, 0)[0] % tf.constant(limit, tf.uint32), tf.int32)


def normal(
    shape: list[int | tf.Tensor], seed: int | tf.Tensor, step: int | tf.Tensor, replica: int | tf.Tensor = 0
) -> tf.Tensor:
    """Independent standard normal numbers, float32 of a shape, for each (seed, step, replica) (Box and Muller 1958)."""
    words = _words(tf.reduce_prod(shape), seed, step, replica)
    first, second = (_unit(word) for word in words)
    return tf.reshape(tf.sqrt(-2.0 * tf.math.log(first)) * tf.cos(2.0 * math.pi * second), shape)


def uniform(
    shape: list[int | tf.Tensor], seed: int | tf.Tensor, step: int | tf.Tensor, replica: int | tf.Tensor = 0
) -> tf.Tensor:
    """Independent numbers between 0 and 1, both excluded, float32 of a shape, for each (seed, step, replica)."""
    return tf.reshape(_unit(_words(tf.reduce_prod(shape), seed, step, replica)[0]), shape)


def _unit(words: tf.Tensor) -> tf.Tensor:
    """uint32 -> float32 between 0 and 1, both excluded."""
    return (tf.cast(tf.bitwise.right_shift(words, tf.constant(8, tf.uint32)), tf.float32) + 0.5) * 2.0**-24
