"""Sentences in four languages."""

import pytest

from amana.kernel.i18n import LANGUAGES, best_language, refusal_text, text


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("de-DE,de;q=0.9,en;q=0.8", "de"),
        ("fr,et;q=0.5,ar;q=0.7", "ar"),
        ("ET", "et"),
        ("fr", "en"),
        ("", "en"),
        ("de;q=abc, ar;q=0.1", "ar"),
        ("," * 5000 + "de", "en"),
    ],
)
def test_the_best_language_is_chosen_from_the_header(header: str, language: str) -> None:
    assert best_language(header) == language


def test_every_language_has_its_own_sentence() -> None:
    sentences = {text("secure-title", language) for language in LANGUAGES}

    assert len(sentences) == len(LANGUAGES)


def test_an_unknown_language_falls_back_to_english_and_an_unknown_key_to_itself() -> None:
    assert text("secure-title", "fr") == text("secure-title", "en")
    assert text("no-such-key", "de") == "no-such-key"


def test_fields_of_any_shape_never_break_a_sentence() -> None:
    assert refusal_text("no_such_code", "ar", {"list": ["a", "b"], "none": None}) == "error-no-such-code"
