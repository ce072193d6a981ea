#!/bin/sh
# Runs every check and shows all findings, not only those of the first that fails.
# `scripts/check.sh static` leaves the contract tests to a test run that follows.
cd "$(dirname "$0")/.." || exit 1
failed=""
step() {
    name=$1
    shift
    echo "== $name"
    "$@" || failed="$failed $name,"
}
step "lint" .venv/bin/ruff check --quiet --output-format=concise .
step "layout" .venv/bin/ruff format --quiet --check .
step "types" .venv/bin/mypy --no-error-summary
step "import ranks" .venv/bin/lint-imports --no-logo
step "the edge" .venv/bin/python scripts/check_edge.py
[ "${1:-}" = static ] ||
    step "contracts" .venv/bin/python -m pytest -q --no-header --durations=0 --durations-min=60 tests/contracts
[ -z "$failed" ] && exit 0
echo "Failed:${failed%,}." >&2
exit 1
