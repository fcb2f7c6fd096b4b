"""Image-to-image networks: shapes, what is published, and that saved files load again."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from gan import features
from gan.errors import InputError
from gan.image_layers import ConditionalInstanceNorm, Enlarge, EnlargingConv, FewFilters, FillHoles, InstanceNorm, ReflectPad
from gan.networks import patchgan, translation

NETWORKS = {
    "unet": lambda: translation.unet(3, 3, 4, 3),
    "unet of ab": lambda: translation.unet(1, 2, 4, 3, "batch"),
    "unet adding": lambda: translation.unet(3, 3, 4, 3, "none", 0.0, "residual"),
    "unet filling": lambda: translation.unet(4, 3, 4, 3, "none", 0.0, "holes"),
    "unet by repetition": lambda: translation.unet(3, 3, 4, 3, up="repeated"),
    "resnet": lambda: translation.resnet(width=4, blocks=1),
    "resnet without aliases": lambda: translation.resnet(width=4, blocks=1, antialias=True, start=translation.small_xavier),
    "resnet adding": lambda: translation.resnet(width=4, blocks=1, skip=True),
    "resnet by repetition": lambda: translation.resnet(width=4, blocks=1, up="repeated"),
    "srresnet": lambda: translation.srresnet(2, 4, 1),
    "srresnet folded": lambda: translation.srresnet(1, 4, 1, "none", fold=2),
}


def picture(random, channels=3, height=16, width=24):
    return tf.constant(random.uniform(-1, 1, (2, height, width, channels)).astype(np.float32))


@pytest.mark.parametrize("name", NETWORKS)
def test_any_size_and_a_file_that_loads(name, random, tmp_path):
    network = NETWORKS[name]()
    image = picture(random, network.inputs[0].shape[-1])
    made = network(image, training=False)
    scale = 2 if name == "srresnet" else 1
    assert tuple(made.shape) == (2, 16 * scale, 24 * scale, network.outputs[0].shape[-1])
    assert made.dtype == tf.float32
    network.save(tmp_path / "network.keras")
    np.testing.assert_array_equal(features.read_keras(tmp_path / "network.keras")(image, training=False), made)


def test_what_sides_must_be_divisible_by():
    multiples = {name: translation.multiple(make()) for name, make in NETWORKS.items()}
    assert multiples["unet"] == multiples["unet adding"] == multiples["unet by repetition"] == 8
    assert multiples["resnet"] == multiples["resnet without aliases"] == multiples["resnet by repetition"] == 4
    assert (multiples["srresnet"], multiples["srresnet folded"]) == (1, 2)


def test_published_sizes():
    """Parameter counts from the layer tables: kernels, and biases where there is no normalisation after them."""
    unet = translation.unet(3, 3, 64, 8)
    down = [(3, 64), (64, 128), (128, 256), (256, 512), *[(512, 512)] * 4]
    up = [(512, 512), *[(1024, 512)] * 3, (1024, 256), (512, 128), (256, 64), (128, 3)]
    count = sum(int(np.prod(weight.shape)) for weight in unet.trainable_variables)
    assert count == sum(16 * a * b for a, b in down + up) + 64 + 512 + 3
    resnet = translation.resnet()
    convolutions = 49 * 2 * 3 * 64 + 9 * 2 * (64 * 128 + 128 * 256) + 18 * 9 * 256**2
    assert resnet.count_params() == convolutions + 3


def test_kernels_start_as_published():
    for network in (translation.unet(3, 3, 32, 4), translation.resnet(width=32, blocks=1), patchgan.discriminator(6, 32)):
        for weight in network.trainable_variables:
            if len(weight.shape) == 4 and np.prod(weight.shape) > 5000:
                assert np.std(weight) == pytest.approx(0.02, rel=0.05), weight.path
                assert np.mean(weight) == pytest.approx(0, abs=1e-3)


def test_instance_norm_in_numpy(random):
    x = random.normal(size=(2, 5, 6, 3)) * 3 + 2
    wanted = (x - x.mean((1, 2), keepdims=True)) / np.sqrt(x.var((1, 2), keepdims=True) + 1e-5)
    np.testing.assert_allclose(InstanceNorm()(tf.constant(x, tf.float32)), wanted, atol=1e-5)
    layer = ConditionalInstanceNorm(4)
    labels = np.array([3, 1])
    layer([tf.constant(x, tf.float32), tf.constant(labels)])
    scale, shift = random.normal(size=(2, 4, 3))
    layer.scale.assign(scale)
    layer.shift.assign(shift)
    conditional = wanted * scale[labels][:, None, None] + shift[labels][:, None, None]
    np.testing.assert_allclose(layer([tf.constant(x, tf.float32), tf.constant(labels)]), conditional, atol=1e-4)


@pytest.mark.parametrize("labelled", [False, True])
def test_one_picture_is_normalised_as_several_are(labelled, random):
    """The single operation for one picture against the formula, with its gradients."""
    x = tf.constant(random.normal(3, 2, (1, 6, 8, 4)), tf.float32)
    weights = random.normal(size=(2, 3, 4) if labelled else (2, 4))
    layer = ConditionalInstanceNorm(3) if labelled else InstanceNorm(affine=True)
    shares = tf.constant([[0.2, 0.5, 0.3]])
    results = []
    for copies in (1, 2):
        with tf.GradientTape() as tape:
            tape.watch(x)
            images = tf.tile(x, [copies, 1, 1, 1])
            inputs = [images, tf.tile(shares, [copies, 1])] if labelled else images
            if not layer.built:
                layer(inputs)
                layer.set_weights(weights)
            total = tf.reduce_sum(layer(inputs) ** 3) / copies
        results.append([layer(inputs)[:1], *tape.gradient(total, [x, *(weight.value for weight in layer.weights)])])
    for one, several in zip(*results, strict=True):
        np.testing.assert_allclose(one, several, rtol=1e-3, atol=1e-3)
    np.testing.assert_allclose(results[0][0], results[1][0], atol=1e-5)


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("size", [3, 4, 9])
def test_few_filters_are_a_convolution(size, padding, random):
    """For odd and even sides, known beforehand or not; its gradients too."""
    options = {"padding": padding, "bias_initializer": "ones"}
    plain, few = (kind(3, size, **options) for kind in (keras.layers.Conv2D, FewFilters))
    for layer in (plain, few):
        layer.build([None, None, None, 5])
    few.set_weights(plain.get_weights())
    traced = tf.function(few, input_signature=[tf.TensorSpec([None, None, None, 5])])
    for side in (11, 12):
        x, results = tf.constant(random.normal(size=(2, side, 13, 5)), tf.float32), []
        for layer in (plain, few, traced):
            with tf.GradientTape() as tape:
                tape.watch(x)
                y = layer(x)
                total = tf.reduce_sum(y**2)
            kernel = (plain if layer is plain else few).kernel.value
            results.append([y, *tape.gradient(total, [x, kernel])])
        for wanted, *others in zip(*results, strict=True):
            for other in others:
                np.testing.assert_allclose(other, wanted, rtol=1e-4, atol=1e-3)


def test_enlarging_convolution_is_repetition_and_convolution(random):
    x, layer = tf.constant(random.normal(size=(2, 4, 5, 3)), tf.float32), EnlargingConv(7, 3, bias_initializer="ones")
    assert layer.compute_output_shape(x.shape) == layer(x).shape == (2, 8, 10, 7)
    large = ReflectPad(1)(tf.repeat(tf.repeat(x, 2, 1), 2, 2))
    np.testing.assert_allclose(layer(x), tf.nn.conv2d(large, layer.kernel.value, 1, "VALID") + 1.0, atol=1e-5)


def test_borders_are_reflected(random):
    x = random.normal(size=(1, 5, 4, 2)).astype(np.float32)
    np.testing.assert_array_equal(ReflectPad(3)(x), np.pad(x, ((0, 0), (3, 3), (3, 3), (0, 0)), "reflect"))


@pytest.mark.parametrize(("downs", "side"), [(1, 16), (2, 34), (3, 70)])
def test_a_logit_sees_a_patch(downs, side, random):
    """Exactly `side` rows of the picture reach one logit; normalisation, which sees all, is left out."""
    network = patchgan.discriminator(1, 4, downs, "none")
    image = tf.constant(random.normal(size=(1, 128, 128, 1)).astype(np.float32))
    with tf.GradientTape() as tape:
        tape.watch(image)
        logits = network(image)
        middle = logits[0, logits.shape[1] // 2, logits.shape[2] // 2, 0]
    seen = np.flatnonzero(np.abs(tape.gradient(middle, image)).sum((0, 2, 3)))
    assert seen[-1] - seen[0] + 1 == side


def test_the_published_resnet_does_not_see_lightness_and_contrast(random):
    """Its first normalisation takes both away: why one that adds to the picture learns from fewer steps."""
    image, network = picture(random), translation.resnet(width=4, blocks=1)
    np.testing.assert_allclose(network(0.5 * image + [0.1, 0.3, -0.2]), network(image), atol=1e-3)


def test_a_resnet_with_a_skip_starts_as_the_picture_a_little_paler(random):
    image = picture(random)
    np.testing.assert_allclose(translation.resnet(width=4, blocks=1, skip=True)(image), 0.97 * image, atol=1e-6)


def test_srresnet_starts_as_the_bicubic_enlargement(random):
    image = picture(random)
    made, wanted = translation.srresnet(4, 4, 1)(image), tf.image.resize(image, (64, 96), "bicubic")
    np.testing.assert_allclose(made[:, 8:-8, 8:-8], wanted[:, 8:-8, 8:-8], atol=1e-5)
    np.testing.assert_array_equal(translation.srresnet(1, 4, 1, "none", 2)(image), image)
    with pytest.raises(InputError, match="powers of 2"):
        translation.srresnet(3)


@pytest.mark.parametrize("method", ["bilinear", "bicubic"])
@pytest.mark.parametrize("scale", [2, 3])
def test_interpolation_is_that_of_tensorflow_away_from_the_border(scale, method, random):
    image = picture(random)
    made, wanted = Enlarge(scale, method)(image), tf.image.resize(image, (16 * scale, 24 * scale), method)
    inner = np.s_[:, 2 * scale : -2 * scale, 2 * scale : -2 * scale]
    np.testing.assert_allclose(made[inner], wanted[inner], atol=2e-3)  # its weights come from a table of 1024
    np.testing.assert_allclose(Enlarge(scale, method)(tf.ones([1, 4, 5, 2])), 1, atol=1e-6)


def test_enlarging_compiles_under_xla(random):
    def slope(image):
        with tf.GradientTape() as tape:
            tape.watch(image)
            value = tf.reduce_sum(tf.square(Enlarge(2, "bicubic")(image)))
        return tape.gradient(value, image)

    image = picture(random)
    np.testing.assert_allclose(tf.function(slope, jit_compile=True)(image), slope(image), atol=1e-4)


@pytest.fixture
def holed(random):
    """A picture `[1, 16, 24, 4]` and its hole, as booleans."""
    image = random.uniform(-1, 1, (1, 16, 24, 4)).astype(np.float32)
    image[..., 3] = random.random((1, 16, 24)) < 0.3
    image[:, 4:12, 8:20, 3] = 1
    return image, image[..., 3] == 1


def test_what_is_known_is_kept_exactly(holed):
    image, hole = holed
    network = translation.unet(4, 3, 4, 3, "none", 0.0, "holes")
    filled = FillHoles()(image).numpy()
    np.testing.assert_array_equal(network(image), filled[..., :3])  # at first there is nothing to add
    network.get_layer("up0").bias.assign([0.1, 0.2, 0.3])
    made = network(image).numpy()
    np.testing.assert_array_equal(made[~hole], image[..., :3][~hole])
    np.testing.assert_allclose(made[hole] - filled[..., :3][hole], np.tile([[0.1, 0.2, 0.3]], [hole.sum(), 1]), atol=1e-6)


def test_holes_are_filled_with_what_is_around_them(holed):
    image, hole = holed
    filled = FillHoles()(image).numpy()
    np.testing.assert_array_equal(filled[..., 3], image[..., 3])
    assert filled[hole][:, :3].std() < 0.5 * image[~hole][:, :3].std()
    flat = np.where(hole[..., None], 7, np.float32([0.5, -0.25, 1]))
    np.testing.assert_allclose(
        FillHoles()(np.concatenate([flat, image[..., 3:]], -1))[..., :3],
        np.where(hole[..., None], np.float32([0.5, -0.25, 1]), flat),
        atol=1e-6,
    )
    two = np.concatenate([np.full((1, 16, 24, 1), -1), np.zeros((1, 16, 24, 1))], -1).astype(np.float32)
    two[:, :, 12:, 0], two[:, :, 2:8, 1], two[:, :, 14:22, 1] = 1, 1, 1
    np.testing.assert_allclose(FillHoles()(two).numpy()[0, 8, [4, 18], 0], [-1, 1], atol=0.3)  # each by its own surroundings


def test_a_picture_that_is_one_hole_is_grey():
    nothing = np.concatenate([np.full((1, 5, 7, 3), 0.7), np.ones((1, 5, 7, 1))], -1).astype(np.float32)
    np.testing.assert_array_equal(FillHoles()(nothing)[..., :3], 0)


def test_normalisation_by_instance_is_the_same_in_training_and_in_use(random):
    image = picture(random, height=32, width=32)
    network = translation.unet(3, 3, 4, 3, dropout=0.0)
    np.testing.assert_array_equal(network(image, training=True), network(image, training=False))
    alone = network(image[:1], training=False)
    np.testing.assert_allclose(network(image, training=False)[:1], alone, atol=1e-5)


def test_styles_differ_by_scale_and_shift_alone(random):
    network = translation.resnet(width=4, blocks=1, styles=3)
    plain = translation.resnet(width=4, blocks=1)
    norms = sum(isinstance(layer, InstanceNorm) for layer in plain.layers)
    channels = [4, 8, 16, 16, 16, 8, 4]
    assert len(channels) == norms
    assert network.count_params() == plain.count_params() + 2 * 3 * sum(channels)
    image = picture(random)
    labels = [tf.constant([0, 0]), tf.constant([0, 2])]
    same = [network([image, each], training=False) for each in labels]
    np.testing.assert_array_equal(*same)
    layer = network.get_layer("block0_conv0_norm")
    layer.scale.assign(np.array(layer.scale) * np.array([[1], [1], [3]]))
    assert np.abs(network([image, labels[1]], training=False)[1] - same[0][1]).max() > 1e-4
    np.testing.assert_array_equal(network([image, labels[1]], training=False)[0], same[0][0])


def test_heads_have_length_1(random):
    inputs = [tf.constant(random.normal(size=(2, 5, count)).astype(np.float32)) for count in (3, 7)]
    for output in patchgan.heads([3, 7], 16)(inputs):
        assert tuple(output.shape) == (2, 5, 16)
        np.testing.assert_allclose(np.linalg.norm(output, axis=-1), 1, rtol=1e-5)


def test_too_few_stages():
    with pytest.raises(InputError, match="2 stages"):
        translation.unet(3, downs=1)
    assert isinstance(translation.unet(3, 3, 4, 2), keras.Model)
