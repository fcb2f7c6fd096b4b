"""Does a generator draw what only the augmentation should have made: turned or cut-out pictures?

    python -m experiments.dcgan --data mnist.npz --augment turns --augment-p 0.8 --run-dir runs/p08
    python -m experiments.augmentation_leaks runs/p00 runs/p08 --change turns --data mnist.npz --run-dir runs/leaks

A detector is trained to tell real images from real images that were turned by quarters, or had a quarter blanked. The
first run is the reference, trained without augmentation. The leak of another run is the share of its samples that the
detector flags above the share that it flags of the reference's, relative to the share of changed test images that it
finds: 0 for none, 1 if every sample is changed.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import tyro

from experiments.options import Training, command, parse, positive
from experiments.run import begin
from gan.errors import InputError


@dataclass(frozen=True, kw_only=True)
class Config(Training):
    runs: tyro.conf.Positional[tuple[Path, ...]]
    """Finished runs of one kind of data; the first was trained without augmentation."""
    data: str = "mnist"
    """Their data, with a test split."""
    change: Literal["turns", "cutout", "either"] = "either"
    """What the detector looks for."""
    steps: int = 2000
    tick: int = 500
    batch_size: int = 64
    learning_rate: float = 2e-3
    samples: int = 10_000
    """How many pictures of each run to judge."""

    def __post_init__(self):
        positive(self, "steps", "tick", "batch_size", "learning_rate", "samples")
        if len(self.runs) < 2:
            raise InputError("give two runs or more: first the reference, trained without augmentation")


def main(argv: list[str] | None = None) -> None:
    config = parse(Config, __doc__, argv)
    run = begin(config)

    from experiments import data, harness, pictures, runs

    images, test = (data.load(config.data, split=split) for split in ("train", "test"))
    generators = [runs.load(path, "generator") for path in config.runs]
    harness.prepare(config)

    import keras
    import numpy as np

    from gan.models.classifier import Classifier
    from gan.networks import classifier

    def changed(batch: np.ndarray, random: np.random.Generator) -> np.ndarray:
        """Each image turned by one to three quarters, or with a square of half the sides blanked inside."""
        result = []
        for image in batch:
            turns = {"turns": random.integers(1, 4), "cutout": 0, "either": random.integers(4)}[config.change]
            image = np.rot90(image, turns).copy()
            if turns == 0:
                top, left = (random.integers(side // 8, side // 2 - side // 8 + 1) for side in image.shape[:2])
                hole = image[top : top + image.shape[0] // 2, left : left + image.shape[1] // 2]
                hole[:] = random.normal(0.0, 0.1, hole.shape)  # a generator's grey would not be exact either
            result.append(image)
        return np.stack(result)

    def batch_at(step: int):
        random = np.random.default_rng([config.seed, step, 2])
        batch = data.batch(images, config.batch_size, config.seed, step)
        labels = random.integers(0, 2, len(batch)).astype("int32")
        return np.where(labels[:, None, None, None] == 1, changed(batch, random), batch), labels

    if images.size[0] != images.size[1]:
        raise InputError(f"'{config.data}': quarter turns need square images. Received: {images.size}")
    model = Classifier(classifier.convolutional((*images.size, images.channels), 2))
    model.compile(keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(config.learning_rate, config.steps)))
    run.open(data=images.hash, test=test.hash, steps=config.steps)
    harness.train(run, model, config, config.steps, batch_at)

    def flagged(batch: np.ndarray) -> float:
        return float(runs.apply(model.network, batch).argmax(-1).mean())

    real = pictures.to_float(np.stack(test.pictures))
    shares = {"real": flagged(real), "changed": flagged(changed(real, np.random.default_rng(config.seed)))}
    drawn = {
        str(path): runs.draw(generator, config.samples, config.seed)
        for path, generator in zip(config.runs, generators, strict=True)
    }
    shares["generated"] = {name: flagged(batch) for name, batch in drawn.items()}
    reference, *others = config.runs
    missed = shares["generated"][str(reference)]
    found = shares["changed"] - missed
    leaks = {str(path): (shares["generated"][str(path)] - missed) / found if found > 0 else None for path in others}
    run.image("samples", config.steps, pictures.grid(np.concatenate([batch[:16] for batch in drawn.values()])), "samples.png")
    run.finish({"flagged": shares, "leak": leaks, "count": config.samples, "real_count": len(test), "samples": "samples.png"})


if __name__ == "__main__":
    command(main)
