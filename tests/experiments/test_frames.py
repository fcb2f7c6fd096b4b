"""Films in and out: folders, GIFs and video files, with their rates and sounds; and what is refused."""

from fractions import Fraction

import av
import numpy as np
import pytest
from PIL import Image

from experiments import frames
from gan.errors import InputError


def moving_square(count, height=36, width=48):
    """Smooth colours and a bright square that goes to the right."""
    y, x = np.mgrid[:height, :width]
    for index in range(count):
        picture = np.stack([80 + 2 * x, 60 + 2 * y, np.full_like(x, 120)], -1).astype(np.uint8)
        picture[10:20, 4 + 2 * index : 14 + 2 * index] = (200, 210, 40)
        yield picture


def film_of(pictures, rate):
    return (frames.Frame(one, index / rate, 1 / rate) for index, one in enumerate(pictures))


def tone(path, seconds, codec="aac", container="mp4", sample_rate=44100):
    """A film of 25 frames a second with a tone."""
    with av.open(str(path), "w", format=container) as output:
        video = output.add_stream("libx264" if container != "avi" else "mpeg4", rate=25)
        video.width, video.height, video.pix_fmt = 48, 36, "yuv420p"
        sound = output.add_stream(codec, rate=sample_rate, layout="mono")
        for picture in moving_square(round(25 * seconds)):
            output.mux(video.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(picture))))
        output.mux(video.encode())
        wave = np.sin(2 * np.pi * 440 * np.arange(round(seconds * sample_rate)) / sample_rate)
        samples = av.AudioFrame.from_ndarray((20000 * wave).astype(np.int16)[None], format="s16", layout="mono")
        samples.sample_rate, samples.pts, samples.time_base = sample_rate, 0, Fraction(1, sample_rate)
        for frame in av.AudioResampler(format=sound.codec_context.format, layout="mono", rate=sample_rate).resample(samples):
            output.mux(sound.encode(frame))
        output.mux(sound.encode())
    return path


def heard(path):
    """Seconds of sound, its strongest frequency, and its packets."""
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        wave = np.concatenate([frame.to_ndarray()[0] for frame in container.decode(stream)]).astype(float)
        rate = stream.codec_context.sample_rate
    with av.open(str(path)) as container:
        packets = [bytes(packet) for packet in container.demux(container.streams.audio[0]) if packet.size]
    return len(wave) / rate, np.abs(np.fft.rfft(wave)).argmax() * rate / len(wave), packets


def test_a_folder_in_the_order_of_its_numbers(tmp_path):
    for index, picture in enumerate(moving_square(11)):
        Image.fromarray(picture).save(tmp_path / f"frame{index}.png")
    film = frames.open_film(tmp_path, rate=12.5)
    assert (film.kind, film.size, film.rate, film.length(), film.audio) == ("frames", (48, 36), Fraction(25, 2), 11, False)
    for (picture, time, _), original, index in zip(film.frames(), moving_square(11), range(11), strict=True):
        np.testing.assert_array_equal(picture, original)
        assert time == index * Fraction(2, 25)
    assert [one.pixels.shape for one in film.frames(9, None, 24)] == [(18, 24, 3)] * 2


@pytest.mark.parametrize("rate", [Fraction(24), Fraction(30000, 1001), Fraction(25)])
def test_mp4_there_and_back(tmp_path, rate):
    frames.write(tmp_path / "a.mp4", "mp4", film_of(moving_square(9), rate), rate)
    film = frames.open_film(tmp_path / "a.mp4")
    assert (film.kind, film.size, film.rate, film.length(), film.audio) == ("mp4", (48, 36), rate, 9, False)
    for index, (frame, original) in enumerate(zip(film.frames(), moving_square(9), strict=True)):
        assert np.abs(frame.pixels.astype(int) - original).mean() < 4
        assert abs(frame.time - index / rate) < 1e-4
    np.testing.assert_array_equal([one.pixels for one in film.frames(4, 2)], [one.pixels for one in film.frames()][4:6])


def test_gif_there_and_back_keeps_each_duration(tmp_path):
    durations = [Fraction(1, 10), Fraction(1, 25), Fraction(1, 2), Fraction(1, 5)]
    times = [sum(durations[:index], Fraction(0)) for index in range(4)]
    film = [frames.Frame(*one) for one in zip(moving_square(4), times, durations, strict=True)]
    frames.write(tmp_path / "a.gif", "gif", film, Fraction(10))
    read = frames.open_film(tmp_path / "a.gif")
    assert (read.kind, read.size, read.length()) == ("gif", (48, 36), 4)
    again = list(read.frames())
    assert [one.duration for one in again][:3] == durations[:3]
    for one, original in zip(again, moving_square(4), strict=True):
        assert np.abs(one.pixels.astype(int) - original).mean() < 4


def test_odd_sides_become_even_in_mp4(tmp_path):
    frames.write(tmp_path / "a.mp4", "mp4", film_of(moving_square(2, 35, 47), Fraction(24)), Fraction(24))
    assert frames.open_film(tmp_path / "a.mp4").size == (48, 36)


def test_sound_is_copied_and_cut_with_the_film(tmp_path):
    film = frames.open_film(tone(tmp_path / "in.mp4", 2))
    assert film.audio
    assert frames.write(tmp_path / "whole.mp4", "mp4", film.frames(), film.rate, film)
    seconds, pitch, packets = heard(tmp_path / "whole.mp4")
    assert (seconds, pitch) == (pytest.approx(2, abs=0.06), pytest.approx(440, abs=2))
    original = heard(film.path)[2]
    first = original.index(packets[0])  # the coder's run-up, before the first picture, is left out
    assert first <= 1
    assert packets == original[first : first + len(packets)]  # the very packets, not encoded again
    assert frames.open_film(tmp_path / "whole.mp4").rate == 25
    assert frames.write(tmp_path / "part.mp4", "mp4", film.frames(25, 15), film.rate, film)
    assert heard(tmp_path / "part.mp4")[0] == pytest.approx(0.6, abs=0.06)
    assert not frames.write(tmp_path / "silent.mp4", "mp4", film.frames(), film.rate)


def test_sound_that_mp4_cannot_hold_is_encoded_anew(tmp_path):
    film = frames.open_film(tone(tmp_path / "in.avi", 1, "pcm_s16le", "avi"))
    assert frames.write(tmp_path / "out.mp4", "mp4", film.frames(), film.rate, film)
    seconds, pitch, _ = heard(tmp_path / "out.mp4")
    assert (seconds, pitch) == (pytest.approx(1, abs=0.1), pytest.approx(440, abs=3))


def test_a_turned_film_is_upright(tmp_path):
    plain, turned = tmp_path / "a.mp4", tmp_path / "b.mp4"
    frames.write(plain, "mp4", film_of(moving_square(3), Fraction(24)), Fraction(24))
    with av.open(str(plain)) as source, av.open(str(turned), "w") as output:
        stream = output.add_stream_from_template(source.streams.video[0])
        stream.set_display_rotation(90)
        for packet in source.demux(source.streams.video[0]):
            if packet.size:
                packet.stream = stream
                output.mux(packet)
    film = frames.open_film(turned)
    assert film.size == (36, 48)
    upright = next(frames.open_film(plain).frames()).pixels
    np.testing.assert_array_equal(next(film.frames()).pixels, np.rot90(upright))


def test_what_is_refused(tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.mp4").write_text("hello")
    (tmp_path / "text.gif").write_text("hello")
    with av.open(str(tmp_path / "sound.mp4"), "w") as output:
        sound = output.add_stream("aac", rate=44100)
        output.mux(sound.encode(None))
    mixed = tmp_path / "mixed"
    mixed.mkdir()
    for index, picture in enumerate(moving_square(3)):
        Image.fromarray(picture[: 36 - 2 * (index == 2)]).save(mixed / f"{index}.png")
    frames.write(tmp_path / "large.mp4", "mp4", film_of(moving_square(2), Fraction(24)), Fraction(24))
    for name, words in (("empty", "holds no frames"), ("nothing.mp4", "does not exist"), ("text.mp4", "not a readable film"),
                        ("text.gif", "not a readable film"), ("sound.mp4", "sound.mp4")):  # fmt: skip
        with pytest.raises(InputError, match=words):
            frames.open_film(tmp_path / name)
    with pytest.raises(InputError, match=r"48 x 34 for .*2.png"):
        list(frames.open_film(mixed).frames())
    with pytest.raises(InputError, match="more than --max-pixels 100"):
        frames.open_film(tmp_path / "large.mp4", max_pixels=100)
    truncated = (tmp_path / "large.mp4").read_bytes()
    (tmp_path / "cut.mp4").write_bytes(truncated[: len(truncated) // 2])
    with pytest.raises(InputError, match=r"cut.mp4"):
        frames.open_film(tmp_path / "cut.mp4")
