"""Distillation of a feature network's layers into the stages of a smaller one, for use by optimisers of pictures."""

from collections.abc import Callable, Sequence

import keras
import tensorflow as tf

CHAIN_RATE = 0.03


class Distillation(keras.Model):
    """Trains each stage of `student` to be a layer of the teacher, also on the pictures that optimising it makes.

    An optimiser leaves the pictures that a network was trained on and finds those where it errs. So a part of every batch is
    pictures that are being stylised through the student itself, one step at a time ("chains"; Ross et al. 2011 for the idea).

    Args:
        student: images -> one feature map a stage.
        stages: the student as one function a stage, from the feature map before.
        teacher: images `[N, H, W, 3]` in [-1, 1] -> one feature map a stage; they may lack a last row and column.
        count, size: number and side of the chains' pictures.
        restart: a chain starts anew after so many steps.
    """

    def __init__(
        self,
        student: keras.Model,
        stages: Sequence[keras.Model],
        teacher: Callable,
        count: int = 2,
        size: int = 128,
        restart: int = 100,
    ):
        super().__init__()
        self.student, self.stages, self.teacher = student, list(stages), teacher
        self.count, self.restart = count, restart
        self.forced, self.settled = False, False
        self.chain, self.content, self.style = (
            self.add_weight(shape=[count, size, size, 3], initializer="zeros", trainable=False, name=name)
            for name in ("chain", "content", "style")
        )
        self.style_weight = self.add_weight(shape=[count], initializer="ones", trainable=False, name="style_weight")
        self.built = True

    def compile(self, optimizer: keras.optimizers.Optimizer, usual: Sequence[tuple[tf.Tensor, tf.Tensor]]):
        """`usual`: for each stage the teacher's channel means `[C]` and mean variance about them, over training pictures."""
        super().compile(optimizer=optimizer)
        self.usual = usual
        optimizer.build(self.student.trainable_variables)

    def train_step(self, batch: tuple[tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor]) -> dict[str, tf.Tensor]:
        """One step on pictures `[N, H, W, 3]`; content and style `[H, W, 3]` and a weight, for a chain that starts anew."""
        pictures, *fresh = batch
        self.start_chains(*fresh)
        images = tf.concat([self.chain, pictures], 0)
        wanted = self.teacher(images)
        grams = [gram(features) for features in wanted]
        with tf.GradientTape() as tape:
            features = self.read_forced(images, wanted) if self.forced else self.student(images, training=not self.settled)
            features = [cut(own, other) for own, other in zip(features, wanted, strict=True)]
            errors = [feature_error(*each) for each in zip(features, wanted, self.usual, strict=True)]
            gram_errors = [relative_error(gram(own), other) for own, other in zip(features, grams, strict=True)]
            loss = tf.add_n([tf.reduce_mean(error) for error in errors])
            loss += tf.add_n([tf.reduce_mean(tf.math.log1p(error)) for error in gram_errors])
        weights = self.student.trainable_variables
        self.optimizer.apply(tape.gradient(loss, weights), weights)
        self.move_chains()
        logs = {"loss/total": loss}
        for number, (error, gram_error) in enumerate(zip(errors, gram_errors, strict=True), 1):
            logs[f"error/stage{number}"] = tf.reduce_mean(error[self.count :])
            logs[f"error_chain/stage{number}"] = tf.reduce_mean(error[: self.count])
            logs[f"error_gram/stage{number}"] = tf.reduce_mean(gram_error)
        return logs

    def read_forced(self, images: tf.Tensor, wanted: Sequence[tf.Tensor]) -> list[tf.Tensor]:
        """Every stage on the teacher's features of the stage before, so that all stages learn from the start."""
        features = [self.stages[0](images, training=True)]
        for number, stage in enumerate(self.stages[1:], 1):
            side = images.shape[1] >> number
            missing = [[0, 0], [0, side - wanted[number - 1].shape[1]], [0, side - wanted[number - 1].shape[2]], [0, 0]]
            features.append(stage(tf.pad(wanted[number - 1], missing, "SYMMETRIC"), training=True))
        return features

    def start_chains(self, content: tf.Tensor, style: tf.Tensor, weight: tf.Tensor) -> None:
        """Each chain in its turn takes the new pair."""
        turns = (self.optimizer.iterations + tf.range(self.count) * (self.restart // self.count)) % self.restart
        new = tf.cast(tf.equal(turns, 0), tf.float32)
        images = new[:, None, None, None]
        self.chain.assign((1 - images) * self.chain + images * content)
        self.content.assign((1 - images) * self.content + images * content)
        self.style.assign((1 - images) * self.style + images * style)
        self.style_weight.assign((1 - new) * self.style_weight + new * weight)

    def move_chains(self) -> None:
        """One step of each chain down the content/style objective as the student sees it, scaled to a usual size."""
        read = self.student(tf.concat([self.content, self.style], 0), training=False)
        content, grams = read[2][: self.count], [gram(features[self.count :]) for features in read]
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            image = tf.convert_to_tensor(self.chain)
            tape.watch(image)
            features = self.student(image, training=False)
            style = tf.add_n([relative_error(gram(own), other) for own, other in zip(features, grams, strict=True)])
            loss = relative_error(features[2], content) + self.style_weight * style
        gradient = tape.gradient(loss, image)
        size = tf.sqrt(tf.reduce_mean(tf.square(gradient), [1, 2, 3], keepdims=True)) + 1e-12
        step = tf.clip_by_value(gradient / size, -2.0, 2.0)
        self.chain.assign(tf.clip_by_value(image - CHAIN_RATE * step, -1.0, 1.0))


def gram(features: tf.Tensor) -> tf.Tensor:
    """Gram matrices over places -> `[N, C, C]`."""
    places = tf.cast(tf.shape(features)[1] * tf.shape(features)[2], tf.float32)
    return tf.einsum("nhwi,nhwj->nij", features, features) / places


def cut(features: tf.Tensor, other: tf.Tensor) -> tf.Tensor:
    """Without the rows and columns that the other does not have."""
    return features[:, : other.shape[1], : other.shape[2]]


def relative_error(values: tf.Tensor, target: tf.Tensor) -> tf.Tensor:
    """|values - target|^2 / |target|^2 of each sample -> `[N]`."""
    axes = list(range(1, len(values.shape)))
    return tf.reduce_sum(tf.square(values - target), axes) / (tf.reduce_sum(tf.square(target), axes) + 1e-12)


def feature_error(features: tf.Tensor, target: tf.Tensor, usual: tuple[tf.Tensor, tf.Tensor]) -> tf.Tensor:
    """Mean squared error of each sample, over the mean of its own variance and the usual one -> `[N]`."""
    mean, variance = usual
    own = tf.reduce_mean(tf.square(target - mean), [1, 2, 3])
    return tf.reduce_mean(tf.square(features - target), [1, 2, 3]) / (0.5 * own + 0.5 * variance)
