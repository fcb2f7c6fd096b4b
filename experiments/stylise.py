"""A photograph, or a folder of them, painted in one pass by a network.

    python -m experiments.stylise --content photo.jpg --style painting.jpg --output painted.png
    python -m experiments.stylise --content photos/ --style a.jpg b.jpg --style-weights 3 1 --output painted/
    python -m experiments.stylise --content photo.jpg --network many --style mondrian_composition_1913 --output painted.png

Two networks come with the package: arbitrary takes any picture as its style, many has twelve paintings of its own (a name that
it does not know is answered by the list). Others are finished runs of experiments.adain and of experiments.fast_style. Pictures
of any size: large ones are painted in tiles, with the statistics of the whole. `--refine 50` goes on from there with so many
steps of the optimiser. Transparency, 16 bits, orientation and colour profile are kept or told.
"""

import functools
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from experiments.options import command, not_negative, one_for_each_style, parse, positive
from experiments.pictures import MAX_PIXELS
from gan.errors import InputError


@dataclass(frozen=True, kw_only=True)
class Config:
    content: Path
    """The photograph, or a folder of them."""
    output: Path
    """The picture to write (NAME.png), or a folder to write to; for a folder of photographs a folder."""
    style: tuple[str, ...] = ()
    """For an arbitrary-style network the style picture, or several; for others names of their styles."""
    network: str = "arbitrary"
    """arbitrary, many, a run of adain or fast_style, or a .keras file."""
    style_weights: tuple[float, ...] | None = None
    """How much each style counts. Default: all the same."""
    strength: float = 1.0
    """From 0, the photograph, to 1."""
    mask: tuple[Path, ...] = ()
    """Where each style is wanted: a picture for each, white inside, soft edges welcome. Default: everywhere."""
    colour: Literal["style", "luminance", "covariance-before", "covariance-after", "histogram-before", "histogram-after"] = (
        "style"
    )
    """Whose colours: the style's, or the content's, kept by painting lightness alone or by matching, before or after."""
    image_size: int | None = None
    """Long side of the result. Default: the photograph's."""
    style_size: float = 1.0
    """Long side of the style, as a share of the result's: more makes larger strokes."""
    refine: int = 0
    """Steps of the optimiser (style.optimise) that go on from the network's picture."""
    skip_broken: bool = False
    """Leave unreadable pictures of a folder out instead of stopping."""
    max_pixels: int = MAX_PIXELS
    """Refuse larger pictures before they are decoded."""
    overwrite: bool = False
    """Replace what is at --output."""

    def __post_init__(self):
        positive(self, "image_size", "style_size", "max_pixels")
        if not 0 <= self.strength <= 1:
            raise InputError(f"--strength must be from 0 to 1. Received: {self.strength}")
        not_negative(self, "refine")
        one_for_each_style(self)


def work(config: Config) -> list[tuple[Path, Path]]:
    """Each photograph and where its painting goes."""
    from experiments import pictures

    root = pictures.resolve(config.content)
    sources, single = pictures.list_files([config.content]), config.output.suffix.lower() == ".png"
    if root.is_dir() and single:
        raise InputError(f"--output must be a folder for a folder of photographs. Received: '{config.output}'")
    found = []
    for source in sources:
        inside = source.relative_to(root) if root.is_dir() else Path(source.name)
        target = config.output if single else config.output / inside.with_suffix(".png")
        if target.resolve() == source.resolve() or (target.exists() and not config.overwrite):
            raise InputError(f"--output '{target}' exists; --overwrite replaces it")
        found.append((source, target))
    doubles = [target for _, target in found if sum(other == target for _, other in found) > 1]
    if doubles:
        raise InputError(f"two photographs would become '{doubles[0]}': give them different names")
    writable(found[0][1].parent)
    return found


def writable(folder: Path) -> None:
    """Raises InputError unless files can be made in a folder, which is made where there is none."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / ".writable"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise InputError(f"--output '{folder}' cannot be written to ({error.strerror})") from None


def main(argv: list[str] | None = None) -> None:
    config = parse(Config, __doc__, argv)
    todo = work(config)

    from experiments import originals
    from experiments.run import import_quietly

    import_quietly()

    from style import fast

    painter = fast.load(config.network)
    if isinstance(painter, fast.Arbitrary) and not config.style:
        raise InputError("--style needs a picture: this network paints in the style of any")
    if isinstance(painter, fast.Named) and config.refine:
        raise InputError("--refine needs pictures of the styles: use --network arbitrary or a run of experiments.adain")
    if isinstance(painter, fast.Named) and not config.style and len(painter.styles) > 1:
        raise InputError(f"--style must name one or more of {', '.join(painter.styles)}")

    @functools.cache
    def style_pictures(side: int) -> list[np.ndarray]:
        return [originals.read(Path(path), side, config.max_pixels).pixels for path in config.style]

    began, failed = time.monotonic(), []
    for number, (source, target) in enumerate(todo, 1):
        try:
            original = originals.read(source, config.image_size, config.max_pixels)
        except InputError as error:
            if not config.skip_broken or len(todo) == 1:
                raise InputError(f"{error}" + (" (--skip-broken leaves such files out)" if len(todo) > 1 else "")) from None
            failed.append(str(error))
            continue
        originals.write(target, paint(config, painter, original, style_pictures), original)
        height, width = original.pixels.shape[:2]
        left = (time.monotonic() - began) / number * (len(todo) - number)
        print(f"{number} of {len(todo)}: {target}, {width} x {height}" + (f", {left:.0f} s left" if left else ""), flush=True)
    for reason in failed:
        print(f"left out: {reason}", flush=True)
    if len(failed) == len(todo):
        raise InputError(f"none of the {len(todo)} pictures can be read, '{todo[0][0]}' among them")


def paint(config: Config, painter, original, style_pictures: Callable[[int], list[np.ndarray]]) -> np.ndarray:
    """The painted picture `[H, W, 3]` of an original; `style_pictures` are those of a long side."""
    from experiments import originals, pictures
    from style import fast
    from style.colour import COLOURS

    colours, (height, width) = COLOURS[config.colour], original.pixels.shape[:2]
    photo = colours.content(original.pixels)[None]
    styles = list(config.style) or painter.styles
    if isinstance(painter, fast.Arbitrary):
        side = round(max(height, width) * config.style_size)
        styles = [colours.style(style, original.pixels)[None] for style in style_pictures(side)]
    masks = [originals.read_mask(path, (height, width), config.max_pixels) for path in config.mask]

    def through(some: list, shares: tuple[float, ...] | None) -> np.ndarray:
        return painter.with_styles(some, shares, config.strength)(photo)

    if masks:
        shares = config.style_weights or (1.0,) * len(masks)
        painted = in_regions(photo, [lambda style=style: through([style], None) for style in styles], masks, shares)
    else:
        painted = through(styles, config.style_weights)
    if config.refine:
        painted = refined(config, photo, styles, painted, masks)
    return colours.result(
        pictures.to_float(pictures.to_uint8(painted[0])) if original.bits == 8 else painted[0], original.pixels
    )


def in_regions(
    photo: np.ndarray, paintings: list[Callable[[], np.ndarray]], masks: list[np.ndarray], shares: tuple[float, ...]
) -> np.ndarray:
    """Each painting where its mask is; where masks overlap, by their shares; where none is, the photograph."""
    total, mixed = np.zeros(photo.shape[1:3], np.float32), np.zeros_like(photo)
    for painting, mask, share in zip(paintings, masks, shares, strict=True):
        total += share * mask
        mixed += share * mask[None, ..., None] * painting()
    covered = np.clip(np.sum(masks, 0), 0, 1)[None, ..., None]
    return covered * mixed / np.maximum(total, 1e-6)[None, ..., None] + (1 - covered) * photo


def refined(config: Config, photo, styles, painted, masks) -> np.ndarray:
    """Some steps of the optimiser from a painted picture."""
    from gan import features
    from style import memory, optimise

    extractor = features.load()
    return optimise.refine(
        photo, styles, painted, config.refine, extractor, shares=config.style_weights, masks=masks or None,
        block=memory.block("auto", extractor, photo.shape[1:3]),
    )  # fmt: skip


if __name__ == "__main__":
    command(main)
