"""Metrics: features in, statistics accumulated in float64, a tiny formula out."""
