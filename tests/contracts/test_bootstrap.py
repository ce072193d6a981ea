"""What is missing on a fresh machine is said in one line that can be typed."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.contracts.repository import ROOT

NEEDED = ("sh", "dirname", "cat", "grep", "id", "ls", "env")

PACKAGES = "chromium faketime fonts-noto-color-emoji fonts-noto-core fuse3 pgbouncer"


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A clone's scripts and an almost empty PATH; programs are added one by one."""
    (tmp_path / "clone").mkdir()
    shutil.copytree(ROOT / "scripts", tmp_path / "clone" / "scripts")
    (tmp_path / "bin").mkdir()
    for name in NEEDED:
        found = shutil.which(name)
        assert found is not None
        (tmp_path / "bin" / name).symlink_to(found)
    return tmp_path


def program(machine: Path, name: str, *, does: str) -> None:
    path = machine / "bin" / name
    path.unlink(missing_ok=True)
    path.write_text(f"#!/bin/sh\n{does}\n")
    path.chmod(0o755)


def run(machine: Path, script: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [machine / "clone" / "scripts" / script],
        env={"PATH": str(machine / "bin"), "HOME": os.environ["HOME"]},
        capture_output=True,
        text=True,
        check=False,
    )


def test_missing_programs_are_named_with_the_line_to_type(machine: Path) -> None:
    tried = run(machine, "bootstrap.sh")

    assert tried.returncode == 2
    assert "    apt-get install -y git make python3-venv\n" in tried.stderr


def test_python_without_venv_is_named_with_the_line_to_type(machine: Path) -> None:
    for name in ("git", "make"):
        program(machine, name, does="exit 0")
    program(machine, "python3", does="exit 1")

    tried = run(machine, "bootstrap.sh")

    assert tried.returncode == 2
    assert "    apt-get install -y python3-venv\n" in tried.stderr


def test_a_python_that_is_too_old_is_named(machine: Path) -> None:
    for name in ("git", "make"):
        program(machine, name, does="exit 0")
    program(
        machine,
        "python3",
        does='case "$*" in *ensurepip*) exit 0;; --version) echo Python 3.9.2;; *) exit 1;; esac',
    )

    tried = run(machine, "bootstrap.sh")

    assert tried.returncode == 2
    assert "3.11 or newer, and python3 is Python 3.9.2" in tried.stderr


def test_an_ordinary_user_gets_the_exact_command_for_the_system_packages(machine: Path) -> None:
    program(machine, "id", does="echo 1000")
    program(machine, "dpkg-query", does="exit 1")

    tried = run(machine, "system_packages.sh")

    assert tried.returncode == 2
    assert f"    sudo apt-get update && sudo apt-get install -y {PACKAGES}" in tried.stderr


def test_root_gets_the_system_packages_installed(machine: Path) -> None:
    program(machine, "id", does="echo 0")
    program(machine, "dpkg-query", does="exit 1")
    program(machine, "apt-get", does=f'echo "$@" >> {machine / "typed"}')

    tried = run(machine, "system_packages.sh")

    assert tried.returncode == 0, tried.stderr
    update, install = (machine / "typed").read_text().splitlines()
    assert update.startswith("update")
    assert PACKAGES in install


def test_nothing_is_installed_when_nothing_is_missing(machine: Path) -> None:
    program(machine, "id", does="echo 1000")
    program(machine, "dpkg-query", does='echo "install ok installed"')

    assert run(machine, "system_packages.sh").returncode == 0
