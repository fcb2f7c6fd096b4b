"""A network that paints any photograph in one style, or in several, in one pass (Johnson et al. 2016; Dumoulin et al. 2017).

    python -m experiments.fast_style --data photos --style starry_night.jpg --run-dir runs/starry
    python -m experiments.fast_style --data photos --style a.jpg b.jpg c.jpg --preset small --run-dir runs/three
    python -m experiments.stylise --content photo.jpg --network runs/three --style a --output painted.png

Several styles share the network; each has scales and shifts of its own at every normalisation, and mixtures of them are styles
too. Differences from the papers: the network adds to the photograph in the style's colours instead of drawing all of it
(`--no-skip`: as published); losses are relative (style.objectives), the teacher is `compact` unless --extractor says otherwise,
sizes are enlarged by repetition before a convolution. Presets: published (Johnson's size) and small (half the channels, a
quarter of the arithmetic).
"""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from experiments.one_pass import SHOWN, OnePassTraining
from experiments.options import command, parse, positive
from experiments.run import begin
from gan.errors import InputError


@dataclass(frozen=True, kw_only=True)
class Config(OnePassTraining):
    data: tuple[Path, ...] = (Path("samples"),)
    """Folders of photographs."""
    style: tuple[Path, ...] = (Path("samples/ihc.png"),)
    """The style picture, or several."""
    style_size: int = 384
    """Long side of the style pictures: more makes larger strokes."""
    steps: int = 8000
    width: int = 32
    """Channels of the first convolution."""
    blocks: int = 5
    """Residual blocks."""
    skip: bool = True
    """Add to the photograph in the style's colours. Without, the network draws all of the picture, as published: it needs many
    times the steps before scenes can be recognised."""

    def __post_init__(self):
        super().__post_init__()
        positive(self, "style_size", "width", "blocks")
        if not self.style:
            raise InputError("--style needs at least one picture")
        if len({path.stem for path in self.style}) < len(self.style):
            raise InputError("--style needs pictures of different names: they become the names of the styles")


PUBLISHED = Config()
PRESETS = {"published": PUBLISHED, "small": replace(PUBLISHED, width=16)}


def main(argv: list[str] | None = None) -> None:
    config = parse(Config, __doc__, argv, PRESETS)
    run = begin(config)

    from experiments import harness, one_pass, pictures
    from experiments.translation import rows

    photos, test_photos = one_pass.sets(config, config.data)
    styles = [pictures.to_float(pictures.read(path, long_side=config.style_size)) for path in config.style]
    names, count = [path.stem for path in config.style], len(styles)
    harness.prepare(config)

    from gan import features
    from style import networks
    from style.objectives import STYLES
    from style.onepass import FastStyle
    from style.teacher import Teacher

    def batch_at(step: int) -> tuple[np.ndarray, np.ndarray]:
        labels = (step * config.batch_size + np.arange(config.batch_size)) % count
        return one_pass.squares(config, photos, step, 0), labels.astype(np.int32)

    teacher = Teacher(features.load(config.extractor), STYLES[config.style_loss])
    network = networks.johnson(config.width, config.blocks, count if count > 1 else 0, config.skip)
    if config.skip:
        networks.start_in_colours(network, [style[None] for style in styles])
    model = FastStyle(network, teacher, [style[None] for style in styles])
    model.compile(one_pass.adam(config), config.content_weight, config.style_weight, config.tv_weight)
    run.open(data=photos.hash, style=pictures.digest(*styles), extractor=features.digest(config.extractor), steps=config.steps)

    def paint(images: np.ndarray, label: int) -> np.ndarray:
        return np.concatenate([model([one[None], np.array([label], np.int32)]).numpy() for one in images])

    shown = test_photos[:SHOWN]
    grid = rows(run, lambda: [shown, *(paint(shown, label) for label in range(count))])
    harness.train(run, model, config, config.steps, batch_at, [grid])
    held_out = {
        name: one_pass.judged(teacher, test_photos, [style] * len(test_photos), paint(test_photos, label))
        for label, (name, style) in enumerate(zip(names, styles, strict=True))
    }
    run.finish({
        "steps": config.steps,
        "images_seen": config.steps * config.batch_size,
        **one_pass.keep(run, network, names),
        "held_out": held_out,
        "samples": f"samples/{config.steps:08d}.png",
    })  # fmt: skip


if __name__ == "__main__":
    command(main)
