"""Trainings of networks that stylise in one pass (`style.networks`), taught by a fixed extractor.

The losses are those of `style.objectives` on batches: relative, so that one pair of weights means the same for any extractor.
"""

from collections.abc import Sequence

import keras
import tensorflow as tf

from gan import noise
from style import losses, networks
from style.objectives import Description
from style.teacher import Teacher, of_each, stacked

SHIFT = 8  # pixels


def seen_from(images: tf.Tensor, offset: tf.Tensor) -> tf.Tensor:
    """`[N, H, W, C]` without `SHIFT` rows and columns, some of them before the rest: each step's teacher looks from another
    place, or a network would learn grids that the strides of the teacher do not see."""
    _, height, width, channels = images.shape
    return tf.slice(images, [0, offset[0], offset[1], 0], [-1, height - SHIFT, width - SHIFT, channels])


class OnePass(keras.Model):
    """What both trainings share: alpha content + beta style + gamma total variation of what a network paints."""

    def __init__(self, network: keras.Model, teacher: Teacher):
        super().__init__()
        self.network, self.teacher = network, teacher
        self.built = True

    def compile(
        self,
        optimizer: keras.optimizers.Optimizer,
        content_weight: float = 1.0,
        style_weight: float = 1.0,
        tv_weight: float = 0.0,
    ):
        super().compile(optimizer=optimizer)
        self.content_weight, self.style_weight, self.tv_weight = content_weight, style_weight, tv_weight
        optimizer.build(self.network.trainable_variables)

    def step(self, photos: tf.Tensor, inputs: Sequence[tf.Tensor], wanted: Description) -> dict[str, tf.Tensor]:
        """One step on photographs, what else the network is given, and the style that is wanted of each."""
        teacher, offset = self.teacher, noise.integers(2, SHIFT, 0, self.optimizer.iterations)
        target = teacher.extractor(seen_from(photos, offset))
        with tf.GradientTape() as tape:
            painted = self.network([photos, *inputs] if inputs else photos, training=True)
            own = teacher.extractor(seen_from(painted, offset))
            content, style = tf.reduce_mean(teacher.content(own, target)), tf.reduce_mean(teacher.style(own, wanted))
            variation = tf.reduce_mean(losses.total_variation(painted))
            weighted_style = teacher.moments.balance * self.style_weight * style
            loss = self.content_weight * content + weighted_style + self.tv_weight * variation
        weights = self.network.trainable_variables
        gradients = tape.gradient(loss, weights)
        self.optimizer.apply(gradients, weights)
        values = (loss, content, style, variation, tf.linalg.global_norm(gradients))
        names = ("loss/total", "loss/content", "loss/style", "loss/total_variation", "gradient/network")
        return dict(zip(names, values, strict=True))


class FastStyle(OnePass):
    """A network for one style (Johnson et al. 2016) or for several (Dumoulin et al. 2017).

    Args:
        network: `style.networks.johnson`.
        styles: pictures `[1, h, w, 3]` in [-1, 1], as many as the network has; sizes may differ.
    """

    def __init__(self, network: keras.Model, teacher: Teacher, styles: Sequence[tf.Tensor]):
        super().__init__(network, teacher)
        self.targets = stacked([teacher.wanted(teacher.extractor(tf.constant(style))) for style in styles])

    def call(self, inputs: tuple[tf.Tensor, tf.Tensor]) -> tf.Tensor:
        """Pictures and labels -> painted pictures."""
        photos, labels = inputs
        inputs = self.inputs_of(labels)
        return self.network([photos, *inputs] if inputs else photos, training=False)

    def inputs_of(self, labels: tf.Tensor) -> list[tf.Tensor]:
        return [tf.one_hot(labels, shares.shape[-1]) for shares in self.network.inputs[1:]]

    def train_step(self, batch: tuple[tf.Tensor, tf.Tensor]) -> dict[str, tf.Tensor]:
        """One step on photographs `[N, H, W, 3]` and the number of the style that each gets, `[N]`."""
        photos, labels = batch
        return self.step(photos, self.inputs_of(labels), of_each(self.targets, labels))


class ArbitraryStyle(OnePass):
    """A network for any style (Huang and Belongie 2017).

    Differences: the content loss compares with the photograph instead of the features that carry the style, and both losses
    read the teacher.

    Args:
        network: `style.networks.arbitrary`.
    """

    def call(self, inputs: tuple[tf.Tensor, tf.Tensor]) -> tf.Tensor:
        """Pictures and as many paintings -> painted pictures."""
        photos, paintings = inputs
        return self.network([photos, *networks.code(self.network, paintings)], training=False)

    def train_step(self, batch: tuple[tf.Tensor, tf.Tensor]) -> dict[str, tf.Tensor]:
        """One step on photographs and as many paintings, `[N, H, W, 3]`."""
        photos, paintings = batch
        return self.step(photos, networks.code(self.network, paintings), self.teacher.wanted(self.teacher.extractor(paintings)))
