"""Adversarial learning: losses, networks, training algorithms, metrics, and the feature networks that styles and metrics read.

Convention at every public boundary: images are float32 `[N, H, W, C]` in [-1, 1], latents are float32, logits are raw
(no sigmoid). A network is a function that returns a functional `keras.Model`; a training algorithm is a `keras.Model`
subclass whose `train_step` is the algorithm and nothing else.
"""
