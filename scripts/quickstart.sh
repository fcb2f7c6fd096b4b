#!/usr/bin/env bash
# Makes .venv, installs, and runs the main job: a GAN learns a style, draws a new picture in it, and a photograph is painted in that.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/environment.sh

install_once || { echo "error: the installation failed; its last lines above say why" >&2; exit 1; }
.venv/bin/python -m experiments.gan_style "$@" || { code=$?; echo "error: the experiment ended with code $code; the line above says why" >&2; exit "$code"; }
echo
echo "look at:      $PWD/runs/gan_style/side_by_side.png"
echo "TensorBoard:  '$PWD/.venv/bin/tensorboard' --logdir '$PWD/runs'"
