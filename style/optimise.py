"""Stylisation from coarse to fine, as functions."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import tensorflow as tf
from tqdm import tqdm

from gan import features, schedules
from style.lbfgs import LBFGSStylisation
from style.models import Stylisation
from style.objectives import CONTENTS, STYLES
from style.parameterisation import PARAMETERISATIONS

LEARNING_RATE = 0.04
STYLE_LOSS = "wasserstein"
PARAMETERISATION = "pyramid"
STEPS = 200
JITTER = 8
FLIPS = True
RATIO = 2**0.5
SMALLEST = 96  # long side of the coarsest scale at least
FEWEST = 40  # steps of a scale at least
REFERENCE = 512  # long side at which a style weight counts as it is
OPTIMISED = {"adam": Stylisation, "lbfgs": LBFGSStylisation}


class ImageAdam(schedules.Adam):
    """Adam as it suits an image in [-1, 1]: first steps of about two grey levels, along a cosine to a twentieth of that."""

    def __init__(self, steps: int, learning_rate: float = LEARNING_RATE):
        super().__init__(schedules.Cosine(learning_rate, learning_rate / 20, steps), beta_1=0.9, beta_2=0.99)

    def start_again(self) -> None:
        """As if no step had been made."""
        for variable in (self.iterations, *self._momentums, *self._velocities):
            variable.assign(tf.zeros_like(variable))

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


def scale_sides(long_side: int, scales: int | None = None) -> list[int]:
    """Long sides of the scales, the coarsest first, each sqrt(2) times the one before (Crowson); at most so many of them."""
    sides = [long_side]
    while len(sides) != scales and (side := round(long_side / RATIO ** len(sides))) >= SMALLEST:
        sides.append(side)
    return sides[::-1]


def scale_steps(steps: int, scales: int) -> list[int]:
    """How many steps each scale gets, the coarsest first: `steps`, then each finer scale 1 / sqrt(2) of the one before."""
    return [max(min(FEWEST, steps), round(steps / RATIO**power)) for power in range(scales)]


def weight_at(style_weight: float, long_side: int) -> float:
    """Beta for a picture of that size, so that one number leaves the same style distance at any: it fell with about the sixth
    root of the size at equal weights, and with the root of the weight (`experiments.style_strength`)."""
    return style_weight * (REFERENCE / long_side) ** (1 / 3)


def start_from(model: Stylisation, coarser: Stylisation) -> None:
    """Starts a scale with the enlarged result of a coarser one, and its optimiser with that one's state."""
    model.start_with(resized(coarser().numpy(), model.frame.size))
    same_parts = all(len(one.shape) == 4 and one.shape[-1] == 3 for one in (*model.parts, *coarser.parts))
    if isinstance(model.optimizer, ImageAdam) and same_parts:
        model.optimizer.go_on_from(coarser.optimizer)


def coarse_to_fine(
    size: tuple[int, int],
    scales: int | None,
    steps: int,
    make: Callable[[Callable[[np.ndarray], np.ndarray], int], Stylisation],
) -> Iterator[tuple[int, int, Stylisation]]:
    """Yields (long side, steps, model) for each scale; each model is to be trained before the next one is asked for.

    Args:
        size: height and width of the finest.
        make: (function that brings a picture `[1, H, W, C]` to the scale, steps) -> compiled model.
    """
    coarser, sides = None, scale_sides(max(size), scales)
    for side, count in zip(sides, scale_steps(steps, len(sides)), strict=True):
        share = side / max(size)
        model = make(
            lambda image, share=share: resized(image, [max(1, round(edge * share)) for edge in image.shape[1:3]]), count
        )
        if coarser is not None:
            start_from(model, coarser)
        yield side, count, model
        coarser = model


def stylise(
    content: np.ndarray,
    styles: Sequence[np.ndarray],
    extractor: features.Extractor | None = None,
    content_weight: float = 1.0,
    style_weight: float = 1.0,
    steps: int = STEPS,
    progress: Callable[[int, dict], None] | None = None,
    style_loss: str = STYLE_LOSS,
    content_loss: str = "features",
    optimizer: str = "adam",
    scales: int | None = None,
    parameterisation: str = PARAMETERISATION,
    jitter: int = JITTER,
    flips: bool = FLIPS,
) -> np.ndarray:
    """Paints a picture in the style of others (Gatys, Ecker, Bethge 2016, and what came after).

    Args:
        content: float32 `[1, H, W, 3]` in [-1, 1].
        styles: the same, of any size.
        extractor: default `compact`.
        content_weight, style_weight: relative weights, see `style.models.Stylisation`; the latter holds at any size
            (`weight_at`).
        steps: of the coarsest scale; each finer one gets 1 / sqrt(2) of the steps of the one before.
        progress: called after each step with its number and losses.
        style_loss, content_loss, parameterisation: names in `style.objectives` and `style.parameterisation`.
        optimizer: adam or lbfgs; with the latter, every step looks at the same view.
        scales: how many at most, each sqrt(2) times the one before; default: from 96 px on.

    Returns:
        float32 `[1, H, W, 3]` in [-1, 1].
    """
    extractor = extractor or features.load()
    kind = OPTIMISED[optimizer]
    views = {"jitter": jitter, "flips": flips} if kind is Stylisation else {}
    weight = weight_at(style_weight, max(content.shape[1:3]))

    def make(at: Callable[[np.ndarray], np.ndarray], count: int) -> Stylisation:
        model = kind(
            extractor, at(content), [at(style) for style in styles], content_weight, weight, **views,
            style_loss=STYLES[style_loss], content_loss=CONTENTS[content_loss],
            parameterisation=PARAMETERISATIONS[parameterisation],
        )  # fmt: skip
        model.compile(*([ImageAdam(count)] if kind is Stylisation else []))
        return model

    done = 0
    for _, count, model in coarse_to_fine(tuple(content.shape[1:3]), scales, steps, make):
        one_step = tf.function(model.train_step)
        for _ in range(count):
            losses, done = one_step(), done + 1
            if progress:
                progress(done, losses)
    return model().numpy()


def refine(
    content: np.ndarray,
    styles: Sequence[np.ndarray],
    initial: np.ndarray,
    steps: int,
    extractor: features.Extractor | None = None,
    content_weight: float = 1.0,
    style_weight: float = 1.0,
    shares: Sequence[float] | None = None,
    masks: Sequence[np.ndarray] | None = None,
    block: int | None = None,
) -> np.ndarray:
    """Goes on from a picture `[1, H, W, 3]` that is nearly right, as a network's is: `stylise` at one scale, the same default.

    Args:
        shares, masks, block: see `style.models.Stylisation`.
    """
    model = Stylisation(
        extractor or features.load(), content, styles, content_weight, weight_at(style_weight, max(content.shape[1:3])),
        initial=initial, jitter=JITTER, flips=FLIPS, style_loss=STYLES[STYLE_LOSS], shares=shares, masks=masks,
        parameterisation=PARAMETERISATIONS[PARAMETERISATION], block=block,
    )  # fmt: skip
    model.compile(ImageAdam(steps))
    one_step = tf.function(model.train_step)
    for _ in tqdm(range(steps), "refining", unit="step", delay=5, disable=None, leave=False):
        one_step()
    return model().numpy()
