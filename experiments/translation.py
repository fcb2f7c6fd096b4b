"""What the experiments that turn pictures into pictures share: their options, their optimisers, and how they are judged."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from experiments.options import Training, positive
from gan.errors import InputError

Up = Literal["repeated", "transposed"]
JITTER = 8  # pixels: the stride of the layers of `compact` that are compared


@dataclass(frozen=True, kw_only=True)
class Translation(Training):
    data: Path
    """A folder of pictures; where it has the folders train and test (or val), these are used so."""
    image_size: int = 128
    """Side of the squares that training looks at."""
    load_size: float = 286 / 256
    """Short side of the pictures that the squares are cut from, relative to theirs."""
    flip: bool = True
    """Mirror pictures at random."""
    test_count: int = 50
    """How many pictures are held out to judge by, the last by name, where there is no folder test or val; at most a fifth."""
    tick: int = 500
    batch_size: int = 1
    width: int = 32
    """Channels of the generator's first stage; 64 as published."""
    d_width: int = 32
    """Channels of the discriminator's first stage; 64 as published."""
    patches: Literal[16, 34, 70] = 70
    """Side of the patches that the discriminator judges."""
    learning_rate: float = 2e-4
    beta_1: float = 0.5
    constant: float = 0.5
    """Share of the steps before the rate falls straight to 0."""
    extractor: str = "compact"
    """The feature network that judges: compact, vgg16, vgg19 or a .keras file."""

    def __post_init__(self):
        positive(self, "steps", "tick", "batch_size", "image_size", "test_count", "width", "d_width", "learning_rate")
        if not self.load_size >= 1:
            raise InputError(f"--load-size must be 1 or more. Received: {self.load_size}")
        if not 0 <= self.constant < 1:
            raise InputError(f"--constant must be from 0 to less than 1. Received: {self.constant}")

    @property
    def short_side(self) -> int:
        return round(self.image_size * self.load_size)

    @property
    def downs(self) -> int:
        """Of the discriminator."""
        return {16: 1, 34: 2, 70: 3}[self.patches]


def adam(config: Translation, **options):
    """Adam as published for translation: constant, then straight down to 0 (Zhu et al. 2017, section 4)."""
    from gan import schedules

    rate = schedules.LinearTail(config.learning_rate, config.steps, config.constant, end=0.0)
    return schedules.Adam(rate, beta_1=config.beta_1, beta_2=0.999, epsilon=1e-8, **options)


def translator(generator, batch_size: int = 8) -> Callable[..., np.ndarray]:
    """A function: pictures `[N, H, W, C]` (and labels `[N]`) -> what the generator makes of them, in batches; traced once."""
    import tensorflow as tf

    compute = tf.function(generator, reduce_retracing=True)

    def translate(*inputs: np.ndarray) -> np.ndarray:
        starts = range(0, len(inputs[0]), batch_size)
        batches = ([tf.constant(values[i : i + batch_size]) for values in inputs] for i in starts)
        return np.concatenate([compute(parts[0] if len(parts) == 1 else parts, training=False) for parts in batches])

    return translate


def compact_distance(seed: int):
    """A function: pictures made and wanted, and the step -> how far apart they are in the features of `compact`, `[N]`, both
    moved at random: what trainings add to L1."""
    from gan import features, image_losses

    return image_losses.jittered(image_losses.relative_features(features.load("compact")), JITTER, seed)


def rows(run, draw: Callable[[], list[np.ndarray]]) -> Callable[[int], None]:
    """A callback: `draw()`, the columns of a table of pictures `[N, H, W, 3]`, as `samples/STEP.png` and to TensorBoard."""
    from experiments.pictures import grid

    def callback(step: int) -> None:
        columns = draw()
        table = np.stack(columns, 1).reshape(-1, *columns[0].shape[1:])
        run.image("samples", step, grid(table, len(columns)), f"samples/{step:08d}.png")

    return callback


def told(values: np.ndarray) -> dict:
    """The mean of one value a picture, with its 95 % interval and count."""
    from gan.metrics import intervals

    return {"value": float(np.mean(values)), "interval": intervals.bootstrap(np.asarray(values)), "count": len(values)}


def quantised(images: np.ndarray) -> np.ndarray:
    """Float pictures as a file would hold them."""
    from experiments.pictures import to_float, to_uint8

    return to_float(to_uint8(images))


def paired_scores(extractor, made: np.ndarray, wanted: np.ndarray) -> dict[str, np.ndarray]:
    """One value a picture `[H, W, 3]` in [-1, 1], against the right answer: l1, psnr in dB, ssim, and lpips, the distance of
    `style.perceptual`."""
    from skimage.metrics import structural_similarity

    from experiments import runs
    from style.perceptual import perceptual_distance

    def compute(parts, training):
        return [perceptual_distance(extractor, *parts)]

    errors = (made.astype(np.float64) - wanted).reshape(len(made), -1)
    ssim = [
        structural_similarity(
            a, b, channel_axis=-1, data_range=2.0, gaussian_weights=True, sigma=1.5, use_sample_covariance=False
        )
        for a, b in zip(made, wanted, strict=True)
    ]
    return {
        "l1": np.abs(errors).mean(1),
        "psnr": 10 * np.log10(4 / np.maximum(np.square(errors).mean(1), 1e-12)),
        "ssim": np.array(ssim),
        "lpips": runs.apply_many(compute, made, wanted, batch_size=16)[0],
    }


def kid(features: Callable[[np.ndarray], np.ndarray], real: np.ndarray, images: np.ndarray) -> dict:
    """The kernel distance of two sets of pictures, mean over random halves, with its interval; of the real ones' strength."""
    from gan.metrics import intervals, kernel

    count = min(len(real), len(images))
    if count < 4:
        return {"refused": f"a kernel distance needs four pictures of each kind. Received: {count}"}
    values = kernel.kid(*kernel.of_unit_strength(features(real), features(images)), size=min(kernel.SIZE, count // 2))
    return {"value": float(values.mean()), "interval": intervals.bootstrap(values), "count": count}


def averages(extractor) -> Callable[[np.ndarray], np.ndarray]:
    """A function: pictures -> the extractor's deepest style layer, averaged over places."""
    from experiments import runs

    return lambda images: runs.apply_many(lambda x, training: [extractor.averages(x)], images, batch_size=16)[0]


def paired_results(extractor, real: np.ndarray, made: Mapping[str, np.ndarray]) -> dict:
    """For each way to make the pictures `real`: distances to them one by one, and of the two sets."""
    features = averages(extractor)
    return {
        name: {key: told(values) for key, values in paired_scores(extractor, images, real).items()}
        | {f"kid{len(real)}": kid(features, real, images)}
        for name, images in made.items()
    }
