"""A fixed extractor as the teacher of networks: how far their pictures are from a content and from a style.

The distances are those of `style.objectives` on batches: relative, so that weights mean the same for any extractor.
"""

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from gan.features import Extractor
from style.objectives import CONTENTS, STYLES, Description, Features, Moments, everywhere


class Teacher:
    """Content and style distances of batches in an extractor's features.

    Args:
        style: a row of `style.objectives.STYLES` that is made of moments.
    """

    def __init__(self, extractor: Extractor, style: Moments = STYLES["gram"]):
        self.extractor, self.moments, self.features = extractor, style, CONTENTS["features"]

    def content(self, own: Features, wanted: Features) -> tf.Tensor:
        """`[N]`: 0 for the same features, 1 for none."""
        region = everywhere(own, self.extractor.content_layers)
        return self.features.distance(self.features.describe(own, wanted, region))

    def wanted(self, features: Features) -> Description:
        """The style of each of N pictures as a target."""
        return self.moments.target([self.described(features)], [1.0])

    def collection(self, images: np.ndarray, batch_size: int = 8) -> Description:
        """The mean style of pictures `[N, H, W, 3]` as one target."""
        sums = None
        for start in range(0, len(images), batch_size):
            described = self.described(self.extractor(tf.constant(images[start : start + batch_size])))
            own = tf.nest.map_structure(lambda part: tf.reduce_sum(part, 0, keepdims=True), described)
            sums = own if sums is None else tf.nest.map_structure(tf.add, sums, own)
        return self.moments.target([tf.nest.map_structure(lambda part: part / len(images), sums)], [1.0])

    def described(self, features: Features) -> Description:
        return self.moments.describe(features, everywhere(features, self.extractor.style_layers))

    def style(self, own: Features, wanted: Description) -> tf.Tensor:
        """`[N]`: 0 for the same style, 1 for a picture without features."""
        return self.moments.distance(self.described(own), wanted, tf.constant(0))


def stacked(targets: Sequence[Description]) -> Description:
    """Several targets of one style each as one of as many."""
    return tf.nest.map_structure(lambda *each: tf.concat(each, 0), *targets)


def of_each(targets: Description, labels: tf.Tensor) -> Description:
    """The target that each picture's label `[N]` names."""
    return tf.nest.map_structure(lambda target: tf.gather(target, labels), targets)
