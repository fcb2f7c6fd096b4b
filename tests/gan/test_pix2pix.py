"""Translation from pairs: the losses written out, and what each step moves."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from gan import image_losses, losses
from gan.models.pix2pix import Pix2Pix, Reconstruction
from gan.networks import patchgan, translation
from gan.schedules import Adam


def make(conditional=True, rate=1e-2, **how):
    keras.utils.set_random_seed(1)
    generator = translation.unet(3, 3, 4, 3, dropout=0.0)
    model = Pix2Pix(generator, patchgan.discriminator(6 if conditional else 3, 4, 1))
    model.compile(Adam(rate, beta_1=0.5), Adam(rate, beta_1=0.5), **how)
    return model


@pytest.fixture
def batch(random):
    return tuple(tf.constant(random.uniform(-1, 1, (2, 16, 16, 3)).astype(np.float32)) for _ in range(2))


def test_root_mean_square_in_numpy(random):
    a, b = random.normal(size=(2, 3, 4, 5, 2)).astype(np.float32)
    expected = np.sqrt(np.square(np.float64(a) - b).mean((1, 2, 3)))
    np.testing.assert_allclose(image_losses.root_mean_square(tf.constant(a), tf.constant(b)), expected, rtol=1e-5)
    with tf.GradientTape() as tape:
        same = tf.Variable(a)
        distance = image_losses.root_mean_square(same, tf.constant(a))
    assert not np.any(tape.gradient(distance, same))  # finite where nothing is wrong


def test_l1_in_numpy(random):
    a, b = random.normal(size=(2, 3, 4, 5, 2))
    np.testing.assert_allclose(image_losses.l1(tf.constant(a), tf.constant(b)), np.abs(a - b).mean((1, 2, 3)))


@pytest.mark.parametrize("conditional", [True, False])
def test_one_step_equals_equation_4_written_out(conditional, batch):
    """D ascends on (source, real) and (source, fake), halved; then G descends on the game and 100 L1 against the updated D."""
    model, other = make(conditional), make(conditional)
    logs = model.train_step(batch)
    source, real = batch

    def judge(target):
        return other.discriminator(tf.concat([source, target], -1) if conditional else target, training=True)

    with tf.GradientTape() as tape:
        fake = tf.stop_gradient(other.generator(source, training=True))
        loss = 0.5 * tf.reduce_mean(tf.nn.softplus(-judge(real)) + tf.nn.softplus(judge(fake)))
    assert float(logs["loss/discriminator"]) == pytest.approx(float(loss), rel=1e-4)
    d_weights = other.discriminator.trainable_variables
    other.d_optimizer.apply(tape.gradient(loss, d_weights), d_weights)
    with tf.GradientTape() as tape:
        fake = other.generator(source, training=True)
        loss = tf.reduce_mean(tf.nn.softplus(-judge(fake))) + 100 * tf.reduce_mean(tf.abs(fake - real))
    assert float(logs["loss/generator"]) == pytest.approx(float(loss), rel=1e-4)
    g_weights = other.generator.trainable_variables
    other.g_optimizer.apply(tape.gradient(loss, g_weights), g_weights)
    for weight, wanted in zip(model.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_allclose(weight, wanted, atol=1e-4)


def test_pictures_are_moved_alike_and_each_step_elsewhere(random):
    image = tf.constant(random.standard_normal((2, 12, 10, 3)), tf.float32)
    np.testing.assert_array_equal(image_losses.moved(image, tf.constant([4, 4]), 4), image)
    np.testing.assert_array_equal(image_losses.moved(image, tf.constant([6, 1]), 4)[:, :10, 3:], image[:, 2:, :7])
    corner = image_losses.jittered(lambda a, b: a[:, 0, 0, 0] - b[:, 0, 0, 0], 4)
    np.testing.assert_array_equal(corner(image, image, 3), 0)
    values = {tuple(corner(image, 0 * image, step).numpy()) for step in range(20)}
    assert len(values) > 10


def test_relativistic_and_perceptual_parts(batch):
    model = make(
        objective=losses.OBJECTIVES["relativistic-average"],
        perceptual=lambda a, b, step: image_losses.l1(a, b),
        perceptual_weight=3.0,
    )
    logs = {key: float(value) for key, value in model.train_step(batch).items()}
    assert logs["loss/perceptual"] == pytest.approx(logs["loss/l1"])
    assert logs["loss/generator"] == pytest.approx(logs["loss/adversarial"] + 103 * logs["loss/l1"], rel=1e-5)


def test_each_step_moves_its_own_weights(batch):
    model = make()
    before = [weight.numpy() for weight in model.generator.weights]
    fake = model.generator(batch[0])
    model.discriminator_step(*batch, fake)
    for weight, old in zip(model.generator.weights, before, strict=True):
        np.testing.assert_array_equal(weight, old)
    frozen = make(adversarial_weight=0.0, l1_weight=0.0)
    before = [weight.numpy() for weight in frozen.generator.weights]
    frozen.train_step(batch)
    for weight, old in zip(frozen.generator.weights, before, strict=True):
        np.testing.assert_array_equal(weight, old)


@pytest.mark.parametrize("name", ["l1", "root_mean_square"])
def test_reconstruction_falls_and_is_the_distance(name, batch):
    keras.utils.set_random_seed(1)
    model = Reconstruction(translation.unet(3, 3, 4, 3, dropout=0.0))
    model.compile(keras.optimizers.Adam(1e-2), getattr(image_losses, name))
    errors = np.float64(model(batch[0]) - batch[1])
    before = np.abs(errors).mean() if name == "l1" else np.sqrt(np.square(errors).mean((1, 2, 3))).mean()
    step = tf.function(model.train_step)
    seen = [float(step(batch)[f"loss/{name}"]) for _ in range(8)]
    assert seen[0] == pytest.approx(before, rel=1e-5)
    assert seen[-1] < seen[0]
