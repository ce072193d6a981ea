"""What a domain declares about itself; the composition root puts the declarations together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from amana.kernel.limits import Limit


@dataclass(frozen=True, slots=True)
class EventKind:
    """One kind of event in a conversation's or a user's log.

    Attributes:
        number: what the database stores; final once released, never used again.
        name: what the API says, ``message.created``.
        countable: whether it counts as unread.
        payload: the msgspec struct of its content, for generated types and documentation.
    """

    number: int
    name: str
    countable: bool
    payload: type


@dataclass(frozen=True, slots=True)
class Feature:
    """Everything the outside needs to know of one domain.

    Attributes:
        name: the folder's name.
        routes: HTTP handlers and routers.
        event_kinds: kinds this domain writes.
        permissions: capability → one sentence that says what it allows.
        limits: numbers for ``docs/limits.md``.
        refusals: every refusal class the domain can answer with.
        schema: folder of forward-only SQL migrations.
    """

    name: str
    routes: Sequence[object] = ()
    event_kinds: Sequence[EventKind] = ()
    permissions: Mapping[str, str] = field(default_factory=dict)
    limits: Sequence[Limit] = ()
    refusals: Sequence[type[Exception]] = ()
    schema: Path | None = None
