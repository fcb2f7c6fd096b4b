"""StyleGAN2 (Karras et al. 2020), for few images with adaptive discriminator augmentation (Karras et al. 2020 b).

    python -m experiments.stylegan2 --data fashion_mnist.npz --run-dir runs/stylegan2

`--preset few-images` augments as much as the discriminator overfits; `--preset ffhq256` has the published widths and rates,
for a GPU.
"""

from dataclasses import dataclass, replace

from experiments.adversarial import Adversarial, train
from experiments.options import command, parse


@dataclass(frozen=True, kw_only=True)
class Config(Adversarial):
    """All options of an adversarial training; their defaults are the first row of the presets."""


SMALL = Config(
    steps=6000, batch_size=32, network="stylegan2", width=16, most=64, latent_dim=64, gamma=0.02, penalty_interval=16,
    learning_rate=2e-3, beta_1=0.0, beta_2=0.99,
)  # fmt: skip
FEW = replace(SMALL, augment="ada", augment_p="adaptive", schedule="constant", flip=True)
PRESETS = {
    "small": SMALL,
    "few-images": FEW,
    "ffhq256": replace(
        FEW, data="samples", image_size=256, width=128, most=512, latent_dim=512, batch_size=64, steps=390_000, tick=2000,
        gamma=1.0,
    ),
}  # fmt: skip


def main(argv: list[str] | None = None) -> None:
    train(parse(Config, __doc__, argv, PRESETS))


if __name__ == "__main__":
    command(main)
