"""Scores of a stylised picture in the features of an extractor: is the style there, is the content kept?

Pictures are `[1, H, W, 3]` in [-1, 1]. A score is comparable within one extractor only, and is to be reported with its name.
`style.metrics` judges without any network, `style.perceptual` is the LPIPS-type distance.
"""

from collections.abc import Sequence

import numpy as np
import tensorflow as tf
from skimage.metrics import structural_similarity

from gan.features import Extractor
from gan.metrics import frechet, kernel
from gan.metrics.frechet import Statistics
from style.models import Stylisation
from style.objectives import STYLES, Several

SIDE, PATCH = 32, 64


def distances(
    extractor: Extractor, content: np.ndarray, style: np.ndarray, image: np.ndarray, kinds: Sequence[str]
) -> dict[str, float]:
    """Relative `content` distance, and that to the style for each of these rows of `style.objectives.STYLES`: each picture is
    read once."""
    model = Stylisation(extractor, content, [style], style_loss=Several([STYLES[name] for name in kinds]))
    seen, now = [model.frame.pad(tf.constant(picture)) for picture in (image, content)], tf.constant(0)
    apart, styles = model.measured(*seen, view=now, step=now)
    return {"content": float(apart[0])} | {name: float(value) for name, value in zip(kinds, styles, strict=True)}


def ssim(content: np.ndarray, image: np.ndarray) -> float:
    """Structural similarity of the grey pictures, Gaussian windows of sigma 1.5 (Wang et al. 2004)."""
    grey = [np.asarray(one, np.float64)[0] @ [0.299, 0.587, 0.114] for one in (content, image)]
    return float(structural_similarity(*grey, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=2.0))


def content_structure_distance(extractor: Extractor, content: np.ndarray, image: np.ndarray) -> float:
    """CFSD (Chung et al. 2024): mean KL divergence between rows of the softmaxed self-similarity of both pictures.

    Features of the first content layer over their channels, averaged to at most 32 x 32 places.
    """
    logs = [tf.nn.log_softmax(_similarities(extractor, one)) for one in (content, image)]
    return float(tf.reduce_mean(tf.reduce_sum(tf.exp(logs[0]) * (logs[0] - logs[1]), -1)))


def _similarities(extractor: Extractor, image: np.ndarray) -> tf.Tensor:
    features = extractor(tf.constant(image))[extractor.content_layers[0]]
    size = [min(side, SIDE) for side in features.shape[1:3]]
    places = tf.reshape(tf.image.resize(features, size, "area"), [size[0] * size[1], features.shape[-1]])
    places = places / float(features.shape[-1])
    return tf.matmul(places, places, transpose_b=True)


def patch_kernel_distance(extractor: Extractor, image: np.ndarray, style: np.ndarray) -> float:
    """Unbiased kernel distance (KID) between the averaged features of overlapping patches of picture and style, times 1000;
    features of the style's strength."""
    side = min(PATCH, *(edge // 2 for one in (image, style) for edge in one.shape[1:3]))
    wanted, own = kernel.of_unit_strength(*(_patch_features(extractor, one, side) for one in (style, image)))
    return 1000.0 * kernel.squared_mmd(own, wanted)


def _patch_features(extractor: Extractor, image: np.ndarray, side: int) -> np.ndarray:
    rows, columns = (range(0, edge - side + 1, max(1, side // 2)) for edge in image.shape[1:3])
    patches = np.concatenate([image[:, top : top + side, left : left + side] for top in rows for left in columns])
    return np.asarray(extractor.averages(tf.constant(patches)), np.float64)


def single_image_frechet(extractor: Extractor, image: np.ndarray, style: np.ndarray) -> float:
    """Frechet distance between the features of all places of two pictures, in the second style layer (SIFID; Shaham et al.
    2019, there in an early layer of Inception)."""
    return frechet.distance(*(_statistics(_places(extractor, picture)) for picture in (image, style)))


def relative_single_image_frechet(extractor: Extractor, image: np.ndarray, style: np.ndarray) -> float:
    """The same over the mean square of the style's features: 1 for a picture without, whatever the extractor's scale."""
    power = np.square(_places(extractor, style)).sum(1).mean()
    return single_image_frechet(extractor, image, style) / (power + 1e-12)


def _places(extractor: Extractor, picture: np.ndarray) -> np.ndarray:
    name = extractor.style_layers[min(1, len(extractor.style_layers) - 1)]
    features = np.asarray(extractor(tf.constant(picture))[name], np.float64)
    return features.reshape(-1, features.shape[-1])


def _statistics(features: np.ndarray) -> Statistics:
    statistics = Statistics(features.shape[-1])
    statistics.add(features)
    return statistics


def variation_ratio(image: np.ndarray, style: np.ndarray) -> float:
    """Mean absolute difference of neighbouring pixels over that of the style: above 1, grain that the style does not have."""
    return _variation(image) / _variation(style)


def _variation(image: np.ndarray) -> float:
    return float(np.abs(np.diff(image, axis=1)).mean() + np.abs(np.diff(image, axis=2)).mean())


def seam_ratio(image: np.ndarray, rows: list[int], columns: list[int]) -> float:
    """The largest mean jump across a block's edge over the largest across any other row or column: above 1, a visible seam."""
    ratios = []
    for axis, edges in ((1, rows), (2, columns)):
        jumps = np.abs(np.diff(image, axis=axis)).mean(axis=(0, 3 - axis, 3))
        at_edges = np.zeros(len(jumps), bool)
        at_edges[[edge - 1 for edge in edges]] = True
        if at_edges.any() and not at_edges.all():
            ratios.append(jumps[at_edges].max() / jumps[~at_edges].max())
    return float(max(ratios, default=0.0))


def artfid(perceptual: float, distance: float) -> float:
    """(1 + LPIPS(content, result)) (1 + FID(style, result)) (Wright and Ommer 2022)."""
    return (1.0 + perceptual) * (1.0 + distance)
