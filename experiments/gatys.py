"""A photograph painted in the style of pictures by optimisation (Gatys, Ecker, Bethge 2016, and what came after).

    python -m experiments.gatys --content photo.jpg --style painting.jpg --image-size 512 --run-dir runs/gatys

Differences from the paper: both losses are relative (divided by the loss of a picture without features, then averaged over
layers), so that weights of 1 and 1 are balanced for any extractor, size and kind of style; from coarse to fine, each scale
starting from the one before; the image starts as the content and stays in its range; each step looks at the pictures shifted
and mirrored; content and style may differ in size. The paper's own: --style-loss gram --optimizer lbfgs --scales 1.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from experiments.options import Training, command, not_negative, one_for_each_style, parse, positive
from experiments.pictures import MAX_PIXELS
from experiments.run import begin
from gan.errors import InputError


@dataclass(frozen=True, kw_only=True)
class Config(Training):
    content: Path = Path("samples/chelsea.png")
    """The photograph. samples/NAME is a picture that comes inside scikit-image."""
    style: tuple[Path, ...] = (Path("samples/ihc.png"),)
    """The style picture, or several: blended, or each in its --mask."""
    style_weights: tuple[float, ...] | None = None
    """How much each style counts. Default: all the same."""
    mask: tuple[Path, ...] = ()
    """Where each style is wanted: a picture for each, white inside, soft edges welcome. Default: everywhere."""
    style_loss: Literal["gram", "meanstd", "wasserstein", "sliced", "remd", "nearest"] = "wasserstein"
    """What style is (style.objectives): Gatys 2016, means and deviations, Gaussians, sliced transport, STROTSS, NNST."""
    content_loss: Literal["features", "self-similarity"] = "features"
    """What is kept of the content: the features (Gatys 2016), or how they differ from place to place (STROTSS)."""
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
    """Long side of the style, as a share of the result's: more makes larger strokes."""
    scales: int | None = None
    """Scales from coarse to fine, each sqrt(2) times the one before, at most. Default: from 96 px on, five at 512 px."""
    steps: int = 200
    """Steps of the coarsest scale; each finer one gets 1 / sqrt(2) of the steps of the one before."""
    tick: int = 50
    optimizer: Literal["adam", "lbfgs"] = "adam"
    parameterisation: Literal["pixels", "pyramid", "fourier"] = "pyramid"
    """What the optimiser moves: pixels, a Laplacian pyramid, or a spectrum."""
    content_weight: float = 1.0
    """Alpha."""
    style_weight: float = 1.0
    """Beta: the strength of the style, the same at any size."""
    tv_weight: float = 0.0
    """Weight of the total variation, against grain."""
    colour: Literal["style", "luminance", "covariance-before", "covariance-after", "histogram-before", "histogram-after"] = (
        "style"
    )
    """Whose colours: the style's, or the content's, kept by painting lightness alone or by matching, before or after."""
    learning_rate: float = 0.04
    """Of a scale's first step; falls along a cosine (adam)."""
    jitter: int = 8
    """Each step looks at the picture shifted by up to so many pixels, against grids (adam)."""
    flips: bool = True
    """Each step looks at all pictures in one of their four mirror images, against what deceives an extractor in one (adam)."""
    block: int | Literal["auto", "none"] = "auto"
    """Side of the blocks in which large pictures are read; the gradient is the same. auto: what fits the free memory."""
    max_pixels: int = MAX_PIXELS
    """Refuse larger pictures before they are decoded."""

    def __post_init__(self):
        positive(self, "steps", "tick", "image_size", "style_size", "learning_rate", "max_pixels", "scales")
        not_negative(self, "content_weight", "style_weight", "tv_weight", "jitter")
        if not self.style:
            raise InputError("--style needs at least one picture")
        one_for_each_style(self)
        if isinstance(self.block, int) and self.block < 64:
            raise InputError(f"--block must be at least 64. Received: {self.block}")


def main(argv: list[str] | None = None) -> None:
    config = parse(Config, __doc__, argv)
    run = begin(config)

    import resource

    from experiments import harness, originals, pictures
    from experiments.callbacks import sample_grid

    original = originals.read(config.content, config.image_size, config.max_pixels)
    style_side = round(config.image_size * config.style_size)
    styles = [originals.read(path, style_side, config.max_pixels).pixels for path in config.style]
    masks = [originals.read_mask(path, original.pixels.shape[:2], config.max_pixels) for path in config.mask]
    harness.prepare(config)

    from gan import features
    from style import memory, objectives, scores
    from style.colour import COLOURS
    from style.models import Stylisation
    from style.optimise import OPTIMISED, ImageAdam, coarse_to_fine, weight_at
    from style.parameterisation import PARAMETERISATIONS

    extractor = features.load(
        config.extractor, config.content_layers, config.style_layers, config.extractor_range, config.extractor_weights
    )
    print(f"extractor: {config.extractor}; content: {extractor.content_layers}; style: {extractor.style_layers}", flush=True)
    colours = COLOURS[config.colour]
    photo = colours.content(original.pixels)
    styles = [colours.style(style, original.pixels) for style in styles]
    block = memory.block(config.block, extractor, photo.shape[:2])
    kind = OPTIMISED[config.optimizer]
    views = {"jitter": config.jitter, "flips": config.flips} if kind is Stylisation else {}
    run.open(
        content=pictures.digest(photo), style=pictures.digest(*styles), mask=pictures.digest(*masks), steps=config.steps
    )  # the rate depends on the steps

    def make(at, count: int) -> Stylisation:
        model = kind(
            extractor, at(photo[None]), [at(style[None]) for style in styles],
            config.content_weight, weight_at(config.style_weight, max(photo.shape)), config.tv_weight, **views,
            style_loss=objectives.STYLES[config.style_loss], content_loss=objectives.CONTENTS[config.content_loss],
            shares=config.style_weights, masks=[at(mask[None, ..., None])[0, ..., 0] for mask in masks] or None,
            parameterisation=PARAMETERISATIONS[config.parameterisation], block=block,
        )  # fmt: skip
        model.compile(*([ImageAdam(count, config.learning_rate)] if kind is Stylisation else []))
        return model

    done, steps_of_scales = 0, {}
    for side, count, model in coarse_to_fine(photo.shape[:2], config.scales, config.steps, make):
        show = [sample_grid(run, lambda model=model: model.image.numpy())]
        harness.train(run, model, config, count, lambda step: None, show, stage=f"{side}px", before=done)
        done, steps_of_scales[side] = done + count, count

    painted = model().numpy()
    start, end = model.scores(model.content), model.scores(painted)
    judge = Stylisation(extractor, photo[None], [style[None] for style in styles], block=block, shares=config.style_weights)
    gram_start, gram_end = (judge.scores(picture)["style"] for picture in (judge.content, painted))
    result = colours.result(painted[0], original.pixels)
    originals.write(run.dir / "stylised.png", result, original)
    run.image("stylised", done, result)
    run.finish(
        {
            "style_loss_start": gram_start,  # of Gram matrices, whatever was minimised: comparable, and the published formula
            "style_loss_end": gram_end,
            "minimised_style_loss_start": start["style"],
            "minimised_style_loss_end": end["style"],
            "content_loss_end": end["content"],
            "extractor": config.extractor,
            "content_layers": extractor.content_layers,
            "style_layers": extractor.style_layers,
            "size": photo.shape[:2][::-1],
            "steps_of_scales": steps_of_scales,
            "block": block,
            "seam_ratio": scores.seam_ratio(painted, *model.frame.edges()),  # above 1: the edge of a block shows
            "peak_memory_gb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 2),
            "picture": original.notes,
            "stylised": "stylised.png",
        }
    )


if __name__ == "__main__":
    command(main)
