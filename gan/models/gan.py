"""The adversarial game of one generator and one discriminator (Goodfellow et al. 2014, algorithm 1)."""

import zlib
from collections.abc import Callable, Mapping, Sequence

import keras
import tensorflow as tf

from gan import augment, losses, noise
from gan.layers import MinibatchDeviation
from gan.losses import OBJECTIVES, Objective
from gan.penalties import Penalty
from gan.schedules import Adaptation, Schedule, at


class GAN(keras.Model):
    """Alternates discriminator and generator steps, and keeps an exponential moving average of the generator.

    Args:
        generator: latents `[N, *latent_shape]` (and labels `[N]`, if it has two inputs) -> images `[N, H, W, C]` in [-1, 1].
        discriminator: images (and labels) -> logits of any shape `[N, ...]`.
        latent_shape: shape of one latent while training.
        seed: all noise is a stateless function of (seed, replica, step), so that a resumed run draws the same.
        ema_half_life: images after which an old generator counts half in `ema_generator` (Karras et al. 2018).
        augmentation: changes of what the discriminator sees (`gan.augment`), each made with probability `augment_p`.
    """

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        latent_shape: tuple[int, ...],
        seed: int = 0,
        ema_half_life: float | Schedule = 10_000,
        augmentation: Sequence[Callable] = (),
    ):
        super().__init__()
        self.generator, self.discriminator = generator, discriminator
        self.ema_generator = keras.models.clone_model(generator)
        self.ema_generator.set_weights(generator.get_weights())
        self.latent_shape, self.seed, self.ema_half_life = tuple(latent_shape), seed, ema_half_life
        self.augmentation = tuple(augmentation)
        self.gamma, self.augment_p = (
            self.add_weight(shape=(), initializer="zeros", trainable=False, name=name) for name in ("gamma", "augment_p")
        )
        self.built = True

    def compile(
        self,
        g_optimizer: keras.optimizers.Optimizer,
        d_optimizer: keras.optimizers.Optimizer,
        objective: Objective = OBJECTIVES["non-saturating"],
        penalties: Mapping[str, Penalty] = {},
        gamma: float | Schedule | Adaptation = 1.0,
        interval: int = 1,
        augment_p: float | Schedule | Adaptation = 1.0,
        d_steps: int = 1,
        clip: float | None = None,
        l1: float = 0.0,
        l2: float = 0.0,
    ):
        """How to train.

        Args:
            penalties: name -> gradient penalty of D; `gamma` is their weight. An adaptation starts from its `start`.
            interval: the penalties are computed every so many steps and count as many times (lazy, Karras et al. 2020).
            d_steps: discriminator steps for one of the generator; a batch holds the images of all of them.
            clip: after its step each weight of D is clipped to +- this (Arjovsky et al. 2017).
            l1, l2: weight decay of D's kernels, as a part of its loss.
        """
        super().compile(optimizer=None)
        self.g_optimizer, self.d_optimizer = g_optimizer, d_optimizer
        self.objective, self.penalties, self.interval = objective, dict(penalties), interval
        self.gamma_rule, self.augment_rule = gamma, augment_p
        for variable, rule in ((self.gamma, gamma), (self.augment_p, augment_p)):
            variable.assign(rule.start if isinstance(rule, Adaptation) else at(rule, tf.constant(0)))
        self.d_steps, self.clip, self.l1, self.l2 = d_steps, clip, l1, l2
        g_optimizer.build(self.generator.trainable_variables)  # before any restore, or their moments would be lost
        d_optimizer.build(self.discriminator.trainable_variables)

    @property
    def mixes_images(self) -> bool:
        """Whether the discriminator's logit of one image depends on the others of its batch."""
        mixing = (MinibatchDeviation, keras.layers.BatchNormalization)
        return any(isinstance(layer, mixing) for layer in self.discriminator.layers)

    @property
    def step(self) -> keras.Variable:
        """Training steps done."""
        return self.g_optimizer.iterations

    def call(self, inputs: tf.Tensor | list) -> tf.Tensor:
        return self.ema_generator(inputs, training=False)

    def place(self, name: str) -> tf.Tensor:
        """A number for each use of noise and each replica, so that they differ."""
        replica = tf.distribute.get_replica_context().replica_id_in_sync_group
        return tf.cast(replica, tf.int64) + 1024 * (zlib.crc32(name.encode()) % 2**21)

    def latents(self, count: tf.Tensor | int, step: tf.Tensor | int, name: str = "z") -> tf.Tensor:
        """Standard normal latents `[count, *latent_shape]` of a step."""
        return noise.normal([count, *self.latent_shape], self.seed, step, self.place(name))

    def uniform(self, shape: Sequence, name: str) -> tf.Tensor:
        """Numbers in (0, 1) of a use and the current step."""
        return noise.uniform(shape, self.seed, self.step, self.place(name))

    def generate(self, z: tf.Tensor, labels: tf.Tensor | None) -> tf.Tensor:
        """Images of the generator in training."""
        return self.generator(z if len(self.generator.inputs) == 1 else [z, labels], training=True)

    def judge(self, images: tf.Tensor, labels: tf.Tensor | None, name: str) -> tuple[tf.Tensor, tf.Tensor]:
        """The discriminator in training, on augmented images: logits, and what else its loss counts (nothing here)."""
        uniform = lambda shape, change: self.uniform(shape, f"{name} {change}")  # noqa: E731
        images = augment.apply(self.augmentation, images, self.augment_p, uniform)
        outputs = self.discriminator(images if len(self.discriminator.inputs) == 1 else [images, labels], training=True)
        return self.read(outputs, labels)

    def read(self, outputs: tf.Tensor, labels: tf.Tensor | None) -> tuple[tf.Tensor, tf.Tensor]:
        return outputs, tf.constant(0.0)

    def train_step(self, batch: tf.Tensor | tuple[tf.Tensor, tf.Tensor]) -> dict[str, tf.Tensor]:
        """One step on real images `[d_steps * N, H, W, C]`, or on (images, labels): D first, then G against the updated D.

        Generated images have the labels of the real ones. Returns this step's values.
        """
        images, labels = batch if isinstance(batch, tuple | list) else (batch, None)
        parts = tf.split(images, self.d_steps)
        labels = [None] * self.d_steps if labels is None else tf.split(labels, self.d_steps)
        count = tf.shape(parts[0])[0]
        self.follow_schedules()
        for number, (real, label) in enumerate(zip(parts[:-1], labels[:-1], strict=True)):
            fake = self.generate(self.latents(count, self.step, f"z of D step {number}"), label)
            self.discriminator_step(real, tf.stop_gradient(fake), label, f"{number} ")
        real, label = parts[-1], labels[-1]
        z = self.latents(count, self.step)
        with tf.GradientTape() as g_tape:
            fake = self.generate(z, label)
        logs = self.discriminator_step(real, tf.stop_gradient(fake), label)

        with tf.GradientTape(watch_accessed_variables=False) as fake_tape:  # no gradient of D's weights is computed here
            fake_tape.watch(fake)
            fake_logits, extra = self.judge(fake, label, "G fake")
            real_logits = self.judge(real, label, "G real")[0] if self.objective.relativistic else None
            g_loss = tf.reduce_mean(self.objective.generator(real_logits, fake_logits)) + extra
        g_gradients = g_tape.gradient(fake, self.generator.trainable_variables, fake_tape.gradient(g_loss, fake))
        self.g_optimizer.apply(g_gradients, self.generator.trainable_variables)
        self.average(tf.shape(images)[0])
        return {"loss/generator": g_loss, "gradient/generator": tf.linalg.global_norm(g_gradients), **logs, **self.scheduled()}

    def discriminator_step(
        self, real: tf.Tensor, fake: tf.Tensor, labels: tf.Tensor | None, name: str = ""
    ) -> dict[str, tf.Tensor]:
        """One step of D; the penalties are due every `interval` steps and then count as many times."""
        if not self.penalties or self.interval == 1:
            logs, gradients = self.discriminator_gradients(real, fake, labels, name, self.penalties)
        else:
            logs, gradients = tf.cond(
                self.step % self.interval == 0,
                lambda: self.discriminator_gradients(real, fake, labels, name, self.penalties),
                lambda: self.discriminator_gradients(real, fake, labels, name, {}),
            )
        self.d_optimizer.apply(gradients, self.discriminator.trainable_variables)
        if self.clip is not None:
            for weight in self.discriminator.trainable_variables:
                weight.assign(tf.clip_by_value(weight, -self.clip, self.clip))
        self.adapt(logs, tf.shape(real)[0])
        return logs

    def discriminator_gradients(
        self, real: tf.Tensor, fake: tf.Tensor, labels: tf.Tensor | None, name: str, penalties: Mapping[str, Penalty]
    ) -> tuple[dict[str, tf.Tensor], list[tf.Tensor]]:
        """The values of a D step, and the gradients of its loss and penalties by D's weights.

        With the slopes c = d loss / d D(x) held fixed, one backward pass of the sum of c D(x) gives the loss's gradient by the
        weights and, by the images, c times the gradient that a penalty at these images is made of: they share both passes.
        A grid of logits or a second output has several slopes an image, and a layer that compares the images of a batch lets
        the slopes of others in; then each penalty has a backward pass of its own.
        """
        weights = self.discriminator.trainable_variables
        with tf.GradientTape() as tape:
            with tf.GradientTape(persistent=True) as inner:
                inner.watch((real, fake))
                real_logits, real_extra = self.judge(real, labels, f"{name}real")
                fake_logits, fake_extra = self.judge(fake, labels, f"{name}fake")
                loss, slopes = losses.with_slopes(self.objective.discriminator, real_logits, fake_logits)
                total = tf.reduce_sum(slopes[0] * real_logits) + tf.reduce_sum(slopes[1] * fake_logits)
                total += real_extra + fake_extra
                if self.l1 or self.l2:
                    total += losses.weight_decay(weights, self.l1, self.l2)
                at = {}
                for key, penalty in penalties.items():
                    points = penalty.points(real, fake, lambda shape, use, key=key: self.uniform(shape, f"{name}{key} {use}"))
                    inner.watch(points)
                    logits = real_logits if points is real else fake_logits if points is fake else None
                    at[key] = points, self.judge(points, labels, f"{name}{key}")[0] if logits is None else logits
            own, by_images = inner.gradient(total, (weights, (real, fake)))
            one_slope = real_logits.shape[1:].num_elements() == 1 and type(self).read is GAN.read and not self.mixes_images
            values = {f"penalty/{key}": tf.constant(0.0) for key in self.penalties}
            for key, (points, logits) in at.items():
                if one_slope and (points is real or points is fake):
                    place = 0 if points is real else 1
                    slope = tf.reshape(slopes[place], [-1] + [1] * (points.shape.rank - 1))
                    gradient = tf.cast(by_images[place], tf.float32) / slope
                else:
                    gradient = inner.gradient(logits, points)
                value = penalties[key].value(gradient) / tf.cast(tf.size(logits) / tf.shape(logits)[0], tf.float32)
                values[f"penalty/{key}"] = self.interval * self.gamma * tf.reduce_mean(value)
            penalty = tf.add_n([tf.constant(0.0), *values.values()])
        gradients, ratio = own, tf.constant(0.0)
        if penalties:
            pull = tape.gradient(penalty, weights)  # None for a bias at the end
            gradients = [a if b is None else a + b for a, b in zip(own, pull, strict=True)]
            ratio = tf.linalg.global_norm(pull) / (self.interval * tf.linalg.global_norm(own) + 1e-12)
        loss += real_extra + fake_extra
        scores = {
            "loss/discriminator": loss,
            "score/real": tf.reduce_mean(tf.sigmoid(real_logits)),
            "score/fake": tf.reduce_mean(tf.sigmoid(fake_logits)),
            "score/real_sign": tf.reduce_mean(tf.sign(real_logits)),
            "score/accuracy": tf.reduce_mean(tf.cast(real_logits > fake_logits, tf.float32)),
            "score/margin": tf.reduce_mean(tf.cast(real_logits, tf.float32) - tf.cast(fake_logits, tf.float32)),
            "gradient/discriminator": tf.linalg.global_norm(gradients),
        }
        if self.penalties:
            scores["gradient/penalty_ratio"] = ratio
        return scores | values, gradients

    def set_rate_factor(self, factor: float) -> None:
        """Multiplies both learning rates, whatever their schedules; `gan.schedules.Adam` only."""
        for optimizer in (self.g_optimizer, self.d_optimizer):
            optimizer.rate_factor.assign(factor)

    def follow_schedules(self) -> None:
        for variable, rule in ((self.gamma, self.gamma_rule), (self.augment_p, self.augment_rule)):
            if isinstance(rule, Schedule):
                variable.assign(rule(self.step))

    def adapt(self, logs: Mapping[str, tf.Tensor], images: tf.Tensor) -> None:
        """Moves what is adaptive, from this step's values. A penalty that is due stands for its whole interval."""
        if isinstance(self.augment_rule, Adaptation):
            self.augment_p.assign(self.augment_rule.next(tf.convert_to_tensor(self.augment_p), logs, images))
        if isinstance(self.gamma_rule, Adaptation):
            self.gamma.assign(self.gamma_rule.next(tf.convert_to_tensor(self.gamma), logs, images * self.interval))

    def scheduled(self) -> dict[str, tf.Tensor]:
        """The current values of what a schedule or an adaptation moves."""
        values = {"learning_rate": self.g_optimizer.learning_rate, "beta_2": self.g_optimizer.beta_2}
        if self.penalties:
            values["gamma"] = self.gamma
        if self.augmentation:
            values["augment_p"] = self.augment_p
        values["ema_half_life"] = at(self.ema_half_life, self.step)
        return {f"schedule/{key}": tf.cast(value, tf.float32) for key, value in values.items()}

    def settle(self, passes: int = 16, count: int = 16, labels: tf.Tensor | None = None) -> None:
        """Gives `ema_generator` the normalisation statistics of its own weights; those averaged on the way were of others.

        `labels`: `[count]`, for a generator that is conditional.
        """
        norms = [layer for layer in self.ema_generator.layers if isinstance(layer, keras.layers.BatchNormalization)]
        if not norms:
            return
        sums = [0.0] * (2 * len(norms))
        for layer in norms:
            layer.momentum = 0.0  # so that a pass leaves its own statistics
        for index in range(passes):
            z = self.latents(count, -1 - index)
            self.ema_generator(z if labels is None else [z, labels], training=True)
            seen = [value for layer in norms for value in (layer.moving_mean.numpy(), layer.moving_variance.numpy())]
            sums = [total + value for total, value in zip(sums, seen, strict=True)]
        for layer, mean, variance in zip(norms, sums[::2], sums[1::2], strict=True):
            layer.moving_mean.assign(mean / passes)
            layer.moving_variance.assign(variance / passes)
            layer.momentum = self.generator.get_layer(layer.name).momentum

    def average(self, images: tf.Tensor) -> None:
        """Moves `ema_generator` towards the generator, its normalisation statistics too; counters are copied."""
        half_life = tf.maximum(at(self.ema_half_life, self.step), 1e-6)
        rate = 1.0 - 0.5 ** (tf.cast(images, tf.float32) / half_life)
        for mean, new in zip(self.ema_generator.weights, self.generator.weights, strict=True):
            new = tf.convert_to_tensor(new)
            mean.assign(mean + rate * (new - mean) if new.dtype.is_floating else new)


class AuxiliaryClassifierGAN(GAN):
    """A discriminator that also names the class, of real and of generated images; both sides want it right (Odena et al.
    2017)."""

    def read(self, outputs: list[tf.Tensor], labels: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        logits, class_logits = outputs
        return logits, tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, class_logits))
