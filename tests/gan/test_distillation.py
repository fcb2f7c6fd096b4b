"""The small extractor, and the training that gives it a teacher's features."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from gan import features
from gan.models.distillation import Distillation, feature_error, gram, relative_error
from gan.networks import compact


@pytest.fixture
def images(random):
    return random.uniform(-1, 1, (2, 32, 32, 3)).astype(np.float32)


def test_folding_is_exact(images):
    network = compact.extractor(normalised=True)
    for _ in range(3):
        network(images, training=True)
    folded = compact.fold(network)
    assert not any(isinstance(layer, keras.layers.BatchNormalization) for layer in folded.layers)
    for a, b in zip(network(images, training=False), folded(images), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-4)


def test_stages_follow_one_another(images):
    network = compact.extractor()
    value = images
    for stage, whole in zip(compact.blocks(network), network(images), strict=True):
        value = stage(value)
        np.testing.assert_array_equal(value, whole)
    assert [value.shape[1] for value in network(images)] == [16, 8, 4, 2]


def test_its_layers_are_found_by_resolution():
    assert features.choose_layers(compact.extractor()) == (("stage3",), compact.NAMES)


def test_errors_are_relative(random):
    target = tf.constant(random.standard_normal((2, 4, 4, 3)), tf.float32)
    np.testing.assert_allclose(relative_error(0 * target, target), 1, rtol=1e-6)
    mean = tf.reduce_mean(target, [0, 1, 2])
    variance = tf.reduce_mean(tf.square(target - mean))
    guess = tf.broadcast_to(mean, target.shape)
    np.testing.assert_allclose(np.mean(feature_error(guess, target, (mean, variance))), 1, atol=0.1)
    np.testing.assert_allclose(gram(target)[0], np.einsum("hwi,hwj->ij", target[0], target[0]) / 16, rtol=1e-5)


@pytest.fixture
def model():
    """The teacher is another student, so that every feature can be learnt."""
    keras.utils.set_random_seed(0)
    teacher, student = compact.extractor(), compact.extractor(normalised=True)
    model = Distillation(student, compact.blocks(student), teacher, count=2, size=32, restart=4)
    usual = [(tf.zeros(wide), tf.constant(1.0)) for _, wide in compact.STAGES]
    model.compile(keras.optimizers.Adam(1e-3, global_clipnorm=5.0), usual)
    return model


def test_chains_take_turns_and_move(model, images):
    batch = [tf.constant(value) for value in (images, images[0], images[1], np.float32(2))]
    model.train_step(batch)
    assert np.abs(model.chain.numpy()[0] - images[0]).max() > 1e-3, "the first chain starts and moves"
    np.testing.assert_array_equal(model.content.numpy()[1], 0)
    model.train_step(batch)
    model.train_step(batch)
    np.testing.assert_array_equal(model.content.numpy()[1], images[0])
    assert list(model.style_weight.numpy()) == [2, 2]
    assert np.abs(model.chain.numpy()).max() <= 1


@pytest.mark.slow
def test_it_learns_in_every_phase(model, images):
    batch = [tf.constant(value) for value in (images, images[0], images[1], np.float32(1))]
    for model.forced, model.settled in ((True, False), (False, False), (False, True)):
        step = tf.function(model.train_step)
        losses = [float(step(batch)["loss/total"]) for _ in range(30)]
        assert np.mean(losses[-5:]) < np.mean(losses[:5])
    before = model.student.get_layer("stage2_norm0").moving_mean.numpy()
    step(batch)
    np.testing.assert_array_equal(before, model.student.get_layer("stage2_norm0").moving_mean.numpy())
