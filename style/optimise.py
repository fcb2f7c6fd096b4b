"""Stylisation of one picture at one scale, as a function."""

from collections.abc import Callable, Sequence

import keras
import numpy as np
import tensorflow as tf

from gan import features
from style.models import Stylisation

LEARNING_RATE = 0.04
STEPS = 400
JITTER = 8
FLIPS = True


def optimiser(steps: int, learning_rate: float = LEARNING_RATE) -> keras.optimizers.Optimizer:
    """Adam as it suits an image in [-1, 1]: first steps of about two grey levels, along a cosine to a twentieth of that."""
    return keras.optimizers.Adam(
        keras.optimizers.schedules.CosineDecay(learning_rate, steps, alpha=0.05), beta_1=0.9, beta_2=0.99
    )


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
    model.compile(optimiser(steps))
    one_step = tf.function(model.train_step)
    for step in range(1, steps + 1):
        losses = one_step()
        if progress:
            progress(step, losses)
    return model.image.numpy()
