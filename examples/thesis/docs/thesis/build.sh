#!/usr/bin/env bash
# From the experiments to outputs/thesis/chapter.pdf:  bash docs/thesis/build.sh
set -euo pipefail
cd "$(dirname "$0")/../.."
labkart=${LABKART:-uv run labkart}

# What has run already is not computed again.
$labkart run -m model=logistic,forest,boosting 'seed=range(3)' 'labkart.tags=[thesis]'
$labkart report --all

mkdir -p outputs/thesis
latex="${LATEX:-lualatex} -interaction=batchmode -halt-on-error -output-directory=outputs/thesis"
$latex docs/thesis/chapter.tex
$latex docs/thesis/chapter.tex # now with the numbers of the table and the figure
echo outputs/thesis/chapter.pdf
