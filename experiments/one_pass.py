"""What the trainings of networks that stylise in one pass share: their options, their photographs, and how they are judged."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from experiments.options import Training, not_negative, positive
from gan.errors import InputError

SHOWN, JUDGED = 4, 16


@dataclass(frozen=True, kw_only=True)
class OnePassTraining(Training):
    data: tuple[Path, ...]
    """Folders of photographs."""
    image_size: int = 128
    """Side of the squares that training looks at, cut at random scales; the network itself takes any size."""
    tick: int = 500
    batch_size: int = 4
    learning_rate: float = 1e-3
    """Of the first step; falls along a cosine."""
    content_weight: float = 1.0
    style_weight: float = 1.0
    tv_weight: float = 0.0
    style_loss: Literal["gram", "meanstd", "wasserstein"] = "gram"
    """What style is (style.objectives)."""
    extractor: str = "compact"
    """The teacher, in whose features both losses are: compact, vgg16, vgg19 or a .keras file."""
    skip_broken: bool = False
    """Leave unreadable pictures out instead of stopping."""

    def __post_init__(self):
        positive(self, "steps", "tick", "batch_size", "image_size", "learning_rate", "content_weight", "style_weight")
        not_negative(self, "tv_weight")
        if self.image_size < 32 or self.image_size % 8:
            raise InputError(f"--image-size must be a multiple of 8, at least 32. Received: {self.image_size}")


def sets(config: OnePassTraining, folders: Sequence[Path]):
    """Pictures to train on (`experiments.data.Images`), and squares of held-out ones to judge by, `[N, S, S, 3]`.

    The latter are spread evenly over all files. What experiments/held_out.txt names is in neither.

    Raises:
        InputError: fewer than two pictures.
    """
    from experiments import data, pictures

    files = data.without_held_out(pictures.list_files(folders))
    if len(files) < 2:
        raise InputError(f"'{' '.join(map(str, folders))}' must hold two pictures or more. Received: {len(files)}")
    count = max(1, min(JUDGED, len(files) // 5))
    chosen = {int((index + 0.5) * len(files) / count) for index in range(count)}
    images = data.load_files([file for i, file in enumerate(files) if i not in chosen], pictures.SMALLEST, config.skip_broken)
    held = data.load_files(
        [files[index] for index in sorted(chosen)], pictures.SMALLEST, config.skip_broken, short_side=config.image_size
    )
    return images, pictures.to_float(np.stack([data.centre(one, (config.image_size,) * 2) for one in held.pictures]))


def squares(config: OnePassTraining, images, step: int, stream: int) -> np.ndarray:
    """The batch of a step, `[N, S, S, 3]`; `stream`: one number for each use of this within a step."""
    from experiments import data

    return data.scaled_batch(images, config.image_size, config.batch_size, config.seed, step, stream)


def adam(config: OnePassTraining):
    from gan import schedules

    rate = schedules.Cosine(config.learning_rate, config.learning_rate / 100, config.steps)
    return schedules.Adam(rate, global_clipnorm=1.0)


def judged(teacher, photos: np.ndarray, styles: Sequence[np.ndarray], painted: np.ndarray) -> dict:
    """Mean distances of held-out pictures in the teacher's features, each with its own style: of the photograph, of it with the
    style's colours, and of what was painted."""
    import tensorflow as tf

    from style.colour import match_covariance

    def scores(photo: np.ndarray, style: np.ndarray, result: np.ndarray) -> list[tuple[float, float]]:
        target, aim = (teacher.extractor(tf.constant(each[None])) for each in (photo, style))
        wanted = teacher.wanted(aim)
        made = [teacher.extractor(tf.constant(each[None])) for each in (photo, match_covariance(photo, style), result)]
        return [(float(teacher.content(own, target)[0]), float(teacher.style(own, wanted)[0])) for own in made]

    means = np.mean([scores(*each) for each in zip(photos, styles, painted, strict=True)], 0)
    return {
        name: {"content": float(content), "style": float(style), "pictures": len(photos)}
        for name, (content, style) in zip(("photograph", "colours_matched", "painted"), means, strict=True)
    }


def keep(run, network, styles: Sequence[str] = ()) -> dict[str, object]:
    """Writes network.keras, and network.json with the names of its styles; what the results say of it."""
    from experiments.run import write_json
    from style.fast import FILE

    network.save(run.dir / FILE)
    write_json((run.dir / FILE).with_suffix(".json"), {"styles": list(styles)})
    trained = sum(int(np.prod(weight.shape)) for weight in network.trainable_weights)
    return {
        "network": FILE,
        "parameters": network.count_params(),
        "trained_parameters": trained,
        "bytes": (run.dir / FILE).stat().st_size,
    }
