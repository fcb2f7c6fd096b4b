"""What the experiments on two sets of pictures without pairs share: their data, and how translations are judged.

The judged pictures are held out of both sets. Beside the translation stand the photographs as they are, which have all of their
content and nothing of the target, and pictures of the target at random ("copied"), which have nothing of the content.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from experiments.translation import Translation, averages, kid, quantised, rows, told
from gan.errors import InputError

SHOWN, PATCHES = 4, 12


@dataclass(frozen=True, kw_only=True)
class Unpaired(Translation):
    data_b: Path
    """The folder of the pictures that those of --data should look like."""

    def __post_init__(self):
        super().__post_init__()
        if self.image_size % 4:
            raise InputError(f"--image-size must be a multiple of 4. Received: {self.image_size}")


@dataclass(frozen=True)
class Sets:
    """Both sets to train on (`experiments.data.Images`), and the pictures to judge by, float `[N, H, W, 3]` in [-1, 1]."""

    a: object
    b: object
    test_a: np.ndarray
    test_b: np.ndarray

    @property
    def hashes(self) -> dict[str, str]:
        from experiments.pictures import digest

        return {"data": self.a.hash, "data_b": self.b.hash, "test": digest(self.test_a, self.test_b)}


def split(folder: Path, size: int, short_side: int, test_count: int):
    """A folder of pictures to train on, squares of a short side, and held-out ones `[N, size, size, 3]`."""
    from experiments import data, pairs, pictures

    train_folder, test_folder = pairs.splits(folder)
    files = pictures.list_files([train_folder])
    if test_folder:
        test_files = pictures.list_files([test_folder])
    else:
        files, test_files = pairs.held_out(files, test_count, folder)
    train = data.load_files(files, size, short_side=short_side)
    test = data.load_files(test_files, size, short_side=size)
    return train, pictures.to_float(np.stack([data.centre(one, test.size) for one in test.pictures]))


def halves(config: Translation, folder: Path):
    return split(folder, config.image_size, config.short_side, config.test_count)


def load(config: Unpaired) -> Sets:
    (a, test_a), (b, test_b) = (halves(config, folder) for folder in (config.data, config.data_b))
    return Sets(a, b, test_a, test_b)


def batch(config: Translation, images, step: int, place: int) -> np.ndarray:
    """The batch of a step from the set of that number, each in an order of its own."""
    from experiments import data

    return data.batch(images, config.batch_size, 2 * config.seed + place, step, config.flip)


def batches(config: Unpaired, sets: Sets) -> Callable[[int], tuple[np.ndarray, np.ndarray]]:
    """What `harness.train` asks for: the batches of a step from both sets."""
    return lambda step: (batch(config, sets.a, step, 0), batch(config, sets.b, step, 1))


def grid(run, sets: Sets, *translate: Callable[[np.ndarray], np.ndarray]) -> Callable[[int], None]:
    """Fixed pictures of A, and what each translation makes of them."""
    shown = sets.test_a[:SHOWN]
    return rows(run, lambda: [shown, *(each(shown) for each in translate)])


def content_distances(extractor, made: np.ndarray, source: np.ndarray) -> np.ndarray:
    """Relative content loss of each picture, mean over the content layers: 0 for the source, 1 for no features at all."""
    from experiments import runs
    from gan.image_losses import relative_features

    distance = relative_features(extractor)
    return runs.apply_many(lambda parts, training: [distance(*parts)], made, source, batch_size=16)[0]


def style_distances(extractor, made: np.ndarray, styles: np.ndarray) -> np.ndarray:
    """Relative style loss of each picture against the mean Gram matrices of `styles`."""
    from experiments import runs
    from style.teacher import Teacher

    teacher = Teacher(extractor)
    wanted = teacher.collection(styles)
    return runs.apply_many(lambda x, training: [teacher.style(extractor(x), wanted)], made, batch_size=16)[0]


def patch_distances(made: np.ndarray, styles: np.ndarray) -> np.ndarray:
    """The model-free judge of `style.metrics` on the first `PATCHES` pictures, each against as many of the target."""
    from style.metrics import patch_distance

    return np.array([patch_distance(image, list(styles[:PATCHES])) for image in made[:PATCHES]])


def results(extractor, sets: Sets, made: np.ndarray) -> dict:
    """Distances to B (kernel, style, patches) and to A (content): of the translation, of A as it is, and of B copied."""
    from experiments import data
    from experiments.pictures import to_float

    features = averages(extractor)
    source, copied = sets.test_a, sets.b.pictures
    order = np.random.default_rng(0).permutation(len(copied))[: len(source)]
    crops = to_float(np.stack([data.centre(copied[i], sets.b.size) for i in order]))
    count = min(len(made), len(sets.test_b))
    told_of = {"translated": quantised(made), "source_as_it_is": source, "copied": crops}
    return {
        name: {
            f"kid{min(count, len(images))}": kid(features, sets.test_b, images),
            "content": told(content_distances(extractor, images, source[: len(images)])),
            "style": told(style_distances(extractor, images, sets.test_b)),
            "patches": told(patch_distances(images, sets.test_b)),
        }
        for name, images in told_of.items()
    }


def cell(told: dict) -> str:
    """A figure with its 95 % interval."""
    return f"{told['value']:.3f} ({told['interval'][0]:.3f} to {told['interval'][1]:.3f})" if "value" in told else "too few"


def table(results: dict) -> str:
    """One row for each style and way, with 95 % intervals; smaller is nearer."""
    keys = list(next(iter(next(iter(results.values())).values())))
    lines = [f"| style | way | {' | '.join(keys)} |", f"| --- | --- |{' --- |' * len(keys)}"]
    for style, ways in results.items():
        for way, scores in ways.items():
            lines.append(f"| {style} | {way.replace('_', ' ')} | {' | '.join(map(cell, scores.values()))} |")
    return "\n".join(lines) + "\n"
