#!/bin/sh
# Installs what a lock file names into .venv, exactly: `scripts/bootstrap.sh run` or `scripts/bootstrap.sh dev`.
# Done in a moment when nothing changed. `make run` never makes a development environment smaller.
set -eu
cd "$(dirname "$0")/.."
here=$(pwd -P)
wanted=${1:-run}
[ "$wanted" = run ] && [ -e .venv/.installed-dev ] && wanted=dev

missing=""
command -v git >/dev/null 2>&1 || missing="$missing git"
command -v make >/dev/null 2>&1 || missing="$missing make"
python3 -c 'import ensurepip, venv' >/dev/null 2>&1 || missing="$missing python3-venv"
if [ -n "$missing" ]; then
    echo "Missing:$missing. On Debian or Ubuntu type this (with sudo unless you are root) and start again:" >&2
    echo "    apt-get install -y$missing" >&2
    exit 2
fi
if ! python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    echo "Amana needs Python 3.11 or newer, and python3 is $(python3 --version)." >&2
    exit 2
fi

stamp=.venv/.installed-$wanted
state="$(cat requirements/bootstrap.txt "requirements/$wanted.txt" pyproject.toml "$0" | cksum) $here"
[ "$(cat "$stamp" 2>/dev/null)" = "$state" ] && exit 0

echo "Installing into .venv (a minute or two the first time) …"
# A virtual environment holds absolute paths: one that was moved or copied here is made again.
if [ "$(.bootstrap/bin/python -c 'import sys; print(sys.prefix)' 2>/dev/null)" != "$here/.bootstrap" ]; then
    rm -rf .bootstrap
    python3 -m venv .bootstrap
fi
.bootstrap/bin/python -m pip install --quiet --disable-pip-version-check --no-input --require-hashes \
    -r requirements/bootstrap.txt
uv=.bootstrap/bin/uv
export VIRTUAL_ENV="$here/.venv" UV_PYTHON_DOWNLOADS=never UV_NO_PROGRESS=1
if [ "$(.venv/bin/python -c 'import sys; print(sys.prefix)' 2>/dev/null)" != "$here/.venv" ]; then
    "$uv" venv --quiet --clear --python "$(command -v python3)" .venv
fi
"$uv" pip sync --quiet --require-hashes "requirements/$wanted.txt"
# Dependencies and build tools came from the lock; nothing may be fetched beside it.
"$uv" pip install --quiet --no-deps --no-build-isolation --editable .
# The tests and the load generator talk to servers with the Python client.
[ "$wanted" = dev ] && "$uv" pip install --quiet --no-deps --no-build-isolation --editable clients/python
echo "$state" > "$stamp"
