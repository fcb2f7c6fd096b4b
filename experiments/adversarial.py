"""What the experiments with one generator and one discriminator share: their options, their networks and the training.

Loss, penalty, network, augmentation, schedule and condition are independent choices; an experiment is a set of defaults.
"""

import contextlib
import functools
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from experiments.options import Loss, Penalty, Training, positive
from experiments.run import begin
from gan.errors import InputError

KEPT = 500  # images of each kind for the distance that --keep-best follows
BESIDE = 10**9  # a step that no training reaches: its batch of real images is what samples are compared with


@dataclass(frozen=True, kw_only=True)
class Adversarial(Training):
    data: str = "mnist"
    """mnist, fashion_mnist, cifar10, cifar100, samples, an .npz file with x_train, or a folder of pictures."""
    image_size: int | None = None
    """Side of the training images. Default: the data's own; 64 for pictures."""
    flip: bool = False
    """Mirror images at random."""
    skip_broken: bool = False
    """Leave unreadable pictures out instead of stopping."""
    steps: int = 8000
    tick: int = 500
    batch_size: int = 64
    """Images of one discriminator step."""
    network: Literal["dcgan", "dcgan-resize", "resnet", "stylegan2", "r3gan"] = "dcgan"
    """Radford et al. 2015, the same with resize-convolutions, Miyato et al. 2018, Karras et al. 2020, Huang et al. 2024."""
    width: int = 16
    """Channels at the highest resolution."""
    most: int = 512
    """Channels at most, where lower resolutions have more (stylegan2, r3gan)."""
    blocks: int = 1
    """Residual blocks a resolution (r3gan)."""
    latent_dim: int = 32
    spectral: bool = False
    """Spectral normalisation of the discriminator (dcgan, resnet)."""
    discriminator_norm: bool = False
    """Batch normalisation in the discriminator (dcgan), as published; without a gradient penalty."""
    dropout: float = 0.0
    """Share of values that the discriminator drops (dcgan, resnet)."""
    loss: Loss = "non-saturating"
    """The game (gan.losses)."""
    label_smoothing: float = 0.0
    """D's target for real images is 1 minus this (minimax and non-saturating)."""
    penalty: Penalty = "r1"
    """The discriminator's gradient penalty (gan.penalties)."""
    gamma: float | Literal["auto"] = 0.1
    """Weight of the penalty; gamma / 2 of the squared norm for r1 and r2. "auto": measured against the loss's gradient."""
    penalty_interval: int = 8
    """The penalty is computed every so many steps and counts as many times."""
    clip: float | None = None
    """Clip the discriminator's weights to +- this (Arjovsky et al. 2017)."""
    l1: float = 0.0
    """Weight of the sum of |w| over the discriminator's kernels."""
    l2: float = 0.0
    """Weight of half the sum of w^2 over the discriminator's kernels."""
    condition: Literal["none", "concatenation", "projection", "auxiliary-classifier"] = "none"
    """How the discriminator is told the label; other than none, the generator is given it too."""
    augment: Literal["none", "turns", "cutout", "diffaugment", "ada", "ada+cutout"] = "none"
    """What the discriminator sees (gan.augment)."""
    augment_p: float | Literal["adaptive"] = 1.0
    """Probability of each change; "adaptive" raises it while the discriminator overfits. Near 1 the samples show it."""
    learning_rate: float = 1e-3
    d_learning_rate: float | None = None
    """The discriminator's, if it has its own (TTUR, Heusel et al. 2017)."""
    beta_1: float = 0.5
    beta_2: float = 0.999
    d_steps: int = 1
    """Discriminator steps for one of the generator."""
    schedule: Literal["constant", "tail", "cosine"] = "tail"
    """tail: the rate falls over the last 40 %. cosine: rate to a quarter, beta_2 from 0.9, gamma to a tenth, EMA and
    augmentation from 0 (R3GAN). Other than constant, the number of steps is fixed."""
    rollbacks: int = 0
    """How often to go back to the last good checkpoint, at half the rates, after a value that is not finite or a collapse."""
    keep_best: bool = False
    """Measure a kernel distance (KID) at each tick and keep the generator that had the smallest, as best.keras."""
    ema_half_life: float = 20_000
    """Images after which an old generator counts half in the average that draws the samples."""

    def __post_init__(self):
        names = "steps tick image_size batch_size learning_rate d_learning_rate width most blocks latent_dim penalty_interval"
        positive(self, *names.split(), "d_steps", "clip", "ema_half_life")
        check(self)


def check(config: Adversarial) -> None:
    """Raises InputError for parts that exclude each other and for numbers out of range."""
    plain = config.network in ("dcgan", "dcgan-resize")
    for_some = f"is for --network dcgan and resnet, not {config.network}"
    rules = {
        "--discriminator-norm is for --network dcgan": config.discriminator_norm and not plain,
        "--discriminator-norm and a gradient penalty exclude each other: batch normalisation makes the gradient at one image "
        "depend on the others; add --penalty none": config.discriminator_norm and config.penalty != "none",
        "--discriminator-norm and --spectral replace each other: give one": config.spectral and config.discriminator_norm,
        f"--spectral {for_some}": config.spectral and not plain and config.network != "resnet",
        f"--dropout {for_some}": config.dropout > 0 and not plain and config.network != "resnet",
        f"--label-smoothing is for losses with a target probability (minimax, non-saturating), not {config.loss}": (
            config.label_smoothing > 0 and config.loss not in ("minimax", "non-saturating")
        ),
        "--gamma auto needs a gradient penalty": config.gamma == "auto" and config.penalty == "none",
        "--augment-p needs --augment": config.augment == "none" and config.augment_p != 1.0,
        f"--augment-p must be from 0 to 1. Received: {config.augment_p}": (
            config.augment_p != "adaptive" and not 0 <= config.augment_p <= 1
        ),
        f"--gamma must be 0 or more. Received: {config.gamma}": config.gamma != "auto" and not config.gamma >= 0,
        f"--dropout must be from 0 to less than 1. Received: {config.dropout}": not 0 <= config.dropout < 1,
        f"--label-smoothing must be from 0 to less than 1. Received: {config.label_smoothing}": (
            not 0 <= config.label_smoothing < 1
        ),
    }
    for rule, broken in rules.items():
        if broken:
            raise InputError(rule)


def networks(config: Adversarial, shape: tuple[int, int, int], classes: int):
    """Generator and discriminator."""
    from gan.networks import dcgan, r3gan, resnet, stylegan2

    conditional = {"classes": classes, "condition": config.condition}
    judging = conditional | {"spectral": config.spectral, "dropout": config.dropout}
    if config.network in ("dcgan", "dcgan-resize"):
        resize = config.network == "dcgan-resize"
        return (
            dcgan.generator(shape, config.latent_dim, config.width, classes, resize),
            dcgan.discriminator(shape, config.width, config.discriminator_norm, **judging),
        )
    if config.network == "resnet":
        return (
            resnet.generator(shape, config.latent_dim, config.width, classes),
            resnet.discriminator(shape, config.width, **judging),
        )
    if config.network == "stylegan2":
        return (
            stylegan2.generator(shape, config.latent_dim, config.width, config.most, classes=classes),
            stylegan2.discriminator(shape, config.width, config.most, **conditional),
        )
    count, _ = resnet.doublings(shape)
    widths = tuple(stylegan2.widths_of(count, config.width, config.most))
    return (
        r3gan.generator(shape, widths, config.blocks, latent_dim=config.latent_dim, classes=classes),
        r3gan.discriminator(shape, widths, config.blocks, **conditional),
    )


def compiled(config: Adversarial, generator, discriminator, shape: tuple[int, int, int]):
    """The model, ready to train."""
    import keras

    from gan import augment, losses, schedules
    from gan.models.gan import GAN, AuxiliaryClassifierGAN
    from gan.penalties import PENALTIES

    cosine = config.schedule == "cosine"

    def cosine_to(start: float, end: float, steps: int = config.steps):
        return schedules.Cosine(start, end, steps) if cosine else max(start, end)

    def adam(rate: float, steps: int) -> keras.optimizers.Optimizer:
        rates = {"constant": rate, "tail": schedules.LinearTail(rate, steps), "cosine": schedules.Cosine(rate, rate / 4, steps)}
        beta_2 = schedules.Cosine(0.9, config.beta_2, steps) if cosine else config.beta_2
        return schedules.Adam(rates[config.schedule], beta_1=config.beta_1, beta_2=beta_2, epsilon=1e-8)

    if config.gamma == "auto":
        gamma = schedules.AdaptiveGamma(schedules.initial_gamma(shape, config.batch_size))
    else:
        gamma = cosine_to(config.gamma, config.gamma / 10)
    p = schedules.AdaptiveAugmentation() if config.augment_p == "adaptive" else cosine_to(0.0, config.augment_p)
    objective = losses.OBJECTIVES[config.loss]
    if config.label_smoothing:
        objective = objective._replace(discriminator=losses.smoothed_discriminator(1.0 - config.label_smoothing))
    kind = AuxiliaryClassifierGAN if config.condition == "auxiliary-classifier" else GAN
    model = kind(
        generator, discriminator, [config.latent_dim], config.seed, cosine_to(0.0, config.ema_half_life),
        augment.PIPELINES[config.augment],
    )  # fmt: skip
    d_rate = config.d_learning_rate or config.learning_rate
    model.compile(
        adam(config.learning_rate, config.steps), adam(d_rate, config.steps * config.d_steps), objective,
        PENALTIES[config.penalty], gamma, config.penalty_interval, p, config.d_steps, config.clip, config.l1, config.l2,
    )  # fmt: skip
    return model


def conditioned_classes(config: Adversarial, images) -> int:
    """The number of classes of a conditional training, else 0."""
    from experiments import data

    return data.classes(images, config.data) if config.condition != "none" else 0


def batch(config: Adversarial, images, batch_size: int, classes: int, step: int):
    """The images of a step, with their labels if there are classes."""
    from experiments import data

    drawn = data.batch(images, batch_size, config.seed, step, config.flip)
    if not classes:
        return drawn
    return drawn, images.labels[data.indices(len(images), batch_size, config.seed, step)].astype("int32")


def short_training(config: Adversarial, images, stop: Callable[[dict], bool] = lambda values: False):
    """A training in memory, without a run directory: the model, and the values of every step until `stop(values)`."""
    import keras

    keras.backend.clear_session()
    keras.utils.set_random_seed(config.seed)
    shape, classes = (*images.size, images.channels), conditioned_classes(config, images)
    model = compiled(config, *networks(config, shape, classes), shape)
    batch_at = functools.partial(batch, config, images, config.batch_size, classes)
    return model, steps_in_memory(model, config, batch_at, stop)


def steps_in_memory(model, config: Training, batch_at: Callable[[int], object], stop: Callable[[dict], bool]) -> list[dict]:
    """Trains for `config.steps`, or until `stop(values)`; returns the values of every step."""
    import tensorflow as tf

    from experiments import data

    step, history = tf.function(model.train_step, jit_compile=config.jit), []
    with contextlib.closing(data.stream(batch_at, 0)) as batches:
        for _, images_of_step in zip(range(config.steps), batches, strict=False):
            history.append({key: float(value) for key, value in step(images_of_step).items()})
            if stop(history[-1]):
                break
    return history


def not_finite(values: dict[str, float]) -> bool:
    return not all(math.isfinite(value) for value in values.values())


def train(config: Adversarial, load: Callable | None = None, judge: Callable = lambda run, generator: {}) -> None:
    """The whole experiment.

    Args:
        load: returns the images (`experiments.data.Images`). Default: what `--data` names.
        judge: of the run and its final generator; what it returns becomes a part of the results.
    """
    run = begin(config)

    from experiments import data, harness
    from experiments.callbacks import keep_best, sample_grid, variety
    from experiments.pictures import grid

    images = load() if load else data.load(config.data, config.image_size, skip_broken=config.skip_broken)
    classes = conditioned_classes(config, images)
    batch_size = config.batch_size * config.d_steps
    if len(images) < batch_size:
        raise InputError(f"'{config.data}' has {len(images)} images, fewer than a batch of {batch_size}; lower --batch-size")
    harness.prepare(config)

    import tensorflow as tf

    batch_at = functools.partial(batch, config, images, batch_size, classes)
    shape = (*images.size, images.channels)
    generator, discriminator = networks(config, shape, classes)
    model = compiled(config, generator, discriminator, shape)
    fixed_steps = {} if config.schedule == "constant" else {"steps": config.steps}
    run.open(data=images.hash, **fixed_steps)
    first = batch_at(0)
    run.image("real", 0, grid((first[0] if classes else first)[:64]))
    z, labels = model.latents(64, -1), tf.range(64) % max(classes, 1)

    def draw():
        return model([z, labels] if classes else z).numpy()

    callbacks = [sample_grid(run, draw), variety(draw, data.batch(images, 64, config.seed, BESIDE))]
    if config.keep_best:
        callbacks.append(keep_best(run, model.ema_generator, data.batch(images, KEPT, config.seed, BESIDE), config.seed))
    harness.train(run, model, config, config.steps, batch_at, callbacks, rollbacks=config.rollbacks)
    model.settle(labels=tf.range(16) % classes if classes else None)
    model.ema_generator.save(run.dir / "generator.keras")
    run.finish(
        {
            "steps": config.steps,
            "images_seen": config.steps * batch_size,
            "generator_parameters": generator.count_params(),
            "discriminator_parameters": discriminator.count_params(),
            "classes": classes,
            "samples": f"samples/{config.steps:08d}.png",
        }
        | judge(run, model.ema_generator)
    )
