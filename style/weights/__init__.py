"""A network trained by this project; `NOTICE` says from what, the `.json` beside it how and how well."""
