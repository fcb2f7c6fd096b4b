"""A run stopped anywhere and started again ends as if nothing had happened; what goes wrong leaves the run intact."""

import gc
import json
import resource
import signal
import subprocess
import sys
import time

import keras
import numpy as np
import pytest

from experiments import dcgan, options
from experiments.run import begin
from tests.conftest import ROOT, command

TINY = ["--width", "4", "--batch-size", "4", "--latent-dim", "5", "--schedule", "constant"]


def stats(run):
    """The lines of `stats.jsonl` without what depends on the clock."""
    lines = [json.loads(line) for line in (run / "stats.jsonl").read_text().splitlines()]
    return [{key: value for key, value in line.items() if not key.startswith("time/")} for line in lines]


def checkpoint(run):
    """Every array in the newest checkpoint, by name."""
    import h5py

    arrays = {}
    with h5py.File(sorted((run / "checkpoints").glob("*[0-9].weights.h5"))[-1]) as file:
        file.visititems(lambda name, item: arrays.__setitem__(name, item[()]) if isinstance(item, h5py.Dataset) else None)
    return arrays


def assert_same_run(a, b):
    assert stats(a) == stats(b)
    left, right = checkpoint(a), checkpoint(b)
    assert left.keys() == right.keys()
    for name in left:
        np.testing.assert_array_equal(left[name], right[name], err_msg=name)
    for weight, other in zip(*(keras.models.load_model(run / "generator.keras").get_weights() for run in (a, b)), strict=True):
        np.testing.assert_array_equal(weight, other)


def arguments(digits_file, run, steps=6, tick=2):
    return [*TINY, "--data", str(digits_file), "--steps", str(steps), "--tick", str(tick), "--run-dir", str(run)]


def test_a_longer_run_equals_one_that_was_extended(digits_file, tmp_path):
    dcgan.main(arguments(digits_file, tmp_path / "whole"))
    dcgan.main(arguments(digits_file, tmp_path / "parts", steps=2))
    dcgan.main(arguments(digits_file, tmp_path / "parts", steps=6))
    assert_same_run(tmp_path / "whole", tmp_path / "parts")


def test_the_watch_compares_a_training_with_itself_not_with_the_one_before(tmp_path):
    """A discriminator that begins after a stage without one is no divergence; gradients that then grow a thousandfold are."""
    run = begin(options.Output(run_dir=tmp_path / "run")).open()
    for step, gradient in enumerate([None, None, None, 4.0, 5.0, 5e3], 1):
        run.record(step, {"loss/l1": 0.1} if gradient is None else {"gradient/discriminator": gradient}, {"seconds": 0.1})
    assert run.alarms()[0]["step"] == 4
    run.begins.add(3)
    assert [(alarm["step"], alarm["alarm"]) for alarm in run.alarms()] == [(6, "divergence")]


def test_the_run_directory_describes_itself(digits_file, tmp_path):
    run = tmp_path / "run"
    dcgan.main([*arguments(digits_file, run), "--histograms"])
    config = json.loads((run / "config.json").read_text())
    assert config["options"]["batch_size"] == 4
    assert {"tensorflow", "keras", "python"} <= config["versions"].keys()
    assert len(config["inputs"]["data"]) == 64
    assert [line["step"] for line in stats(run)] == [2, 4, 6]
    assert {path.name for path in (run / "samples").iterdir()} == {f"{step:08d}.png" for step in (2, 4, 6)}
    assert len(list((run / "checkpoints").glob("*.h5"))) == 2
    assert json.loads((run / "results.json").read_text())["steps"] == 6

    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(run), size_guidance={"tensors": 0})
    events.Reload()
    tags = events.Tags()["tensors"]
    plugins = {events.SummaryMetadata(tag).plugin_data.plugin_name for tag in tags}
    assert plugins == {"scalars", "images", "text", "histograms"}
    assert {"loss/generator", "gradient/discriminator", "samples", "real", "config"} <= set(tags)
    assert [event.step for event in events.Tensors("loss/generator")] == [2, 4, 6]


def test_a_finished_command_prints_its_results_and_ends(digits_file, tmp_path, capsys):
    dcgan.main(arguments(digits_file, tmp_path / "run", steps=2))
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "run").rglob("*")}
    capsys.readouterr()
    with pytest.raises(SystemExit) as ended:
        dcgan.main(arguments(digits_file, tmp_path / "run", steps=2))
    assert ended.value.code == 0
    assert '"images_seen": 8' in capsys.readouterr().out
    assert before == {path: path.stat().st_mtime_ns for path in (tmp_path / "run").rglob("*")}


def test_init_from_takes_the_weights_and_nothing_else(digits_file, tmp_path):
    dcgan.main(arguments(digits_file, tmp_path / "first", steps=4))
    dcgan.main(
        [
            *arguments(digits_file, tmp_path / "second", steps=1),
            "--init-from",
            str(tmp_path / "first"),
            "--learning-rate",
            "1e-12",
            "--gamma",
            "0.7",
        ]
    )
    assert stats(tmp_path / "second")[0]["schedule/gamma"] == pytest.approx(0.7)
    first, second = (keras.models.load_model(tmp_path / name / "generator.keras") for name in ("first", "second"))
    for a, b in zip(first.trainable_weights, second.trainable_weights, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)
    assert [line["step"] for line in stats(tmp_path / "second")] == [1]


def test_a_damaged_checkpoint_falls_back_to_the_one_before(digits_file, tmp_path, capsys):
    dcgan.main(arguments(digits_file, tmp_path / "whole"))
    dcgan.main(arguments(digits_file, tmp_path / "hurt", steps=4))
    newest = sorted((tmp_path / "hurt" / "checkpoints").glob("*.h5"))[-1]
    newest.write_bytes(newest.read_bytes()[:1000])
    dcgan.main(arguments(digits_file, tmp_path / "hurt"))
    assert "trying the one before" in capsys.readouterr().out
    assert_same_run(tmp_path / "whole", tmp_path / "hurt")


def test_a_loss_that_is_not_finite_ends_the_run_and_keeps_the_checkpoint(digits_file, tmp_path, capsys, monkeypatch):
    """The third step meets a picture batch of NaN."""
    from experiments import data

    good = data.batch
    monkeypatch.setattr(data, "batch", lambda *a, **k: good(*a, **k) * (np.nan if a[3] == 4 else 1))
    run = tmp_path / "run"
    with pytest.raises(SystemExit) as ended:
        options.command(lambda: dcgan.main(arguments(digits_file, run)))
    assert ended.value.code == 1
    del ended  # its traceback holds the run, and with it the lock
    gc.collect()
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert "nan at step 5" in error
    assert "loss/" in error
    assert [line["step"] for line in stats(run)] == [2, 4]
    monkeypatch.setattr(data, "batch", good)
    dcgan.main(arguments(digits_file, run))
    dcgan.main(arguments(digits_file, tmp_path / "whole"))
    assert_same_run(run, tmp_path / "whole")


def wait_for(process, run, lines, patience=120):
    """Until the run has recorded so many ticks."""
    began = time.monotonic()
    path = run / "stats.jsonl"
    while process.poll() is None and time.monotonic() - began < patience:
        if path.exists() and path.read_text().count("\n") >= lines:
            return
        time.sleep(0.01)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_in_the_middle_of_a_tick(digits_file, tmp_path, number):
    """Saved at that very step; the unfinished tick's values are not lost either."""
    whole, run = tmp_path / "whole", tmp_path / "run"
    training = ["experiments.dcgan", *arguments(digits_file, whole, steps=3000, tick=1500)]
    assert command(*training).returncode == 0
    training[-1] = str(run)
    process = subprocess.Popen(
        [sys.executable, "-m", *training], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    wait_for(process, run, 1)
    while not (run / "checkpoints" / "00001500.weights.h5").exists() and process.poll() is None:
        time.sleep(0.01)
    time.sleep(0.2)
    process.send_signal(number)
    _, error = process.communicate(timeout=60)
    assert process.returncode == 130, error
    assert "saved" in error.strip().splitlines()[-1]
    saved = sorted((run / "checkpoints").glob("*.h5"))[-1].name
    assert int(saved[:8]) % 1500, "the point is a stop within a tick"
    assert command(*training).returncode == 0
    assert_same_run(whole, run)


@pytest.mark.slow
def test_killed_at_twenty_random_moments(digits_file, tmp_path, random):
    whole, run = tmp_path / "whole", tmp_path / "run"
    training = ["experiments.dcgan", *arguments(digits_file, whole, steps=400, tick=20)]
    assert command(*training).returncode == 0
    training[-1] = str(run)
    restarts = set()
    for kill in range(20):
        process = subprocess.Popen(
            [sys.executable, "-m", *training], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        wait_for(process, run, min(kill // 2 + 1, 15))
        time.sleep(random.uniform(0, 0.1))
        assert process.poll() is None, "killed too late to be a test"
        process.kill()
        said = process.communicate()[0]
        restarts |= {line.split("step ")[1] for line in said.splitlines() if "going on at" in line}
    assert len(restarts) >= 5, restarts
    assert command(*training).returncode == 0
    assert_same_run(whole, run)


@pytest.mark.slow
def test_a_run_of_two_trainings_killed_in_each(tmp_path):
    whole, run = tmp_path / "whole", tmp_path / "run"
    sizes = ["--patch-size", "32", "--style-size", "64", "--sheet-size", "48", "--sheets", "2", "--image-size", "48"]
    training = [
        "experiments.gan_style",
        *sizes,
        "--gan-steps",
        "20",
        "--style-steps",
        "20",
        "--tick",
        "4",
        "--run-dir",
        str(whole),
    ]
    assert command(*training).returncode == 0
    training[-1] = str(run)
    for lines in (2, 6, 8):
        process = subprocess.Popen(
            [sys.executable, "-m", *training], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        wait_for(process, run, lines)
        process.kill()
        process.wait()
    assert command(*training).returncode == 0
    assert [line["step"] for line in stats(run)] == list(range(4, 41, 4))
    assert stats(run) == stats(whole)
    for name in ("style_sheet.png", "stylised.png"):
        assert (run / name).read_bytes() == (whole / name).read_bytes()


@pytest.mark.slow
def test_a_full_disk_ends_the_run_and_keeps_the_checkpoint(digits_file, tmp_path):
    """Simulated by a limit on the size of files, which the checkpoint of the wider network exceeds."""
    run = tmp_path / "run"
    training = ["experiments.dcgan", *arguments(digits_file, run, steps=4)]
    assert command(*training).returncode == 0
    size = max(path.stat().st_size for path in (run / "checkpoints").iterdir())
    before = {path.name: path.read_bytes() for path in (run / "checkpoints").iterdir()}

    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (size // 2, size // 2))

    training[training.index("--steps") + 1] = "8"
    full = command(*training, preexec_fn=limit)
    assert full.returncode == 1, full.stderr
    assert len(full.stderr.strip().splitlines()) == 1, full.stderr
    assert {path.name: path.read_bytes() for path in (run / "checkpoints").iterdir()} == before
    assert command(*training).returncode == 0
    assert [line["step"] for line in stats(run)] == [2, 4, 6, 8]


ENGINE = {
    "conditional_gan": "--data DIGITS --width 4",
    "wgan_gp": "--data DIGITS --width 4 --d-steps 2 --dropout 0.2",
    "stylegan2": "--data PICTURES --image-size 16 --width 4 --most 8 --augment ada --augment-p adaptive",
    "r3gan": "--data DIGITS --width 4 --most 8 --gamma auto",
}


@pytest.mark.slow
@pytest.mark.parametrize("name", ENGINE)
def test_every_part_of_the_engine_resumes(name, digits_file, pictures_folder, tmp_path, monkeypatch):
    """Schedules, adaptations, counters and averages: N steps, a crash and N more equal 2 N, bit for bit."""
    import importlib

    main = importlib.import_module(f"experiments.{name}").main
    words = ENGINE[name].replace("DIGITS", str(digits_file)).replace("PICTURES", str(pictures_folder)).split(" ")
    words = [*words, "--steps", "6", "--tick", "3", "--batch-size", "4"]
    main([*words, "--run-dir", str(tmp_path / "whole")])

    def crash(self, step, means):
        raise RuntimeError("power cut")

    with monkeypatch.context() as patched:
        patched.setattr("experiments.harness.Progress.tick", crash)
        with pytest.raises(RuntimeError, match="power cut"):
            main([*words, "--run-dir", str(tmp_path / "parts")])
    main([*words, "--run-dir", str(tmp_path / "parts")])
    assert_same_run(tmp_path / "whole", tmp_path / "parts")


@pytest.mark.slow
@pytest.mark.parametrize("stage", ["96px", "136px"])
@pytest.mark.parametrize("how", ["--style-loss remd", "--optimizer lbfgs --parameterisation fourier"])
def test_a_stylisation_goes_on_at_any_scale(how, stage, tmp_path, monkeypatch):
    """A crash at the first or the second scale, and the same command again: the same picture, bit for bit."""
    from experiments import gatys
    from experiments.harness import Progress

    words = [*how.split(), "--scales", "2", "--steps", "6", "--tick", "3", "--image-size", "136"]
    gatys.main([*words, "--run-dir", str(tmp_path / "whole")])
    tick = Progress.tick

    def crash(self, step, means):
        if self.stage == stage:
            raise RuntimeError("power cut")
        tick(self, step, means)

    with monkeypatch.context() as patched:
        patched.setattr("experiments.harness.Progress.tick", crash)
        with pytest.raises(RuntimeError, match="power cut"):
            gatys.main([*words, "--run-dir", str(tmp_path / "parts")])
    gatys.main([*words, "--run-dir", str(tmp_path / "parts")])
    assert stats(tmp_path / "parts") == stats(tmp_path / "whole")
    assert (tmp_path / "parts" / "stylised.png").read_bytes() == (tmp_path / "whole" / "stylised.png").read_bytes()


def test_a_rollback_goes_back_to_the_last_checkpoint_at_half_the_rates(digits_file, tmp_path, monkeypatch):
    """A value that is not finite at step 5 unless the rates are lower: from step 4 it goes on, and to the end."""
    import tensorflow as tf

    from gan.models.gan import GAN

    honest = GAN.train_step

    def poisoned(self, batch):
        logs = honest(self, batch)
        bad = (tf.convert_to_tensor(self.step) == 5) & (tf.convert_to_tensor(self.g_optimizer.rate_factor) == 1)
        return logs | {"loss/generator": tf.where(bad, float("nan"), logs["loss/generator"])}

    monkeypatch.setattr(GAN, "train_step", poisoned)
    with pytest.raises(options.NotFinite, match="at step 5"):
        dcgan.main(arguments(digits_file, tmp_path / "none"))
    dcgan.main([*arguments(digits_file, tmp_path / "run"), "--rollbacks", "1"])
    results = json.loads((tmp_path / "run" / "results.json").read_text())
    assert [(one["to_step"], "at step 5" in one["cause"]) for one in results["rollbacks"]] == [(4, True)]
    assert [line["step"] for line in stats(tmp_path / "run")] == [2, 4, 6]
    factors = [value for name, value in checkpoint(tmp_path / "run").items() if np.shape(value) == () and value == 0.5]
    assert len(factors) == 2


def test_a_collapse_is_told_and_cured_from_before_it_began(digits_file, tmp_path, monkeypatch, capsys):
    """Samples all alike from step 8 on: the alarm comes at 10, and both checkpoints that have it are left."""
    import tensorflow as tf

    from gan.models.gan import GAN

    varied = np.random.default_rng(0).uniform(-1, 1, (64, 16, 16, 1)).astype(np.float32)

    def alike(self, inputs):
        sick = int(self.step) >= 8 and float(self.g_optimizer.rate_factor) == 1
        return tf.constant(varied[:1].repeat(64, 0) if sick else varied)

    monkeypatch.setattr(GAN, "__call__", alike)
    dcgan.main([*arguments(digits_file, tmp_path / "run", steps=12), "--rollbacks", "1"])
    results = json.loads((tmp_path / "run" / "results.json").read_text())
    assert [one["to_step"] for one in results["rollbacks"]] == [6]
    assert "collapse" in results["rollbacks"][0]["cause"]
    assert "watch: step 10: collapse" in capsys.readouterr().out
