"""What carries a style: the statistics that come out are the style's, codes blend, attention looks where it should."""

import numpy as np
import pytest
import tensorflow as tf

from gan import features
from gan.errors import InputError
from style import networks, transfer


def cloud(random, height=24, width=20, channels=6):
    mix = random.normal(size=(channels, channels))
    return tf.constant(
        (random.normal(size=(2, height, width, channels)) @ mix + random.normal(size=channels)).astype(np.float32)
    )


def covariances(x):
    flat = x.numpy().reshape(2, -1, x.shape[-1]).astype(np.float64)
    return np.stack([np.cov(one.T, bias=True) for one in flat])


def test_adain_gives_each_channel_the_styles_mean_and_deviation(random):
    content, style = cloud(random), cloud(random, 9, 31)
    made = transfer.AdaIN()([content, *transfer.AdaIN.code(style)])
    assert made.shape == content.shape
    np.testing.assert_allclose(made.numpy().mean((1, 2)), style.numpy().mean((1, 2)), atol=1e-4)
    np.testing.assert_allclose(made.numpy().std((1, 2)), style.numpy().std((1, 2)), rtol=1e-4)


def test_transport_gives_the_styles_covariance(random, monkeypatch):
    monkeypatch.setattr(transfer, "RIDGE", 1e-5)
    content, style = cloud(random), cloud(random, 9, 31)
    made = transfer.Covariance()([content, *transfer.Covariance.code(style)])
    np.testing.assert_allclose(made.numpy().mean((1, 2)), style.numpy().mean((1, 2)), atol=1e-3)
    wanted = covariances(style)
    np.testing.assert_allclose(covariances(made), wanted, atol=2e-3 * np.abs(wanted).max())


def test_transport_is_the_symmetric_root_of_float64(random):
    own, wanted = (covariances(cloud(random)) for _ in range(2))
    result = transfer.transport(tf.constant(own, tf.float32), tf.constant(wanted, tf.float32)).numpy().astype(np.float64)
    np.testing.assert_allclose(result, result.swapaxes(1, 2), atol=1e-4)
    ridged = [one + transfer.RIDGE * np.trace(one, axis1=1, axis2=2)[:, None, None] / 6 * np.eye(6) for one in (own, wanted)]
    np.testing.assert_allclose(result @ ridged[0] @ result, ridged[1], rtol=1e-2, atol=1e-2)


@pytest.mark.parametrize("way", [transfer.AdaIN, transfer.Covariance])
def test_its_own_style_changes_nothing(way, random):
    content = cloud(random)
    np.testing.assert_allclose(way()([content, *way.code(content)]), content, atol=2e-3)


def test_attention_to_one_place_adds_what_is_there(random):
    """With one token all weights are 1, whatever the likeness."""
    layer, content = transfer.StyleAttention(), cloud(random)
    token = tf.constant(random.normal(size=(2, 1, 6)).astype(np.float32))
    made = layer([content, token])
    wanted = content + layer.last(layer.value(token))[:, None]
    np.testing.assert_allclose(made, wanted, atol=1e-5)


def test_codes_blend_by_their_shares(random):
    first, second = (transfer.AdaIN.code(cloud(random)) for _ in range(2))
    mean, deviation = transfer.blend([first, second], [0.25, 0.75])
    np.testing.assert_allclose(mean, 0.25 * first[0] + 0.75 * second[0], rtol=1e-6)
    np.testing.assert_allclose(deviation, 0.25 * first[1] + 0.75 * second[1], rtol=1e-6)
    tokens = [[tf.fill([1, 400, 3], value)] for value in (1.0, 2.0)]
    (mixed,) = transfer.StyleAttention.blend(tokens, [0.25, 0.75])
    assert mixed.shape[1] == transfer.TOKENS
    assert float(tf.reduce_mean(mixed)) == pytest.approx(1.75)
    (one,) = transfer.StyleAttention.blend(tokens, [0.0, 1.0])
    np.testing.assert_array_equal(one, 2.0)


@pytest.mark.parametrize("some", [7, 100, 250])
def test_places_are_spread_evenly(some):
    places = transfer.spread(100, some).numpy()
    assert places.min() >= 0
    assert places.max() <= 99
    assert len(places) == some
    assert np.abs(places - (np.arange(some) + 0.5) * 100 / some).max() <= 1


def test_an_encoder_reads_as_its_extractor_does_inside(random):
    """At the borders it sees reflections; far from them it is the same."""
    extractor = features.load()
    image = tf.constant(random.uniform(-1, 1, (1, 128, 160, 3)).astype(np.float32))
    read = extractor.read(image)
    for name, level in zip(
        extractor.style_layers, networks.encoder(extractor, extractor.style_layers[:3])(image), strict=False
    ):
        assert level.shape == read[name].shape
        cut = 5 if name == "stage3" else 8
        inside = np.s_[:, cut:-cut, cut:-cut]
        np.testing.assert_allclose(level.numpy()[inside], read[name].numpy()[inside], atol=1e-4)


def test_an_encoders_colours_are_its_extractors(random):
    """VGG's preprocessing, another order of channels too, goes into the network."""
    compact = features.load()
    extractor = features.Extractor(compact.network, ("stage2",), compact.style_layers, features._caffe)
    image = tf.constant(random.uniform(-1, 1, (1, 64, 64, 3)).astype(np.float32))
    (level,) = networks.encoder(extractor, ("stage1",))(image)[:1]
    wanted = extractor.read(image)["stage1"].numpy()
    np.testing.assert_allclose(
        level[0, 2:-2, 2:-2] if level.shape.rank == 4 else level[2:-2, 2:-2], wanted[0, 2:-2, 2:-2], rtol=1e-3, atol=1e-2
    )


def test_an_encoder_of_odd_sizes_is_refused():
    import keras

    image = keras.Input([None, None, 3])
    first = keras.layers.Conv2D(4, 3, 2, name="first")(image)
    second = keras.layers.Conv2D(4, 3, 2, name="second")(first)
    extractor = features.Extractor(keras.Model(image, second), ("first",), ("first", "second"), lambda images: images)
    with pytest.raises(InputError, match="first 31, second 15"):
        networks.encoder(extractor, ("first", "second"))
