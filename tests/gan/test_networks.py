"""Shapes, ranges, names and rules of the networks."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from gan import conditions
from gan.errors import InputError
from gan.layers import Uniform
from gan.networks import dcgan, mlp, r3gan, resnet, spatial, stylegan2


@pytest.mark.parametrize("shape", [(28, 28, 1), (32, 32, 3), (16, 24, 3), (33, 50, 2)])
def test_dcgan(shape, random):
    images = dcgan.generator(shape, latent_dim=7, width=4)(random.standard_normal((2, 7), np.float32))
    assert images.shape == (2, *shape)
    assert np.abs(images).max() <= 1
    assert dcgan.discriminator(shape, width=4)(images).shape == (2, 1)


def test_dcgan_follows_the_paper():
    generator, discriminator = dcgan.generator((28, 28, 1)), dcgan.discriminator((28, 28, 1))
    names = {layer.name for layer in generator.layers + discriminator.layers}
    assert {"stage0", "stage1", "norm0", "norm1", "image", "logits"} <= names
    assert "norm0" not in {layer.name for layer in discriminator.layers}, "no normalisation in the discriminator's first stage"
    kernels = np.concatenate([w.numpy().ravel() for w in generator.trainable_weights if w.name == "kernel"])
    assert kernels.std() == pytest.approx(0.02, rel=0.01)


@pytest.mark.parametrize("shape", [(4, 4, 3), (4, 28, 1), (28, 224, 1)])
def test_dcgan_refuses_other_sides(shape):
    with pytest.raises(InputError, match="5 pixels or more"):
        dcgan.generator(shape)


def test_spatial_draws_any_size(random):
    generator, discriminator = spatial.generator(3, (4, 4, 4)), spatial.discriminator((4, 4, 4))
    images = generator(random.standard_normal((1, spatial.cells(24, 3), spatial.cells(33, 3), 3), np.float32))
    assert images.shape == (1, 24, 40, 3)
    assert discriminator(images).shape[1:3] == (3, 5)


def test_spatial_is_local(random):
    """A latent cell far away changes nothing here: what makes sheets of any size seamless."""
    generator = spatial.generator(3, (4, 4, 4))
    z = random.standard_normal((1, 12, 12, 3)).astype(np.float32)
    other = z.copy()
    other[:, -1] += 1
    before, after = generator(z).numpy(), generator(other).numpy()
    np.testing.assert_array_equal(before[:, :16], after[:, :16])
    assert np.abs(before - after).max() > 0


def test_spatial_has_no_border(random):
    """A window of a large sheet is what the same cells alone would draw."""
    generator = spatial.generator(3, (4, 4, 4))
    z = random.standard_normal((1, 12, 12, 3)).astype(np.float32)
    large, small = generator(z).numpy(), generator(z[:, 3:, 2:-1]).numpy()
    np.testing.assert_allclose(large[:, 24:, 16:-8], small, atol=1e-5)


RESIDUAL = {
    "resnet": (
        lambda shape, classes: resnet.generator(shape, 5, 8, classes),
        lambda shape, classes, condition: resnet.discriminator(shape, 8, classes, condition),
    ),
    "stylegan2": (
        lambda shape, classes: stylegan2.generator(shape, 5, 4, 8, 2, classes),
        lambda shape, classes, condition: stylegan2.discriminator(shape, 4, 8, classes, condition),
    ),
    "r3gan": (
        lambda shape, classes: r3gan.generator(shape, (8, 8, 4), latent_dim=5, classes=classes),
        lambda shape, classes, condition: r3gan.discriminator(shape, (8, 8, 4), classes=classes, condition=condition),
    ),
    "dcgan": (
        lambda shape, classes: dcgan.generator(shape, 5, 4, classes, resize=True),
        lambda shape, classes, condition: dcgan.discriminator(shape, 4, False, classes, condition, spectral=True, dropout=0.1),
    ),
}


@pytest.mark.parametrize("condition", conditions.CONDITIONS)
@pytest.mark.parametrize("name", RESIDUAL)
def test_any_sides_channels_and_condition(name, condition, random, tmp_path):
    generator, discriminator = RESIDUAL[name]
    for shape in ((16, 16, 3), (28, 20, 1)):
        classes = 0 if condition == "none" else 3
        z, labels = tf.constant(random.standard_normal((2, 5)), tf.float32), tf.constant([0, 2])
        network = generator(shape, classes)
        inputs = [z, labels] if classes else z
        images = network(inputs)
        assert images.shape == (2, *shape)
        network.save(tmp_path / "generator.keras")
        again = keras.models.load_model(tmp_path / "generator.keras", safe_mode=True)
        np.testing.assert_allclose(again(inputs), images, atol=1e-5)
        judge = discriminator(shape, classes, condition)
        outputs = judge([images, labels] if len(judge.inputs) > 1 else images)
        logits, *class_logits = outputs if isinstance(outputs, list) else [outputs]
        assert logits.shape == (2, 1)
        assert [tensor.shape for tensor in class_logits] == ([(2, 3)] if condition == "auxiliary-classifier" else [])


def test_r3gan_has_the_published_numbers_of_parameters():
    """Huang et al. 2024, FFHQ-256: G 23.058 M, D 23.010 M; CIFAR-10, conditional: 20.78 M and 21.28 M."""
    widths = (768, 768, 768, 768, 384, 192, 96)
    assert r3gan.generator((256, 256, 3), widths, 2).count_params() == 23_057_952
    assert r3gan.discriminator((256, 256, 3), widths, 2).count_params() == 23_009_568
    assert round(r3gan.generator((32, 32, 3), (768,) * 4, 2, classes=10).count_params(), -4) == 20_780_000
    conditional = r3gan.discriminator((32, 32, 3), (768,) * 4, 2, classes=10, condition="projection")
    assert round(conditional.count_params(), -4) == 21_280_000


def test_r3gan_blocks_are_the_identity_at_first(random):
    """The last layer of a block is 0: the generator is its basis, resampled, through 1x1 convolutions."""
    network = r3gan.generator((8, 8, 3), (8, 8), latent_dim=5)
    inner = keras.Model(network.input, [network.get_layer("basis").output, network.get_layer("stage0").output])
    basis, after = inner(random.standard_normal((2, 5), np.float32))
    np.testing.assert_array_equal(basis, after)
    assert network.get_layer("stage0_expand").kernel.numpy().std() == pytest.approx(
        (2 / 1.04) ** 0.5 * 2**-0.25 / 8**0.5, rel=0.2
    )


def test_r3gan_names_the_widths_it_needs():
    with pytest.raises(InputError, match="need 3 widths"):
        r3gan.generator((28, 28, 1), (8, 8))


@pytest.mark.parametrize("shape", [(34, 34, 1), (6, 6, 3), (16, 128, 3)])
def test_residual_networks_name_the_sides_they_can_make(shape):
    with pytest.raises(InputError, match="sides that halve evenly"):
        resnet.generator(shape)


def test_modulation_equals_a_kernel_for_each_image(random):
    """Karras et al. 2020, eq. 1 and 3, written out in float64."""
    x, style = random.standard_normal((2, 5, 5, 4)), random.standard_normal((2, 4))
    layer = stylegan2.ModulatedConv(3, use_bias=False, activated=False)
    y = layer([tf.constant(x, tf.float32), tf.constant(style, tf.float32)]).numpy()
    kernel = layer.kernel.numpy().astype(np.float64) / 6  # sqrt(3 * 3 * 4)
    for image in range(2):
        own = kernel * style[image][:, None]
        own /= np.sqrt(np.square(own).sum((0, 1, 2)) + 1e-8)
        padded = np.pad(x[image], [(1, 1), (1, 1), (0, 0)])
        wanted = [[np.einsum("hwi,hwio->o", padded[r : r + 3, c : c + 3], own) for c in range(5)] for r in range(5)]
        np.testing.assert_allclose(y[image], wanted, atol=1e-4)


def test_styles_mix_in_training_and_truncate_outside(random):
    layer = stylegan2.Styles(6)
    w = tf.constant(random.standard_normal((200, 3)), tf.float32)
    mixed = layer(w, training=True).numpy()
    own = (mixed == w.numpy()[:, None]).all(-1)
    assert own[:, 0].all(), "the first layer keeps its own style"
    assert (~own[:, -1]).mean() == pytest.approx(stylegan2.STYLE_MIXING, abs=0.08)
    assert (np.diff(own.astype(int), axis=1) <= 0).all(), "another style follows from a layer on"
    mean = layer.mean.numpy()
    layer.psi.assign(0.5)
    np.testing.assert_allclose(layer(w)[:, 0], mean + 0.5 * (w - mean), rtol=1e-5)


def test_stylegan2_noise_is_fresh_in_training_and_fixed_outside(random):
    network = stylegan2.generator((8, 8, 3), 5, 4, 8, 2)
    for layer in network.layers:
        if isinstance(layer, stylegan2.NoiseAndBias):
            layer.strength.assign(1.0)
    z = random.standard_normal((1, 5), np.float32)
    np.testing.assert_array_equal(network(z), network(z))
    assert not np.allclose(network(z, training=True), network(z, training=True))


def test_mlp(random):
    points = mlp.generator(width=8)(random.standard_normal((5, 2), np.float32))
    assert points.shape == (5, 2)
    assert mlp.discriminator(width=8)(points).shape == (5, 1)
    for network in (mlp.generator(width=8, frequencies=3), mlp.discriminator(width=8, frequencies=3)):
        assert network.get_layer("fourier").output.shape == (None, 2 + 2 * 3)
        assert network.get_layer("dense0").input is network.get_layer("fourier").output


def test_uniform_latents(random):
    z = random.standard_normal((50_000, 2), np.float32)
    made = keras.ops.convert_to_numpy(Uniform()(z))
    assert np.abs(made).max() < 3**0.5
    for share in (0.1, 0.25, 0.5, 0.9):
        np.testing.assert_allclose(np.quantile(made, share, 0), 3**0.5 * (2 * share - 1), atol=0.03)
    np.testing.assert_allclose(made.var(0), 1.0, atol=0.02)
    network = mlp.generator(width=8, uniform=True)
    assert network.get_layer("dense0").input is network.get_layer("uniform").output
