"""A thousand modes: three digits as the channels of one image (Metz et al. 2017; the protocol of PacGAN, Lin et al. 2018).

    python -m experiments.stacked_mnist --data mnist.npz --seed 0 --run-dir runs/stacked

A classifier of digits, trained in the run directory, names the three digits of every sample. A mode is a triple that occurs
at least once in 26,000 samples; KL is of the triples' frequencies to uniform, in nats. A perfect sampler has a KL of 0.019
at this count, real images with the digits' own frequencies 0.024. Published: DCGAN 99 modes and 3.40, VEEGAN 150 and 2.95
(Srivastava et al. 2017), the R3GAN ablation 1000 and 0.078 (Huang et al. 2024).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from experiments.adversarial import Adversarial, train
from experiments.options import command, parse, positive
from gan.errors import InputError

COUNT = 128_000
MODES = 1000


@dataclass(frozen=True, kw_only=True)
class Config(Adversarial):
    """All options of an adversarial training, and the count of what is judged."""

    samples_judged: int = 26_000
    """Samples of the count."""

    def __post_init__(self):
        super().__post_init__()
        positive(self, "samples_judged")


RECIPE = Config(
    steps=20_000, tick=1000, network="dcgan", width=32, latent_dim=64, loss="relativistic-pairing", penalty="r1+r2", gamma=1.0,
    penalty_interval=1, learning_rate=5e-4, beta_1=0.0, beta_2=0.99, schedule="cosine",
)  # fmt: skip
PRESETS = {"r3gan-loss": RECIPE}


class Stacked(Sequence):
    """`count` images uint8 `[H, W, 3]` of three digits each, drawn with a fixed seed."""

    def __init__(self, digits, count: int, seed: int):
        import numpy as np

        self.digits = digits
        self.triples = np.random.default_rng([seed, 3]).integers(0, len(digits), (count, 3))

    def __len__(self) -> int:
        return len(self.triples)

    def __getitem__(self, index: int):
        import numpy as np

        return np.concatenate([self.digits[i] for i in self.triples[index]], -1)


def main(argv: list[str] | None = None) -> None:
    config = parse(Config, __doc__, argv, PRESETS)

    def load():
        from experiments import data

        digits = data.load(config.data, config.image_size)
        if digits.channels != 1 or digits.labels is None or digits.labels.max() > 9:
            raise InputError(f"--data '{config.data}' must hold grey digits with labels 0 to 9")
        return data.Images(Stacked(digits.pictures, COUNT, config.seed), digits.size, digits.hash)

    def judge(run, generator) -> dict:
        """Triples of the generator's samples and, beside them, of real images."""
        import numpy as np

        from experiments import data, runs
        from experiments.pictures import to_float
        from gan.metrics import modes

        network = runs.own_classifier(run.dir, config.data)

        def counts(images) -> np.ndarray:
            digits = [runs.apply(network, images[..., channel : channel + 1]).argmax(-1) for channel in range(3)]
            return np.bincount(digits[0] * 100 + digits[1] * 10 + digits[2], minlength=MODES)

        count = config.samples_judged
        own = counts(runs.draw(generator, count, config.seed))
        real = Stacked(data.load(config.data, config.image_size).pictures, count, config.seed + 1)
        real = counts(to_float(np.stack([real[index] for index in range(count)])))
        return {
            "modes": int((own > 0).sum()),
            "kl": modes.kl_to_uniform(own),
            "kl_floor": modes.kl_floor(MODES, count),
            "real": {"modes": int((real > 0).sum()), "kl": modes.kl_to_uniform(real)},
            "samples_judged": count,
        }

    train(config, load, judge)


if __name__ == "__main__":
    command(main)
