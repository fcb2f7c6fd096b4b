"""Experiments that turn pictures into pictures: bit for bit after a stop, and what people get wrong."""

import importlib

import numpy as np
import pytest
from PIL import Image

from tests.experiments.test_harness import stats

TINY = "--steps 6 --tick 3 --batch-size 2 --image-size 16 --width 4 --d-width 4 --patches 16"
RESUMED = {
    "pix2pix": f"--data PAIRED {TINY}",
    "cyclegan": f"--data MANY --data-b MANY --blocks 1 --pool 3 {TINY}",
    "cut": f"--data MANY --data-b MANY --blocks 1 --fast {TINY}",
}


def checkpoints(run):
    """Every array of the newest checkpoint of each stage."""
    import h5py

    arrays = {}
    for folder in sorted({path.parent for path in (run / "checkpoints").rglob("*[0-9].weights.h5")}):
        with h5py.File(max(folder.glob("*[0-9].weights.h5"))) as file:
            file.visititems(
                lambda name, item, stage=folder.name: (
                    arrays.__setitem__(f"{stage}/{name}", item[()]) if isinstance(item, h5py.Dataset) else None
                )
            )
    return arrays


@pytest.fixture(scope="session")
def many_folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("many")
    for index in range(20):
        noise = np.random.default_rng(index).integers(0, 256, (34, 32, 3), np.uint8)
        Image.fromarray(noise).save(folder / f"{index}.png")
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("name", RESUMED)
def test_resumes_bit_for_bit(name, many_folder, pairs_folder, tmp_path, monkeypatch):
    """Decay, pools and counters: N steps, a crash after the checkpoint, and N more equal 2 N."""
    main = importlib.import_module(f"experiments.{name}").main
    words = RESUMED[name].replace("MANY", str(many_folder)).replace("PAIRED", str(pairs_folder)).split(" ")
    main([*words, "--run-dir", str(tmp_path / "whole")])

    def crash(self, step, means):
        raise RuntimeError("power cut")

    with monkeypatch.context() as patched:
        patched.setattr("experiments.harness.Progress.tick", crash)
        with pytest.raises(RuntimeError, match="power cut"):
            main([*words, "--run-dir", str(tmp_path / "parts")])
    main([*words, "--run-dir", str(tmp_path / "parts")])
    assert stats(tmp_path / "whole") == stats(tmp_path / "parts")
    left, right = (checkpoints(tmp_path / part) for part in ("whole", "parts"))
    assert left.keys() == right.keys()
    for key in left:
        np.testing.assert_array_equal(left[key], right[key], err_msg=key)
    if name == "cyclegan":
        assert sum("pool" in key for key in left) == 4
