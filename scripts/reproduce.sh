#!/usr/bin/env bash
# The commands behind every figure of the README, in order. Runs are kept in runs/ and go on where they stopped.
#   scripts/reproduce.sh [DATA]     DATA: the folder of real data (default ../shared/data)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
data=$(realpath "${1:-../shared/data}")
python=.venv/bin/python
squeezenet=$data/weights/squeezenet1_1.keras

# The main job, three seeds.
for seed in 0 1 2; do
    $python -m experiments.gan_style --seed $seed --run-dir runs/gan_style-$seed
done

# Digits, three seeds, judged by the classifier.
$python -m experiments.classifier --data "$data/mnist.npz" --run-dir runs/classifier
for seed in 0 1 2; do
    $python -m experiments.dcgan --data "$data/mnist.npz" --seed $seed --run-dir runs/dcgan-$seed
    $python -m experiments.evaluate runs/dcgan-$seed --classifier runs/classifier --data "$data/mnist.npz"
done

# The shipped extractor: trained, then judged on the held-out pairs.
$python -m experiments.distil_features --teacher "$squeezenet" --run-dir runs/distil \
    --data "$data"/photos/train "$data"/photos/val "$data"/landscapes256 "$data"/paintings "$data"/textures
$python -m experiments.compare_extractors --data "$data" --reference "$squeezenet" --run-dir runs/compare_extractors

# Stylisation: the style loss falls at least tenfold; ten times the content weight keeps more of the photograph.
stylise() {
    for weight in 1 10; do
        $python -m experiments.gatys --content "$data/photos/test/$1" --style "$data/paintings/famous/$2" --extractor "$squeezenet" \
            --image-size 256 --content-weight $weight --run-dir "runs/gatys-${1%.jpg}-content-$weight"
    done
}
stylise 81095.jpg hokusai_great_wave_1831.jpg
stylise 232076.jpg seurat_grande_jatte_1886.jpg
stylise 48025.jpg turner_wreck_of_a_transport_ship_1810.jpg
