"""Stylisation: the objective, its scale, and that optimising it does what it says."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from gan import features
from style import losses
from style.models import STYLE_BALANCE, Stylisation, mirrored
from style.optimise import optimiser, stylise


@pytest.fixture
def extractor():
    image = keras.Input([None, None, 3])
    x = keras.layers.Conv2D(6, 3, padding="same", activation="relu", name="fine")(image)
    x = keras.layers.Conv2D(8, 3, padding="same", activation="relu", name="coarse")(keras.layers.AveragePooling2D(2)(x))
    return features.Extractor(keras.Model(image, x), ["coarse"], ["fine", "coarse"], lambda images: images)


@pytest.fixture
def pair(random):
    return [random.uniform(-1, 1, (1, *size, 3)).astype(np.float32) for size in ((24, 32), (30, 22))]


def make(extractor, pair, learning_rate=0.02, **weights):
    model = Stylisation(extractor, pair[0], pair[1:], **weights)
    model.compile(optimiser(100, learning_rate))
    return model


def test_content_itself_has_no_content_loss_and_style_itself_no_style_loss(extractor, pair):
    model = make(extractor, pair)
    assert model.scores(pair[0])["content"] == 0
    assert float(model.style_distance(extractor(tf.constant(pair[1])))[0]) == pytest.approx(0, abs=1e-9)


def test_the_objective_is_equation_7_of_relative_losses(extractor, pair, random):
    model = make(extractor, pair, content_weight=2.0, style_weight=3.0, tv_weight=0.5)
    image = random.uniform(-1, 1, pair[0].shape).astype(np.float32)
    model.image.assign(image)
    f, p, s = (extractor(tf.constant(x)) for x in (image, *pair))
    content = losses.content(f["coarse"], p["coarse"]) / losses.content(0 * p["coarse"], p["coarse"])
    style = 0
    for name in ("fine", "coarse"):
        gram, target = losses.gram(f[name]), losses.gram(s[name])
        style += losses.style(gram, target) / losses.style(0 * target, target) / 2
    expected = 2 * content + 3 * STYLE_BALANCE * style + 0.5 * losses.total_variation(tf.constant(image))
    assert float(model.train_step()["loss/total"]) == pytest.approx(float(expected[0]), rel=1e-5)


def test_scales_do_not_depend_on_the_strength_of_features(extractor, pair):
    """Features ten times as strong give the same relative losses."""
    strong = features.Extractor(extractor.network, extractor.content_layers, extractor.style_layers, extractor.preprocess)
    read = strong.__class__.__call__
    scaled = lambda images: {name: 10 * value for name, value in read(strong, images).items()}  # noqa: E731
    scaled.content_layers, scaled.style_layers = strong.content_layers, strong.style_layers
    plain, other = (Stylisation(e, pair[0], pair[1:]).scores(0.5 * pair[0]) for e in (extractor, scaled))
    assert plain == pytest.approx(other, rel=1e-4)


def test_three_steps_lower_the_objective_and_move_the_image_alone(extractor, pair):
    model = make(extractor, pair)
    weights = extractor.network.get_weights()
    totals = [float(model.train_step()["loss/total"]) for _ in range(4)]
    assert totals[3] < totals[0]
    assert np.abs(model.image.numpy()).max() <= 1
    assert not np.array_equal(model.image.numpy(), pair[0])
    for before, after in zip(weights, extractor.network.get_weights(), strict=True):
        np.testing.assert_array_equal(before, after)


def test_more_content_weight_keeps_more_content(extractor, pair):
    ends = []
    for weight in (1.0, 10.0):
        image = stylise(*pair[:1], pair[1:], extractor, content_weight=weight, steps=40)
        ends.append(make(extractor, pair).scores(image)["content"])
    assert ends[1] < ends[0]


def test_several_styles_aim_at_the_mean_gram(extractor, pair, random):
    other = random.uniform(-1, 1, (1, 20, 20, 3)).astype(np.float32)
    model = Stylisation(extractor, pair[0], [pair[1], other])
    grams = [losses.gram(extractor(tf.constant(style))["fine"]) for style in (pair[1], other)]
    np.testing.assert_allclose(model.style_targets["fine"], (grams[0] + grams[1]) / 2, rtol=1e-5)


@pytest.mark.slow
def test_jit_equals_the_plain_graph(extractor, pair):
    ends = {}
    for jit in (False, True):
        model = make(extractor, pair)
        logs = tf.function(model.train_step, jit_compile=jit)()
        ends[jit] = [float(value) for value in logs.values()], model.image.numpy()
    np.testing.assert_allclose(ends[True][0], ends[False][0], rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(ends[True][1], ends[False][1], atol=1e-4)


@pytest.mark.parametrize("how", [{"jitter": 4}, {"flips": True}, {"jitter": 4, "flips": True}])
def test_every_step_views_picture_and_content_alike(how, extractor, pair):
    """The content itself keeps a content loss of 0 in every view, and the views differ."""
    model = make(extractor, pair, style_weight=0.0, **how)
    windows = set()
    for _ in range(8):
        windows.add(model.view(model.content).numpy().tobytes())
        assert float(model.train_step()["loss/content"]) == 0
    assert len(windows) > 1
    np.testing.assert_array_equal(model.image, pair[0])


def test_flips_mirror_the_style_with_the_picture(extractor, pair):
    """A picture that is its own style has no style loss in any of the four views, which are those of NumPy."""
    content, _ = pair
    model = Stylisation(extractor, content, [content], flips=True)
    model.compile(keras.optimizers.SGD(0.0))
    seen = set()
    for _ in range(12):
        seen.add(int(model.mirror()))
        assert float(model.train_step()["loss/style"]) == pytest.approx(0, abs=1e-9)
    assert seen == {0, 1, 2, 3}
    wanted = content, content[:, :, ::-1], content[:, ::-1], content[:, ::-1, ::-1]
    for number, picture in enumerate(wanted):
        np.testing.assert_array_equal(mirrored(tf.constant(content), tf.constant(number)), picture)


def test_another_start(extractor, pair):
    model = make(extractor, pair, initial=0.5 * pair[0])
    np.testing.assert_array_equal(model.image, 0.5 * pair[0])
    assert model.scores(pair[0])["content"] == 0
