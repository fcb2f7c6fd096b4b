"""The command line of an experiment, made from its `Config` dataclass, and how a command ends."""

import ast
import contextlib
import io
import os
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeVar

import tyro

from gan.errors import InputError, NotFinite

ConfigType = TypeVar("ConfigType")

# The names of gan.losses.OBJECTIVES and gan.penalties.PENALTIES, here because --help must not import TensorFlow.
Loss = Literal[
    "minimax", "non-saturating", "least-squares", "hinge", "wasserstein", "relativistic-average", "relativistic-pairing"
]
Penalty = Literal["none", "r1", "r2", "r1+r2", "wgan-gp", "dragan"]


def _has_gpu() -> bool:
    return Path("/proc/driver/nvidia/version").exists()


@dataclass(frozen=True, kw_only=True)
class Output:
    """What every command takes."""

    run_dir: Path | None = None
    """Where the results go; the same command resumes there. Default: runs/NAME."""
    seed: int = 0
    """Seed of weights, data order and noise."""


@dataclass(frozen=True, kw_only=True)
class Training(Output):
    """What every training takes."""

    tick: int
    """Steps between records: a line of stats, a picture, a checkpoint."""
    jit: bool = field(default_factory=_has_gpu)
    """Compile with XLA. Default: on where there is a GPU; on a CPU it is slower."""
    precision: Literal["float32", "bfloat16"] = "float32"
    """Precision of the networks' arithmetic; weights, losses and statistics stay float32."""
    init_from: Path | None = None
    """A finished or stopped run of the same networks; this run (its first training) starts from its weights."""
    histograms: bool = False
    """Write histograms of all weights to TensorBoard at each tick."""


def positive(config: object, *names: str) -> None:
    """Raises InputError unless these fields are greater than zero and finite, or None."""
    for name in names:
        value = getattr(config, name)
        if value is not None and not 0 < value < float("inf"):
            raise InputError(f"--{name.replace('_', '-')} must be greater than 0, and finite. Received: {value}")


def not_negative(config: object, *names: str) -> None:
    """Raises InputError unless these fields are zero or greater, and finite."""
    for name in names:
        value = getattr(config, name)
        if not 0 <= value < float("inf"):
            raise InputError(f"--{name.replace('_', '-')} must be 0 or greater, and finite. Received: {value}")


def named(network: Path) -> str:
    """What a run, or a network's file, is called in a table."""
    return network.stem if network.suffix == ".keras" else network.name


def one_for_each_style(config) -> None:
    """Raises InputError unless `style_weights` and `mask`, where given, are as many as the styles, and the weights shares."""
    weights, masks, count = config.style_weights, getattr(config, "mask", None), len(config.style)
    if masks and len(masks) != count:
        raise InputError(f"--mask needs a picture for each style. Received: {len(masks)} for {count}")
    if weights is None:
        return
    if len(weights) != count:
        raise InputError(f"--style-weights needs a number for each style. Received: {len(weights)} for {count}")
    if count and (min(weights) < 0 or not 0 < sum(weights) < float("inf")):
        raise InputError(f"--style-weights must be 0 or greater, with a sum greater than 0. Received: {weights}")


def parse(
    config_class: type[ConfigType],
    description: str,
    argv: Sequence[str] | None = None,
    presets: Mapping[str, ConfigType] | None = None,
) -> ConfigType:
    """The command line as a `config_class`; `--preset NAME` takes its defaults from a row of `presets`, whose first row
    holds without it. A wrong option raises InputError."""
    name = experiment_name(config_class)
    argv = list(sys.argv[1:] if argv is None else argv)
    default = {}
    if presets:
        chosen = next(iter(presets))
        description += "\n\nPresets: " + ", ".join(presets)
        if "--preset" in argv:
            place = argv.index("--preset")
            chosen = argv[place + 1] if place + 1 < len(argv) else ""
            if chosen not in presets:
                raise InputError(f"--preset must be one of {', '.join(presets)}. Received: '{chosen}'")
            del argv[place : place + 2]
        default = {"default": presets[chosen]}
    complaint = io.StringIO()
    try:
        with contextlib.redirect_stderr(complaint):
            return tyro.cli(config_class, prog=f"python -m {name}", description=description, args=argv, **default)
    except SystemExit as error:
        if error.code in (0, None):
            raise
        raise InputError(_one_line(complaint.getvalue()) + f" (python -m {name} --help)") from None


def _one_line(box: str) -> str:
    """The text of the first paragraph of one of tyro's boxes."""
    rows = [re.sub(r"[│╭╮╰╯]", "", row).strip() for row in box.splitlines()[1:]]
    rows = [row for row in rows if row]
    rules = [index for index, row in enumerate(rows) if set(row) <= {"─", "-"}]
    if rules[:1] == [0]:  # without UTF-8 the title is underlined
        rows, rules = rows[1:], [index - 1 for index in rules[1:]]
    end = rules[0] if rules else len(rows)
    hint = [row for row in rows[end:] if re.match("--[a-z]", row)][:1] if rows[:1] and rows[0].startswith("Unrec") else []
    return " ".join(rows[:end]).removeprefix("Error parsing Config: ") + (f"; did you mean {hint[0]}?" if hint else "")


def experiment_name(config_class: type) -> str:
    """`experiments.NAME`, also when the script runs as `__main__`."""
    return sys.modules[config_class.__module__].__spec__.name


def default_run_dir(name: str) -> Path:
    return Path("runs") / name.rpartition(".")[2]


def command(main: Callable[[], None]) -> None:
    """Runs an experiment's `main` and turns what can go wrong into one line and an exit code (0, 1, 2 or 130)."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    try:
        main()
    except InputError as error:
        sys.exit(_complain(error, 2))
    except NotFinite as error:
        sys.exit(_complain(error, 1))
    except (MemoryError, OSError) as error:
        sys.exit(_complain(f"stopped: {type(error).__name__}: {error}", 1))
    except KeyboardInterrupt as error:
        sys.exit(_complain(str(error) or "interrupted", 130))


def _complain(error: object, code: int) -> int:
    print("error: " + " ".join(str(error).split()), file=sys.stderr)
    return code


def summaries() -> dict[str, str]:
    """Each experiment's name and the first line of its docstring, read without importing it."""
    found = {}
    for file in sorted(Path(__file__).parent.glob("*.py")):
        tree = ast.parse(file.read_text())
        if any(isinstance(node, ast.ClassDef) and node.name == "Config" for node in tree.body):
            found[file.stem] = ast.get_docstring(tree).splitlines()[0]
    return found
