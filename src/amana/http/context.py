"""What a handler is given: one object with everything it may use."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar, cast

from amana.kernel.actor import Actor
from amana.kernel.clock import Clock
from amana.kernel.entropy import Entropy
from amana.kernel.errors import Unauthenticated
from amana.kernel.ids import Ids

if TYPE_CHECKING:  # a type here, an object given by the composition root
    from amana.storage.database import Database

S = TypeVar("S")


class Services:
    """The long-lived objects of the running process, found by their class."""

    def __init__(self, *services: object) -> None:
        self._by_type: dict[type, object] = {type(service): service for service in services}

    def add(self, service: object) -> None:
        self._by_type[type(service)] = service

    def get(self, kind: type[S]) -> S:
        """Give the one instance of ``kind``; KeyError (a wiring mistake) when it was not added."""
        return cast(S, self._by_type[kind])


@dataclass(frozen=True, slots=True)
class State:
    """What the process owns and every request shares."""

    db: "Database"
    clock: Clock
    ids: Ids
    entropy: Entropy
    services: Services


class Context:
    """One request.

    A plain class on purpose: Litestar would copy a dataclass field by field.

    Attributes:
        client_ip: the caller's address; behind a trusted proxy the one the proxy saw.
        language: the person's own choice, else what the browser asks for.
        maybe_actor: who is asking; None on public routes when nobody is signed in.
        user_agent: as sent, at most 500 characters; only for the device's label.
        cookies: as sent.
    """

    __slots__ = ("_reply_headers", "client_ip", "cookies", "language", "maybe_actor", "state", "user_agent")

    def __init__(
        self,
        state: State,
        *,
        client_ip: str,
        language: str,
        maybe_actor: Actor | None,
        user_agent: str = "",
        cookies: Mapping[str, str] | None = None,
        reply_headers: list[tuple[bytes, bytes]] | None = None,
    ) -> None:
        self.state = state
        self.client_ip = client_ip
        self.language = language
        self.maybe_actor = maybe_actor
        self.user_agent = user_agent
        self.cookies = cookies or {}
        self._reply_headers = reply_headers if reply_headers is not None else []

    @property
    def db(self) -> "Database":
        return self.state.db

    @property
    def clock(self) -> Clock:
        return self.state.clock

    @property
    def ids(self) -> Ids:
        return self.state.ids

    @property
    def entropy(self) -> Entropy:
        return self.state.entropy

    @property
    def services(self) -> Services:
        return self.state.services

    @property
    def actor(self) -> Actor:
        """Who is asking.

        Raises:
            Unauthenticated: nobody is signed in.
        """
        if self.maybe_actor is None:
            raise Unauthenticated("Sign in first.")
        return self.maybe_actor

    def add_header(self, name: str, value: str) -> None:
        """Send one more header with a successful answer."""
        self._reply_headers.append((name.lower().encode("latin-1"), value.encode("latin-1")))
