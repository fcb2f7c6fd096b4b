"""Does one style weight mean the same at every size? The same pair, stylised with the same settings at several sizes.

    python -m experiments.style_strength --sizes 256 512 1024 --run-dir runs/style_strength

Content and style are enlarged or reduced together; there are more scales for more pixels, and the weight falls with them
(style.optimise.weight_at).
Writes results.json: the style and content distance at each size, relative as in training; and a picture of each.
"""

from dataclasses import dataclass
from pathlib import Path

from experiments.options import Output, command, parse, positive
from experiments.run import begin
from gan.errors import InputError


@dataclass(frozen=True, kw_only=True)
class Config(Output):
    content: Path = Path("samples/coffee.png")
    """The photograph."""
    style: Path = Path("samples/ihc.png")
    """The style picture."""
    sizes: tuple[int, ...] = (256, 512, 1024)
    """Long sides of the result."""
    style_weight: float = 1.0
    """Beta, for all of them."""
    steps: int | None = None
    """Of the coarsest scale. Default: that of style.optimise.stylise."""

    def __post_init__(self):
        positive(self, "steps", "style_weight")
        if len(self.sizes) < 2 or min(self.sizes) < 16:
            raise InputError(f"--sizes needs two sizes of 16 pixels or more. Received: {self.sizes}")


def main(argv: list[str] | None = None) -> None:
    config = parse(Config, __doc__, argv)
    run = begin(config)

    from experiments import cells, pictures

    inputs = {
        size: [pictures.to_float(pictures.read(path, long_side=size))[None] for path in (config.content, config.style)]
        for size in config.sizes
    }

    from gan import features
    from style.models import Stylisation
    from style.objectives import STYLES
    from style.optimise import STEPS, STYLE_LOSS, stylise

    run.open(content=pictures.digest(*(content for content, _ in inputs.values())))
    extractor = features.load()

    def compute(size: int, picture: Path) -> dict[str, float]:
        content, style = inputs[size]
        steps = config.steps or STEPS
        image = stylise(content, [style], extractor, style_weight=config.style_weight, steps=steps)
        run.image(f"{size}px", 0, image[0])
        pictures.write(picture, image[0])
        return Stylisation(extractor, content, [style], style_loss=STYLES[STYLE_LOSS]).scores(image)

    kept = cells.kept(run.dir / "cells", [(size,) for size in inputs], compute)
    found = {size: kept[(size,)] for size in inputs}
    distances = [scores["style"] for scores in found.values()]
    run.finish({"seconds": cells.seconds(kept), "sizes": found, "largest_over_smallest": max(distances) / min(distances)})


if __name__ == "__main__":
    command(main)
