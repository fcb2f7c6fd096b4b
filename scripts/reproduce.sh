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
$python -m experiments.classifier --data "$data/mnist.npz" --run-dir runs/classifier-mnist
for seed in 0 1 2; do
    $python -m experiments.dcgan --data "$data/mnist.npz" --seed $seed --run-dir runs/dcgan-$seed
    $python -m experiments.evaluate runs/dcgan-$seed --classifier runs/classifier-mnist --data "$data/mnist.npz"
done

# R3GAN's objective and DCGAN as published on the same networks at equal time, three seeds.
$python -m experiments.classifier --data "$data/fashion_mnist.npz" --run-dir runs/classifier-fashion_mnist
for data_set in mnist fashion_mnist; do
    for preset in r3gan-loss published; do
        for seed in 0 1 2; do
            run=runs/$preset-$data_set-$seed
            $python -m experiments.dcgan --preset $preset --data "$data/$data_set.npz" --seed $seed --run-dir $run
            $python -m experiments.evaluate $run --classifier runs/classifier-$data_set --data "$data/$data_set.npz"
        done
    done
done

# The engine: every loss with every regulariser; the weight of R1; do augmentations leak; and each network.
mnist=$data/mnist.npz fashion=$data/fashion_mnist.npz
$python -m experiments.loss_matrix --data "$mnist" --run-dir runs/loss_matrix
$python -m experiments.gamma_sensitivity --data "$mnist" --steps 1500 --run-dir runs/gamma
for change in turns cutout; do
    for p in 0.8 1.0; do
        $python -m experiments.dcgan --data "$mnist" --augment $change --augment-p $p --run-dir runs/$change-$p
    done
    $python -m experiments.augmentation_leaks runs/dcgan-0 runs/$change-0.8 runs/$change-1.0 --change $change --data "$mnist" \
        --run-dir runs/leaks-$change
done
$python -m experiments.conditional_gan --data "$mnist" --run-dir runs/conditional
$python -m experiments.evaluate runs/conditional --classifier runs/classifier-mnist --data "$mnist"
$python -m experiments.r3gan --data "$mnist" --run-dir runs/r3gan
$python -m experiments.evaluate runs/r3gan --classifier runs/classifier-mnist --data "$mnist"
$python -m experiments.wgan_gp --data "$mnist" --run-dir runs/wgan_gp
$python -m experiments.evaluate runs/wgan_gp --classifier runs/classifier-mnist --data "$mnist"
$python -m experiments.dcgan --data "$fashion" --network dcgan-resize --run-dir runs/resize
$python -m experiments.stylegan2 --data "$fashion" --run-dir runs/stylegan2
$python -m experiments.conditional_gan --data "$fashion" --network resnet --width 32 --condition projection --loss hinge \
    --penalty none --spectral --steps 3000 --learning-rate 4e-4 --run-dir runs/resnet
for layout in grid ring; do
    for seed in 0 1 2; do
        $python -m experiments.gaussians --layout $layout --seed $seed --run-dir runs/$layout-$seed
    done
done
for seed in 0 1 2; do
    $python -m experiments.gaussians --loss non-saturating --penalty none --frequencies 0 --latent-frequencies 0 --latent normal \
        --schedule constant --learning-rate 2e-4 --seed $seed --run-dir runs/grid-classic-$seed
done
$python -m experiments.gaussian_matrix --penalties none r1 r1+r2 wgan-gp --run-dir runs/gaussian_matrix
$python -m experiments.stacked_mnist --data "$mnist" --run-dir runs/stacked
$python -m experiments.stacked_mnist --data "$mnist" --penalty none --run-dir runs/stacked-none
$python -m experiments.loss_comparison --data "$mnist" --run-dir runs/loss_comparison
for seed in 0 1 2; do
    $python -m experiments.small_data --data "$data/paintings" --count 100 --seed $seed --run-dir runs/small_data-$seed
done
$python scripts/benchmark.py --output runs/benchmark.json
$python scripts/compare_torch.py --rounds 7 --output runs/compare_torch.json # needs PyTorch beside the project

# Picture to picture, three seeds of what takes less than half an hour: labels to facades beside L1 alone; photographs to Monet
# and to ukiyo-e; restoration; editing; recognition.
facades=(--data "$data/facades" --extractor "$squeezenet")
for seed in 0 1 2; do
    how=("${facades[@]}" --precision bfloat16 --seed $seed)
    $python -m experiments.pix2pix "${how[@]}" --run-dir runs/pix2pix-$seed
    $python -m experiments.pix2pix "${how[@]}" --adversarial-weight 0 --run-dir runs/pix2pix-l1-$seed
done
$python -m experiments.tabulate runs/pix2pix-l1-{0,1,2} runs/pix2pix-{0,1,2} --output runs/facades.md --overwrite
$python -m experiments.pix2pix "${facades[@]}" --precision bfloat16 --perceptual-weight 0 --run-dir runs/pix2pix-without
for weight in 0 1; do # as published, beside L1 alone
    $python -m experiments.pix2pix "${facades[@]}" --perceptual-weight 0 --up transposed --adversarial-weight $weight \
        --run-dir runs/pix2pix-transposed-$weight
done
for target in monet ukiyoe; do # learnt from squares of 64 px of pictures twice as large, judged at 128
    sets=(--data "$data/landscapes256" --data-b "$data/paintings/$target" --extractor "$squeezenet")
    how=(--image-size 64 --load-size 2 --patches 34 --precision bfloat16)
    for seed in 0 1 2; do
        $python -m experiments.cyclegan "${sets[@]}" "${how[@]}" --seed $seed --run-dir runs/cyclegan-$target-$seed
        $python -m experiments.cut "${sets[@]}" "${how[@]}" --seed $seed --run-dir runs/cut-$target-$seed
        $python -m experiments.cut "${sets[@]}" "${how[@]}" --fast --seed $seed --run-dir runs/fastcut-$target-$seed
        $python -m experiments.hybrid "${sets[@]}" "${how[@]}" --variants both --seed $seed --run-dir runs/hybrid-$target-$seed
    done
    $python -m experiments.cyclegan "${sets[@]}" "${how[@]}" --up transposed --run-dir runs/cyclegan-transposed-$target
    $python -m experiments.cyclegan "${sets[@]}" "${how[@]}" --up transposed --cycle-weight 10 \
        --run-dir runs/cyclegan-held-$target
    $python -m experiments.cyclegan "${sets[@]}" "${how[@]}" --up transposed --no-skip --cycle-weight 10 \
        --run-dir runs/cyclegan-published-$target
    $python -m experiments.hybrid "${sets[@]}" "${how[@]}" --variants adversarial perceptual --run-dir runs/parts-$target
    $python -m experiments.compare_translations runs/{cyclegan,cut,fastcut,hybrid}-$target-{0,1,2} \
        runs/cyclegan-{transposed,held,published}-$target runs/parts-$target/{adversarial,perceptual}.keras arbitrary \
        "${sets[@]}" --image-size 128 --run-dir runs/translations-$target
done
for task in super-resolve denoise deblur colourise inpaint enhance; do
    how=(--data "$data/photos") # scenes need more of them than cut-outs do
    seeds=(0 1 2)
    case $task in
        super-resolve) seeds=(0) ;; # takes longer, as does inpaint
        denoise | deblur) how+=(--precision bfloat16) ;;
        inpaint)
            seeds=(0)
            how+=("$data/photos/val" "$data/landscapes256" "$data/paintings/monet" "$data/paintings/famous" --image-size 128
                --steps 28000 --precision bfloat16)
            ;;
        *) how+=("$data/photos/val" "$data/landscapes256" --image-size 128 --precision bfloat16) ;;
    esac
    for seed in "${seeds[@]}"; do
        $python -m experiments.restore --task $task "${how[@]}" --test-count 124 --extractor "$squeezenet" --seed $seed \
            --run-dir runs/$task-$seed
    done
    $python -m experiments.tabulate "${seeds[@]/#/runs/$task-}" --output runs/$task.md --overwrite
done
$python scripts/sheets.py --runs runs --facades "$data/facades" --output runs/sheets
$python -m experiments.dcgan --data "$mnist" --steps 28000 --run-dir runs/dcgan-long
for attribute in slant stroke-width; do
    $python -m experiments.edit runs/dcgan-long --data "$mnist" --attribute $attribute --output runs/$attribute.png --overwrite
done
small=(--preset published --augment diffaugment --flip --steps 6000)
$python -m experiments.dcgan "${small[@]}" --data faces --batch-size 32 --run-dir runs/faces
$python -m experiments.edit runs/faces --data faces --attribute brightness --output runs/faces.png --overwrite
$python -m experiments.dcgan "${small[@]}" --data "$data/landscapes256" --image-size 32 --width 32 --latent-dim 64 \
    --run-dir runs/landscapes
$python -m experiments.edit runs/landscapes --image "$data/landscapes256" --attribute warmth --output runs/warmth.png --overwrite
$python -m experiments.augment_classifier --data "$mnist" --run-dir runs/augment_classifier

# The shipped extractor: trained, then judged on the held-out pairs.
$python -m experiments.distil_features --teacher "$squeezenet" --run-dir runs/distil \
    --data "$data"/photos/train "$data"/photos/val "$data"/landscapes256 "$data"/paintings "$data"/textures
$python -m experiments.compare_extractors --data "$data" --reference "$squeezenet" --run-dir runs/compare_extractors

# The network that ships, for any style; and one that carries styles by attention, for the table.
arbitrary=(--data "$data"/photos/train "$data"/photos/val "$data"/landscapes256 --style-data "$data/paintings" "$data/textures")
$python -m experiments.adain "${arbitrary[@]}" --transform covariance --steps 10000 --run-dir runs/arbitrary
$python -m experiments.adain "${arbitrary[@]}" --transform attention --steps 10000 --precision bfloat16 --run-dir runs/attention

# The network that ships, of twelve styles.
styles=(vangogh_starry_night_1889 vangogh_wheat_field_with_cypresses_1889 monet_impression_sunrise_1872 monet_water_lilies_1919
    signac_port_of_la_rochelle delaunay_portrait_of_metzinger_1906 mondrian_composition_1913 klimt_adele_bloch_bauer_1907
    cezanne_mont_sainte_victoire gauguin_tahitian_women huang_gongwang_fuchun_mountains_1350 malevich_suprematist_composition_1916)
paintings=("${styles[@]/#/$data/paintings/famous/}")
$python -m experiments.fast_style --preset small --data "$data"/photos/train "$data"/photos/val "$data"/landscapes256 \
    --style "${paintings[@]/%/.jpg}" --style-weight 0.3 --steps 8000 --tick 200 --run-dir runs/many
for style in "${styles[@]}"; do
    $python -m experiments.stylise --content samples/coffee.png --network many --style "$style" --image-size 512 \
        --output "runs/many/$style.png" --overwrite
done

# Stylisation: the style loss falls at least tenfold; ten times the content weight keeps more of the photograph.
stylise() {
    for weight in 1 10; do
        $python -m experiments.gatys --content "$data/photos/test/$1" --style "$data/paintings/famous/$2" --extractor "$squeezenet" \
            --image-size 256 --content-weight $weight --run-dir "runs/gatys-${1%.jpg}-content-$weight"
    done
    $python -m experiments.gatys --content "$data/photos/test/$1" --style "$data/paintings/famous/$2" --extractor "$squeezenet" \
        --image-size 256 --style-loss gram --scales 1 --parameterisation pixels --steps 500 --run-dir "runs/gatys-${1%.jpg}-published"
}
stylise 81095.jpg hokusai_great_wave_1831.jpg
stylise 232076.jpg seurat_grande_jatte_1886.jpg
stylise 48025.jpg turner_wreck_of_a_transport_ship_1810.jpg

# Kinds of style on the same pairs, the optimisers on one objective, one weight at several sizes, and 3840 pixels.
hokusai=$data/paintings/famous/hokusai_great_wave_1831.jpg
for size in 256 512; do
    $python -m experiments.evaluate_style --data "$data" --judge "$squeezenet" --image-size $size --baseline-weights 0.5 5 \
        --methods default network "network, refined" --network arbitrary runs/attention --wall-pairs None \
        --run-dir runs/evaluate_style-$size
done
pairs=experiments/pairs_public.json # whose pictures may be published
$python -m experiments.evaluate_style --data "$data" --judge "$squeezenet" --image-size 256 --baseline-weights 0.5 5 \
    --pairs $pairs --wall-pairs $pairs --run-dir runs/wall
$python -m experiments.compare_optimisers --content samples/coffee.png --style "$hokusai" --run-dir runs/optimisers
$python -m experiments.style_strength --style "$hokusai" --sizes 256 512 1024 2048 --run-dir runs/strength
$python -m experiments.gatys --content samples/coffee.png --style "$hokusai" --image-size 3840 --scales 1 --steps 100 --tick 10 \
    --block 2048 --run-dir runs/4k

# Films: by the network that comes along, and by the optimiser.
starry=$data/paintings/famous/vangogh_starry_night_1889.jpg
$python -m experiments.video --input "$data/video/bmx_frames" --style "$starry" --run-dir runs/video
$python -m experiments.video --input "$data/video/big_buck_bunny_clip.mp4" --style "$starry" --run-dir runs/video-clip
$python -m experiments.video --input "$data/video/bmx_frames" --style "$starry" --method optimise --frames 6 --image-size 160 \
    --steps 40 --following-steps 40 --baseline-pairs 2 --run-dir runs/video-optimise
$python -m experiments.latent_walk runs/dcgan-0 --output runs/walk.gif --overwrite
