"""Weights trained by this project; `NOTICE` says from what, `compact.json` how and how well."""
