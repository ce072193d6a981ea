#!/bin/sh
# Writes the lock files again: same versions unless pyproject.toml asks for others, or `make lock UPGRADE=--upgrade`.
# No address of an index gets into them, so they work with any mirror and without a network.
set -eu
cd "$(dirname "$0")/.."
uv=.bootstrap/bin/uv
compile() {
    $uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate \
        --no-header --no-emit-index-url --no-emit-find-links ${UPGRADE:-} "$@"
}
compile pyproject.toml --extra acme --extra openbao --extra timestamps --group build -o requirements/run.txt
compile pyproject.toml --extra acme --extra openbao --extra timestamps --group build --group dev -c requirements/run.txt -o requirements/dev.txt
compile requirements/bootstrap.in -o requirements/bootstrap.txt
