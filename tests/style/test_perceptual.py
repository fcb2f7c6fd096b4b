"""The perceptual distance against NumPy."""

import keras
import numpy as np
import tensorflow as tf

from gan import features
from style.perceptual import perceptual_distance


def test_the_formula_in_numpy(random):
    image = keras.Input([None, None, 3])
    x = keras.layers.Conv2D(6, 3, padding="same", name="fine")(image)
    x = keras.layers.Conv2D(8, 3, padding="same", name="coarse")(keras.layers.AveragePooling2D(2)(x))
    extractor = features.Extractor(keras.Model(image, x), ["coarse"], ["fine", "coarse"], lambda images: images)
    a, b = (tf.constant(random.uniform(-1, 1, (3, 20, 24, 3)).astype(np.float32)) for _ in range(2))
    wanted = []
    for name in ("fine", "coarse"):
        units = [
            value / np.linalg.norm(value, axis=-1, keepdims=True)
            for value in (extractor(each)[name].numpy() for each in (a, b))
        ]
        wanted.append(np.square(units[0] - units[1]).sum(-1).mean((1, 2)))
    np.testing.assert_allclose(perceptual_distance(extractor, a, b), np.mean(wanted, 0), rtol=1e-4)
    np.testing.assert_allclose(perceptual_distance(extractor, b, a), np.mean(wanted, 0), rtol=1e-4)


def test_the_same_picture_has_no_distance_and_noise_has_some(random):
    extractor = features.load("compact")
    a = random.uniform(-1, 1, (2, 32, 32, 3)).astype(np.float32)
    assert np.abs(perceptual_distance(extractor, a, a)).max() == 0
    little, much = (perceptual_distance(extractor, a, np.clip(a + s * random.normal(size=a.shape), -1, 1)) for s in (0.1, 0.5))
    assert (little.numpy() > 0).all()
    assert (little.numpy() < much.numpy()).all()
