"""Normal noise as a function of a seed and a step: the same bits on every device, with and without XLA.

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


def normal(
    shape: list[int | tf.Tensor], seed: int | tf.Tensor, step: int | tf.Tensor, replica: int | tf.Tensor = 0
) -> tf.Tensor:
    """Independent standard normal numbers, float32 of a shape, for each (seed, step, replica) (Box and Muller 1958)."""
    seed, step, replica = (tf.cast(word, tf.uint32) for word in (seed, step, replica))
    index = tf.cast(tf.range(tf.reduce_prod(shape)), tf.uint32)
    words = threefry((seed, step), (index, tf.zeros_like(index) + replica))
    first, second = (
        (tf.cast(tf.bitwise.right_shift(word, tf.constant(8, tf.uint32)), tf.float32) + 0.5) * 2.0**-24 for word in words
    )
    return tf.reshape(tf.sqrt(-2.0 * tf.math.log(first)) * tf.cos(2.0 * math.pi * second), shape)
