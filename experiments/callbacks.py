"""What happens at the end of a tick besides the record: each function here returns a callback of one argument, the step."""

from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

from experiments.pictures import grid
from experiments.run import Run


def sample_grid(run: Run, draw: Callable[[], np.ndarray]) -> Callable[[int], None]:
    """Writes `draw()`, images `[N, H, W, C]` from fixed latents or inputs, as `samples/STEP.png` and to TensorBoard."""
    return lambda step: run.image("samples", step, grid(draw()), f"samples/{step:08d}.png")


def histograms(run: Run, model: keras.Model) -> Callable[[int], None]:
    """Writes a histogram of each trainable weight of each network of the model."""

    def callback(step: int) -> None:
        with run.writer.as_default(step):
            for name, network in vars(model).items():
                for weight in network.trainable_weights if isinstance(network, keras.Model) else ():
                    tf.summary.histogram(f"{name}/{weight.path}", tf.convert_to_tensor(weight))
        run.writer.flush()

    return callback
