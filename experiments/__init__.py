"""Experiments: one script each. `python -m experiments` lists them, `python -m experiments.NAME --help` explains one."""
