"""Stylisation by optimisation as a model: its only weight is the image (Gatys, Ecker, Bethge 2016)."""

from collections.abc import Mapping, Sequence

import keras
import numpy as np
import tensorflow as tf

from gan import noise
from gan.features import Extractor
from gan.image_losses import moved
from style import losses, objectives
from style.blocks import Frame
from style.objectives import PIXELS, Region
from style.parameterisation import PARAMETERISATIONS, Parameterisation

AVERAGE = 0.98  # weight of the past in the average of iterates
CONTENT_SEED, STYLE_SEED, TARGET_SEED = 11, 12, 13


class Stylisation(keras.Model):
    """Minimises alpha * L_content + beta * L_style (eq. 7) over an image that starts as the content.

    Both are relative distances (`style.objectives`): one pair of weights means the same for any extractor and any size.

    Args:
        extractor: where to read content and style.
        content: image `[1, H, W, 3]` in [-1, 1].
        styles: images `[1, h, w, 3]`, sizes may differ.
        content_weight, style_weight: alpha and beta; 1 and 1 are a good balance.
        tv_weight: weight of the total variation.
        initial: image to start from instead of the content, of its size.
        jitter: each step looks at picture and content shifted by up to so many pixels, continued by their mirror, so that the
            strides of the extractor leave no grid.
        flips: each step looks at all pictures, styles too, mirrored left to right, upside down, both or neither: what
            deceives the extractor seldom deceives it in a mirror.
        style_loss, content_loss: rows of `style.objectives`.
        shares: how much each style counts; without masks they are blended. Default: all the same.
        masks: where each style is wanted, `[H, W]` in 0..1 each, as many as styles; its share is the weight of that region.
        parameterisation: what the optimiser moves.
        block: side of the blocks in which the extractor reads pictures that are larger; None: all at once. The gradient is
            the same.
        temporal_weight: weight of `style.losses.temporal`, how far a frame of a film may be from the one before: see `follow`.
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
        style_loss: objectives.Moments | objectives.Samples = objectives.STYLES["gram"],
        content_loss: objectives.FeatureContent | objectives.SelfSimilarity = objectives.CONTENTS["features"],
        shares: Sequence[float] | None = None,
        masks: Sequence[np.ndarray] | None = None,
        parameterisation: Parameterisation = PARAMETERISATIONS["pixels"],
        block: int | None = None,
        temporal_weight: float = 0.0,
    ):
        super().__init__()
        self.extractor, self.style_loss, self.content_loss = extractor, style_loss, content_loss
        self.content_weight, self.style_weight, self.tv_weight = content_weight, style_weight, tv_weight
        self.temporal_weight, self.jitter, self.flips, self.parameterisation = temporal_weight, jitter, flips, parameterisation
        self._content = tf.Variable(content, dtype=tf.float32, trainable=False)  # the compiled step sees what `follow` assigns
        self.block, self.frame = block, Frame(extractor, tuple(self.content.shape[1:3]), block)
        self.parts = [
            self.add_weight(shape=part.shape, initializer="zeros", name=f"part{index}", dtype="float32")
            for index, part in enumerate(parameterisation.split(self.content))
        ]
        self.start_with(content if initial is None else initial)
        self.average = self.add_weight(shape=content.shape, initializer="zeros", name="average", trainable=False)
        self.averaged = self.add_weight(shape=(), initializer="zeros", name="averaged", trainable=False)  # sum of its weights
        shares = np.full(len(styles), 1 / len(styles)) if shares is None else np.asarray(shares) / np.sum(shares)
        self.region_shares = [1.0] if masks is None else list(map(float, shares))
        self.style_layers = (*extractor.style_layers, *([PIXELS] if style_loss.palette else []))
        self.everywhere = _tensors(self.frame, extractor.content_layers, None)
        self.content_features = None  # kept where every step looks at the same view
        if not (jitter or flips or self.frame.windows is not None):
            self.content_features = {name: tf.Variable(one, trainable=False) for name, one in self._read_content().items()}
        if temporal_weight:
            self._before = tf.Variable(tf.zeros_like(self.content), trainable=False)
            self._steady = tf.Variable(tf.zeros(self.content.shape[:3]), trainable=False)
        self.region_weights = [
            [_tensors(self.frame, self.style_layers, _mirrored(mask, view)) for view in range(self._views)]
            for mask in (masks or [None])
        ]
        described = [[self.described(style, view) for style in styles] for view in range(self._views)]
        shares = [float(share) for share in shares]
        self.style_targets = [  # [view][region]
            [style_loss.target(each, shares)] if masks is None else [style_loss.target([one], [1.0]) for one in each]
            for each in described
        ]
        self.built = True

    @property
    def _views(self) -> int:
        return 4 if self.flips else 1

    @property
    def content(self) -> tf.Tensor:
        return tf.convert_to_tensor(self._content)

    def _read_content(self) -> dict[str, tf.Tensor]:
        features = self.extractor.read(self.frame.pad(self.content))
        return {name: features[name] for name in self.extractor.content_layers}

    @property
    def image(self) -> tf.Tensor:
        """The picture as it stands, `[1, H, W, 3]`."""
        return self.parameterisation.join([tf.convert_to_tensor(part) for part in self.parts], self.frame.size)

    def start_with(self, image: tf.Tensor) -> None:
        """Puts another picture in its place."""
        for variable, part in zip(self.parts, self.parameterisation.split(tf.constant(image)), strict=True):
            variable.assign(part)

    def follow(self, content: tf.Tensor, before: tf.Tensor, steady: tf.Tensor) -> None:
        """Goes on to the next frame of a film; the optimiser, a `style.optimise.ImageAdam`, starts again.

        Args:
            content: the frame, `[1, H, W, 3]`.
            before: the last result, warped to this frame.
            steady: where it should stay as it is, `[1, H, W]` in 0..1; elsewhere the frame itself is the start.
        """
        self._content.assign(content)
        for name, features in (self._read_content() if self.content_features else {}).items():
            self.content_features[name].assign(features)
        if self.temporal_weight:
            self._before.assign(before)
            self._steady.assign(steady)
        self.start_with(steady[..., None] * before + (1.0 - steady[..., None]) * content)
        for variable in (self.average, self.averaged):
            variable.assign(tf.zeros_like(variable))
        self.optimizer.start_again()

    def call(self, inputs=None) -> tf.Tensor:
        """The result: the average of the last steps' pictures, or what the optimisation starts from."""
        return tf.where(self.averaged > 0, self.average / tf.maximum(self.averaged, losses.EPSILON), self.image)

    def compile(self, optimizer: keras.optimizers.Optimizer):
        super().compile(optimizer=optimizer)
        optimizer.build(self.parts)

    # What is measured -------------------------------------------------------------------------------------------------

    def described(self, style: tf.Tensor, view: int = 0):
        """The description of a style picture in one of its mirror images."""
        style = mirrored(tf.constant(style), tf.constant(view))
        frame = Frame(self.extractor, tuple(style.shape[1:3]), self.block)
        region = frame.region(_tensors(frame, self.style_layers, None), self.style_layers, TARGET_SEED, 0)
        padded = frame.pad(style)
        if frame.windows is None:
            return self.style_loss.describe(self.read(padded), region)
        return _sum_over(
            frame.windows,
            lambda window: self.style_loss.describe(self.read(frame.cut(padded, window)), frame.part(region, window)),
        )

    def read(self, padded: tf.Tensor) -> dict[str, tf.Tensor]:
        return self.extractor.read(padded) | {PIXELS: padded}

    def regions(self, view: tf.Tensor, step: tf.Tensor) -> tuple[Region, list[Region]]:
        """For the content, and for each style region, in one of the mirror images."""
        styles = []
        for index, mirrors in enumerate(self.region_weights):
            weights = {name: tf.stack([one[name] for one in mirrors])[view] for name in self.style_layers}
            styles.append(self.frame.region(weights, self.style_layers, STYLE_SEED + 16 * index, step))
        return self.frame.region(self.everywhere, self.extractor.content_layers, CONTENT_SEED, step), styles

    def describe(self, picture: tf.Tensor, target: Mapping[str, tf.Tensor], regions: tuple[Region, list[Region]]):
        """Everything that the distances are made of, from a padded picture, or one block of it, and the content's features."""
        own = self.read(picture)
        return (
            self.content_loss.describe(own, target, regions[0]),
            [self.style_loss.describe(own, region) for region in regions[1]],
        )

    def distances(self, description, view: tf.Tensor, step: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Relative content and style distance, `[1]` both."""
        content, styles = description
        apart = [
            share * self.style_loss.distance(own, self.target(region, view), step)
            for region, (share, own) in enumerate(zip(self.region_shares, styles, strict=True))
        ]
        return self.content_loss.distance(content), sum(apart)

    def target(self, region: int, view: tf.Tensor):
        """The style description of a region in one of the mirror images."""
        views = [targets[region] for targets in self.style_targets]
        return views[0] if len(views) == 1 else tf.nest.map_structure(lambda *each: tf.stack(each)[view], *views)

    def measured(self, picture: tf.Tensor, content: tf.Tensor, view: tf.Tensor, step: tf.Tensor):
        """Content and style distance of a padded picture."""
        regions = self.regions(view, step)
        if self.frame.windows is None:
            target = self.content_features or self.extractor.read(content)
            return self.distances(self.describe(picture, target, regions), view, step)
        return self._measured_in_blocks(picture, content, regions, view, step)

    def _measured_in_blocks(self, picture, content, regions, view, step):
        """The same in two passes over blocks (Galerne et al. 2024): the descriptions add up; the gradient of the distances by
        them goes back through one block at a time."""
        frame = self.frame

        def part(picture: tf.Tensor, window: tf.Tensor):
            owned = frame.part(regions[0], window), [frame.part(region, window) for region in regions[1]]
            return self.describe(picture, self.extractor.read(frame.cut(content, window)), owned)

        @tf.custom_gradient
        def both(picture: tf.Tensor):
            description = _sum_over(frame.windows, lambda window: part(frame.cut(picture, window), window))
            flat = tf.nest.flatten(description)
            with tf.GradientTape(persistent=True) as tape:
                tape.watch(flat)
                distances = self.distances(tf.nest.pack_sequence_as(description, flat), view, step)

            def gradient(*upstream: tf.Tensor, variables: Sequence[tf.Variable] = ()):  # the extractor's: they stay as they are
                slopes = tape.gradient(distances, flat, output_gradients=list(upstream), unconnected_gradients="zero")

                def back(window: tf.Tensor) -> tf.Tensor:
                    block = frame.cut(picture, window)
                    with tf.GradientTape(watch_accessed_variables=False) as inner:
                        inner.watch(block)
                        described = tf.nest.flatten(part(block, window))
                    found = inner.gradient(described, block, output_gradients=slopes)
                    after = [frame.padded[axis] - frame.window_size[axis] - window[axis] for axis in range(2)]
                    return tf.pad(found, [[0, 0], [window[0], after[0]], [window[1], after[1]], [0, 0]])

                return _sum_over(frame.windows, back), [None for _ in variables]

            return distances, gradient

        return both(picture)

    def scores(self, image: tf.Tensor) -> dict[str, float]:
        """Relative `content` and `style` distance of an image of the content's size."""
        zero = tf.constant(0)
        padded, content = self.frame.pad(tf.convert_to_tensor(image)), self.frame.pad(self.content)
        content, style = self.measured(padded, content, zero, zero)
        return {"content": float(content[0]), "style": float(style[0])}

    # One step ---------------------------------------------------------------------------------------------------------

    @property
    def moment(self) -> tf.Tensor:
        """What decides this step's view and places."""
        return self.optimizer.iterations

    def mirror(self) -> tf.Tensor:
        """Which of the four mirror images this step looks at."""
        return noise.integers(1, 4, 1, self.moment)[0] if self.flips else tf.constant(0)

    def view(self, image: tf.Tensor) -> tf.Tensor:
        """The image as this step looks at it."""
        if self.flips:
            image = mirrored(image, self.mirror())
        if not self.jitter:
            return image
        return moved(image, noise.integers(2, 2 * self.jitter + 1, 0, self.moment), self.jitter)

    def losses_and_gradients(self) -> tuple[dict[str, tf.Tensor], list[tf.Tensor]]:
        """The losses of this step's view, and the gradient of the total by each part."""
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            parts = [tf.convert_to_tensor(part) for part in self.parts]
            tape.watch(parts)
            image = self.parameterisation.join(parts, self.frame.size)
            seen = self.frame.pad(self.view(image)), self.frame.pad(self.view(self.content))
            content, style = self.measured(*seen, self.mirror(), self.moment)
            tv = losses.total_variation(image)
            weighted_content = self.content_loss.balance * self.content_weight * content
            weighted_style = self.style_loss.balance * self.style_weight * style
            total = weighted_content + weighted_style + self.tv_weight * tv
            logs = {"loss/content": content, "loss/style": style, "loss/total_variation": tv}
            if self.temporal_weight:
                logs["loss/temporal"] = losses.temporal(image, self._before, self._steady)
                total += self.temporal_weight * logs["loss/temporal"]
        return {name: value[0] for name, value in ({"loss/total": total} | logs).items()}, tape.gradient(total, parts)

    def keep_in_range(self) -> None:
        """Puts the image back into [-1, 1], and counts it in the average."""
        image = self.image
        clipped = tf.clip_by_value(image, -1.0, 1.0)
        for part, excess in zip(self.parts, self.parameterisation.split(clipped - image), strict=True):
            part.assign_add(excess)
        self.average.assign(AVERAGE * self.average + (1.0 - AVERAGE) * clipped)
        self.averaged.assign(AVERAGE * self.averaged + (1.0 - AVERAGE))

    def train_step(self, _=None) -> dict[str, tf.Tensor]:
        """One step on the image, which stays in [-1, 1]."""
        logs, gradients = self.losses_and_gradients()
        self.optimizer.apply(gradients, self.parts)
        self.keep_in_range()
        return logs


def mirrored(image: tf.Tensor, view: tf.Tensor) -> tf.Tensor:
    """`[N, H, W, C]` as it is (0), left to right (1), upside down (2), both (3)."""
    image = tf.where(view % 2 == 1, tf.reverse(image, [2]), image)
    return tf.where(view >= 2, tf.reverse(image, [1]), image)


def _mirrored(mask: np.ndarray | None, view: int) -> np.ndarray | None:
    return mask if mask is None else mirrored(tf.constant(mask)[None, :, :, None], tf.constant(view)).numpy()[0, :, :, 0]


def _tensors(frame: Frame, names: Sequence[str], mask: np.ndarray | None) -> Mapping[str, tf.Tensor]:
    return {name: tf.constant(frame.weights(name, mask)) for name in names}


def _sum_over(windows: np.ndarray, of):
    """The sum of `of(window)`, a nest of tensors, over windows, one after the other."""
    rows = tf.constant(windows)
    first = of(rows[0])
    flat = tf.nest.flatten(first)

    def add(index: tf.Tensor, *sums: tf.Tensor):
        more = tf.nest.flatten(of(rows[index]))
        return index + 1, *(a + b for a, b in zip(sums, more, strict=True))

    result = tf.while_loop(lambda index, *sums: index < len(windows), add, (tf.constant(1), *flat), parallel_iterations=1)
    return tf.nest.pack_sequence_as(first, list(result[1:]))
