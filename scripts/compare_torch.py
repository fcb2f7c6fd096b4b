"""Times this project against PyTorch programs that compute the same, in turns on this machine.

    python scripts/compare_torch.py [--parts gatys johnson] [--rounds 9] [--output FILE.json]

gatys: a step of Gatys et al. 2016 through VGG-19 at 512 px: forward to relu5_1, five Gram losses, the content loss, the
gradient by the image, Adam; random weights, which do not change the time; both continue the picture by its mirror alike.
johnson: the network of Johnson et al. 2016 (`style.networks.johnson`) forward, one picture of 256 and of 512 px.

Each framework lives in a process of its own with as many threads; the forms take turns, in reverse order every other round, and
a ratio is the median over rounds, with the quartiles beside. The best eager PyTorch form of each (memory format,
normalisation) counts. Other load makes barriers of threads wait, PyTorch's more: wall time needs a machine that does nothing
else; the ratio of processor seconds stands beside.
Needs PyTorch, which the project does not: install its CPU build beside it.
"""

import importlib.metadata
import importlib.util
import json
import multiprocessing
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tyro
from tqdm import tqdm

GATYS_SIDE, MARGIN = 512, 16
SIDES = (256, 512)
BLOCKS = ((2, 64), (2, 128), (4, 256), (4, 512), (1, 512))  # of VGG-19 as far as conv5_1
CONTENT = (3, 1)  # block and convolution of conv4_2
LAYOUTS, NORMS = ("channels_last", "nchw"), ("instance norm", "group norm")
PRECISIONS = {"float32": "float32", "bfloat16": "mixed_bfloat16"}
Part = Literal["gatys", "johnson"]


@dataclass
class Options:
    parts: tuple[Part, ...] = ("gatys", "johnson")
    """What to compare."""
    rounds: int = 9
    """Rounds, each of every form once."""
    seconds: float = 1.0
    """Time that one form takes in a round, at least."""
    threads: int = len(os.sched_getaffinity(0))
    """Threads of either framework."""
    output: Path | None = None
    """Also write the table here, as JSON."""


# Ours -----------------------------------------------------------------------------------------------------------------


def our_forms(parts: tuple[Part, ...], threads: int) -> dict:
    """Name -> a function to be timed."""
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(threads)
    import benchmark

    forms = {}
    if "gatys" in parts:
        forms |= {f"gatys {precision}": benchmark.gatys(policy) for precision, policy in PRECISIONS.items()}
        forms["gatys convolutions"] = benchmark.plain_convolutions(benchmark.gatys_flops())
    if "johnson" in parts:
        for precision, policy in PRECISIONS.items():
            forms |= {f"johnson {side} {precision}": our_johnson(side, policy) for side in SIDES}
    return forms


def our_johnson(side: int, policy: str):
    import keras
    import tensorflow as tf

    from style.networks import johnson

    keras.config.set_dtype_policy(policy)
    network = johnson()
    keras.config.set_dtype_policy("float32")
    image = tf.random.stateless_uniform([1, side, side, 3], [0, 0], -1, 1)
    compute = tf.function(lambda: network(image, training=False))
    return lambda: compute()[0, 0, 0, 0].numpy()


# PyTorch --------------------------------------------------------------------------------------------------------------


def torch_forms(parts: tuple[Part, ...], threads: int) -> dict:
    """The same of the other."""
    import torch

    torch.set_num_threads(threads)
    torch.manual_seed(0)
    forms = {}
    for layout in LAYOUTS:
        if "gatys" in parts:
            forms[f"gatys {layout}"] = torch_gatys(layout)
        if "johnson" in parts:
            for norm in NORMS:
                network = torch_johnson(norm, layout)
                forms |= {f"johnson {side} {layout}, {norm}": torch_forward(network, side, layout) for side in SIDES}
    return forms


def torch_format(layout: str):
    import torch

    return torch.channels_last if layout == "channels_last" else torch.contiguous_format


def torch_gatys(layout: str):
    import torch
    from torch.nn import functional

    before, convolutions = 3, []
    for count, channels in BLOCKS:
        convolutions.append([])
        for _ in range(count):
            layer = torch.nn.Conv2d(before, channels, 3, padding=1).requires_grad_(False)
            convolutions[-1].append(layer.to(memory_format=torch_format(layout)))
            before = channels

    def read(image: torch.Tensor) -> tuple[torch.Tensor, list[torch.Tensor]]:
        """Content features, and the Gram matrix of each block's first layer."""
        x = functional.pad(127.5 * image, [MARGIN] * 4, mode="reflect")
        content, grams = None, []
        for block, layers in enumerate(convolutions):
            x = functional.max_pool2d(x, 2) if block else x
            for place, layer in enumerate(layers):
                x = functional.relu(layer(x))
                content = x if (block, place) == CONTENT else content
                if place == 0:
                    grams.append(gram(x))
        return content, grams

    def gram(x: torch.Tensor) -> torch.Tensor:
        if layout == "channels_last":  # either is a view in its layout
            places = x.permute(0, 2, 3, 1).flatten(1, 2)
            return places.transpose(1, 2) @ places / places.shape[1]
        places = x.flatten(2)
        return places @ places.transpose(1, 2) / places.shape[2]

    def picture() -> torch.Tensor:
        return (2 * torch.rand(1, 3, GATYS_SIDE, GATYS_SIDE) - 1).contiguous(memory_format=torch_format(layout))

    image = picture()
    with torch.no_grad():
        content, styles = read(image)[0], read(picture())[1]
    image.requires_grad_()
    adam = torch.optim.Adam([image], 0.04)

    def relative(own: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        return (own - target).square().sum() / target.square().sum()

    def step() -> float:
        adam.zero_grad()
        own, grams = read(image)
        style = sum(relative(one, target) for one, target in zip(grams, styles, strict=True)) / len(styles)
        loss = relative(own, content) + 10 * style
        loss.backward()
        adam.step()
        with torch.no_grad():
            image.clamp_(-1, 1)
        return loss.item()

    return step


def torch_johnson(norm: str, layout: str, width: int = 32, blocks: int = 5):
    from torch import nn

    def convolution(before: int, filters: int, size: int, stride: int = 1, relu: bool = True) -> nn.Sequential:
        padded = nn.Conv2d(before, filters, size, stride, size // 2, padding_mode="reflect", bias=False)
        normed = nn.InstanceNorm2d(filters, affine=True) if norm == "instance norm" else nn.GroupNorm(filters, filters)
        return nn.Sequential(padded, normed, *([nn.ReLU(inplace=True)] if relu else []))

    class Residual(nn.Module):
        def __init__(self):
            super().__init__()
            self.both = nn.Sequential(*(convolution(4 * width, 4 * width, 3, relu=relu) for relu in (True, False)))

        def forward(self, x):
            return x + self.both(x)

    network = nn.Sequential(
        convolution(3, width, 9),
        *(convolution(width << stage, width << stage + 1, 3, 2) for stage in (0, 1)),
        *(Residual() for _ in range(blocks)),
        *(
            nn.Sequential(nn.Upsample(scale_factor=2), convolution(width << stage + 1, width << stage, 3))
            for stage in (1, 0)
        ),
        nn.Conv2d(width, 3, 9, padding=4, padding_mode="reflect"),
        nn.Tanh(),
    )  # fmt: skip
    return network.eval().to(memory_format=torch_format(layout))


def torch_forward(network, side: int, layout: str):
    import torch

    image = (2 * torch.rand(1, 3, side, side) - 1).contiguous(memory_format=torch_format(layout))

    def forward() -> float:
        with torch.inference_mode():
            return network(image)[0, 0, 0, 0].item()

    return forward


# Turns ----------------------------------------------------------------------------------------------------------------


def work(make, parts: tuple[Part, ...], threads: int, at_least: float, pipe) -> None:
    """A process of one framework: sends the names of its forms, then for each name received its seconds, wall and processor."""
    forms = make(parts, threads)
    for form in forms.values():
        form()  # compiles, and fills caches
    pipe.send(list(forms))
    while (name := pipe.recv()) is not None:
        calls, began, busy = 0, time.perf_counter(), time.process_time()
        while time.perf_counter() - began < at_least:
            forms[name]()
            calls += 1
        pipe.send(((time.perf_counter() - began) / calls, (time.process_time() - busy) / calls))


def measured(options: Options) -> dict[str, np.ndarray]:
    """Form -> wall and processor seconds of each round, `[rounds, 2]`."""
    context, pipes = multiprocessing.get_context("spawn"), []
    for make in (our_forms, torch_forms):
        pipe, theirs = context.Pipe()
        context.Process(target=work, args=(make, options.parts, options.threads, options.seconds, theirs), daemon=True).start()
        pipes.append(pipe)
    turns = {name: pipe for pipe in pipes for name in pipe.recv()}
    names, found = sorted(turns, key=lambda name: name.split()[:2]), {name: [] for name in turns}
    for number in tqdm(range(options.rounds), unit="round"):
        for name in names if number % 2 else reversed(names):
            turns[name].send(name)
            found[name].append(turns[name].recv())
    for pipe in pipes:
        pipe.send(None)
    return {name: np.array(times) for name, times in found.items()}


def compared(times: dict[str, np.ndarray], parts: tuple[Part, ...]) -> dict[str, dict]:
    """How many times as fast the second form is as the first, for each promise."""

    def best(start: str) -> str:
        """The fastest PyTorch form."""
        forms = [name for name in times if name.startswith(start) and any(layout in name for layout in LAYOUTS)]
        return min(forms, key=lambda name: np.median(times[name][:, 0]))

    promises = []
    if "gatys" in parts:
        promises += [(f"gatys {layout}", "gatys float32") for layout in LAYOUTS]
        promises += [("gatys float32", "gatys bfloat16"), ("gatys convolutions", "gatys float32")]
    if "johnson" in parts:
        for side in SIDES:
            ours = f"johnson {side} float32"
            promises += [(best(f"johnson {side} "), ours), (ours, f"johnson {side} bfloat16")]
    table = {}
    for first, second in promises:
        low, wall, high = np.percentile(times[first][:, 0] / times[second][:, 0], [25, 50, 75])
        table[f"{first} / {second}"] = {
            "ratio": round(float(wall), 3),
            "quartiles": [round(float(low), 3), round(float(high), 3)],
            "processor_ratio": round(float(np.median(times[first][:, 1] / times[second][:, 1])), 3),
        }
    return table


def main() -> None:
    options = tyro.cli(Options, description=__doc__)
    if importlib.util.find_spec("torch") is None:
        sys.exit("error: PyTorch is not here: install its CPU build, as its site says")
    load = os.getloadavg()[0]
    times = measured(options)
    table = compared(times, options.parts)
    milliseconds = {name: [round(1000 * float(value), 1) for value in np.median(each, 0)] for name, each in times.items()}
    for name, (wall, busy) in milliseconds.items():
        print(f"{name:50} {wall:9.1f} ms  {busy:9.1f} processor ms")
    for name, row in table.items():
        print(f"{name:75} {row['ratio']:6.2f}  ({row['quartiles'][0]:.2f} to {row['quartiles'][1]:.2f})", end="")
        print(f"  by processor time {row['processor_ratio']:.2f}")
    if options.output:
        result = {
            "threads": options.threads,
            "rounds": options.rounds,
            "load_before": round(load, 2),
            "versions": {name: importlib.metadata.version(name) for name in ("tensorflow", "keras", "torch")},
            "ratios": table,
            "milliseconds_wall_and_processor": milliseconds,
        }
        options.output.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
