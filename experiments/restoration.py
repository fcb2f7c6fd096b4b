"""The kinds of damage that `restore` learns to undo: how each is made, what the network is given and what it is asked for."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    import keras

Name = Literal["colourise", "inpaint", "super-resolve", "denoise", "deblur", "enhance"]
DOWNS = 5  # stages of the U-Nets
TUNED_ON = 5  # pictures


@dataclass(frozen=True)
class Task:
    """One kind of damage. Pictures are float32 `[N, H, W, 3]` in [-1, 1].

    Fields:
        damage: pictures and random numbers -> damaged pictures; the holes of `inpaint` are their fourth channel.
        source: damaged pictures -> what the network is given.
        target: pictures -> what it is asked for.
        picture: what it was given and what it made -> pictures.
        network: width and blocks -> the network.
        baseline: damaged pictures and the right answers, one by one -> restored without learning.
        distance: what the reconstruction stage makes small, by its name in `gan.image_losses`.
        draws: how often each picture is damaged to be judged: a hole says little of all the others.
        scenes: about scenes, scaled down, not about cut-outs at the photographs' own resolution.
        colours: the network makes a and b of L*a*b* alone.
    """

    damage: Callable[[np.ndarray, np.random.Generator], np.ndarray]
    source: Callable[[np.ndarray], np.ndarray]
    target: Callable[[np.ndarray], np.ndarray]
    picture: Callable[[np.ndarray, np.ndarray], np.ndarray]
    network: Callable[[int, int], "keras.Model"]
    baseline: Callable[[Sequence[np.ndarray], Sequence[np.ndarray]], list[np.ndarray]]
    baseline_name: str
    distance: Literal["l1", "root_mean_square"] = "l1"
    draws: int = 1
    scenes: bool = False
    scale: int = 1
    luminance: bool = False
    colours: bool = False


def same(images: np.ndarray) -> np.ndarray:
    return images


def made(source: np.ndarray, output: np.ndarray) -> np.ndarray:
    return np.clip(output, -1, 1)


def untouched(damaged: Sequence[np.ndarray], clean: Sequence[np.ndarray]) -> list[np.ndarray]:
    return [np.clip(image, -1, 1) for image in damaged]


def colourise() -> Task:
    from gan import lab

    def network(width: int, blocks: int):
        from gan.networks import translation

        return translation.unet(1, 2, width, DOWNS, "none", 0.0)

    return Task(
        damage=lambda images, random: lab.to_rgb(lab.from_rgb(images) * np.float32([1, 0, 0])),
        source=lambda damaged: lab.from_rgb(damaged)[..., :1],
        target=lambda images: lab.from_rgb(images)[..., 1:],
        picture=lambda source, output: lab.to_rgb(np.concatenate([source, output], -1)),
        network=network,
        baseline=untouched,
        baseline_name="grey",
        scenes=True,
        colours=True,
    )


def biharmonic(damaged: Sequence[np.ndarray], clean: Sequence[np.ndarray]) -> list[np.ndarray]:
    from skimage.restoration import inpaint_biharmonic

    filled = [inpaint_biharmonic(image[..., :3], image[..., 3] > 0.5, channel_axis=-1) for image in damaged]
    return [np.clip(image, -1, 1).astype(np.float32) for image in filled]


def inpaint(share: float) -> Task:
    from gan import degrade

    def damage(images: np.ndarray, random: np.random.Generator) -> np.ndarray:
        mask = degrade.holes(len(images), images.shape[1:3], share, random)
        return np.concatenate([images * (1 - mask), mask], -1)

    def network(width: int, blocks: int):
        from gan.networks import translation

        return translation.unet(4, 3, width, DOWNS, "none", 0.0, "holes")

    return Task(damage, same, same, made, network, biharmonic, "biharmonic", "root_mean_square", draws=8, scenes=True)


def super_resolve(scale: int) -> Task:
    from gan import degrade

    def network(width: int, blocks: int):
        from gan.networks import translation

        return translation.srresnet(scale, width, blocks, "none")

    def bicubic(damaged: Sequence[np.ndarray], clean: Sequence[np.ndarray]) -> list[np.ndarray]:
        return [degrade.rescale(small[None], image.shape[:2])[0] for small, image in zip(damaged, clean, strict=True)]

    return Task(
        damage=lambda images, random: degrade.shrink(images, scale),
        source=same,
        target=same,
        picture=made,
        network=network,
        baseline=bicubic,
        baseline_name="bicubic",
        scale=scale,
        luminance=True,
    )


def folded(width: int, blocks: int):
    """SRResNet at half the picture's resolution."""
    from gan.networks import translation

    return translation.srresnet(1, width, blocks, "none", fold=2)


def denoise(sigma: float) -> Task:
    from gan import degrade

    def damage(images: np.ndarray, random: np.random.Generator) -> np.ndarray:
        return degrade.noisy(images, sigma, random)

    def baseline(damaged: Sequence[np.ndarray], clean: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Non-local means with the settings of a grid that suit the first pictures best: in its favour, chosen on the test."""
        grid = [(strength, patch) for strength in (0.5, 0.6, 0.7, 0.8, 0.9, 1.0) for patch in ((5, 6), (7, 11))]

        def error(settings) -> float:
            pairs = zip(damaged[:TUNED_ON], clean[:TUNED_ON], strict=True)
            return float(np.mean([np.square(non_local_means(a, sigma, *settings) - b).mean() for a, b in pairs]))

        best = min(grid, key=error)
        return [non_local_means(image, sigma, *best) for image in damaged]

    return Task(damage, same, same, made, folded, baseline, "non-local means")


def non_local_means(image: np.ndarray, sigma: float, strength: float, patch: tuple[int, int]) -> np.ndarray:
    """Buades et al. 2005: h is `strength` sigma, patches and search distance are `patch`."""
    from skimage.restoration import denoise_nl_means

    level = sigma / 127.5
    result = denoise_nl_means(image, *patch, h=strength * level, sigma=level, fast_mode=True, channel_axis=-1)
    return np.clip(result, -1, 1).astype(np.float32)


def deblur() -> Task:
    from gan import degrade

    return Task(degrade.blurred, same, same, made, folded, untouched, "as it is")


def enhance() -> Task:
    from gan import degrade

    def network(width: int, blocks: int):
        from gan.networks import translation

        return translation.unet(3, 3, width, DOWNS, "none", 0.0, "residual")

    return Task(degrade.poor, same, same, made, network, untouched, "as it is", scenes=True)


def task(name: Name, scale: int, sigma: float, hole: float) -> Task:
    """A task by name; `scale` is for super-resolve, `sigma` for denoise, `hole` for inpaint."""
    return {
        "colourise": colourise,
        "inpaint": lambda: inpaint(hole),
        "super-resolve": lambda: super_resolve(scale),
        "denoise": lambda: denoise(sigma),
        "deblur": deblur,
        "enhance": enhance,
    }[name]()
