"""Films: known flows, what a moving square hides, what a steady frame keeps, and the temporal loss."""

import itertools

import numpy as np
import pytest
import tensorflow as tf

from gan import features
from style import losses, video
from style.models import Stylisation
from style.optimise import ImageAdam
from style.painters import Network, Optimiser
from style.video import Motion


def constant(height, width, by):
    return tf.constant(np.broadcast_to(np.float32(by), (1, height, width, 2)))


@pytest.fixture
def texture(random):
    """Smooth, `[1, 48, 64, 3]`."""
    coarse = random.uniform(-1, 1, (1, 13, 17, 3)).astype(np.float32)
    return tf.image.resize(coarse, [48, 64], "bicubic").numpy().clip(-1, 1)


def test_a_whole_shift_is_exact_and_the_border_repeats(texture):
    moved = video.warp(tf.constant(texture), constant(48, 64, (3, -5))).numpy()
    np.testing.assert_array_equal(moved[:, :-3, 5:], texture[:, 3:, :-5])
    np.testing.assert_array_equal(moved[:, -3:, 5:], np.repeat(texture[:, -1:, :-5], 3, 1))
    np.testing.assert_array_equal(
        video.inside(constant(48, 64, (3, -5))).numpy()[0], np.pad(np.ones((45, 59), bool), ((0, 3), (5, 0)))
    )


def test_a_share_of_a_pixel_is_linear():
    ramp = np.broadcast_to(np.arange(8, dtype=np.float32)[None, None, :, None], (1, 6, 8, 3))
    moved = video.warp(tf.constant(ramp), constant(6, 8, (0.5, 0.25))).numpy()
    np.testing.assert_allclose(moved[:, :, :-1], ramp[:, :, :-1] + 0.25, atol=1e-6)


def test_warping_hands_each_pixel_its_gradient(texture):
    image = tf.constant(texture)
    with tf.GradientTape() as tape:
        tape.watch(image)
        total = tf.reduce_sum(video.warp(image, constant(48, 64, (2, 0.5)))[:, :-2, :-1])
    gradient = tape.gradient(total, image).numpy()
    np.testing.assert_allclose(gradient[:, 2:, 1:-1], 1, atol=1e-6)
    np.testing.assert_array_equal(gradient[:, :2], 0)
    np.testing.assert_allclose(gradient[:, 2:, 0], 0.5, atol=1e-6)


def test_a_translated_pattern_has_no_warping_error(texture):
    frame, earlier = texture[:, 2:40, 4:50], texture[:, :38, :46]  # shows what was at (+2, +4) before
    backward = constant(38, 46, (2, 4))
    how = Motion(backward, video.reliable(-backward, backward))
    assert video.warping_error(frame, earlier, how) == 0
    assert video.warping_error(frame + 0.5, earlier, how) == pytest.approx(0.25)
    assert 0.8 < float(tf.reduce_mean(how.reliable)) < 1


def test_the_place_a_square_uncovers_is_inconsistent():
    """A square goes 6 to the right over a still ground: the 6 columns behind it were hidden before."""
    forward, backward = np.zeros((2, 1, 40, 40, 2), np.float32)
    forward[:, 10:20, 10:20, 1] = 6
    backward[:, 10:20, 16:26, 1] = -6
    hidden = video.inconsistent(tf.constant(forward), tf.constant(backward)).numpy()[0]
    expected = np.zeros((40, 40), bool)
    expected[10:20, 10:16] = True
    np.testing.assert_array_equal(hidden, expected)


def test_motion_boundaries_are_the_edges_of_the_square():
    backward = np.zeros((1, 40, 40, 2), np.float32)
    backward[:, 10:20, 16:26, 1] = -6
    edge = video.motion_boundaries(tf.constant(backward)).numpy()[0]
    assert edge[9:11, 20].all()
    assert edge[15, 15:17].all()
    assert not edge[13:17, 19:23].any()
    assert not edge[:8].any()
    assert not video.motion_boundaries(constant(9, 9, (5, 5))).numpy().any()


def test_steps_in_a_row_add_up(texture):
    steps = [Motion(constant(48, 64, by), tf.ones([1, 48, 64])) for by in ((1, 2), (0.5, -3), (2, 2))]
    flow, trust = video.chained(steps)
    np.testing.assert_allclose(flow.numpy()[0, 5:-5, 5:-5], np.broadcast_to([3.5, 1], (38, 54, 2)), atol=1e-5)
    np.testing.assert_array_equal(trust.numpy()[0, -3:], 0)
    hole = Motion(
        constant(48, 64, (0, 0)),
        tf.constant(np.pad(np.zeros((1, 4, 4), np.float32), ((0, 0), (20, 24), (20, 40)), constant_values=1)),
    )
    assert video.chained([steps[0], hole])[1].numpy()[0, 21, 19] == 0


def test_flow_finds_a_shift(texture):
    found = video.optical_flow(texture[:, 2:42, 3:55], texture[:, :40, :52]).numpy()[0, 8:-8, 8:-8]
    np.testing.assert_allclose(found.mean((0, 1)), [2, 3], atol=0.15)
    small = video.optical_flow(texture[:, 2:42, 3:55], texture[:, :40, :52], long_side=26).numpy()[0, 8:-8, 8:-8]
    np.testing.assert_allclose(small.mean((0, 1)), [2, 3], atol=0.5)


def test_the_temporal_loss_is_equation_7(random):
    images, before = random.normal(size=(2, 2, 6, 7, 3))
    weights = random.uniform(size=(2, 6, 7))
    expected = (weights[..., None] * (images - before) ** 2).sum((1, 2, 3)) / (6 * 7 * 3)
    got = losses.temporal(*(tf.constant(one, tf.float32) for one in (images, before, weights))).numpy()
    np.testing.assert_allclose(got, expected, rtol=1e-5)


def test_sharp_warping_keeps_more_than_linear(random):
    noise = random.uniform(-0.5, 0.5, (1, 40, 40, 3)).astype(np.float32)
    flow = constant(40, 40, (0.5, 0.5))
    kept = [
        warped.std() / noise.std() for warped in (video.warp_sharply(noise, flow), video.warp(tf.constant(noise), flow).numpy())
    ]
    assert kept[0] > 1.3 * kept[1]
    np.testing.assert_allclose(video.warp_sharply(noise, constant(40, 40, (2, 1)))[:, :-2, :-1], noise[:, 2:, 1:], atol=1e-5)


def test_bands_add_up_and_take_the_strength_of_another(texture, random):
    bands, coarse = video.frequency_bands(texture)
    np.testing.assert_allclose(sum(bands) + coarse, texture, atol=1e-5)
    np.testing.assert_allclose(video.with_bands_of(texture, texture), texture, atol=2e-3)
    weak = 0.5 * texture
    assert video.with_bands_of(weak, texture).std() > 1.2 * weak.std()


def test_steady_frames_of_a_still_film_flicker_less_at_the_same_contrast(random):
    """A painter that adds other noise to each frame."""
    still = np.zeros((1, 40, 48, 3), np.float32)
    painter = Network(
        lambda frame: frame + 0.3 * random.normal(size=frame.shape).clip(-2, 2).astype(np.float32), steadiness=0.5
    )
    how = Motion(constant(40, 48, (0, 0)), tf.ones([1, 40, 48]))
    results, alone = [painter.alone(still)], []
    for _ in range(6):
        alone.append(painter.alone(still))
        results.append(painter.following(still, alone[-1], results[-1], how))
    flicker, framewise = (
        np.mean([video.warping_error(b, a, how) for a, b in itertools.pairwise(film)]) for film in (results[2:], alone)
    )
    assert flicker < 0.6 * framewise
    assert np.std(results[-1]) > 0.9 * np.std(alone)
    lost = Motion(how.backward, 0 * how.reliable)
    np.testing.assert_allclose(painter.following(still, alone[0], results[0], lost), alone[0], atol=2e-3)


@pytest.fixture(scope="module")
def extractor():
    return features.load()


def test_the_next_frame_of_a_model_is_what_a_new_model_makes_of_it(extractor, random):
    """What `follow` re-aims and starts again: picture, content, features, optimiser and average."""
    frames = random.uniform(-1, 1, (2, 1, 32, 48, 3)).astype(np.float32)
    for jitter in (0, 4):
        used, new = (Stylisation(extractor, one, [frames[0][:, ::-1]], jitter=jitter) for one in frames)
        for model in (used, new):
            model.compile(ImageAdam(10))
        for _ in range(2):
            used.train_step()
        used.follow(frames[1], frames[1], tf.zeros([1, 32, 48]))
        for _ in range(2):
            logs = [model.train_step() for model in (used, new)]
        assert float(logs[0]["loss/total"]) == float(logs[1]["loss/total"])
        np.testing.assert_array_equal(used().numpy(), new().numpy())
        assert used.scores(frames[1])["content"] == 0


def test_the_temporal_weight_holds_what_is_steady(extractor, random):
    frame = random.uniform(-1, 1, (1, 32, 48, 3)).astype(np.float32)
    before = random.uniform(-1, 1, frame.shape).astype(np.float32)
    left = np.zeros((1, 32, 48), np.float32)
    left[:, :, :24] = 1
    how = Motion(constant(32, 48, (0, 0)), tf.constant(left))
    moved = []
    for weight in (0.0, 1000.0):
        painter = Optimiser(extractor, [frame[:, ::-1]], None, 1.0, steps=2, following_steps=12, temporal_weight=weight)
        result = painter.following(frame, None, before, how)
        moved.append([np.abs(part).mean() for part in ((result - before)[:, :, :20], (result - frame)[:, :, 28:])])
    assert moved[1][0] < 0.5 * moved[0][0]
    assert moved[1][1] > 0.5 * moved[0][1]
    assert painter.alone(frame).shape == frame.shape
    np.testing.assert_array_equal(painter.alone(frame), painter.alone(frame))
