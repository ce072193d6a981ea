"""Whoever operates Amana finds every command explained: a page that shows it, and a word on every flag."""

import re
from collections.abc import Sequence

from scripts import write_docs
from tests.contracts.repository import ROOT, expect_none, files

Command = tuple[str, str, Sequence[tuple[str, str]]]
# The list of all commands is made from the code and explains nothing further.
GENERATED = ("commands.md", "settings.md")


def pages() -> str:
    folder = ROOT / "docs" / "operating"
    found = [path for path in files(".md", under=folder) if path.name not in GENERATED]
    return "\n".join(path.read_text(encoding="utf-8") for path in found)


def not_shown(commands: Sequence[Command], text: str) -> list[str]:
    return [typed for typed, _, _ in commands if not re.search(rf"\b{re.escape(typed)}\b", text)]


def silent_flags(commands: Sequence[Command]) -> list[str]:
    return [f"{typed} {name}" for typed, _, options in commands for name, meaning in options if not meaning]


def test_every_command_is_shown_on_a_page_for_operators() -> None:
    commands = write_docs.commands()

    assert {"amana serve", "amana doctor", "amana admin people"} <= {typed for typed, _, _ in commands}
    expect_none(not_shown(commands, pages()))


def test_every_flag_says_what_it_does() -> None:
    expect_none(silent_flags(write_docs.commands()))


def test_a_command_that_no_page_shows_and_a_silent_flag_are_caught() -> None:
    seeded: list[Command] = [("amana imagine", "Imagine.", [("--size", ""), ("--colour", "Which.")])]

    assert not_shown(seeded, pages()) == ["amana imagine"]
    assert silent_flags(seeded) == ["amana imagine --size"]
