"""Images of an asked class: a conditional GAN by concatenation, projection or an auxiliary classifier.

    python -m experiments.conditional_gan --data mnist.npz --run-dir runs/conditional --condition projection

Mirza and Osindero 2014; Miyato and Koyama 2018; Odena et al. 2017. `python -m experiments.evaluate RUN` says for how many
samples a classifier sees the label that was asked for.
"""

from dataclasses import dataclass

from experiments.adversarial import Adversarial, train
from experiments.options import command, parse


@dataclass(frozen=True, kw_only=True)
class Config(Adversarial):
    """All options of an adversarial training; their defaults are the first row of the presets."""


PRESETS = {
    "mnist": Config(condition="auxiliary-classifier"),
    "cifar10": Config(
        data="cifar10", network="resnet", width=256, latent_dim=128, condition="projection", loss="hinge", penalty="none",
        spectral=True, d_steps=5, steps=100_000, tick=1000, learning_rate=2e-4, beta_1=0.0, beta_2=0.9, flip=True,
    ),
}  # fmt: skip


def main(argv: list[str] | None = None) -> None:
    train(parse(Config, __doc__, argv, PRESETS))


if __name__ == "__main__":
    command(main)
