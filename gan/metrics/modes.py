"""Which modes of data a generator draws, and how clearly: of labelled images judged by a classifier, of mixtures of
Gaussians by distance."""

import numpy as np

GRID_SIGMA, RING_SIGMA = 0.05, 0.01
HIGH_QUALITY = 3.0


def grid() -> np.ndarray:
    """The 25 centres of the grid {-4, -2, 0, 2, 4}^2 -> `[25, 2]` (Lin et al. 2018); the deviation is `GRID_SIGMA`."""
    side = np.array([-4.0, -2.0, 0.0, 2.0, 4.0])
    return np.stack(np.meshgrid(side, side), -1).reshape(-1, 2)


def ring() -> np.ndarray:
    """The 8 centres on the unit circle -> `[8, 2]` (Lin et al. 2018); the deviation is `RING_SIGMA`."""
    angles = 2 * np.pi * np.arange(8) / 8
    return np.stack([np.cos(angles), np.sin(angles)], -1)


def mode_counts(points: np.ndarray, centres: np.ndarray, sigma: float) -> np.ndarray:
    """How many points `[N, 2]` lie within 3 sigma of each centre, and nearest to it -> `[K]`."""
    squares = np.square(points[:, None] - centres[None]).sum(-1)
    good = squares.min(1) < (HIGH_QUALITY * sigma) ** 2
    return np.bincount(squares.argmin(1)[good], minlength=len(centres))


def mixture_scores(points: np.ndarray, centres: np.ndarray, sigma: float) -> dict[str, float]:
    """`high_quality`: share of points `[N, 2]` within 3 sigma of the nearest centre (a perfect sampler has 1 - exp(-4.5) =
    0.989). `modes`: centres with at least one such point. `kl`: of the centres' shares of such points to uniform, in
    nats."""
    counts = mode_counts(points, centres, sigma)
    return {
        "modes": int((counts > 0).sum()),
        "high_quality": float(counts.sum() / len(points)),
        "kl": kl_to_uniform(counts) if counts.any() else float("inf"),
    }


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
