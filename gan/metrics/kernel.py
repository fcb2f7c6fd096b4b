"""Kernel distance between two sets of features (KID; Bińkowski et al. 2018): unbiased, so that it may be a little below 0."""

import numpy as np

from gan.errors import InputError

SUBSETS, SIZE = 100, 1000


def polynomial(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """(a b' / d + 1)^3 for features `[n, d]`, `[m, d]` -> `[n, m]`."""
    return (a @ b.T / a.shape[1] + 1.0) ** 3


def squared_mmd(a: np.ndarray, b: np.ndarray) -> float:
    """The unbiased estimate of the squared maximum mean discrepancy (Gretton et al. 2012, eq. 3); the sets may differ in
    size."""
    n, m = len(a), len(b)
    own = [(kernel.sum() - np.trace(kernel)) / (k * (k - 1)) for kernel, k in ((polynomial(a, a), n), (polynomial(b, b), m))]
    return float(sum(own) - 2 * polynomial(a, b).mean())


def of_unit_strength(real: np.ndarray, *others: np.ndarray) -> list[np.ndarray]:
    """Features over the root mean square of the real ones: the kernel's constant of 1 supposes such a strength.

    Inception's have about that. For extractors of another scale, whose figures would be compared with nothing else anyway.
    """
    strength = np.sqrt(np.square(np.asarray(real, np.float64)).mean()) + 1e-12
    return [np.asarray(features, np.float64) / strength for features in (real, *others)]


def kid(real: np.ndarray, fake: np.ndarray, subsets: int = SUBSETS, size: int = SIZE, seed: int = 0) -> np.ndarray:
    """The estimate on each of so many random subsets without replacement -> `[subsets]`; their mean is the KID.

    Raises:
        InputError: features of different sizes, or fewer images than a subset.
    """
    if real.shape[1] != fake.shape[1]:
        raise InputError(f"features of different extractors: {real.shape[1]} and {fake.shape[1]} dimensions")
    if size < 2:
        raise InputError(f"a KID needs subsets of two images or more. Received: {size}; judge more images")
    if min(len(real), len(fake)) < size:
        raise InputError(f"a KID on subsets of {size} needs as many images of each kind. Received: {len(real)} and {len(fake)}")
    random = np.random.default_rng(seed)
    real, fake = np.asarray(real, np.float64), np.asarray(fake, np.float64)
    return np.array([
        squared_mmd(*(features[random.choice(len(features), size, replace=False)] for features in (real, fake)))
        for _ in range(subsets)
    ])  # fmt: skip
