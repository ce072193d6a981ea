#!/bin/sh
# The tests drive a real Chromium, draw four scripts and emoji, set a clock wrong, lose power, stand behind a pooler,
# and meet the oldest PostgreSQL that is supported.
# As root: installs what is missing. As anybody else: prints the command and exits 2.
set -eu
missing=""
for package in chromium faketime fonts-noto-color-emoji fonts-noto-core fuse3 pgbouncer; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
done
if [ "$(id -u)" = 0 ]; then
    ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 || missing="$missing postgresql"
fi
[ -z "$missing" ] && exit 0
if [ "$(id -u)" != 0 ]; then
    echo "The tests need these packages of the system. Type this and start again:" >&2
    echo "    sudo apt-get update && sudo apt-get install -y$missing postgresql" >&2
    exit 2
fi
echo "Installing$missing …"
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq </dev/null
apt-get install -y -qq --no-install-recommends $missing </dev/null >/dev/null
