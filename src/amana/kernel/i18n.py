"""Texts in four languages: one set of Fluent files, shared with the web client."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from fluent.runtime import FluentBundle, FluentResource

LANGUAGES = ("en", "de", "et", "ar")
DEFAULT_LANGUAGE = "en"
LOCALES = Path(__file__).parent / "locales"

Argument = str | int | float | None


@cache
def bundle(language: str) -> FluentBundle:
    """Load every ``.ftl`` file of one language, with bidi isolation of arguments."""
    texts = FluentBundle([language], use_isolating=True)
    for path in sorted((LOCALES / language).glob("*.ftl")):
        texts.add_resource(FluentResource(path.read_text(encoding="utf-8")))
    return texts


def has_text(key: str, language: str) -> bool:
    """Whether ``language`` has its own sentence for ``key``."""
    return bundle(language).has_message(key)


def text(key: str, language: str, arguments: Mapping[str, Argument] | None = None) -> str:
    """Give the sentence for ``key``; falls back to English, then to the key itself."""
    for candidate in (language, DEFAULT_LANGUAGE):
        if candidate in LANGUAGES and has_text(key, candidate):
            texts = bundle(candidate)
            pattern = texts.get_message(key).value
            if pattern is not None:
                return str(texts.format_pattern(pattern, dict(arguments or {}))[0])
    return key


def refusal_text(code: str, language: str, fields: Mapping[str, object]) -> str:
    """The sentence for a refusal's code; lists are joined, other shapes left out."""
    arguments: dict[str, Argument] = {}
    for name, value in fields.items():
        if isinstance(value, list):
            arguments[name] = ", ".join(map(str, value))
        elif isinstance(value, str | int | float):
            arguments[name] = value
    return text(f"error-{code.replace('_', '-')}", language, arguments)


def best_language(accept_language: str) -> str:
    """Choose from an ``Accept-Language`` header; English when nothing fits."""
    wanted: list[tuple[float, int, str]] = []
    for place, part in enumerate(accept_language.split(",")[:20]):
        tag, _, quality = part.strip().partition(";q=")
        try:
            weight = float(quality) if quality else 1.0
        except ValueError:
            continue
        wanted.append((-weight, place, tag.split("-")[0].lower()))
    for _, _, language in sorted(wanted):
        if language in LANGUAGES:
            return language
    return DEFAULT_LANGUAGE
