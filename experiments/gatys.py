"""A photograph painted in the style of a picture by optimisation (Gatys, Ecker, Bethge 2016).

    python -m experiments.gatys --content photo.jpg --style painting.jpg --image-size 384 --run-dir runs/gatys

Differences from the paper: both losses are relative (divided by the loss of a picture without features, then averaged over
layers), so that weights of 1 and 1 are balanced for any extractor and size; the image starts as the content and stays in its
range; Adam instead of L-BFGS; each step looks at the pictures shifted and mirrored; content and style may differ in size.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from experiments.options import Training, command, parse, positive
from experiments.pictures import MAX_PIXELS
from experiments.run import begin
from gan.errors import InputError


@dataclass(frozen=True, kw_only=True)
class Config(Training):
    content: Path = Path("samples/chelsea.png")
    """The photograph. samples/NAME is a picture that comes inside scikit-image."""
    style: tuple[Path, ...] = (Path("samples/ihc.png"),)
    """The style picture, or several whose styles are averaged."""
    extractor: str = "compact"
    """compact, vgg19, vgg16, or a .keras file."""
    extractor_weights: Path | None = None
    """A weight file for vgg16 or vgg19, instead of the download."""
    extractor_range: Literal["0..255", "0..1", "-1..1"] = "0..255"
    """RGB range that a .keras file expects."""
    content_layers: tuple[str, ...] | None = None
    """Layers of the content loss. Default: published for VGG, chosen and said for a file."""
    style_layers: tuple[str, ...] | None = None
    """Layers of the style loss, likewise."""
    image_size: int = 384
    """Long side of the result; the aspect ratio is kept."""
    style_size: float = 1.0
    """Long side of the style, as a share of the result's."""
    steps: int = 400
    tick: int = 50
    content_weight: float = 1.0
    """Alpha."""
    style_weight: float = 1.0
    """Beta."""
    tv_weight: float = 0.0
    """Weight of the total variation, against grain."""
    learning_rate: float = 0.04
    """Of the first step; falls along a cosine."""
    jitter: int = 8
    """Each step looks at the picture shifted by up to so many pixels, against grids."""
    flips: bool = True
    """Each step looks at all pictures in one of their four mirror images, against what deceives an extractor in one."""
    max_pixels: int = MAX_PIXELS
    """Refuse larger pictures before they are decoded."""

    def __post_init__(self):
        positive(self, "steps", "tick", "image_size", "style_size", "learning_rate", "max_pixels")
        for name in ("content_weight", "style_weight", "tv_weight", "jitter"):
            if not 0 <= getattr(self, name) < float("inf"):
                raise InputError(f"--{name.replace('_', '-')} must be 0 or greater. Received: {getattr(self, name)}")
        if not self.style:
            raise InputError("--style needs at least one picture")


def main(argv: list[str] | None = None) -> None:
    config = parse(Config, __doc__, argv)
    run = begin(config)

    from experiments import harness, pictures
    from experiments.callbacks import sample_grid

    content = pictures.read(config.content, long_side=config.image_size, max_pixels=config.max_pixels)
    styles = [
        pictures.read(path, long_side=round(config.image_size * config.style_size), max_pixels=config.max_pixels)
        for path in config.style
    ]
    harness.prepare(config)

    from gan import features
    from style.models import Stylisation
    from style.optimise import optimiser

    extractor = features.load(
        config.extractor, config.content_layers, config.style_layers, config.extractor_range, config.extractor_weights
    )
    print(f"extractor: {config.extractor}; content: {extractor.content_layers}; style: {extractor.style_layers}", flush=True)
    inputs = [pictures.to_float(picture)[None] for picture in (content, *styles)]
    weights = config.content_weight, config.style_weight, config.tv_weight
    model = Stylisation(extractor, inputs[0], inputs[1:], *weights, jitter=config.jitter, flips=config.flips)
    model.compile(optimiser(config.steps, config.learning_rate))
    start = model.scores(inputs[0])

    run.open(
        content=pictures.digest(content), style=pictures.digest(*styles), steps=config.steps
    )  # the rate depends on the steps
    harness.train(run, model, config, config.steps, lambda step: None, [sample_grid(run, model.image.numpy)])
    end = model.scores(model())
    run.image("stylised", config.steps, model.image.numpy()[0], "stylised.png")
    run.finish(
        {
            "style_loss_start": start["style"],
            "style_loss_end": end["style"],
            "content_loss_end": end["content"],
            "extractor": config.extractor,
            "content_layers": extractor.content_layers,
            "style_layers": extractor.style_layers,
            "size": content.shape[:2][::-1],
            "stylised": "stylised.png",
        }
    )


if __name__ == "__main__":
    command(main)
