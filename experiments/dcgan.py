"""Unconditional images with DCGAN (Radford, Metz, Chintala 2015) and the losses of Goodfellow et al. 2014.

    python -m experiments.dcgan --data mnist.npz --steps 8000 --run-dir runs/dcgan --seed 0

Three minutes on 2 cores for MNIST. Differences from the paper: 4x4 kernels (no checkerboards), fewer channels and latents,
smaller batches, R1 instead of batch normalisation in the discriminator, a learning rate that is higher and falls, and pictures
from an exponential moving average of the generator. Presets of the same networks: published (of these differences only the
kernels and the sizes) and r3gan-loss (relativistic pairing with R1 + R2, Huang et al. 2024); paper is published at its own
size, 64 px, for a GPU.
"""

from dataclasses import dataclass, replace

from experiments.adversarial import Adversarial, train
from experiments.options import command, parse


@dataclass(frozen=True, kw_only=True)
class Config(Adversarial):
    """All options of an adversarial training; their defaults are the first row of the presets."""


PUBLISHED = Config(
    steps=10_000, discriminator_norm=True, penalty="none", learning_rate=2e-4, schedule="constant", ema_half_life=1
)
PRESETS = {
    "mnist": Config(),
    "published": PUBLISHED,
    "r3gan-loss": Config(
        loss="relativistic-pairing", penalty="r1+r2", gamma=1.0, penalty_interval=4, beta_1=0.0, beta_2=0.99
    ),
    "paper": replace(PUBLISHED, steps=100_000, tick=1000, batch_size=128, image_size=64, width=128, latent_dim=100),
}  # fmt: skip


def main(argv: list[str] | None = None) -> None:
    train(parse(Config, __doc__, argv, PRESETS))


if __name__ == "__main__":
    command(main)
