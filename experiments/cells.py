"""Tables of trainings: each cell is computed once and kept, so that a table that was stopped goes on where it stood."""

from collections.abc import Callable, Sequence
from pathlib import Path
from time import monotonic

from tqdm import tqdm

from experiments.run import read_json, write_json

Cell = tuple[str | int | float, ...]


def kept(folder: Path, cells: Sequence[Cell], compute: Callable[..., dict]) -> dict[Cell, dict]:
    """The values of every cell, and the `seconds` that it took.

    Args:
        folder: holds NAME.json of each cell, NAME being its words.
        compute: `compute(*cell, picture)` returns a cell's values; it may write the file `picture`, a PNG.
    """
    folder.mkdir(exist_ok=True)
    found = {}
    for cell in tqdm(cells, unit="cell", disable=None):
        path = place(folder, cell, "json")
        if not path.exists():
            began = monotonic()
            values = compute(*cell, place(folder, cell, "png"))
            write_json(path, values | {"seconds": round(monotonic() - began, 1)})
        found[cell] = read_json(path)
    return found


def place(folder: Path, cell: Cell, kind: str) -> Path:
    """The file of a cell."""
    return folder / f"{'-'.join(str(word) for word in cell).replace(' ', '_')}.{kind}"


def seconds(found: dict[Cell, dict]) -> float:
    """What all cells took together."""
    return round(sum(values["seconds"] for values in found.values()), 1)


def wall(path: Path, folder: Path, rows: Sequence[Cell], columns: Sequence[Cell], frame: Callable[[Cell], str]) -> None:
    """Draws the pictures of all cells side by side; a cell is the words of its row and its column, `frame(cell)` the colour
    around it."""
    import numpy as np
    from matplotlib.figure import Figure
    from PIL import Image

    figure = Figure(figsize=(1.5 * len(columns), 1.65 * len(rows)), layout="constrained")
    every = figure.subplots(len(rows), len(columns), squeeze=False)
    for line, row in zip(every, rows, strict=True):
        for axes, column in zip(line, columns, strict=True):
            axes.imshow(np.asarray(Image.open(place(folder, row + column, "png"))), cmap="grey")
            axes.set(xticks=[], yticks=[])
            for spine in axes.spines.values():
                spine.set(color=frame(row + column), linewidth=3)
        line[0].set_ylabel(", ".join(str(word) for word in row), fontsize=8)
    for axes, column in zip(every[0], columns, strict=True):
        axes.set_title(", ".join(str(word) for word in column), fontsize=9)
    figure.savefig(path, dpi=70)


def table(corner: str, columns: Sequence[str], rows: dict[str, Sequence[str]]) -> str:
    """Markdown; `rows`: name -> a text for each column."""
    lines = [[corner, *columns], ["---"] * (1 + len(columns)), *([name, *texts] for name, texts in rows.items())]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
