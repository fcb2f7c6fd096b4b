"""Data sets, batches as a function of the step, and the cache."""

import shutil
import time

import numpy as np
import pytest
from PIL import Image

from experiments import data
from gan.errors import InputError


def test_npz(digits_file):
    images = data.load(str(digits_file))
    assert (len(images), images.channels, images.size) == (64, 1, (16, 16))
    assert images.labels[11] == 1
    assert len(data.load(str(digits_file), split="test")) == 32
    assert data.load(str(digits_file), image_size=8).pictures.shape == (64, 8, 8, 1)


def test_folder_is_scaled_by_the_short_side(pictures_folder):
    images = data.load(str(pictures_folder), image_size=16)
    assert len(images) == 4
    assert {min(picture.shape[:2]) for picture in images.pictures} == {16}
    assert data.batch(images, 6, seed=0, step=3).shape == (6, 16, 16, 3)


def test_hash_follows_the_content_not_the_name(pictures_folder, tmp_path):
    copy = shutil.copytree(pictures_folder, tmp_path / "copy")
    assert data.load(str(copy)).hash == data.load(str(pictures_folder)).hash
    shutil.copy(copy / "0.png", copy / "1.png")
    assert data.load(str(copy)).hash != data.load(str(pictures_folder)).hash


def test_each_epoch_shows_each_picture_once():
    seen = np.concatenate([data.indices(10, 4, seed=1, step=step) for step in range(5)])
    assert sorted(seen[:10]) == sorted(seen[10:]) == list(range(10))
    assert list(seen[:10]) != list(seen[10:]), "a new order each epoch"


def test_batch_is_a_function_of_seed_and_step(pictures_folder):
    images = data.load(str(pictures_folder), image_size=16)
    first = data.batch(images, 5, seed=1, step=2, flip=True)
    np.testing.assert_array_equal(first, data.batch(images, 5, seed=1, step=2, flip=True))
    assert not np.array_equal(first, data.batch(images, 5, seed=1, step=3, flip=True))
    assert not np.array_equal(first, data.batch(images, 5, seed=2, step=2, flip=True))


def test_flip_mirrors_half_of_the_pictures():
    x = np.zeros((1, 8, 8, 1), np.uint8)
    x[:, :, :4] = 255
    images = data.Images(x, (8, 8), "")
    left = np.concatenate([data.batch(images, 50, 0, step, flip=True)[:, 0, 0, 0] for step in range(4)])
    assert 0.35 < (left > 0).mean() < 0.65


def test_stream_continues_where_it_is_told():
    stream = data.stream(lambda step: step * 10, start=7)
    assert [next(stream) for _ in range(3)] == [70, 80, 90]
    stream.close()


def test_pictures_beyond_the_cache_are_decoded_again(pictures_folder):
    all_kept = data.load_files(sorted(pictures_folder.iterdir()), 16, short_side=16)
    none_kept = data.load_files(sorted(pictures_folder.iterdir()), 16, cache_bytes=0, short_side=16)
    assert not none_kept.pictures.kept
    for a, b in zip(all_kept.pictures, none_kept.pictures, strict=True):
        np.testing.assert_array_equal(a, b)


def test_broken_pictures_stop_or_are_skipped_by_name(pictures_folder, tmp_path, capsys):
    folder = shutil.copytree(pictures_folder, tmp_path / "some")
    (folder / "00broken.png").write_bytes(b"nothing")
    with pytest.raises(InputError, match=r"00broken.png.*--skip-broken"):
        data.load(str(folder))
    images = data.load(str(folder), skip_broken=True)
    assert "00broken.png" in capsys.readouterr().err
    assert len(images) == 4
    np.testing.assert_array_equal(images.pictures[0], data.load(str(pictures_folder)).pictures[0])


@pytest.mark.parametrize(
    ("arrays", "complaint"),
    [
        ({"images": np.zeros((4, 8, 8), np.uint8)}, "x_train"),
        ({"x_train": np.full((4, 8, 8), np.nan)}, "uint8"),
        ({"x_train": np.zeros((4, 8), np.uint8)}, "shape"),
        ({"x_train": np.zeros((0, 8, 8), np.uint8)}, "shape"),
        ({"x_train": np.zeros((4, 8, 8, 9), np.uint8)}, "channels"),
        ({"x_train": np.zeros((4, 8, 8), np.uint8), "y_train": np.zeros(3, np.uint8)}, "one integer a picture"),
        ({"x_train": np.array([{"a": 1}], object)}, "readable"),
    ],
)
def test_arrays_that_are_refused(tmp_path, arrays, complaint):
    np.savez(tmp_path / "a.npz", **arrays)
    with pytest.raises(InputError, match=complaint):
        data.load(str(tmp_path / "a.npz"))


def test_a_silent_server_does_not_hang(monkeypatch, tmp_path):
    """A data set that must be downloaded through a proxy that accepts and never answers."""
    import socket

    from gan import downloads

    server = socket.create_server(("127.0.0.1", 0))
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{server.getsockname()[1]}")
    monkeypatch.setattr(data, "no_hanging", lambda: downloads.no_hanging(1))
    monkeypatch.setattr("keras.src.utils.file_utils.config.keras_home", lambda: str(tmp_path))
    began = time.monotonic()
    with pytest.raises(InputError, match="cannot be downloaded"):
        data.load("mnist")
    assert time.monotonic() - began < 10
    server.close()


@pytest.mark.slow
def test_cached_pictures_come_at_5000_a_second(tmp_path):
    """The stated rate to 128 px crops on two cores, halved for a busy machine."""
    for index in range(8):
        noise = np.random.default_rng(index).integers(0, 256, (20, 30, 3), np.uint8)
        Image.fromarray(noise).resize((240, 160)).save(tmp_path / f"{index}.png")
    images = data.load(str(tmp_path), image_size=128)
    data.batch(images, 64, 0, 0)
    began = time.process_time()
    for step in range(50):
        data.batch(images, 64, 0, step, flip=True)
    assert 50 * 64 / (time.process_time() - began) > 2500


def test_faces_come_with_a_dependency():
    faces = data.load("faces")
    assert len(faces) == 100
    assert (faces.size, faces.channels) == ((25, 25), 1)
    assert faces.pictures.max() > 200
