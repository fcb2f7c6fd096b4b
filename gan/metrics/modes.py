"""Which modes of labelled data a generator draws, and how clearly, judged by a classifier."""

import numpy as np


def confident_share(probabilities: np.ndarray, threshold: float = 0.9) -> float:
    """Share of pictures `[N, K]` whose most probable class has more than `threshold`."""
    return float((probabilities.max(-1) > threshold).mean())


def class_counts(probabilities: np.ndarray) -> np.ndarray:
    """How many of `[N, K]` fall into each class -> `[K]`."""
    return np.bincount(probabilities.argmax(-1), minlength=probabilities.shape[-1])
