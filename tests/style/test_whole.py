"""Large pictures in tiles come out as the whole would."""

import keras
import numpy as np
import pytest

from gan import features
from style import fast, networks, transfer, whole

NETWORKS = {
    "one": lambda: networks.johnson(4, 2),
    "many": lambda: networks.johnson(4, 1, 3),
    "skip": lambda: networks.johnson(4, 1, skip=True),
    **{
        way: lambda way=way: networks.arbitrary(features.load(), transfer.WAYS[way], (4, 8, 8))
        for way in ("adain", "covariance", "attention")
    },
}


def painter(name):
    keras.utils.set_random_seed(0)
    network = NETWORKS[name]()
    return (
        fast.Arbitrary(network)
        if networks.is_arbitrary(network)
        else fast.Named(network, ["a", "b", "c"][: 3 if name == "many" else 1])
    )


@pytest.mark.parametrize("name", NETWORKS)
def test_tiles_make_what_the_whole_makes(name, random, monkeypatch):
    made = painter(name)
    styles = [random.uniform(-1, 1, (1, 64, 80, 3)).astype(np.float32)] if isinstance(made, fast.Arbitrary) else ["a"]
    ramp = np.linspace(-1, 1, 1011)[None, None, :, None]  # so that tiles differ
    image = np.clip(0.5 * ramp + random.uniform(-0.5, 0.5, (1, 203, 1011, 3)), -1, 1).astype(np.float32)
    paint = made.with_styles(styles)
    at_once = paint(image)
    monkeypatch.setattr(fast, "AT_ONCE", 64 * 64)
    monkeypatch.setattr(whole, "TILE", 8 * whole.REACH)
    np.testing.assert_allclose(paint(image), at_once, atol=2e-3)
    assert at_once.shape == image.shape
    assert at_once.std() > 0.01
