"""How sure a figure is."""

import numpy as np


def bootstrap(values: np.ndarray, statistic=np.mean, draws: int = 1000, seed: int = 0) -> tuple[float, float]:
    """The 95 % interval of a statistic of values, from percentiles of resampled ones (Efron 1979).

    Moved so that the draws' mean lies at the statistic: resampling repeats values, which biases a Fréchet distance upwards.
    """
    random = np.random.default_rng(seed)
    found = np.array([statistic(values[random.integers(0, len(values), len(values))]) for _ in range(draws)])
    return tuple(float(value) for value in np.percentile(found, [2.5, 97.5]) - found.mean() + statistic(values))
