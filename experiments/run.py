"""The run directory: the result of a command, which describes itself and from which the same command goes on."""

import dataclasses
import fcntl
import importlib.metadata
import itertools
import json
import math
import os
import shlex
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from experiments import pictures
from experiments.options import Output, default_run_dir, experiment_name
from gan import watch
from gan.errors import InputError

RECORDED_ONLY = ("run_dir", "steps", "init_from", "max_pixels", "skip_broken")
PACKAGES = ("tensorflow", "keras", "numpy", "pillow", "tensorboard")


def write_json(path: Path, content: object) -> None:
    """The file appears whole or not at all."""
    temporary = path.with_name(path.name + ".part")
    try:
        temporary.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n")
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def read_json(path: Path) -> dict:
    try:
        return json.loads(path.read_text())
    except FileNotFoundError:
        raise InputError(f"'{path.parent}' holds no run: it has no {path.name}") from None
    except (ValueError, OSError) as error:
        raise InputError(f"'{path}' cannot be read ({error})") from None


def _commit() -> str | None:
    result = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=Path(__file__).parent, capture_output=True, text=True, check=False
    )
    return result.stdout.strip() or None


class Run:
    """One run directory. Nothing is written before `open`.

    Args:
        config: the experiment's options; `config.run_dir` or `runs/NAME` is the directory.
    """

    def __init__(self, config: Output):
        self.name = experiment_name(type(config))
        self.options = {key: _plain(value) for key, value in dataclasses.asdict(config).items()}
        self.dir = Path(config.run_dir or default_run_dir(self.name))
        self.begins = {0}  # the steps after which its trainings begin: what is usual in one is not in the next
        self._writer = self._lock = None
        for place in (self.dir, *self.dir.parents):
            if place.exists() and not place.is_dir():
                raise InputError(f"--run-dir '{self.dir}' cannot be made: '{place}' is a file")

    def finished(self) -> dict | None:
        """The results, if this very command has already ended here."""
        if not (self.dir / "results.json").exists():
            return None
        before = read_json(self.dir / "config.json")["options"]
        return read_json(self.dir / "results.json") if before == self.options | {"run_dir": before.get("run_dir")} else None

    def open(self, **inputs: str | int) -> "Run":
        """Claims the directory and writes `config.json`, or checks that the run there is the same one.

        Args:
            inputs: a content hash for each option that names data, compared in place of the path; and what else decides.

        Raises:
            InputError: the directory holds another run, something else, or a run that is in progress.
        """
        if self.dir.exists() and any(self.dir.iterdir()):
            if not (self.dir / "config.json").exists():
                raise InputError(f"--run-dir '{self.dir}' is not empty and holds no run; use --run-dir {self._free()}")
            self._compare(read_json(self.dir / "config.json"), inputs)
        self.dir.mkdir(parents=True, exist_ok=True)
        self._lock = (self.dir / ".lock").open("w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InputError(f"--run-dir '{self.dir}' is in use by another process; use --run-dir {self._free()}") from None
        if (self.dir / "results.json").exists() and self.finished() is None:  # of fewer steps: no longer the run's results
            (self.dir / "results.json").rename(self.dir / "results.previous.json")
        write_json(
            self.dir / "config.json",
            {
                "experiment": self.name,
                "options": self.options,
                "inputs": inputs,
                "command": shlex.join(sys.argv),
                "commit": _commit(),
                "versions": {"python": sys.version.split()[0]} | {name: importlib.metadata.version(name) for name in PACKAGES},
                "cpu_threads": len(os.sched_getaffinity(0)),
            },
        )
        return self

    def _compare(self, before: dict, inputs: Mapping[str, str]) -> None:
        here = {"experiment": self.name, **self._deciding(self.options, inputs), **inputs}
        there = {"experiment": before["experiment"], **self._deciding(before["options"], inputs), **before["inputs"]}
        different = [
            f"{key}: {there.get(key)} there, {here.get(key)} here" for key in here | there if here.get(key) != there.get(key)
        ]
        if different:
            raise InputError(
                f"--run-dir '{self.dir}' holds a run with other options ({'; '.join(different)}); use --run-dir {self._free()}"
            )

    @staticmethod
    def _deciding(options: Mapping, inputs: Mapping) -> dict:
        return {key: value for key, value in options.items() if key not in RECORDED_ONLY and key not in inputs}

    def _free(self) -> Path:
        return next(
            path for number in range(2, 10**6) if not (path := self.dir.with_name(f"{self.dir.name}-{number}")).exists()
        )

    @property
    def writer(self):
        """The TensorBoard writer of this directory."""
        if self._writer is None:
            import tensorflow as tf

            self._writer = tf.summary.create_file_writer(str(self.dir))
            with self._writer.as_default(0):
                tf.summary.text("config", "\n".join(f"    {key}: {value}" for key, value in self.options.items()))
        return self._writer

    def history(self) -> list[dict]:
        """The lines of `stats.jsonl`."""
        path = self.dir / "stats.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def rewind(self, step: int) -> None:
        """Drops what was recorded after a step, a half written line too: it will be recorded again."""
        path = self.dir / "stats.jsonl"
        if path.exists():
            lines = [line for line in path.read_text().splitlines(keepends=True) if _step(line) <= step]
            temporary = path.with_name(path.name + ".part")
            temporary.write_text("".join(lines))
            temporary.replace(path)

    def record(self, step: int, values: Mapping[str, float], times: Mapping[str, float]) -> None:
        """Appends a line to `stats.jsonl` and the same scalars to TensorBoard."""
        import tensorflow as tf

        line = {"step": step, **values, **{f"time/{key}": value for key, value in times.items()}}
        with (self.dir / "stats.jsonl").open("a") as file:
            file.write(json.dumps(line) + "\n")
            file.flush()
            os.fsync(file.fileno())
        with self.writer.as_default(step):
            for key, value in line.items():
                if key != "step":
                    tf.summary.scalar(key, value)
        self.writer.flush()

    def trainings(self) -> list[list[dict]]:
        """The records of each training that has begun."""
        lines = self.history()
        return [
            [line for line in lines if begin < line["step"] <= end]
            for begin, end in itertools.pairwise([*sorted(self.begins), math.inf])
        ]

    def look(self, step: int) -> dict[str, str]:
        """What the watch finds in the newest training; what is new is said, and shown in TensorBoard."""
        lines = self.trainings()[-1]
        found, known = watch.alarms(lines), watch.alarms(lines[:-1])
        for name, text in found.items():
            if name not in known:
                self.say_alarm(step, f"{name}: {text}")
        return found

    def alarms(self) -> list[dict]:
        """Every alarm of every training, where it began."""
        return [alarm for lines in self.trainings() for alarm in watch.history(lines)]

    def rollbacks(self) -> list[dict]:
        """Each return to an earlier checkpoint: its step, and the cause."""
        path = self.dir / "rollbacks.json"
        return json.loads(path.read_text()) if path.exists() else []

    def roll_back(self, step: int, cause: str) -> None:
        """Notes that the run goes back to a step."""
        write_json(self.dir / "rollbacks.json", [*self.rollbacks(), {"to_step": step, "cause": cause}])
        self.say_alarm(step, f"back to step {step}, at half the rates, because of {cause}")

    def say_alarm(self, step: int, text: str) -> None:
        import tensorflow as tf

        print(f"watch: step {step}: {text}", flush=True)
        with self.writer.as_default(step):
            tf.summary.text("watch", text)
        self.writer.flush()

    def image(self, name: str, step: int, picture: np.ndarray, path: str | None = None) -> None:
        """Shows `[H, W, C]` (float in [-1, 1] or uint8) in TensorBoard and, if `path` is given, writes it there."""
        import tensorflow as tf

        picture = picture if picture.dtype == np.uint8 else pictures.to_uint8(picture)
        if path:
            pictures.write(self.dir / path, picture)
        with self.writer.as_default(step):
            tf.summary.image(name, picture[None])
        self.writer.flush()

    def finish(self, results: Mapping[str, object]) -> None:
        """Writes `results.json`, and says where everything is."""
        seconds = sum(line["time/seconds"] for line in self.history())
        noted = {"alarms": self.alarms(), "rollbacks": self.rollbacks()}
        results = {"experiment": self.name, "seconds": round(seconds, 2), **results, **noted}
        write_json(self.dir / "results.json", results)
        self._lock.close()  # others may extend the run
        self.say(results)

    def say(self, results: Mapping[str, object]) -> None:
        print(json.dumps(results, indent=2, ensure_ascii=False))
        print(f"results: {self.dir}    charts: tensorboard --logdir {shlex.quote(str(self.dir))}", flush=True)


def begin(config: Output) -> Run:
    """The run of a command; ends the process at once, with the results, if the same command has already finished there."""
    run = Run(config)
    source = getattr(config, "init_from", None)
    if source and not any(source.glob("checkpoints/**/*.weights.h5")):
        raise InputError(f"--init-from '{source}' holds no checkpoint of a run")
    if results := run.finished():
        run.say(results)
        sys.exit(0)
    import_quietly()
    return run


def import_quietly() -> None:
    """Imports TensorFlow and finds the devices without the notes that it prints while doing so."""
    sys.stderr.flush()
    saved, null = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 2)
    try:
        import tensorflow as tf

        tf.config.list_physical_devices()
    finally:
        os.dup2(saved, 2)
        os.close(saved)
        os.close(null)


def _step(line: str) -> float:
    try:
        return json.loads(line)["step"]
    except ValueError:
        return float("inf")


def _plain(value: object) -> object:
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    return str(value) if isinstance(value, Path) else value
