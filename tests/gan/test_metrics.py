"""Metrics against closed forms, invariances and the calibration values of their papers' code."""

import numpy as np
import pytest
import tensorflow as tf

from gan.errors import InputError
from gan.metrics import frechet, inception, intervals, kernel, memorisation, modes, neighbours, path_length


def gaussian(random, count, d, shift=0.0, scale=1.0):
    return shift + scale * random.standard_normal((count, d))


class TestFrechet:
    def test_closed_forms(self, random):
        d = 6
        eye, half = np.eye(d), random.standard_normal((d, d))
        covariance = half @ half.T
        assert frechet.frechet(np.zeros(d), covariance, np.zeros(d), covariance) == pytest.approx(0, abs=1e-9)
        assert frechet.frechet(np.zeros(d), eye, np.ones(d), eye) == pytest.approx(d)
        assert frechet.frechet(np.zeros(d), covariance, np.zeros(d), 4 * covariance) == pytest.approx(np.trace(covariance))

    def test_symmetric_and_blind_to_rotation(self, random):
        a, b = gaussian(random, 500, 5), gaussian(random, 600, 5, 0.3, 1.5)
        turn = np.linalg.qr(random.standard_normal((5, 5)))[0]
        first, second, other_first, other_second = (frechet.Statistics.of([x]) for x in (a, b, a @ turn, b @ turn))
        value = frechet.distance(first, second)
        assert frechet.distance(second, first) == pytest.approx(value, rel=1e-9)
        assert frechet.distance(other_first, other_second) == pytest.approx(value, rel=1e-9)

    def test_equals_the_matrix_square_root(self, random):
        from scipy.linalg import sqrtm

        a, b = gaussian(random, 300, 8), gaussian(random, 300, 8, 0.2) @ random.standard_normal((8, 8))
        first, second = np.cov(a.T), np.cov(b.T)
        root = sqrtm(first @ second).real
        wanted = np.square(a.mean(0) - b.mean(0)).sum() + np.trace(first + second - 2 * root)
        found = frechet.distance(frechet.Statistics.of([a]), frechet.Statistics.of([b]))
        assert found == pytest.approx(wanted, rel=1e-9)

    def test_streaming_equals_all_at_once(self, random):
        x = 1e4 + gaussian(random, 1000, 7)
        streamed = frechet.Statistics.of(np.array_split(x, [1, 10, 500]))
        np.testing.assert_allclose(streamed.mean, x.mean(0), rtol=1e-12)
        np.testing.assert_allclose(streamed.covariance, np.cov(x.T), rtol=1e-8)

    def test_bias_falls_with_the_count(self, random):
        """Two samples of N(0, I_64): about 1.09 at 2,000 images, 0.22 at 10,000."""
        values = {}
        for count in (2000, 10_000):
            pair = [frechet.Statistics.of([gaussian(random, count, 64)]) for _ in range(2)]
            values[count] = frechet.distance(*pair)
        assert values[2000] == pytest.approx(1.09, rel=0.1)
        assert values[10_000] == pytest.approx(0.22, rel=0.1)

    def test_refuses_what_it_cannot_say(self, random):
        few, other, many = (frechet.Statistics.of([gaussian(random, n, d)]) for n, d in ((10, 20), (50, 21), (50, 20)))
        with pytest.raises(InputError, match="needs more images"):
            frechet.distance(few, many)
        with pytest.raises(InputError, match="different extractors"):
            frechet.distance(other, many)


class TestKernel:
    def test_equals_the_double_sum(self, random):
        a, b = gaussian(random, 5, 3), gaussian(random, 7, 3, 0.5)

        def k(x, y):
            return (x @ y / 3 + 1) ** 3

        own = sum(k(x, y) for i, x in enumerate(a) for j, y in enumerate(a) if i != j) / 20
        other = sum(k(x, y) for i, x in enumerate(b) for j, y in enumerate(b) if i != j) / 42
        cross = sum(k(x, y) for x in a for y in b) / 35
        assert kernel.squared_mmd(a, b) == pytest.approx(own + other - 2 * cross, rel=1e-9)

    def test_zero_on_average_for_the_same_distribution(self, random):
        values = [kernel.squared_mmd(gaussian(random, 50, 4), gaussian(random, 60, 4)) for _ in range(300)]
        assert np.mean(values) == pytest.approx(0, abs=4 * np.std(values) / np.sqrt(300))
        assert min(values) < 0

    def test_of_unit_strength_whatever_the_extractors_scale(self, random):
        a, b = gaussian(random, 20, 3), gaussian(random, 30, 3, 0.5)
        real, fake = kernel.of_unit_strength(1e4 * a, 1e4 * b)
        assert np.square(real).mean() == pytest.approx(1)
        np.testing.assert_allclose(fake / real[:1], b / a[:1])
        np.testing.assert_allclose(real, kernel.of_unit_strength(a)[0])

    def test_subsets(self, random):
        values = kernel.kid(gaussian(random, 300, 4), gaussian(random, 200, 4, 1.0), subsets=5, size=100)
        assert values.shape == (5,)
        assert values.min() > 0.1
        with pytest.raises(InputError, match="two images or more"):
            kernel.kid(gaussian(random, 3, 4), gaussian(random, 3, 4), size=1)
        with pytest.raises(InputError, match="subsets of 1000"):
            kernel.kid(gaussian(random, 300, 4), gaussian(random, 2000, 4))


class TestNeighbours:
    @pytest.mark.slow
    def test_calibration_of_the_authors(self, random):
        """Two samples of N(0, I_1000), 10,000 each, k = 5: P 0.477, R 0.471, D 1.056, C 0.974 in the README of prdc.

        Six draws here had standard deviations of 0.014, 0.008, 0.055 and 0.006: the bounds are four of them.
        """
        found = neighbours.scores(*(gaussian(random, 10_000, 1000).astype(np.float32) for _ in range(2)))
        assert found["precision"] == pytest.approx(0.477, abs=0.06)
        assert found["recall"] == pytest.approx(0.471, abs=0.04)
        assert found["density"] == pytest.approx(1.056, abs=0.22)
        assert found["coverage"] == pytest.approx(0.974, abs=0.025)

    def test_expectations_for_the_same_distribution(self, random):
        """E density = 1; E coverage = 1 - (N - 1)...(N - k) / ((2 N - 1)...(2 N - k))."""
        found = [neighbours.scores(gaussian(random, 400, 3), gaussian(random, 400, 3)) for _ in range(20)]
        wanted = 1 - np.prod([(400 - i) / (800 - i) for i in range(1, 6)])
        assert np.mean([one["density"] for one in found]) == pytest.approx(1, abs=0.03)
        assert np.mean([one["coverage"] for one in found]) == pytest.approx(wanted, abs=0.01)

    def test_equals_the_definition(self, random, monkeypatch):
        monkeypatch.setattr(neighbours, "BLOCK", 7)
        real, fake = gaussian(random, 30, 2), gaussian(random, 20, 2, 0.5)

        def ball(points, i):
            return sorted(np.linalg.norm(points - points[i], axis=1))[3]

        inside = np.array([[np.linalg.norm(r - f) < ball(real, i) for f in fake] for i, r in enumerate(real)])
        reverse = np.array([[np.linalg.norm(r - f) < ball(fake, j) for j, f in enumerate(fake)] for r in real])
        found = neighbours.scores(real, fake, k=3)
        assert found == pytest.approx(
            {
                "precision": inside.any(0).mean(),
                "recall": reverse.any(1).mean(),
                "density": inside.sum(0).mean() / 3,
                "coverage": inside.any(1).mean(),
            }
        )

    def test_truncation_raises_precision_and_lowers_recall(self, random):
        real = gaussian(random, 500, 8)
        wide, narrow = (neighbours.scores(real, gaussian(random, 500, 8, scale=scale)) for scale in (1.0, 0.5))
        assert narrow["precision"] > wide["precision"]
        assert narrow["recall"] < wide["recall"]


class TestModes:
    def test_kl(self, random):
        assert modes.kl_to_uniform(np.array([5, 5, 5, 5])) == pytest.approx(0)
        assert modes.kl_to_uniform(np.array([7, 0, 0, 0])) == pytest.approx(np.log(4))
        found = [modes.kl_to_uniform(random.multinomial(26_000, np.full(1000, 1e-3))) for _ in range(20)]
        assert np.mean(found) == pytest.approx(modes.kl_floor(1000, 26_000), rel=0.03)

    @pytest.mark.parametrize(("centres", "sigma"), [(modes.grid(), modes.GRID_SIGMA), (modes.ring(), modes.RING_SIGMA)])
    def test_mixtures(self, centres, sigma, random):
        """A perfect sampler has every mode, 98.9 % of high quality and the KL of its count; a collapsed one does not."""
        own = random.integers(0, len(centres), 20_000)
        found = modes.mixture_scores(centres[own] + sigma * random.standard_normal((20_000, 2)), centres, sigma)
        assert found["modes"] == len(centres)
        assert found["high_quality"] == pytest.approx(1 - np.exp(-4.5), abs=3e-3)
        assert found["kl"] == pytest.approx(modes.kl_floor(len(centres), 20_000), abs=1e-3)
        collapsed = modes.mixture_scores(np.tile(centres[:2], (50, 1)), centres, sigma)
        assert collapsed == pytest.approx({"modes": 2, "high_quality": 1.0, "kl": np.log(len(centres) / 2)})
        assert modes.mixture_scores(np.full((5, 2), 99.0), centres, sigma)["kl"] == np.inf

    def test_inception_score(self):
        certain = np.eye(10)[np.arange(1000) % 10]
        assert modes.inception_score(certain, 5) == pytest.approx(np.full(5, 10.0))
        assert modes.inception_score(np.full((1000, 10), 0.1)) == pytest.approx(np.ones(10))
        assert modes.inception_score(np.eye(10)[np.zeros(100, int)]) == pytest.approx(np.ones(10))


def test_bootstrap_covers_the_mean(random):
    """The 95 % interval of the mean of 200 normal values: 1.96 / sqrt(200) each side."""
    low, high = intervals.bootstrap(random.standard_normal(200))
    assert high - low == pytest.approx(2 * 1.96 / np.sqrt(200), rel=0.2)


class TestMemorisation:
    def test_copies_are_not_authentic_and_far_images_are(self, random):
        train = gaussian(random, 200, 5)
        assert not memorisation.authentic(train, train[:50] + 1e-6).any()
        assert memorisation.authentic(train, train[:50] + 100.0).all()
        np.testing.assert_array_equal(memorisation.nearest(train, train[:50] + 1e-6), np.arange(50))

    def test_fresh_images_are_authentic_about_half_of_the_time(self, random):
        found = [memorisation.authentic(gaussian(random, 300, 8), gaussian(random, 300, 8)).mean() for _ in range(10)]
        assert np.mean(found) == pytest.approx(0.5, abs=0.1)

    def test_refuses(self, random):
        with pytest.raises(InputError, match="two training images"):
            memorisation.authentic(gaussian(random, 1, 3), gaussian(random, 4, 3))
        with pytest.raises(InputError, match="different extractors"):
            memorisation.authentic(gaussian(random, 5, 3), gaussian(random, 4, 2))


class TestPathLength:
    def test_of_a_linear_generator(self, random):
        """With G(w) = A w on straight lines and squared distance it is E |A (w1 - w0)|^2 = 2 tr(A A')."""
        matrix = tf.constant(gaussian(random, 6, 4))
        first, second = (tf.constant(gaussian(random, 20_000, 4)) for _ in range(2))
        found = path_length.lengths(
            lambda w: w @ tf.transpose(matrix), lambda a, b: tf.reduce_sum(tf.square(a - b), 1), first, second,
            tf.constant(random.uniform(size=(20_000, 1))), path_length.lerp,
        )  # fmt: skip
        assert float(tf.reduce_mean(found)) == pytest.approx(2 * np.sum(np.square(matrix)), rel=0.03)

    def test_a_great_circle_has_constant_speed(self, random):
        """The squared speed is the squared angle between the latents, anywhere on the way."""
        first, second = (tf.constant(gaussian(random, 5, 8)) for _ in range(2))
        ends = [tf.math.l2_normalize(end, -1) for end in (first, second)]
        angles = tf.acos(tf.reduce_sum(ends[0] * ends[1], -1))
        for place in (0.0, 0.3, 0.9):
            found = path_length.lengths(
                tf.identity, lambda a, b: tf.reduce_sum(tf.square(a - b), 1), first, second, tf.fill([5, 1], np.float64(place))
            )
            np.testing.assert_allclose(found, tf.square(angles), rtol=1e-5)

    def test_the_ends_are_left_out(self):
        assert path_length.trimmed_mean(np.array([-1e9, *np.ones(998), 1e9])) == 1


class TestInception:
    """The published file is not here: a graph with its names and operations stands for it."""

    @pytest.fixture
    def graph(self, random):
        with tf.Graph().as_default() as graph:
            image = tf.compat.v1.placeholder(tf.float32, [1, 299, 299, 3], "input")
            x = tf.multiply(image, 1.0, "Mul")
            x = tf.nn.relu(tf.nn.conv2d(x, random.normal(size=(3, 3, 3, 8)).astype(np.float32), 2, "VALID"))
            x = tf.raw_ops.AvgPool(value=x, ksize=[1, 149, 149, 1], strides=[1, 1, 1, 1], padding="VALID", name="pool_3")
            x = tf.reshape(x, [-1, 8])
            weights = tf.constant(random.normal(size=(8, 10)).astype(np.float32), name="softmax/weights")
            tf.raw_ops.MatMul(a=x, b=weights, name="softmax/logits/MatMul")
            tf.raw_ops.ReadFile(filename="/etc/hostname", name="stranger")
        return graph.as_graph_def()

    def test_features_and_logits(self, graph, random, tmp_path):
        (tmp_path / "graph.pb").write_bytes(graph.SerializeToString())
        compute = inception.load(tmp_path / "graph.pb")
        images = tf.constant(random.uniform(-1, 1, (3, 20, 20, 3)).astype(np.float32))
        features, logits = compute(images)
        assert (features.shape, logits.shape) == ((3, 8), (3, 10))
        consts = {node.name: tf.make_ndarray(node.attr["value"].tensor) for node in graph.node if node.op == "Const"}
        kernel = next(value for value in consts.values() if value.shape == (3, 3, 3, 8))
        pixels = tf.round(images * 127.5 + 127.5)
        resized = tf.compat.v1.image.resize_bilinear(pixels, [299, 299])
        wanted = tf.reduce_mean(tf.nn.relu(tf.nn.conv2d((resized - 128) / 128, kernel, 2, "VALID")), [1, 2])
        np.testing.assert_allclose(features, wanted, rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(logits, wanted.numpy() @ consts["softmax/weights"], rtol=1e-4, atol=1e-4)

    def test_strange_operations_are_refused(self, graph, tmp_path):
        reading = next(node for node in graph.node if node.op == "ReadFile")
        for node in graph.node:
            if node.name == "softmax/logits/MatMul":
                node.input.append(f"^{reading.name}")
        (tmp_path / "graph.pb").write_bytes(graph.SerializeToString())
        with pytest.raises(InputError, match="ReadFile"):
            inception.load(tmp_path / "graph.pb")

    def test_other_files_are_refused(self, tmp_path):
        (tmp_path / "other.pb").write_bytes(tf.Graph().as_graph_def().SerializeToString())
        (tmp_path / "text.pb").write_text("no graph")
        for name in ("other.pb", "text.pb"):
            with pytest.raises(InputError, match="is not the Inception graph"):
                inception.load(tmp_path / name)
        with pytest.raises(InputError, match="does not exist"):
            inception.load(tmp_path / "nothing.pb")
