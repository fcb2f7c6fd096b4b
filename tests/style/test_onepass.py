"""Networks that stylise in one pass: published sizes, losses in closed form, what a step moves, and their use."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from gan import features, schedules
from gan.errors import InputError
from style import fast, networks, whole
from style.objectives import STYLES
from style.onepass import ArbitraryStyle, FastStyle
from style.teacher import Teacher
from style.transfer import WAYS


@pytest.fixture(scope="module")
def extractor():
    return features.load()


def batch(random, count=2, side=32):
    return tf.constant(random.uniform(-1, 1, (count, side, side, 3)).astype(np.float32))


def test_the_published_size():
    """Kernels of the table of Johnson et al. 2016, two numbers a channel of each normalisation, and biases of the last."""
    kernels = 81 * 3 * 32 * 2 + 9 * 2 * (32 * 64 + 64 * 128) + 10 * 9 * 128**2
    norms = 2 * (32 + 64 + 128 + 10 * 128 + 64 + 32)
    assert networks.johnson().count_params() == kernels + norms + 3
    assert networks.johnson(styles=7).count_params() == kernels + 7 * norms + 3
    assert networks.multiple(networks.johnson()) == 4


def test_mixtures_of_styles_mix_scales_and_shifts(random):
    network = networks.johnson(4, 1, 2)
    for layer in network.layers:
        if layer.name.endswith("_norm"):
            layer.set_weights([random.normal(1, 0.3, weight.shape) for weight in layer.get_weights()])
    image = batch(random, 1)
    half = network([image, tf.constant([[0.5, 0.5]])])
    for layer in network.layers:
        if layer.name.endswith("_norm"):
            layer.set_weights([np.repeat(weight.mean(0, keepdims=True), 2, 0) for weight in layer.get_weights()])
    np.testing.assert_allclose(network([image, tf.constant([[1.0, 0.0]])]), half, atol=1e-5)


@pytest.mark.parametrize("count", [1, 2])
def test_a_skip_starts_from_the_photograph_in_the_styles_colours(count, random):
    """With nothing added yet, each channel has the style's mean and deviation, before tanh, in the photograph's order."""
    keras.utils.set_random_seed(0)
    photo, styles = batch(random, 1), [batch(random, 1, 24) * strength for strength in (0.3, 0.9)][:count]
    network = networks.johnson(4, 1, count if count > 1 else 0, skip=True)
    networks.start_in_colours(network, styles)
    rgb = network.get_layer("rgb")
    rgb.kernel.assign(tf.zeros_like(rgb.kernel))
    for label, style in enumerate(styles):
        painted = network([photo, tf.one_hot([label], 2)] if count > 1 else photo).numpy()
        aim, made = (np.arctanh(each.astype(np.float64)) for each in (0.97 * style.numpy(), painted))
        np.testing.assert_allclose(made.mean((0, 1, 2)), aim.mean((0, 1, 2)), atol=1e-4)
        np.testing.assert_allclose(made.std((0, 1, 2)), aim.std((0, 1, 2)), rtol=1e-3)
        order = np.argsort(photo.numpy()[0, ..., 0], axis=None)
        assert np.all(np.diff(painted[0, ..., 0].ravel()[order]) >= 0)


def test_the_losses_are_the_relative_ones_of_the_optimiser(extractor, random):
    """Of one picture, what `style.models.Stylisation` says of it."""
    from style.models import Stylisation

    content, style, image = (batch(random, 1, 48) for _ in range(3))
    teacher = Teacher(extractor, STYLES["gram"])
    own = extractor(image)
    scores = Stylisation(extractor, content, [style]).scores(image)
    assert float(teacher.content(own, extractor(content))[0]) == pytest.approx(scores["content"], rel=0.05)
    assert float(teacher.style(own, teacher.wanted(extractor(style)))[0]) == pytest.approx(scores["style"], rel=0.05)
    assert float(teacher.style(own, teacher.wanted(own))[0]) == pytest.approx(0, abs=1e-6)
    assert float(teacher.content(own, own)[0]) == 0


@pytest.mark.parametrize("styles", [1, 3])
def test_a_step_moves_the_network_and_sums_its_losses(styles, extractor, random):
    network = networks.johnson(4, 1, styles if styles > 1 else 0)
    model = FastStyle(network, Teacher(extractor, STYLES["meanstd"]), [batch(random, 1, 40) for _ in range(styles)])
    model.compile(schedules.Adam(1e-3), 2.0, 3.0, 5.0)
    before, fixed = network.get_weights(), extractor.network.get_weights()
    logs = tf.function(model.train_step)((batch(random), tf.constant([0, styles - 1])))
    total = 2 * logs["loss/content"] + 3 * 10 * logs["loss/style"] + 5 * logs["loss/total_variation"]
    assert float(logs["loss/total"]) == pytest.approx(float(total), rel=1e-5)
    assert all((new != old).any() for new, old in zip(network.get_weights()[:3], before, strict=False))
    for new, old in zip(extractor.network.get_weights(), fixed, strict=True):
        np.testing.assert_array_equal(new, old)


@pytest.mark.parametrize("way", WAYS)
def test_an_arbitrary_network_learns_its_decoder_alone(way, extractor, random):
    network = networks.arbitrary(extractor, WAYS[way], (4, 4, 8))
    networks.start_in_grey(network)
    model = ArbitraryStyle(network, Teacher(extractor, STYLES["gram"]))
    model.compile(schedules.Adam(3e-3, global_clipnorm=1.0))
    encoder = network.get_layer(networks.ENCODER)
    before, pictures = encoder.get_weights(), (batch(random), batch(random))
    assert not model(pictures).numpy().any()
    step = tf.function(model.train_step)
    losses = [float(step(pictures)["loss/total"]) for _ in range(30)]
    assert np.mean(losses[-3:]) < 0.8 * losses[0]
    for new, old in zip(encoder.get_weights(), before, strict=True):
        np.testing.assert_array_equal(new, old)


def test_it_works_under_xla(extractor, random):
    network = networks.johnson(4, 1)
    model = FastStyle(network, Teacher(extractor, STYLES["gram"]), [batch(random, 1, 40)])
    model.compile(schedules.Adam(0.0))
    batch_of = batch(random), tf.constant([0, 0])
    plain = tf.function(model.train_step)(batch_of)
    model.optimizer.iterations.assign(0)  # which decides where the teacher looks from
    compiled = tf.function(model.train_step, jit_compile=True)(batch_of)
    for name, value in plain.items():
        assert float(compiled[name]) == pytest.approx(float(value), rel=1e-3), name


@pytest.mark.parametrize("size", [(16, 16), (33, 47), (21, 120)])
def test_any_size(size, extractor, random):
    image = random.uniform(-1, 1, (1, *size, 3)).astype(np.float32)
    arbitrary = fast.Arbitrary(networks.arbitrary(extractor, WAYS["adain"], (4, 4, 8)))
    assert arbitrary.with_styles([image[:, :16]])(image).shape == image.shape
    assert fast.Named(networks.johnson(4, 1), ["only"]).with_styles(["only"])(image).shape == image.shape


def test_strength_goes_from_the_own_style_to_the_asked_one(extractor, random):
    painter = fast.Arbitrary(networks.arbitrary(extractor, WAYS["adain"], (4, 4, 8)))
    image, style = (random.uniform(-1, 1, (1, 32, 32, 3)).astype(np.float32) for _ in range(2))
    none, own = painter.with_styles([style], strength=0.0)(image), painter.with_styles([image])(image)
    np.testing.assert_allclose(none, own, atol=1e-5)
    assert np.abs(painter.with_styles([style])(image) - own).max() > 1e-3
    named = fast.Named(networks.johnson(4, 1), ["only"])
    np.testing.assert_allclose(named.with_styles(["only"], strength=0.0)(image), image, atol=1e-6)


def test_shares_are_scaled_and_checked():
    assert fast.normal((1, 3), 2) == [0.25, 0.75]
    assert fast.normal(None, 4) == [0.25] * 4
    for wrong in ((1,), (0, 0), (-1, 2), (1, np.inf)):
        with pytest.raises(InputError, match="share"):
            fast.normal(wrong, 2)


def test_what_is_loaded_is_what_was_saved(extractor, random, tmp_path):
    network = networks.arbitrary(extractor, WAYS["attention"], (4, 4, 8))
    network.save(tmp_path / "network.keras")
    image = random.uniform(-1, 1, (1, 40, 56, 3)).astype(np.float32)
    wanted = fast.Arbitrary(network).with_styles([image[:, ::-1]])(image)
    np.testing.assert_array_equal(fast.load(tmp_path).with_styles([image[:, ::-1]])(image), wanted)


def test_a_network_of_another_kind_is_refused(tmp_path):
    with pytest.raises(InputError, match="must be arbitrary"):
        fast.load(tmp_path / "nothing.keras")
    keras.Sequential([keras.Input([None, None, 1]), keras.layers.Conv2D(1, 3)]).save(tmp_path / "other.keras")
    with pytest.raises(InputError, match="no network that stylises"):
        fast.load(tmp_path / "other.keras")


def test_small_pictures_are_continued_by_their_mirror(random):
    image = random.uniform(-1, 1, (1, 5, 9, 3)).astype(np.float32)
    fitted = whole.fitted(image, 8)
    assert fitted.shape == (1, 64, 64, 3)
    np.testing.assert_array_equal(fitted[:, :5, :9], image)
    np.testing.assert_array_equal(fitted[:, 5:10, :9], image[:, ::-1])
