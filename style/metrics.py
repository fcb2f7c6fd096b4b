"""How far apart two pictures are in style, judged without any network: in float64, with fixed random directions."""

from collections.abc import Sequence

import numpy as np

PATCH, LEVELS, DIRECTIONS, PLACES = 7, 3, 256, 4096


def pyramid(image: np.ndarray, levels: int) -> list[np.ndarray]:
    """Gaussian pyramid of `[H, W, C]`, finest first: binomial blur, then every second pixel (Burt and Adelson 1983)."""
    result = [np.asarray(image, np.float64)]
    for _ in range(levels - 1):
        result.append(_blur(_blur(result[-1]).swapaxes(0, 1)).swapaxes(0, 1)[::2, ::2])
    return result


def _blur(image: np.ndarray) -> np.ndarray:
    padded = np.pad(image, ((2, 2), (0, 0), (0, 0)), "reflect")
    return sum(weight * padded[tap : tap + len(image)] for tap, weight in enumerate(np.array([1, 4, 6, 4, 1]) / 16))


def patches(image: np.ndarray, size: int, count: int) -> np.ndarray:
    """At most `count` different square patches of `[H, W, C]`, at fixed random places -> `[n, size * size * C]`."""
    windows = np.lib.stride_tricks.sliding_window_view(image, (size, size), axis=(0, 1))
    rows, columns = windows.shape[:2]
    places = np.random.default_rng(0).permutation(rows * columns)[:count]
    return windows[places // columns, places % columns].reshape(len(places), -1)


def sliced_wasserstein(a: np.ndarray, b: np.ndarray, directions: int = DIRECTIONS) -> float:
    """Root mean squared Wasserstein-2 distance of two clouds `[n, d]`, `[m, d]` over random directions (Rabin et al. 2011)."""
    axes = np.random.default_rng(0).standard_normal([a.shape[1], directions])
    axes /= np.linalg.norm(axes, axis=0)
    count = min(len(a), len(b))
    return float(np.sqrt(np.mean(np.square(quantiles(a @ axes, count) - quantiles(b @ axes, count)))))


def quantiles(samples: np.ndarray, count: int) -> np.ndarray:
    """The (i + 1/2) / count quantiles of each column of `[n, k]`, interpolated (Hazen's rule) -> `[count, k]`."""
    ordered = np.sort(samples, axis=0)
    places = np.clip((np.arange(count) + 0.5) / count * len(ordered) - 0.5, 0, len(ordered) - 1)
    below = places.astype(int)
    above = np.minimum(below + 1, len(ordered) - 1)
    return ordered[below] + (places - below)[:, None] * (ordered[above] - ordered[below])


def patch_distance(image: np.ndarray, styles: np.ndarray | Sequence[np.ndarray]) -> float:
    """The model-free judge: sliced Wasserstein distance between 7x7 patches, mean over the levels of a Gaussian pyramid.

    Args:
        image: `[H, W, C]` in [-1, 1].
        styles: one such picture, or several whose patches are taken together; sizes may differ, the scale should not.

    Returns:
        A length in units of the pixel range, 0 for the same distribution of patches.
    """
    styles = [styles] if isinstance(styles, np.ndarray) else styles
    deepest = min(min(picture.shape[:2]) for picture in (image, *styles))
    levels = [level for level in range(LEVELS) if deepest >> level >= 2 * PATCH]
    pyramids = [pyramid(picture, len(levels)) for picture in (image, *styles)]
    return float(
        np.mean(
            [
                sliced_wasserstein(
                    patches(own, PATCH, PLACES),
                    np.concatenate([patches(other, PATCH, PLACES // len(others)) for other in others]),
                )
                for own, *others in zip(*pyramids, strict=True)
            ]
        )
    )
