"""Stylisation from coarse to fine, as functions."""

from collections.abc import Callable, Sequence

import numpy as np
import tensorflow as tf

from gan import features, schedules
from style.models import Stylisation

LEARNING_RATE = 0.04
STEPS = 400
JITTER = 8
FLIPS = True
RATIO = 2**0.5
SMALLEST = 96  # long side of the coarsest scale at least
FEWEST = 40  # steps of a scale at least


class ImageAdam(schedules.Adam):
    """Adam as it suits an image in [-1, 1]: first steps of about two grey levels, along a cosine to a twentieth of that."""

    def __init__(self, steps: int, learning_rate: float = LEARNING_RATE):
        super().__init__(schedules.Cosine(learning_rate, learning_rate / 20, steps), beta_1=0.9, beta_2=0.99)

    def go_on_from(self, coarser: "ImageAdam") -> None:
        """Takes over the moments of a coarser scale, enlarged; both must be built on the same parts."""
        for own, other in ((self._momentums, coarser._momentums), (self._velocities, coarser._velocities)):
            for wide, narrow in zip(own, other, strict=True):
                wide.assign(tf.image.resize(narrow, wide.shape[1:3], "bilinear"))


def resized(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """`[1, H, W, 3]` in [-1, 1] to another height and width, anti-aliased."""
    if tuple(image.shape[1:3]) == tuple(size):
        return np.asarray(image)
    return np.clip(tf.image.resize(image, size, "lanczos3", antialias=True).numpy(), -1, 1)


def scale_sides(long_side: int, scales: int) -> list[int]:
    """Long sides of at most so many scales, the coarsest first, each sqrt(2) times the one before (Crowson)."""
    sides = [round(long_side / RATIO**power) for power in range(scales)]
    return sorted(side for side in sides if side >= min(SMALLEST, long_side))


def scale_steps(steps: int, scales: int) -> list[int]:
    """How many steps each scale gets, the coarsest first: `steps`, then each finer scale 1 / sqrt(2) of the one before."""
    return [max(min(FEWEST, steps), round(steps / RATIO**power)) for power in range(scales)]


def start_from(model: Stylisation, coarser: Stylisation) -> None:
    """Starts a scale with the enlarged result of a coarser one, and its optimiser with that one's state."""
    model.start_with(resized(coarser().numpy(), model.frame.size))
    same_parts = all(len(one.shape) == 4 and one.shape[-1] == 3 for one in (*model.parts, *coarser.parts))
    if isinstance(model.optimizer, ImageAdam) and same_parts:
        model.optimizer.go_on_from(coarser.optimizer)


def stylise(
    content: np.ndarray,
    styles: Sequence[np.ndarray],
    extractor: features.Extractor | None = None,
    content_weight: float = 1.0,
    style_weight: float = 1.0,
    steps: int = STEPS,
    progress: Callable[[int, dict], None] | None = None,
) -> np.ndarray:
    """Paints a picture in the style of others (Gatys, Ecker, Bethge 2016).

    Args:
        content: float32 `[1, H, W, 3]` in [-1, 1].
        styles: the same, of any size.
        extractor: default `compact`.
        content_weight, style_weight: relative weights, see `style.models.Stylisation`.
        progress: called after each step with its number and losses.

    Returns:
        float32 `[1, H, W, 3]` in [-1, 1].
    """
    model = Stylisation(extractor or features.load(), content, styles, content_weight, style_weight, jitter=JITTER, flips=FLIPS)
    model.compile(ImageAdam(steps))
    one_step = tf.function(model.train_step)
    for step in range(1, steps + 1):
        losses = one_step()
        if progress:
            progress(step, losses)
    return model().numpy()
