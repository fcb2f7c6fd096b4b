"""L-BFGS and Adam on the same objective of style transfer, with as many evaluations each: two curves.

    python -m experiments.compare_optimisers --content photo.jpg --style painting.jpg --run-dir runs/compare_optimisers

The objective is that of Gatys et al. 2016 on one scale from the content, the same view in every step: no shifts, no mirrors. An
evaluation is one forward and one backward pass. Writes curves.png, both pictures and results.json.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from experiments.options import Output, command, parse, positive
from experiments.run import begin


@dataclass(frozen=True, kw_only=True)
class Config(Output):
    content: Path = Path("samples/chelsea.png")
    """The photograph."""
    style: Path = Path("samples/ihc.png")
    """The style picture."""
    extractor: str = "compact"
    """compact, vgg19, vgg16, or a .keras file."""
    style_loss: Literal["gram", "meanstd", "wasserstein"] = "gram"
    """Of those that do not change from step to step."""
    image_size: int = 256
    """Long side of both pictures."""
    evaluations: int = 500

    def __post_init__(self):
        positive(self, "image_size", "evaluations")


def main(argv: list[str] | None = None) -> None:
    config = parse(Config, __doc__, argv)
    run = begin(config)

    import time

    from tqdm import trange

    from experiments import pictures

    files = [pictures.read(path, long_side=config.image_size) for path in (config.content, config.style)]
    content, style = (pictures.to_float(picture)[None] for picture in files)

    import tensorflow as tf

    from gan import features
    from style.objectives import STYLES
    from style.optimise import OPTIMISED, ImageAdam

    run.open(content=pictures.digest(files[0]), style=pictures.digest(files[1]), extractor=features.digest(config.extractor))
    extractor, curves, began = features.load(config.extractor), {}, time.monotonic()
    for name, kind in OPTIMISED.items():
        model = kind(extractor, content, [style], style_loss=STYLES[config.style_loss])
        model.compile(*([ImageAdam(config.evaluations)] if name == "adam" else []))
        step = tf.function(model.train_step)
        curves[name] = [float(step()["loss/total"]) for _ in trange(config.evaluations, desc=name, disable=None)]
        run.image(name, config.evaluations, model().numpy()[0], f"{name}.png")
    lowest = {name: min(curve) for name, curve in curves.items()}
    draw(run.dir / "curves.png", curves)
    run.finish(
        {
            "seconds": round(time.monotonic() - began, 1),
            "lowest": lowest,
            "evaluations": config.evaluations,
            "start": curves["adam"][0],
            "curves": "curves.png",
        }
    )


def draw(path: Path, curves: dict[str, list[float]]) -> None:
    """The lowest value so far, over evaluations."""
    import numpy as np
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5, 3.2), layout="constrained")
    axes = figure.add_subplot(xlabel="evaluations", ylabel="objective, lowest so far", yscale="log")
    for name, curve in curves.items():
        axes.plot(np.arange(1, len(curve) + 1), np.minimum.accumulate(curve), label=name)
    axes.legend()
    figure.savefig(path, dpi=100)


if __name__ == "__main__":
    command(main)
