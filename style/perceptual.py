"""How different two pictures of one scene look to a feature network."""

import tensorflow as tf

from gan.features import Extractor


def perceptual_distance(extractor: Extractor, a: tf.Tensor, b: tf.Tensor) -> tf.Tensor:
    """An LPIPS-type distance of pictures `[N, H, W, 3]` in [-1, 1] -> `[N]` (Zhang et al. 2018, eq. 1, all weights 1).

    Features are scaled to length 1 at each place; the squared difference is summed over channels, then averaged over places
    and over the extractor's style layers. From 0 (the same) to 4, in practice to 2, for features are seldom negative.
    Comparable within one extractor only, so it is to be reported with its name.
    """
    distances = []
    first, second = extractor(a), extractor(b)
    for name in extractor.style_layers:
        units = [tf.math.l2_normalize(features[name], -1, 1e-20) for features in (first, second)]
        distances.append(tf.reduce_mean(tf.reduce_sum(tf.square(units[0] - units[1]), -1), [1, 2]))
    return tf.reduce_mean(tf.stack(distances), 0)
