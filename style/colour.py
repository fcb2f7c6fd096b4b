"""Colour exchange between pictures: float arrays `[N, H, W, 3]` in [-1, 1]."""

import numpy as np


def match_covariance(image: np.ndarray, target: np.ndarray) -> np.ndarray:
    """The image with the mean and covariance of the target's colours, clipped to [-1, 1].

    The map is linear, symmetric and the least change that does it: the optimal transport between two Gaussians,
    T = S^-1/2 (S^1/2 C S^1/2)^1/2 S^-1/2 (Pitie and Kokaram 2007).
    """
    source, wanted = (np.asarray(pixels, np.float64).reshape(-1, 3) for pixels in (image, target))
    ridge = 1e-6 * np.eye(3)
    s, c = np.cov(source.T) + ridge, np.cov(wanted.T) + ridge
    root = _power(s, 0.5)
    inverse = _power(s, -0.5)
    transport = inverse @ _power(root @ c @ root, 0.5) @ inverse
    moved = (source - source.mean(0)) @ transport + wanted.mean(0)
    return np.clip(moved, -1, 1).reshape(image.shape).astype(np.float32)


def _power(matrix: np.ndarray, exponent: float) -> np.ndarray:
    """A power of a symmetric positive matrix."""
    values, vectors = np.linalg.eigh(matrix)
    return (vectors * np.maximum(values, 0) ** exponent) @ vectors.T
