"""The training step of the adversarial game."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from gan import losses
from gan.models.gan import GAN
from gan.networks import dcgan

SHAPE = (16, 16, 1)


def make(learning_rate=1e-2, **options):
    keras.utils.set_random_seed(1)
    model = GAN(dcgan.generator(SHAPE, 5, 4), dcgan.discriminator(SHAPE, 4), [5], **options)
    model.compile(keras.optimizers.Adam(learning_rate, beta_1=0.5), keras.optimizers.Adam(learning_rate, beta_1=0.5))
    return model


@pytest.fixture
def real(random):
    return random.uniform(-1, 1, (8, *SHAPE)).astype(np.float32)


def test_one_step_equals_algorithm_1_written_out(real):
    """D ascends V on (real, fake); then G descends its loss against the updated D, with the same latents."""
    model, other = make(), make()
    model.train_step(tf.constant(real))

    z = other.latents(8, 0)
    with tf.GradientTape() as tape:
        fake = other.generator(z, training=True)
        value = losses.discriminator(other.discriminator(real, training=True), other.discriminator(fake, training=True))
        loss = tf.reduce_mean(value)
    d_weights = other.discriminator.trainable_variables
    other.d_optimizer.apply(tape.gradient(loss, d_weights), d_weights)
    for weight, wanted in zip(model.discriminator.trainable_variables, d_weights, strict=True):
        np.testing.assert_allclose(weight, wanted, atol=1e-5)

    statistics = [(v, v.numpy()) for v in other.generator.non_trainable_variables]
    with tf.GradientTape() as tape:
        logits = other.discriminator(other.generator(z, training=True), training=True)
        loss = tf.reduce_mean(losses.nonsaturating_generator(logits))
    for variable, value in statistics:
        variable.assign(value)  # the second forward pass moved them again
    g_weights = other.generator.trainable_variables
    other.g_optimizer.apply(tape.gradient(loss, g_weights), g_weights)
    for weight, wanted in zip(model.generator.weights, other.generator.weights, strict=True):
        np.testing.assert_allclose(weight, wanted, atol=1e-4)


def test_logged_values(real):
    logs = {name: float(value) for name, value in make().train_step(tf.constant(real)).items()}
    penalty, rest = (
        {"penalty/r1"},
        {f"{kind}/{network}" for kind in ("loss", "gradient") for network in ("generator", "discriminator")},
    )
    assert set(logs) == penalty | rest | {"score/real", "score/fake"}
    assert 0 <= logs["score/real"] <= 1
    assert logs["gradient/generator"] > 0


def test_r1_is_lazy_and_counts_in_full(real):
    """Computed every third step and weighted threefold; its gradient reaches the discriminator's weights."""
    model = make(1e-12, r1_gamma=2.0, r1_interval=3)
    step = tf.function(model.train_step)
    seen = [float(step(tf.constant(real))["penalty/r1"]) for _ in range(4)]
    squares = losses.r1(lambda x: model.discriminator(x, training=True), tf.constant(real))
    assert seen[1] == seen[2] == 0
    np.testing.assert_allclose([seen[0], seen[3]], 3 * 2.0 / 2 * np.mean(squares), rtol=1e-3)
    plain = float(make(r1_gamma=0.0).train_step(tf.constant(real))["gradient/discriminator"])
    assert float(make(r1_gamma=100.0).train_step(tf.constant(real))["gradient/discriminator"]) > plain


def test_average_has_its_half_life(real):
    """After `ema_half_life` images half of the distance to the generator is left."""
    model = make(ema_half_life=8.0)
    for weight in model.generator.weights:
        weight.assign(tf.ones_like(weight))
    before = [weight.numpy() for weight in model.ema_generator.weights]
    model.average(8)
    for weight, old in zip(model.ema_generator.weights, before, strict=True):
        np.testing.assert_allclose(weight, (old + 1) / 2, rtol=1e-6)


def test_latents_depend_on_seed_and_step_alone():
    model = make(seed=3)
    np.testing.assert_array_equal(model.latents(4, 7), make(seed=3).latents(4, 7))
    assert not np.array_equal(model.latents(4, 7), model.latents(4, 8))
    assert not np.array_equal(model.latents(4, 7), make(seed=4).latents(4, 7))


@pytest.mark.slow
def test_jit_equals_the_plain_graph(real):
    steps = {}
    for jit in (False, True):
        model = make(1e-3)
        logs = tf.function(model.train_step, jit_compile=jit)(tf.constant(real))
        steps[jit] = [float(value) for value in logs.values()], model.get_weights()
    np.testing.assert_allclose(steps[True][0], steps[False][0], rtol=1e-4, atol=1e-4)
    for plain, compiled in zip(steps[False][1], steps[True][1], strict=True):
        np.testing.assert_allclose(compiled, plain, atol=1e-4)


def test_fit_works(real):
    model = make()
    history = model.fit(tf.data.Dataset.from_tensors(real).repeat(3), epochs=1, verbose=0)
    assert np.isfinite(history.history["loss/generator"][0])
    assert int(model.step) == 3


def test_bfloat16_keeps_images_and_losses_in_float32(real):
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = make()
        assert model(model.latents(2, 0)).dtype == tf.float32
        assert all(np.isfinite(float(value)) for value in model.train_step(tf.constant(real)).values())
    finally:
        keras.config.set_dtype_policy("float32")


def test_settle_gives_the_average_its_own_statistics(real):
    model = make()
    for _ in range(3):
        model.train_step(tf.constant(real))
    model.settle(passes=30, count=64)
    z = model.latents(2000, 5)
    norm = model.ema_generator.get_layer("norm0")
    inputs = keras.Model(model.ema_generator.input, norm.input)(z, training=False)
    np.testing.assert_allclose(norm.moving_mean, np.mean(inputs, (0, 1, 2)), atol=3e-2 * np.std(inputs))
    np.testing.assert_allclose(norm.moving_variance, np.var(inputs, (0, 1, 2)), rtol=0.2)
    assert norm.momentum == model.generator.get_layer("norm0").momentum
