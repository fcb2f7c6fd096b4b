"""What happens at the end of a tick: each function here returns a callback of one argument, the step.

The values that a callback returns become a part of the tick's record.
"""

from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

from experiments.pictures import grid
from experiments.run import Run
from gan.features import MARGIN


def sample_grid(run: Run, draw: Callable[[], np.ndarray]) -> Callable[[int], None]:
    """Writes `draw()`, images `[N, H, W, C]` from fixed latents or inputs, as `samples/STEP.png` and to TensorBoard."""
    return lambda step: run.image("samples", step, grid(draw()), f"samples/{step:08d}.png")


def variety(draw: Callable[[], np.ndarray], real: np.ndarray) -> Callable[[int], dict[str, float]]:
    """Measures for the watch (`gan.watch`) on `draw()` and as many real images `[N, H, W, C]`, or points `[N, D]`.

    Pictures are compared in the compact features, averaged over places; those too small for it and points as they are.
    """
    from gan import watch

    pictures = real.ndim == 4
    read = read_compact() if pictures and min(real.shape[1:3]) > MARGIN and real.shape[3] in (1, 3) else _flat
    real_features = read(real)

    def contrast(images: np.ndarray) -> float:
        return float(images.reshape(len(images), -1).std(1).mean())

    def callback(step: int) -> dict[str, float]:
        drawn = draw()[: len(real)]
        values = watch.variety(read(drawn), real_features)
        if pictures:
            values["watch/contrast"] = contrast(drawn) / max(contrast(real), 1e-12)
            values["watch/real_range"] = float(np.abs(real).max())
        return values

    return callback


def keep_best(run: Run, generator: keras.Model, real: np.ndarray, seed: int) -> Callable[[int], dict[str, float]]:
    """Measures the kernel distance of as many samples to `real` in the compact features; saves best.keras when it is least."""
    from experiments import runs
    from gan.metrics import kernel

    read, name = read_compact(), f"metric/kid{len(real)}_compact"
    real_features, labels = read(real), runs.asked_labels(generator, len(real))

    def callback(step: int) -> dict[str, float]:
        value = kernel.squared_mmd(read(runs.draw(generator, len(real), seed, labels=labels)), real_features)
        if value < min((line[name] for line in run.history() if name in line), default=np.inf):
            generator.save(run.dir / "best.keras")
        return {name: value}

    return callback


def _flat(images: np.ndarray) -> np.ndarray:
    return images.reshape(len(images), -1)


def read_compact() -> Callable[[np.ndarray], np.ndarray]:
    """A function: images `[N, H, W, 1 or 3]` in [-1, 1] -> their compact features `[N, C]`."""
    from gan import features

    compute = tf.function(features.load("compact").averages)
    return lambda images: compute(tf.constant(images)).numpy()


def histograms(run: Run, model: keras.Model) -> Callable[[int], None]:
    """Writes a histogram of each trainable weight of each network of the model."""

    def callback(step: int) -> None:
        with run.writer.as_default(step):
            for name, network in vars(model).items():
                for weight in network.trainable_weights if isinstance(network, keras.Model) else ():
                    tf.summary.histogram(f"{name}/{weight.path}", tf.convert_to_tensor(weight))
        run.writer.flush()

    return callback
