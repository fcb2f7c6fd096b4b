"""Which modes of labelled data a generator draws, and how clearly, judged by a classifier."""

import numpy as np


def confident_share(probabilities: np.ndarray, threshold: float = 0.9) -> float:
    """Share of pictures `[N, K]` whose most probable class has more than `threshold`."""
    return float((probabilities.max(-1) > threshold).mean())


def class_counts(probabilities: np.ndarray) -> np.ndarray:
    """How many of `[N, K]` fall into each class -> `[K]`."""
    return np.bincount(probabilities.argmax(-1), minlength=probabilities.shape[-1])


def kl_to_uniform(counts: np.ndarray) -> float:
    """sum p log(p / q) of the modes' frequencies `[K]`, q uniform, in nats, without smoothing (Srivastava et al. 2017)."""
    share = counts / counts.sum()
    present = share[share > 0]
    return float((present * np.log(present * len(counts))).sum())


def kl_floor(modes: int, samples: int) -> float:
    """What a perfect sampler scores on average: (K - 1) / (2 N), to first order."""
    return (modes - 1) / (2 * samples)


def inception_score(probabilities: np.ndarray, splits: int = 10) -> np.ndarray:
    """exp(E KL(p(y|x) || p(y))) of each split of `[N, K]` (Salimans et al. 2016) -> `[splits]`."""
    parts = np.array_split(np.asarray(probabilities, np.float64), splits)
    return np.array([np.exp(_divergence(part, part.mean(0, keepdims=True)).mean()) for part in parts])


def _divergence(p: np.ndarray, q: np.ndarray) -> np.ndarray:
    safe = np.where(p > 0, p, 1.0)
    return np.where(p > 0, p * (np.log(safe) - np.log(np.where(q > 0, q, 1.0))), 0.0).sum(-1)
