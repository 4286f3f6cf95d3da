#!/bin/sh
# Pins every dependency anew: pyproject.toml's lists become requirements/<name>.txt, with hashes.
# dev.txt holds all that run.txt does in the same versions, so that one environment serves both.
set -eu
cd "$(dirname "$0")/.."
command -v uv >/dev/null || { echo 'make lock: needs uv (https://docs.astral.sh/uv/)' >&2; exit 1; }

compile() {
    name=$1
    shift
    echo "lock: requirements/$name.txt" >&2
    uv pip compile pyproject.toml --extra "$name" --universal --python-version 3.11 --generate-hashes --no-header \
        --quiet --upgrade --output-file "requirements/$name.txt" "$@"
}

compile dev
for name in run signer metadata image; do compile "$name" --constraints requirements/dev.txt; done
compile engine
