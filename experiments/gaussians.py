"""The laboratory of mode collapse: a mixture of Gaussians in the plane, whose modes can be counted (VEEGAN, PacGAN).

    python -m experiments.gaussians --layout grid --seed 0 --run-dir runs/grid

Relativistic pairing with R1 + R2 and R3GAN's cosine schedules on plain networks of five dense layers. What differs from the
papers: the discriminator reads Fourier features of the points, without which it is slow to tell points a sigma apart, and the
generator reads some of its latent, because the points that it misses lie on the bridges between modes, which only a steep
function makes short. Its latents are uniform: seams between 25 equal parts are shorter there than among normal ones. Published
by VEEGAN (Srivastava et al. 2017), without such features: 24.6 of 25 modes and 40 % of high quality on the grid, 8 of 8 and
53 % on the ring; a perfect sampler has 98.9 %. `--loss`, `--penalty`, `--frequencies 0`, `--latent-frequencies 0`,
`--latent normal` and `--schedule constant` show what each of them is worth.
"""

from dataclasses import dataclass
from typing import Literal

from experiments.options import Loss, Penalty, Training, command, parse, positive
from experiments.run import begin


@dataclass(frozen=True, kw_only=True)
class Config(Training):
    layout: Literal["grid", "ring"] = "grid"
    """25 Gaussians on a square or 8 on a circle (gan.metrics.modes)."""
    steps: int = 27_000
    tick: int = 3000
    batch_size: int = 256
    loss: Loss = "relativistic-pairing"
    """The game (gan.losses)."""
    penalty: Penalty = "r1+r2"
    """The discriminator's gradient penalty (gan.penalties)."""
    gamma: float = 1.0
    """Weight of the penalty at first; it falls to a tenth."""
    learning_rate: float = 2e-3
    schedule: Literal["cosine", "constant"] = "cosine"
    """cosine: the rate falls to 1 %, beta_2 rises from 0.9 to 0.999, gamma falls, the average grows longer; constant: none
    of it."""
    ema_half_life: float = 100_000
    """Points after which an old generator counts half in the average."""
    width: int = 128
    depth: int = 5
    frequencies: int = 64
    """Fourier features that the discriminator reads beside the points; 0: none, as in the papers' tables."""
    latent_frequencies: int = 64
    """Fourier features that the generator reads beside z, so that it learns steep steps between modes sooner; 0: none."""
    latent_dim: int = 2
    latent: Literal["uniform", "normal"] = "uniform"
    """uniform: the generator makes its latents uniform, so that the seams between modes are short."""
    samples: int = 10_000
    """Points that are judged."""

    def __post_init__(self):
        positive(
            self, "steps", "tick", "batch_size", "learning_rate", "width", "depth", "latent_dim", "samples", "ema_half_life"
        )


def mixture(layout: str):
    """The centres `[K, 2]` and the deviation of a layout. The ring is drawn five times as large, so that the deviation is that
    of the grid: the same networks, rates and penalties suit both, and no score depends on the size."""
    from gan.metrics import modes

    return (modes.grid() if layout == "grid" else modes.ring() * (modes.GRID_SIGMA / modes.RING_SIGMA)), modes.GRID_SIGMA


def points(layout: str, count: int, *place: int):
    """Points of the data, float32 `[count, 2]`, the same for the same place."""
    import numpy as np

    centres, sigma = mixture(layout)
    random = np.random.default_rng(place)
    return (centres[random.integers(0, len(centres), count)] + sigma * random.standard_normal((count, 2))).astype(np.float32)


def compiled(config: Config):
    """The model, ready to train."""
    from gan import losses, schedules
    from gan.models.gan import GAN
    from gan.networks import mlp
    from gan.penalties import PENALTIES

    def over_time(start: float, end: float):
        return schedules.Cosine(start, end, config.steps) if config.schedule == "cosine" else max(start, end)

    def adam():
        rate = over_time(config.learning_rate, config.learning_rate / 100)
        return schedules.Adam(rate, beta_1=0.0, beta_2=over_time(0.9, 0.999), epsilon=1e-8)

    size = config.width, config.depth
    generator = mlp.generator(2, config.latent_dim, *size, config.latent_frequencies, uniform=config.latent == "uniform")
    discriminator = mlp.discriminator(2, *size, config.frequencies)
    model = GAN(generator, discriminator, [config.latent_dim], config.seed, over_time(0.0, config.ema_half_life))
    gamma = over_time(config.gamma, config.gamma / 10)
    model.compile(adam(), adam(), losses.OBJECTIVES[config.loss], PENALTIES[config.penalty], gamma)
    return model


def drawn(model, config: Config, count: int):
    """Points of the averaged generator `[count, 2]`."""
    from gan import noise

    return model.ema_generator(noise.normal([count, config.latent_dim], config.seed, -1)).numpy()


def extent(layout: str) -> float:
    """Half the side of the pictures."""
    return 1.3 * float(abs(mixture(layout)[0]).max())


def main(argv: list[str] | None = None) -> None:
    config = parse(Config, __doc__, argv)
    run = begin(config)

    from experiments import harness
    from experiments.callbacks import variety
    from gan.metrics import modes

    harness.prepare(config)
    model, (centres, sigma), side = compiled(config), mixture(config.layout), extent(config.layout)
    run.open(**({} if config.schedule == "constant" else {"steps": config.steps}))
    run.image("real", 0, density(points(config.layout, config.samples, config.seed), side))

    def batch_at(step: int):
        return points(config.layout, config.batch_size, config.seed, step)

    def show(step: int) -> dict[str, float]:
        found = drawn(model, config, config.samples)
        run.image("samples", step, density(found, side), f"samples/{step:08d}.png")
        scores = modes.mixture_scores(found, centres, sigma)
        run.image("modes", step, histogram(modes.mode_counts(found, centres, sigma), len(found)), f"modes/{step:08d}.png")
        return {"watch/modes": scores["modes"] / len(centres), "metric/high_quality": scores["high_quality"]}

    some = points(config.layout, 256, config.seed, 2, 2)
    harness.train(run, model, config, config.steps, batch_at, [show, variety(lambda: drawn(model, config, 256), some)])
    model.ema_generator.save(run.dir / "generator.keras")
    perfect = modes.mixture_scores(points(config.layout, config.samples, config.seed, 1, 1), centres, sigma)
    scores = modes.mixture_scores(drawn(model, config, config.samples), centres, sigma)
    run.finish(
        scores | {"of": len(centres), "samples": config.samples, "real": perfect, "picture": f"samples/{config.steps:08d}.png"}
    )


def density(points, extent: float, side: int = 256):
    """A picture of where points are: uint8 `[side, side, 3]`, the logarithm of their number in a pixel."""
    import matplotlib
    import numpy as np

    counts, _, _ = np.histogram2d(points[:, 1], points[:, 0], side, [[-extent, extent]] * 2)
    level = np.log1p(counts[::-1]) / np.log1p(20.0)
    return (255 * matplotlib.colormaps["inferno"](np.clip(level, 0, 1))[..., :3]).astype(np.uint8)


def histogram(counts, total: int):
    """A picture of each mode's share of the points: uint8 `[H, W, 3]`; the line is a fair share."""
    import numpy as np
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(4, 2.4), dpi=80, layout="constrained")
    canvas, axes = FigureCanvasAgg(figure), figure.add_subplot()
    axes.bar(np.arange(1, len(counts) + 1), counts / total)
    axes.axhline(1 / len(counts), color="C1", linestyle=":")
    axes.set(xlabel="mode", ylabel="share within 3 sigma")
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3]


if __name__ == "__main__":
    command(main)
