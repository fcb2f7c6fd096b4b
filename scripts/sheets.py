"""Draws what trained runs make of pictures that may be published: those inside scikit-image, and labels of facades.

    python scripts/sheets.py --runs runs --facades facades --output sheets

Reads the runs of scripts/reproduce.sh, of several seeds the first: denoise, deblur, inpaint, colourise, enhance; cyclegan-,
cut-, fastcut-, hybrid- and parts-monet, cyclegan-ukiyoe; pix2pix-l1 and pix2pix. Writes restoration.jpg (damaged, restored
without learning, reconstruction, generator, real), monet.jpg (photograph, CycleGAN, CUT, FastCUT, content and style losses
alone, hybrid), ukiyoe.jpg (photograph, CycleGAN) and facades.jpg (labels, L1 alone, pix2pix).
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tyro
from PIL import Image

from experiments import data, pairs, pictures, restoration, runs
from experiments.translation import translator
from gan import tiles
from gan.networks import translation

RESTORED = {  # the task: a picture, the part of it that is shown, as left, top, right, bottom
    "denoise": ("chelsea.png", (90, 60, 282, 188)),
    "deblur": ("astronaut.png", (140, 20, 332, 148)),
    "inpaint": ("coffee.png", (0, 0, 600, 400)),
    "colourise": ("rocket.jpg", (0, 0, 640, 427)),
    "enhance": ("astronaut.png", (0, 0, 512, 341)),
}
PAINTED = {"rocket.jpg": (40, 0, 595, 427), "coffee.png": (40, 0, 560, 400), "chelsea.png": (33, 0, 423, 300)}
FACADES, SIDE = 6, 128  # held-out labels
PAINTERS = {  # sheet: columns beside the photographs, as run and network
    "monet.jpg": (
        *((f"{name}-monet-0", "generator") for name in ("cyclegan", "cut", "fastcut")),
        ("parts-monet", "perceptual"),
        ("hybrid-monet-0", "generator"),
    ),
    "ukiyoe.jpg": (("cyclegan-ukiyoe-0", "generator"),),
}


@dataclass
class Config:
    runs: Path = Path("runs")
    """Where the runs are."""
    facades: Path = Path("../shared/data/facades")
    """The pairs that pix2pix was trained on."""
    output: Path = Path("sheets")
    """The folder to write to."""


def part(name: str, box: tuple[int, int, int, int], size: tuple[int, int]) -> np.ndarray:
    """A part of a picture, scaled to width and height, float `[H, W, 3]` in [-1, 1]."""
    picture = Image.open(pictures.samples_folder() / name).convert("RGB").crop(box)
    return pictures.to_float(np.asarray(picture.resize(size, Image.Resampling.LANCZOS)))


def restored(folder: Path, name: restoration.Name, image: np.ndarray) -> list[np.ndarray]:
    """The columns of a restoration."""
    task = restoration.task(name, scale=4, sigma=25.0, hole=0.25)
    damaged = task.damage(image[None], np.random.default_rng(3))
    source = task.source(damaged)[0]
    shown = np.where(damaged[0, ..., 3:] > 0.5, 1, damaged[0, ..., :3]) if damaged.shape[-1] > 3 else damaged[0]
    columns = [shown, *task.baseline(list(damaged), [image])]
    for stage in ("reconstruction", "generator"):
        network = runs.load(folder / f"{name}-0", stage)
        output = tiles.apply(translator(network, 1), source, max(source.shape), 0, translation.multiple(network), task.scale)
        columns.append(task.picture(source, output))
    return [*columns, image]


def main(config: Config) -> None:
    config.output.mkdir(parents=True, exist_ok=True)
    rows = [restored(config.runs, name, part(*shown, (192, 128))) for name, shown in RESTORED.items()]
    save(config.output / "restoration.jpg", rows)
    photos = [part(name, box, (208, 160)) for name, box in PAINTED.items()]
    for sheet, columns in PAINTERS.items():
        painters = [translator(runs.load(config.runs / run, name)) for run, name in columns]
        save(config.output / sheet, [[photo, *(paint(photo[None])[0] for paint in painters)] for photo in photos])
    files = pairs.find(pairs.splits(config.facades)[1])[:FACADES]
    held_out = pairs.load(files, SIDE, SIDE, "b-to-a").pictures
    labels, _ = pairs.apart(pictures.to_float(np.stack([data.centre(pair, (SIDE, SIDE)) for pair in held_out])))
    draw = [translator(runs.load(config.runs / run, "generator")) for run in ("pix2pix-l1-0", "pix2pix-0")]
    save(config.output / "facades.jpg", [list(row) for row in (labels, *(each(labels) for each in draw))])


def save(path: Path, rows: list[list[np.ndarray]]) -> None:
    sheet = np.concatenate([np.concatenate([pictures.to_uint8(each) for each in row], 1) for row in rows])
    Image.fromarray(sheet).save(path, quality=90)
    print(f"written: {path}")


if __name__ == "__main__":
    main(tyro.cli(Config, description=__doc__))
