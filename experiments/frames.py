"""Films: a folder of frames, a GIF or a video file, read and written one frame at a time: memory does not grow with the length.

A picture is uint8 `[H, W, 3]`, RGB. What cannot be read is an `InputError` that names the file and, if there is one, the frame.
"""

import itertools
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import av
import numpy as np
from av.video.reformatter import ColorRange, Colorspace
from PIL import Image

from experiments import pictures
from gan.errors import InputError

KINDS = ("frames", "gif", "mp4")
CLOCK = Fraction(1, 90000)  # ticks that all usual rates fall on
GIF_CLOCK = Fraction(1, 100)
UNHURRIED = Fraction(1, 10)  # what viewers make of a GIF that states no duration
CONSTANT_RATE_FACTOR = "17"  # of x264: no loss that one sees
MP4_AUDIO = ("aac", "ac3", "alac", "eac3", "flac", "mp3", "mp3float", "opus", "libopus")  # what an mp4 can hold as it is


class Frame(NamedTuple):
    pixels: np.ndarray
    time: Fraction
    """Seconds, by the film's clock."""
    duration: Fraction


@dataclass(frozen=True)
class Film:
    path: Path
    kind: str
    """One of KINDS; other video files count as mp4."""
    size: tuple[int, int]
    """Width and height."""
    rate: Fraction
    """Frames a second, on average."""
    audio: bool
    max_pixels: int

    def frames(self, start: int = 0, count: int | None = None, long_side: int | None = None) -> Iterator[Frame]:
        """`count` frames from number `start` on, scaled to a long side, the aspect ratio kept.

        Raises:
            InputError: a frame that cannot be read, or of another size than the first; names it.
        """
        stop = None if count is None else start + count
        for index, frame in itertools.islice(enumerate(READERS[self.kind](self)), start, stop):
            if frame.pixels.shape[1::-1] != self.size:
                received = " x ".join(map(str, frame.pixels.shape[1::-1]))
                raise InputError(
                    f"all frames must have the size of the first, {self.size[0]} x {self.size[1]}. Received: "
                    f"{received} for {self.name(index)}"
                )
            yield frame._replace(pixels=pictures.resize(Image.fromarray(frame.pixels), long_side))

    def length(self) -> int:
        """How many frames there are, without decoding them."""
        if self.kind == "frames":
            return len(frame_files(self.path))
        with _readable(self.path):
            if self.kind == "gif":
                with Image.open(self.path, formats=["GIF"]) as image:
                    return getattr(image, "n_frames", 1)
            with av.open(str(self.path)) as container:
                return sum(packet.size > 0 for packet in container.demux(container.streams.video[0]))

    def name(self, index: int) -> str:
        return f"'{frame_files(self.path)[index]}'" if self.kind == "frames" else f"frame {index} of '{self.path}'"


def open_film(path: Path, rate: float = 24.0, max_pixels: int = pictures.MAX_PIXELS) -> Film:
    """What there is to know of a film before its frames are decoded.

    Args:
        rate: frames a second of a folder, which does not say.

    Raises:
        InputError: missing, without frames, unreadable, or with more than `max_pixels` a frame.
    """
    if path.is_dir():
        first = pictures.read(frame_files(path)[0], max_pixels=max_pixels)
        return Film(path, "frames", first.shape[1::-1], Fraction(rate).limit_denominator(1001), False, max_pixels)
    if not path.exists():
        raise InputError(f"--input '{path}' does not exist")
    return _open_gif(path, max_pixels) if path.suffix.lower() == ".gif" else _open_video(path, max_pixels)


def scaled_size(film: Film, long_side: int | None) -> tuple[int, int]:
    """Width and height of its frames at a long side."""
    return pictures.scaled_size(film.size, long_side)


def _check_size(path: Path, size: tuple[int, int], max_pixels: int) -> None:
    if size[0] * size[1] > max_pixels:
        raise InputError(f"'{path}' has frames of {size[0]} x {size[1]}, more than --max-pixels {max_pixels}")
    if min(size) < pictures.SMALLEST:
        raise InputError(f"'{path}' has frames of {size[0]} x {size[1]}; each side must have at least {pictures.SMALLEST}")


def frame_files(folder: Path) -> list[Path]:
    """The pictures of a folder in the order of the numbers in their names: frame9 before frame10."""
    found = [path for path in folder.iterdir() if path.suffix.lower() in pictures.SUFFIXES and path.is_file()]
    if not found:
        raise InputError(f"'{folder}' holds no frames: {', '.join(pictures.SUFFIXES)} files")
    return sorted(found, key=lambda path: [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", path.name)])


def _read_folder(film: Film) -> Iterator[Frame]:
    for index, path in enumerate(frame_files(film.path)):
        yield Frame(pictures.read(path, max_pixels=film.max_pixels), index / film.rate, 1 / film.rate)


# GIF ------------------------------------------------------------------------------------------------------------------


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    try:
        yield
    except InputError:
        raise
    except (OSError, ValueError, EOFError, SyntaxError, av.FFmpegError) as error:  # what damaged files make decoders raise
        raise InputError(f"'{path}' is not a readable film ({str(error).splitlines()[0]})") from None


def _open_gif(path: Path, max_pixels: int) -> Film:
    with _readable(path), Image.open(path, formats=["GIF"]) as image:
        size, count = image.size, getattr(image, "n_frames", 1)
        _check_size(path, size, max_pixels)
        total = sum(frame.duration for frame in _read_gif(Film(path, "gif", size, Fraction(1), False, max_pixels), False))
    return Film(path, "gif", size, count / total, False, max_pixels)


def _read_gif(film: Film, decode: bool = True) -> Iterator[Frame]:
    with _readable(film.path), Image.open(film.path, formats=["GIF"]) as image:
        time = Fraction(0)
        for index in range(getattr(image, "n_frames", 1)):
            image.seek(index)
            duration = Fraction(int(image.info.get("duration", 0)), 1000) or UNHURRIED
            yield Frame(np.asarray(pictures.flatten(image)) if decode else None, time, duration)
            time += duration


# Video ----------------------------------------------------------------------------------------------------------------


def _open_video(path: Path, max_pixels: int) -> Film:
    with _readable(path), av.open(str(path)) as container:
        if not container.streams.video:
            raise InputError(f"'{path}' holds no video")
        stream = container.streams.video[0]
        _check_size(path, (stream.codec_context.width, stream.codec_context.height), max_pixels)
        rate = stream.average_rate or stream.guessed_rate or Fraction(25)
        film = Film(path, "mp4", (0, 0), rate, bool(container.streams.audio), max_pixels)
        first = next(_read_video(film), None)  # tells whether it is turned, as telephones do
        if first is None:
            raise InputError(f"'{path}' holds no frames")
        return replace(film, size=first.pixels.shape[1::-1])


def _read_video(film: Film) -> Iterator[Frame]:
    with _readable(film.path), av.open(str(film.path)) as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        for index, frame in enumerate(container.decode(stream)):
            time = index / film.rate if frame.pts is None else frame.pts * frame.time_base
            duration = frame.duration * frame.time_base if frame.duration else 1 / film.rate
            pixels = np.rot90(frame.to_ndarray(format="rgb24"), round(frame.rotation / 90))
            yield Frame(np.ascontiguousarray(pixels), time, duration)


READERS = {"frames": _read_folder, "gif": _read_gif, "mp4": _read_video}


# Writing --------------------------------------------------------------------------------------------------------------


def write(path: Path, kind: str, frames: Iterable[Frame], rate: Fraction, sound: Film | None = None) -> bool:
    """Writes a GIF or an mp4 (H.264, with an odd row or column repeated); the file appears whole or not at all.

    Args:
        frames: their times decide, shifted so that the first is at 0.
        sound: whose audio an mp4 gets, as it is (what mp4 cannot hold as AAC), from the first to the last of the frames.

    Returns:
        Whether there is audio in it.
    """
    temporary = path.with_name(path.name + ".part")
    try:
        with av.open(str(temporary), "w", format=kind) as container:
            audible = (_write_gif if kind == "gif" else _write_mp4)(container, frames, rate, sound)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    return audible


def _write_gif(container: av.container.OutputContainer, frames: Iterable[Frame], rate: Fraction, sound: Film | None) -> bool:
    """Each frame with 256 colours of its own."""
    stream = container.add_stream("gif", rate=rate)
    stream.pix_fmt = "pal8"
    stream.codec_context.time_base = GIF_CLOCK
    began = None
    for frame in frames:
        if began is None:
            began = frame.time
            stream.height, stream.width = frame.pixels.shape[:2]
        few = Image.fromarray(frame.pixels).quantize(256, dither=Image.Dither.FLOYDSTEINBERG)
        palette = np.full([256, 4], 255, np.uint8)  # alpha, red, green, blue
        colours = np.array(few.getpalette(), np.uint8).reshape(-1, 3)
        palette[: len(colours), 1:] = colours
        picture = av.VideoFrame.from_ndarray((np.asarray(few), palette), format="pal8")
        _mux(container, stream, picture, frame, began, GIF_CLOCK)
    container.mux(stream.encode())
    return False


def _write_mp4(container: av.container.OutputContainer, frames: Iterable[Frame], rate: Fraction, sound: Film | None) -> bool:
    stream = container.add_stream("libx264", rate=rate, options={"crf": CONSTANT_RATE_FACTOR})
    stream.pix_fmt = "yuv420p"
    stream.codec_context.time_base = CLOCK
    stream.codec_context.colorspace, stream.codec_context.color_range = Colorspace.ITU709, ColorRange.MPEG
    began = audio = None
    for frame in frames:
        if began is None:
            began = frame.time
            audio = _Audio(sound.path, container, began) if sound is not None and sound.audio else None
            height, width = frame.pixels.shape[:2]
            stream.height, stream.width = height + height % 2, width + width % 2
        even = np.pad(frame.pixels, ((0, height % 2), (0, width % 2), (0, 0)), "edge")
        picture = av.VideoFrame.from_ndarray(even).reformat(format="yuv420p", dst_colorspace=Colorspace.ITU709)
        _mux(container, stream, picture, frame, began, CLOCK)
        if audio:
            audio.mux_until(frame.time + frame.duration)
    container.mux(stream.encode())
    if audio:
        audio.source.close()
    return audio is not None


def _mux(container, stream, picture: av.VideoFrame, frame: Frame, began: Fraction, clock: Fraction) -> None:
    picture.pts, picture.time_base = round((frame.time - began) / clock), clock
    picture.duration = round(frame.duration / clock)
    container.mux(stream.encode(picture))


class _Audio:
    """The audio of a film from a moment on, handed to a container as its pictures arrive."""

    def __init__(self, path: Path, container: av.container.OutputContainer, began: Fraction):
        self.source, self.container, self.began = av.open(str(path)), container, began
        stream = self.source.streams.audio[0]
        if stream.codec_context.name in MP4_AUDIO:
            self.stream, packets = container.add_stream_from_template(stream), self._copied(stream)
        else:
            self.stream = container.add_stream("aac", rate=stream.codec_context.sample_rate)
            packets = self._encoded(stream)
        self.packets, self.waiting = packets, next(packets, None)

    def _copied(self, stream) -> Iterator[av.Packet]:
        late = round(self.began / stream.time_base)
        for packet in self.source.demux(stream):
            if packet.pts is not None and packet.pts + (packet.duration or 0) > late:
                packet.pts, packet.dts = packet.pts - late, packet.dts - late
                packet.stream = self.stream
                yield packet

    def _encoded(self, stream) -> Iterator[av.Packet]:
        late = round(self.began / stream.time_base)
        for frame in self.source.decode(stream):
            if frame.pts >= late:
                frame.pts -= late
                yield from self.stream.encode(frame)
        yield from self.stream.encode()

    def mux_until(self, time: Fraction) -> None:
        """All that is heard before a moment of the film."""
        while self.waiting is not None and self.waiting.pts * self.waiting.time_base < time - self.began:
            self.container.mux(self.waiting)
            self.waiting = next(self.packets, None)
