"""experiments.video and experiments.latent_walk from end to end, on films made for the purpose."""

import json

import numpy as np
import pytest
from PIL import Image

from experiments import frames, latent_walk, video
from gan.errors import InputError
from tests.experiments.test_frames import film_of, moving_square, tone

COUNT = 13


class Painter:
    """Stands in for a network: what it paints depends on the contrast of the whole frame, as instance normalisation does."""

    def __init__(self, stop_at=None):
        self.calls, self.stop_at = 0, stop_at

    def with_styles(self, styles, shares):
        def paint(images):
            self.calls += 1
            if self.calls == self.stop_at:
                raise KeyboardInterrupt("stopped")
            noise = np.random.default_rng(int(1e6 * images.std())).normal(size=images.shape)
            return np.clip((images - images.mean()) * 0.5 / images.std() + 0.2 * noise, -1, 1).astype(np.float32)

        return paint


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "film").mkdir()
    for index, picture in enumerate(moving_square(COUNT)):
        Image.fromarray(picture).save(tmp_path / "film" / f"{index}.png")
    Image.effect_noise((40, 40), 60).convert("RGB").save(tmp_path / "style.png")
    return tmp_path


def painted(folder, source, run, monkeypatch, stop_at=None, more=()):
    painter = Painter(stop_at)
    monkeypatch.setattr("style.fast.load", lambda name: painter)
    arguments = ["--input", str(source), "--style", str(folder / "style.png"), "--run-dir", str(run), "--tick", "4", *more]
    video.main(arguments)
    return json.loads((run / "results.json").read_text())


def contents(run, *kinds):
    return {path.name: path.read_bytes() for kind in kinds for path in sorted(run.glob(kind))}


def stats(run):
    lines = [json.loads(line) for line in (run / "stats.jsonl").read_text().splitlines()]
    return [{key: value for key, value in line.items() if not key.startswith("time/")} for line in lines]


def test_it_goes_on_where_it_stopped_with_the_same_bytes(folder, monkeypatch):
    whole, parts = folder / "whole", folder / "parts"
    results = painted(folder, folder / "film", whole, monkeypatch)
    for stop_at in (4, 9):  # of what is left
        with pytest.raises(KeyboardInterrupt):
            painted(folder, folder / "film", parts, monkeypatch, stop_at)
    assert len(list((parts / "frames").glob("*.png"))) == 3 + 8
    assert painted(folder, folder / "film", parts, monkeypatch) | {"seconds": 0} == results | {"seconds": 0}
    every = ("frames/*.png", "framewise/*.png", "preview.*")
    assert contents(parts, *every) == contents(whole, *every)
    assert stats(parts) == stats(whole)
    assert results["frames"] == COUNT == len(list((whole / "frames").glob("*.png")))
    assert results["warping_error"] < results["warping_error_framewise"]
    assert results["warping_error_ratio"] == pytest.approx(results["warping_error"] / results["warping_error_framewise"])
    assert results["long_range_warping_error"] > 0
    assert results["style_loss_framewise"] > 0
    assert results["stylised"] == "frames"


def test_rate_and_sound_of_a_film_are_kept(folder, monkeypatch):
    source = tone(folder / "in.mp4", 0.4)
    results = painted(folder, source, folder / "run", monkeypatch)
    made = frames.open_film(folder / "run" / "stylised.mp4")
    assert (made.rate, made.length(), made.audio, made.size) == (25, 10, True, (48, 36))
    assert (results["rate"], results["audio_kept"], results["size"]) == ("25", True, [48, 36])
    assert (
        painted(folder, source, folder / "gif", monkeypatch, more=["--output-kind", "gif", "--frames", "3"])["audio_kept"]
        is False
    )
    assert frames.open_film(folder / "gif" / "stylised.gif").length() == 3


def test_a_part_of_a_gif_at_another_size(folder, monkeypatch):
    frames.write(folder / "in.gif", "gif", film_of(moving_square(6), frames.Fraction(10)), frames.Fraction(10))
    more = ["--start", "2", "--frames", "3", "--image-size", "32"]
    results = painted(folder, folder / "in.gif", folder / "run", monkeypatch, more=more)
    made = frames.open_film(folder / "run" / "stylised.gif")
    assert (made.size, made.length(), results["frames"]) == ((32, 24), 3, 3)


def test_what_ends_in_one_line(folder, monkeypatch):
    with pytest.raises(InputError, match="--start must be less than the 13 frames"):
        painted(folder, folder / "film", folder / "run", monkeypatch, more=["--start", "13"])
    Image.new("RGB", (40, 30)).save(folder / "film" / "7.png")
    with pytest.raises(InputError, match=r"40 x 30 for .*7\.png"):
        painted(folder, folder / "film", folder / "run", monkeypatch)


def test_the_sample_of_pairs_is_spread_and_whole():
    assert video.sampled(60, 3) == {11, 10, 1, 30, 29, 20, 49, 48, 39}
    assert video.sampled(1, 3) == {0}
    for count in range(2, 30):
        assert max(video.sampled(count, 4)) < count
        assert any(frame + 1 in video.sampled(count, 4) for frame in video.sampled(count, 4))


def test_a_walk_closes_and_stays_as_long_as_its_latents(random):
    points = random.normal(size=(3, 4, 6)).astype(np.float32)
    np.testing.assert_allclose(latent_walk.on_the_way(points, 0.0), points[0], atol=1e-5)
    np.testing.assert_allclose(latent_walk.on_the_way(points, 1 / 3), points[1], atol=1e-4)
    np.testing.assert_allclose(latent_walk.on_the_way(points, 0.999999), points[0], atol=1e-3)
    lengths = np.linalg.norm([latent_walk.on_the_way(points, share) for share in np.linspace(0, 0.99, 30)], axis=-1)
    norms = np.linalg.norm(points, axis=-1)
    assert (lengths >= norms.min(0) - 1e-3).all()
    assert (lengths <= norms.max(0) + 1e-3).all()


def test_a_broken_frame_is_named_and_what_is_painted_is_kept(folder, monkeypatch):
    broken = folder / "film" / "7.png"
    broken.write_bytes(broken.read_bytes()[:-40])
    with pytest.raises(InputError, match=r"7\.png"):
        painted(folder, folder / "film", folder / "run", monkeypatch)
    assert len(list((folder / "run" / "frames").glob("*.png"))) == 7
