"""Names say what a thing is; words that could mean anything are refused, and so is unfinished work."""

import ast
import re
from pathlib import Path

import pytest

from tests.contracts.repository import ROOT, SOURCE, all_files, expect_none, files, shown

BANNED_MODULES = {
    "utils",
    "util",
    "helpers",
    "helper",
    "common",
    "misc",
    "manager",
    "managers",
    "base",
    "lib",
}
BANNED_WORDS = {"utils", "util", "helper", "helpers", "manager", "misc"}
BANNED_VERBS = {"process", "handle", "do", "perform", "manage"}
# Words of a protocol or a library that must be called by their own name; and a person's handle is a noun.
ALLOWED = {"handle_base", "handle_exception", "process_exited", "process_request", "process_response"}
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
# These name the words in order to refuse them.
CHECKERS = {Path(__file__), Path(__file__).with_name("test_ranks.py"), ROOT / "web/scripts/house-rules.mjs"}
TEXT_SUFFIXES = {".py", ".sql", ".ts", ".tsx", ".css", ".md", ".toml", ".sh", ".ftl", ".mjs", ".html", ""}


def words(name: str) -> list[str]:
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
    return [word.lower() for word in spaced.split("_") if word]


def vague_names(where: str, source: str) -> list[str]:
    found = []
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        parts = words(node.name)
        if node.name in ALLOWED or not parts:
            continue
        vague_verb = not isinstance(node, ast.ClassDef) and parts[0] in BANNED_VERBS
        if vague_verb or BANNED_WORDS & set(parts):
            found.append(f"{where}:{node.lineno} {node.name}: say what it does")
    return found


def unfinished(where: str, text: str) -> list[str]:
    return [
        f"{where}:{number} {line.strip()[:80]}"
        for number, line in enumerate(text.splitlines(), 1)
        if UNFINISHED.search(line)
    ]


def test_no_module_has_a_name_that_could_mean_anything() -> None:
    vague = [shown(path) for path in files(".py", under=SOURCE) if path.stem in BANNED_MODULES]
    vague += [shown(path) for path in files(".ts", ".tsx", under=ROOT / "web") if path.stem in BANNED_MODULES]

    expect_none(vague)


def test_no_function_or_class_has_a_name_that_could_mean_anything() -> None:
    found = []
    for path in files(".py", under=SOURCE):
        found += vague_names(shown(path), path.read_text(encoding="utf-8"))

    expect_none(found)


def test_nothing_is_left_unfinished() -> None:
    found = []
    for path in all_files():
        if path.suffix in TEXT_SUFFIXES and path not in CHECKERS:
            found += unfinished(shown(path), path.read_text(encoding="utf-8", errors="replace"))

    expect_none(found)


@pytest.mark.parametrize(
    "seeded",
    [
        "def process_message(): ...",
        "class SessionManager: ...",
        "def date_utils(): ...",
        "async def handle(): ...",
    ],
)
def test_a_vague_name_is_caught(seeded: str) -> None:
    assert vague_names("seeded.py", seeded) != []


@pytest.mark.parametrize("fine", ["def pin(): ...", "class DoorBell: ...", "def processes(): ..."])
def test_a_plain_name_is_not_caught(fine: str) -> None:
    assert vague_names("seeded.py", fine) == []


def test_a_note_to_finish_later_is_caught() -> None:
    assert unfinished("seeded.py", "x = 1  # TODO: more\n") == ["seeded.py:1 x = 1  # TODO: more"]
