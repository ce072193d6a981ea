"""The documentation names everything the product has, and its generated pages are those of this code."""

import re
from collections.abc import Iterable

from amana.app.features import FEATURES
from amana.kernel.limits import Limit
from scripts import write_docs
from tests.contracts.repository import ROOT, SOURCE, expect_none, files, shown, string_constants

LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#\s]+)")
SETTING = re.compile(r"\bAMANA_[A-Z0-9_]+\b")


def documentation() -> str:
    return "\n".join(path.read_text(encoding="utf-8") for path in files(".md", under=ROOT / "docs"))


def undocumented(names: Iterable[str], text: str) -> list[str]:
    return [name for name in names if re.search(rf"(?<![\w.-]){re.escape(name)}(?![\w-])", text) is None]


def settings_that_do_not_exist(text: str, known: set[str]) -> list[str]:
    return sorted(set(SETTING.findall(text)) - known)


def read_by_single_commands() -> set[str]:
    """What is read from the environment by its whole name beside the settings: passphrases above all."""
    constants = [
        text for path in files(".py", under=SOURCE) for _, text in string_constants(path.read_text("utf-8"))
    ]
    return {text for text in constants if SETTING.fullmatch(text)}


def test_every_module_can_be_imported() -> None:
    expect_none(f"{name}: {reason}" for name, reason in write_docs.imported()[1].items())


def test_the_generated_pages_are_those_of_this_code() -> None:
    stale = [
        f"{shown(page)} is not what `make docs` writes"
        for page, text in write_docs.pages().items()
        if not page.is_file() or page.read_text(encoding="utf-8") != text
    ]

    expect_none(stale)


def test_every_setting_is_documented() -> None:
    expect_none(undocumented((name for name, _, _ in write_docs.settings()), documentation()))


def test_every_setting_says_what_it_does() -> None:
    expect_none(name for name, _, text in write_docs.settings() if not text)


def test_no_page_names_a_setting_that_does_not_exist() -> None:
    known = {name for name, _, _ in write_docs.settings()} | read_by_single_commands()
    found = []
    for path in [*files(".md", under=ROOT / "docs"), ROOT / "README.md", ROOT / "SECURITY.md"]:
        text = path.read_text(encoding="utf-8")
        found += [f"{shown(path)}: {name}" for name in settings_that_do_not_exist(text, known)]

    expect_none(found)


def test_every_command_is_documented_and_says_what_it_does() -> None:
    commands = write_docs.commands()

    expect_none(undocumented((typed for typed, _, _ in commands), documentation()))
    expect_none(typed for typed, text, _ in commands if not text)


def test_every_kind_of_event_is_documented() -> None:
    kinds = write_docs.event_kinds()

    assert kinds != []
    expect_none(undocumented((kind.name for kind in kinds), documentation()))


def test_every_kind_of_event_has_its_own_number_and_name() -> None:
    kinds = write_docs.event_kinds()

    assert len({kind.name for kind in kinds}) == len(kinds)


def test_every_refusal_code_is_documented() -> None:
    expect_none(undocumented(sorted({kind.code for kind in write_docs.refusals()}), documentation()))


def limits_that_say_too_little(limits: Iterable[Limit]) -> list[str]:
    return [one.name for one in limits if not re.fullmatch(r"[A-Z].+\.", one.reason) or not one.unit]


def test_every_limit_is_documented_with_its_number() -> None:
    lines = (ROOT / "docs" / "limits.md").read_text(encoding="utf-8").splitlines()
    limits = [one for feature in FEATURES for one in feature.limits]

    assert {one.name.partition(".")[0] for one in limits} >= {"http", "realtime", "events", "people"}
    assert len({one.name for one in limits}) == len(limits)
    expect_none(
        one.name
        for one in limits
        if not any(line.startswith(f"| `{one.name}` | {one.default:,} | ") for line in lines)
    )


def test_every_limit_says_why_in_a_sentence() -> None:
    expect_none(limits_that_say_too_little(one for feature in FEATURES for one in feature.limits))


def test_a_reason_that_is_no_sentence_is_caught() -> None:
    seeded = [Limit("a.b", 1, "bytes", reason) for reason in ("so it is", "So it is", "So it is.", "")]

    assert len(limits_that_say_too_little(seeded)) == 3


def test_every_link_between_pages_leads_somewhere() -> None:
    found = []
    for path in files(".md"):
        targets = LINK.findall(path.read_text(encoding="utf-8"))
        found += [f"{shown(path)} → {target}" for target in targets if not (path.parent / target).exists()]

    expect_none(found)


def test_an_undocumented_name_is_caught() -> None:
    text = "`AMANA_PORT` and `too_many_pins` and `amana serve`"

    assert undocumented(["AMANA_PORT", "too_many_pins", "amana serve"], text) == []
    assert undocumented(["AMANA_POR", "many_pins", "amana"], "AMANA_PORT too_many_pins amana-x") == [
        "AMANA_POR",
        "many_pins",
        "amana",
    ]


def test_a_setting_that_does_not_exist_is_caught() -> None:
    assert settings_that_do_not_exist("set AMANA_PROT=1", {"AMANA_PORT"}) == ["AMANA_PROT"]
