"""A small classifier of digits or the like, the judge of generated ones (LeCun et al. 1998 in spirit).

    python -m experiments.classifier --data mnist.npz --run-dir runs/classifier

Two stages of convolution and max pooling, Adam with a cosine schedule.
"""

from dataclasses import dataclass

from experiments.options import Training, command, parse, positive
from experiments.run import begin
from gan.errors import InputError


@dataclass(frozen=True, kw_only=True)
class Config(Training):
    data: str = "mnist"
    """A named data set or an .npz file with labels, for training and for the test."""
    steps: int = 3000
    tick: int = 500
    batch_size: int = 64
    learning_rate: float = 2e-3

    def __post_init__(self):
        positive(self, "steps", "tick", "batch_size", "learning_rate")


def main(argv: list[str] | None = None) -> None:
    config = parse(Config, __doc__, argv)
    run = begin(config)

    from experiments import data, harness, runs
    from experiments.pictures import to_float

    train, test = (data.load(config.data, split=split) for split in ("train", "test"))
    if train.labels is None or test.labels is None:
        raise InputError(f"a classifier needs labels, y_train and y_test. Received: --data '{config.data}' without them")
    harness.prepare(config)

    import keras

    from gan.models.classifier import Classifier
    from gan.networks import classifier

    def batch_at(step: int):
        order = data.indices(len(train), config.batch_size, config.seed, step)
        return data.batch(train, config.batch_size, config.seed, step), train.labels[order].astype("int32")

    classes = int(max(train.labels.max(), test.labels.max())) + 1
    model = Classifier(classifier.convolutional((*train.size, train.channels), classes))
    model.compile(keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(config.learning_rate, config.steps)))

    run.open(data=train.hash, test=test.hash, steps=config.steps)  # the schedule depends on the steps
    harness.train(run, model, config, config.steps, batch_at)
    model.network.save(run.dir / "classifier.keras")
    guesses = runs.apply(model.network, to_float(test.pictures)).argmax(-1)
    run.finish({"classes": classes, "test_accuracy": float((guesses == test.labels).mean()), "test_count": len(test)})


if __name__ == "__main__":
    command(main)
