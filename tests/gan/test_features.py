"""Extractors: preprocessing, layers, weights that cannot be had, files that cannot be trusted."""

import socket
import time

import keras
import numpy as np
import pytest
import tensorflow as tf

from gan import downloads, features
from gan.errors import InputError
from tests.conftest import SHARED, needs_shared


@pytest.fixture
def toy(tmp_path):
    """A network whose layers can be computed by hand: RGB -> mean brightness, halved in size twice."""
    image = keras.Input([None, None, 3])
    x = keras.layers.Conv2D(4, 1, kernel_initializer="ones", name="sum")(image)
    x = keras.layers.AveragePooling2D(2, name="pool1")(x)
    x = keras.layers.Conv2D(8, 1, kernel_initializer="ones", name="wide")(x)
    x = keras.layers.AveragePooling2D(2, name="pool2")(x)
    x = keras.layers.Conv2D(8, 1, kernel_initializer="ones", name="deep")(x)
    path = tmp_path / "toy.keras"
    keras.Model(image, x, name="toy").save(path)
    return path


@pytest.mark.parametrize(("value_range", "white"), [("0..255", 765), ("0..1", 3), ("-1..1", 3)])
def test_a_file_gets_the_range_it_expects(toy, value_range, white):
    read = features.load(str(toy), ["sum"], ["sum"], value_range)(tf.ones([1, 32, 32, 3]))
    np.testing.assert_allclose(read["sum"], white, rtol=1e-6)
    if value_range != "-1..1":
        np.testing.assert_allclose(
            features.load(str(toy), ["sum"], ["sum"], value_range)(-tf.ones([1, 32, 32, 3]))["sum"], 0, atol=1e-4
        )


def test_layers_of_a_file_are_chosen_by_resolution(toy):
    extractor = features.load(str(toy))
    assert extractor.style_layers == ("sum", "wide", "deep")
    assert extractor.content_layers == ("deep",)


@pytest.mark.parametrize("size", [(32, 32), (50, 37)])
def test_the_margin_is_cut_off_again(toy, size):
    read = features.load(str(toy))(tf.zeros([1, *size, 3]))
    for name, stride in (("sum", 1), ("wide", 2), ("deep", 4)):
        assert abs(read[name].shape[1] - size[0] / stride) < 1
        assert abs(read[name].shape[2] - size[1] / stride) < 1


def test_one_function_reads_pictures_of_several_sizes(toy, random):
    extractor = features.load(str(toy))
    read = tf.function(extractor, reduce_retracing=True)
    for size in ((32, 48), (50, 37), (64, 64)):
        image = tf.constant(random.uniform(-1, 1, (1, *size, 3)), tf.float32)
        found, expected = read(image), extractor(image)
        for name in expected:
            np.testing.assert_allclose(found[name], expected[name], rtol=1e-5, atol=1e-4)


def test_borders_look_like_the_middle():
    """Zero padding inside a network would make the border of a constant picture different; the mirrored margin hides it."""
    image = keras.Input([None, None, 3])
    x = keras.layers.Conv2D(4, 3, padding="same", name="a")(image)
    x = keras.layers.Conv2D(4, 3, padding="same", name="b")(x)
    extractor = features.Extractor(keras.Model(image, x), ["b"], ["b"], lambda images: images)
    read = extractor(tf.ones([1, 24, 24, 3]))["b"].numpy()
    np.testing.assert_allclose(read, np.broadcast_to(read[:, :1, :1], read.shape), rtol=1e-5)


def test_only_what_is_needed_is_computed(toy):
    assert [layer.name for layer in features.load(str(toy), ["sum"], ["sum"]).network.layers][-1] == "sum"


def test_vgg_layers_and_preprocessing(tmp_path):
    """The published layers, and BGR minus the ImageNet mean; random weights, as the real ones need a download."""
    keras.applications.VGG19(include_top=False, weights=None).save_weights(tmp_path / "vgg.weights.h5")
    extractor = features.load("vgg19", weights=tmp_path / "vgg.weights.h5")
    assert extractor.content_layers == ("block4_conv2",)
    assert extractor.style_layers[0] == "block1_conv1"
    assert features.choose_layers(extractor.network)[1] == extractor.style_layers, "what we choose for VGG is what is published"
    red = tf.constant([[[[1.0, -1.0, -1.0]]]])
    np.testing.assert_allclose(extractor.preprocess(red)[0, 0, 0], [-103.939, -116.779, 255 - 123.68], rtol=1e-5)


def test_bfloat16_is_close_and_comes_out_as_float32(toy):
    images = tf.random.uniform([1, 32, 32, 3], -1, 1, seed=0)
    plain = features.load(str(toy))(images)
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        extractor = features.load(str(toy))
        assert extractor.network.get_layer("wide").compute_dtype == "bfloat16"
        rounded = extractor(images)
    finally:
        keras.config.set_dtype_policy("float32")
    for name, value in plain.items():
        assert rounded[name].dtype == tf.float32
        np.testing.assert_allclose(rounded[name], value, rtol=0.03)


def silent_proxy(monkeypatch):
    server = socket.create_server(("127.0.0.1", 0))
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{server.getsockname()[1]}")
    return server


@pytest.mark.slow
def test_weights_behind_a_silent_proxy_give_up_within_30_seconds(monkeypatch, tmp_path):
    monkeypatch.setattr("keras.src.utils.file_utils.config.keras_home", lambda: str(tmp_path))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    server, began = silent_proxy(monkeypatch), time.monotonic()
    with pytest.raises(features.WeightsUnavailable, match=r"put vgg19_.*notop.h5 at .*compact"):
        features.load("vgg19")
    assert time.monotonic() - began < 30
    server.close()


def test_timeouts_do_not_outlive_the_download():
    before = socket.getdefaulttimeout()
    with downloads.no_hanging(1):
        assert socket.getdefaulttimeout() == 1
    assert socket.getdefaulttimeout() == before


def test_damaged_weights_in_the_cache_are_named(monkeypatch, tmp_path):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    path = tmp_path / "models" / features.PRESETS["vgg16"].file
    path.parent.mkdir()
    path.write_bytes(b"half a file")
    with pytest.raises(InputError, match=r"notop.h5' is damaged"):
        features.load("vgg16")
    assert path.exists(), "not ours to delete"


def test_code_in_a_model_file_is_not_executed(tmp_path):
    image = keras.Input([None, None, 3])
    keras.Model(image, keras.layers.Lambda(lambda x: x, name="anything")(image)).save(tmp_path / "evil.keras")
    with pytest.raises(InputError, match=r"evil.keras' cannot be loaded"):
        features.load(str(tmp_path / "evil.keras"))


@needs_shared
def test_squeezenet():
    extractor = features.load(str(SHARED / "weights" / "squeezenet1_1.keras"))
    assert extractor.style_layers == ("conv1", "fire2_concat", "fire4_concat", "fire6_concat")
    assert extractor.content_layers == ("fire4_concat",)
