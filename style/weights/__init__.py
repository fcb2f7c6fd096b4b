"""Networks trained by this project; `NOTICE` says from what, the `.json` beside each how and how well."""
