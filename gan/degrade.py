"""Damage to pictures, made on the fly, for networks that learn to undo it.

Pictures are float32 `[N, H, W, 3]` in [-1, 1]. Each function is a pure function of them and of the numbers that `random` draws.
"""

import io

import numpy as np
from PIL import Image

LARGEST_KERNEL = 15


def _bytes(images: np.ndarray) -> np.ndarray:
    return np.clip(np.rint((images + 1.0) * 127.5), 0, 255).astype(np.uint8)


def _floats(images: np.ndarray) -> np.ndarray:
    return images.astype(np.float32) / 127.5 - 1.0


def rescale(images: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Bicubic, anti-aliased where it shrinks, in 8 bit as a file would have it -> `[N, *size, 3]`."""
    scaled = [Image.fromarray(image).resize(size[::-1], Image.Resampling.BICUBIC) for image in _bytes(images)]
    return _floats(np.stack([np.asarray(image) for image in scaled]))


def shrink(images: np.ndarray, factor: int) -> np.ndarray:
    """`[N, H, W, 3]` -> `[N, H / factor, W / factor, 3]`; sides must be multiples of it."""
    return rescale(images, (images.shape[1] // factor, images.shape[2] // factor))


def noisy(images: np.ndarray, sigma: float, random: np.random.Generator) -> np.ndarray:
    """Plus normal noise of a standard deviation in 0..255 units, neither clipped nor rounded, as is usual for denoising."""
    return images + np.float32(sigma / 127.5) * random.standard_normal(images.shape, np.float32)


def gaussian_kernel(sigma: float) -> np.ndarray:
    """`[15, 15]`, sum 1."""
    places = np.arange(LARGEST_KERNEL) - LARGEST_KERNEL // 2
    row = np.exp(-0.5 * np.square(places / sigma))
    return np.outer(row, row) / row.sum() ** 2


def motion_kernel(length: float, angle: float) -> np.ndarray:
    """A straight stroke of a length in pixels, `[15, 15]`, sum 1, drawn by points with bilinear weights."""
    kernel, middle = np.zeros([LARGEST_KERNEL, LARGEST_KERNEL]), LARGEST_KERNEL // 2
    for along in np.linspace(-0.5, 0.5, 4 * LARGEST_KERNEL) * (length - 1):
        y, x = middle + along * np.sin(angle), middle + along * np.cos(angle)
        top, left = min(int(y), LARGEST_KERNEL - 2), min(int(x), LARGEST_KERNEL - 2)
        down, right = y - top, x - left
        kernel[top : top + 2, left : left + 2] += np.outer([1 - down, down], [1 - right, right])
    return kernel / kernel.sum()


def convolved(image: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """`[H, W, C]` filtered with `[15, 15]`, continued by its mirror."""
    pad = LARGEST_KERNEL // 2
    padded = np.pad(image, ((pad, pad), (pad, pad), (0, 0)), "symmetric")
    size = [length + LARGEST_KERNEL - 1 for length in padded.shape[:2]]
    product = np.fft.rfft2(padded, size, axes=(0, 1)) * np.fft.rfft2(kernel, size)[..., None]
    whole = np.fft.irfft2(product, size, axes=(0, 1))
    return whole[2 * pad : 2 * pad + image.shape[0], 2 * pad : 2 * pad + image.shape[1]].astype(np.float32)


def blurred(images: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Out of focus (sigma 1 to 2.5) or shaken (a stroke of 5 to 13 pixels), half of the time each, and noise of sigma 2."""
    result = []
    for image in images:
        shaken, amount, angle = random.random(), random.random(), random.random() * np.pi
        kernel = motion_kernel(5 + 8 * amount, angle) if shaken < 0.5 else gaussian_kernel(1 + 1.5 * amount)
        result.append(convolved(image, kernel))
    return noisy(np.stack(result), 2.0, random)


def compressed(image: np.ndarray, quality: int) -> np.ndarray:
    """One picture as a JPEG file of a quality has it."""
    file = io.BytesIO()
    Image.fromarray(_bytes(image)).save(file, "JPEG", quality=quality)
    return _floats(np.asarray(Image.open(file)))


def poor(images: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Taken in low light and saved badly: darker by a power of 1 to 2.5, contrast and exposure times 0.4 to 1, noise of sigma 0
    to 8, JPEG of quality 20 to 70."""
    result = []
    for image in images:
        power, contrast, exposure, sigma = random.uniform([1.0, 0.4, 0.4, 0.0], [2.5, 1.0, 1.0, 8.0])
        light = ((image + 1.0) / 2.0) ** power
        light = exposure * (light.mean() + contrast * (light - light.mean()))
        grainy = noisy(2.0 * light.astype(np.float32) - 1.0, sigma, random)
        result.append(compressed(np.clip(grainy, -1, 1), int(random.integers(20, 71))))
    return np.stack(result)


def rectangle(size: tuple[int, int], share: float, random: np.random.Generator) -> np.ndarray:
    """A hole of about that share of the picture, anywhere, between 2:3 and 3:2 -> bool `[H, W]`."""
    aspect = np.exp(random.uniform(-1, 1) * np.log(1.5))
    height = min(size[0], max(1, round(np.sqrt(share * aspect * size[0] * size[1]))))
    width = min(size[1], max(1, round(share * size[0] * size[1] / height)))
    top, left = random.integers(size[0] - height + 1), random.integers(size[1] - width + 1)
    mask = np.zeros(size, bool)
    mask[top : top + height, left : left + width] = True
    return mask


def strokes(size: tuple[int, int], share: float, random: np.random.Generator) -> np.ndarray:
    """Bent brush strokes until about that share is covered -> bool `[H, W]`."""
    mask, side = np.zeros(size, bool), min(size)

    def covered() -> bool:
        return np.count_nonzero(mask) >= share * mask.size

    while not covered():
        y, x, angle = random.uniform(0, size[0]), random.uniform(0, size[1]), random.uniform(0, 2 * np.pi)
        radius = random.uniform(0.02, 0.05) * side
        for _ in range(random.integers(4, 12)):
            rows, columns = (slice(max(0, int(middle - radius)), max(0, int(middle + radius) + 1)) for middle in (y, x))
            square = mask[rows, columns]
            down, right = np.ogrid[: square.shape[0], : square.shape[1]]
            square |= np.square(down + rows.start - y) + np.square(right + columns.start - x) <= radius**2
            angle += random.normal() * 0.5
            y, x = y + radius * np.sin(angle), x + radius * np.cos(angle)
            if covered():
                break
    return mask


def holes(count: int, size: tuple[int, int], share: float, random: np.random.Generator) -> np.ndarray:
    """A rectangle or strokes, half of the time each -> float32 `[N, H, W, 1]`, 1 in holes and 0 elsewhere."""
    made = [(rectangle if random.random() < 0.5 else strokes)(size, share, random) for _ in range(count)]
    return np.stack(made)[..., None].astype(np.float32)
