#!/bin/sh
# Everything that can be said about the code without running it. Goes on after a fault, and fails at the end.
set -u
cd "$(dirname "$0")/.."
failed=

check() {
    printf '%s\n' "lint: $*" >&2
    "$@" || failed="$failed $1"
}

check ruff check .
check ruff format --check .
check mypy signer_service metadata_service image_service local benchmarks clients/python
check lint-imports
check cfn-lint deploy/cloudformation/*.yaml
for script in local/*.sh gateway/*.sh .ci/run; do
    case $(head -n 1 "$script") in *bash) check bash -n "$script" ;; *) check sh -n "$script" ;; esac
done

[ -z "$failed" ] || { echo "lint: failed:$failed" >&2; exit 1; }
