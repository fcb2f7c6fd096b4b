"""What people get wrong: exit code 2, one line that names the culprit, no traceback, and nothing changed in a run directory."""

import importlib
import shutil

import numpy as np
import pytest
from PIL import Image

from experiments import options
from tests.conftest import command
from tests.experiments.test_pictures import gigapixel_png

DCGAN, GATYS = ["dcgan", "--steps", "1", "--tick", "1"], ["gatys", "--steps", "1", "--tick", "1", "--image-size", "48"]

VIDEO = ["video", "--method", "optimise", "--steps", "1", "--style", "BAD/good.png"]


@pytest.fixture(scope="module")
def bad(tmp_path_factory, digits_file):
    """A folder with every kind of broken input, and a finished run."""
    folder = tmp_path_factory.mktemp("bad things")
    picture = Image.effect_noise((64, 48), 50).convert("RGB")
    picture.save(folder / "good.png")
    Image.new("RGB", (48, 32)).save(folder / "nowhere.png")
    whole = (folder / "good.png").read_bytes()
    (folder / "truncated.png").write_bytes(whole[: len(whole) // 2])
    (folder / "empty.png").write_bytes(b"")
    (folder / "text.jpg").write_text("hello")
    picture.save(folder / "tiff.tif")
    (folder / "tiff.tif").rename(folder / "renamed.png")
    Image.new("RGB", (1, 1)).save(folder / "dot.png")
    gigapixel_png(folder / "giga.png")
    (folder / "no pictures").mkdir()
    (folder / "no pictures" / "note.txt").write_text("x")
    (folder / "mixed").mkdir()
    shutil.copy(folder / "good.png", folder / "mixed")
    shutil.copy(folder / "truncated.png", folder / "mixed")
    x, y = np.zeros((8, 16, 16), np.uint8), np.zeros(8, np.uint8)
    np.savez(folder / "keys.npz", images=x)
    np.savez(folder / "nan.npz", x_train=np.full((8, 16, 16), np.nan))
    np.savez(folder / "flat.npz", x_train=np.zeros((8, 16), np.uint8))
    np.savez(folder / "none.npz", x_train=x[:0])
    np.savez(folder / "objects.npz", x_train=np.array([{}, {}], object))
    np.savez(folder / "labels.npz", x_train=x, y_train=y[:3])
    np.savez(folder / "unlabelled.npz", x_train=x, x_test=x)
    np.savez(folder / "small.npz", x_train=np.zeros((8, 4, 4), np.uint8))
    np.savez(folder / "odd.npz", x_train=np.zeros((8, 34, 34), np.uint8))
    np.savez(folder / "negative.npz", x_train=x, y_train=np.full(len(x), -1))
    (folder / "text.npz").write_text("hello")
    (folder / "cut.npz").write_bytes((folder / "labels.npz").read_bytes()[:300])
    (folder / "fake.keras").write_text("hello")
    (folder / "model.h5").write_text("hello")
    (folder / "a file").write_text("x")
    (folder / "occupied").mkdir()
    (folder / "occupied" / "thesis.txt").write_text("years of work")
    import keras

    keras.Sequential([keras.Input([8, 8, 3]), keras.layers.Conv2D(4, 3, name="conv")]).save(folder / "fixed size.keras")
    keras.Sequential([keras.Input([None, None, 3]), keras.layers.Conv2D(4, 3, name="conv")]).save(folder / "tiny.keras")
    main = importlib.import_module("experiments.dcgan").main
    main([*DCGAN[1:], "--width", "4", "--data", str(digits_file), "--run-dir", str(folder / "run")])
    shutil.copy(digits_file, folder / "digits.npz")
    return folder


CASES = {
    "no such data": ([*DCGAN, "--data", "BAD/nothing"], "nothing"),
    "no such npz": ([*DCGAN, "--data", "BAD/nothing.npz"], "nothing.npz"),
    "no such data set": ([*DCGAN, "--data", "mnits"], "mnist, fashion_mnist"),
    "folder as npz": ([*DCGAN, "--data", "BAD/no pictures.npz"], "no pictures.npz"),
    "wrong keys": ([*DCGAN, "--data", "BAD/keys.npz"], "x_train"),
    "nan": ([*DCGAN, "--data", "BAD/nan.npz"], "float64"),
    "two axes": ([*DCGAN, "--data", "BAD/flat.npz"], "[8, 16]"),
    "no pictures in the array": ([*DCGAN, "--data", "BAD/none.npz"], "[0, 16, 16]"),
    "pickled objects": ([*DCGAN, "--data", "BAD/objects.npz"], "objects.npz"),
    "too few labels": ([*DCGAN, "--data", "BAD/labels.npz"], "labels.npz"),
    "text as npz": ([*DCGAN, "--data", "BAD/text.npz"], "text.npz"),
    "truncated npz": ([*DCGAN, "--data", "BAD/cut.npz"], "cut.npz"),
    "sides too small for a network": ([*DCGAN, "--batch-size", "4", "--data", "BAD/small.npz"], "5 pixels or more"),
    "folder without pictures": ([*DCGAN, "--data", "BAD/no pictures"], "no pictures"),
    "one broken picture": ([*DCGAN, "--data", "BAD/mixed"], "truncated.png"),
    "image size 0": ([*DCGAN, "--data", "BAD/digits.npz", "--image-size", "0"], "--image-size"),
    "negative steps": (["dcgan", "--steps", "-5"], "--steps"),
    "tick 0": (["dcgan", "--tick", "0"], "--tick"),
    "batch 0": ([*DCGAN, "--batch-size", "0"], "--batch-size"),
    "learning rate nan": ([*DCGAN, "--learning-rate", "nan"], "--learning-rate"),
    "unknown option": ([*DCGAN, "--step-size", "3"], "--step-size"),
    "wrong type": (["dcgan", "--steps", "many"], "--steps"),
    "wrong choice": ([*DCGAN, "--loss", "henge"], "--loss"),
    "normalised discriminator and a penalty": ([*DCGAN, "--discriminator-norm"], "exclude each other"),
    "spectral normalisation of r3gan": (["r3gan", "--spectral"], "--spectral is for"),
    "smoothed labels of hinge": ([*DCGAN, "--loss", "hinge", "--label-smoothing", "0.1"], "--label-smoothing is for"),
    "automatic gamma of no penalty": ([*DCGAN, "--penalty", "none", "--gamma", "auto"], "--gamma auto needs"),
    "negative gamma": (["r3gan", "--gamma", "-1"], "--gamma must be"),
    "augmentation by nothing": ([*DCGAN, "--augment-p", "0.5"], "--augment-p needs --augment"),
    "a probability of 2": ([*DCGAN, "--augment", "ada", "--augment-p", "2"], "--augment-p must be"),
    "a condition without labels": (["conditional_gan", "--data", "BAD/small.npz"], "needs labels"),
    "negative labels": (["conditional_gan", "--data", "BAD/negative.npz"], "labels must be 0 or more"),
    "a condition asked of an unconditional run": (["sample", "BAD/run", "--label", "3"], "this run is unconditional"),
    "sides that residual blocks cannot make": (["r3gan", "--batch-size", "4", "--data", "BAD/odd.npz"], "halve evenly"),
    "fewer images than a batch": ([*DCGAN, "--data", "BAD/small.npz"], "fewer than a batch"),
    "unknown preset": (["r3gan", "--preset", "ffhq"], "--preset must be one of"),
    "missing value": (["dcgan", "--data"], "--data"),
    "run directory is a file": ([*DCGAN, "--data", "BAD/digits.npz", "--run-dir", "BAD/a file"], "a file"),
    "run directory under a file": ([*DCGAN, "--data", "BAD/digits.npz", "--run-dir", "BAD/a file/run"], "a file"),
    "run directory of somebody else": ([*DCGAN, "--data", "BAD/digits.npz", "--run-dir", "BAD/occupied"], "holds no run"),
    "another seed": ([*DCGAN, "--width", "4", "--data", "BAD/digits.npz", "--run-dir", "BAD/run", "--seed", "9"], "seed: 0 there, 9 here"),
    "another experiment": ([*GATYS, "--run-dir", "BAD/run"], "experiment: experiments.dcgan there"),
    "more steps than a falling rate was made for": (["dcgan", "--tick", "1", "--width", "4", "--data", "BAD/digits.npz", "--run-dir", "BAD/run", "--steps", "2"], "steps: 1 there, 2 here"),
    "other data": ([*DCGAN, "--width", "4", "--data", "BAD/good.png", "--image-size", "16", "--batch-size", "1", "--run-dir", "BAD/run"], "data:"),
    "no run to start from": ([*DCGAN, "--data", "BAD/digits.npz", "--init-from", "BAD/occupied", "--run-dir", "BAD/new1"], "occupied"),
    "no labels": (["classifier", "--data", "BAD/unlabelled.npz"], "y_train"),
    "no test split": (["classifier", "--data", "BAD/digits only.npz"], "digits only.npz"),
    "no such content": ([*GATYS, "--content", "BAD/nothing.png"], "nothing.png"),
    "folder as content": ([*GATYS, "--content", "BAD/mixed"], "is a folder"),
    "truncated content": ([*GATYS, "--content", "BAD/truncated.png"], "truncated.png"),
    "empty content": ([*GATYS, "--content", "BAD/empty.png"], "empty.png"),
    "text as content": ([*GATYS, "--content", "BAD/text.jpg"], "text.jpg"),
    "renamed tiff": ([*GATYS, "--content", "BAD/renamed.png"], "renamed.png"),
    "one pixel": ([*GATYS, "--style", "BAD/dot.png"], "dot.png"),
    "gigapixel header": ([*GATYS, "--style", "BAD/giga.png"], "50000 x 50000"),
    "more than max pixels": ([*GATYS, "--content", "BAD/good.png", "--max-pixels", "100"], "more than --max-pixels 100"),
    "no such sample": ([*GATYS, "--content", "samples/nothing.png"], "nothing.png"),
    "no style": ([*GATYS, "--style"], "--style"),
    "negative weight": ([*GATYS, "--style-weight", "-1"], "--style-weight"),
    "infinite weight": ([*GATYS, "--content-weight", "inf"], "--content-weight"),
    "weights of other styles": ([*GATYS, "--style-weights", "1", "2"], "--style-weights needs a number for each style"),
    "weights of sum 0": ([*GATYS, "--style-weights", "0"], "sum greater than 0"),
    "negative weights of a film": ([*VIDEO, "--input", "BAD/mixed", "--style-weights", "-1"], "--style-weights must be 0"),
    "a mask without its style": ([*GATYS, "--mask", "BAD/good.png", "BAD/good.png"], "--mask needs a picture for each style"),
    "a mask of another shape": ([*GATYS, "--mask", "BAD/good.png"], "shape of the content"),
    "a mask that covers nothing": ([*GATYS, "--mask", "BAD/nowhere.png"], "cover something"),
    "a block that is too small": ([*GATYS, "--block", "8"], "--block must be at least 64"),
    "a result of too many pixels": (["gatys", "--steps", "1", "--tick", "1", "--image-size", "400000"], "more than --max-pixels"),
    "no such method": (["evaluate_style", "--methods", "magic"], "--methods must be of default"),
    "pairs that are none": (["evaluate_style", "--pairs", "BAD/text.jpg"], "cannot be read"),
    "no such extractor": ([*GATYS, "--extractor", "resnet"], "compact, vgg16, vgg19"),
    "extractor is no model": ([*GATYS, "--extractor", "BAD/fake.keras"], "fake.keras"),
    "extractor is h5": ([*GATYS, "--extractor", "BAD/model.h5"], "model.h5"),
    "extractor of one size": ([*GATYS, "--extractor", "BAD/fixed size.keras"], "any H and W"),
    "no such layer": ([*GATYS, "--extractor", "BAD/tiny.keras", "--content-layers", "conv9"], "conv9"),
    "missing weights": ([*GATYS, "--extractor", "vgg19", "--extractor-weights", "BAD/nothing.h5"], "nothing.h5"),
    "weights are no weights": ([*GATYS, "--extractor", "vgg19", "--extractor-weights", "BAD/model.h5"], "model.h5"),
    "sample of no run": (["sample", "BAD/occupied"], "generator.keras"),
    "sample none": (["sample", "BAD/run", "--count", "0"], "--count"),
    "sample without a run": (["sample"], "run"),
    "evaluate with no graph": (["evaluate", "BAD/run", "--data", "BAD/digits.npz", "--samples", "8", "--extractor", "inception", "--extractor-weights", "BAD/text.npz"], "not the Inception graph"),
    "too few images for a metric": (["evaluate", "BAD/run", "--data", "BAD/digits.npz", "--samples", "3"], "two images or more"),
    "tabulate what was not evaluated": (["tabulate", "BAD/run"], "evaluation.json"),
    "photographs as pairs": (["pix2pix", "--data", "BAD/mixed"], "twice as wide as high"),
    "one picture as a set": (["cyclegan", "--data", "BAD/good.png", "--data-b", "BAD/mixed"], "two or more"),
    "one picture to restore": (["restore", "--task", "denoise", "--data", "BAD/good.png"], "two or more"),
    "a negative perceptual weight": (["pix2pix", "--data", "BAD/mixed", "--perceptual-weight", "-1"], "--perceptual-weight must"),
    "a side that a U-Net cannot halve": (["pix2pix", "--data", "BAD/mixed", "--image-size", "100"], "power of 2"),
    "a side that a ResNet cannot halve": (["cut", "--data", "BAD/mixed", "--data-b", "BAD/mixed", "--image-size", "50"], "multiple of 4"),
    "a pool of less than nothing": (["cyclegan", "--data", "BAD/mixed", "--data-b", "BAD/mixed", "--pool", "-1"], "--pool"),
    "no variants": (["hybrid", "--data", "BAD/mixed", "--data-b", "BAD/mixed", "--variants", "both", "both"], "--variants"),
    "an unknown kind of damage": (["restore", "--task", "sharpen", "--data", "BAD/mixed"], "--task"),
    "all of it missing": (["restore", "--task", "inpaint", "--data", "BAD/mixed", "--hole", "1"], "--hole"),
    "moves of less than nothing": (["hybrid", "--data", "BAD/mixed", "--data-b", "BAD/mixed", "--jitter", "-1"], "--jitter"),
    "gradients of no length": (["hybrid", "--data", "BAD/mixed", "--data-b", "BAD/mixed", "--gradient-norm", "0"], "--gradient-norm"),
    "gradients without end": (["hybrid", "--data", "BAD/mixed", "--data-b", "BAD/mixed", "--gradient-norm", "inf"], "and finite"),
    "a weight without end": (["restore", "--task", "denoise", "--data", "BAD/mixed", "--l1-weight", "inf"], "--l1-weight must be 0"),
    "beyond both stages": (["restore", "--task", "denoise", "--data", "BAD/mixed", "--interpolation", "2"], "--interpolation"),
    "apply a GAN": (["apply", "BAD/run", "BAD/good.png", "--output", "out.png"], "no image-to-image run"),
    "apply no run": (["apply", "BAD/occupied", "BAD/good.png", "--output", "out.png"], "holds no run"),
    "edit nothing": (["edit", "BAD/run", "--attribute", "slant", "--output", "out.png"], "either --image or --data"),
    "an unknown attribute": (["edit", "BAD/run", "--data", "BAD/digits.npz", "--attribute", "age", "--output", "out.png"], "brightness, warmth"),
    "too few labels a class": (["augment_classifier", "--data", "BAD/digits.npz", "--labels", "50"], "has only"),
    "no film": ([*VIDEO, "--input", "BAD/nothing.mp4"], "nothing.mp4"),
    "a film without frames": ([*VIDEO, "--input", "BAD/no pictures"], "holds no frames"),
    "text as a film": ([*VIDEO, "--input", "BAD/text.jpg"], "text.jpg"),
    "no such style of a film": ([*VIDEO, "--input", "BAD/mixed", "--style", "BAD/nothing.png"], "nothing.png"),
    "no such network": (["video", "--input", "BAD/mixed", "--style", "BAD/good.png", "--network", "BAD/nothing"], "nothing"),
    "beyond the last frame": ([*VIDEO, "--input", "BAD/mixed", "--start", "9"], "--start must be"),
    "a film's run in a file": ([*VIDEO, "--input", "BAD/mixed", "--run-dir", "BAD/a file/run"], "a file"),
    "too steady": ([*VIDEO, "--input", "BAD/mixed", "--steadiness", "2"], "--steadiness"),
    "frames of gigapixels": ([*VIDEO, "--input", "BAD/mixed", "--max-pixels", "9"], "--max-pixels 9"),
    "a walk of no run": (["latent_walk", "BAD/occupied", "--output", "walk.gif"], "generator.keras"),
    "a walk as text": (["latent_walk", "BAD/run", "--output", "walk.txt"], "NAME.mp4 or NAME.gif"),
    "a walk of one point": (["latent_walk", "BAD/run", "--output", "walk.gif", "--points", "1"], "--points"),
    "evaluate without a classifier": (["evaluate", "BAD/run", "--classifier", "BAD/occupied", "--data", "BAD/digits.npz"], "occupied"),
}  # fmt: skip


def contents(folder):
    return {path: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.mark.parametrize("case", CASES)
def test_one_line_and_exit_code_2(case, bad, tmp_path, monkeypatch, capfd):
    words, culprit = CASES[case]
    words = [word.replace("BAD", str(bad)) for word in words]
    before = contents(bad)
    monkeypatch.chdir(tmp_path)
    main = importlib.import_module(f"experiments.{words[0]}").main
    with pytest.raises(SystemExit) as ended:
        options.command(lambda: main(words[1:]))
    error = capfd.readouterr().err.strip()
    assert ended.value.code == 2, error
    assert error.startswith("error: ")
    assert "Config" not in error
    assert "\n" not in error, error
    assert culprit in error, error
    assert contents(bad) == before
    assert not list(tmp_path.iterdir()), "nothing is made before the input is known to be good"


def test_there_are_at_least_forty():
    assert len(CASES) >= 40


@pytest.mark.slow
@pytest.mark.parametrize("case", ["truncated content", "unknown option", "another seed", "nan"])
def test_from_the_shell(case, bad):
    words, culprit = CASES[case]
    done = command(f"experiments.{words[0]}", *[word.replace("BAD", str(bad)) for word in words[1:]])
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert culprit in done.stderr
