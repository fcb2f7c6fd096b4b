"""Unconditional images with DCGAN (Radford, Metz, Chintala 2015) and the losses of Goodfellow et al. 2014.

    python -m experiments.dcgan --data mnist.npz --steps 6000 --run-dir runs/dcgan --seed 0

Differences from the paper: 4x4 kernels (no checkerboards), fewer channels, R1 instead of batch normalisation in the
discriminator (--discriminator-norm --r1-gamma 0 is the published one), a learning rate that is higher and falls, and pictures
from an exponential moving average of the generator.
"""

from dataclasses import dataclass
from typing import Literal

from experiments.options import Training, command, parse, positive
from experiments.run import begin


@dataclass(frozen=True, kw_only=True)
class Config(Training):
    data: str = "mnist"
    """mnist, fashion_mnist, cifar10, cifar100, samples, an .npz file with x_train, or a folder of pictures."""
    image_size: int | None = None
    """Side of the training images. Default: the data's own; 64 for pictures."""
    steps: int = 6000
    tick: int = 500
    batch_size: int = 64
    loss: Literal["non-saturating", "minimax"] = "non-saturating"
    """The generator's loss: Goodfellow et al. 2014, section 3 or eq. 1."""
    learning_rate: float = 1e-3
    decay: bool = True
    """Let the learning rate fall over the last 40 % of the steps; their number is then fixed."""
    flip: bool = False
    """Mirror images at random."""
    ema_half_life: float = 20_000
    """Images after which an old generator counts half in the average that draws the samples."""
    r1_gamma: float = 0.1
    """Weight of the R1 penalty (Mescheder et al. 2018), every 8th step."""
    discriminator_norm: bool = False
    """Batch normalisation in the discriminator, as published; goes with --r1-gamma 0."""
    width: int = 32
    """Channels of the stage nearest to the image; doubled at each halving."""
    latent_dim: int = 100
    skip_broken: bool = False
    """Leave unreadable pictures out instead of stopping."""

    def __post_init__(self):
        positive(self, "steps", "tick", "image_size", "batch_size", "learning_rate", "width", "latent_dim")


def main(argv: list[str] | None = None) -> None:
    config = parse(Config, __doc__, argv)
    run = begin(config)

    from experiments import data, harness
    from experiments.callbacks import sample_grid
    from experiments.pictures import grid

    images = data.load(config.data, config.image_size, skip_broken=config.skip_broken)
    harness.prepare(config)

    import keras

    from gan import losses
    from gan.models.gan import GAN
    from gan.networks import dcgan
    from gan.schedules import LinearTail

    def batch_at(step: int):
        return data.batch(images, config.batch_size, config.seed, step, config.flip)

    def adam() -> keras.optimizers.Optimizer:
        rate = LinearTail(config.learning_rate, config.steps) if config.decay else config.learning_rate
        return keras.optimizers.Adam(rate, beta_1=0.5)

    shape = (*images.size, images.channels)
    generator = dcgan.generator(shape, config.latent_dim, config.width)
    discriminator = dcgan.discriminator(shape, config.width, config.discriminator_norm)
    model = GAN(
        generator, discriminator, [config.latent_dim], config.seed, config.ema_half_life, config.r1_gamma, r1_interval=8
    )
    generator_loss = {"non-saturating": losses.nonsaturating_generator, "minimax": losses.minimax_generator}[config.loss]
    model.compile(adam(), adam(), generator_loss)

    run.open(data=images.hash, **({"steps": config.steps} if config.decay else {}))
    run.image("real", 0, grid(batch_at(0)[:64]))
    z = model.latents(64, -1)
    harness.train(run, model, config, config.steps, batch_at, [sample_grid(run, lambda: model(z).numpy())])
    model.settle()
    model.ema_generator.save(run.dir / "generator.keras")
    run.finish(
        {
            "steps": config.steps,
            "images_seen": config.steps * config.batch_size,
            "samples": f"samples/{config.steps:08d}.png",
        }
    )


if __name__ == "__main__":
    command(main)
