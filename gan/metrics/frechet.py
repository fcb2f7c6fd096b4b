"""Fréchet distance between the Gaussians of two sets of features (FID; Heusel et al. 2017), from streamed statistics.

The name FID belongs to the features of the Inception graph of 2015; of any other features it is the Fréchet distance in those.
"""

from collections.abc import Iterable

import numpy as np

from gan.errors import InputError


class Statistics:
    """Count, mean and covariance of features `[N, D]`, in float64, added batch by batch: memory does not grow with N.

    Batches are merged by the pairwise formula of Chan, Golub, LeVeque 1983, which does not cancel.
    """

    def __init__(self, dimensions: int):
        self.count, self.mean = 0, np.zeros(dimensions)
        self.scatter = np.zeros([dimensions, dimensions])

    def add(self, features: np.ndarray) -> "Statistics":
        features = np.asarray(features, np.float64)
        mean = features.mean(0)
        centred, shift = features - mean, mean - self.mean
        total = self.count + len(features)
        self.scatter += centred.T @ centred + np.outer(shift, shift) * (self.count * len(features) / total)
        self.mean += shift * (len(features) / total)
        self.count = total
        return self

    @classmethod
    def of(cls, batches: Iterable[np.ndarray]) -> "Statistics":
        result = None
        for batch in batches:
            result = (result or cls(batch.shape[1])).add(batch)
        if result is None:
            raise InputError("no features to take statistics of")
        return result

    @property
    def covariance(self) -> np.ndarray:
        """With the divisor N - 1, as most tools have it."""
        if self.count < 2:
            raise InputError(f"a covariance needs 2 images or more. Received: {self.count}")
        return self.scatter / (self.count - 1)


def frechet(mean: np.ndarray, covariance: np.ndarray, other_mean: np.ndarray, other_covariance: np.ndarray) -> float:
    """|m - m'|^2 + tr(C + C' - 2 (C C')^(1/2)) (Dowson and Landau 1982).

    The trace of the root is the sum of the roots of the eigenvalues of C^(1/2) C' C^(1/2), which is symmetric.
    """
    values, vectors = np.linalg.eigh(covariance)
    root = (vectors * np.sqrt(np.clip(values, 0, None))) @ vectors.T
    product = np.linalg.eigvalsh(root @ other_covariance @ root)
    trace = np.trace(covariance) + np.trace(other_covariance) - 2 * np.sqrt(np.clip(product, 0, None)).sum()
    return float(np.square(mean - other_mean).sum() + trace)


def distance(first: Statistics, second: Statistics) -> float:
    """The Fréchet distance of two sets.

    Raises:
        InputError: features of different sizes, or fewer images than dimensions: the covariance is then singular and the
        distance
            says more about the count than about the images.
    """
    if len(first.mean) != len(second.mean):
        raise InputError(f"features of different extractors: {len(first.mean)} and {len(second.mean)} dimensions")
    least = min(first.count, second.count)
    if least <= len(first.mean):
        raise InputError(f"a Fréchet distance in {len(first.mean)} dimensions needs more images than that. Received: {least}")
    return frechet(first.mean, first.covariance, second.mean, second.covariance)
