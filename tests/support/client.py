"""A program that uses Amana as its documentation says: HTTP with a token, and the WebSocket.

Nothing in here knows the server's code; whatever it needs is public API.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import urlsplit
from uuid import UUID

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from amana_client import new_client_id
from tests.support.described import check_element, check_refusal

__all__ = [
    "PASSWORD",
    "Api",
    "Person",
    "Refused",
    "Socket",
    "connected",
    "join",
    "join_many",
    "new_client_id",
    "set_up",
    "sign_in",
]

PASSWORD = "seven herons over a quiet harbour"
MAX_FRAME_BYTES = 64 * 2**20
ATTEMPTS = 60


class Refused(Exception):
    """The server said no, and why."""

    def __init__(self, status: int, code: str, fields: dict[str, Any]) -> None:
        super().__init__(f"{status} {code} {fields}")
        self.status = status
        self.code = code
        self.fields = fields


class Api:
    """The HTTP API as one person, or as nobody."""

    def __init__(self, base_url: str, token: str | None = None) -> None:
        self.base_url = base_url.rstrip("/")
        self.token = token
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self.http = httpx.AsyncClient(base_url=self.base_url, headers=headers, timeout=30)

    async def call(self, method: str, path: str, body: object = None) -> Any:
        """Send JSON, give JSON. ``busy`` is waited out.

        Raises:
            Refused: any other answer than a success.
        """
        return (await self.answer(method, path, body))[0]

    async def answer(self, method: str, path: str, body: object = None) -> tuple[Any, httpx.Headers]:
        for _ in range(ATTEMPTS):
            answer = await self.http.request(method, path, json=body)
            if answer.status_code in {429, 503} and "retry-after" in answer.headers:
                await asyncio.sleep(min(5.0, float(answer.headers["retry-after"])))
                continue
            break
        found = answer.json() if answer.content else None
        if answer.is_success:
            return found, answer.headers
        error = found.get("error", {}) if isinstance(found, dict) else {}
        check_refusal(method, path, error.get("code", "?"))
        raise Refused(answer.status_code, error.get("code", "?"), error.get("fields", {}))

    async def close(self) -> None:
        await self.http.aclose()


@dataclass
class Person:
    """Somebody who is signed in on one device."""

    name: str
    user_id: UUID
    token: str
    api: Api

    @property
    def base_url(self) -> str:
        return self.api.base_url

    async def call(self, method: str, path: str, body: object = None) -> Any:
        return await self.api.call(method, path, body)

    async def create_group(self, title: str, members: Sequence["Person"] = (), **more: object) -> UUID:
        """Make a group in which everybody may read everything; give its id."""
        body = {
            "client_id": str(new_client_id()),
            "kind": "group",
            "title": title,
            "purpose": "Testing",
            "member_ids": [str(person.user_id) for person in members],
            "history": {"policy": "all"},
        }
        return UUID((await self.call("POST", "/v1/conversations", body | more))["conversation_id"])

    async def open_direct(self, other: "Person") -> UUID:
        found = await self.call("PUT", f"/v1/conversations/direct/{other.user_id}")
        return UUID(found["conversation_id"])

    async def post(self, conversation: UUID, text: str, client_id: UUID | None = None) -> Any:
        body = {"client_id": str(client_id or new_client_id()), "text": text}
        return await self.call("POST", f"/v1/conversations/{conversation}/messages", body)

    async def invite(self, **more: object) -> str:
        """Make an invitation; give the secret of its link."""
        made = await self.call("POST", "/v1/invitations", {"role": "member", "max_uses": 1} | more)
        return urlsplit(made["url"]).fragment


async def set_up(base_url: str, secret: str, *, organisation: str = "Acme", name: str = "Ana") -> Person:
    """Use the set-up link; give the owner."""
    body = {"secret": secret, "organisation": organisation, "display_name": name, "language": "en"}
    return await _signed_in(base_url, "/v1/setup", {**body, "password": PASSWORD}, name)


async def join(base_url: str, secret: str, name: str, *, password: str = PASSWORD) -> Person:
    """Use an invitation; give the new person."""
    body = {"secret": secret, "display_name": name, "language": "en", "password": password}
    return await _signed_in(base_url, "/v1/join", body, name)


async def sign_in(base_url: str, handle: str, name: str, *, password: str = PASSWORD) -> Person:
    """A further device of somebody who has an account."""
    return await _signed_in(base_url, "/v1/sign-in/password", {"handle": handle, "password": password}, name)


async def _signed_in(base_url: str, path: str, body: dict[str, str], name: str) -> Person:
    visitor = Api(base_url)
    try:
        found, headers = await visitor.answer("POST", path, body)
    finally:
        await visitor.close()
    token = next(
        cookie.partition("=")[2].partition(";")[0]
        for cookie in headers.get_list("set-cookie")
        if cookie.startswith("__Host-amana=")
    )
    return Person(name, UUID(found["person"]["user_id"]), token, Api(base_url, token))


async def join_many(owner: Person, names: Sequence[str], *, together: int = 4) -> list[Person]:
    """Bring several people in with one invitation, a few at a time: passwords are slow on purpose."""
    secret = await owner.invite(max_uses=len(names))
    limit = asyncio.Semaphore(together)

    async def one(name: str) -> Person:
        async with limit:
            return await join(owner.base_url, secret, name)

    return await asyncio.gather(*map(one, names))


@dataclass
class Socket:
    """One WebSocket. Elements of arrays are handed out one by one."""

    connection: ClientConnection
    waiting: list[dict[str, Any]] = field(default_factory=list)

    @classmethod
    async def open(cls, person: Person, places: dict[UUID, int] | None = None, **more: Any) -> Self:
        """Connect and say hello; ``places`` = conversation → last seq applied."""
        url = person.base_url.replace("http", "ws", 1) + "/v1/socket"
        connection = await connect(
            url,
            additional_headers={"Authorization": f"Bearer {person.token}"},
            max_size=MAX_FRAME_BYTES,
            compression=None,
            ping_interval=None,
            open_timeout=10,
            **more,
        )
        socket = cls(connection)
        opened = [{"c": str(c), "seq": seq, "fence": 0} for c, seq in (places or {}).items()]
        await socket.send({"t": "hello", "v": 1, "user_pos": 0, "open": opened})
        return socket

    async def send(self, frame: dict[str, Any]) -> None:
        await self.connection.send(json.dumps(frame))

    async def post(self, conversation: UUID, text: str, client_id: UUID | None = None) -> UUID:
        """Send a message without waiting for its acknowledgement; give its client id."""
        client_id = client_id or new_client_id()
        await self.send({"t": "send", "c": str(conversation), "client_id": str(client_id), "text": text})
        return client_id

    async def receive(self) -> dict[str, Any]:
        """The next element; raises ConnectionClosed."""
        while not self.waiting:
            self.waiting = json.loads(await self.connection.recv())
            for element in self.waiting:
                check_element(element)
        return self.waiting.pop(0)

    async def until(self, wanted: Callable[[dict[str, Any]], bool], timeout_s: float = 10) -> dict[str, Any]:
        """The next element that fits; what comes before it is dropped."""
        async with asyncio.timeout(timeout_s):
            while not wanted(element := await self.receive()):
                pass
            return element

    async def acknowledged(self, client_id: UUID, timeout_s: float = 10) -> dict[str, Any]:
        """The answer to a message: an ``ack`` or a ``refused`` element."""
        return await self.until(
            lambda e: e["t"] in {"ack", "refused"} and e.get("client_id") == str(client_id), timeout_s
        )

    async def close_code(self, timeout_s: float = 10) -> int | None:
        """Read on until the server closes; give the code."""
        try:
            async with asyncio.timeout(timeout_s):
                while True:
                    await self.receive()
        except ConnectionClosed as closed:
            return closed.rcvd.code if closed.rcvd else None

    async def close(self) -> None:
        await self.connection.close()


@asynccontextmanager
async def connected(
    person: Person, places: dict[UUID, int] | None = None, **more: Any
) -> AsyncIterator[Socket]:
    """A socket for the length of a block."""
    socket = await Socket.open(person, places, **more)
    try:
        yield socket
    finally:
        await socket.close()
