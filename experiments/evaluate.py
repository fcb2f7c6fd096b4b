"""Judges the generator of a finished run by a classifier, beside real pictures.

    python -m experiments.evaluate runs/dcgan --classifier runs/classifier --data mnist.npz --samples 10000

Writes RUN/evaluation.json: the share of pictures that the classifier is confident about and the classes that occur, for
generated and for real test pictures, and the classifier's test accuracy; for a conditional generator also the share of
pictures in which the classifier sees the label that was asked for.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import tyro

from experiments.options import command, parse, positive


@dataclass(frozen=True, kw_only=True)
class Config:
    run: tyro.conf.Positional[Path]
    """A run directory that holds generator.keras."""
    classifier: Path = Path("runs/classifier")
    """A finished run of experiments.classifier."""
    data: str = "mnist"
    """Labelled data; its test split is the real row."""
    samples: int = 10_000
    """How many pictures to draw."""
    seed: int = 0
    """Seed of the latents."""
    threshold: float = 0.9
    """Probability above which the classifier counts as confident."""

    def __post_init__(self):
        positive(self, "samples", "threshold")


def main(argv: list[str] | None = None) -> None:
    config = parse(Config, __doc__, argv)

    from experiments import data, runs
    from experiments.pictures import to_float
    from experiments.run import read_json, write_json

    accuracy = read_json(config.classifier / "results.json")["test_accuracy"]
    real = to_float(data.load(config.data, split="test").pictures)
    generator, classifier = runs.load(config.run, "generator"), runs.load(config.classifier, "classifier")

    import tensorflow as tf

    from gan.metrics import modes

    def judge(images, labels=None):
        probabilities = tf.nn.softmax(runs.apply(classifier, images)).numpy()
        counts = modes.class_counts(probabilities)
        agreement = {} if labels is None else {"agreement": float((probabilities.argmax(-1) == labels).mean())}
        return agreement | {
            "confident": modes.confident_share(probabilities, config.threshold),
            "classes": counts.tolist(),
            "count": len(images),
        }

    labels = runs.asked_labels(generator, config.samples)
    drawn = runs.draw(generator, config.samples, config.seed, labels=labels)
    results = {
        "generated": judge(drawn, labels),
        "real": judge(real),
        "classifier_test_accuracy": accuracy,
        "threshold": config.threshold,
    }
    real_share = results["real"]["confident"]
    results["confident_ratio"] = results["generated"]["confident"] / real_share if real_share else None
    write_json(config.run / "evaluation.json", results)
    print(json.dumps(results, indent=2))


if __name__ == "__main__":
    command(main)
