"""Failures planted one by one are named by their cause; healthy runs raise nothing."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from gan import losses, watch
from gan.models.gan import GAN
from gan.networks import dcgan
from gan.penalties import PENALTIES
from gan.schedules import Adam

SHAPE = (16, 16, 1)
TICK, TICKS = 100, 5


def blobs(count, seed):
    """Bright discs of any place and size on black: images `[count, 16, 16, 1]` in [-1, 1]."""
    random = np.random.default_rng(seed)
    rows, columns = np.mgrid[:16, :16]
    centre, radius = random.uniform(4, 12, (count, 2)), random.uniform(2, 4, count)
    squares = (rows - centre[:, :1, None]) ** 2 + (columns - centre[:, 1:, None]) ** 2
    return np.clip(2 * (radius[:, None, None] - np.sqrt(squares)), -1, 1)[..., None].astype(np.float32)


def make(seed=0, rate=2e-3, d_rate=None, **how):
    keras.utils.set_random_seed(seed)
    model = GAN(dcgan.generator(SHAPE, 8, 8), dcgan.discriminator(SHAPE, 8, normalised=False), [8], seed, 500)
    how = {"penalties": PENALTIES["r1"], "gamma": 0.1} | how
    model.compile(Adam(rate, beta_1=0.5), Adam(rate if d_rate is None else d_rate, beta_1=0.5), **how)
    return model


def records(model, images=blobs, draw=None, ticks=TICKS, change=lambda model, tick: None):
    """The records of a short training, as the harness makes them; `change(model, tick)` may plant something."""
    step, found, real = tf.function(model.train_step), [], images(64, 10**6)
    for tick in range(ticks):
        change(model, tick)
        values = [step(images(16, tick * TICK + number)) for number in range(TICK)]
        means = {key: float(np.mean([one[key] for one in values])) for key in values[0]}
        drawn = (draw or (lambda: model.generator(model.latents(64, -1), training=True).numpy()))()
        means |= watch.variety(drawn.reshape(64, -1), real.reshape(64, -1))
        means["watch/contrast"] = float(drawn.reshape(64, -1).std(1).mean() / real.reshape(64, -1).std(1).mean())
        means["watch/real_range"] = float(np.abs(real).max())
        found.append(means | {"step": (tick + 1) * TICK})
    return found


def constant_latents(count_of_different):
    """Makes a model draw from so many fixed latents only."""

    def plant(model, tick):
        latents = type(model).latents

        def few(count, step, name="z"):
            return tf.gather(latents(model, count_of_different, 0), tf.range(count) % count_of_different)

        model.latents = few

    return plant


def at_tick(number, assign):
    return lambda model, tick: assign(model) if tick == number else None


def fill(network, value, kernels=False):
    for weight in network.trainable_variables:
        if kernels or weight.path.endswith("bias"):
            weight.assign(np.full(weight.shape, value))


FAILURES = {
    "not finite": {"change": at_tick(3, lambda model: fill(model.generator, np.nan))},
    "data out of range": {"images": lambda count, seed: 127.5 * (blobs(count, seed) + 1)},
    "dead generator": {"change": at_tick(3, lambda model: fill(model.generator, -1000.0))},
    "dead discriminator": {"change": at_tick(3, lambda model: fill(model.discriminator, 0.0, kernels=True))},
    "vanishing gradient": {"d_rate": 2e-2, "objective": losses.OBJECTIVES["minimax"], "penalties": {}},
    "divergence": {"rate": 0.5, "penalties": {}},
    "discriminator too strong": {"rate": 2e-4, "d_rate": 1e-2, "penalties": {}},
    "discriminator held flat": {"gamma": 1e4},
    "blank pictures": {"rate": 0.0},
    "collapse": {"change": constant_latents(1)},
    "repetition": {"change": constant_latents(3)},
}

HEALTHY = {
    "non-saturating with R1": {"seed": 1},
    **{f"hinge with R1, seed {seed}": {"objective": losses.OBJECTIVES["hinge"], "seed": seed} for seed in range(2)},
    **{
        f"least squares with R1, seed {seed}": {"objective": losses.OBJECTIVES["least-squares"], "seed": seed}
        for seed in range(2)
    },
    "WGAN-GP": {"objective": losses.OBJECTIVES["wasserstein"], "penalties": PENALTIES["wgan-gp"], "gamma": 10.0},
    **{
        f"relativistic pairing with R1 + R2, seed {seed}": {
            "objective": losses.OBJECTIVES["relativistic-pairing"],
            "penalties": PENALTIES["r1+r2"],
            "gamma": 1.0,
            "seed": seed,
        }
        for seed in range(3)
    },
    "two steps of D": {"d_steps": 2, "objective": losses.OBJECTIVES["relativistic-average"]},
}


def trained(how):
    """The records of a case of the tables above."""
    planted = {key: value for key, value in how.items() if key in ("images", "change")}
    return records(make(**{key: value for key, value in how.items() if key not in planted}), **planted)


@pytest.mark.slow
@pytest.mark.parametrize("cause", FAILURES)
def test_a_planted_failure_is_named_by_its_cause(cause):
    assert [alarm["alarm"] for alarm in watch.history(trained(FAILURES[cause]))][:1] == [cause]


@pytest.mark.slow
@pytest.mark.parametrize("name", HEALTHY)
def test_a_healthy_training_raises_no_alarm(name):
    found = trained(HEALTHY[name])
    assert found[-1]["watch/variety"] > 0.5  # healthy
    assert watch.history(found) == []


def test_spread_is_the_definition():
    """Three points on a line: pairs 1, 3, 2 apart; nearest others 1, 1, 2."""
    mean, nearest = watch.spread(np.array([[0.0], [1.0], [3.0]]))
    assert (mean, nearest) == (pytest.approx(2), pytest.approx(1))


def test_lost_modes_are_named():
    lines = [{"step": step, "watch/modes": share} for step, share in enumerate((0.2, 0.9, 0.9, 0.6, 0.6, 0.6))]
    assert [alarm["step"] for alarm in watch.history(lines)] == [4]
    assert "60%" in watch.alarms(lines)["modes lost"]


def test_an_alarm_is_told_once_and_needs_its_ticks():
    lines = [{"step": step, "watch/variety": value} for step, value in enumerate((0.1, 0.1, 0.9, 0.1, 0.9, 0.1, 0.1, 0.1))]
    assert [alarm["step"] for alarm in watch.history(lines)] == [6]


def test_a_training_without_a_discriminator_raises_nothing():
    assert watch.alarms([{"step": 1, "loss/total": 1e6}, {"step": 2, "loss/total": 1e6}]) == {}
