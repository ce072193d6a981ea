"""Changelog fragments: one short note for the operator in each, with a kind that is known."""

import re

import pytest

from tests.contracts.repository import ROOT, expect_none

FOLDER = ROOT / "changelog.d"
KINDS = ("feature", "fix", "change", "removal", "security")
NAME = re.compile(rf"[a-z0-9][a-z0-9-]*\.({'|'.join(KINDS)})\.md")
LINES_LIMIT = 4
LINE_LENGTH = 140


def findings(name: str, text: str) -> list[str]:
    found = []
    if not NAME.fullmatch(name):
        found.append(f"{name}: call it slug.kind.md, kind being one of {', '.join(KINDS)}")
    lines = text.strip().splitlines()
    if not 1 <= len(lines) <= LINES_LIMIT:
        found.append(f"{name}: one to {LINES_LIMIT} lines")
    if any(len(line) > LINE_LENGTH for line in lines):
        found.append(f"{name}: at most {LINE_LENGTH} characters a line")
    if text.lstrip().startswith(("#", "-", "*")):
        found.append(f"{name}: plain sentences, the release adds headings and bullets")
    if lines and not lines[-1].rstrip().endswith((".", "!", ")")):
        found.append(f"{name}: end with a full stop")
    return found


def test_every_fragment_is_well_formed() -> None:
    found = []
    for path in sorted(FOLDER.glob("*")):
        if path.name != "README.md":
            found += findings(path.name, path.read_text(encoding="utf-8"))

    expect_none(found)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("pins.md", "Pins."),
        ("Pins.feature.md", "Pins."),
        ("pins.feature.md", ""),
        ("pins.feature.md", "No full stop"),
        ("pins.feature.md", "# Heading\nText."),
        ("pins.feature.md", "x" * 150 + "."),
    ],
)
def test_a_malformed_fragment_is_caught(name: str, text: str) -> None:
    assert findings(name, text) != []


def test_a_plain_fragment_is_fine() -> None:
    assert findings("pins.feature.md", "Members can pin messages, up to 50 in a room.\n") == []
