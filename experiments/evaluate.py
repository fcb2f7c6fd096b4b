"""Judges the generator of a finished run by what its pictures look like to a network, beside real pictures.

    python -m experiments.evaluate runs/dcgan --classifier runs/classifier --data mnist.npz --samples 10000

Fréchet and kernel distance, precision and recall, density and coverage in the features of the classifier or, without one,
of `--extractor`; each with a 95 % interval, and beside it the same of real training pictures (the floor). With a classifier
also the share of pictures that it is confident about, the classes that occur, and for a conditional generator how often it
sees the label that was asked for. Writes RUN/evaluation.json.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import tyro

from experiments.options import command, not_negative, parse, positive
from gan.errors import InputError

NEIGHBOURS = 10_000  # images at most for precision and recall, whose time grows with the square
DRAWS = 50


@dataclass(frozen=True, kw_only=True)
class Config:
    run: tyro.conf.Positional[Path]
    """A run directory that holds generator.keras."""
    classifier: Path | None = None
    """A finished run of experiments.classifier: the judge."""
    extractor: str = "compact"
    """The judge where there is no classifier: compact, vgg16, vgg19 or a .keras file; its deepest style layer, averaged
    over places. Or inception, the graph of 2015: with it and 50,000 samples the Fréchet distance is the literature's FID."""
    extractor_weights: Path | None = None
    """The Inception graph's or VGG's file, instead of the download."""
    data: str = "mnist"
    """Real pictures; the test split, where there is one, is what the run is compared with."""
    image_size: int | None = None
    """Side to which real pictures are scaled; must be the generator's."""
    samples: int = 10_000
    """How many pictures to draw, and real ones to take at most."""
    seed: int = 0
    """Seed of the latents."""
    threshold: float = 0.9
    """Probability above which the classifier counts as confident."""

    path_length: int = 0
    """Pairs of latents between which to measure the perceptual path length, in the compact features; 0: none."""

    def __post_init__(self):
        positive(self, "samples", "threshold", "image_size")
        not_negative(self, "path_length")


def short(count: int) -> str:
    return f"{count // 1000}k" if count >= 1000 and count % 1000 == 0 else str(count)


def comparison(real, other, name: str) -> dict:
    """Every distance of two sets of features `[N, d]`, with intervals; the names carry the count and the features."""
    import numpy as np

    from gan.metrics import frechet, intervals, kernel, neighbours

    count = min(len(real), len(other))
    found = {}

    def fid(index) -> float:
        return frechet.distance(frechet.Statistics.of([real]), frechet.Statistics.of([other[index]]))

    label = f"fid{short(count)}_{name}"
    try:
        found[label] = {"value": fid(slice(None)), "interval": intervals.bootstrap(np.arange(len(other)), fid, DRAWS)}
    except InputError as error:  # too few images for so many features
        found[label] = {"refused": str(error)}
    size = min(kernel.SIZE, count // 2)
    values = kernel.kid(real, other, size=size)
    found[f"kid{short(count)}_{name}"] = {
        "value": float(values.mean()),
        "interval": intervals.bootstrap(values),
        "subset": size,
    }
    near = [features[:NEIGHBOURS] for features in (real, other)]
    for key, values in neighbours.memberships(*near).items():
        label = f"{key}{short(min(map(len, near)))}_{name}"
        found[label] = {"value": float(values.mean()), "interval": intervals.bootstrap(values, draws=200)}
    return found


def path_lengths(generator, pairs: int, seed: int):
    """The lengths `[pairs]` at random places of great circles between latents; a conditional generator keeps a pair's label."""
    import tensorflow as tf

    from experiments import runs
    from gan import features, noise
    from gan.metrics import path_length

    distance, dimensions = path_length.perceptual(features.load("compact")), generator.inputs[0].shape[1:]
    if len(dimensions) != 1:
        raise InputError(f"--path-length is for generators with one latent vector. This one's latents are {list(dimensions)}")
    first, second = (noise.normal([pairs, *dimensions], seed, step).numpy() for step in (1, 2))
    labels = runs.asked_labels(generator, pairs)

    def compute(parts, training):
        draw = (lambda z: generator([z, parts[3]], training=False)) if labels is not None else generator
        return [path_length.lengths(draw, distance, *parts[:3])]

    places = noise.uniform([pairs, 1], seed, tf.constant(3)).numpy()
    return runs.apply_many(compute, first, second, places, *(() if labels is None else (labels,)))[0]


def main(argv: list[str] | None = None) -> None:
    config = parse(Config, __doc__, argv)

    import numpy as np

    from experiments import data, runs
    from experiments.pictures import to_float, to_uint8
    from experiments.run import read_json, write_json

    accuracy = read_json(config.classifier / "results.json")["test_accuracy"] if config.classifier else None
    generator = runs.load(config.run, "generator")
    splits = {split: data.load(config.data, config.image_size, split=split) for split in ("train", "test")}
    whole = splits["train"].hash == splits["test"].hash  # a folder has no test split
    shape = generator.output_shape[1:]

    labels = runs.asked_labels(generator, config.samples)
    drawn = runs.draw(generator, config.samples, config.seed, labels=labels)
    drawn = to_float(to_uint8(drawn))  # as a picture file would have it

    def real_pictures(split: str, indices: range):
        images = to_float(np.stack([data.centre(splits[split].pictures[i], splits[split].size) for i in indices]))
        if None not in shape[:2] and images.shape[1:] != shape:
            raise InputError(
                f"'{config.data}' has pictures of {list(images.shape[1:])}, the generator draws {list(shape)}; "
                f"--image-size scales the data"
            )
        return images

    count = min(config.samples, len(splits["test"]))
    real = real_pictures("test", range(count // 2) if whole else range(count))
    floor = real_pictures("train", range(count // 2, count) if whole else range(count))

    import tensorflow as tf

    from gan import features
    from gan.metrics import modes

    if config.classifier:
        import keras

        judge = runs.load(config.classifier, "classifier")
        if judge.input_shape[1:] != shape:
            raise InputError(f"the classifier reads {list(judge.input_shape[1:])}, the generator draws {list(shape)}")
        name, both = "classifier", keras.Model(judge.input, [judge.get_layer("features").output, judge.output])
        digest = features.digest(str(config.classifier / "classifier.keras"))
    elif config.extractor == "inception":
        from gan.metrics import inception

        path = inception.path_of(config.extractor_weights)
        compute, name, digest = inception.load(path), "inception", features.digest(str(path))

        def both(images, training=False):
            return compute(images)
    else:
        extractor = features.load(config.extractor, weights=config.extractor_weights)
        name, digest = Path(config.extractor).stem, features.digest(config.extractor)

        def both(images, training=False):
            return extractor.averages(images), tf.zeros([len(images), 1])

    def read(images, labels=None):
        found, logits = runs.apply_many(both, images)
        probabilities = tf.nn.softmax(logits).numpy()
        told = {"count": len(images)}
        if name == "inception":
            scores = modes.inception_score(probabilities)
            told["inception_score"] = {"value": float(scores.mean()), "deviation_of_splits": float(scores.std())}
        if config.classifier:
            counts = modes.class_counts(probabilities).tolist()
            told |= {"confident": modes.confident_share(probabilities, config.threshold), "classes": counts}
            told |= {"inception_type_score": float(modes.inception_score(probabilities, splits=1)[0])}
        if config.classifier and labels is not None:
            told["agreement"] = float((probabilities.argmax(-1) == labels).mean())
        return found, told

    (real_features, real_told), (floor_features, _), (own_features, own_told) = read(real), read(floor), read(drawn, labels)
    results = {
        "generated": own_told | comparison(real_features, own_features, name),
        "real": real_told | comparison(real_features, floor_features, name),
        "record": {
            "features": name, "features_sha256": digest, "dimensions": real_features.shape[1],
            "data_hash": splits["test"].hash, "split": "one half against the other" if whole else "test, floor from train",
            "real_count": len(real), "generated_count": len(drawn), "quantised": "uint8", "resized": config.image_size,
            "flips": False,
        },
        "seed": config.seed,
    }  # fmt: skip
    if config.classifier:
        share = results["real"]["confident"]
        results |= {
            "classifier_test_accuracy": accuracy,
            "threshold": config.threshold,
            "confident_ratio": results["generated"]["confident"] / share if share else None,
        }
    if config.path_length:
        from gan.metrics import intervals
        from gan.metrics.path_length import trimmed_mean

        lengths = path_lengths(generator, config.path_length, config.seed)
        results["generated"][f"ppl{short(config.path_length)}_z_compact"] = {
            "value": trimmed_mean(lengths),
            "interval": intervals.bootstrap(lengths, trimmed_mean, draws=200),
        }
    write_json(config.run / "evaluation.json", results)
    print(json.dumps(results, indent=2, ensure_ascii=False))


if __name__ == "__main__":
    command(main)
