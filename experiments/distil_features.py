"""Trains `compact`, the extractor that ships with the package, to have the features of a larger network.

    python -m experiments.distil_features --data ../shared/data/photos/train ../shared/data/photos/val \\
        ../shared/data/landscapes256 ../shared/data/paintings ../shared/data/textures \\
        --teacher ../shared/data/weights/squeezenet1_1.keras --run-dir runs/distil

Every stage of the student is trained to be a layer of the teacher: its features and their Gram matrices, on pictures, on
mixtures of them, and on pictures that are being stylised through the student itself. In the first fifth of the steps
every stage reads the teacher's features instead of the stage before; in the last third batch normalisation stands still. About
25 minutes on 2 cores. `experiments.compare_extractors` judges the result: 0.81 of the
teacher's own style gain on eight held-out pairs (gan/weights/compact.json). Pictures in experiments/held_out.txt are left out.
"""

import functools
from dataclasses import dataclass
from pathlib import Path

from experiments.options import Training, command, parse, positive
from experiments.run import begin
from gan.errors import InputError


@dataclass(frozen=True, kw_only=True)
class Config(Training):
    data: tuple[Path, ...] = (Path("samples"),)
    """Folders of photographs, paintings and textures; each picture of each folder counts the same."""
    teacher: str = "../shared/data/weights/squeezenet1_1.keras"
    """A .keras file with features at H/2, H/4, H/8 and H/16; vgg16 and vgg19 begin at H/1 and need --teacher-layers."""
    teacher_layers: tuple[str, ...] | None = None
    """The layers that the four stages become. Default: chosen by resolution."""
    steps: int = 10_000
    tick: int = 250
    batch_size: int = 4
    """Pictures a step, besides the two that are being stylised."""
    image_size: int = 128
    learning_rate: float = 3e-3
    forced: float = 0.2
    """Share of the steps with the teacher's features as inputs."""
    settled: float = 0.3
    """Share of the steps, the last, with fixed normalisation."""
    skip_broken: bool = False
    """Leave unreadable pictures out instead of stopping."""

    def __post_init__(self):
        positive(self, "steps", "tick", "batch_size", "image_size", "learning_rate")
        if not (self.forced >= 0 and self.settled >= 0 and self.forced + self.settled <= 1):
            raise InputError(f"--forced and --settled are shares of one run. Received: {self.forced} and {self.settled}")


def mix(random, picture, other):
    """A picture `[H, W, 3]` in [-1, 1] as an optimiser might leave it: blended, recoloured, blurred, stretched, grainy."""
    import numpy as np

    from style.colour import match_covariance

    if random.random() < 0.35:
        picture = match_covariance(picture, other) if random.random() < 0.5 else picture
        picture = picture + random.uniform(0, 0.6) * (other - picture)
    if random.random() < 0.2:
        picture = blur(picture, random.integers(1, 5))
    if random.random() < 0.3:
        mean = picture.mean((0, 1))
        picture = mean + random.uniform(0.4, 1.8) * (picture - mean) + random.normal(0, 0.15, 3)
    if random.random() < 0.4:
        grain = blur(random.standard_normal((*picture.shape[:2], random.choice([1, 3]))), random.integers(0, 4))
        picture = picture + random.uniform(0, 0.3) * grain / grain.std()
    return np.clip(picture, -1, 1).astype(np.float32)


def blur(image, times: int):
    """Repeated 1 2 1 filter, both directions."""
    import numpy as np

    for axis in (0, 1) * times:
        image = (np.roll(image, 1, axis) + 2 * image + np.roll(image, -1, axis)) / 4
    return image


def main(argv: list[str] | None = None) -> None:
    config = parse(Config, __doc__, argv)
    run = begin(config)

    import numpy as np

    from experiments import data, harness, pictures
    from experiments.callbacks import sample_grid
    from experiments.run import write_json

    images = data.load_files(data.without_held_out(pictures.list_files(config.data)), pictures.SMALLEST, config.skip_broken)
    harness.prepare(config)

    import keras
    import tensorflow as tf

    from gan import features
    from gan.models.distillation import Distillation
    from gan.networks import compact

    source = features.load(config.teacher, style_layers=config.teacher_layers)
    if len(source.style_layers) != len(compact.STAGES):
        raise InputError(f"--teacher-layers needs {len(compact.STAGES)} layers. Received: {', '.join(source.style_layers)}")

    def picture(random, mixed: bool = True):
        first, second = (
            data.scaled_square(random, images.pictures[random.integers(len(images))], config.image_size) for _ in range(2)
        )
        return mix(random, first, second) if mixed else first

    def batch_at(step: int):
        random = np.random.default_rng([config.seed, step])
        content, style = picture(random, mixed=random.random() < 0.3), picture(random, mixed=False)
        weight = np.float32(np.exp(random.uniform(np.log(0.05), np.log(5.0))))
        return np.stack([picture(random) for _ in range(config.batch_size)]), content, style, weight

    def read(image: tf.Tensor) -> list[tf.Tensor]:
        raw = source.network(source.preprocess(image), training=False)
        return [tf.cast(raw[name], tf.float32) for name in source.style_layers]

    survey = read(np.stack([picture(np.random.default_rng([config.seed, 0, index])) for index in range(64)]))
    scales = [1 / tf.sqrt(tf.reduce_mean(tf.square(layer))) for layer in survey]  # so that every layer has unit strength
    survey = [layer * scale for layer, scale in zip(survey, scales, strict=True)]
    means = [tf.reduce_mean(layer, [0, 1, 2]) for layer in survey]
    variances = [tf.reduce_mean(tf.square(layer - mean)) for layer, mean in zip(survey, means, strict=True)]

    student = compact.extractor(normalised=True)
    for name, mean in zip(compact.NAMES, means, strict=True):
        student.get_layer(name).bias.assign(mean)
    model = Distillation(
        student,
        compact.blocks(student),
        lambda x: [a * b for a, b in zip(read(x), scales, strict=True)],
        size=config.image_size,
    )
    rate = keras.optimizers.schedules.CosineDecay(0.0, config.steps, warmup_target=config.learning_rate, warmup_steps=100)
    model.compile(keras.optimizers.Adam(rate, global_clipnorm=5.0), list(zip(means, variances, strict=True)))

    run.open(data=images.hash, teacher=features.digest(config.teacher), steps=config.steps)  # the schedule depends on the steps
    forced, settled = round(config.forced * config.steps), round(config.settled * config.steps)
    before = 0
    for stage, steps in (("forced", forced), ("free", config.steps - forced - settled), ("settled", settled)):
        model.forced, model.settled = stage == "forced", stage == "settled"
        shifted = functools.partial(lambda start, step: batch_at(start + step), before)
        shown = [sample_grid(run, lambda: np.concatenate([model.content, model.style, model.chain]))]
        harness.train(run, model, config, steps, shifted, shown, stage=stage, before=before)
        before += steps

    network = compact.fold(student)
    network.save(run.dir / "compact.keras")
    write_json(run.dir / "data.json", {"files": ["/".join(file.parts[-3:]) for file in images.pictures.files]})
    last = {key: value for key, value in run.history()[-1].items() if key.startswith("error")}
    run.finish({
        "steps": config.steps, "parameters": network.count_params(), "bytes": (run.dir / "compact.keras").stat().st_size,
        "sha256": features.digest(str(run.dir / "compact.keras")), "teacher_layers": source.style_layers, "last_tick": last,
    })  # fmt: skip


if __name__ == "__main__":
    command(main)
