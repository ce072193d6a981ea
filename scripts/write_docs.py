"""Writes the reference pages that follow from the code: `make docs`.

A test fails while a committed page differs from what this writes, so the pages are never stale.
"""

import importlib
import pkgutil
import re
import sys
import textwrap
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import amana
from amana.kernel import i18n
from amana.kernel.errors import Refusal
from amana.kernel.feature import EventKind, Feature
from amana.kernel.limits import Limit
from scripts import api_pages, asyncapi, python_client

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
MADE = "<!-- Written by `make docs` from the code; edit the code. -->\n\n"

ERRORS = """# Refusals

Every refusal is answered as `{"error": {"code", "message", "fields"}}`. The code is stable and meant
for programs; the message is for people, in their language; `fields` holds the facts, by the names that
stand in braces here. On the socket the same object comes in a `refused` frame. Answers with 429 and 503
carry `Retry-After`. What a caller may not know to exist is answered as not found.

"""
EVENTS = """# Kinds of events

A conversation is the sum of its events, numbered 1, 2, 3 … without holes (`seq`); a person's private
state likewise (`pos`). How they travel: [the WebSocket protocol](realtime.md). Kinds are added, never
changed in meaning; a program skips those it does not know.

"""
LIMITS = """# Limits

Every number Amana refuses to exceed, and why it is this large.

"""
PRIVATE_EVENTS = """
## A person's private events

They travel as `user` elements and hold ids, numbers and times only.

"""
PACE = ("_rate", "_per_s", "_per_second")
PACES = """
## How fast

Buckets of tokens: what is left unused is saved up to "at once". They hold over all workers together.

* **HTTP**: every answer below `/v1` carries `RateLimit-Policy: "session";q=300;w=10` (so many at once, full
  again after so many seconds) and `RateLimit: "session";r=297;t=1` (so many left, full again in so many
  seconds), as draft-ietf-httpapi-ratelimit-headers has them; without a session the name is `network`. Beyond
  it the answer is 429 (`too_many_requests`) with `Retry-After` in seconds, and nothing was done. A socket is
  closed with 4429.
* **Messages**, by HTTP and on the socket: 429, or a `refused` element, with `sending_too_fast` and
  `retry_after_s`. `busy` says the same of the whole server. Sign-in has pauses of its own: see
  [sign-in](operating/sign-in.md).
* **Frames** on a socket: `refused` with `too_many_frames` and `retry_after_s`.

"""
SETTINGS = """# Settings

Read from the environment when Amana starts. None is needed to try it out. A value that cannot be right
stops the start with one sentence.

"""
COMMANDS = """# Commands

`make run` and `make demo` install what is needed and then start these. From elsewhere: `.venv/bin/amana`.
"""


@cache
def imported() -> tuple[dict[str, object], dict[str, str]]:
    """Every module of the product by name, and those that cannot be imported with their reason."""
    modules: dict[str, object] = {}
    broken: dict[str, str] = {}

    def note(name: str) -> None:
        broken[name] = f"{type(sys.exception()).__name__}: {sys.exception()}"

    for found in pkgutil.walk_packages(amana.__path__, "amana.", onerror=note):
        if found.name.endswith("__main__"):
            continue
        try:
            modules[found.name] = importlib.import_module(found.name)
        except Exception:  # noqa: BLE001 - whatever a broken module raises is what is reported
            note(found.name)
    return modules, broken


def refusals() -> list[type[Refusal]]:
    """Every kind of refusal, sorted by code."""
    imported()
    found: set[type[Refusal]] = set()
    waiting: list[type[Refusal]] = [Refusal]
    while waiting:
        kinds = waiting.pop().__subclasses__()
        waiting += kinds
        found.update(kind for kind in kinds if kind.__module__.startswith("amana."))
    return sorted(found, key=lambda kind: (kind.code, kind.__module__, kind.__qualname__))


def features() -> list[Feature]:
    """Every declaration this build is made from."""
    from amana.app.features import FEATURES

    return sorted(FEATURES, key=lambda feature: feature.name)


def event_kinds() -> list[EventKind]:
    """Every kind of event that any domain declares, by name."""
    return sorted(
        (kind for feature in features() for kind in feature.event_kinds), key=lambda kind: kind.name
    )


def settings() -> list[tuple[str, str, str]]:
    """Name in the environment, default, what it does."""
    from amana.app.settings import Settings

    prefix = Settings.model_config.get("env_prefix", "")
    rows = []
    for name, field in Settings.model_fields.items():
        default = field.get_default(call_default_factory=True)
        shown = "" if default is None or default == () else str(default)
        rows.append((f"{prefix}{name}".upper(), shown, field.description or ""))
    return rows


def commands() -> list[tuple[str, str, list[tuple[str, str]]]]:
    """Command as typed, what it does, and its options with what they do."""
    from amana.cli import app

    def below(parent: object, typed: str) -> Iterator[tuple[str, str, list[tuple[str, str]]]]:
        for name in parent:  # type: ignore[attr-defined]  # a cyclopts application iterates over its commands
            if name.startswith("-"):
                continue
            command = parent[name]  # type: ignore[index]  # and gives them by name
            inner = list(below(command, f"{typed} {name}"))
            if inner:
                yield from inner
                continue
            options = [
                (", ".join(argument.names), argument.parameter.help or "")
                for argument in command.assemble_argument_collection()
            ]
            first, _, rest = command.help.strip().partition("\n")
            yield f"{typed} {name}", f"{first}\n{textwrap.dedent(rest)}".strip(), options

    return list(below(app, "amana"))


def status_of(kind: type[Refusal]) -> int:
    """The HTTP status a kind of refusal is answered with."""
    from amana.http.answers import status_of_kind

    return 500 if kind.code == "internal_error" else status_of_kind(kind).value


def sentence(code: str) -> str:
    """The English sentence of a code, with its fields as ``{name}``."""
    key = f"error-{code.replace('_', '-')}"
    if not i18n.has_text(key, i18n.DEFAULT_LANGUAGE):
        return ""
    sources = (i18n.LOCALES / i18n.DEFAULT_LANGUAGE).glob("*.ftl")
    source = "\n".join(path.read_text(encoding="utf-8") for path in sources)
    entry = re.search(rf"^{key} =.*(?:\n[ }}].*)*", source, re.MULTILINE)
    names = re.findall(r"\$(\w+)", entry[0]) if entry else []
    text = i18n.text(key, i18n.DEFAULT_LANGUAGE, {name: f"{{{name}}}" for name in names})
    return text.replace("\u2068", "").replace("\u2069", "").replace("\n", " ")


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A Markdown table."""
    titles = list(head)
    lines = ["| " + " | ".join(titles) + " |", "|" + "---|" * len(titles)]
    lines += ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def errors_page() -> str:
    by_code = {kind.code: kind for kind in refusals()}
    rows = [(f"`{code}`", str(status_of(kind)), sentence(code)) for code, kind in sorted(by_code.items())]
    return ERRORS + table(("code", "status", "in English"), rows)


def events_page() -> str:
    rows = [
        (
            f"`{kind.name}`",
            str(kind.number),
            "yes" if kind.countable else "",
            ", ".join(f"`{name}`" for name in getattr(kind.payload, "__struct_fields__", ())),
            (kind.payload.__doc__ or "").strip().partition("\n")[0].replace("``", "`"),
        )
        for kind in event_kinds()
    ]
    return EVENTS + table(("kind", "number", "counts as unread", "content", "meaning"), rows)


def private_events_page() -> str:
    from amana.conversations.events import USER_KINDS

    rows = [
        (
            f"`{kind.name}`",
            str(kind.number),
            ", ".join(f"`{name}`" for name in getattr(kind.payload, "__struct_fields__", ())),
            (kind.payload.__doc__ or "").strip().partition("\n")[0].replace("``", "`"),
        )
        for kind in asyncapi.sorted_kinds(USER_KINDS)
    ]
    return PRIVATE_EVENTS + table(("kind", "number", "detail", "meaning"), rows)


def http_page(document: api_pages.Json, codes: api_pages.Codes) -> str:
    everywhere = ", ".join(f"`{code}`" for code in sorted(api_pages.EVERYWHERE))
    rows = api_pages.http_rows(document, codes)
    head = ("request", "operation", "scope", "what it does", "refusals of its own")
    return api_pages.HTTP_PAGE.format(everywhere=everywhere) + table(head, rows)


def limits_page() -> str:
    limits: list[Limit] = sorted((one for f in features() for one in f.limits), key=lambda one: one.name)
    rows = [(f"`{one.name}`", f"{one.default:,}", one.unit, one.reason) for one in limits]
    return LIMITS + table(("limit", "default", "unit", "reason"), rows) + paces_page(limits)


def paces_page(limits: list[Limit]) -> str:
    """What may be done how fast: the limits that come in pairs."""
    bursts = {one.name.removesuffix("_burst"): one for one in limits if one.name.endswith("_burst")}
    rows = [
        (f"`{base}`", one.per, f"{bursts[base].default:,}", f"{one.default:,} a second")
        for one in limits
        for base in (one.name.removesuffix(ending) for ending in PACE if one.name.endswith(ending))
    ]
    return PACES + table(("pace", "of", "at once", "then"), rows)


def settings_page() -> str:
    rows = [(f"`{name}`", f"`{default}`" if default else "", text) for name, default, text in settings()]
    return SETTINGS + table(("setting", "default", "what it does"), rows)


def commands_page() -> str:
    parts = [COMMANDS]
    for typed, text, options in commands():
        parts.append(f"\n## `{typed}`\n\n{text.replace('<', '&lt;')}\n")
        if options:
            rows = [(f"`{name}`", meaning) for name, meaning in options]
            parts.append("\n" + table(("option", "what it does"), rows))
    return "".join(parts)


def pages() -> dict[Path, str]:
    """Every generated page with its text."""
    operations, frames = api_pages.refusal_codes(refusals())
    document = api_pages.openapi(operations)
    made = {
        DOCS / "api/errors.md": errors_page(),
        DOCS / "api/events.md": events_page() + private_events_page(),
        DOCS / "api/http.md": http_page(document, operations),
        DOCS / "limits.md": limits_page(),
        DOCS / "operating/settings.md": settings_page(),
        DOCS / "operating/commands.md": commands_page(),
    }
    return {
        **{path: MADE + text for path, text in made.items()},
        DOCS / "api/asyncapi.json": asyncapi.text(frames),
        ROOT / "clients/python/src/amana_client/operations.py": python_client.operations_module(document),
        ROOT / "src/amana/app/operation_refusals.json": api_pages.refusal_table(operations, frames),
    }


if __name__ == "__main__":
    for page, text in pages().items():
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(text, encoding="utf-8")
