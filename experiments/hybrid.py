"""Photographs painted in the style of collections by a network that an adversary and a feature network teach together.

    python -m experiments.hybrid --data photos --data-b paintings/monet --run-dir runs/hybrid
    python -m experiments.hybrid --data photos --data-b paintings/monet paintings/ukiyoe --variants adversarial perceptual both

total = alpha content + beta style + gamma adversarial (style.hybrid). `--variants` trains one after another from the same start
and sets them side by side: the adversary alone, the extractor alone, both. Writes table.md; generator.keras is the last one's.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from experiments.options import Loss, command, not_negative, parse, positive
from experiments.run import begin
from experiments.translation import Translation, adam, rows, translator
from experiments.unpaired import SHOWN, Sets
from gan.errors import InputError

Variant = Literal["both", "adversarial", "perceptual"]


@dataclass(frozen=True, kw_only=True)
class Config(Translation):
    data_b: tuple[Path, ...]
    """A folder of pictures for each style."""
    steps: int = 8000
    """Of each variant."""
    batch_size: int = 2
    blocks: int = 5
    """Residual blocks, as Johnson et al. 2016."""
    patches: Literal[16, 34, 70] = 34
    """Side of the patches that the discriminator judges."""
    variants: tuple[Variant, ...] = ("both",)
    """both: all three losses. adversarial: the adversary alone. perceptual: content and style alone."""
    content_weight: float = 1.0
    """Alpha."""
    style_weight: float = 2.0
    """Beta."""
    adversarial_weight: float = 0.5
    """Gamma."""
    jitter: int = 8
    """Each step the teacher sees pictures moved at random by up to so many pixels, against grain."""
    gradient_norm: float | None = 30.0
    """The generator's gradients are shortened to this norm, twice what most have: without it they can grow a hundredfold within
    five steps, and what was learnt is gone. None: no bound."""
    loss: Loss = "least-squares"
    """The game (gan.losses)."""
    teacher: str = "compact"
    """The feature network of the content and style losses; --extractor is the judge's."""

    def __post_init__(self):
        super().__post_init__()
        positive(self, "blocks", "content_weight", "style_weight", "adversarial_weight", "gradient_norm")
        not_negative(self, "jitter")
        if not self.data_b:
            raise InputError("--data-b needs at least one folder")
        if not self.variants or len(set(self.variants)) < len(self.variants):
            raise InputError(f"--variants must be different ones, at least one. Received: {' '.join(self.variants) or 'none'}")
        if self.image_size % 4:
            raise InputError(f"--image-size must be a multiple of 4. Received: {self.image_size}")

    def weights(self, variant: Variant) -> tuple[float, float, float]:
        """Alpha, beta, gamma."""
        perceptual, adversarial = variant != "adversarial", variant != "perceptual"
        return self.content_weight * perceptual, self.style_weight * perceptual, self.adversarial_weight * adversarial


def main(argv: list[str] | None = None) -> None:
    config = parse(Config, __doc__, argv)
    run = begin(config)

    from experiments import data, harness, unpaired
    from experiments.pictures import to_float

    photos, test_photos = unpaired.halves(config, config.data)
    collections = [unpaired.halves(config, folder) for folder in config.data_b]
    sets = [Sets(photos, images, test_photos, test) for images, test in collections]
    names, count = [folder.name for folder in config.data_b], len(sets)
    harness.prepare(config)

    import keras

    from gan import features, losses
    from gan.networks import patchgan, translation
    from style.hybrid import Hybrid
    from style.teacher import Teacher

    def batch_at(step: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        labels = (step * config.batch_size + np.arange(config.batch_size)) % count
        random = np.random.default_rng([config.seed, step, 3])
        painted = [sets[label].b for label in labels]
        chosen = [images.pictures[random.integers(len(images))] for images in painted]
        crops = [
            data.augment(picture, random, images.size, config.flip) for picture, images in zip(chosen, painted, strict=True)
        ]
        return unpaired.batch(config, photos, step, 0), to_float(np.stack(crops)), labels.astype("int32")

    hashes = {f"data_b_{name}": each.b.hash for name, each in zip(names, sets, strict=True)}
    networks = {"extractor": features.digest(config.extractor), "teacher": features.digest(config.teacher)}
    run.open(**sets[0].hashes | {"data_b": " ".join(hashes.values())}, **networks, steps=config.steps)
    teacher, judge = Teacher(features.load(config.teacher)), features.load(config.extractor)
    targets = [teacher.collection(squares(each.b)) for each in sets]

    results = {}
    for place, variant in enumerate(config.variants):
        keras.utils.set_random_seed(config.seed)
        generator = translation.resnet(
            width=config.width, blocks=config.blocks, antialias=True, styles=count if count > 1 else 0
        )
        discriminator = patchgan.discriminator(3, config.d_width, config.downs, classes=count)
        model = Hybrid(generator, discriminator, teacher, targets, config.jitter, config.seed)
        bounded = adam(config, global_clipnorm=config.gradient_norm)
        model.compile(bounded, adam(config), losses.OBJECTIVES[config.loss], *config.weights(variant))
        paint = painter(generator)
        shown = test_photos[:SHOWN]
        grid = rows(run, lambda paint=paint, shown=shown: [shown, *(paint(shown, style) for style in range(count))])
        before = place * config.steps
        harness.train(run, model, config, config.steps, batch_at, [grid], stage=variant, before=before)
        generator.save(run.dir / f"{variant}.keras")
        for style, (name, each) in enumerate(zip(names, sets, strict=True)):
            scores = unpaired.results(judge, each, paint(test_photos, style))
            results.setdefault(name, {key: scores[key] for key in ("source_as_it_is", "copied")})[variant] = scores[
                "translated"
            ]
    generator.save(run.dir / "generator.keras")
    (run.dir / "table.md").write_text(unpaired.table(results))
    run.finish(
        {
            "steps": config.steps * len(config.variants),
            "images_seen": config.steps * config.batch_size * len(config.variants),
            "generator_parameters": generator.count_params(),
            "feature_network": config.extractor,
            "trained_on": config.teacher,
            "styles": results,
            "table": "table.md",
            "samples": f"samples/{config.steps * len(config.variants):08d}.png",
        }
    )


def painter(generator):
    """A function: pictures and the number of a style -> painted pictures."""
    translate = translator(generator)
    if len(generator.inputs) == 1:
        return lambda images, style: translate(images)
    return lambda images, style: translate(images, np.full(len(images), style, "int32"))


def squares(images) -> np.ndarray:
    """The middle of each picture, float `[N, H, W, 3]`."""
    from experiments import data
    from experiments.pictures import to_float

    return to_float(np.stack([data.centre(picture, images.size) for picture in images.pictures]))


if __name__ == "__main__":
    command(main)
