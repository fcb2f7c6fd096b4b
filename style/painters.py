"""Painters of films: each paints a frame alone, as if there were no others, or so that it follows from the one before."""

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import tensorflow as tf

from gan.features import Extractor
from style.models import Stylisation
from style.objectives import STYLES
from style.optimise import FLIPS, JITTER, PARAMETERISATION, STYLE_LOSS, ImageAdam, coarse_to_fine, weight_at
from style.parameterisation import PARAMETERISATIONS
from style.video import Motion, steadied, warp_sharply

FOLLOWING_RATE = 0.02  # of the first step of a frame that starts from the last result


class Network:
    """A network that paints frames, and `style.video.steadied`."""

    def __init__(self, paint: Callable[[np.ndarray], np.ndarray], steadiness: float):
        self.paint, self.steadiness = paint, steadiness

    def alone(self, frame: np.ndarray) -> np.ndarray:
        """`[1, H, W, 3]` in [-1, 1] -> the same."""
        return self.paint(frame)

    def following(self, frame: np.ndarray, alone: np.ndarray, before: np.ndarray, how: Motion) -> np.ndarray:
        """The same frame after the last result `before`; `alone`: what `alone` made of it."""
        return steadied(alone, before, how, self.steadiness)


class Optimiser:
    """The optimiser of `style.models`; a frame that follows starts from the last result and is held to it (Ruder et al. 2016).

    Args:
        steps: of the coarsest scale of a frame painted alone, as in `style.optimise.stylise`.
        following_steps: of a frame that follows, at full size.
        temporal_weight: of `style.losses.temporal`.
    """

    def __init__(
        self,
        extractor: Extractor,
        styles: Sequence[np.ndarray],
        shares: Sequence[float] | None,
        style_weight: float,
        steps: int,
        following_steps: int,
        temporal_weight: float,
    ):
        self.extractor, self.styles, self.shares, self.style_weight = extractor, styles, shares, style_weight
        self.steps, self.following_steps, self.temporal_weight = steps, following_steps, temporal_weight
        self._models = {}

    def alone(self, frame: np.ndarray) -> np.ndarray:
        for _, count, model in coarse_to_fine(tuple(frame.shape[1:3]), None, self.steps, partial(self._scale, frame)):
            self._train(model, count)
        return model().numpy()

    def following(self, frame: np.ndarray, alone: np.ndarray | None, before: np.ndarray, how: Motion) -> np.ndarray:
        model = self._model(
            "following", frame, self.styles, self._weight(frame), self.following_steps, FOLLOWING_RATE, self.temporal_weight
        )
        model.follow(tf.constant(frame), tf.constant(warp_sharply(before, how.backward)), how.reliable)
        self._train(model, self.following_steps)
        return model().numpy()

    def _weight(self, frame: np.ndarray) -> float:
        return weight_at(self.style_weight, max(frame.shape[1:3]))

    def _scale(self, frame: np.ndarray, at: Callable[[np.ndarray], np.ndarray], count: int) -> Stylisation:
        """The model of a scale, which starts from the frame."""
        small = tf.constant(at(frame))
        model = self._model(small.shape, small, [at(style) for style in self.styles], self._weight(frame), count)
        model.follow(small, small, tf.zeros(small.shape[:3]))
        return model

    def _model(
        self, key: object, frame, styles: Sequence[np.ndarray], style_weight: float, steps: int, rate: float | None = None,
        temporal_weight: float = 0.0,
    ):  # fmt: skip
        """Made once, because compiling a step takes as long as many steps."""
        if key not in self._models:
            model = Stylisation(
                self.extractor, frame, list(styles), 1.0, style_weight, jitter=JITTER, flips=FLIPS, shares=self.shares,
                style_loss=STYLES[STYLE_LOSS], parameterisation=PARAMETERISATIONS[PARAMETERISATION],
                temporal_weight=temporal_weight,
            )  # fmt: skip
            model.compile(ImageAdam(steps, *([rate] if rate else [])))
            model.one_step = tf.function(model.train_step)
            self._models[key] = model
        return self._models[key]

    def _train(self, model: Stylisation, steps: int) -> None:
        for _ in range(steps):
            model.one_step()
