"""Every experiment runs for seconds at a tiny size, and the same command again ends at once with its results."""

import importlib
import json
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from experiments.options import summaries
from gan.errors import InputError
from tests.conftest import command

SMOKE = {
    "adain": "--data MANY --style-data MANY PICTURES --steps 2 --tick 1 --image-size 32 --batch-size 2 --widths 4 4 4",
    "augment_classifier": "--data DIGITS --labels 3 --seeds 1 --gan-steps 2 --steps 2 --batch-size 4 --width 4 --drawn 8",
    "classifier": "--data DIGITS --steps 2 --tick 1 --batch-size 4",
    "compare_extractors": "--data . --pairs PAIRS --candidate TEACHER --reference TEACHER --image-size 48 --steps 2",
    "compare_optimisers": "--image-size 48 --evaluations 3",
    "conditional_gan": "--data DIGITS --steps 2 --tick 1 --batch-size 4 --width 4",
    "cut": "--data MANY --data-b MANY --steps 2 --tick 1 --image-size 16 --width 4 --d-width 4 --patches 16 --blocks 1",
    "cyclegan": "--data MANY --data-b MANY --steps 2 --tick 1 --image-size 16 --width 4 --d-width 4 --patches 16 --blocks 1",
    "dcgan": "--data DIGITS --steps 2 --tick 1 --batch-size 4 --width 4",
    "distil_features": "--data PICTURES --teacher TEACHER --steps 6 --tick 2 --batch-size 2 --image-size 64",
    "fast_style": "--data MANY --style PICTURES/2.png PICTURES/3.png --steps 2 --tick 1 --image-size 32 --width 4 --blocks 1",
    "gamma_sensitivity": "--data DIGITS --steps 26 --gammas 0.1 --samples 16 --width 4",
    "gaussians": "--layout ring --steps 2 --tick 1 --batch-size 8 --width 8 --samples 50",
    "gaussian_matrix": "--layout ring --steps 2 --batch-size 8 --samples 50 --losses hinge --penalties none r1",
    "evaluate_style": "--data . --pairs PAIRS --wall-pairs PAIRS --judge TEACHER --image-size 96 --steps 2 --baseline-steps 2"
    " --methods default sliced",
    "gan_style": "--gan-steps 2 --style-steps 2 --tick 1 --patch-size 32 --style-size 48 --sheet-size 48 --image-size 48",
    "gatys": "--steps 2 --tick 1 --image-size 48",
    "hybrid": "--data MANY --data-b MANY PICTURES --variants perceptual both --steps 2 --tick 1 --image-size 32 --width 4 "
    "--d-width 4 --patches 16 --blocks 1 --load-size 1",
    "loss_matrix": "--data DIGITS --steps 3 --batch-size 4 --width 4 --losses hinge minimax --regularisers R1 clipping",
    "loss_comparison": "--data DIGITS --losses hinge wasserstein --seeds 2 --steps 2 --batch-size 4 --width 4 --samples 16",
    "pix2pix": "--data PAIRED --steps 2 --tick 1 --image-size 16 --width 4 --d-width 4 --patches 16 --load-size 1.5",
    "r3gan": "--data DIGITS --steps 2 --tick 1 --batch-size 4 --width 4 --most 8",
    "restore": "--task inpaint --data MANY --steps 2 --adversarial-steps 1 --tick 1 --image-size 32 --width 4 --d-width 4 "
    "--batch-size 2",
    "small_data": "--data MANY --count 8 --image-size 16 --steps 2 --batch-size 4 --samples 20 --augments none diffaugment",
    "stacked_mnist": "--data DIGITS --steps 2 --tick 1 --batch-size 4 --width 4 --samples-judged 40",
    "style_strength": "--sizes 48 64 --steps 2",
    "stylegan2": "--data PICTURES --image-size 16 --steps 2 --tick 1 --batch-size 4 --width 4 --most 8",
    "video": "--input FILM --style samples/ihc.png --method optimise --steps 2 --following-steps 2 --image-size 48 "
    "--baseline-pairs 1",
    "wgan_gp": "--data DIGITS --steps 2 --tick 1 --batch-size 4 --width 4",
}
USES_A_RUN = {
    "apply", "augmentation_leaks", "compare_translations", "edit", "evaluate", "latent_walk", "sample", "stylise", "tabulate",
}  # fmt: skip


@pytest.fixture(scope="module")
def tiny(digits_file, pictures_folder, pairs_folder, tmp_path_factory):
    """The arguments of each experiment at its smallest, on files made for the purpose."""
    from gan.networks import compact

    folder = tmp_path_factory.mktemp("inputs")
    compact.extractor().save(folder / "teacher.keras")
    pairs = {"pairs": [{"name": "a pair", "content": str(pictures_folder / "0.png"), "style": str(pictures_folder / "2.png")}]}
    (folder / "pairs.json").write_text(json.dumps(pairs))
    many = tmp_path_factory.mktemp("many")
    for index in range(20):
        noise = np.random.default_rng(index).integers(0, 256, (34, 32, 3), np.uint8)
        Image.fromarray(noise).save(many / f"{index}.png")
    film = tmp_path_factory.mktemp("film")
    for index in range(3):
        Image.fromarray(np.roll(noise.repeat(2, 1), 2 * index, 1)).save(film / f"{index}.png")
    files = {
        "MANY": many,
        "DIGITS": digits_file,
        "PICTURES": pictures_folder,
        "PAIRED": pairs_folder,
        "TEACHER": folder / "teacher.keras",
        "PAIRS": folder / "pairs.json",
        "FILM": film,
    }

    def replaced(word):
        first, *rest = word.split("/")
        return str(Path(files[first], *rest)) if first in files else word

    def arguments(name, run):
        return [replaced(word) for word in SMOKE[name].split()] + ["--run-dir", str(run)]

    return arguments


def main_of(name):
    return importlib.import_module(f"experiments.{name}").main


def test_every_experiment_is_here():
    assert set(SMOKE) | USES_A_RUN == set(summaries())


@pytest.mark.parametrize("name", SMOKE)
def test_runs_and_runs_again(name, tiny, tmp_path, capsys):
    arguments = tiny(name, tmp_path / "run")
    main_of(name)(arguments)
    results = json.loads((tmp_path / "run" / "results.json").read_text())
    assert results["experiment"] == f"experiments.{name}"
    for value in results.values():
        if isinstance(value, str) and value.endswith((".png", ".md")):
            assert (tmp_path / "run" / value).stat().st_size > 0
    capsys.readouterr()
    with pytest.raises(SystemExit) as ended:
        main_of(name)(arguments)
    assert ended.value.code == 0
    assert f"experiments.{name}" in capsys.readouterr().out


def run_and_classifier(tiny, name, folder):
    """Run directories of a small training and of a classifier that can judge it."""
    for each in (name, "classifier"):
        main_of(each)(tiny(each, folder / each))
    return folder / name, folder / "classifier"


def test_sample_and_evaluate_use_a_run(tiny, digits_file, tmp_path):
    dcgan, classifier = run_and_classifier(tiny, "dcgan", tmp_path)
    main_of("sample")([str(dcgan), "--count", "5", "--seed", "2"])
    assert len(list((dcgan / "drawn" / "seed-2").glob("*.png"))) == 6
    first = (dcgan / "drawn" / "seed-2" / "grid.png").read_bytes()
    main_of("sample")([str(dcgan), "--count", "5", "--seed", "2"])
    assert (dcgan / "drawn" / "seed-2" / "grid.png").read_bytes() == first
    main_of("evaluate")(
        [str(dcgan), "--classifier", str(classifier), "--data", str(digits_file), "--samples", "7", "--path-length", "5"]
    )
    evaluation = json.loads((dcgan / "evaluation.json").read_text())
    assert evaluation["generated"]["count"] == 7 == sum(evaluation["generated"]["classes"])
    assert evaluation["real"]["count"] == 7


def test_a_walk_through_the_latents_of_a_run(tiny, tmp_path):
    from experiments import frames

    for name in ("dcgan", "conditional_gan"):
        main_of(name)(tiny(name, tmp_path / name))
        for suffix in ("gif", "mp4"):
            film = tmp_path / "films" / f"{name}.{suffix}"
            options = ["--points", "2", "--seconds", "0.5", "--rate", "10", "--grid", "2"]
            main_of("latent_walk")([str(tmp_path / name), "--output", str(film), *options])
            assert frames.open_film(film).length() == 5
            assert frames.open_film(film).size == (32, 32)
    with pytest.raises(InputError, match="exists"):
        main_of("latent_walk")([str(tmp_path / "dcgan"), "--output", str(film)])


def test_runs_that_were_judged_alike_stand_in_one_table(tiny, digits_file, tmp_path, capsys):
    for seed in range(2):
        main_of("dcgan")([*tiny("dcgan", tmp_path / f"dcgan-{seed}"), "--seed", str(seed)])
        main_of("evaluate")([str(tmp_path / f"dcgan-{seed}"), "--data", str(digits_file), "--samples", "20"])
    both = [str(tmp_path / f"dcgan-{seed}") for seed in range(2)]
    main_of("tabulate")([*both, "--output", str(tmp_path / "table.md")])
    table = (tmp_path / "table.md").read_text()
    assert "| dcgan (2 seeds) |" in table
    assert "| real images |" in table
    assert " ± " in table
    main_of("evaluate")([both[1], "--data", str(digits_file), "--samples", "16"])
    with pytest.raises(InputError, match="generated_count: 20 and 16"):
        main_of("tabulate")(both)
    with pytest.raises(InputError, match="--overwrite"):
        main_of("tabulate")([both[0], "--output", str(tmp_path / "table.md")])


def test_the_best_generator_is_kept(tiny, tmp_path):
    main_of("dcgan")([*tiny("dcgan", tmp_path / "run"), "--keep-best"])
    assert (tmp_path / "run" / "best.keras").is_file()
    lines = [json.loads(line) for line in (tmp_path / "run" / "stats.jsonl").read_text().splitlines()]
    assert all(any(key.startswith("metric/kid") for key in line) for line in lines)


def test_the_list_names_every_experiment():
    listing = command("experiments").stdout
    assert all(f"experiments.{name} " in listing for name in summaries())
    assert len(listing.splitlines()) == len(summaries())


@pytest.mark.parametrize("name", summaries())
def test_help_does_not_import_tensorflow(name):
    code = f"import sys, runpy; sys.argv = ['{name}', '--help']\n"
    code += f"try: runpy.run_module('experiments.{name}', run_name='__main__', alter_sys=True)\n"
    code += "except SystemExit as e: assert not e.code\nassert 'tensorflow' not in sys.modules and 'keras' not in sys.modules"
    import subprocess

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "--help" in done.stdout


@pytest.mark.parametrize("name", ["r3gan", "stylegan2"])
def test_another_process_can_sample(name, tiny, tmp_path):
    main_of(name)(tiny(name, tmp_path / "run"))
    done = command("experiments.sample", tmp_path / "run", "--count", "2")
    assert done.returncode == 0, done.stderr


def test_points_are_no_pictures(tiny, digits_file, tmp_path):
    main_of("gaussians")(tiny("gaussians", tmp_path / "run"))
    for name, arguments in (("sample", []), ("evaluate", ["--data", str(digits_file)])):
        with pytest.raises(InputError, match="points of 2 dimensions"):
            main_of(name)([str(tmp_path / "run"), *arguments])


def test_leaks_are_judged_against_the_first_run(tiny, digits_file, tmp_path):
    for name in ("plain", "augmented"):
        extra = ["--augment", "ada"] if name == "augmented" else []
        main_of("dcgan")([*tiny("dcgan", tmp_path / name), *extra])
    command_line = [str(tmp_path / "plain"), str(tmp_path / "augmented"), "--data", str(digits_file), "--samples", "8"]
    main_of("augmentation_leaks")([*command_line, "--steps", "2", "--tick", "1", "--run-dir", str(tmp_path / "leaks")])
    results = json.loads((tmp_path / "leaks" / "results.json").read_text())
    assert list(results["leak"]) == [str(tmp_path / "augmented")]
    assert set(results["flagged"]) == {"real", "changed", "generated"}


def test_conditional_runs_draw_the_asked_class(tiny, digits_file, tmp_path):
    run, classifier = run_and_classifier(tiny, "conditional_gan", tmp_path)
    main_of("sample")([str(run), "--count", "3", "--label", "7"])
    assert len(list((run / "drawn" / "seed-0-label-7").glob("*.png"))) == 4
    options = ["--samples", "20", "--path-length", "6"]
    main_of("evaluate")([str(run), "--classifier", str(classifier), "--data", str(digits_file), *options])
    assert json.loads((run / "evaluation.json").read_text())["generated"]["ppl6_z_compact"]["value"] > 0
    assert 0 <= json.loads((run / "evaluation.json").read_text())["generated"]["agreement"] <= 1
    done = command("experiments.sample", run, "--count", "2", "--seed", "5")  # another process knows the layers of the file too
    assert done.returncode == 0, done.stderr
    with pytest.raises(InputError, match="0 to 9"):
        main_of("sample")([str(run), "--label", "10"])


def test_copying_is_told_in_words():
    from experiments.small_data import verdict

    assert verdict(0.1, (0.05, 0.15), (0.4, 0.6)).startswith("fails: only 10%")
    assert verdict(0.38, (0.3, 0.45), (0.4, 0.6)).startswith("passes")


def test_whether_a_gan_helps_is_told_with_its_interval(random):
    from experiments.augment_classifier import classical, interval, verdict

    low, high = interval(np.array([0.1, 0.2, 0.3]))
    assert (low + high) / 2 == pytest.approx(0.2)
    assert (high - low) / 2 == pytest.approx(4.3027 * 0.1 / np.sqrt(3), rel=1e-4)
    assert verdict((0.01, 0.02)) == "helps"
    assert verdict((-0.02, -0.01)) == "harms"
    assert verdict((-0.01, 0.01)).startswith("no difference")
    assert verdict(interval(np.array([0.1]))) == "one seed tells nothing"
    images = random.uniform(-1, 1, (3, 16, 16, 2)).astype(np.float32)
    changed = classical(images, np.random.default_rng(1))
    assert changed.shape == images.shape
    np.testing.assert_array_equal(changed, classical(images, np.random.default_rng(1)))
    assert np.abs(changed).max() <= 1
    assert np.abs(changed - images).max() > 0.1


def test_the_matrix_names_the_cause_of_a_failure():
    from experiments.loss_matrix import verdict

    def history(gradients):
        return [{"loss/generator": 1.0, "gradient/generator": gradient} for gradient in gradients]

    assert verdict(history([1.0] * 100), share=0.9, distance=0.2) == "trains"
    assert verdict([*history([1.0] * 3), *history([float("nan")])], 0.9, 0.2) == "gradient/generator became nan at step 4"
    assert verdict(history([1.0] * 50 + [1e-3] * 50), 0.9, 0.2).startswith("D wins")
    assert verdict(history([1.0] * 100), 0.1, 0.2).startswith("collapse")
    assert verdict(history([1.0] * 100), 0.9, 0.8).startswith("has not learned")


def test_the_options_name_every_loss_and_penalty():
    from typing import get_args

    from experiments.options import Loss, Penalty
    from gan.losses import OBJECTIVES
    from gan.penalties import PENALTIES

    assert get_args(Loss) == tuple(OBJECTIVES)
    assert get_args(Penalty) == tuple(PENALTIES)


def test_the_options_of_gatys_name_what_there_is():
    from typing import get_args, get_type_hints

    from experiments.gatys import Config
    from style import colour, objectives, optimise, parameterisation

    hints = get_type_hints(Config)
    rows = {
        "style_loss": objectives.STYLES,
        "content_loss": objectives.CONTENTS,
        "optimizer": optimise.OPTIMISED,
        "parameterisation": parameterisation.PARAMETERISATIONS,
        "colour": colour.COLOURS,
    }
    for field, table in rows.items():
        assert get_args(hints[field]) == tuple(table)
    defaults = Config()
    assert (defaults.style_loss, defaults.steps) == (optimise.STYLE_LOSS, optimise.STEPS)
    assert defaults.parameterisation == optimise.PARAMETERISATION
    assert (defaults.learning_rate, defaults.jitter, defaults.flips) == (
        optimise.LEARNING_RATE,
        optimise.JITTER,
        optimise.FLIPS,
    )
