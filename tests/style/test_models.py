"""Stylisation: the objective, its scale, and that optimising it does what it says."""

import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf

from gan import features
from gan.features import MARGIN
from style import losses
from style.blocks import Frame, windows
from style.lbfgs import LBFGSStylisation
from style.models import Stylisation, mirrored
from style.objectives import CONTENTS, STYLES
from style.optimise import ImageAdam, resized, scale_sides, start_from, stylise
from style.parameterisation import PARAMETERISATIONS


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
    model.compile(ImageAdam(100, learning_rate))
    return model


def test_content_itself_has_no_content_loss_and_style_itself_no_style_loss(extractor, pair):
    model = make(extractor, pair)
    assert model.scores(pair[0])["content"] == 0
    assert make(extractor, [pair[1], pair[1]]).scores(pair[1])["style"] == pytest.approx(0, abs=1e-9)


def test_the_objective_is_equation_7_of_relative_losses(extractor, pair, random):
    model = make(extractor, pair, content_weight=2.0, style_weight=3.0, tv_weight=0.5)
    image = random.uniform(-1, 1, pair[0].shape).astype(np.float32)
    model.start_with(image)
    f, p, s = (extractor(tf.constant(x)) for x in (image, *pair))
    content = losses.content(f["coarse"], p["coarse"]) / losses.content(0 * p["coarse"], p["coarse"])
    style = 0
    for name in ("fine", "coarse"):
        gram, target = losses.gram(f[name]), losses.gram(s[name])
        style += losses.style(gram, target) / losses.style(0 * target, target) / 2
    expected = 2 * content + 3 * STYLES["gram"].balance * style + 0.5 * losses.total_variation(tf.constant(image))
    assert float(model.train_step()["loss/total"]) == pytest.approx(float(expected[0]), rel=1e-5)


def test_self_similarity_counts_by_its_balance(extractor, pair):
    kind = CONTENTS["self-similarity"]
    model = make(extractor, pair, content_weight=2.0, content_loss=kind)
    model.start_with(0.5 * pair[0])
    logs = model.train_step()
    expected = 2 * kind.balance * logs["loss/content"] + STYLES["gram"].balance * logs["loss/style"]
    assert kind.balance != 1
    assert logs["loss/content"] > 0
    assert float(logs["loss/total"]) == pytest.approx(float(expected), rel=1e-5)


def test_scales_do_not_depend_on_the_strength_of_features(extractor, pair):
    """Features ten times as strong give the same relative losses."""

    class Strong(features.Extractor):
        def read(self, padded):
            return {name: 10 * value for name, value in super().read(padded).items()}

    strong = Strong(extractor.network, extractor.content_layers, extractor.style_layers, extractor.preprocess)
    plain, other = (Stylisation(one, pair[0], pair[1:]).scores(0.5 * pair[0]) for one in (extractor, strong))
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
    np.testing.assert_allclose(model.target(0, tf.constant(0))["fine"][0], (grams[0] + grams[1]) / 2, rtol=1e-4, atol=1e-5)
    uneven = Stylisation(extractor, pair[0], [pair[1], other], shares=[3.0, 1.0])
    wanted = 0.75 * grams[0] + 0.25 * grams[1]
    np.testing.assert_allclose(uneven.target(0, tf.constant(0))["fine"][0], wanted, rtol=1e-4, atol=1e-5)


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


@pytest.mark.parametrize("name", STYLES)
def test_every_style_is_far_from_nothing_and_near_itself(name, extractor, pair):
    model = Stylisation(extractor, pair[1], [pair[1]], style_loss=STYLES[name])
    itself, photo = model.scores(pair[1])["style"], model.scores(np.zeros_like(pair[1]))["style"]
    assert itself < 0.02
    assert photo > 2 * itself + 0.05


@pytest.mark.parametrize("name", STYLES)
def test_every_style_loss_falls(name, extractor, pair):
    model = make(extractor, pair, content_weight=0.0, style_loss=STYLES[name])
    step = tf.function(model.train_step)
    first = model.scores(model.image)["style"]
    for _ in range(12):
        step()
    assert model.scores(model.image)["style"] < 0.9 * first


@pytest.mark.slow
@pytest.mark.parametrize("content", CONTENTS)
@pytest.mark.parametrize("style", STYLES)
def test_blocks_give_the_same_losses_and_gradient(style, content, random):
    """In the shipped extractor, whose stages see far, on a picture of no round size."""
    photo, painting = (random.uniform(-1, 1, (1, *size, 3)).astype(np.float32) for size in ((211, 333), (250, 290)))
    found = []
    for block in (None, 64):
        how = {"style_loss": STYLES[style], "content_loss": CONTENTS[content], "jitter": 4, "block": block}
        model = Stylisation(features.load(), photo, [painting], initial=0.5 * photo, **how)
        model.compile(ImageAdam(10))
        found.append(tf.function(model.losses_and_gradients)())
    assert model.frame.windows is not None
    (whole, gradient), (parts, gradient_of_parts) = found
    np.testing.assert_allclose([*parts.values()], [*whole.values()], rtol=1e-4)
    assert np.linalg.norm(gradient[0] - gradient_of_parts[0]) < 1e-4 * np.linalg.norm(gradient[0])


def test_windows_read_each_place_once_and_enough_around_it():
    found, (height, width) = windows((272, 512), 64, reach=32, stride=16)
    owned = np.zeros((272, 512), int)
    for top, left, first_row, last_row, first_column, last_column in found:
        owned[first_row:last_row, first_column:last_column] += 1
        for start, size, first, last, side in (
            (top, height, first_row, last_row, 272),
            (left, width, first_column, last_column, 512),
        ):
            assert 0 <= start <= side - size
            assert start % 16 == 0
            assert start == 0 or first - start >= 32
            assert start + size == side or start + size - last >= 32
    assert (owned == 1).all()


def test_windows_are_even():
    """2592 x 3872 in blocks of at most 1024: three of 864 and four of 968, not a last one of 544 that reads as much."""
    found, read = windows((2592, 3872), 1024, reach=96, stride=8)
    assert read == (864 + 192, 968 + 192)
    assert len(found) == 12


def test_the_edges_of_blocks_are_where_the_picture_is_cut(extractor):
    edges = Frame(extractor, (200, 290), 64).edges()
    assert edges == ([58 * n - MARGIN for n in (1, 2, 3)], [54 * n - MARGIN for n in range(1, 6)])  # 232 and 322 pixels
    assert Frame(extractor, (200, 290)).edges() == ([], [])


def test_masks_keep_styles_apart(extractor, random):
    """Left a bright style, right a dark one: each half moves towards its own."""
    photo = random.uniform(-0.1, 0.1, (1, 48, 64, 3)).astype(np.float32)
    bright, dark = (np.full((1, 32, 32, 3), level, np.float32) for level in (0.9, -0.9))
    left = np.zeros((48, 64), np.float32)
    left[:, :32] = 1
    model = Stylisation(extractor, photo, [bright, dark], content_weight=0.0, masks=[left, 1 - left], flips=True)
    model.compile(ImageAdam(100))
    step = tf.function(model.train_step)
    for _ in range(20):
        step()
    result = model.image.numpy()[0]
    assert result[:, :24].mean() > 0.1
    assert result[:, 40:].mean() < -0.1


@pytest.mark.parametrize("name", PARAMETERISATIONS)
@pytest.mark.parametrize("size", [(24, 32), (37, 51)])
def test_parts_add_up_to_the_image(name, size, random):
    image = random.uniform(-1, 1, (1, *size, 3)).astype(np.float32)
    split, join = PARAMETERISATIONS[name]
    np.testing.assert_allclose(join(split(tf.constant(image)), size), image, atol=1e-5)


@pytest.mark.parametrize("name", PARAMETERISATIONS)
def test_every_parameterisation_stays_in_range_and_lowers_the_objective(name, extractor, pair):
    model = make(extractor, pair, parameterisation=PARAMETERISATIONS[name])
    step = tf.function(model.train_step)
    totals = [float(step()["loss/total"]) for _ in range(10)]
    assert totals[-1] < totals[0]
    assert np.abs(model.image.numpy()).max() <= 1 + 1e-5


def test_lbfgs_finds_the_lowest_point_of_a_quadratic(extractor, random):
    """With the image as its own features, the content term is quadratic: its minimum is the content."""
    plain = keras.Input([None, None, 3])
    itself = features.Extractor(keras.Model(plain, keras.layers.Identity(name="same")(plain)), ["same"], ["same"], lambda x: x)
    photo, start = (random.uniform(-0.5, 0.5, (1, 20, 20, 3)).astype(np.float32) for _ in range(2))
    model = LBFGSStylisation(itself, photo, [photo], style_weight=0.0, tv_weight=0.0, initial=start)
    model.compile()
    step = tf.function(model.train_step)
    lowest = [float(step()["search/lowest"]) for _ in range(15)]
    assert all(later <= earlier for earlier, later in itertools.pairwise(lowest))
    np.testing.assert_allclose(model(), photo, atol=1e-4)


def test_lbfgs_gets_lower_than_adam_in_as_many_evaluations(extractor, pair):
    ends = []
    for model in (LBFGSStylisation(extractor, *pair[:1], pair[1:]), Stylisation(extractor, *pair[:1], pair[1:])):
        model.compile(*([] if isinstance(model, LBFGSStylisation) else [ImageAdam(60)]))
        step = tf.function(model.train_step)
        for _ in range(60):
            logs = step()
        ends.append(float(logs["loss/total"]))
    assert ends[0] <= ends[1]


def test_a_finer_scale_goes_on_from_the_coarser_result_and_its_moments(extractor, pair):
    coarse, fine = (make(extractor, [resized(pair[0], size), pair[1]]) for size in ((16, 24), (32, 48)))
    for _ in range(5):
        coarse.train_step()
    start_from(fine, coarse)
    np.testing.assert_allclose(fine.image, resized(coarse().numpy(), (32, 48)), atol=1e-6)
    moment = fine.optimizer._momentums[0].numpy()
    np.testing.assert_allclose(moment, tf.image.resize(coarse.optimizer._momentums[0], (32, 48)), atol=1e-6)


def test_scales():
    assert scale_sides(512, 1) == [512]
    assert scale_sides(512, 4) == [181, 256, 362, 512]
    assert scale_sides(48, 5) == [48]
    assert scale_sides(384, 5) == scale_sides(384) == [96, 136, 192, 272, 384]
    assert [len(scale_sides(side)) for side in (48, 256, 512, 2048)] == [1, 3, 5, 9]
