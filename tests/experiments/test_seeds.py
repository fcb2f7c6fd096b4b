import pytest

from experiments import seeds


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
