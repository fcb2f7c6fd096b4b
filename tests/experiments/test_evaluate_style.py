"""Comparing a method with the baseline at the same content distance."""

import pytest

from experiments.evaluate_style import JUDGES, Config, against_baseline, share_removed
from gan.errors import InputError


def result(content: float, value: float) -> dict:
    return {"content": content, **dict.fromkeys(JUDGES, value)}


def test_the_baseline_is_interpolated_in_the_logarithm():
    curve = [result(0.2, 1.0), result(0.6, 0.01)]
    assert against_baseline(result(0.4, 0.05), curve) == pytest.approx(dict.fromkeys(JUDGES, 0.5))


def test_the_baseline_itself_is_no_better_and_no_worse():
    curve = [result(0.6, 0.3), result(0.2, 1.0), result(0.4, 0.5)]
    for point in curve:
        assert against_baseline(point, curve) == pytest.approx(dict.fromkeys(JUDGES, 1.0))


def test_beyond_the_baseline_its_nearest_point_counts():
    curve = [result(0.2, 1.0), result(0.6, 0.25)]
    assert against_baseline(result(0.9, 0.5), curve) == pytest.approx(dict.fromkeys(JUDGES, 2.0))
    assert against_baseline(result(0.1, 0.5), curve) == pytest.approx(dict.fromkeys(JUDGES, 0.5))


def test_what_is_removed_is_a_share_of_what_the_baseline_removes():
    curve, floor = [result(0.2, 1.0), result(0.6, 0.01)], result(0.1, 1.1)
    assert share_removed(result(0.4, 0.1), floor, curve) == pytest.approx(1)
    assert share_removed(result(0.4, 0.6), floor, curve) == pytest.approx(0.5)
    assert share_removed(result(0.4, 1.1), floor, curve) == pytest.approx(0)


def test_each_network_has_a_row_in_each_way():
    config = Config(methods=("gram", "network", "network, refined"), network=("arbitrary", "runs/attention"))
    assert config.rows == ("gram", "arbitrary", "attention", "arbitrary, refined", "attention, refined")
    assert config.networks["attention, refined"] == ("runs/attention", 50)


@pytest.mark.parametrize("networks", [(), ("arbitrary", "runs/arbitrary"), ("runs/gram",)])
def test_networks_have_names_of_their_own(networks):
    with pytest.raises(InputError, match="last names differ"):
        Config(network=networks)
