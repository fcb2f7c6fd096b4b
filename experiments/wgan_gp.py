"""Wasserstein GAN with gradient penalty (Gulrajani et al. 2017): five critic steps for one of the generator.

    python -m experiments.wgan_gp --data mnist.npz --run-dir runs/wgan_gp

`--preset paper` is the residual network of the paper for CIFAR-10, without its layer normalisation in the critic;
`--preset clipping` is the Wasserstein GAN of Arjovsky et al. 2017.
"""

from dataclasses import dataclass, replace

from experiments.adversarial import Adversarial, train
from experiments.options import command, parse


@dataclass(frozen=True, kw_only=True)
class Config(Adversarial):
    """All options of an adversarial training; their defaults are the first row of the presets."""


MNIST = Config(
    steps=6000, loss="wasserstein", penalty="wgan-gp", gamma=10.0, penalty_interval=1, d_steps=5, batch_size=32,
    learning_rate=5e-4, beta_1=0.0, beta_2=0.9,
)  # fmt: skip
PRESETS = {
    "mnist": MNIST,
    "paper": replace(
        MNIST, data="cifar10", network="resnet", width=128, latent_dim=128, steps=100_000, tick=1000, batch_size=64,
        learning_rate=2e-4, flip=True,
    ),
    "clipping": replace(MNIST, penalty="none", clip=0.01, learning_rate=5e-5, beta_2=0.99),
}  # fmt: skip


def main(argv: list[str] | None = None) -> None:
    train(parse(Config, __doc__, argv, PRESETS))


if __name__ == "__main__":
    command(main)
