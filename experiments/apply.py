"""Uses a finished image-to-image run on pictures of any size.

    python -m experiments.apply runs/super-resolve photo.jpg --output large.png
    python -m experiments.apply runs/cyclegan photos/ --output painted/
    python -m experiments.apply runs/inpaint photo.png --mask holes.png --output whole.png

Takes runs of pix2pix, cyclegan, cut, hybrid and restore. Large pictures are done in tiles that overlap and fade into one
another; by ResNets with the statistics of the whole picture. What is intact is kept: outside the holes of inpaint every pixel,
for colourise the lightness at full resolution.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import tyro

from experiments.options import command, parse, positive
from experiments.pictures import MAX_PIXELS
from gan.errors import InputError

RESNETS = ("cyclegan", "cut", "hybrid")
KINDS = ("pix2pix", *RESNETS, "restore")


@dataclass(frozen=True, kw_only=True)
class Config:
    run: tyro.conf.Positional[Path]
    """A finished run of pix2pix, cyclegan, cut, hybrid or restore."""
    source: tyro.conf.Positional[Path]
    """A picture, or a folder of pictures."""
    output: Path
    """The picture to write, as PNG, or for a folder the folder to write to."""
    mask: Path | None = None
    """For inpaint: a picture of the same size, white where there are holes; or a folder of such, with the pictures' names."""
    network: Literal["generator", "reconstruction", "adversarial", "backward"] = "generator"
    """Which of the run's networks: reconstruction and adversarial are restore's stages, backward CycleGAN's way from B to A."""
    style: int = 0
    """Which style, for a hybrid run of several."""
    long_side: int | None = None
    """Scale pictures to this long side first."""
    tile: int = 512
    """Larger pictures are cut into tiles of this side, for pix2pix and restore."""
    overlap: int = 64
    """Pixels that neighbouring tiles share."""
    max_pixels: int = MAX_PIXELS
    """Refuse larger pictures before they are decoded."""
    overwrite: bool = False
    """Replace what is at --output."""

    def __post_init__(self):
        positive(self, "tile", "long_side", "max_pixels")
        if not 0 <= self.overlap < self.tile:
            raise InputError(f"--overlap must be from 0 to less than --tile {self.tile}. Received: {self.overlap}")


def files(config: Config) -> list[tuple[Path, Path | None, Path]]:
    """Each picture, its mask, and where to write."""
    from experiments import pictures

    sources = pictures.list_files([config.source])
    folder = pictures.resolve(config.source).is_dir()
    found = []
    for source in sources:
        inside = source.relative_to(pictures.resolve(config.source)).with_suffix(".png") if folder else None
        target = config.output / inside if folder else config.output
        mask = config.mask
        if mask is not None and mask.is_dir():
            inner = inside or Path(source.name)
            mask = next((path for path in pictures.list_files([mask]) if path.stem == inner.stem), None)
            if mask is None:
                raise InputError(f"--mask '{config.mask}' has no picture named like '{source}'")
        if target.exists() and not config.overwrite:
            raise InputError(f"--output '{target}' exists; --overwrite replaces it")
        if target.is_dir() or target.resolve() == source.resolve():
            raise InputError(f"--output '{target}' must be a file of its own")
        found.append((source, mask, target))
    return found


def read_mask(path: Path | None, picture: np.ndarray, long_side: int | None, name: Path) -> np.ndarray:
    """Holes of a picture, bool `[H, W]`. Raises InputError without holes, or with nothing else."""
    from experiments import pictures

    if path is None:
        raise InputError("a run of --task inpaint needs --mask: a picture that is white where there are holes")
    mask = pictures.read(path, long_side=long_side).mean(-1) > 127
    if mask.shape != picture.shape[:2]:
        sizes = " and ".join(f"{size[1]} x {size[0]}" for size in (mask.shape, picture.shape))
        raise InputError(f"the mask '{path}' must have the size of '{name}'. Received: {sizes}")
    if not mask.any() or mask.all():
        what = "is white all over" if mask.any() else "has no holes (no white)"
        raise InputError(f"the mask '{path}' {what}: it must be white where '{name}' has holes, black elsewhere")
    return mask


def main(argv: list[str] | None = None) -> None:
    config = parse(Config, __doc__, argv)

    from experiments import pictures, restoration, runs
    from experiments.run import read_json

    recorded = read_json(config.run / "config.json")
    kind, options = recorded["experiment"].rpartition(".")[2], recorded["options"]
    if kind not in KINDS:
        raise InputError(f"'{config.run}' is no image-to-image run ({', '.join(KINDS)}) but one of {recorded['experiment']}")
    work = files(config)
    generator = runs.load(config.run, config.network)
    styles = generator.get_layer("first_norm").classes if len(generator.inputs) > 1 else 1
    if not 0 <= config.style < styles:
        raise InputError(f"--style must be from 0 to {styles - 1}. Received: {config.style}")
    if config.mask and options.get("task") != "inpaint":
        raise InputError(f"--mask is for runs of --task inpaint, not {options.get('task') or kind}")
    task = None
    if kind == "restore":
        task = restoration.task(*(options[name] for name in ("task", "scale", "sigma", "hole")))

    whole = painter(config, kind, generator)
    for source, mask_path, target in work:
        picture = pictures.read(source, long_side=config.long_side, max_pixels=config.max_pixels)
        image = pictures.to_float(picture)
        if task is None:
            result = pictures.to_uint8(whole(image))
        elif options["task"] == "inpaint":
            mask = read_mask(mask_path, picture, config.long_side, source)[..., None]
            given = task.source(np.concatenate([image * ~mask, mask], -1).astype(np.float32)[None])[0]
            result = np.where(mask, pictures.to_uint8(task.picture(given, whole(given))), picture)
        elif options["task"] == "colourise":
            result = pictures.to_uint8(coloured(task, image, whole, options["image_size"]))
        else:
            given = task.source(image[None])[0]
            result = pictures.to_uint8(task.picture(given, whole(given, task.scale)))
        pictures.write(target, result)
        print(f"{source}: {result.shape[1]} x {result.shape[0]}: {target}", flush=True)


def painter(config: Config, kind: str, generator):
    """A function: a picture `[H, W, C]` of any size (and how much larger it becomes) -> what the network makes of it."""
    import tensorflow as tf

    from experiments.translation import translator
    from gan import tiles
    from gan.networks import translation
    from style import fast
    from style import whole as with_statistics

    if kind in RESNETS:
        labels = [tf.constant([config.style])] if len(generator.inputs) > 1 else []
        compute = tf.function(generator, reduce_retracing=True)
        return lambda image: with_statistics.paint(generator, compute, image[None], labels, fast.AT_ONCE)[0]
    translate, multiple = translator(generator, 1), translation.multiple(generator)
    return lambda image, scale=1: tiles.apply(translate, image, config.tile, config.overlap, multiple, scale)


def coloured(task, image: np.ndarray, whole, side: int) -> np.ndarray:
    """Colours found at the scale of the training, where whole scenes are seen, on the lightness of the picture as it is."""
    from PIL import Image

    from experiments import pictures

    small = pictures.to_float(
        pictures.resize(Image.fromarray(pictures.to_uint8(image)), short_side=min(side, *image.shape[:2]))
    )
    colours = whole(task.source(small[None])[0])
    size = image.shape[1::-1]
    planes = [
        np.asarray(Image.fromarray(plane).resize(size, Image.Resampling.BILINEAR)) for plane in np.moveaxis(colours, -1, 0)
    ]
    return task.picture(task.source(image[None]), np.stack(planes, -1)[None])[0]


if __name__ == "__main__":
    command(main)
