"""A clone works anywhere: no package index's host, no path of somebody's machine, locked with hashes."""

import json
import re
import tomllib
from pathlib import Path

import pytest

from tests.contracts.repository import ROOT, all_files, expect_none, shown

LOCKS = [ROOT / "requirements" / name for name in ("bootstrap.txt", "run.txt", "dev.txt")]
PINNED = re.compile(r"^([a-zA-Z0-9._-]+)(?:\[[^]]*\])?==([^\s;\\]+)")
INDEX_HOSTS = re.compile(
    r"\b(?:pypi\.org|files\.pythonhosted\.org|registry\.(?:npmjs\.org|yarnpkg\.com)|npm\.pkg\.github\.com"
    r"|pypi\.python\.org|proxy\.golang\.org)\b",
    re.IGNORECASE,
)
# Places on somebody's disk: where people keep their work, and where this very clone is.
MACHINE_PATHS = re.compile(
    r"(?<![\w./$}])/(?:root|home|Users|mnt|srv|opt|workspace|builds?)/[\w.-]+"
    rf"|file:///(?!\.)[a-z]|(?<![\w.]){re.escape(str(ROOT))}/"
)
BINARY = {".png", ".ico", ".woff2", ".jpg", ".webp", ".gz", ".zip", ".db"}


def unportable(where: str, text: str) -> list[str]:
    return [
        f"{where}:{number} {line.strip()[:100]}"
        for number, line in enumerate(text.splitlines(), 1)
        if INDEX_HOSTS.search(line) or MACHINE_PATHS.search(line)
    ]


def pins(text: str) -> dict[str, str]:
    """Package → version; a package with a version for each platform has them all, joined."""
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        if match := PINNED.match(line):
            found.setdefault(match[1].lower(), []).append(match[2])
    return {name: " ".join(sorted(versions)) for name, versions in found.items()}


def without_hash(text: str) -> list[str]:
    statements = text.replace("\\\n", " ").splitlines()
    return [line[:60] for line in statements if PINNED.match(line) and "--hash=sha256:" not in line]


def normal(requirement: str) -> str:
    name = re.split(r"[\s<>=!~;\[]", requirement, maxsplit=1)[0]
    return re.sub(r"[-_.]+", "-", name).lower()


def test_no_file_names_an_index_or_a_place_on_a_developers_disk() -> None:
    found = []
    for path in all_files():
        if path.suffix not in BINARY and path != Path(__file__):
            found += unportable(shown(path), path.read_text(encoding="utf-8", errors="replace"))

    expect_none(found)


def test_every_locked_package_has_hashes() -> None:
    for lock in LOCKS:
        text = lock.read_text(encoding="utf-8")

        assert pins(text) != {}
        assert without_hash(text) == []
        assert "://" not in text


def test_the_locks_agree_and_hold_everything_that_is_asked_for() -> None:
    run, dev = (pins(lock.read_text(encoding="utf-8")) for lock in LOCKS[1:])
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    groups = project["dependency-groups"]
    needed = [*project["project"]["dependencies"], *groups["build"]]

    assert {name: version for name, version in run.items() if dev.get(name) != version} == {}
    assert {normal(name) for name in needed} - run.keys() == set()
    assert {normal(name) for name in groups["dev"]} - dev.keys() == set()


def test_the_web_clients_lock_holds_hashes_and_no_host() -> None:
    lock = json.loads((ROOT / "web" / "package-lock.json").read_text(encoding="utf-8"))
    packages = {name: package for name, package in lock["packages"].items() if name}

    assert packages != {}
    assert [name for name, package in packages.items() if "integrity" not in package] == []
    assert [name for name, package in packages.items() if "resolved" in package] == []


@pytest.mark.parametrize(
    "seeded",
    [
        "index = https://pypi.org/simple",
        '"resolved": "https://registry.npmjs.org/preact/-/preact.tgz"',
        'path = "/root/project/data"',
        "see /home/somebody/notes.txt",
        f"cd {ROOT}/src",
        "amana @ file:///tmp/amana",
    ],
)
def test_an_unportable_line_is_caught(seeded: str) -> None:
    assert unportable("seeded.txt", seeded) != []


def test_a_package_without_hash_is_caught() -> None:
    assert without_hash("one==1.0 \\\n    --hash=sha256:00\ntwo==2.0\n") == ["two==2.0"]
