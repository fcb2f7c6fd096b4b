"""Real pictures, inverted into a trained generator and edited along an attribute.

    python -m experiments.edit runs/dcgan --data mnist.npz --attribute slant --output slant.png
    python -m experiments.edit runs/gan --image a.png --attribute Smiling --labels list.csv --label-images faces --output b.png

An encoder, trained once on what the generator draws and kept in RUN/inversion, proposes latents and optimisation refines them.
The direction is a regression of the attribute on latents: of a measured attribute (brightness, warmth, saturation,
stroke-width, slant) on those of drawn pictures; of a CSV of attributes, one column each, on those of labelled pictures. Each
row of the output is a picture, its inversion, and the inversion moved along the direction; beside it a JSON file says how much
the attribute and the identity change: the perceptual distance in `compact` to the inversion, next to that of random directions
of the same length.
"""

import csv
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tyro

from experiments.options import command, parse, positive
from gan.errors import InputError

SAMPLES, RANDOM_DIRECTIONS = 2000, 8


@dataclass(frozen=True, kw_only=True)
class Config:
    run: tyro.conf.Positional[Path]
    """A run directory that holds generator.keras with one latent vector."""
    image: Path | None = None
    """A picture or a folder of pictures to edit."""
    data: str | None = None
    """Or data whose first test pictures are edited."""
    count: int = 4
    """How many pictures at most."""
    attribute: str
    """brightness, warmth, saturation, stroke-width or slant; with --labels a column of the CSV."""
    output: Path
    """The picture to write, as PNG; a JSON file of the same name beside it."""
    labels: Path | None = None
    """A CSV with a head: the first column names files, the others are numbers."""
    label_images: Path | None = None
    """The folder of the files that the CSV names."""
    label: int | None = None
    """The class, for a conditional generator."""
    strengths: tuple[float, ...] = (-3.0, -2.0, -1.0, 1.0, 2.0, 3.0)
    """How far to go; latents have a standard deviation of 1 in each direction."""
    encoder_steps: int = 1000
    steps: int = 200
    """Of the optimisation."""
    learning_rate: float = 0.05
    seed: int = 0
    overwrite: bool = False
    """Replace what is at --output."""

    def __post_init__(self):
        positive(self, "count", "encoder_steps", "steps", "learning_rate")
        if (self.image is None) == (self.data is None):
            raise InputError("give either --image or --data")
        if (self.labels is None) != (self.label_images is None):
            raise InputError("--labels and --label-images need each other")
        if not self.strengths:
            raise InputError("--strengths needs at least one number")
        if self.output.exists() and not self.overwrite:
            raise InputError(f"--output '{self.output}' exists; --overwrite replaces it")


def fitted(picture: np.ndarray, shape: tuple[int, int, int]) -> np.ndarray:
    """A picture scaled and cropped to what the generator draws, float `[H, W, C]`."""
    from PIL import Image

    from experiments import data, pictures

    height, width, channels = shape
    rgb = np.repeat(picture, 3, -1) if picture.shape[-1] == 1 else picture
    scale = max(height / rgb.shape[0], width / rgb.shape[1])
    size = [max(wanted, round(side * scale)) for wanted, side in zip((width, height), rgb.shape[1::-1], strict=True)]
    scaled = np.asarray(Image.fromarray(rgb).resize(size, Image.Resampling.LANCZOS))
    image = pictures.to_float(data.centre(scaled, (height, width)))
    return image.mean(-1, keepdims=True) if channels == 1 else image


def chosen(config: Config, shape: tuple[int, int, int]) -> np.ndarray:
    """The pictures to edit, `[N, H, W, C]`."""
    from experiments import data, pictures

    if config.image:
        found = [pictures.read(path) for path in pictures.list_files([config.image])[: config.count]]
    else:
        found = list(data.load(config.data, split="test").pictures[: config.count])
    return np.stack([fitted(picture, shape) for picture in found])


def labelled(config: Config, shape: tuple[int, int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Pictures of the CSV and their values of the attribute."""
    from experiments import pictures

    try:
        with config.labels.open(newline="") as file:
            head, *lines = csv.reader(file)
    except (OSError, ValueError, csv.Error) as error:
        raise InputError(f"--labels '{config.labels}' cannot be read ({error or 'it is empty'})") from None
    if config.attribute not in head[1:]:
        raise InputError(
            f"--attribute must be a column of '{config.labels}' ({', '.join(head[1:])}). Received: '{config.attribute}'"
        )
    place = head.index(config.attribute)
    try:
        values = np.array([float(line[place]) for line in lines])
    except (ValueError, IndexError) as error:
        raise InputError(f"'{config.labels}': column {config.attribute} must hold numbers ({error})") from None
    if len(values) < 4 or values.std() == 0:
        raise InputError(
            f"'{config.labels}': column {config.attribute} needs four lines or more that differ. Received: {len(values)}"
        )
    images = [fitted(pictures.read(config.label_images / line[0]), shape) for line in lines]
    return np.stack(images), values


def trained_encoder(config: Config, generator, draw):
    """The encoder in RUN/inversion, trained unless it is there."""
    import keras
    import tensorflow as tf
    from tqdm import trange

    from experiments import runs
    from gan.models.inversion import LatentEncoder
    from gan.networks import classifier

    folder = config.run / "inversion"
    if not (folder / "encoder.keras").is_file():
        keras.utils.set_random_seed(config.seed)
        network = classifier.convolutional(generator.output_shape[1:], generator.inputs[0].shape[-1])
        model = LatentEncoder(network, draw, config.seed)
        model.compile(keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(1e-3, config.encoder_steps)))
        step = tf.function(model.train_step)
        for _ in trange(config.encoder_steps, desc="encoder", disable=None):
            loss = step()["loss/latents"]
        print(f"encoder: mean squared error of the latents {float(loss):.3f}, of no knowledge 1", flush=True)
        folder.mkdir(exist_ok=True)
        network.save(folder / "encoder.keras")
    return runs.load(folder, "encoder")


def drawing(generator, label: int | None):
    """A function: latents -> pictures; of a conditional generator those of the label, else each class in turn."""
    import tensorflow as tf

    from experiments import runs

    known = runs.classes(generator)

    def draw(z: tf.Tensor, step: tf.Tensor | int = 0) -> tf.Tensor:
        if not known:
            return generator(z, training=False)
        count = tf.shape(z)[0]
        classes = tf.range(count) % known if label is None else tf.fill([count], label)
        return generator([z, classes], training=False)

    return draw


def identity():
    """A function: two sets of pictures `[N, H, W, 1 or 3]` -> their perceptual distances in `compact`, `[N]`."""
    import tensorflow as tf

    from gan import features
    from style.perceptual import perceptual_distance

    compact = features.load("compact")

    def distance(a: tf.Tensor, b: tf.Tensor) -> tf.Tensor:
        grey = a.shape[-1] == 1
        return perceptual_distance(compact, *(tf.repeat(each, 3, -1) if grey else each for each in (a, b)))

    return distance


def inverted(config: Config, draw, distance, start: np.ndarray, images: np.ndarray):
    """The latents whose pictures are nearest to some, as a trained `gan.models.inversion.Inversion`."""
    import keras
    import tensorflow as tf
    from tqdm import trange

    from gan.models.inversion import Inversion

    model = Inversion(draw, images, start, distance)
    model.compile(keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(config.learning_rate, config.steps, alpha=0.05)))
    step = tf.function(model.train_step)
    for _ in trange(config.steps, desc="inversion", disable=None):
        step()
    return model


def attribute_direction(config: Config, draw, encoder, shape: tuple[int, int, int]) -> tuple[np.ndarray, float]:
    """The unit vector along which the attribute grows, and the share of its variance that it explains on the other half."""
    from experiments import runs
    from gan import noise
    from gan.attributes import ATTRIBUTES
    from gan.models.inversion import direction

    if config.labels:
        images, values = labelled(config, shape)
        return direction(runs.apply(encoder, images), values)
    z = noise.normal([SAMPLES, encoder.output_shape[-1]], config.seed, 0).numpy()
    return direction(z, ATTRIBUTES[config.attribute](runs.apply(lambda x, training: draw(x), z)))


def sweep(
    config: Config, draw, distance, z: np.ndarray, found: np.ndarray, axis: np.ndarray, measure
) -> tuple[list[np.ndarray], list[dict]]:
    """The pictures at each strength, and how far each went in identity, beside random directions, and in the attribute."""
    random = np.random.default_rng(config.seed).normal(size=(RANDOM_DIRECTIONS, len(axis)))
    others = (random / np.linalg.norm(random, axis=1, keepdims=True)).astype(np.float32)
    columns, told = [], []
    for strength in config.strengths:
        moved = draw(z + np.float32(strength) * axis).numpy()
        astray = [distance(draw(z + np.float32(strength) * other), found).numpy().mean() for other in others]
        columns.append(moved)
        told.append(
            {
                "strength": strength,
                "identity_distance": distance(moved, found).numpy().tolist(),
                "of_random_directions": float(np.mean(astray)),
            }
            | ({"attribute": measure(moved).tolist()} if measure else {})
        )
    return columns, told


def main(argv: list[str] | None = None) -> None:
    config = parse(Config, __doc__, argv)

    from experiments import pictures, runs
    from experiments.run import write_json
    from gan.attributes import ATTRIBUTES

    if not config.labels and config.attribute not in ATTRIBUTES:
        raise InputError(
            f"--attribute must be one of {', '.join(ATTRIBUTES)}, or a column of --labels. Received: '{config.attribute}'"
        )
    generator = runs.load(config.run, "generator")
    if len(generator.output_shape) != 4 or len(generator.inputs[0].shape) != 2:
        raise InputError(
            f"'{config.run}' draws no pictures from one latent vector: its latents are {list(generator.inputs[0].shape[1:])}"
        )
    runs.asked_labels(generator, 1, config.label)
    shape = generator.output_shape[1:]
    images = chosen(config, shape)
    measure = None if config.labels else ATTRIBUTES[config.attribute]

    draw, distance = drawing(generator, config.label), identity()
    encoder = trained_encoder(config, generator, draw)
    axis, fit = attribute_direction(config, draw, encoder, shape)
    start = runs.apply(encoder, images)
    model = inverted(config, draw, distance, start, images)
    found, first = model().numpy(), draw(start).numpy()
    moved, told_of_moves = sweep(config, draw, distance, model.z.numpy(), found, axis, measure)

    columns = [images, found, *moved]
    pictures.write(config.output, pictures.grid(np.stack(columns, 1).reshape(-1, *shape), len(columns)))
    told = {
        "run": str(config.run), "attribute": config.attribute, "r_squared_on_the_other_half": fit,
        "inversion": {
            "distance_of_the_encoders": distance(first, images).numpy().tolist(),
            "distance": distance(found, images).numpy().tolist(),
            "attribute": measure(found).tolist() if measure else None,
        },
        "sweep": told_of_moves, "identity_features": "compact", "seed": config.seed,
    }  # fmt: skip
    write_json(config.output.with_suffix(".json"), told)
    print(json.dumps(told, indent=2))
    print(f"edited: {config.output}")


if __name__ == "__main__":
    command(main)
