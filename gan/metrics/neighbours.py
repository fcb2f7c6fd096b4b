"""How faithful and how varied generated images are, from nearest neighbours in a feature space.

Improved precision and recall (Kynkäänniemi et al. 2019); density and coverage (Naeem et al. 2020).
"""

import numpy as np

from gan.errors import InputError

BLOCK = 2048


def distances(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Squared Euclidean distances of `[n, d]`, `[m, d]` -> `[n, m]`, float64."""
    squares = np.square(a).sum(1)[:, None] + np.square(b).sum(1)[None] - 2 * a @ b.T
    return np.maximum(squares, 0)


def radii(features: np.ndarray, k: int) -> np.ndarray:
    """Squared distance of each to its k-th nearest neighbour, itself left out."""
    return np.concatenate([
        np.partition(distances(features[i : i + BLOCK], features), k, axis=1)[:, k] for i in range(0, len(features), BLOCK)
    ])  # fmt: skip


def memberships(real: np.ndarray, fake: np.ndarray, k: int = 5) -> dict[str, np.ndarray]:
    """What each image contributes; the mean of each array is the score. A ball reaches to the k-th neighbour of its own kind.

    `precision` `[M]`: is the fake in a real image's ball; `density` `[M]`: in how many, by k. `recall` `[N]`: is the real
    image in a fake's ball; `coverage` `[N]`: does its own ball hold a fake.

    Raises:
        InputError: features of different sizes, or no more images than neighbours.
    """
    if real.shape[1] != fake.shape[1]:
        raise InputError(f"features of different extractors: {real.shape[1]} and {fake.shape[1]} dimensions")
    if min(len(real), len(fake)) <= k:
        raise InputError(f"{k} neighbours need more images than that of each kind. Received: {len(real)} and {len(fake)}")
    real, fake = np.asarray(real, np.float64), np.asarray(fake, np.float64)
    real_radii, fake_radii = radii(real, k), radii(fake, k)
    balls, recalled, covered = np.zeros(len(fake)), [], []
    for start in range(0, len(real), BLOCK):
        block = slice(start, start + BLOCK)
        near = distances(real[block], fake)
        inside = near < real_radii[block, None]
        balls += inside.sum(0)
        covered.append(inside.any(1))
        recalled.append((near < fake_radii[None]).any(1))
    return {
        "precision": balls > 0,
        "recall": np.concatenate(recalled),
        "density": balls / k,
        "coverage": np.concatenate(covered),
    }


def scores(real: np.ndarray, fake: np.ndarray, k: int = 5) -> dict[str, float]:
    """Precision, recall, density and coverage of fakes `[M, d]` beside real images `[N, d]`."""
    return {name: float(values.mean()) for name, values in memberships(real, fake, k).items()}
