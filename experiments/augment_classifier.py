"""Do a GAN's pictures help a classifier that has few labels?

    python -m experiments.augment_classifier --data mnist.npz --run-dir runs/augment_classifier

For 10, 50 and 200 labelled pictures a class, and several seeds, a conditional GAN (projection, DiffAugment) trains on these
pictures alone, and a classifier on: the pictures as they are; turned, scaled and shifted (classical); half of each batch drawn
by the GAN; both. All see the same number of batches and are judged on the whole test split. Writes table.md: accuracies with
the 95 % interval of their mean over the seeds, the difference to the pictures as they are, and of both to classical alone.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from experiments.adversarial import Adversarial, short_training
from experiments.options import Output, command, parse, positive
from experiments.run import begin
from gan.errors import InputError

WAYS = ("as they are", "classical", "gan", "both")
COMPARED = (("classical", "as they are"), ("gan", "as they are"), ("both", "classical"))


@dataclass(frozen=True, kw_only=True)
class Config(Output):
    data: str = "mnist"
    """Data with labels and a test split."""
    labels: tuple[int, ...] = (10, 50, 200)
    """Labelled pictures a class."""
    seeds: int = 3
    """Draws of the labelled pictures, with trainings of their own."""
    gan_steps: int = 3000
    """Steps of each GAN."""
    steps: int = 1500
    """Steps of each classifier."""
    batch_size: int = 64
    width: int = 16
    """Channels of the GAN at the highest resolution."""
    drawn: int = 500
    """Pictures of each class that the GAN draws."""

    def __post_init__(self):
        positive(self, "seeds", "gan_steps", "steps", "batch_size", "width", "drawn")
        if not self.labels or min(self.labels) < 1:
            raise InputError(f"--labels needs numbers of 1 or more. Received: {' '.join(map(str, self.labels)) or 'none'}")


def chosen(labels: np.ndarray, count: int, seed: int) -> np.ndarray:
    """Places of `count` pictures of each class."""
    random = np.random.default_rng([seed, count])
    found = []
    for name in np.unique(labels):
        places = np.flatnonzero(labels == name)
        if len(places) < count:
            raise InputError(f"--labels {count}: class {name} has only {len(places)} pictures")
        found.append(random.choice(places, count, replace=False))
    return np.concatenate(found)


def classical(images: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Each picture turned by up to 15 degrees, scaled by 0.9 to 1.1 and shifted by up to a twelfth of its side."""
    from PIL import Image

    changed = np.empty_like(images)
    height, width = images.shape[1:3]
    for place, image in enumerate(images):
        angle, scale, down, right = random.uniform([-15, 0.9, -1 / 12, -1 / 12], [15, 1.1, 1 / 12, 1 / 12])
        cosine, sine = np.cos(np.radians(angle)) / scale, np.sin(np.radians(angle)) / scale
        y, x = (height - 1) / 2 + down * height, (width - 1) / 2 + right * width
        affine = (
            cosine, sine, (width - 1) / 2 - cosine * x - sine * y,
            -sine, cosine, (height - 1) / 2 + sine * x - cosine * y,
        )  # fmt: skip
        for channel in range(image.shape[-1]):
            plane = Image.fromarray(image[..., channel])
            moved = plane.transform((width, height), Image.Transform.AFFINE, affine, Image.Resampling.BILINEAR, fillcolor=-1)
            changed[place, ..., channel] = np.asarray(moved)
    return changed


def accuracy(config: Config, images, labels, drawn, drawn_labels, way: str, test, test_labels, seed: int) -> float:
    """Of a classifier trained in one of the ways, on the test pictures."""
    import keras
    import tensorflow as tf

    from experiments import data, runs
    from gan.models.classifier import Classifier
    from gan.networks import classifier

    keras.utils.set_random_seed(seed)
    model = Classifier(classifier.convolutional(images.shape[1:], int(test_labels.max()) + 1))
    model.compile(keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(2e-3, config.steps)))
    step = tf.function(model.train_step)
    made = config.batch_size // 2 if way in ("gan", "both") else 0
    for number in range(config.steps):
        order = data.indices(len(images), config.batch_size - made, seed, number)
        batch, asked = images[order], labels[order]
        if made:
            others = data.indices(len(drawn), made, seed, number)
            batch, asked = np.concatenate([batch, drawn[others]]), np.concatenate([asked, drawn_labels[others]])
        if way in ("classical", "both"):
            batch = classical(batch, np.random.default_rng([seed, number, 4]))
        step((batch, asked.astype("int32")))
    return float((runs.apply(model.network, test).argmax(-1) == test_labels).mean())


def interval(values: np.ndarray) -> tuple[float, float] | None:
    """Student's 95 % interval of a mean; none of one value."""
    from scipy import stats

    if len(values) < 2:
        return None
    half = stats.t.ppf(0.975, len(values) - 1) * np.std(values, ddof=1) / np.sqrt(len(values))
    return float(np.mean(values) - half), float(np.mean(values) + half)


def verdict(found: tuple[float, float] | None) -> str:
    if found is None:
        return "one seed tells nothing"
    low, high = found
    return "helps" if low > 0 else "harms" if high < 0 else "no difference that these seeds show"


def main(argv: list[str] | None = None) -> None:
    config = parse(Config, __doc__, argv)
    run = begin(config)

    from experiments import cells, data, pictures, runs

    train, test = (data.load(config.data, split=split) for split in ("train", "test"))
    if train.labels is None or test.labels is None:
        raise InputError(f"a classifier needs labels, y_train and y_test. Received: --data '{config.data}' without them")
    for count in config.labels:
        chosen(train.labels, count, config.seed)
    import tensorflow as tf

    run.open(data=train.hash, test=test.hash)
    test_images = pictures.to_float(np.stack([data.centre(one, test.size) for one in test.pictures]))
    classes = int(train.labels.max()) + 1

    def compute(count: int, number: int, picture: Path) -> dict[str, float]:
        seed = config.seed + number
        places = chosen(train.labels, count, seed)
        few = data.Images([train.pictures[place] for place in places], train.size, train.hash, train.labels[places])
        images = pictures.to_float(np.stack([data.centre(one, few.size) for one in few.pictures]))
        options = Adversarial(
            data=config.data, steps=config.gan_steps, batch_size=config.batch_size, width=config.width, seed=seed,
            condition="projection", augment="diffaugment", ema_half_life=5000,
        )  # fmt: skip
        if len(few) < options.batch_size:
            raise InputError(f"--batch-size {options.batch_size} is more than the {len(few)} labelled pictures")
        model, _ = short_training(options, few)
        asked = np.arange(classes * config.drawn) % classes
        model.settle(labels=tf.range(16) % classes)
        drawn = runs.draw(model.ema_generator, len(asked), seed, labels=asked.astype("int32"))
        drawn = pictures.to_float(pictures.to_uint8(drawn))
        pictures.write(picture, pictures.grid(drawn[: 8 * classes], classes))
        return {way: accuracy(config, images, few.labels, drawn, asked, way, test_images, test.labels, seed) for way in WAYS}

    table = [(count, number) for count in config.labels for number in range(config.seeds)]
    found = cells.kept(run.dir / "cells", table, compute)
    report(run, config, found, len(test_images))


def between(figure: dict, form: str) -> str:
    if figure["interval"] is None:
        return "(1 seed)"
    low, high = figure["interval"]
    return f"({low:{form}} to {high:{form}})"


def report(run, config: Config, kept: dict, test_count: int) -> None:
    """The table, and in words whether the GAN helped."""
    from experiments import cells

    found, rows = {}, {}
    for count in config.labels:
        values = {way: np.array([kept[count, number][way] for number in range(config.seeds)]) for way in WAYS}
        told = {way: {"value": float(each.mean()), "interval": interval(each)} for way, each in values.items()}
        found[count] = {"accuracy": told, "differences": {}}
        rows[str(count)] = [f"{one['value']:.4f} {between(one, '.4f')}" for one in told.values()]
        for way, other in COMPARED:
            difference = values[way] - values[other]
            spread = interval(difference)
            found[count]["differences"][f"{way} against {other}"] = {
                "value": float(difference.mean()), "interval": spread, "verdict": verdict(spread),
            }  # fmt: skip
    lines = [cells.table("labels a class", WAYS, rows)]
    for count, each in found.items():
        lines += [
            f"- {count} labels a class, {name}: {one['value']:+.4f} {between(one, '+.4f')}: {one['verdict']}."
            for name, one in each["differences"].items()
        ]
    (run.dir / "table.md").write_text("\n".join(lines) + "\n")
    results = {f"{count} labels a class": each for count, each in found.items()}
    run.finish(
        {
            "seconds": cells.seconds(kept),
            "seeds": config.seeds,
            "test_count": test_count,
            "results": results,
            "table": "table.md",
        }
    )


if __name__ == "__main__":
    command(main)
