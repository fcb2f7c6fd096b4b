"""R3GAN (Huang et al. 2024): relativistic pairing, R1 + R2, residual networks without normalisation, five cosine schedules.

    python -m experiments.r3gan --data mnist.npz --run-dir runs/r3gan

The recommended recipe. `--preset cifar10`, `ffhq64` and `ffhq256` have the published networks and schedules, for GPUs.
Departure: the generator's step sees the same real batch as the discriminator's.
"""

from dataclasses import dataclass, replace

from experiments.adversarial import Adversarial, train
from experiments.options import command, parse


@dataclass(frozen=True, kw_only=True)
class Config(Adversarial):
    """All options of an adversarial training; their defaults are the first row of the presets."""


MNIST = Config(
    steps=8000, batch_size=32, network="r3gan", width=16, most=64, latent_dim=64, loss="relativistic-pairing",
    penalty="r1+r2", gamma=1.0, penalty_interval=1, learning_rate=1e-3, beta_1=0.0, beta_2=0.99, schedule="cosine",
)  # fmt: skip
PUBLISHED = replace(
    MNIST, most=768, blocks=2, learning_rate=2e-4, tick=1000, flip=True, augment="ada+cutout", batch_size=256, ema_half_life=5e5
)
PRESETS = {
    "mnist": MNIST,
    "cifar10": replace(
        PUBLISHED, data="cifar10", width=768, batch_size=512, steps=39_063, gamma=0.05, ema_half_life=5e6, augment_p=0.55,
        condition="projection",
    ),
    "ffhq64": replace(PUBLISHED, image_size=64, width=384, steps=78_125, gamma=2.0, augment_p=0.3),
    "ffhq256": replace(PUBLISHED, image_size=256, width=96, steps=78_125, gamma=150.0, augment_p=0.3),
}  # fmt: skip


def main(argv: list[str] | None = None) -> None:
    train(parse(Config, __doc__, argv, PRESETS))


if __name__ == "__main__":
    command(main)
