"""The step of a discriminator that judges pictures by patches, for the models that share it."""

from collections.abc import Callable, Sequence

import keras
import tensorflow as tf

from gan.losses import Objective


def discriminator_step(
    judge: Callable[[tf.Tensor], tf.Tensor],
    weights: Sequence[keras.Variable],
    optimizer: keras.optimizers.Optimizer,
    objective: Objective,
    real: tf.Tensor,
    fake: tf.Tensor,
) -> dict[str, tf.Tensor]:
    """One step on the discriminator's weights. `judge`: pictures `[N, H, W, C]` -> logits of any shape. Returns the logs."""
    with tf.GradientTape() as tape:
        logits = judge(real), judge(fake)
        loss = tf.reduce_mean(objective.discriminator(*logits))
    gradients = tape.gradient(loss, weights)
    optimizer.apply(gradients, weights)
    return {
        "loss/discriminator": loss,
        "score/real_logit": tf.reduce_mean(logits[0]),
        "score/fake_logit": tf.reduce_mean(logits[1]),
        "gradient/discriminator": tf.linalg.global_norm(gradients),
    }
