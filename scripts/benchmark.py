"""Times what the project promises about speed, as ratios of two forms that run in turns on this machine.

    python scripts/benchmark.py [--rounds 15] [--output FILE.json]

A ratio is the median over rounds of one form's time by the other's, with the quartiles beside: other load on the machine
hits both.
"""

import json
import os
import time
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tensorflow as tf
import tyro
from keras import layers
from tqdm import tqdm

from gan import features
from gan.layers import GroupedConv
from gan.models.gan import GAN
from gan.networks import dcgan, r3gan
from gan.penalties import PENALTIES
from gan.schedules import Adam
from style.models import Stylisation
from style.optimise import ImageAdam

SIDE = 512


@dataclass
class Options:
    rounds: int = 15
    """Rounds, each of every form once."""
    seconds: float = 0.3
    """Time that one form takes in a round, at least."""
    output: Path | None = None
    """Also write the table here, as JSON."""


def seconds_a_call(function, at_least: float) -> float:
    began, calls = time.perf_counter(), 0
    while time.perf_counter() - began < at_least or calls < 2:
        function()
        calls += 1
    return (time.perf_counter() - began) / calls


def discriminator_step(penalty: str, network: str):
    """One compiled discriminator step on 64 px images."""
    shape = (64, 64, 3)
    if network == "dcgan":
        pair = dcgan.generator(shape, 32, 16), dcgan.discriminator(shape, 32, normalised=False)
    else:
        widths = (64, 64, 64, 32, 16)
        pair = r3gan.generator(shape, widths, latent_dim=32), r3gan.discriminator(shape, widths)
    model = GAN(*pair, [32])
    model.compile(Adam(1e-4), Adam(1e-4), penalties=PENALTIES[penalty], gamma=0.1)
    real, fake = (tf.random.stateless_normal([32, *shape], [seed, 0]) for seed in (0, 1))

    @tf.function
    def step():
        return model.discriminator_step(real, fake, None)["loss/discriminator"]

    return lambda: float(step())


def convolution(channels: int, grouped: bool):
    """A 3x3 convolution, forward and its gradient by input and kernel, of 16 x 16 maps."""
    layer = GroupedConv(channels // 16) if grouped else layers.Conv2D(channels, 3, padding="same", use_bias=False)
    x = tf.random.stateless_normal([32, 16, 16, channels], [0, 0])
    layer.build(x.shape)

    @tf.function
    def compute():
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.reduce_sum(tf.square(layer(x)))
        gradients = tape.gradient(y, [x, layer.kernel.value])
        return tf.add_n([tf.reduce_sum(gradient) for gradient in gradients])

    return lambda: float(compute())


def gatys(precision: str):
    """One compiled step of stylisation through VGG-19 (random weights: they do not change the time) at 512 x 512 pixels."""
    keras.config.set_dtype_policy(precision)
    preset = features.PRESETS["vgg19"]
    network = preset.build(include_top=False, weights=None)
    keras.config.set_dtype_policy("float32")
    extractor = features.Extractor(network, preset.content_layers, preset.style_layers, lambda images: 127.5 * images)
    content, style = (tf.random.stateless_uniform([1, SIDE, SIDE, 3], [seed, 0], -1, 1) for seed in (0, 1))
    model = Stylisation(extractor, content, [style])
    model.compile(ImageAdam(1000))
    step = tf.function(model.train_step)
    return lambda: float(step()["loss/total"])


def gatys_flops(margin: int = features.MARGIN) -> float:
    """Multiplications and additions of a step: forward, and the gradient by the input, as far as block5_conv1."""
    side, total, before = SIDE + 2 * margin, 0.0, 3
    for convolutions, channels in ((2, 64), (2, 128), (4, 256), (4, 512), (1, 512)):
        for _ in range(convolutions):
            total += 2 * 2 * 9 * before * channels * side**2
            before = channels
        side //= 2
    return total


def plain_convolutions(flops: float):
    """As many FLOPs in 3x3 convolutions of 128 x 128 maps of 128 channels: the peak of this machine."""
    x = tf.random.stateless_normal([1, 128, 128, 128], [0, 0])
    kernel = tf.random.stateless_normal([3, 3, 128, 128], [1, 0]) / 34.0
    count = round(flops / (2 * 9 * 128 * 128 * 128**2))

    @tf.function
    def compute():
        y = x
        for _ in tf.range(count):
            y = tf.nn.conv2d(y, kernel, 1, "SAME")
        return tf.reduce_sum(y)

    return lambda: float(compute())


def pairs() -> dict:
    """What is compared: name -> (one form, the other)."""
    stylisation = {
        "VGG-19 Gatys step, 512 px, float32 / bfloat16": [gatys("float32"), gatys("mixed_bfloat16")],
        "convolutions of as many FLOPs / VGG-19 Gatys step": [plain_convolutions(gatys_flops()), gatys("float32")],
    }
    steps = {
        f"D step with R1 / without, {network} 64 px": [discriminator_step(penalty, network) for penalty in ("r1", "none")]
        for network in ("dcgan", "r3gan")
    }
    convolutions = {
        f"dense / grouped 3x3, {channels} channels": [convolution(channels, grouped) for grouped in (False, True)]
        for channels in (128, 256, 512)
    }
    return steps | convolutions | stylisation


def main() -> None:
    options = tyro.cli(Options, description=__doc__)
    forms = pairs()
    for pair in forms.values():
        for form in pair:
            form()  # compiles
    rounds = {name: [] for name in forms}
    for _ in tqdm(range(options.rounds), unit="round"):
        for name, (first, second) in forms.items():
            times = [seconds_a_call(form, options.seconds) for form in (first, second)]
            rounds[name].append(times)
    table = {}
    for name, times in rounds.items():
        ratios = [first / second for first, second in times]
        low, middle, high = np.percentile(ratios, [25, 50, 75])
        milliseconds = [round(1000 * float(value), 2) for value in np.median(times, 0)]
        table[name] = {"ratio": round(middle, 3), "quartiles": [round(low, 3), round(high, 3)], "milliseconds": milliseconds}
        print(f"{name:45} {middle:6.2f}  ({low:.2f} to {high:.2f})  {milliseconds[0]} ms / {milliseconds[1]} ms")
    if options.output:
        result = {
            "cores": len(os.sched_getaffinity(0)),
            "tensorflow": tf.__version__,
            "rounds": options.rounds,
            "ratios": table,
        }
        options.output.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
