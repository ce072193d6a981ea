"""Every text in every language: no key missing, every argument known, Arabic with its six plurals."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fluent.syntax import FluentParser, ast
from fluent.syntax.visitor import Visitor

from amana.kernel.i18n import LANGUAGES, has_text
from scripts.write_docs import refusals, status_of
from tests.contracts.repository import ROOT, SOURCE, expect_none, shown

FOLDERS = (SOURCE / "kernel" / "locales", ROOT / "web" / "locales")
ARABIC_PLURALS = {"zero", "one", "two", "few", "many", "other"}
PLURALS = {"ar": ARABIC_PLURALS, "en": {"one", "other"}, "de": {"one", "other"}, "et": {"one", "other"}}


def entries(source: str) -> dict[str, ast.Message | ast.Term]:
    """Messages and terms by key; attributes are part of their message."""
    resource = FluentParser().parse(source)
    broken = [entry.content for entry in resource.body if isinstance(entry, ast.Junk)]
    assert broken == [], f"Fluent cannot read: {broken}"
    return {entry.id.name: entry for entry in resource.body if isinstance(entry, ast.Message | ast.Term)}


class Used(Visitor):
    """Collects the variables and the plural selectors of an entry."""

    def __init__(self) -> None:
        self.variables: set[str] = set()
        self.selectors: list[set[str]] = []

    def visit_VariableReference(self, node: ast.VariableReference) -> None:  # noqa: N802 - the library's name
        self.variables.add(node.id.name)

    def visit_SelectExpression(self, node: ast.SelectExpression) -> None:  # noqa: N802 - the library's name
        names = {variant.key.name for variant in node.variants if isinstance(variant.key, ast.Identifier)}
        # A selector over words of our own, such as a kind of room, is no plural.
        if names <= ARABIC_PLURALS:
            self.selectors.append(names)
        self.generic_visit(node)


def used(entry: ast.Message | ast.Term) -> Used:
    found = Used()
    found.visit(entry)
    return found


def differences(name: str, sources: dict[str, str]) -> list[str]:
    """What one file lacks or has too much in another language than English."""
    english = entries(sources["en"])
    found = []
    for language, source in sources.items():
        there = entries(source)
        found += [f"{language}/{name}: {key} is missing" for key in sorted(english.keys() - there.keys())]
        found += [
            f"{language}/{name}: {key} is not in English" for key in sorted(there.keys() - english.keys())
        ]
        for key in sorted(there.keys() & english.keys()):
            surplus = used(there[key]).variables - used(english[key]).variables
            found += [f"{language}/{name}: {key} uses ${variable}" for variable in sorted(surplus)]
    return found


def incomplete_plurals(language: str, name: str, source: str) -> list[str]:
    found = []
    for key, entry in entries(source).items():
        for names in used(entry).selectors:
            missing = PLURALS[language] - names
            if missing:
                found.append(f"{language}/{name}: {key} lacks {', '.join(sorted(missing))}")
    return found


def texts() -> Iterator[tuple[Path, str, dict[str, str]]]:
    """Folder, file name and the file's source by language; empty where a language has no such file."""
    for folder in FOLDERS:
        names = {path.name for path in folder.glob("*/*.ftl")}
        for name in sorted(names):
            paths = {language: folder / language / name for language in LANGUAGES}
            yield (
                folder,
                name,
                {lang: path.read_text("utf-8") if path.exists() else "" for lang, path in paths.items()},
            )


def codes_without_sentence(codes: list[str]) -> list[str]:
    return [
        f"{language}: error-{code.replace('_', '-')}"
        for code in codes
        for language in LANGUAGES
        if not has_text(f"error-{code.replace('_', '-')}", language)
    ]


def test_every_language_has_the_same_texts() -> None:
    found = []
    for folder, name, sources in texts():
        found += [f"{shown(folder)}/{finding}" for finding in differences(name, sources)]

    expect_none(found)


def test_every_count_has_all_plural_forms_of_its_language() -> None:
    found = []
    for folder, name, sources in texts():
        for language, source in sources.items():
            found += [f"{shown(folder)}/{one}" for one in incomplete_plurals(language, name, source)]

    expect_none(found)


def test_every_key_is_written_once_for_each_language() -> None:
    found = []
    for folder in FOLDERS:
        for language in LANGUAGES:
            places: dict[str, list[str]] = {}
            for path in sorted((folder / language).glob("*.ftl")):
                for key in entries(path.read_text("utf-8")):
                    places.setdefault(key, []).append(shown(path))
            found += [f"{key}: {where}" for key, where in places.items() if len(where) > 1]

    expect_none(found)


def test_every_refusal_has_a_sentence_in_every_language() -> None:
    codes = sorted({kind.code for kind in refusals()})

    expect_none(codes_without_sentence(codes))


def test_a_refusals_code_has_one_status_wherever_it_is_raised() -> None:
    statuses: dict[str, set[int]] = {}
    for kind in refusals():
        statuses.setdefault(kind.code, set()).add(status_of(kind))

    expect_none(f"{code}: {sorted(found)}" for code, found in statuses.items() if len(found) > 1)


def test_a_missing_sentence_is_caught() -> None:
    assert len(codes_without_sentence(["no_such_refusal_at_all"])) == len(LANGUAGES)


def test_a_missing_and_a_surplus_key_and_argument_are_caught() -> None:
    sources = {"en": "a = A { $x }\nb = B\n", "de": "a = A { $y }\nc = C\n"}

    assert differences("seeded.ftl", sources) == [
        "de/seeded.ftl: b is missing",
        "de/seeded.ftl: c is not in English",
        "de/seeded.ftl: a uses $y",
    ]


@pytest.mark.parametrize("left_out", sorted(ARABIC_PLURALS - {"other"}))
def test_a_missing_arabic_plural_is_caught(left_out: str) -> None:
    forms = "".join(f"    [{form}] x\n" for form in sorted(ARABIC_PLURALS - {"other", left_out}))
    source = f"n = {{ $count ->\n{forms}   *[other] x\n}}\n"

    assert incomplete_plurals("ar", "seeded.ftl", source) == [f"ar/seeded.ftl: n lacks {left_out}"]
