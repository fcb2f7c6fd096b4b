"""A classifier, trained on cross entropy."""

import keras
import tensorflow as tf


class Classifier(keras.Model):
    """Trains `network`: images `[N, H, W, C]` in [-1, 1] -> logits `[N, K]`."""

    def __init__(self, network: keras.Model):
        super().__init__()
        self.network = network
        self.built = True

    def compile(self, optimizer: keras.optimizers.Optimizer):
        super().compile(optimizer=optimizer)
        optimizer.build(self.network.trainable_variables)

    def call(self, images: tf.Tensor) -> tf.Tensor:
        return self.network(images, training=False)

    def train_step(self, batch: tuple[tf.Tensor, tf.Tensor]) -> dict[str, tf.Tensor]:
        """One step on images and their labels, int `[N]`."""
        images, labels = batch
        with tf.GradientTape() as tape:
            logits = self.network(images, training=True)
            loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits))
        weights = self.network.trainable_variables
        self.optimizer.apply(tape.gradient(loss, weights), weights)
        right = tf.equal(tf.argmax(logits, -1, labels.dtype), labels)
        return {"loss/cross_entropy": loss, "score/accuracy": tf.reduce_mean(tf.cast(right, tf.float32))}
