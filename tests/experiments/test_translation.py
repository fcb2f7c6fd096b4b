"""Experiments that turn pictures into pictures: bit for bit after a stop, and what people get wrong."""

import importlib

import numpy as np
import pytest
from PIL import Image

from tests.experiments.test_harness import stats

TINY = "--steps 6 --tick 3 --batch-size 2 --image-size 16 --width 4 --d-width 4 --patches 16"
RESUMED = {
    "pix2pix": f"--data PAIRED {TINY}",
    "cyclegan": f"--data MANY --data-b MANY --blocks 1 --pool 3 {TINY}",
    "cut": f"--data MANY --data-b MANY --blocks 1 --fast {TINY}",
    "hybrid": f"--data MANY --data-b MANY --blocks 1 --variants perceptual both {TINY} --load-size 1 --image-size 32",
    "restore": "--task enhance --data MANY --steps 6 --adversarial-steps 6 --tick 3 --image-size 32 --width 4 --d-width 4",
}


def checkpoints(run):
    """Every array of the newest checkpoint of each stage."""
    import h5py

    arrays = {}
    for folder in sorted({path.parent for path in (run / "checkpoints").rglob("*[0-9].weights.h5")}):
        with h5py.File(max(folder.glob("*[0-9].weights.h5"))) as file:
            file.visititems(
                lambda name, item, stage=folder.name: (
                    arrays.__setitem__(f"{stage}/{name}", item[()]) if isinstance(item, h5py.Dataset) else None
                )
            )
    return arrays


@pytest.fixture(scope="session")
def many_folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("many")
    for index in range(20):
        noise = np.random.default_rng(index).integers(0, 256, (34 + 6 * (index % 2), 32, 3), np.uint8)
        Image.fromarray(noise).save(folder / f"{index}.png")
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("name", RESUMED)
def test_resumes_bit_for_bit(name, many_folder, pairs_folder, tmp_path, monkeypatch):
    """Decay, pools and counters: N steps, a crash after the checkpoint, and N more equal 2 N."""
    main = importlib.import_module(f"experiments.{name}").main
    words = RESUMED[name].replace("MANY", str(many_folder)).replace("PAIRED", str(pairs_folder)).split(" ")
    main([*words, "--run-dir", str(tmp_path / "whole")])

    def crash(self, step, means):
        raise RuntimeError("power cut")

    with monkeypatch.context() as patched:
        patched.setattr("experiments.harness.Progress.tick", crash)
        with pytest.raises(RuntimeError, match="power cut"):
            main([*words, "--run-dir", str(tmp_path / "parts")])
    main([*words, "--run-dir", str(tmp_path / "parts")])
    assert stats(tmp_path / "whole") == stats(tmp_path / "parts")
    left, right = (checkpoints(tmp_path / part) for part in ("whole", "parts"))
    assert left.keys() == right.keys()
    for key in left:
        np.testing.assert_array_equal(left[key], right[key], err_msg=key)
    if name == "cyclegan":
        assert sum("pool" in key for key in left) == 4


def run_of(name, words, folder, many, pairs):
    """A finished run of an experiment."""
    words = words.replace("MANY", str(many)).replace("PAIRED", str(pairs)).split(" ")
    importlib.import_module(f"experiments.{name}").main([*words, "--run-dir", str(folder)])
    return folder


RESTORE = "--data MANY --steps 1 --adversarial-steps 0 --tick 1 --image-size 32 --width 4 --blocks 1 --batch-size 2 --task"
ONE_STEP = "--steps 1 --tick 1 --image-size 16 --width 4 --d-width 4 --patches 16"
APPLIED = {
    "pix2pix": ("pix2pix", f"--data PAIRED {ONE_STEP}", 1),
    "cyclegan": ("cyclegan", f"--data MANY --data-b MANY --blocks 1 {ONE_STEP}", 1),
    "hybrid": ("hybrid", f"--data MANY --data-b MANY --blocks 1 {ONE_STEP.replace('size 16', 'size 32')}", 1),
    "colourise": ("restore", f"{RESTORE} colourise", 1),
    "inpaint": ("restore", f"{RESTORE} inpaint", 1),
    "super-resolve": ("restore", f"{RESTORE} super-resolve --scale 2", 2),
    "denoise": ("restore", f"{RESTORE} denoise", 1),
    "deblur": ("restore", f"{RESTORE} deblur", 1),
    "enhance": ("restore", f"{RESTORE} enhance", 1),
}


@pytest.fixture(scope="module")
def applicable(many_folder, pairs_folder, tmp_path_factory):
    """A finished run of each kind, made when it is first asked for."""
    made = {}

    def run(name):
        if name not in made:
            experiment, words, _ = APPLIED[name]
            made[name] = run_of(experiment, words, tmp_path_factory.mktemp(name) / "run", many_folder, pairs_folder)
        return made[name]

    return run


@pytest.fixture
def photo(tmp_path, random):
    """A picture whose sides no network takes, and a mask of it."""
    Image.fromarray(random.integers(0, 256, (45, 71, 3), np.uint8)).save(tmp_path / "photo.png")
    mask = np.zeros((45, 71), np.uint8)
    mask[10:30, 20:44] = 255
    Image.fromarray(mask).save(tmp_path / "mask.png")
    return tmp_path / "photo.png"


@pytest.mark.parametrize("name", APPLIED)
def test_applies_to_any_size(name, applicable, photo, tmp_path):
    """In one piece and in tiles, the size of the picture or the multiple of it; what is intact is kept."""
    from experiments import apply

    extra = ["--mask", str(tmp_path / "mask.png")] if name == "inpaint" else []
    made = []
    for tile in ("512", "32"):
        output = tmp_path / f"{tile}.png"
        apply.main([str(applicable(name)), str(photo), "--output", str(output), "--tile", tile, "--overlap", "16", *extra])
        made.append(np.asarray(Image.open(output)))
    scale = APPLIED[name][2]
    assert {one.shape for one in made} == {(45 * scale, 71 * scale, 3)}
    before = np.asarray(Image.open(photo))
    if name == "inpaint":
        hole = np.asarray(Image.open(tmp_path / "mask.png")) > 127
        np.testing.assert_array_equal(made[0][~hole], before[~hole])
        np.testing.assert_array_equal(made[1][~hole], before[~hole])
        assert (made[0][hole] != before[hole]).mean() > 0.9
    if name == "colourise":
        from gan import lab

        lightness = [lab.from_rgb(each.astype(np.float32) / 127.5 - 1)[..., 0] for each in (made[0], before)]
        assert np.abs(lightness[0] - lightness[1]).max() < 0.05


@pytest.mark.parametrize("name", ["cyclegan", "hybrid"])
def test_a_large_picture_in_tiles_is_that_in_one_piece(name, applicable, tmp_path, random, monkeypatch):
    from experiments import apply
    from style import fast, whole

    ramp = np.linspace(0, 200, 1011)[None, :, None]  # so that tiles differ
    Image.fromarray((ramp + random.uniform(0, 55, (203, 1011, 3))).astype(np.uint8)).save(tmp_path / "large.png")
    made = []
    for at_once in (fast.AT_ONCE, 64 * 64):
        monkeypatch.setattr(fast, "AT_ONCE", at_once)
        monkeypatch.setattr(whole, "TILE", 8 * whole.REACH)
        apply.main([str(applicable(name)), str(tmp_path / "large.png"), "--output", str(tmp_path / f"{at_once}.png")])
        made.append(np.asarray(Image.open(tmp_path / f"{at_once}.png")).astype(int))
    assert np.abs(made[0] - made[1]).max() <= 1
    assert made[0].std() > 3


def test_translations_stand_in_one_table(applicable, many_folder, tmp_path):
    import json

    from experiments import compare_translations
    from gan.errors import InputError

    words = [
        "--data",
        str(many_folder),
        "--data-b",
        str(many_folder),
        "--image-size",
        "32",
        "--run-dir",
        str(tmp_path / "table"),
    ]
    cyclegan = applicable("cyclegan")
    compare_translations.main([str(cyclegan), str(cyclegan / "backward.keras"), "arbitrary", *words])
    results = json.loads((tmp_path / "table" / "results.json").read_text())
    assert list(results["rows"]) == ["source_as_it_is", "copied", "colours matched", "run", "run/backward", "arbitrary"]
    assert results["rows"]["source_as_it_is"]["content"]["value"] == 0
    assert len((tmp_path / "table" / "table.md").read_text().splitlines()) == 8
    assert Image.open(tmp_path / "table" / "wall.png").size == (5 * 32, 4 * 32)
    with pytest.raises(InputError, match="does not turn pictures into pictures"):
        compare_translations.main([str(applicable("inpaint")), *words[:-1], str(tmp_path / "other")])

    seeds = tmp_path / "some-0", tmp_path / "some-1"
    for seed, name in zip(seeds, ("generator", "backward"), strict=True):
        seed.mkdir()
        (seed / "generator.keras").write_bytes((cyclegan / f"{name}.keras").read_bytes())
    compare_translations.main([*map(str, seeds), *words[:-1], str(tmp_path / "seeds")])
    results = json.loads((tmp_path / "seeds" / "results.json").read_text())
    kids = [results["rows"][seed.name]["kid4"]["value"] for seed in seeds]
    table = (tmp_path / "seeds" / "table.md").read_text()
    assert f"| some (2 seeds) | {np.mean(kids):.4g} ± {np.std(kids, ddof=1):.2g} |" in table
    assert Image.open(tmp_path / "seeds" / "wall.png").size == (3 * 32, 4 * 32)


def test_trainings_of_several_seeds_stand_in_one_table(applicable, many_folder, pairs_folder, tmp_path, capsys):
    import json

    from experiments import tabulate
    from gan.errors import InputError

    values = []
    for seed in range(2):
        words = RESTORE.replace("--task", f"--seed {seed} --task")
        run = run_of("restore", f"{words} enhance", tmp_path / f"enhance-{seed}", many_folder, pairs_folder)
        values.append(json.loads((run / "results.json").read_text())["stages"]["reconstruction"]["psnr"]["value"])
    runs = [str(tmp_path / f"enhance-{seed}") for seed in range(2)]
    capsys.readouterr()
    tabulate.main(runs)
    table = capsys.readouterr().out
    assert table.startswith("| figure | enhance (2 seeds) |")
    assert f"| stages, reconstruction, psnr | {np.mean(values):.4g} ± {np.std(values, ddof=1):.2g} |" in table
    with pytest.raises(InputError, match="cannot stand in one table"):
        tabulate.main([runs[0], str(applicable("denoise"))])
    with pytest.raises(InputError, match="last names differ"):
        tabulate.main([runs[0], runs[0]])


def test_a_network_for_named_styles_stands_in_the_table_too(many_folder, random):
    from pathlib import Path

    from experiments.compare_translations import Config, painter_of
    from gan.errors import InputError
    from style import fast

    file = fast.SHIPPED / "many.keras"
    config = Config(runs=(file,), data=many_folder, data_b=many_folder, style=3)
    images = random.uniform(-1, 1, (1, 32, 32, 3)).astype(np.float32)
    expected = fast.load("many").with_styles([fast.load("many").styles[3]])(images)
    np.testing.assert_allclose(painter_of(config, file, None)(images), expected, atol=1e-6)
    with pytest.raises(InputError, match="less than the 12 styles"):
        painter_of(Config(runs=(file,), data=many_folder, data_b=many_folder, style=12), Path("many"), None)


def test_a_restorer_has_weights_between_those_of_its_stages(many_folder, pairs_folder, tmp_path):
    import json

    from experiments import runs

    words = RESTORE.replace("--adversarial-steps 0", "--adversarial-steps 2 --d-width 4 --interpolation 0.25")
    run = run_of("restore", f"{words} enhance", tmp_path / "run", many_folder, pairs_folder)
    names = "reconstruction", "adversarial", "generator"
    first, second, between = (runs.load(run, name).get_weights() for name in names)
    for a, b, c in zip(first, second, between, strict=True):
        np.testing.assert_allclose(c, 0.75 * a + 0.25 * b, atol=1e-6)
    assert any(np.abs(a - b).max() > 1e-5 for a, b in zip(first, second, strict=True))
    results = json.loads((run / "results.json").read_text())
    assert list(results["stages"]) == ["baseline", "reconstruction", "adversarial", "interpolated"]
    assert results["psnr"] == results["stages"]["interpolated"]["psnr"]


def test_applies_to_a_folder_and_backwards(applicable, many_folder, tmp_path):
    from experiments import apply

    apply.main([str(applicable("cyclegan")), str(many_folder), "--output", str(tmp_path / "out"), "--network", "backward"])
    assert len(list((tmp_path / "out").glob("*.png"))) == len(list(many_folder.iterdir()))


@pytest.mark.parametrize("what", ["black", "white", "size", "none", "not inpaint", "there", "itself", "no run", "backward"])
def test_what_apply_refuses(what, applicable, photo, tmp_path, digits_file):
    from experiments import apply, dcgan
    from gan.errors import InputError

    name, mask, output = "inpaint", tmp_path / "other.png", tmp_path / "output.png"
    Image.fromarray(np.full((45, 70 if what == "size" else 71), 255 * (what == "white"), np.uint8)).save(mask)
    words, culprit = ["--mask", str(mask)], what
    if what == "black":
        culprit = "no holes"
    elif what == "white":
        culprit = "white all over"
    elif what == "size":
        culprit = "70 x 45 and 71 x 45"
    elif what == "none":
        words, culprit = [], "needs --mask"
    elif what == "not inpaint":
        name, culprit = "pix2pix", "--mask is for runs of --task inpaint"
    elif what == "there":
        output.write_text("years of work")
        culprit = "--overwrite"
    elif what == "itself":
        output, culprit = photo, "a file of its own"
        words += ["--overwrite"]
    elif what == "backward":
        words, culprit = ["--network", "backward"], "backward.keras"
    run = applicable(name)
    if what == "no run":
        dcgan.main(["--data", str(digits_file), "--steps", "1", "--tick", "1", "--width", "4", "--batch-size", "4",
                    "--run-dir", str(tmp_path / "dcgan")])  # fmt: skip
        run, words, culprit = tmp_path / "dcgan", [], "no image-to-image run"
    with pytest.raises(InputError, match=culprit):
        apply.main([str(run), str(photo), "--output", str(output), *words])
    assert what == "there" or what == "itself" or not output.exists()


def digits_run(digits_file, folder):
    from experiments import dcgan

    tiny = ["--steps", "1", "--tick", "1", "--width", "4", "--batch-size", "4", "--latent-dim", "6"]
    dcgan.main(["--data", str(digits_file), *tiny, "--run-dir", str(folder)])
    return folder


SHORT = ["--encoder-steps", "2", "--steps", "2", "--count", "2", "--strengths", "-1", "2"]


def test_edits_by_a_measured_attribute_and_by_a_table(digits_file, pictures_folder, tmp_path):
    import json

    from experiments import edit

    run = digits_run(digits_file, tmp_path / "run")
    measured = ["--data", str(digits_file), "--attribute", "slant", "--output", str(tmp_path / "slant.png")]
    edit.main([str(run), *measured, *SHORT])
    assert Image.open(tmp_path / "slant.png").size == (16 * 4, 16 * 2)
    told = json.loads((tmp_path / "slant.json").read_text())
    assert [each["strength"] for each in told["sweep"]] == [-1, 2]
    assert len(told["sweep"][0]["identity_distance"]) == len(told["inversion"]["distance"]) == 2
    table = "file,Smiling\n" + "\n".join(f"{index}.png,{index % 2 * 2 - 1}" for index in range(4))
    (tmp_path / "table.csv").write_text(table)
    by_table = ["--image", str(pictures_folder / "1.png"), "--attribute", "Smiling", "--labels", str(tmp_path / "table.csv")]
    by_table += ["--label-images", str(pictures_folder), "--output", str(tmp_path / "smile.png")]
    edit.main([str(run), *by_table, *SHORT])
    assert Image.open(tmp_path / "smile.png").size == (16 * 4, 16)
    assert "attribute" not in json.loads((tmp_path / "smile.json").read_text())["sweep"][0]


@pytest.mark.parametrize(
    ("words", "culprit"),
    [
        (["--attribute", "age"], "brightness, warmth"),
        (["--attribute", "age", "--labels", "TABLE", "--label-images", "."], "column of"),
        (["--attribute", "young", "--labels", "TABLE", "--label-images", "."], "must hold numbers"),
        (["--attribute", "slant", "--labels", "TABLE"], "need each other"),
        (["--attribute", "slant", "--image", "x.png"], "either --image or --data"),
    ],
)
def test_what_edit_refuses(words, culprit, digits_file, tmp_path):
    from experiments import edit
    from gan.errors import InputError

    (tmp_path / "table.csv").write_text("file,young\na.png,yes\nb.png,no\nc.png,no\nd.png,no\n")
    run = digits_run(digits_file, tmp_path / "run")
    words = [word.replace("TABLE", str(tmp_path / "table.csv")) for word in words]
    with pytest.raises(InputError, match=culprit):
        edit.main([str(run), "--data", str(digits_file), *words, "--output", str(tmp_path / "x.png"), *SHORT])


def test_one_picture_is_no_set(many_folder, tmp_path):
    from experiments import cyclegan
    from gan.errors import InputError

    alone = tmp_path / "alone"
    alone.mkdir()
    (alone / "0.png").write_bytes((many_folder / "0.png").read_bytes())
    with pytest.raises(InputError, match=r"alone' must hold two or more"):
        cyclegan.main(
            ["--data", str(many_folder), "--data-b", str(alone), "--image-size", "16", "--run-dir", str(tmp_path / "r")]
        )
    assert not (tmp_path / "r").exists()


def test_more_folders_add_to_the_training_alone(many_folder, pictures_folder):
    from experiments import restoration, restore

    task = restoration.task("denoise", 4, 25.0, 0.25)
    alone, both = (
        restore.photographs(restore.Config(task="denoise", data=folders, image_size=32), task)
        for folders in ((many_folder,), (many_folder, pictures_folder))
    )
    assert len(both[0]) == len(alone[0]) + len(list(pictures_folder.glob("*.png")))
    assert all(np.array_equal(*each) for each in zip(both[1], alone[1], strict=True))


def test_a_picture_that_is_damaged_twice_has_the_mean_of_its_scores(random):
    from experiments import restoration, restore
    from gan import features

    clean = list(random.uniform(-0.5, 0.5, (2, 64, 64, 3)).astype(np.float32))
    errors = np.float32([0.1, 0.2, 0.4, 0.05])  # first of both pictures, then of both again
    images = [image + error for image, error in zip(clean * 2, errors, strict=True)]
    scores = restore.judged(restoration.task("inpaint", 4, 25.0, 0.25), images, clean, features.load("compact"))
    expected = -20 * np.log10(errors / 2).reshape(2, 2)
    np.testing.assert_allclose(scores["psnr"], expected.mean(0), atol=0.01)
    assert all(len(values) == len(clean) for values in scores.values())
