"""Shared by all tests: the CPU, small pictures, and the folder of real data, where it is there."""

import os

os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parent.parent
SHARED = ROOT.parent / "shared" / "data"


def needs_shared(test):
    """Skips a test on real data by name where the data folder is not there."""
    return pytest.mark.skipif(not SHARED.is_dir(), reason="the data folder ../shared/data is not there")(test)


@pytest.fixture(autouse=True)
def seeded():
    import keras

    keras.utils.set_random_seed(0)


@pytest.fixture
def random() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.fixture(scope="session")
def pictures_folder(tmp_path_factory) -> Path:
    """Four small colour pictures of different sizes."""
    from PIL import Image

    folder = tmp_path_factory.mktemp("pictures")
    for index, size in enumerate([(40, 32), (32, 48), (64, 64), (33, 37)]):
        noise = np.random.default_rng(index).integers(0, 256, (size[1] // 4 + 1, size[0] // 4 + 1, 3), np.uint8)
        Image.fromarray(noise).resize(size, Image.Resampling.BICUBIC).save(folder / f"{index}.png")
    return folder


@pytest.fixture(scope="session")
def pairs_folder(tmp_path_factory) -> Path:
    """Six pairs, side by side."""
    from PIL import Image

    folder = tmp_path_factory.mktemp("pairs")
    for index in range(6):
        noise = np.random.default_rng(index).integers(0, 256, (32, 64, 3), np.uint8)
        Image.fromarray(noise).save(folder / f"{index}.png")
    return folder


@pytest.fixture(scope="session")
def digits_file(tmp_path_factory) -> Path:
    """Sixty-four 16 x 16 grey pictures with labels, under Keras' keys."""
    random = np.random.default_rng(0)
    path = tmp_path_factory.mktemp("digits") / "digits.npz"
    x = random.integers(0, 256, (64, 16, 16), np.uint8)
    y = np.arange(64, dtype=np.uint8) % 10
    np.savez(path, x_train=x, y_train=y, x_test=x[:32], y_test=y[:32])
    return path


def command(*arguments: object, **options) -> subprocess.CompletedProcess:
    """Runs `python -m ...` at the top of the repository, as a person would."""
    options = {"cwd": ROOT, "capture_output": True, "text": True, "timeout": 300} | options
    return subprocess.run([sys.executable, "-m", *map(str, arguments)], check=False, **options)
