"""Photographs restored by a network: coloured, holes filled, enlarged, denoised, deblurred, enhanced.

    python -m experiments.restore --task super-resolve --data photos --run-dir runs/super-resolve

The damage is made on the fly from a folder of photographs. A reconstruction stage makes the least error, an adversarial
stage (Ledig et al. 2017; Isola et al. 2017; relativistic as Wang et al. 2018) the most natural picture; generator.keras has
weights between those of both (reconstruction.keras, adversarial.keras), and for colourise stronger colours. All are judged
beside a method without learning: --task colourise (grey), inpaint (biharmonic), super-resolve (bicubic), denoise (non-local
means), deblur and enhance (the picture as it is). `python -m experiments.apply RUN FILE` uses the result.

Differences from the papers: slim networks without normalisation; the perceptual loss is in the features of `compact`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from experiments.options import Training, command, not_negative, parse, positive
from experiments.restoration import Name, Task
from experiments.run import begin
from experiments.translation import compact_distance, quantised, rows, told, translator
from gan.errors import InputError

SHOWN, DISCRIMINATED = 5, 3
WEIGHED = 256  # photographs that decide how much colours are strengthened
LARGEST = 4096  # no picture to judge by is cut into tiles


@dataclass(frozen=True, kw_only=True)
class Config(Training):
    task: Name
    """The damage to undo."""
    data: tuple[Path, ...]
    """Folders of photographs. The pictures to judge by are the first one's: those of its folder test (or val), which stands
    beside train, or its last ones."""
    scale: Literal[2, 4] = 4
    """How much to enlarge (super-resolve)."""
    sigma: float = 25.0
    """Standard deviation of the noise in 0..255 units (denoise)."""
    hole: float = 0.25
    """Share of the picture that is missing (inpaint)."""
    image_size: int = 96
    """Side of the squares that training looks at. For colourise, inpaint and enhance they are cut at random scales, up to the
    whole photograph, which they are judged by."""
    steps: int = 6000
    """Of the reconstruction stage."""
    adversarial_steps: int = 1000
    """Of the adversarial stage; 0: none."""
    tick: int = 500
    batch_size: int = 8
    width: int = 32
    """Channels of the network; of its first stage for a U-Net."""
    blocks: int = 8
    """Residual blocks of SRResNet (super-resolve, denoise, deblur)."""
    d_width: int = 32
    learning_rate: float = 1e-3
    """Of the first stage, constant, then straight down over the last 40 %; the adversarial stage has a fifth of it."""
    l1_weight: float = 1.0
    """In the adversarial stage."""
    perceptual_weight: float = 1.0
    """In the adversarial stage, of the features of `compact`; not for colourise."""
    adversarial_weight: float = 0.005
    interpolation: float = 0.6
    """Share of the adversarial stage in the generator's weights, the rest is the first stage's (Wang et al. 2018, 3.4)."""
    vivid: bool = True
    """Strengthen the colours in the end, until on average they are as strong as those of the photographs trained on: what
    could have several colours gets their mean, which is pale (colourise)."""
    test_count: int = 50
    """How many pictures to judge by at most; where there is no folder test, a fifth of the folder at most."""
    extractor: str = "compact"
    """The feature network that judges: compact (which the adversarial stage trains on), vgg16, vgg19 or a .keras file."""

    def __post_init__(self):
        positive(self, "steps", "tick", "batch_size", "width", "blocks", "d_width", "learning_rate", "test_count", "sigma")
        not_negative(self, "adversarial_steps", "l1_weight", "perceptual_weight", "adversarial_weight")
        if not 0 <= self.interpolation <= 1:
            raise InputError(f"--interpolation must be from 0 to 1. Received: {self.interpolation}")
        if not self.data:
            raise InputError("--data needs at least one folder")
        if not 0 < self.hole < 1:
            raise InputError(f"--hole must be greater than 0 and less than 1. Received: {self.hole}")
        if self.image_size < 32 or self.image_size % 32:
            raise InputError(f"--image-size must be a multiple of 32. Received: {self.image_size}")


def photographs(config: Config, task: Task):
    """Those to train on, and those to judge by as a list of float pictures: squares of whole scenes, else whole."""
    from experiments import data, pairs, pictures

    folder, test_folder = pairs.splits(config.data[0])
    files = pictures.list_files([folder])
    if test_folder:
        test_files = pictures.list_files([test_folder])[: config.test_count]
    else:
        files, test_files = pairs.held_out(files, config.test_count, config.data[0])
    files = [*files, *pictures.list_files([pairs.splits(more)[0] for more in config.data[1:]])]
    train = data.load_files(files, pictures.SMALLEST if task.scenes else config.image_size)
    test = data.load_files(test_files, config.image_size, **({"short_side": config.image_size} if task.scenes else {}))
    sizes = [
        (config.image_size,) * 2 if task.scenes else tuple(side // task.scale * task.scale for side in picture.shape[:2])
        for picture in test.pictures
    ]
    return train, [pictures.to_float(data.centre(*each)) for each in zip(test.pictures, sizes, strict=True)]


def adam(rate: float, steps: int):
    from gan import schedules

    return schedules.Adam(schedules.LinearTail(rate, steps), beta_1=0.9, beta_2=0.999, epsilon=1e-8)


def adversarial(config: Config, generator):
    """The second stage's model, ready to train. Where the network makes colour alone, the discriminator sees lightness too."""
    from gan import losses
    from gan.models.pix2pix import Pix2Pix
    from gan.networks import patchgan, translation

    perceptual = None
    if generator.outputs[0].shape[-1] == DISCRIMINATED and config.perceptual_weight:
        perceptual = compact_distance(config.seed)
    downs = 2 if config.image_size < 128 else 3
    model = Pix2Pix(generator, patchgan.discriminator(DISCRIMINATED, config.d_width, downs, "none", translation.he))
    model.compile(
        adam(config.learning_rate / 5, config.adversarial_steps), adam(config.learning_rate / 5, config.adversarial_steps),
        losses.OBJECTIVES["relativistic-average"], config.l1_weight, config.adversarial_weight, perceptual,
        config.perceptual_weight,
    )  # fmt: skip
    return model


def interpolated(first: list[np.ndarray], second: list[np.ndarray], share: float) -> list[np.ndarray]:
    """Weights between those of two networks."""
    return [(1 - share) * one + share * other for one, other in zip(first, second, strict=True)]


def vivid(generator, task: Task, images: np.ndarray):
    """The network with its colours strengthened: those of these photographs `[N, H, W, 3]` get the mean chroma of the real."""
    import keras

    made, wanted = translator(generator)(task.source(task.damage(images, np.random.default_rng(0)))), task.target(images)
    gain = np.linalg.norm(wanted, axis=-1).mean() / max(np.linalg.norm(made, axis=-1).mean(), 1e-6)
    stronger = keras.layers.Rescaling(gain, dtype="float32", name="vivid")(generator.outputs[0])
    return keras.Model(generator.inputs, stronger, name="generator")


def luminance(image: np.ndarray) -> np.ndarray:
    """Y of ITU-R BT.601 in 16..235 of a picture in [-1, 1], as super-resolution is judged by."""
    return 16.0 + ((image.astype(np.float64) + 1.0) / 2.0) @ [65.481, 128.553, 24.966]


def judged(task: Task, images: list[np.ndarray], clean: list[np.ndarray], extractor) -> dict[str, np.ndarray]:
    """One value a picture of: psnr in dB; lpips, the distance of `style.perceptual`; the mean distance in a and b of L*a*b*;
    the mean chroma. `images` are those of all clean pictures, once or several times; the mean of each picture is told."""
    import tensorflow as tf

    from gan import lab
    from style.perceptual import perceptual_distance

    perceive = tf.function(lambda a, b: perceptual_distance(extractor, a, b)[0], reduce_retracing=True)
    scores = {"psnr": [], "lpips": [], "colour_distance": [], "chroma": []}
    for image, answer in zip(images, clean * (len(images) // len(clean)), strict=True):
        image = quantised(image)
        if task.luminance:
            inner = np.s_[task.scale : -task.scale, task.scale : -task.scale]
            error = (luminance(image) - luminance(answer))[inner]
        else:
            error = 127.5 * (image.astype(np.float64) - answer)
        colours = [lab.COLOUR * lab.from_rgb(each)[..., 1:] for each in (image, answer)]
        scores["psnr"].append(10 * np.log10(255**2 / max(np.square(error).mean(), 1e-12)))
        scores["lpips"].append(float(perceive(image[None], answer[None])))
        scores["colour_distance"].append(np.linalg.norm(colours[0] - colours[1], axis=-1).mean())
        scores["chroma"].append(np.linalg.norm(colours[0], axis=-1).mean())
    return {name: np.reshape(values, [-1, len(clean)]).mean(0) for name, values in scores.items()}


def main(argv: list[str] | None = None) -> None:
    config = parse(Config, __doc__, argv)
    run = begin(config)

    from experiments import data, harness, pictures, restoration

    task = restoration.task(config.task, config.scale, config.sigma, config.hole)
    train, clean = photographs(config, task)
    harness.prepare(config)

    from gan import features, image_losses, tiles
    from gan.models.pix2pix import Reconstruction
    from gan.networks import translation

    def photographs_at(step: int, count: int) -> np.ndarray:
        if task.scenes:
            return data.scaled_batch(train, config.image_size, count, config.seed, step, smallest=1.0)
        return data.batch(train, count, config.seed, step, flip=True)

    def batch_at(step: int) -> tuple[np.ndarray, np.ndarray]:
        images = photographs_at(step, config.batch_size)
        return task.source(task.damage(images, np.random.default_rng([config.seed, step, 2]))), task.target(images)

    damaged = [
        task.damage(image[None], np.random.default_rng([draw, place]))[0]
        for draw in range(task.draws)
        for place, image in enumerate(clean)
    ]
    shown = np.stack([data.centre(image, (config.image_size,) * 2) for image in clean[:SHOWN]])
    given = task.damage(shown, np.random.default_rng(0))
    beside = np.stack(task.baseline(list(given), list(shown)))

    generator = task.network(config.width, config.blocks)
    restore, multiple = translator(generator, 1), translation.multiple(generator)

    def draw() -> list[np.ndarray]:
        sources = task.source(given)
        return [beside, task.picture(sources, restore(sources)), shown]

    def restored(restore: Callable[[np.ndarray], np.ndarray] = restore) -> list[np.ndarray]:
        sources = [task.source(image[None])[0] for image in damaged]
        outputs = [tiles.apply(restore, source, LARGEST, 0, multiple, task.scale) for source in sources]
        return [task.picture(source, output) for source, output in zip(sources, outputs, strict=True)]

    model = Reconstruction(generator)
    model.compile(adam(config.learning_rate, config.steps), getattr(image_losses, task.distance))
    stages = {"steps": config.steps, "adversarial_steps": config.adversarial_steps}
    run.open(data=train.hash, test=pictures.digest(*clean), extractor=features.digest(config.extractor), **stages)
    callbacks = [rows(run, draw)]
    harness.train(run, model, config, config.steps, batch_at, callbacks, stage="reconstruction")
    generator.save(run.dir / "reconstruction.keras")
    reconstructed = generator.get_weights()
    answers = {"baseline": task.baseline(damaged, clean * task.draws), "reconstruction": restored()}
    if config.adversarial_steps:
        harness.train(
            run, adversarial(config, generator), config, config.adversarial_steps,
            lambda step: batch_at(config.steps + step), callbacks, stage="adversarial", before=config.steps,
        )  # fmt: skip
        generator.save(run.dir / "adversarial.keras")
        answers["adversarial"] = restored()
        generator.set_weights(interpolated(reconstructed, generator.get_weights(), config.interpolation))
        answers["interpolated"] = restored()
    if task.colours and config.vivid:
        generator = vivid(generator, task, photographs_at(0, WEIGHED))
        answers["vivid"] = restored(translator(generator, 1))
    generator.save(run.dir / "generator.keras")

    extractor, steps = features.load(config.extractor), config.steps + config.adversarial_steps
    scores = {name: judged(task, images, clean, extractor) for name, images in answers.items()}
    final, base = scores[list(scores)[-1]], scores["baseline"]
    run.finish(
        {
            "task": config.task,
            "steps": steps,
            "images_seen": steps * config.batch_size,
            "generator_parameters": generator.count_params(),
            "feature_network": config.extractor,
            "baseline": task.baseline_name,
            "draws": task.draws,
            "psnr_of": f"Y, {task.scale} border pixels cut" if task.luminance else "RGB",
            "psnr": told(final["psnr"]),
            "psnr_baseline": told(base["psnr"]),
            "lpips": told(final["lpips"]),
            "lpips_baseline": told(base["lpips"]),
            "chroma_real": told(judged(task, clean, clean, extractor)["chroma"]),
            "stages": {
                name: {key: told(values) for key, values in each.items()} | {"psnr_gain": told(each["psnr"] - base["psnr"])}
                for name, each in scores.items()
            },
            "samples": f"samples/{steps:08d}.png",
        }
    )


if __name__ == "__main__":
    command(main)
