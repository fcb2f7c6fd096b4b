"""The training loop that every experiment shares: steps, records, pictures, checkpoints, and going on after a stop.

Why not `fit`: it restarts its step axis on resume, asks for a device sync after each batch as soon as somebody listens, and
saves neither the place in the data nor a second optimiser. The models stay usable with `fit`.
"""

import json
import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from tqdm import tqdm

from experiments.callbacks import histograms
from experiments.data import stream
from experiments.options import Training
from experiments.run import Run
from gan import watch
from gan.errors import InputError, NotFinite

Callback = Callable[[int], dict[str, float] | None]


def prepare(config: Training) -> None:
    """Seeds everything, sets the precision, makes CPU kernels repeat bit for bit, and says what computes."""
    keras.utils.set_random_seed(config.seed)
    keras.config.set_dtype_policy("mixed_bfloat16" if config.precision == "bfloat16" else "float32")
    gpus = tf.config.list_physical_devices("GPU")
    if not gpus:
        tf.config.experimental.enable_op_determinism()
    device = f"{len(gpus)} GPU" if gpus else f"CPU, {len(os.sched_getaffinity(0))} cores"
    print(f"device: {device}; precision: {config.precision}; XLA: {'on' if config.jit else 'off'}", flush=True)


class Fault(Exception):
    """Something that going back may cure. `bad`: how many of the saved checkpoints have it already."""

    def __init__(self, cause: str, bad: int = 0):
        super().__init__(cause)
        self.bad = bad


class Checkpoints:
    """All the state of a model and its optimisers, one file a saved step, the newest two kept."""

    def __init__(self, folder: Path, model: keras.Model, keep: int = 2):
        self.folder, self.model, self.keep = folder, model, keep

    def path(self, step: int, kind: str = "weights.h5") -> Path:
        return self.folder / f"{step:08d}.{kind}"

    def steps(self) -> list[int]:
        return sorted(int(path.name.partition(".")[0]) for path in self.folder.glob("*[0-9].weights.h5"))

    def save(self, step: int, values: Sequence[dict[str, float]] = ()) -> None:
        """`values`: what the steps of an unfinished tick returned."""
        self.folder.mkdir(parents=True, exist_ok=True)
        temporary = self.folder / "new.weights.h5"
        try:
            if values:
                self.path(step, "values.json").write_text(json.dumps(list(values)))
            self.reserve(temporary)
            self.model.save_weights(temporary)
            with temporary.open("rb") as file:
                os.fsync(file.fileno())
            temporary.replace(self.path(step))
        finally:
            temporary.unlink(missing_ok=True)
        for old in self.steps()[: -self.keep]:
            self.path(old).unlink()
            self.path(old, "values.json").unlink(missing_ok=True)

    def reserve(self, path: Path) -> None:
        """Raises OSError if a checkpoint does not fit on the disk: HDF5 would say so in pages of tracebacks."""
        steps = self.steps()
        numbers = sum(variable.value.numpy().nbytes for variable in self.model.variables)
        size = self.path(steps[-1]).stat().st_size if steps else 3 * numbers + 2**18
        with path.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, size)

    def drop(self, count: int) -> None:
        """Removes the newest."""
        for step in self.steps()[len(self.steps()) - count :]:
            self.path(step).unlink()
            self.path(step, "values.json").unlink(missing_ok=True)

    def restore(self) -> tuple[int, list[dict[str, float]]]:
        """Loads the newest readable checkpoint; returns its step and the values of its unfinished tick."""
        steps = self.steps()
        for step in reversed(steps):
            try:
                self.model.load_weights(self.path(step))
            except (OSError, KeyError, ValueError) as error:
                print(
                    f"checkpoint {self.path(step)} cannot be read ({str(error).splitlines()[0]}); trying the one before",
                    flush=True,
                )
                continue
            values = self.path(step, "values.json")
            return step, json.loads(values.read_text()) if values.exists() else []
        if steps:
            raise InputError(
                f"none of the checkpoints in '{self.folder}' can be read; move the run away or use another --run-dir"
            )
        return 0, []


def start_from(model: keras.Model, folder: Path) -> None:
    """Takes the networks' weights of the newest checkpoint in a folder; optimisers, step and schedules stay as they are."""
    networks = [value for value in vars(model).values() if isinstance(value, keras.Model)]
    taken = {id(weight) for network in networks for weight in network.weights}
    optimisers = [value for value in vars(model).values() if isinstance(value, keras.optimizers.Optimizer)]
    others = [variable for owner in (model, *optimisers) for variable in owner.variables if id(variable) not in taken]
    fresh = [variable.numpy() for variable in others]
    if not Checkpoints(folder, model).restore()[0]:
        raise InputError(f"--init-from: '{folder}' holds no checkpoint of such a run")
    for variable, value in zip(others, fresh, strict=True):
        variable.assign(value)


@contextmanager
def interruptible() -> Iterator[Callable[[], bool]]:
    """Ctrl-C and SIGTERM are remembered until the step is done; a second one stops at once."""
    caught = []

    def remember(number, frame):
        if caught:
            raise KeyboardInterrupt("stopped without saving")
        caught.append(number)

    before = {number: signal.signal(number, remember) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: bool(caught)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def checked(values: Sequence[dict], first_step: int, run: Run) -> list[dict[str, float]]:
    """The steps' values as floats.

    Raises:
        NotFinite: names the first step and value that is not.
    """
    values = [{name: float(value) for name, value in one.items()} for one in values]
    for step, one in enumerate(values, first_step):
        for name, value in one.items():
            if not np.isfinite(value):
                raise NotFinite(
                    f"{name} became {value} at step {step}; the last good checkpoint is kept in '{run.dir / 'checkpoints'}'"
                )
    return values


def train(
    run: Run,
    model: keras.Model,
    config: Training,
    steps: int,
    batch_at: Callable[[int], object],
    callbacks: Sequence[Callback] = (),
    stage: str = "",
    before: int = 0,
    rollbacks: int = 0,
) -> None:
    """Runs `model.train_step` up to `steps`, from where the run directory stands.

    Args:
        run: an open run directory.
        model: its compiled `train_step(batch)` returns a dict of scalars; the mean of each over a tick is recorded.
        batch_at: the batch of a step, a stateless function.
        callbacks: each is called with the step at the end of every tick, before the checkpoint; what it returns is recorded.
        stage, before: where a run has several trainings, the name of this one and the number of steps of those before it.
        rollbacks: how often to go back to the last good checkpoint, with half the rates (`model.set_rate_factor`), when a
            value is not finite or the watch raises a fatal alarm.
    """
    run.begins.add(before)
    checkpoints = Checkpoints(run.dir / "checkpoints" / stage, model)
    if config.histograms:
        callbacks = [*callbacks, histograms(run, model)]

    def curable(bad: int) -> bool:
        return len(run.rollbacks()) < rollbacks and len(checkpoints.steps()) > bad

    def go_on() -> None:
        """To the end, or to a fault."""
        step, values = checkpoints.restore()
        if step > steps:
            raise InputError(
                f"'{run.dir}' has already done {step} {stage} steps, more than the {steps} asked for; use another --run-dir"
            )
        if step < steps:
            run.rewind(before + step)
        if before + step == 0 and config.init_from:
            start_from(model, config.init_from / "checkpoints" / stage)
        if count := len(run.rollbacks()):
            model.set_rate_factor(0.5**count)
        one_step = tf.function(model.train_step, jit_compile=config.jit)
        with (
            interruptible() as interrupted,
            closing(stream(batch_at, step)) as batches,
            Progress(run, step, steps, stage) as progress,
        ):
            while step < steps:
                batch = next(batches)
                values.append(one_step(batch))
                step += 1
                progress.advance()
                if step % config.tick == 0 or step == steps:
                    values = checked(values, before + step - len(values) + 1, run)
                    means = {name: float(np.mean([one[name] for one in values])) for name in values[0]}
                    times = progress.times(step, getattr(config, "batch_size", 1))
                    for callback in callbacks:
                        means |= callback(before + step) or {}
                    run.record(before + step, means, times)
                    for name, text in run.look(before + step).items():
                        if name in watch.FATAL and curable(watch.RULES[name].ticks - 1):
                            raise Fault(f"{name}: {text}", watch.RULES[name].ticks - 1)
                    checkpoints.save(step)
                    progress.tick(step, means)
                    values = []
                elif interrupted():
                    checkpoints.save(step, checked(values, before + step - len(values) + 1, run))
                if interrupted():
                    raise KeyboardInterrupt(
                        f"interrupted at {stage} step {step} of {steps}; saved: the same command goes on from there"
                    )

    while True:
        try:
            return go_on()
        except (Fault, NotFinite) as fault:
            bad = getattr(fault, "bad", 0)
            if not curable(bad):
                raise
            checkpoints.drop(bad)
            run.roll_back(before + checkpoints.steps()[-1], str(fault))


class Progress:
    """Steps done of the whole run, images a second and time left: a bar on a terminal, a line a tick elsewhere."""

    def __init__(self, run: Run, step: int, steps: int, stage: str):
        if 0 < step < steps:
            print(f"{run.dir}: going on at {stage} step {step} of {steps}", flush=True)
        self.bar = tqdm(total=steps, initial=step, unit="step", desc=stage or None, disable=None)
        self.stage, self.first, self.steps, self.began = stage, step, steps, time.monotonic()
        self.last, self.last_step = self.began, step

    def __enter__(self) -> "Progress":
        return self

    def __exit__(self, *exception) -> None:
        self.bar.close()

    def advance(self) -> None:
        self.bar.update()

    def times(self, step: int, batch_size: int) -> dict[str, float]:
        seconds = time.monotonic() - self.last
        self.rate = (step - self.last_step) * batch_size / seconds
        return {"seconds": round(seconds, 3), "images_per_second": round(self.rate, 1)}

    def tick(self, step: int, means: dict[str, float]) -> None:
        self.last, self.last_step = time.monotonic(), step
        shown = "  ".join(f"{name} {value:.3g}" for name, value in means.items() if name.startswith("loss/"))
        if not self.bar.disable:
            self.bar.set_postfix_str(shown)
            return
        left = (self.last - self.began) / (step - self.first) * (self.steps - step)
        print(
            f"{self.stage or 'train'} step {step}/{self.steps}  {shown}  {self.rate:.0f} images/s  {left / 60:.1f} min left",
            flush=True,
        )
