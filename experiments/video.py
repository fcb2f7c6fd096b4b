"""A film painted in the style of pictures so that it does not flicker (Ruder, Dosovitskiy, Brox 2016).

    python -m experiments.video --input film.mp4 --style painting.jpg --run-dir runs/video
    python -m experiments.video --input frames/ --style painting.jpg --method optimise --image-size 320 --run-dir runs/video

Takes a folder of frames, a GIF or a video file; writes frames/ and, as the input is, stylised.mp4 with the film's rate and
audio, or stylised.gif. Networks: what they paint frame by frame is drawn towards the last result, warped, where the motion is
reliable (style.video.steadied). Optimiser: starts from the last result and is held to it. The same command goes on at the frame
where it stopped. Results: the warping error (mean squared difference of a frame and the warped one before, where reliable),
over one step and over ten, beside that of frame by frame.

Differences from the paper: flow is TV-L1 instead of DeepFlow; what must not follow starts as the film's frame, not as
the warped one; long ways are chained from single steps; no long-term term and no passes backwards.
"""

import hashlib
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from experiments.options import Training, command, not_negative, one_for_each_style, parse, positive
from experiments.pictures import MAX_PIXELS
from experiments.run import Run, begin
from gan.errors import InputError

if TYPE_CHECKING:
    import numpy as np

    from experiments.frames import Film


@dataclass(frozen=True, kw_only=True)
class Config(Training):
    input: Path
    """A folder of frames, a GIF, or a video file."""
    style: tuple[str, ...]
    """The style picture, or several: blended. For a network with styles of its own: their names."""
    style_weights: tuple[float, ...] | None = None
    """How much each style counts. Default: all the same."""
    method: Literal["network", "optimise"] = "network"
    """A network in one pass, or the optimiser: better, and minutes a frame."""
    network: str = "arbitrary"
    """What experiments.stylise --network takes."""
    steadiness: float = 0.5
    """Share of the last result in a frame, where the motion is reliable (network)."""
    temporal_weight: float = 10.0
    """Weight of what moves against the film (optimise)."""
    style_weight: float = 1.0
    """Weight of the style (optimise)."""
    steps: int = 100
    """Steps of the coarsest scale of a frame painted alone (optimise)."""
    following_steps: int = 60
    """Steps of a frame that follows another (optimise)."""
    baseline_pairs: int = 3
    """Frame by frame is measured on so many pairs of frames, evenly spaced (optimise; networks: on all)."""
    image_size: int | None = None
    """Long side of the result; the aspect ratio is kept. Default: the film's."""
    style_size: float = 1.0
    """Long side of the style, as a share of the result's: more makes larger strokes."""
    start: int = 0
    """The first frame."""
    frames: int | None = None
    """How many frames. Default: to the end."""
    rate: float = 24.0
    """Frames a second of a folder, which does not say."""
    output_kind: Literal["input", "mp4", "gif", "frames"] = "input"
    """What to write beside frames/. Default: as the input is."""
    flow_side: int = 320
    """Long side at which the motion is found."""
    tick: int = 10
    """Frames between previews."""
    max_pixels: int = MAX_PIXELS
    """Refuse larger frames before they are decoded."""

    def __post_init__(self):
        positive(
            self, "steps", "following_steps", "baseline_pairs", "image_size", "style_size", "frames", "rate", "flow_side",
            "tick", "max_pixels",
        )  # fmt: skip
        not_negative(self, "start", "temporal_weight", "style_weight")
        if not 0 <= self.steadiness <= 1:
            raise InputError(f"--steadiness must be from 0 to 1. Received: {self.steadiness}")
        if not self.style:
            raise InputError("--style needs at least one picture")
        one_for_each_style(self)


def main(argv: list[str] | None = None) -> None:
    config = parse(Config, __doc__, argv)
    run = begin(config)

    from experiments import frames, harness

    film = frames.open_film(config.input, config.rate, config.max_pixels)
    count = max(0, min(film.length() - config.start, config.frames or film.length()))
    if not count:
        raise InputError(f"--start must be less than the {film.length()} frames of '{film.path}'. Received: {config.start}")
    harness.prepare(config)
    painter, styles = prepared(config, film)
    try:
        run.dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"--run-dir '{run.dir}' cannot be made ({error.strerror})") from None
    run.open(input=digest(film), steps=config.steps)
    baseline = set(range(count)) if config.method == "network" else sampled(count, config.baseline_pairs)
    paint(run, config, film, painter, judge(config, styles), baseline, count)
    if (last := len(run.history())) < count:
        raise InputError(f"'{film.path}' ends after {config.start + last} frames; --frames {last} takes those")
    kind = film.kind if config.output_kind == "input" else config.output_kind
    result, audible = "frames", False
    if kind != "frames":
        result = f"stylised.{kind}"
        audible = frames.write(run.dir / result, kind, painted(run, config, film, count), film.rate, film)
    size = frames.scaled_size(film, config.image_size)
    run.finish(
        {
            **summary(run.history(), baseline, config),
            "frames": count,
            "rate": str(film.rate),
            "size": size,
            "audio_kept": audible,
            "audio_in_the_input": film.audio,
            "method": config.method if config.method == "optimise" else config.network,
            "stylised": result,
        }
    )


def prepared(config: Config, film: "Film"):
    """The painter, and the style pictures `[1, h, w, 3]`, of which there are none where a network has styles of its own."""
    from experiments import frames, pictures

    side = round(max(frames.scaled_size(film, config.image_size)) * config.style_size)

    def read_styles() -> list:
        return [pictures.to_float(pictures.read(path, side, max_pixels=config.max_pixels))[None] for path in config.style]

    if config.method == "optimise":
        styles = read_styles()
    else:
        from style import fast

        network = fast.load(config.network)
        named = isinstance(network, fast.Named)
        styles = [] if named else read_styles()
        paint = network.with_styles(config.style if named else styles, config.style_weights)

    from gan import features
    from style import painters

    if config.method == "network":
        return painters.Network(paint, config.steadiness), styles
    weights = config.style_weight, config.steps, config.following_steps, config.temporal_weight
    return painters.Optimiser(features.load(), styles, config.style_weights, *weights), styles


def judge(config: Config, styles: list):
    """A function: result `[1, H, W, 3]` -> its relative Gram distance from the styles, None where there are no pictures."""
    from gan import features
    from style.models import Stylisation

    made = []

    def style_loss(image: "np.ndarray") -> float | None:
        if styles and not made:
            made.append(Stylisation(features.load(), image, styles, shares=config.style_weights))
        return made[0].scores(image)["style"] if made else None

    return style_loss


def sampled(count: int, pairs: int) -> set[int]:
    """The frames that evenly spaced pairs need, over one step and over ten."""
    from style.video import LONG_RANGE

    later = {round(1 + (index + 0.5) * (count - 2) / pairs) for index in range(pairs)} if count > 1 else {0}
    return {frame for last in later for frame in (last, last - 1, last - LONG_RANGE) if frame >= 0}


def digest(film: "Film") -> str:
    from experiments import frames

    total = hashlib.sha256()
    for path in frames.frame_files(film.path) if film.kind == "frames" else [film.path]:
        with path.open("rb") as file:
            total.update(hashlib.file_digest(file, "sha256").digest())
    return total.hexdigest()


def paint(run: Run, config: Config, film: "Film", painter, style_loss, baseline: set[int], count: int) -> None:
    """Paints the frames that are not there yet; each leaves its picture and its line in stats.jsonl."""
    from experiments import harness, pictures
    from style import video

    done = min(len(run.history()), sum(1 for _ in (run.dir / "frames").glob("*[0-9].png")))
    if done < count:
        run.rewind(done)
    first = max(0, done - video.LONG_RANGE)  # the ways over ten steps begin there
    last, motions = None, []
    with harness.interruptible() as interrupted, harness.Progress(run, done, count, "frames") as progress:
        source = film.frames(config.start + first, count - first, config.image_size) if done < count else ()
        for index, shown in enumerate(source, first):
            began = time.monotonic()
            frame = pictures.to_float(shown.pixels)[None]
            if last is not None:
                motions = [video.motion(frame, last, config.flow_side), *motions][: video.LONG_RANGE]
            if index >= done:
                alone = painter.alone(frame) if index in baseline or index == 0 else None
                result = painter.following(frame, alone, saved(run, "frames", index - 1), motions[0]) if index else alone
                for folder, picture in (("framewise", alone), ("frames", result)):
                    if picture is not None:
                        pictures.write(run.dir / folder / name(index), picture[0])
                values = measured(run, index, frame, last, motions, style_loss)
                run.record(index + 1, values, {"seconds": round(time.monotonic() - began, 3)})
                progress.advance()
                if (index + 1) % config.tick == 0 or index + 1 == count:
                    preview(run, frame, index, film.rate)
                    progress.times(index + 1, 1)
                    progress.tick(index + 1, values)
                if interrupted():
                    raise KeyboardInterrupt(f"interrupted at frame {index + 1} of {count}: the same command goes on from there")
            last = frame


def name(index: int) -> str:
    return f"{index:06d}.png"


def saved(run: Run, folder: str, index: int) -> "np.ndarray | None":
    """A painted frame as it stands in its file, `[1, H, W, 3]`: what a run that goes on can see too."""
    from experiments import pictures

    path = run.dir / folder / name(index)
    return pictures.to_float(pictures.read(path))[None] if path.exists() else None


def measured(run: Run, index: int, frame, last, motions: list, style_loss) -> dict[str, float]:
    """What the run's line of a frame says; without pairs that a film's motion leaves nothing reliable of."""
    import numpy as np

    from style import video

    own = {folder: saved(run, folder, index) for folder in ("frames", "framewise")}
    values = {
        "loss/style": style_loss(own["frames"]),
        "loss/style_framewise": None if own["framewise"] is None else style_loss(own["framewise"]),
    }
    ways = {1: motions[0]} if motions else {}
    if len(motions) == video.LONG_RANGE:
        ways[video.LONG_RANGE] = video.chained(motions)
    for steps, how in ways.items():
        tag = "metric/warping_error" + ("" if steps == 1 else f"_{steps}")
        values[tag.replace("warping_error", "reliable")] = float(np.mean(how.reliable))
        for folder, suffix in (("frames", ""), ("framewise", "_framewise")):
            earlier = saved(run, folder, index - steps)
            if own[folder] is not None and earlier is not None:
                values[tag + suffix] = video.warping_error(own[folder], earlier, how)
        if steps == 1:
            values[tag + "_original"] = video.warping_error(frame, last, how)
    return {key: value for key, value in values.items() if value is not None and np.isfinite(value)}


def summary(lines: list[dict], baseline: set[int], config: Config) -> dict:
    """Means over the frames; the ratios are over those that were painted frame by frame too."""
    import numpy as np

    from style.video import LONG_RANGE

    def mean(key: str, among: str | None = None) -> float | None:
        values = [line[key] for line in lines if key in line and (among is None or among in line)]
        return float(np.mean(values)) if values else None

    found = {}
    names = {
        "warping_error": "metric/warping_error",
        "long_range_warping_error": f"metric/warping_error_{LONG_RANGE}",
        "style_loss": "loss/style",
    }
    for name, key in names.items():
        other, same = mean(f"{key}_framewise"), mean(key, f"{key}_framewise")
        found |= {name: mean(key), f"{name}_framewise": other, f"{name}_ratio": same / other if other and same else None}
    alone = sum("loss/style_framewise" in line or line["step"] - 1 in baseline for line in lines)
    pairs = sum("metric/warping_error_framewise" in line for line in lines)
    return found | {
        "warping_error_original": mean("metric/warping_error_original"),
        "reliable": mean("metric/reliable"),
        "long_range_steps": LONG_RANGE,
        "framewise": f"{alone} frames painted alone, {pairs} consecutive pairs of them"
        + ("" if config.method == "network" else " (an evenly spaced sample; the ratios are over the same pairs)"),
    }


def preview(run: Run, frame, index: int, rate) -> None:
    """preview.png, the film beside the result, also in TensorBoard; preview.gif, all so far in at most 24 small frames."""
    import numpy as np

    from experiments import frames, pictures

    shown = [one[0] for one in (frame, saved(run, "framewise", index), saved(run, "frames", index)) if one is not None]
    run.image("preview", index + 1, pictures.side_by_side(shown), "preview.png")
    places = np.unique(np.linspace(0, index, 24).astype(int))
    small = (pictures.read(run.dir / "frames" / name(place), min(240, max(frame.shape[1:3]))) for place in places)
    step = frames.UNHURRIED
    frames.write(run.dir / "preview.gif", "gif", (frames.Frame(one, k * step, step) for k, one in enumerate(small)), 1 / step)


def painted(run: Run, config: Config, film: "Film", count: int):
    """The results as frames of a film, at the times of the originals."""
    import numpy as np
    from PIL import Image

    for index, frame in enumerate(film.frames(config.start, count)):
        yield frame._replace(pixels=np.asarray(Image.open(run.dir / "frames" / name(index))))


if __name__ == "__main__":
    command(main)
