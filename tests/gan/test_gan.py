"""The training step of the adversarial game."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from gan import losses
from gan.augment import DIFFAUGMENT, PIPELINES
from gan.models.gan import GAN, AuxiliaryClassifierGAN
from gan.networks import dcgan, r3gan, resnet, stylegan2
from gan.penalties import PENALTIES
from gan.schedules import Adam, Adaptation, AdaptiveAugmentation, AdaptiveGamma, Cosine

SHAPE = (16, 16, 1)


def make(learning_rate=1e-2, seed=0, ema_half_life=10_000, augmentation=(), normalised=True, kind=GAN, condition="none", **how):
    keras.utils.set_random_seed(1)
    classes = 0 if condition == "none" else 3
    generator = dcgan.generator(SHAPE, 5, 4, classes)
    model = kind(
        generator, dcgan.discriminator(SHAPE, 4, normalised, classes, condition), [5], seed, ema_half_life, augmentation
    )
    model.compile(Adam(learning_rate, beta_1=0.5), Adam(learning_rate, beta_1=0.5), **how)
    return model


@pytest.fixture
def real(random):
    return random.uniform(-1, 1, (8, *SHAPE)).astype(np.float32)


def test_one_step_equals_algorithm_1_written_out(real):
    """D ascends V on (real, fake); then G descends its loss against the updated D, with the same latents."""
    model, other = make(), make()
    model.train_step(tf.constant(real))

    z = other.latents(8, 0)
    with tf.GradientTape() as tape:
        fake = other.generator(z, training=True)
        value = losses.discriminator(other.discriminator(real, training=True), other.discriminator(fake, training=True))
        loss = tf.reduce_mean(value)
    d_weights = other.discriminator.trainable_variables
    other.d_optimizer.apply(tape.gradient(loss, d_weights), d_weights)
    for weight, wanted in zip(model.discriminator.trainable_variables, d_weights, strict=True):
        np.testing.assert_allclose(weight, wanted, atol=1e-5)

    statistics = [(v, v.numpy()) for v in other.generator.non_trainable_variables]
    with tf.GradientTape() as tape:
        logits = other.discriminator(other.generator(z, training=True), training=True)
        loss = tf.reduce_mean(losses.nonsaturating_generator(None, logits))
    for variable, value in statistics:
        variable.assign(value)  # the second forward pass moved them again
    g_weights = other.generator.trainable_variables
    other.g_optimizer.apply(tape.gradient(loss, g_weights), g_weights)
    for weight, wanted in zip(model.generator.weights, other.generator.weights, strict=True):
        np.testing.assert_allclose(weight, wanted, atol=1e-4)


def test_logged_values(real):
    model = make(penalties=PENALTIES["r1+r2"], augmentation=DIFFAUGMENT, normalised=False)
    logs = {name: float(value) for name, value in model.train_step(tf.constant(real)).items()}
    sides = {f"{kind}/{network}" for kind in ("loss", "gradient") for network in ("generator", "discriminator")}
    schedules = {f"schedule/{key}" for key in ("learning_rate", "beta_2", "gamma", "augment_p", "ema_half_life")}
    scores = {f"score/{key}" for key in ("real", "fake", "real_sign", "accuracy", "margin")}
    assert set(logs) == sides | schedules | scores | {"penalty/r1", "penalty/r2", "gradient/penalty_ratio"}
    assert 0 <= logs["score/real"] <= 1
    assert logs["gradient/generator"] > 0


def test_penalty_is_lazy_and_counts_in_full(real):
    """Computed every third step and weighted threefold; its gradient reaches the discriminator's weights."""
    model = make(1e-12, penalties=PENALTIES["r1"], gamma=2.0, interval=3)
    step = tf.function(model.train_step)
    seen = [float(step(tf.constant(real))["penalty/r1"]) for _ in range(4)]
    with tf.GradientTape() as tape:
        images = tf.constant(real)
        tape.watch(images)
        logits = model.discriminator(images, training=True)
    squares = tf.reduce_sum(tf.square(tape.gradient(logits, images)), [1, 2, 3])
    assert seen[1] == seen[2] == 0
    np.testing.assert_allclose([seen[0], seen[3]], 3 * 2.0 / 2 * np.mean(squares), rtol=1e-3)
    plain = float(make().train_step(tf.constant(real))["gradient/discriminator"])
    heavy = make(penalties=PENALTIES["r1"], gamma=100.0)
    assert float(heavy.train_step(tf.constant(real))["gradient/discriminator"]) > plain


def test_average_has_its_half_life(real):
    """After `ema_half_life` images half of the distance to the generator is left."""
    model = make(ema_half_life=8.0)
    for weight in model.generator.weights:
        weight.assign(tf.ones_like(weight))
    before = [weight.numpy() for weight in model.ema_generator.weights]
    model.average(8)
    for weight, old in zip(model.ema_generator.weights, before, strict=True):
        np.testing.assert_allclose(weight, (old + 1) / 2, rtol=1e-6)


def test_latents_depend_on_seed_and_step_alone():
    model = make(seed=3)
    np.testing.assert_array_equal(model.latents(4, 7), make(seed=3).latents(4, 7))
    assert not np.array_equal(model.latents(4, 7), model.latents(4, 8))
    assert not np.array_equal(model.latents(4, 7), make(seed=4).latents(4, 7))


@pytest.mark.slow
def test_jit_equals_the_plain_graph(real):
    steps = {}
    for jit in (False, True):
        model = make(1e-3)
        logs = tf.function(model.train_step, jit_compile=jit)(tf.constant(real))
        steps[jit] = [float(value) for value in logs.values()], model.get_weights()
    np.testing.assert_allclose(steps[True][0], steps[False][0], rtol=1e-4, atol=1e-4)
    for plain, compiled in zip(steps[False][1], steps[True][1], strict=True):
        np.testing.assert_allclose(compiled, plain, atol=1e-4)


def test_fit_works(real):
    model = make()
    history = model.fit(tf.data.Dataset.from_tensors(real).repeat(3), epochs=1, verbose=0)
    assert np.isfinite(history.history["loss/generator"][0])
    assert int(model.step) == 3


def test_bfloat16_keeps_images_and_losses_in_float32(real):
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = make()
        assert model(model.latents(2, 0)).dtype == tf.float32
        assert all(np.isfinite(float(value)) for value in model.train_step(tf.constant(real)).values())
    finally:
        keras.config.set_dtype_policy("float32")


@pytest.mark.parametrize("network", ["dcgan", "resnet", "stylegan2", "r3gan"])
@pytest.mark.parametrize("precision", ["float32", "mixed_bfloat16"])
def test_every_network_trains_in_both_precisions(network, precision, real):
    """Penalties, losses, statistics and images stay float32; the averages that make statistics do not round away."""
    keras.config.set_dtype_policy(precision)
    try:
        pair = {
            "dcgan": lambda: (dcgan.generator(SHAPE, 5, 4), dcgan.discriminator(SHAPE, 4, False, spectral=True, dropout=0.1)),
            "resnet": lambda: (resnet.generator(SHAPE, 5, 4), resnet.discriminator(SHAPE, 4)),
            "stylegan2": lambda: (stylegan2.generator(SHAPE, 5, 4, 8, 2), stylegan2.discriminator(SHAPE, 4, 8)),
            "r3gan": lambda: (r3gan.generator(SHAPE, (8, 8, 4), latent_dim=5), r3gan.discriminator(SHAPE, (8, 8, 4))),
        }[network]()
        model = GAN(*pair, [5], augmentation=DIFFAUGMENT)
        model.compile(Adam(1e-3), Adam(1e-3), losses.OBJECTIVES["relativistic-pairing"], PENALTIES["r1+r2"], gamma=0.1)
        step = tf.function(model.train_step)
        for _ in range(2):
            logs = step(tf.constant(real))
        assert all(value.dtype == tf.float32 and np.isfinite(float(value)) for value in logs.values())
        assert model(model.latents(2, 0)).dtype == tf.float32
        assert all(weight.dtype in ("float32", "int32") for weight in model.weights)
        if network == "stylegan2":
            assert np.abs(model.generator.get_layer("styles").mean.numpy()).max() > 0
    finally:
        keras.config.set_dtype_policy("float32")


def test_settle_gives_the_average_its_own_statistics(real):
    model = make()
    for _ in range(3):
        model.train_step(tf.constant(real))
    model.settle(passes=30, count=64)
    z = model.latents(2000, 5)
    norm = model.ema_generator.get_layer("norm0")
    inputs = keras.Model(model.ema_generator.input, norm.input)(z, training=False)
    np.testing.assert_allclose(norm.moving_mean, np.mean(inputs, (0, 1, 2)), atol=3e-2 * np.std(inputs))
    np.testing.assert_allclose(norm.moving_variance, np.var(inputs, (0, 1, 2)), rtol=0.2)
    assert norm.momentum == model.generator.get_layer("norm0").momentum


@pytest.mark.parametrize("penalty", PENALTIES)
@pytest.mark.parametrize("loss", losses.OBJECTIVES)
def test_one_step_moves_only_the_weights_that_it_should(loss, penalty, real):
    """A D step leaves G alone, a G step leaves D alone: with one of the rates at zero that network keeps its weights."""
    for still in ("generator", "discriminator"):
        model = make(normalised=False, objective=losses.OBJECTIVES[loss], penalties=PENALTIES[penalty])
        {"generator": model.g_optimizer, "discriminator": model.d_optimizer}[still].learning_rate = 0.0
        before = {name: [w.numpy() for w in getattr(model, name).trainable_weights] for name in ("generator", "discriminator")}
        logs = model.train_step(tf.constant(real))
        for name, weights in before.items():
            moved = any(
                not np.array_equal(w, old) for w, old in zip(getattr(model, name).trainable_weights, weights, strict=True)
            )
            assert moved == (name != still), name
        assert all(np.isfinite(float(value)) for value in logs.values())


def test_several_discriminator_steps(real):
    model = make(d_steps=4)
    model.train_step(tf.constant(real))
    assert int(model.d_optimizer.iterations) == 4
    assert int(model.step) == 1


def test_clipping_bounds_every_weight_of_the_discriminator(real):
    model = make(clip=0.01, objective=losses.OBJECTIVES["wasserstein"])
    model.train_step(tf.constant(real))
    assert max(np.abs(weight.numpy()).max() for weight in model.discriminator.trainable_weights) <= 0.01
    assert max(np.abs(weight.numpy()).max() for weight in model.generator.trainable_weights) > 0.01


def test_weight_decay_pulls_the_kernels_in(real):
    sizes = {}
    for l2 in (0.0, 10.0):
        model = make(l2=l2)
        for _ in range(20):
            model.train_step(tf.constant(real))
        sizes[l2] = np.square(model.discriminator.get_layer("down1").kernel).sum()
    assert sizes[10.0] < 0.5 * sizes[0.0]


@pytest.mark.parametrize("condition", ["concatenation", "projection", "auxiliary-classifier"])
def test_conditions_reach_both_networks(condition, real):
    kind = AuxiliaryClassifierGAN if condition == "auxiliary-classifier" else GAN
    model = make(condition=condition, kind=kind, penalties=PENALTIES["r1"], normalised=False)
    labels = tf.constant([0, 1, 2, 0, 1, 2, 0, 1])
    for _ in range(3):
        logs = model.train_step((tf.constant(real), labels))
    assert all(np.isfinite(float(value)) for value in logs.values())
    z = model.latents(1, 0)
    drawn = [model([z, tf.constant([label])]).numpy() for label in range(2)]
    assert not np.allclose(*drawn)
    model.settle(count=8, labels=labels)


def test_auxiliary_classifier_learns_the_classes(random):
    """Three classes of flat images: D names them after a few steps."""
    labels = tf.constant(random.integers(0, 3, 32), tf.int32)
    images = tf.reshape(tf.cast(labels, tf.float32) - 1.0, [32, 1, 1, 1]) * tf.ones([1, *SHAPE])
    model = make(condition="auxiliary-classifier", kind=AuxiliaryClassifierGAN, normalised=False)
    step = tf.function(model.train_step)
    for _ in range(30):
        step((images, labels))
    _, class_logits = model.discriminator(images)
    assert np.mean(np.argmax(class_logits, -1) == labels.numpy()) == 1


def test_schedules_are_followed_and_logged(real):
    """Half a cosine: at half of the steps every value is in the middle; beta_2 changes inside the compiled step."""
    model = make(penalties=PENALTIES["r1"], gamma=Cosine(1.0, 0.1, 4), augment_p=Cosine(0.0, 0.5, 4), augmentation=DIFFAUGMENT)
    model.g_optimizer.beta_2 = Cosine(0.9, 0.99, 4)
    step = tf.function(model.train_step)
    logs = [step(tf.constant(real)) for _ in range(6)]
    for key, values in {"gamma": (1.0, 0.55, 0.1), "augment_p": (0.0, 0.25, 0.5)}.items():
        np.testing.assert_allclose([float(logs[i][f"schedule/{key}"]) for i in (0, 2, 5)], values, rtol=1e-5)
    np.testing.assert_allclose([float(logs[i]["schedule/beta_2"]) for i in (1, 3)], (0.945, 0.99), rtol=1e-4)


def test_adaptive_augmentation_rises_while_the_discriminator_is_sure(real):
    rule = AdaptiveAugmentation(target=0.6, images=100)
    sure, unsure = ({"score/real_sign": tf.constant(value)} for value in (1.0, 0.1))
    assert float(rule.next(tf.constant(0.3), sure, tf.constant(10))) == pytest.approx(0.4)
    assert float(rule.next(tf.constant(0.3), unsure, tf.constant(10))) == pytest.approx(0.2)
    assert float(rule.next(tf.constant(0.75), sure, tf.constant(10))) == pytest.approx(0.8)
    model = make(augmentation=DIFFAUGMENT, augment_p=rule)
    model.train_step(tf.constant(real))
    assert float(model.augment_p) in (0.0, pytest.approx(0.08))


def test_adaptive_gamma_seeks_its_share():
    """A penalty that pulls too little raises gamma, one that pulls too much lowers it, none (a lazy step) leaves it."""
    rule = AdaptiveGamma(1.0, target=0.3, images=100)
    for ratio, wanted in ((0.9, np.exp(-0.1)), (0.001, np.exp(0.1)), (0.0, 1.0)):
        logs = {"gradient/penalty_ratio": tf.constant(ratio)}
        assert float(rule.next(tf.constant(1.0), logs, tf.constant(10))) == pytest.approx(wanted, rel=1e-5)


@pytest.mark.parametrize("loss", losses.OBJECTIVES)
def test_loss_and_penalties_from_one_backward_pass_are_those_of_their_formulas(loss, real):
    """Also where the slope by a logit is 0, as of a hinge that is satisfied."""
    objective = losses.OBJECTIVES[loss]
    model = make(objective=objective, penalties=PENALTIES["r1+r2"], gamma=0.7, normalised=False, l1=1e-3, l2=1e-2)
    model.discriminator.layers[-1].bias.assign([1.5])  # real images beyond the hinge
    real, fake = tf.constant(real), model.generate(model.latents(8, 0), None)
    values, gradients = model.discriminator_gradients(real, fake, None, "", model.penalties)
    weights = model.discriminator.trainable_variables
    with tf.GradientTape() as tape:
        penalty = 0.0
        for images in (real, fake):
            with tf.GradientTape() as inner:
                inner.watch(images)
                logits = model.discriminator(images, training=True)
            penalty += 0.7 / 2 * tf.reduce_mean(tf.reduce_sum(tf.square(inner.gradient(logits, images)), [1, 2, 3]))
        logits = [model.discriminator(images, training=True) for images in (real, fake)]
        total = tf.reduce_mean(objective.discriminator(*logits)) + penalty + losses.weight_decay(weights, 1e-3, 1e-2)
    assert float(values["penalty/r1"] + values["penalty/r2"]) == pytest.approx(float(penalty), rel=1e-4)
    for found, wanted in zip(gradients, tape.gradient(total, weights), strict=True):
        np.testing.assert_allclose(found, wanted, rtol=2e-3, atol=1e-6)


def test_a_penalty_of_a_discriminator_that_compares_images_is_that_of_its_formula(random):
    """StyleGAN2's minibatch deviation makes each logit depend on all images of its group."""
    keras.utils.set_random_seed(3)
    model = GAN(stylegan2.generator(SHAPE, 5, 4, 8), stylegan2.discriminator(SHAPE, 4, 8), [5])
    model.compile(Adam(1e-3), Adam(1e-3), penalties=PENALTIES["r1"], gamma=2.0)
    for weight in model.discriminator.trainable_variables:
        weight.assign(2.0 * weight)  # so that the slopes differ from image to image
    real = tf.constant(random.uniform(-1, 1, (8, *SHAPE)).astype(np.float32))
    values, _ = model.discriminator_gradients(real, tf.random.stateless_normal([8, *SHAPE], [1, 2]), None, "", model.penalties)
    with tf.GradientTape() as tape:
        tape.watch(real)
        logits = model.discriminator(real, training=True)
    wanted = tf.reduce_mean(tf.reduce_sum(tf.square(tape.gradient(logits, real)), [1, 2, 3]))
    assert float(values["penalty/r1"]) == pytest.approx(float(wanted), rel=1e-4)


def test_the_ratio_of_gradients_is_that_of_its_parts(real):
    """With a fixed gamma, |grad penalty| / |grad loss| and their sum are those of separate calls; it is 0 in a lazy step."""

    class Still(Adaptation):
        start = 2.0

        def next(self, value, logs, images):
            return value

    model = make(penalties=PENALTIES["r1"], gamma=Still(), interval=2, normalised=False)
    fake, real = model.generate(model.latents(4, 0), None), tf.constant(real[:4])
    whole, gradients = model.discriminator_gradients(real, fake, None, "", model.penalties)
    plain, own = model.discriminator_gradients(real, fake, None, "", {})
    pull = [a - b for a, b in zip(gradients, own, strict=True)]
    wanted = tf.linalg.global_norm(pull) / tf.linalg.global_norm(own) / 2
    assert float(whole["gradient/penalty_ratio"]) == pytest.approx(float(wanted), rel=1e-3)
    assert float(plain["gradient/penalty_ratio"]) == 0


def test_the_state_of_adaptations_is_saved(real, tmp_path):
    model = make(
        augmentation=DIFFAUGMENT, augment_p=AdaptiveAugmentation(), penalties=PENALTIES["r1"], gamma=AdaptiveGamma(1.0)
    )
    model.augment_p.assign(0.25)
    model.gamma.assign(3.0)
    model.save_weights(tmp_path / "state.weights.h5")
    other = make(
        augmentation=DIFFAUGMENT, augment_p=AdaptiveAugmentation(), penalties=PENALTIES["r1"], gamma=AdaptiveGamma(1.0)
    )
    other.load_weights(tmp_path / "state.weights.h5")
    assert (float(other.augment_p), float(other.gamma)) == (0.25, 3.0)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("penalty", "augmentation"), [("r1+r2", "none"), ("wgan-gp", "none"), ("dragan", "none"), ("r1", "ada+cutout")]
)
def test_jit_equals_the_plain_graph_through_penalties_and_augmentations(penalty, augmentation, real):
    steps = {}
    for jit in (False, True):
        model = make(
            1e-3, normalised=False, penalties=PENALTIES[penalty], gamma=0.1, augmentation=PIPELINES[augmentation],
            augment_p=0.5, objective=losses.OBJECTIVES["relativistic-pairing"],
        )  # fmt: skip
        logs = tf.function(model.train_step, jit_compile=jit)(tf.constant(real))
        steps[jit] = {name: float(value) for name, value in logs.items()}
    for name, value in steps[False].items():
        assert steps[True][name] == pytest.approx(value, rel=1e-4, abs=1e-4), name
