"""Translation of one set of pictures into another without pairs, one way, by CUT or FastCUT (Park et al. 2020).

    python -m experiments.cut --data photos --data-b paintings/monet --run-dir runs/cut

Half the networks of CycleGAN: instead of a way back, each patch of the result must be recognisable as the patch it was made
from. `--fast` is FastCUT: ten times the weight, no identity loss, mirrored pictures.

Differences from the paper: 128 px, 32 channels and 6 blocks, hence the middle block that is compared is the third.
"""

from dataclasses import dataclass

from experiments.options import Loss, command, parse, positive
from experiments.run import begin
from experiments.translation import adam, translator
from experiments.unpaired import Unpaired


@dataclass(frozen=True, kw_only=True)
class Config(Unpaired):
    steps: int = 8000
    blocks: int = 6
    """Residual blocks; published: 9 for 256 px."""
    fast: bool = False
    """FastCUT."""
    nce_weight: float | None = None
    """Of the contrastive loss. Default, as published: 1, and 10 for FastCUT."""
    places: int = 256
    """Places of each layer that are compared with one another."""
    temperature: float = 0.07
    loss: Loss = "least-squares"
    """The game (gan.losses)."""

    def __post_init__(self):
        super().__post_init__()
        positive(self, "blocks", "nce_weight", "places", "temperature")


def main(argv: list[str] | None = None) -> None:
    config = parse(Config, __doc__, argv)
    run = begin(config)

    from experiments import harness, unpaired

    sets = unpaired.load(config)
    harness.prepare(config)

    from gan import features, losses
    from gan.models.cut import CUT
    from gan.networks import patchgan, translation

    start = translation.small_xavier
    generator = translation.resnet(width=config.width, blocks=config.blocks, antialias=True, start=start)
    model = CUT(
        generator, patchgan.discriminator(3, config.d_width, config.downs, start=start), config.places, config.temperature,
        config.seed,
    )  # fmt: skip
    weight = config.nce_weight or (10.0 if config.fast else 1.0)
    model.compile(adam(config), adam(config), losses.OBJECTIVES[config.loss], weight, not config.fast, config.fast)

    translate = translator(generator)
    run.open(**sets.hashes, extractor=features.digest(config.extractor), steps=config.steps)
    harness.train(run, model, config, config.steps, unpaired.batches(config, sets), [unpaired.grid(run, sets, translate)])
    generator.save(run.dir / "generator.keras")
    run.finish(
        {
            "steps": config.steps,
            "images_seen": config.steps * config.batch_size,
            "generator_parameters": generator.count_params(),
            "feature_network": config.extractor,
            "test": unpaired.results(features.load(config.extractor), sets, translate(sets.test_a)),
            "samples": f"samples/{config.steps:08d}.png",
        }
    )


if __name__ == "__main__":
    command(main)
