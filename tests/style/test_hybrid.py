"""The hybrid: its three losses written out, what a weight of 0 leaves out, and several styles."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from gan import features, noise
from gan.image_losses import moved
from gan.networks import patchgan, translation
from gan.schedules import Adam
from style.hybrid import Hybrid
from style.teacher import Teacher


@pytest.fixture
def extractor():
    image = keras.Input([None, None, 3])
    x = keras.layers.Conv2D(6, 3, padding="same", activation="relu", name="fine")(image)
    x = keras.layers.Conv2D(8, 3, padding="same", activation="relu", name="coarse")(keras.layers.AveragePooling2D(2)(x))
    return features.Extractor(keras.Model(image, x), ["coarse"], ["fine", "coarse"], lambda images: images)


@pytest.fixture
def batch(random):
    photos, paintings = (tf.constant(random.uniform(-1, 1, (2, 16, 16, 3)).astype(np.float32)) for _ in range(2))
    return photos, paintings, tf.constant([0, 1])


def make(extractor, batch, styles=2, rate=1e-3, jitter=0, **weights):
    keras.utils.set_random_seed(1)
    teacher = Teacher(extractor)
    targets = [teacher.collection(batch[1][index : index + 1].numpy()) for index in range(styles)]
    generator = translation.resnet(width=4, blocks=1, antialias=True, styles=styles)
    model = Hybrid(generator, patchgan.discriminator(3, 4, 1, classes=styles), teacher, targets, jitter, 5)
    model.compile(Adam(rate), Adam(rate), **weights)
    return model


def test_the_style_of_a_collection_in_numpy(extractor, random):
    images = random.uniform(-1, 1, (5, 16, 16, 3)).astype(np.float32)
    for name, (gram, _) in Teacher(extractor).collection(images, batch_size=2).items():
        flat = extractor(tf.constant(images))[name].numpy().astype(np.float64)
        flat = flat.reshape(5, -1, flat.shape[-1])
        np.testing.assert_allclose(gram[0], np.mean([one.T @ one / len(one) for one in flat], 0), rtol=1e-4)


def test_the_total_is_the_weighted_sum_of_relative_losses(extractor, batch):
    model = make(extractor, batch, content_weight=2.0, style_weight=3.0, adversarial_weight=5.0, rate=0.0)
    photos, _, labels = batch
    painted = model((photos, labels))
    logs = {key: float(value) for key, value in model.train_step(batch).items()}
    made, wanted = extractor(painted), extractor(photos)
    content = np.mean(np.square(made["coarse"] - wanted["coarse"]).sum((1, 2, 3)) / np.square(wanted["coarse"]).sum((1, 2, 3)))
    style = []
    for name in ("fine", "coarse"):
        flat = made[name].numpy().reshape(2, -1, made[name].shape[-1])
        grams = np.stack([one.T @ one / len(one) for one in flat])
        target = model.targets[name][0].numpy()
        style.append(np.square(grams - target).sum((1, 2)) / np.square(target).sum((1, 2)))
    logits = model.discriminator(painted).numpy()
    own = np.stack([logits[0, ..., 0], logits[1, ..., 1]])
    assert logs["loss/content"] == pytest.approx(content, rel=1e-3)
    assert logs["loss/style"] == pytest.approx(np.mean(style), rel=1e-3)
    assert logs["loss/adversarial"] == pytest.approx(0.5 * np.square(own - 1).mean(), rel=1e-3)
    total = 2 * logs["loss/content"] + 3 * logs["loss/style"] + 5 * logs["loss/adversarial"]
    assert logs["loss/generator"] == pytest.approx(total, rel=1e-5)


def test_the_teacher_sees_both_pictures_moved_alike(extractor, batch):
    model = make(extractor, batch, jitter=3, rate=0.0)
    photos, _, labels = batch
    by = noise.integers(2, 7, 5, 0)
    made, wanted = (extractor(moved(images, by, 3))["coarse"] for images in (model((photos, labels)), photos))
    expected = np.mean(np.square(made - wanted).sum((1, 2, 3)) / np.square(wanted).sum((1, 2, 3)))
    assert float(model.train_step(batch)["loss/content"]) == pytest.approx(expected, rel=1e-3)


def test_without_the_adversary_there_is_no_discriminator_step(extractor, batch):
    model = make(extractor, batch, adversarial_weight=0.0)
    before = [weight.numpy() for weight in model.discriminator.weights]
    generator = model.generator.get_weights()
    assert "loss/discriminator" not in model.train_step(batch)
    for weight, old in zip(model.discriminator.weights, before, strict=True):
        np.testing.assert_array_equal(weight, old)
    assert any((new != old).any() for new, old in zip(model.generator.get_weights(), generator, strict=True))


def test_the_discriminators_step_moves_it_alone(extractor, batch):
    model = make(extractor, batch)
    before = model.generator.get_weights()
    model.discriminator_step(batch[1], batch[0], batch[2])
    for new, old in zip(model.generator.get_weights(), before, strict=True):
        np.testing.assert_array_equal(new, old)


def test_the_extractor_stays_fixed(extractor, batch):
    model = make(extractor, batch)
    before = extractor.network.get_weights()
    tf.function(model.train_step)(batch)
    for new, old in zip(extractor.network.get_weights(), before, strict=True):
        np.testing.assert_array_equal(new, old)


def test_a_gradient_that_is_too_long_is_shortened():
    """Adam's second step is that of the gradient at the bound."""
    x, y = keras.Variable([0.0, 0.0]), keras.Variable([0.0, 0.0])
    bounded, plain = Adam(0.1, global_clipnorm=5.0), Adam(0.1)
    for gradient, bounded_gradient in (([3.0, 4.0], [3.0, 4.0]), ([3000.0, -4000.0], [3.0, -4.0])):
        bounded.apply([tf.constant(gradient)], [x])
        plain.apply([tf.constant(bounded_gradient)], [y])
    np.testing.assert_allclose(x, y, rtol=1e-5)
