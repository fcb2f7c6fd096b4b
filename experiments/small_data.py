"""A GAN on a hundred images: what augmentation gains, and whether the generator copies (Zhao et al. 2020, section 4.3).

    python -m experiments.small_data --data paintings --count 100 --run-dir runs/small_data

Trains the same networks on `--count` images of a folder with each kind of augmentation. Judged in the compact features beside
images that no training saw: kernel distance and coverage, with intervals. The memorisation check asks how many samples are
farther from their nearest training image than that one is from its own nearest other (authenticity, Alaa et al. 2022), beside
the same of unseen images. Writes table.md and, for each, nearest.png: samples above their nearest training images.
"""

from dataclasses import dataclass, replace

from experiments.adversarial import Adversarial
from experiments.adversarial import train as train_gan
from experiments.options import Output, command, parse, positive
from experiments.run import begin
from gan.errors import InputError

RECIPE = Adversarial(
    width=16, latent_dim=64, loss="relativistic-pairing", penalty="r1+r2", gamma=1.0, penalty_interval=4,
    learning_rate=5e-4, flip=True, tick=250,
)  # fmt: skip
AUGMENTS = ("none", "diffaugment")
SHOWN = 12


@dataclass(frozen=True, kw_only=True)
class Config(Output):
    data: str = "samples"
    """A folder of pictures; some are trained on, the others judge."""
    count: int = 100
    """Images of the training."""
    image_size: int = 64
    steps: int = 3000
    batch_size: int = 32
    augments: tuple[str, ...] = AUGMENTS
    """The kinds of augmentation that are compared."""
    samples: int = 1000
    """Samples that are judged."""

    def __post_init__(self):
        positive(self, "count", "image_size", "steps", "batch_size", "samples")


def verdict(share: float, interval: tuple[float, float], fresh: tuple[float, float]) -> str:
    """In words: fewer authentic samples than unseen images, beyond both intervals, is copying."""
    if interval[1] < fresh[0]:
        return f"fails: only {share:.0%} of the samples are no near copies, of unseen images {fresh[0]:.0%} or more"
    return f"passes: {share:.0%} of the samples are no near copies"


def main(argv: list[str] | None = None) -> None:
    config = parse(Config, __doc__, argv)
    run = begin(config)

    from experiments import data, pictures, runs
    from experiments.callbacks import read_compact

    everything = data.load(config.data, config.image_size)
    if len(everything) < 2 * config.count:
        raise InputError(
            f"'{config.data}' has {len(everything)} pictures; {config.count} to train on need as many others to judge by"
        )

    import numpy as np

    from gan.metrics import intervals, kernel, memorisation, neighbours

    order = np.random.default_rng([config.seed, 5]).permutation(len(everything))
    chosen = [everything.pictures[index] for index in order[: config.count]]
    training = data.Images(chosen, everything.size, everything.hash)
    run.open(data=everything.hash)

    def centred(parts) -> np.ndarray:
        return pictures.to_float(np.stack([data.centre(part, everything.size) for part in parts]))

    read = read_compact()
    seen = centred(chosen)
    unseen = centred([everything.pictures[index] for index in order[config.count :]])
    seen_features = np.concatenate([read(seen), read(seen[:, :, ::-1])])  # trainings mirror
    unseen_features = read(unseen)

    half = len(unseen) // 2
    size = min(half, config.samples) // 2

    def judged(found: np.ndarray, real: np.ndarray) -> dict:
        distances = kernel.kid(real, found, size=size)
        covered = neighbours.memberships(real, found)["coverage"]
        authentic = memorisation.authentic(seen_features, found)
        return {
            f"kid{size}_compact": {"value": float(distances.mean()), "interval": intervals.bootstrap(distances)},
            "coverage": {"value": float(covered.mean()), "interval": intervals.bootstrap(covered)},
            "authentic": {"value": float(authentic.mean()), "interval": intervals.bootstrap(authentic)},
        }

    rows = {"unseen images": judged(unseen_features[:half], unseen_features[half:])}
    fresh = rows["unseen images"]["authentic"]["interval"]
    verdicts = {}
    for augment in config.augments:
        folder = run.dir / augment
        if not (folder / "results.json").exists():
            options = replace(
                RECIPE, data=config.data, image_size=config.image_size, steps=config.steps, batch_size=config.batch_size,
                seed=config.seed, augment=augment, run_dir=folder,
            )  # fmt: skip
            train_gan(options, lambda: training)
        drawn = pictures.to_float(pictures.to_uint8(runs.draw(runs.load(folder, "generator"), config.samples, config.seed)))
        features = read(drawn)
        rows[augment] = judged(features, unseen_features)
        authentic = rows[augment]["authentic"]
        verdicts[augment] = verdict(authentic["value"], authentic["interval"], fresh)
        nearest = memorisation.nearest(seen_features, features[:SHOWN])
        pairs = np.concatenate([drawn[:SHOWN], np.concatenate([seen, seen[:, :, ::-1]])[nearest]])
        run.image(f"nearest {augment}", config.steps, pictures.grid(pairs, columns=SHOWN), f"{augment}/nearest.png")
    names = list(rows["unseen images"])
    lines = ["| | " + " | ".join(names) + " | memorisation |", "| --- |" + " --- |" * (len(names) + 1)]
    for name, row in rows.items():
        cells = [f"{row[key]['value']:.3g} ({row[key]['interval'][0]:.3g} to {row[key]['interval'][1]:.3g})" for key in names]
        lines.append(f"| {name} | " + " | ".join(cells) + f" | {verdicts.get(name, '-')} |")
    (run.dir / "table.md").write_text("\n".join(lines) + "\n")
    run.finish({"count": config.count, "unseen": len(unseen), "rows": rows, "memorisation": verdicts, "table": "table.md"})


if __name__ == "__main__":
    command(main)
