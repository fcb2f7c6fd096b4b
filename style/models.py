"""Stylisation by optimisation as a model: its only weight is the image (Gatys, Ecker, Bethge 2016)."""

from collections.abc import Iterable, Sequence

import keras
import tensorflow as tf

from gan import noise
from gan.features import Extractor
from style import losses

STYLE_BALANCE = 10.0


class Stylisation(keras.Model):
    """Minimises alpha * L_content + beta * L_style (eq. 7) over an image that starts as the content.

    Every layer's loss is divided by the loss of a picture without features, and the mean over layers is taken: both terms
    become relative errors, so that one pair of weights means the same for any extractor and any size.

    Args:
        extractor: where to read content and style.
        content: image `[1, H, W, 3]` in [-1, 1].
        styles: images `[1, h, w, 3]`, sizes may differ; the mean of their Gram matrices is the target.
        content_weight, style_weight: alpha and beta; 1 and 1 are a good balance.
        tv_weight: weight of the total variation.
        initial: image to start from instead of the content, of its size.
        jitter: each step looks at picture and content shifted by up to so many pixels, continued by their mirror, so that the
            strides of the extractor leave no grid.
        flips: each step looks at all pictures, styles too, mirrored left to right, upside down, both or neither: what
        deceives the
            extractor seldom deceives it in a mirror.
    """

    def __init__(
        self,
        extractor: Extractor,
        content: tf.Tensor,
        styles: Sequence[tf.Tensor],
        content_weight: float = 1.0,
        style_weight: float = 1.0,
        tv_weight: float = 0.0,
        initial: tf.Tensor | None = None,
        jitter: int = 0,
        flips: bool = False,
    ):
        super().__init__()
        self.extractor = extractor
        self.content_weight, self.style_weight, self.tv_weight = content_weight, style_weight, tv_weight
        self.image = self.add_weight(shape=content.shape, initializer="zeros", name="image", dtype="float32")
        self.image.assign(content if initial is None else initial)
        self.content, self.jitter, self.flips = tf.constant(content), jitter, flips
        features = extractor(content)
        self.content_targets = {name: tf.constant(features[name]) for name in extractor.content_layers}
        self.mirrored_targets = [
            self.mean_grams([mirrored(style, tf.constant(view)) for style in styles]) for view in range(4 if flips else 1)
        ]
        self.style_targets = self.mirrored_targets[0]
        self.built = True

    def mean_grams(self, styles: Sequence[tf.Tensor]) -> dict[str, tf.Tensor]:
        """Of several pictures, each counting the same."""
        grams = [self.grams(self.extractor(style)) for style in styles]
        return {name: sum(gram[name] for gram in grams) / len(grams) for name in self.extractor.style_layers}

    def grams(self, features: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        return {name: losses.gram(features[name]) for name in self.extractor.style_layers}

    def compile(self, optimizer: keras.optimizers.Optimizer):
        super().compile(optimizer=optimizer)
        optimizer.build([self.image])

    def call(self, inputs=None) -> tf.Tensor:
        return tf.convert_to_tensor(self.image)

    def content_distance(self, features: dict[str, tf.Tensor], targets: dict[str, tf.Tensor] | None = None) -> tf.Tensor:
        """Relative content loss of a picture of the content's size, from its features -> `[1]`."""
        return _mean(
            losses.content(features[name], target) / losses.content(tf.zeros_like(target), target)
            for name, target in (targets or self.content_targets).items()
        )

    def style_distance(self, features: dict[str, tf.Tensor], targets: dict[str, tf.Tensor] | None = None) -> tf.Tensor:
        """Relative style loss of a picture of any size, from its features -> `[1]`."""
        grams = self.grams(features)
        return _mean(
            losses.style(grams[name], target) / losses.style(tf.zeros_like(target), target)
            for name, target in (targets or self.style_targets).items()
        )

    def view(self, image: tf.Tensor) -> tf.Tensor:
        """The image as this step looks at it."""
        if self.flips:
            image = mirrored(image, self.mirror())
        if not self.jitter:
            return image
        by = noise.integers(2, 2 * self.jitter + 1, 0, self.optimizer.iterations)
        sides = [[0, 0], [self.jitter, self.jitter], [self.jitter, self.jitter], [0, 0]]
        return tf.slice(tf.pad(image, sides, "SYMMETRIC"), [0, by[0], by[1], 0], image.shape)

    def mirror(self) -> tf.Tensor:
        """Which of the four mirror images this step looks at."""
        return noise.integers(1, 4, 1, self.optimizer.iterations)[0]

    def seen_style(self) -> dict[str, tf.Tensor]:
        """The style targets of this step's mirror image."""
        if not self.flips:
            return self.style_targets
        return {
            name: tf.stack([targets[name] for targets in self.mirrored_targets])[self.mirror()] for name in self.style_targets
        }

    def scores(self, image: tf.Tensor) -> dict[str, float]:
        """Relative `content` and `style` loss of an image of the content's size."""
        features = self.extractor(tf.convert_to_tensor(image))
        return {"content": float(self.content_distance(features)[0]), "style": float(self.style_distance(features)[0])}

    def train_step(self, _=None) -> dict[str, tf.Tensor]:
        """One step on the image, which stays in [-1, 1]."""
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            image = tf.convert_to_tensor(self.image)
            tape.watch(image)
            features = self.extractor(self.view(image))
            targets = self.extractor(self.view(self.content)) if self.jitter or self.flips else self.content_targets
            content = self.content_distance(features, {name: targets[name] for name in self.content_targets})
            style = self.style_distance(features, self.seen_style())
            tv = losses.total_variation(image)
            total = self.content_weight * content + STYLE_BALANCE * self.style_weight * style + self.tv_weight * tv
        self.optimizer.apply([tape.gradient(total, image)], [self.image])
        self.image.assign(tf.clip_by_value(self.image, -1.0, 1.0))
        return {
            "loss/total": total[0],
            "loss/content": content[0],
            "loss/style": style[0],
            "loss/total_variation": tv[0],
        }


def mirrored(image: tf.Tensor, view: tf.Tensor) -> tf.Tensor:
    """`[N, H, W, C]` as it is (0), left to right (1), upside down (2), both (3)."""
    image = tf.where(view % 2 == 1, tf.reverse(image, [2]), image)
    return tf.where(view >= 2, tf.reverse(image, [1]), image)


def _mean(values: Iterable[tf.Tensor]) -> tf.Tensor:
    return tf.reduce_mean(tf.stack(list(values)), 0)
