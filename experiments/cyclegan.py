"""Translation between two sets of pictures without pairs, both ways, by CycleGAN (Zhu et al. 2017).

    python -m experiments.cyclegan --data photos --data-b paintings/monet --run-dir runs/cyclegan

Two ResNet generators that undo each other, least squares, a pool of generated pictures, identity loss, a rate that falls
straight to 0 over the second half. Saves generator.keras (A to B) and backward.keras (B to A).

Differences from the paper: 128 px, 32 channels and 6 blocks, as it takes for this size; the generators add to the picture,
because the published ones, normalised in each layer, do not see how light and strong in contrast it is, and need a cycle weight
of 2; they enlarge by repetition, because transposed convolutions left a grid. The paper's own: --no-skip --up transposed
--cycle-weight 10.
"""

from dataclasses import dataclass

from experiments.options import Loss, command, not_negative, parse, positive
from experiments.run import begin
from experiments.translation import Up, adam, told, translator
from experiments.unpaired import Unpaired


@dataclass(frozen=True, kw_only=True)
class Config(Unpaired):
    steps: int = 8000
    blocks: int = 6
    """Residual blocks; published: 6 for 128 px, 9 for 256."""
    skip: bool = True
    """The generators add to the picture, at first nothing. --no-skip: they draw all of it, as published."""
    loss: Loss = "least-squares"
    """The game (gan.losses)."""
    up: Up = "repeated"
    """How the generators enlarge: by repetition before a convolution, or by transposed convolutions, as published."""
    cycle_weight: float = 2.0
    """Lambda; published: 10, for generators that draw all of the picture."""
    identity_weight: float = 0.5
    """Of the identity loss, relative to --cycle-weight."""
    pool: int = 50
    """Generated pictures that each discriminator is shown again; 0: none."""

    def __post_init__(self):
        super().__post_init__()
        positive(self, "blocks")
        not_negative(self, "cycle_weight", "identity_weight", "pool")


def main(argv: list[str] | None = None) -> None:
    config = parse(Config, __doc__, argv)
    run = begin(config)

    import numpy as np

    from experiments import harness, unpaired
    from experiments.pictures import grid

    sets = unpaired.load(config)
    harness.prepare(config)

    from gan import features, losses
    from gan.models.cyclegan import CycleGAN
    from gan.networks import patchgan, translation

    how = {"width": config.width, "blocks": config.blocks, "skip": config.skip, "up": config.up}
    generators = [translation.resnet(**how) for _ in range(2)]
    judges = [patchgan.discriminator(3, config.d_width, config.downs) for _ in range(2)]
    model = CycleGAN(*generators, *judges, (config.image_size, config.image_size, 3), config.pool, config.seed)
    model.compile(adam(config), adam(config), losses.OBJECTIVES[config.loss], config.cycle_weight, config.identity_weight)

    to_b, to_a = translator(model.to_b), translator(model.to_a)
    run.open(**sets.hashes, extractor=features.digest(config.extractor), steps=config.steps)
    callback = unpaired.grid(run, sets, to_b, lambda images: to_a(to_b(images)))
    harness.train(run, model, config, config.steps, unpaired.batches(config, sets), [callback])
    model.to_b.save(run.dir / "generator.keras")
    model.to_a.save(run.dir / "backward.keras")
    shown = sets.test_b[: unpaired.SHOWN]
    backward = np.stack([shown, to_a(shown), to_b(to_a(shown))], 1).reshape(-1, *shown.shape[1:])
    run.image("backward", config.steps, grid(backward, 3), "backward.png")

    def cycle_errors(images: np.ndarray, there, back) -> dict:
        return told(np.abs(back(there(images)) - images).mean((1, 2, 3)))

    run.finish(
        {
            "steps": config.steps,
            "images_seen": config.steps * config.batch_size,
            "generator_parameters": model.to_b.count_params(),
            "feature_network": config.extractor,
            "test": unpaired.results(features.load(config.extractor), sets, to_b(sets.test_a)),
            "cycle_error_a": cycle_errors(sets.test_a, to_b, to_a),
            "cycle_error_b": cycle_errors(sets.test_b, to_a, to_b),
            "samples": f"samples/{config.steps:08d}.png",
            "backward": "backward.png",
        }
    )


if __name__ == "__main__":
    command(main)
