"""Whether a generator copies its training images: authenticity of samples in a feature space (Alaa et al. 2022, section 3)."""

import numpy as np

from gan.errors import InputError
from gan.metrics.neighbours import distances


def authentic(train: np.ndarray, samples: np.ndarray) -> np.ndarray:
    """Of features `[N, D]` and `[M, D]` -> `[M]`: is the sample farther from its nearest training image than that image is
    from its own nearest other?

    Fresh images of the same distribution are so about half of the time; copies never.

    Raises:
        InputError: features of different sizes, or fewer than two training images.
    """
    if train.shape[1] != samples.shape[1]:
        raise InputError(f"features of different extractors: {train.shape[1]} and {samples.shape[1]} dimensions")
    if len(train) < 2:
        raise InputError(f"authenticity needs two training images or more. Received: {len(train)}")
    train, samples = np.asarray(train, np.float64), np.asarray(samples, np.float64)
    among = distances(train, train)
    np.fill_diagonal(among, np.inf)
    near = distances(samples, train)
    nearest = near.argmin(1)
    return near[np.arange(len(samples)), nearest] > among.min(1)[nearest]


def nearest(train: np.ndarray, samples: np.ndarray) -> np.ndarray:
    """The index of each sample's nearest training image -> `[M]`."""
    return distances(np.asarray(samples, np.float64), np.asarray(train, np.float64)).argmin(1)
