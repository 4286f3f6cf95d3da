#!/bin/sh
# Removes what the make targets made: environments, the local stack's state, caches.
set -eu
cd "$(dirname "$0")/.."
state=${STATE_DIR:-.local}

if [ -e "$state/runner.lock" ] && ! flock -n "$state/runner.lock" true; then
    echo "make clean: a stack is running in $state; stop it first" >&2
    exit 1
fi
for name in run engine; do
    place=$(local/bootstrap.sh --where $name)
    # Only what we made: an environment without our stamp is somebody else's.
    if ls "$place"/.countersign-* >/dev/null 2>&1; then
        echo "clean: $place"
        rm -rf "$place"
    fi
done
if [ -e "$state/runner.lock" ]; then
    echo "clean: $state, records, pictures and keys with it"
    if [ -L "$state/kept" ]; then rm -rf "$(readlink "$state/kept")"; fi
    rm -rf "$state"
fi
rm -rf .mypy_cache .ruff_cache .hypothesis .pytest_cache .import_linter_cache
find . -name __pycache__ -not -path './.git/*' -prune -exec rm -rf {} +
