"""CUT: the contrastive loss against NumPy, the layers compared, and what each step moves."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from gan.image_losses import patch_nce
from gan.models.cut import CUT, compared_layers
from gan.networks import patchgan, translation
from gan.schedules import Adam

FAST = {"nce_weight": 10.0, "identity": False, "flips": True}


def make(rate=1e-3, places=8, blocks=2, **how):
    keras.utils.set_random_seed(1)
    generator = translation.resnet(width=4, blocks=blocks, antialias=True)
    model = CUT(generator, patchgan.discriminator(3, 4, 1), places)
    model.compile(Adam(rate, beta_1=0.5), Adam(rate, beta_1=0.5), **how)
    return model


@pytest.fixture
def batch(random):
    return tuple(tf.constant(random.uniform(-1, 1, (2, 16, 16, 3)).astype(np.float32)) for _ in range(2))


def test_patch_nce_in_numpy(random):
    q, k = random.normal(size=(2, 3, 5, 4))
    q, k = (each / np.linalg.norm(each, axis=-1, keepdims=True) for each in (q, k))
    wanted = []
    for queries, keys in zip(q, k, strict=True):
        logits = np.exp(queries @ keys.T / 0.07)
        wanted.append(np.mean([-np.log(logits[s, s] / logits[s].sum()) for s in range(5)]))
    np.testing.assert_allclose(patch_nce(tf.constant(q), tf.constant(k), 0.07), wanted, rtol=1e-6)


def test_patches_that_all_look_the_same_cost_the_logarithm_of_their_number():
    same = tf.ones([1, 6, 4]) / 2
    assert float(patch_nce(same, same, 0.07)[0]) == pytest.approx(np.log(6), rel=1e-5)


def test_the_published_layers_are_compared():
    assert compared_layers(translation.resnet(width=4)) == ["source", "down0", "down1", "block0", "block4"]
    assert compared_layers(translation.resnet(width=4, blocks=1)) == ["source", "down0", "down1", "block0"]


def test_logged_parts(batch):
    logs = {key: float(value) for key, value in make(nce_weight=3.0).train_step(batch).items()}
    assert logs["loss/generator"] == pytest.approx(2 * logs["loss/adversarial"] + 3 * logs["loss/nce"], rel=1e-5)
    fast = {key: float(value) for key, value in make(**FAST).train_step(batch).items()}
    assert "loss/nce_identity" not in fast
    assert fast["loss/generator"] == pytest.approx(2 * fast["loss/adversarial"] + 10 * fast["loss/nce"], rel=1e-5)


def test_a_picture_is_nearest_to_itself_and_mirrored_back_if_it_was_mirrored(batch):
    model = make(places=64, blocks=1)
    a = batch[0]
    itself = model.nce(a, a, tf.constant(False)).numpy()
    other = model.nce(a, tf.reverse(a, [2]), tf.constant(False)).numpy()
    assert (itself < other).all()
    pixels = make(places=64, blocks=1)
    pixels._encoder = lambda images, training: [images, images]
    pixels.heads = patchgan.heads([3, 3])
    np.testing.assert_allclose(
        pixels.nce(a, tf.reverse(a, [2]), tf.constant(True)), pixels.nce(a, a, tf.constant(False)), rtol=1e-6
    )


@pytest.mark.parametrize("how", [{}, FAST], ids=["cut", "fastcut"])
def test_each_step_moves_its_own_weights(how, batch):
    model = make(**how)
    own = [weight.numpy() for weight in model.own_weights]
    model.discriminator_step(*batch)
    for weight, old in zip(model.own_weights, own, strict=True):
        np.testing.assert_array_equal(weight, old)
    model.d_optimizer.learning_rate = 0.0
    judges = [weight.numpy() for weight in model.discriminator.weights]
    tf.function(model.train_step)(batch)
    for weight, old in zip(model.discriminator.weights, judges, strict=True):
        np.testing.assert_array_equal(weight, old)
    still = [weight.path for weight, old in zip(model.own_weights, own, strict=True) if (weight.numpy() == old).all()]
    assert not still


def test_half_of_fastcuts_steps_see_mirrored_pictures(batch):
    model = make(rate=0.0, **FAST)
    seen = []
    model.discriminator_step = lambda real, fake: seen.append(float(tf.reduce_max(tf.abs(real - batch[1])))) or {}
    for _ in range(16):
        model.train_step(batch)
    assert 3 < sum(difference > 0 for difference in seen) < 13
