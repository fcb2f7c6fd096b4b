import json

import pytest

from experiments import seeds
from gan.errors import InputError


def test_names_that_differ_in_a_number_at_their_end_are_one_group():
    runs = {
        "cut-0": 1.0,
        "cut-1": 2.0,
        "r3gan": 3.0,
        "parts-2/both": 4.0,
        "parts-3/both": 5.0,
        "stylegan-2-small": 6.0,
        "vgg-16": 7.0,
    }
    assert seeds.grouped(runs) == {
        "cut (2 seeds)": [1.0, 2.0],
        "r3gan": [3.0],
        "parts/both (2 seeds)": [4.0, 5.0],
        "stylegan-2-small": [6.0],
        "vgg-16": [7.0],
    }


@pytest.mark.parametrize(("values", "told"), [([1.0, 3.0], "2 ± 1.4"), ([0.25], "0.25"), ([], "-")])
def test_mean_and_deviation(values, told):
    assert seeds.spread(values) == told


def test_trainings_that_differ_in_more_than_their_seed_are_told(tmp_path):
    def run(name, **options):
        (tmp_path / name).mkdir()
        (tmp_path / name / "config.json").write_text(json.dumps({"options": options | {"run_dir": name}}))
        return tmp_path / name

    alike = [run(f"r1-{seed}", seed=seed, gamma=1.0) for seed in range(2)]
    seeds.check([*alike, run("wgan-0", seed=0, gamma=5.0), tmp_path / "no run-1"])
    with pytest.raises(InputError, match=r"r1-0' and '.*r1-10' are no seeds of one training \(gamma: 1.0 and 10.0\)"):
        seeds.check([*alike, run("r1-10", seed=0, gamma=10.0)])
