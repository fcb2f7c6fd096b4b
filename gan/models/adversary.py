"""The game against discriminators that judge pictures by patches, for the models that share it."""

from collections.abc import Callable, Sequence

import keras
import tensorflow as tf

from gan.losses import Objective

Judge = Callable[[tf.Tensor], tf.Tensor]  # pictures [N, H, W, C] -> logits of any shape


def discriminator_step(
    judge: Judge,
    weights: Sequence[keras.Variable],
    optimizer: keras.optimizers.Optimizer,
    objective: Objective,
    real: tf.Tensor,
    fake: tf.Tensor,
    share: float = 1.0,
) -> dict[str, tf.Tensor]:
    """One step on the discriminator's weights, its loss times `share`. Returns the logs."""
    return discriminators_step([(judge, real, fake)], weights, optimizer, objective, share)


def discriminators_step(
    contests: Sequence[tuple[Judge, tf.Tensor, tf.Tensor]],
    weights: Sequence[keras.Variable],
    optimizer: keras.optimizers.Optimizer,
    objective: Objective,
    share: float = 1.0,
) -> dict[str, tf.Tensor]:
    """The same for several, each (discriminator, real, fake), whose losses add up; the scores are their means."""
    with tf.GradientTape() as tape:
        logits = [(judge(real), judge(fake)) for judge, real, fake in contests]
        loss = share * tf.add_n([tf.reduce_mean(objective.discriminator(*both)) for both in logits])
    gradients = tape.gradient(loss, weights)
    optimizer.apply(gradients, weights)
    real_logit, fake_logit = (tf.add_n([tf.reduce_mean(both[side]) for both in logits]) / len(logits) for side in (0, 1))
    return {
        "loss/discriminator": loss,
        "score/real_logit": real_logit,
        "score/fake_logit": fake_logit,
        "gradient/discriminator": tf.linalg.global_norm(gradients),
    }


def generator_loss(judge: Judge, objective: Objective, real: tf.Tensor, fake: tf.Tensor) -> tf.Tensor:
    """The generator's side, a scalar; only relativistic games look at the real pictures."""
    real_logits = judge(real) if objective.relativistic else None
    return tf.reduce_mean(objective.generator(real_logits, judge(fake)))
