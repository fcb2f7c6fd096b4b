"""Translation learnt from pairs, as label maps to facades, by pix2pix (Isola et al. 2017).

    python -m experiments.pix2pix --data facades --run-dir runs/pix2pix

A pair is one file with A on the left and B on the right, or two of the same name in the folders A and B.
`--adversarial-weight 0` trains on the L1 distance alone: the row that pix2pix is compared with.

Differences from the paper: 128 px and 32 channels, hence 7 stages; the rate falls over the second half; instance
normalisation, which is what batch normalisation with the statistics of one picture is; dropout is off in use; the decoder
enlarges by repetition, because transposed convolutions (`--up transposed`) left a grid on the walls; a distance in the features
of `compact` is a part of the loss, as Ledig et al. 2017 have it, because 20 epochs are few (`--perceptual-weight 0`).
"""

from dataclasses import dataclass
from typing import Literal

from experiments.options import Loss, command, not_negative, parse
from experiments.pairs import Direction
from experiments.run import begin
from experiments.translation import Translation, Up, adam, compact_distance, paired_results, quantised, rows, translator
from gan.errors import InputError

SHOWN = 6


@dataclass(frozen=True, kw_only=True)
class Config(Translation):
    steps: int = 8000
    direction: Direction = "b-to-a"
    """From which side to which."""
    norm: Literal["instance", "batch"] = "instance"
    """instance: each picture's own statistics, in training and in use. batch: the batch's, and in use their moving averages."""
    dropout: float = 0.5
    """Share of values dropped in the three innermost stages while training."""
    up: Up = "repeated"
    """How the decoder enlarges: by repetition before a convolution, or by transposed convolutions, as published."""
    loss: Loss = "non-saturating"
    """The game (gan.losses); published: non-saturating, and least-squares in later code."""
    l1_weight: float = 100.0
    adversarial_weight: float = 1.0
    """0: L1 alone, without a discriminator and without the perceptual distance."""
    perceptual_weight: float = 10.0
    """Of the distance in the features of `compact`, beside L1 and the adversary; published: 0."""

    def __post_init__(self):
        super().__post_init__()
        if not self.l1_weight >= 0 or not self.adversarial_weight >= 0 or self.l1_weight + self.adversarial_weight == 0:
            raise InputError(
                f"--l1-weight and --adversarial-weight must be 0 or more, one of them more. "
                f"Received: {self.l1_weight} and {self.adversarial_weight}"
            )
        not_negative(self, "perceptual_weight")
        if not 0 <= self.dropout < 1:
            raise InputError(f"--dropout must be from 0 to less than 1. Received: {self.dropout}")
        if self.image_size < 16 or self.image_size & (self.image_size - 1):
            raise InputError(f"--image-size must be a power of 2 from 16 on, to train a U-Net. Received: {self.image_size}")


def main(argv: list[str] | None = None) -> None:
    config = parse(Config, __doc__, argv)
    run = begin(config)

    import numpy as np

    from experiments import data, harness, pairs
    from experiments.pictures import to_float

    folder, test_folder = pairs.splits(config.data)
    files = pairs.find(folder)
    if test_folder:
        test_files = pairs.find(test_folder)
    else:
        files, test_files = pairs.held_out(files, config.test_count, config.data)
    train = pairs.load(files, config.image_size, config.short_side, config.direction)
    test = pairs.load(test_files, config.image_size, config.image_size, config.direction)
    harness.prepare(config)

    from gan import features, losses
    from gan.models.pix2pix import Pix2Pix, Reconstruction
    from gan.networks import patchgan, translation

    downs = config.image_size.bit_length() - 1
    generator = translation.unet(3, 3, config.width, min(downs, 8), config.norm, config.dropout, up=config.up)
    if config.adversarial_weight:
        model = Pix2Pix(generator, patchgan.discriminator(6, config.d_width, config.downs, config.norm))
        perceptual = compact_distance(config.seed) if config.perceptual_weight else None
        model.compile(
            adam(config), adam(config), losses.OBJECTIVES[config.loss], config.l1_weight, config.adversarial_weight, perceptual,
            config.perceptual_weight,
        )  # fmt: skip
    else:
        model = Reconstruction(generator)
        model.compile(adam(config))

    def batch_at(step: int) -> tuple[np.ndarray, np.ndarray]:
        return pairs.apart(data.batch(train, config.batch_size, config.seed, step, config.flip))

    source, real = pairs.apart(to_float(np.stack([data.centre(one, test.size) for one in test.pictures])))
    run.open(data=train.hash, test=test.hash, extractor=features.digest(config.extractor), steps=config.steps)
    shown = source[:SHOWN], real[:SHOWN]
    translate = translator(generator)
    grid = rows(run, lambda: [shown[0], translate(shown[0]), shown[1]])
    harness.train(run, model, config, config.steps, batch_at, [grid])
    generator.save(run.dir / "generator.keras")
    made = quantised(translate(source))
    run.finish(
        {
            "steps": config.steps,
            "images_seen": config.steps * config.batch_size,
            "generator_parameters": generator.count_params(),
            "feature_network": config.extractor,
            "test": paired_results(features.load(config.extractor), real, {"generated": made, "source_as_it_is": source}),
            "samples": f"samples/{config.steps:08d}.png",
        }
    )


if __name__ == "__main__":
    command(main)
