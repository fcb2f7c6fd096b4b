"""A network that paints any photograph in the style of any picture, in one pass (Huang and Belongie 2017).

    python -m experiments.adain --data photos --style-data paintings --run-dir runs/adain
    python -m experiments.stylise --content photo.jpg --style painting.jpg --network runs/adain --output painted.png

An encoder that stays fixed, the style's statistics carried to its features, and a decoder that learns. `--transform` says how
they are carried: means and deviations (AdaIN), covariances by optimal transport (Lu et al. 2019), or attention at the deepest
level (SANet: Park and Lee 2019). `--levels 1` carries them at the deepest level alone, as published; the default at three, so
that the decoder sees fine strokes too. Other than published, the content loss compares with the photograph, and a share of the
batch has the photograph as its own style, which teaches the network to leave alone what already looks as wanted.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from experiments.one_pass import SHOWN, OnePassTraining
from experiments.options import command, parse
from experiments.run import begin
from gan.errors import InputError


@dataclass(frozen=True, kw_only=True)
class Config(OnePassTraining):
    style_data: tuple[Path, ...]
    """Folders of paintings."""
    steps: int = 20_000
    transform: Literal["adain", "covariance", "attention"] = "adain"
    """How a style is carried (style.transfer)."""
    levels: Literal[1, 3] = 3
    """1: at the deepest level alone, as published."""
    encoder: str = "compact"
    """What the network reads pictures by: compact, vgg16, vgg19 or a .keras file."""
    widths: tuple[int, ...] = (32, 64, 96)
    """Channels of the decoder, the finest level first."""
    own_style: float = 0.1
    """Share of the pictures whose style is themselves."""

    def __post_init__(self):
        super().__post_init__()
        if len(self.widths) != 3 or min(self.widths) < 1:
            raise InputError(f"--widths needs three numbers greater than 0. Received: {self.widths}")
        if not 0 <= self.own_style < 1:
            raise InputError(f"--own-style must be from 0 to less than 1. Received: {self.own_style}")


def main(argv: list[str] | None = None) -> None:
    config = parse(Config, __doc__, argv)
    run = begin(config)

    from experiments import harness, one_pass
    from experiments.translation import rows

    photos, test_photos = one_pass.sets(config, config.data)
    paintings, test_paintings = one_pass.sets(config, config.style_data)
    harness.prepare(config)

    from gan import features
    from style import networks
    from style.objectives import STYLES
    from style.onepass import ArbitraryStyle
    from style.teacher import Teacher
    from style.transfer import WAYS

    def batch_at(step: int) -> tuple[np.ndarray, np.ndarray]:
        contents, styles = (one_pass.squares(config, images, step, number) for number, images in enumerate((photos, paintings)))
        own = np.random.default_rng([config.seed, step, 2]).random(config.batch_size) < config.own_style
        return contents, np.where(own[:, None, None, None], contents, styles)

    ways = WAYS[config.transform]
    teacher = Teacher(features.load(config.extractor), STYLES[config.style_loss])
    network = networks.arbitrary(
        features.load(config.encoder), ways if config.levels == 3 else (None, None, ways[-1]), config.widths
    )
    networks.start_in_grey(network)
    model = ArbitraryStyle(network, teacher)
    model.compile(one_pass.adam(config), config.content_weight, config.style_weight, config.tv_weight)
    digests = {name: features.digest(name) for name in (config.extractor, config.encoder)}
    run.open(
        data=photos.hash, style_data=paintings.hash, steps=config.steps,
        extractor=digests[config.extractor], encoder=digests[config.encoder],
    )  # fmt: skip

    count = min(len(test_photos), len(test_paintings))
    pairs = test_photos[:count], test_paintings[:count]

    def paint(some: int) -> np.ndarray:
        return np.concatenate([model([part[i : i + 1] for part in pairs]).numpy() for i in range(some)])

    grid = rows(run, lambda: [pairs[0][:SHOWN], pairs[1][:SHOWN], paint(min(SHOWN, count))])
    harness.train(run, model, config, config.steps, batch_at, [grid])
    run.finish({
        "steps": config.steps,
        "images_seen": config.steps * config.batch_size,
        **one_pass.keep(run, network),
        "held_out": one_pass.judged(teacher, *pairs, paint(count)),
        "samples": f"samples/{config.steps:08d}.png",
    })  # fmt: skip


if __name__ == "__main__":
    command(main)
