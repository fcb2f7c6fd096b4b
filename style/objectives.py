"""What a picture should have in common with its content and with its style: descriptions of features, and their distances.

Every distance is relative: divided by that of a picture without features, and averaged over layers. So one pair of weights
means the same for any extractor, any size and, by their `balance`, any kind of style and content. `STYLES` and `CONTENTS`
are what `experiments.gatys --style-loss` and `--content-loss` choose among.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import tensorflow as tf

from gan import noise
from style import losses

PIXELS = "pixels"  # beside the layers of an extractor: the picture itself, for the palette
DIRECTIONS = 32

Features = Mapping[str, tf.Tensor]
Description = Mapping[str, Sequence[tf.Tensor] | tf.Tensor]


class Region(NamedTuple):
    """Where in a picture something is wanted, for each layer."""

    weights: Mapping[str, tf.Tensor]
    """How much each place counts, `[h, w]`; they add up to 1."""
    places: Mapping[str, tf.Tensor]
    """Places drawn with these weights, int32 `[P, 2]`, the same spots of the picture in every layer."""


def everywhere(features: Features, names: Sequence[str]) -> Region:
    """All places of whole pictures, which count the same; none are drawn."""
    sizes = {name: tf.shape(features[name])[1:3] for name in names}
    return Region({name: tf.fill(size, 1.0 / tf.cast(tf.reduce_prod(size), tf.float32)) for name, size in sizes.items()}, {})


class Moments(NamedTuple):
    """Style as moments of the features: each layer is described and compared alone."""

    describe_layer: Callable[[tf.Tensor, tf.Tensor], Sequence[tf.Tensor]]
    compare: Callable[[Sequence[tf.Tensor], Sequence[tf.Tensor]], tf.Tensor]
    balance: float
    """Weight that makes a style weight of 1 mean about the same for all."""
    prepare: Callable[[Sequence[tf.Tensor]], Sequence[tf.Tensor]] = tuple
    """What `compare` wants of a target, made once from its description."""
    palette: bool = False

    def describe(self, features: Features, region: Region) -> Description:
        return {name: self.describe_layer(features[name], weights) for name, weights in region.weights.items()}

    def target(self, descriptions: Sequence[Description], shares: Sequence[float]) -> Description:
        """Of several styles, each with its share: what is wanted of each layer, and the distance of a picture without features.

        The shares add up to 1.
        """

        def layer(name: str) -> Sequence[tf.Tensor]:
            parts = zip(*(one[name] for one in descriptions), strict=True)
            mixed = [sum(share * part for share, part in zip(shares, each, strict=True)) for each in parts]
            wanted = self.prepare(mixed)
            return *wanted, self.compare([tf.zeros_like(part) for part in mixed], wanted)

        return {name: layer(name) for name in descriptions[0]}

    def distance(self, own: Description, target: Description, step: tf.Tensor) -> tf.Tensor:
        """`[N]`; 1 for a picture without features."""
        return _mean(self.compare(own[name], wanted) / scale for name, (*wanted, scale) in target.items())


class Samples(NamedTuple):
    """Style as features at places drawn anew each step."""

    compare: Callable[[Features, Features, tf.Tensor], tf.Tensor]
    """(own, target, step) -> `[N]`, 1 for a picture without features; both `{layer: [N, P, C]}`."""
    balance: float
    palette: bool = False

    def describe(self, features: Features, region: Region) -> Description:
        return {name: losses.at_places(features[name], places) for name, places in region.places.items()}

    def target(self, descriptions: Sequence[Description], shares: Sequence[float]) -> Description:
        """As many places of each style as its share says."""
        count = next(iter(descriptions[0].values())).shape[1]
        bounds = [round(count * sum(shares[:index])) for index in range(len(shares) + 1)]
        return {
            name: tf.concat(
                [
                    tf.gather(one[name], _spread(count, bounds[index + 1] - bounds[index]), axis=1)
                    for index, one in enumerate(descriptions)
                ],
                1,
            )
            for name in descriptions[0]
        }

    def distance(self, own: Description, target: Description, step: tf.Tensor) -> tf.Tensor:
        return self.compare(own, target, step)


class Several(NamedTuple):
    """Kinds of style that are measured from one reading of the pictures."""

    kinds: Sequence[Moments | Samples]

    @property
    def palette(self) -> bool:
        return any(kind.palette for kind in self.kinds)

    def describe(self, features: Features, region: Region) -> Sequence[Description]:
        plain = Region(*({name: part[name] for name in part if name != PIXELS} for part in region))
        return [kind.describe(features, region if kind.palette else plain) for kind in self.kinds]

    def target(self, descriptions: Sequence[Sequence[Description]], shares: Sequence[float]) -> Sequence[Description]:
        return [kind.target(each, shares) for kind, each in zip(self.kinds, zip(*descriptions, strict=True), strict=True)]

    def distance(self, own: Sequence[Description], target: Sequence[Description], step: tf.Tensor) -> tf.Tensor:
        """`[N]` of each kind, one after the other."""
        return tf.concat([kind.distance(a, b, step) for kind, a, b in zip(self.kinds, own, target, strict=True)], 0)


def _spread(count: int, some: int) -> list[int]:
    """`some` of `count` indices, evenly spaced."""
    return [int((index + 0.5) * count / some) for index in range(some)]


def sliced(own: Features, target: Features, step: tf.Tensor) -> tf.Tensor:
    """Sliced Wasserstein distance of each layer, along directions drawn anew each step."""

    def layer(index: int, name: str) -> tf.Tensor:
        directions = noise.normal([target[name].shape[-1], DIRECTIONS], index, step)
        directions = directions / tf.norm(directions, axis=0)
        power = tf.reduce_mean(tf.square(target[name]), [1, 2])  # of a projection, on average
        return losses.sliced_wasserstein(own[name], target[name], directions) / (power + losses.EPSILON)

    return _mean(layer(index, name) for index, name in enumerate(target))


def relaxed_transport(own: Features, target: Features, step: tf.Tensor) -> tf.Tensor:
    """STROTSS (Kolkin et al. 2019): relaxed earth mover of hypercolumns, their moments, and the palette.

    Differences: each layer counts the same in a hypercolumn, at the nearest place instead of an interpolated one.
    """
    scales = {name: tf.sqrt(tf.reduce_mean(tf.reduce_sum(tf.square(target[name]), -1))) for name in target if name != PIXELS}
    mine, wanted = (tf.concat([side[name] / scale for name, scale in scales.items()], -1) for side in (own, target))
    moved = losses.relaxed_earth_mover(losses.cosine_costs(mine, wanted))
    moments = _moment_gap(mine, wanted) / _moment_gap(tf.zeros_like(wanted), wanted)
    return (moved + moments + palette(own[PIXELS], target[PIXELS])) / 3.0


def nearest_neighbours(own: Features, target: Features, step: tf.Tensor) -> tf.Tensor:
    """NNST (Kolkin et al. 2022): each place is drawn to the style place that is most like it, layer by layer.

    Cosine distance of centred features (eq. 2). Differences: both sides are places drawn anew each step and matched anew, as in
    its second pass; the palette is a part of the loss instead of a correction at the end.
    """
    gaps = []
    for name, wanted in target.items():
        if name != PIXELS:
            mean = tf.reduce_mean(wanted, 1, keepdims=True)
            costs = losses.cosine_costs(own[name] - tf.reduce_mean(own[name], 1, keepdims=True), wanted - mean)
            gaps.append(tf.reduce_mean(tf.reduce_min(costs, 2), 1))
    return (_mean(gaps) + palette(own[PIXELS], target[PIXELS])) / 2.0


def _moment_gap(own: tf.Tensor, target: tf.Tensor) -> tf.Tensor:
    """Mean |mu - mu'| + mean |C - C'| of `[N, P, C]` and `[N, Q, C]` (Kolkin et al. 2019, eq. 6)."""

    def moments(cloud: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        mean = tf.reduce_mean(cloud, 1, keepdims=True)
        centred = cloud - mean
        return mean[:, 0], tf.matmul(centred, centred, transpose_a=True) / tf.cast(tf.shape(cloud)[1], tf.float32)

    (mean, covariance), (target_mean, target_covariance) = moments(own), moments(target)
    channels = tf.cast(tf.shape(target)[-1], tf.float32)
    means = tf.reduce_sum(tf.abs(mean - target_mean), -1) / channels
    return means + tf.reduce_sum(tf.abs(covariance - target_covariance), [1, 2]) / channels


def palette(own: tf.Tensor, target: tf.Tensor) -> tf.Tensor:
    """Relaxed earth mover of colours `[N, P, 3]`, by distance in RGB, relative to the spread of the target's."""
    squares = [tf.reduce_sum(tf.square(side), -1) for side in (own, target)]
    costs = squares[0][:, :, None] + squares[1][:, None, :] - 2.0 * tf.matmul(own, target, transpose_b=True)
    spread = tf.reduce_mean(tf.math.reduce_std(target, 1), -1)
    return losses.relaxed_earth_mover(tf.sqrt(tf.maximum(costs, 1e-6))) / (spread + losses.EPSILON)


STYLES = {
    "gram": Moments(losses.second_moment, losses.gram_distance, 10.0),
    "meanstd": Moments(losses.mean_and_power, losses.mean_std_distance, 10.0),
    "wasserstein": Moments(losses.mean_and_second_moment, losses.gaussian_wasserstein, 5.0, losses.gaussian),
    "sliced": Samples(sliced, 10.0),
    "remd": Samples(relaxed_transport, 3.0, palette=True),
    "nearest": Samples(nearest_neighbours, 3.0, palette=True),
}


@dataclass(frozen=True)
class FeatureContent:
    """Content as the features themselves (Gatys et al. 2016, eq. 1), relative to their strength."""

    balance: float = 1.0

    def describe(self, own: Features, target: Features, region: Region) -> Description:
        return {
            name: [
                tf.reduce_sum(tf.square(own[name] - target[name]) * weights[None, :, :, None], [1, 2, 3]),
                tf.reduce_sum(tf.square(target[name]) * weights[None, :, :, None], [1, 2, 3]),
            ]
            for name, weights in region.weights.items()
        }

    def distance(self, description: Description) -> tf.Tensor:
        return _mean(gap / (power + losses.EPSILON) for gap, power in description.values())


@dataclass(frozen=True)
class SelfSimilarity:
    """Content as how each place differs from the others (Kolkin et al. 2019): free to change what all have in common."""

    balance: float = 8.0
    """Weight that makes a content weight of 1 mean about the same; published: 16, halved at each finer scale."""

    def describe(self, own: Features, target: Features, region: Region) -> Description:
        return {
            name: [losses.at_places(own[name], places), losses.at_places(target[name], places)]
            for name, places in region.places.items()
        }

    def distance(self, description: Description) -> tf.Tensor:
        return _mean(losses.self_similarity(own, target) for own, target in description.values())


CONTENTS = {"features": FeatureContent(), "self-similarity": SelfSimilarity()}


def _mean(values) -> tf.Tensor:
    return tf.reduce_mean(tf.stack(list(values)), 0)
