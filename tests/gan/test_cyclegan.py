"""CycleGAN: its pool against the algorithm, its losses written out, and what each step moves."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from gan.models.cyclegan import CycleGAN, ImagePool
from gan.networks import patchgan, translation
from gan.schedules import Adam

SHAPE = (16, 16, 3)


def make(rate=1e-3, pool=3, **how):
    keras.utils.set_random_seed(1)
    generators = [translation.resnet(width=4, blocks=1) for _ in range(2)]
    judges = [patchgan.discriminator(3, 4, 1) for _ in range(2)]
    model = CycleGAN(*generators, *judges, SHAPE, pool)
    model.compile(Adam(rate, beta_1=0.5), Adam(rate, beta_1=0.5), **how)
    return model


@pytest.fixture
def batch(random):
    return tuple(tf.constant(random.uniform(-1, 1, (2, *SHAPE)).astype(np.float32)) for _ in range(2))


def test_the_pool_is_the_published_one(random):
    """Against the algorithm in plain Python, with the same random numbers."""
    pool, kept = ImagePool(4, (1, 1, 1)), []
    show = tf.function(pool)
    for step in range(12):
        images, uniform = np.float32(1 + 2 * step + np.arange(2)), random.random((2, 2)).astype(np.float32)
        wanted = []
        for image, (chance, place) in zip(images, uniform, strict=True):
            if len(kept) < 4:
                kept.append(image)
                wanted.append(image)
            elif chance < 0.5:
                slot = int(place * 4)
                wanted.append(kept[slot])
                kept[slot] = image
            else:
                wanted.append(image)
        shown = show(tf.constant(images.reshape(2, 1, 1, 1)), tf.constant(uniform))
        np.testing.assert_array_equal(np.ravel(shown), wanted)
        np.testing.assert_array_equal(np.ravel(pool.kept)[: len(kept)], kept)
    assert any(image not in (21, 22, 23, 24) for image in kept)


def test_no_pool_shows_what_it_is_given(random):
    images = np.float32(random.normal(size=(2, 1, 1, 3)))
    np.testing.assert_array_equal(ImagePool(0, (1, 1, 3))(images, random.random((2, 2))), images)


def test_losses_written_out(batch):
    model, other = make(identity_weight=0.5), make()
    a, b = batch
    logs = {key: float(value) for key, value in model.train_step(batch).items()}
    there, back = other.to_b, other.to_a
    fake_b, fake_a = there(a), back(b)

    def error(x, y):
        return np.abs(np.float64(x) - np.float64(y)).mean()

    assert logs["loss/cycle_a"] == pytest.approx(error(back(fake_b), a), rel=1e-4)
    assert logs["loss/cycle_b"] == pytest.approx(error(there(fake_a), b), rel=1e-4)
    assert logs["loss/identity"] == pytest.approx(error(there(b), b) + error(back(a), a), rel=1e-4)
    published = sum(
        np.square(np.float64(judge(fake)) - 1).mean() for judge, fake in ((other.judge_b, fake_b), (other.judge_a, fake_a))
    )
    assert 2 * logs["loss/adversarial"] == pytest.approx(published, rel=1e-4)
    parts = published + 10 * (logs["loss/cycle_a"] + logs["loss/cycle_b"]) + 5 * logs["loss/identity"]
    assert logs["loss/generator"] == pytest.approx(parts, rel=1e-5)
    wanted = sum(
        0.5 * (np.square(np.float64(judge(real)) - 1).mean() + np.square(np.float64(judge(fake))).mean())
        for judge, real, fake in ((other.judge_b, b, fake_b), (other.judge_a, a, fake_a))
    )
    assert logs["loss/discriminator"] == pytest.approx(wanted, rel=1e-4)
    assert int(model.pool_a.count) == int(model.pool_b.count) == 2
    np.testing.assert_allclose(model.pool_b.kept[:2], fake_b, atol=1e-5)


def test_the_discriminators_step_moves_them_alone(batch):
    model = make()
    generators = [weight.numpy() for weight in model.generator_weights]
    judges = [weight.numpy() for weight in model.discriminator_weights]
    model.discriminator_step((batch[1], batch[0]), (batch[0], batch[1]))
    for weight, old in zip(model.generator_weights, generators, strict=True):
        np.testing.assert_array_equal(weight, old)
    assert any((weight.numpy() != old).any() for weight, old in zip(model.discriminator_weights, judges, strict=True))


def test_the_generators_step_does_not_move_discriminators(batch):
    model = make()
    model.d_optimizer.learning_rate = 0.0
    before = [weight.numpy() for weight in model.discriminator_weights]
    moved = [weight.numpy() for weight in model.generator_weights]
    model.train_step(batch)
    for weight, old in zip(model.discriminator_weights, before, strict=True):
        np.testing.assert_array_equal(weight, old)
    changed = [(weight.numpy() != old).any() for weight, old in zip(model.generator_weights, moved, strict=True)]
    assert all(changed)


def test_all_its_state_is_saved(batch, tmp_path):
    model = make()
    step = tf.function(model.train_step)
    for _ in range(3):
        step(batch)
    model.save_weights(tmp_path / "all.weights.h5")
    other = make()
    other.load_weights(tmp_path / "all.weights.h5")
    np.testing.assert_array_equal(other.pool_a.kept, model.pool_a.kept)
    assert int(other.pool_a.count) == 3
    logs = [{key: float(value) for key, value in tf.function(each.train_step)(batch).items()} for each in (model, other)]
    assert logs[0] == logs[1]
