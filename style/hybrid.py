"""A network that paints photographs in the styles of collections, taught by an adversary and by a fixed extractor together.

total = alpha content + beta style + gamma adversarial: the content and style losses of Gatys et al. 2016 on each picture, as
Johnson et al. 2016 train a network on them, and the patch discriminator of Isola et al. 2017 on the collection. With gamma = 0
it is the former alone, with alpha = beta = 0 the latter. Several styles share a network by conditional instance normalisation
(Dumoulin et al. 2017).
"""

from collections.abc import Mapping, Sequence

import keras
import numpy as np
import tensorflow as tf

from gan.features import Extractor
from gan.losses import OBJECTIVES, Objective
from gan.models.adversary import discriminator_step
from style import losses

Grams = Mapping[str, tf.Tensor]


def mean_grams(extractor: Extractor, images: np.ndarray, batch_size: int = 8) -> dict[str, tf.Tensor]:
    """The mean Gram matrix of pictures `[N, H, W, 3]`, for each style layer -> `[1, C, C]`."""
    sums = dict.fromkeys(extractor.style_layers, 0.0)
    for start in range(0, len(images), batch_size):
        features = extractor(tf.constant(images[start : start + batch_size]))
        for name in sums:
            sums[name] += tf.reduce_sum(losses.gram(features[name]), 0, keepdims=True)
    return {name: total / len(images) for name, total in sums.items()}


def relative_content(extractor: Extractor, features: Grams, targets: Grams) -> tf.Tensor:
    """The content loss over that of a picture without features, mean over the content layers -> `[N]`."""
    parts = [
        losses.content(features[name], targets[name]) / losses.content(tf.zeros_like(targets[name]), targets[name])
        for name in extractor.content_layers
    ]
    return tf.reduce_mean(tf.stack(parts), 0)


def relative_style(extractor: Extractor, features: Grams, targets: Grams) -> tf.Tensor:
    """The style loss against Gram matrices `[1 or N, C, C]` over that of a picture without features, mean over layers."""
    parts = [
        losses.style(losses.gram(features[name]), targets[name]) / losses.style(tf.zeros_like(targets[name]), targets[name])
        for name in extractor.style_layers
    ]
    return tf.reduce_mean(tf.stack(parts), 0)


class Hybrid(keras.Model):
    """Trains a generator of pictures of A that look like those of one or several collections.

    Args:
        generator: `gan.networks.translation.resnet`; with several styles, labels `[N]` are its second input.
        discriminator: pictures -> logits `[N, h, w, S]`, a map for each style.
        extractor: reads content and style.
        targets: for each style the mean Gram matrices of its collection (`mean_grams`).
    """

    def __init__(self, generator: keras.Model, discriminator: keras.Model, extractor: Extractor, targets: Sequence[Grams]):
        super().__init__()
        self.generator, self.discriminator, self.extractor = generator, discriminator, extractor
        self.targets = {name: tf.concat([one[name] for one in targets], 0) for name in extractor.style_layers}
        self.built = True

    def compile(
        self,
        g_optimizer: keras.optimizers.Optimizer,
        d_optimizer: keras.optimizers.Optimizer,
        objective: Objective = OBJECTIVES["least-squares"],
        content_weight: float = 1.0,
        style_weight: float = 1.0,
        adversarial_weight: float = 1.0,
    ):
        """alpha, beta and gamma. A weight of 0 leaves its loss out; those of the extractor are still told."""
        super().compile(optimizer=None)
        self.g_optimizer, self.d_optimizer, self.objective = g_optimizer, d_optimizer, objective
        self.content_weight, self.style_weight = content_weight, style_weight
        self.adversarial_weight = adversarial_weight
        g_optimizer.build(self.generator.trainable_variables)
        d_optimizer.build(self.discriminator.trainable_variables)

    def paint(self, images: tf.Tensor, labels: tf.Tensor, training: bool) -> tf.Tensor:
        return self.generator([images, labels] if len(self.generator.inputs) > 1 else images, training=training)

    def call(self, inputs: tuple[tf.Tensor, tf.Tensor]) -> tf.Tensor:
        """Pictures and labels -> painted pictures."""
        return self.paint(*inputs, training=False)

    def judge(self, images: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
        """Logits `[N, h, w]` of each picture's own style."""
        return tf.gather(self.discriminator(images, training=True), labels, axis=3, batch_dims=1)

    def train_step(self, batch: tuple[tf.Tensor, tf.Tensor, tf.Tensor]) -> dict[str, tf.Tensor]:
        """One step on photographs, pictures of the collections, and which collection each is from: D first, then G."""
        photos, paintings, labels = batch
        logs, adversarial = {}, tf.constant(0.0)
        with tf.GradientTape() as tape:
            painted = self.paint(photos, labels, training=True)
            if self.adversarial_weight:
                with tape.stop_recording():
                    logs = self.discriminator_step(paintings, painted, labels)
                real_logits = self.judge(paintings, labels) if self.objective.relativistic else None
                adversarial = tf.reduce_mean(self.objective.generator(real_logits, self.judge(painted, labels)))
            features, wanted = self.extractor(painted), self.extractor(photos)
            content = tf.reduce_mean(relative_content(self.extractor, features, wanted))
            targets = {name: tf.gather(grams, labels) for name, grams in self.targets.items()}
            style = tf.reduce_mean(relative_style(self.extractor, features, targets))
            loss = self.content_weight * content + self.style_weight * style + self.adversarial_weight * adversarial
        weights = self.generator.trainable_variables
        gradients = tape.gradient(loss, weights)
        self.g_optimizer.apply(gradients, weights)
        return {
            "loss/generator": loss,
            "loss/content": content,
            "loss/style": style,
            "loss/adversarial": adversarial,
            "gradient/generator": tf.linalg.global_norm(gradients),
            **logs,
        }

    def discriminator_step(self, real: tf.Tensor, fake: tf.Tensor, labels: tf.Tensor) -> dict[str, tf.Tensor]:
        weights = self.discriminator.trainable_variables
        return discriminator_step(
            lambda images: self.judge(images, labels), weights, self.d_optimizer, self.objective, real, fake
        )
