"""What people type becomes spans: nothing is lost, nothing becomes markup, nothing takes long."""

import json
import time
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amana.conversations.mentions.model import Naming, find
from amana.conversations.messages.formatting import parse


def text(value: str) -> dict[str, Any]:
    return {"t": "text", "text": value}


def styled(kind: str, *spans: dict[str, Any]) -> dict[str, Any]:
    return {"t": kind, "spans": list(spans)}


@pytest.mark.parametrize(
    ("typed", "spans"),
    [
        ("plain", [text("plain")]),
        ("a *bold* word", [text("a "), styled("b", text("bold")), text(" word")]),
        ("_it_ ~gone~", [styled("i", text("it")), text(" "), styled("s", text("gone"))]),
        ("*_both_*", [styled("b", styled("i", text("both")))]),
        ("2*3*4 snake_case_name", [text("2*3*4 snake_case_name")]),
        ("* not bold *", [text("* not bold *")]),
        ("*open", [text("*open")]),
        ("**", [text("**")]),
        ("`*code*`", [{"t": "code", "text": "*code*"}]),
        ("*مرحبًا*، كيف", [styled("b", text("مرحبًا")), text("، كيف")]),
    ],
)
def test_marks_at_the_edge_of_words_count(typed: str, spans: list[dict[str, Any]]) -> None:
    assert parse(typed) == [{"t": "p", "spans": spans}]


@pytest.mark.parametrize(
    ("typed", "address"),
    [
        ("see https://a.example/b_c_(d).", "https://a.example/b_c_(d)"),
        ("(https://a.example)", "https://a.example"),
        ("*https://a.example*", "https://a.example"),
        ("HTTP://A.example؟", "HTTP://A.example"),
        ("https://a.example\u202egnp.exe", "https://a.example"),
    ],
)
def test_an_address_ends_where_its_sentence_does(typed: str, address: str) -> None:
    assert [node["href"] for node in flat(parse(typed)) if node["t"] == "link"] == [address]


@pytest.mark.parametrize(
    "typed", ["javascript://a%0aalert(1)", "data:text/html,x", "xhttps://a.example", "https://"]
)
def test_only_web_addresses_become_links(typed: str) -> None:
    assert all(node["t"] == "text" for node in flat(parse(typed)))


def test_lines_make_lists_quotes_and_code() -> None:
    assert parse("- one\n- *two*\n> said\nthen\n```\nx = 1\n  y\n```") == [
        {"t": "list", "items": [[text("one")], [styled("b", text("two"))]]},
        {"t": "quote", "spans": [text("said")]},
        {"t": "p", "spans": [text("then")]},
        {"t": "code", "text": "x = 1\n  y"},
    ]


def flat(blocks: Any) -> list[dict[str, Any]]:
    """Every node that carries text, in order."""
    if isinstance(blocks, list):
        return [node for block in blocks for node in flat(block)]
    if "text" in blocks:
        return [blocks]
    return flat(blocks.get("spans", [])) + flat(blocks.get("items", []))


MARKED = st.text(alphabet="ab*_~`>- \n(https://.ب\u0651", max_size=200)


@given(st.one_of(st.text(max_size=300), MARKED))
@settings(max_examples=400, deadline=None)
def test_nothing_that_was_typed_gets_lost_or_added(typed: str) -> None:
    blocks = parse(typed)

    shown = "".join(str(node["text"]) for node in flat(blocks))
    marks = "*_~`>- \n"
    kept = str.maketrans("", "", marks)
    assert shown.translate(kept) == typed.translate(kept)
    assert json.loads(json.dumps(blocks)) == blocks


@given(
    st.text(max_size=200).filter(
        lambda typed: not set(typed) & set("*_~`:") and not typed.startswith(("- ", "> "))
    )
)
def test_text_without_marks_is_one_plain_paragraph(typed: str) -> None:
    if "\n- " not in typed and "\n> " not in typed:
        assert parse(typed) == [{"t": "p", "spans": [text(typed)]}]


@pytest.mark.parametrize(
    "unit",
    [
        "*",
        "_*~",
        "*a",
        "`",
        "```",
        "*a _b ~c ",
        "- \n",
        "> \n",
        "ahttps://",
        "(https://a",
        " *",
        "~a~",
        "https://a)",
    ],
)
def test_no_input_takes_more_than_its_length(unit: str) -> None:
    small, large = unit * (8_000 // len(unit)), unit * (64_000 // len(unit))
    parse(small)

    one, eight = _cpu_s(small), _cpu_s(large)

    # Eight times the text; the square would be sixty-four times the time.
    assert eight < 30 * max(one, 0.0005)


def _cpu_s(typed: str) -> float:
    best = 1e9
    for _ in range(3):
        begin = time.process_time()
        parse(typed)
        best = min(best, time.process_time() - begin)
    return best


def test_a_name_is_one_span_whatever_stands_in_it() -> None:
    user = UUID(int=7)
    typed = "*@Jean_Luc* `@Jean_Luc` https://a.example/@Jean_Luc @Jean_Luc"
    names = find(typed, [Naming("@Jean_Luc", user)] * 4)

    (block,) = parse(typed, names)

    name = {"t": "mention", "text": "@Jean_Luc", "user_id": str(user)}
    link = {"t": "link", "text": "https://a.example/", "href": "https://a.example/"}
    code = {"t": "code", "text": "@Jean_Luc"}
    assert block["spans"] == [styled("b", name), text(" "), code, text(" "), link, name, text(" "), name]


def test_a_name_in_a_block_of_code_is_its_letters() -> None:
    assert parse("```\n@Ana\n```", find("```\n@Ana\n```", [Naming("@Ana")])) == [
        {"t": "code", "text": "@Ana"}
    ]


@given(
    st.lists(
        st.one_of(st.sampled_from(["@Ana", "@*b*", "@`", "*", "_", "`", "```", "\n", "> ", "- ", " ", "x"]))
    )
)
def test_with_and_without_names_the_same_is_said(parts: list[str]) -> None:
    typed = "".join(parts)
    names = find(typed, [Naming(part) for part in parts if part.startswith("@")])

    said = json.dumps(parse(typed, names))

    assert "\\u0000" not in said
    for _, _, naming in names:
        assert naming.text in typed
    assert said.count('"mention"') <= len(names)
