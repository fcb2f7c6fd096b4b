"""Content, style and their exchange. Images are float32 `[N, H, W, 3]` in [-1, 1]; features come from `gan.features`."""
