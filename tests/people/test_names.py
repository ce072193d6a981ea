"""Names are shown as typed and never lie; handles can be typed on any keyboard."""

import pytest

from amana.people.errors import NameInvalid
from amana.people.names import choose_handle, clean_name, handle_base, typed_handle


@pytest.mark.parametrize(
    ("name", "language", "handle"),
    [
        ("Ana Tamm", "en", "ana.tamm"),
        ("Jürgen Groß", "de", "juergen.gross"),
        ("Jüri Õun", "et", "juri.oun"),
        ("Žanna Šmidt", "et", "zanna.smidt"),
        ("Ööbik Väli", "et", "oobik.vali"),
        ("محمد علي", "ar", "mhmd.aly"),
        ("Seán O'Brien-Smith", "en", "sean.o.brien.smith"),
        ("李小龍", "en", "user"),
        ("🙂", "en", "user"),
    ],
)
def test_the_handle_follows_from_the_name(name: str, language: str, handle: str) -> None:
    assert handle_base(clean_name(name), language) == handle


def test_a_taken_handle_gets_the_first_free_number() -> None:
    assert choose_handle("ana", frozenset()) == "ana"
    assert choose_handle("ana", frozenset({"ana", "ana-2"})) == "ana-3"
    assert choose_handle("user", frozenset()) == "user-1"
    assert choose_handle("all", frozenset()) == "all-1"


def test_composed_and_decomposed_letters_are_one_name() -> None:
    assert clean_name("Ju\u0308rgen  Groß ") == "Jürgen Groß"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "a\nb",
        "a\u202eb",
        "a\u2066b\u2069",
        "a\u200bb",
        "a\ufeffb",
        "a\ue000b",
        "a\ufffe",
        "\ufdd0",
        "\u0301",
        "x" * 81,
    ],
)
def test_what_cannot_be_shown_safely_is_refused(text: str) -> None:
    with pytest.raises(NameInvalid):
        clean_name(text)


def test_joiners_stay_because_persian_and_emoji_need_them() -> None:
    assert clean_name("می\u200cخواهم") == "می\u200cخواهم"
    assert clean_name("👩\u200d🔬 Ana") == "👩\u200d🔬 Ana"


def test_an_emoji_newer_than_this_server_is_a_name_like_any_other() -> None:
    assert clean_name("\U0001faea") == "\U0001faea"


def test_what_people_type_into_the_form_finds_their_handle() -> None:
    assert typed_handle("  @Ana.Tamm ") == "ana.tamm"
