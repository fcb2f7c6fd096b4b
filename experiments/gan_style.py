"""A GAN learns a style and draws a new picture in it; a photograph is then painted in the style of that drawing.

    python -m experiments.gan_style --content photo.jpg --style-images paintings/ --run-dir runs/gan_style --seed 0

1. A fully convolutional GAN (Jetchev et al. 2016; Bergmann et al. 2017) trains on random patches of the style images.
2. Its generator draws sheets from several seeds, of any size; the one nearest to the style images is kept: sliced Wasserstein
   distance between 7 x 7 patches, mean over three levels of a Gaussian pyramid (style.metrics.patch_distance).
3. The content/style objective (Gatys, Ecker, Bethge 2016) is minimised over the photograph with that sheet as the style.

Differences from the papers: gan/networks/spatial.py and experiments/gatys.py say theirs; the discriminator has an R1 penalty;
the photograph starts with the colours of the sheet (mean and covariance), and each step looks at it shifted and mirrored.
"""

import resource
import time
from dataclasses import dataclass
from pathlib import Path

from experiments.options import Training, command, parse, positive
from experiments.pictures import MAX_PIXELS
from experiments.run import begin
from gan.errors import InputError

R1_GAMMA, R1_INTERVAL, EMA_HALF_LIFE = 0.1, 5, 500


@dataclass(frozen=True, kw_only=True)
class Config(Training):
    content: Path = Path("samples/coffee.png")
    """The photograph. samples/NAME is a picture that comes inside scikit-image."""
    style_images: tuple[Path, ...] = (Path("samples/ihc.png"),)
    """Picture files or folders whose style is learnt."""
    gan_steps: int = 3200
    style_steps: int = 250
    tick: int = 250
    patch_size: int = 64
    """Side of the training patches in pixels."""
    style_size: int = 256
    """Long side to which the style images are scaled before patches are cut: smaller means larger strokes."""
    sheet_size: int = 448
    """Side of the drawings."""
    sheets: int = 8
    """How many drawings to choose from."""
    image_size: int = 448
    """Long side of the stylised photograph."""
    batch_size: int = 4
    learning_rate: float = 1e-3
    """Of both networks; constant, then straight down over the last 40 % of the steps."""
    extractor: str = "compact"
    """compact, vgg19, vgg16, or a .keras file."""
    content_weight: float = 1.0
    """Alpha."""
    style_weight: float = 2.0
    """Beta."""
    tv_weight: float = 1.0
    """Weight of the total variation, against grain."""
    max_pixels: int = MAX_PIXELS
    """Refuse larger pictures before they are decoded."""

    def __post_init__(self):
        positive(self, "gan_steps", "style_steps", "tick", "sheet_size", "sheets", "image_size", "batch_size", "learning_rate")
        positive(self, "content_weight", "style_weight", "max_pixels")
        if self.patch_size % 16 or not 32 <= self.patch_size <= self.style_size:
            raise InputError(
                f"--patch-size must be a multiple of 16, from 32 to --style-size {self.style_size}. Received: {self.patch_size}"
            )


def main(argv: list[str] | None = None) -> None:
    config = parse(Config, __doc__, argv)
    run = begin(config)

    from experiments import data, harness, pictures
    from experiments.callbacks import sample_grid, variety

    content = pictures.read(config.content, long_side=config.image_size, max_pixels=config.max_pixels)
    files = pictures.list_files(config.style_images)
    style = data.load_files(files, config.patch_size, long_side=config.style_size, max_pixels=config.max_pixels)
    harness.prepare(config)

    import keras
    import numpy as np
    from tqdm import tqdm

    from gan import features, noise
    from gan.models.gan import GAN
    from gan.networks import spatial
    from gan.penalties import PENALTIES
    from gan.schedules import LinearTail
    from style.colour import match_covariance
    from style.metrics import patch_distance
    from style.models import Stylisation
    from style.optimise import FLIPS, JITTER, ImageAdam

    def adam() -> keras.optimizers.Optimizer:
        return keras.optimizers.Adam(LinearTail(config.learning_rate, config.gan_steps), beta_1=0.5, beta_2=0.99)

    def batch_at(step: int) -> np.ndarray:
        return data.batch(style, config.batch_size, config.seed, step, flip=True)

    def draw(size: int, number: int) -> np.ndarray:
        side = spatial.cells(size)
        z = noise.normal([1, side, side, gan.latent_shape[-1]], config.seed, number)
        return gan(z).numpy()[0, :size, :size]

    side, latent_dim = spatial.cells(config.patch_size), 32
    gan = GAN(spatial.generator(latent_dim), spatial.discriminator(), [side, side, latent_dim], config.seed, EMA_HALF_LIFE)
    gan.compile(adam(), adam(), penalties=PENALTIES["r1"], gamma=R1_GAMMA, interval=R1_INTERVAL)
    extractor = features.load(config.extractor)
    run.open(
        content=pictures.digest(content),
        style_images=style.hash,
        extractor=features.digest(config.extractor),
        gan_steps=config.gan_steps,
    )
    photo, references = pictures.to_float(content), [pictures.to_float(picture) for picture in style.pictures]

    patches, z = np.concatenate([batch_at(step) for step in range(4)]), gan.latents(4 * config.batch_size, -1)
    run.image("real", 0, pictures.grid(patches))
    fixed = [sample_grid(run, lambda: draw(config.sheet_size // 2, 0)[None]), variety(lambda: gan(z).numpy(), patches)]
    harness.train(run, gan, config, config.gan_steps, batch_at, fixed, stage="gan")
    gan.settle()
    gan.ema_generator.save(run.dir / "generator.keras")

    began = time.monotonic()
    sheets = [draw(config.sheet_size, number) for number in range(config.sheets)]
    distances = [patch_distance(sheet, references) for sheet in tqdm(sheets, "choosing a sheet", disable=None, leave=False)]
    sheet = sheets[int(np.argmin(distances))]
    run.image("sheets", config.gan_steps, pictures.grid(sheets), "sheets.png")
    run.image("style_sheet", config.gan_steps, sheet, "style_sheet.png")
    sheet_seconds = time.monotonic() - began

    initial = match_covariance(photo, sheet)[None]
    weights = config.content_weight, config.style_weight, config.tv_weight
    model = Stylisation(extractor, photo[None], [sheet[None]], *weights, initial, JITTER, FLIPS)
    model.compile(ImageAdam(config.style_steps))
    start = model.scores(photo[None])
    painted = [sample_grid(run, lambda: model.image.numpy())]
    harness.train(run, model, config, config.style_steps, lambda step: None, painted, stage="style", before=config.gan_steps)
    end, stylised = model.scores(model()), model().numpy()[0]
    run.image("stylised", config.gan_steps + config.style_steps, stylised, "stylised.png")
    row = pictures.side_by_side([photo, references[0], sheet, stylised])
    run.image("side_by_side", config.gan_steps + config.style_steps, row, "side_by_side.png")

    judge = Stylisation(extractor, photo[None], [reference[None] for reference in references])
    judged = {"result": stylised, "content_image": photo, "style_sheet": pictures.fit(sheet, photo.shape[:2])}
    lines = run.history()
    run.finish({
        "content_loss_end": end["content"], "style_loss_start": start["style"], "style_loss_end": end["style"],
        "gan_first": lines[0], "gan_last": lines[-1 - sum(line["step"] > config.gan_steps for line in lines)],
        "distances_to_photo_and_style_images": {
            name: judge.scores(image[None]) | {"patches": patch_distance(image, references)} for name, image in judged.items()
        },
        "sheet_distances": distances,
        "stage_seconds": {
            "gan": sum(line["time/seconds"] for line in lines if line["step"] <= config.gan_steps),
            "sheets": round(sheet_seconds, 1),
            "style": sum(line["time/seconds"] for line in lines if line["step"] > config.gan_steps),
        },
        "peak_memory_gb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 2),
        "style_sheet": "style_sheet.png", "stylised": "stylised.png", "side_by_side": "side_by_side.png",
    })  # fmt: skip


if __name__ == "__main__":
    command(main)
