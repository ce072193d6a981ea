#!/bin/sh
# Amana beside its peers on the same machine; writes docs/performance.md. See bench/run.py --help.
set -eu
cd "$(dirname "$0")/.."
exec .venv/bin/python -m bench.run "$@"
