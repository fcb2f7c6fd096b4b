"""Scores in an extractor's features, by closed forms and by what they must not notice."""

import subprocess
import sys

import keras
import numpy as np
import pytest

from gan import features
from gan.errors import InputError
from gan.metrics import kernel
from style import memory, scores
from style.models import Stylisation
from style.objectives import STYLES


@pytest.fixture(scope="module")
def extractor():
    return features.load("compact")


@pytest.fixture
def pair(random):
    """A smooth picture and grain."""
    smooth = np.kron(random.uniform(-1, 1, (1, 6, 8, 3)), np.ones((1, 16, 16, 1))).astype(np.float32)
    return smooth, random.uniform(-1, 1, smooth.shape).astype(np.float32)


@pytest.mark.parametrize(
    "score", [scores.content_structure_distance, scores.single_image_frechet, scores.relative_single_image_frechet]
)
def test_a_picture_is_near_itself_and_far_from_another(score, extractor, pair):
    smooth, grain = pair
    assert score(extractor, smooth, smooth) == pytest.approx(0, abs=1e-4)
    assert score(extractor, smooth, grain) > 10 * abs(score(extractor, smooth, smooth)) + 1e-6


def test_distances_from_one_reading_are_those_of_each_kind_alone(extractor, pair):
    smooth, grain = pair
    kinds = ("gram", "meanstd", "sliced", "remd")
    found = scores.distances(extractor, smooth, grain, 0.5 * grain, kinds)
    for kind in kinds:
        alone = Stylisation(extractor, smooth, [grain], style_loss=STYLES[kind]).scores(0.5 * grain)
        assert found[kind] == pytest.approx(alone["style"], rel=1e-5)
        assert found["content"] == pytest.approx(alone["content"], rel=1e-5)


def test_ssim(pair):
    smooth, grain = pair
    assert scores.ssim(smooth, smooth) == pytest.approx(1)
    assert scores.ssim(smooth, grain) < 0.3


def test_patches_of_the_same_texture_are_nearer_than_of_another(extractor, pair, random):
    smooth, grain = pair
    more = random.uniform(-1, 1, smooth.shape).astype(np.float32)
    assert abs(scores.patch_kernel_distance(extractor, grain, more)) < 0.1 * scores.patch_kernel_distance(
        extractor, smooth, grain
    )


def test_patch_kernel_distance_is_that_of_the_patches_features(pair):
    """With the mean colour as the feature, against a loop over patches."""
    smooth, grain = pair
    image = keras.Input([None, None, 3])
    colours = features.Extractor(keras.Model(image, keras.layers.Identity(name="i")(image)), ["i"], ["i"], lambda x: x)
    found = []
    for picture in (smooth, grain):
        corners = [(top, left) for top in range(0, 96 - 48 + 1, 24) for left in range(0, 128 - 48 + 1, 24)]
        found.append(np.array([picture[0, top : top + 48, left : left + 48].mean((0, 1)) for top, left in corners], np.float64))
    strength = np.sqrt(np.square(found[1]).mean())
    expected = 1000 * kernel.squared_mmd(*(each / strength for each in found))
    assert scores.patch_kernel_distance(colours, smooth, grain) == pytest.approx(expected, rel=1e-3)


def test_the_scale_of_an_extractors_features_does_not_matter(pair):
    def scaled(factor):
        image = keras.Input([None, None, 3])
        colours = keras.Model(image, keras.layers.Rescaling(factor, name="i")(image))
        return features.Extractor(colours, ["i"], ["i"], lambda x: x)

    for score in (scores.patch_kernel_distance, scores.relative_single_image_frechet):
        assert score(scaled(100.0), *pair) == pytest.approx(score(scaled(1.0), *pair), rel=1e-3)
    style = pair[1] - pair[1].mean((1, 2), keepdims=True)
    assert scores.relative_single_image_frechet(scaled(1.0), 0 * style, style) == pytest.approx(1, rel=1e-3)


def test_variation_ratio(pair):
    smooth, grain = pair
    assert scores.variation_ratio(0.5 * grain, grain) == pytest.approx(0.5, rel=1e-5)
    assert scores.variation_ratio(smooth, grain) < 0.2


def test_a_seam_shows(random):
    image = 0.1 * random.standard_normal((1, 64, 96, 3))
    assert scores.seam_ratio(image, [32], [48]) < 1.2
    image[:, 32:] += 0.5
    assert scores.seam_ratio(image, [32], [48]) > 2


def test_artfid():
    assert scores.artfid(0.5, 2.0) == 4.5


def test_the_plan_takes_blocks_when_memory_is_short_and_refuses_when_they_do_not_help(extractor, monkeypatch):
    monkeypatch.setattr(memory, "free", lambda: 64e9)
    assert memory.block("auto", extractor, (512, 512)) is None
    monkeypatch.setattr(memory, "free", lambda: 8e9)
    chosen = memory.block("auto", extractor, (2160, 3840))
    assert chosen is None or memory.peak(extractor, (2160, 3840), chosen) <= 8e9
    monkeypatch.setattr(memory, "free", lambda: 4e9)
    assert memory.block("auto", extractor, (2160, 3840)) in memory.BLOCKS
    monkeypatch.setattr(memory, "free", lambda: 1e9)
    with pytest.raises(InputError, match="lower --image-size"):
        memory.block("auto", extractor, (2160, 3840))
    assert memory.block(512, extractor, (2160, 3840)) == 512
    assert memory.block("none", extractor, (2160, 3840)) is None


def test_activation_bytes_of_a_plain_network():
    image = keras.Input([None, None, 3])
    x = keras.layers.Conv2D(8, 3, 2, "same", name="a")(image)
    x = keras.layers.Conv2D(16, 3, 2, "same", name="b")(x)
    plain = features.Extractor(keras.Model(image, x), ["b"], ["a", "b"], lambda x: x)
    assert memory.activation_bytes(plain) == 4 * (8 / 4 + 16 / 16)
    assert plain.stride == 4
    assert plain.reach >= 4


@pytest.mark.slow
@pytest.mark.parametrize(("size", "block"), [((1024, 1024), None), ((1280, 1280), 384)])
def test_the_plan_is_near_the_peak(size, block, extractor):
    """Of a process of its own, for a peak never falls; that of the same program differs by a tenth from run to run."""
    program = f"""
import re
import numpy as np, tensorflow as tf
from gan import features
from style.models import Stylisation
from style.optimise import ImageAdam
random = np.random.default_rng(0)
content, style = (random.uniform(-1, 1, (1, *{size}, 3)).astype(np.float32) for _ in range(2))
model = Stylisation(features.load(), content, [style], jitter=8, flips=True, block={block})
model.compile(ImageAdam(10))
step = tf.function(model.train_step)
step(), step()
print(1024 * int(re.search("VmHWM:\\s*(\\d+)", open("/proc/self/status").read())[1]))  # ru_maxrss begins with the parent's
"""
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert memory.peak(extractor, size, block) == pytest.approx(int(ended.stdout.split()[-1]), rel=0.15)
