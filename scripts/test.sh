#!/usr/bin/env bash
# Makes .venv if needed, installs the test extra, checks the style of the code and runs the fast tests.
#   scripts/test.sh [--all] [PYTEST OPTIONS]     --all runs the slow tests too
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/environment.sh

chosen=()
if [ "${1:-}" = --all ]; then
    shift
    chosen=(-m "slow or not slow")
fi
install_once test || { echo "error: the installation failed; its last lines above say why" >&2; exit 1; }
.venv/bin/ruff check . || { echo "error: ruff found the faults above" >&2; exit 1; }
.venv/bin/python -m pytest "${chosen[@]}" "$@"
