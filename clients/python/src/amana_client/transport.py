"""HTTP with JSON: one call, one answer, and patience where the server asks for it."""

import asyncio
from typing import Any, Self, TypeVar

import httpx
import msgspec

from amana_client.errors import NotSignedIn, Refused

T = TypeVar("T")

LONGEST_WAIT_S = 60.0
LONGEST_PAUSE_S = 10.0
FIRST_PAUSE_S = 0.25
# These may be repeated whatever became of the first attempt; so may a body with a ``client_id``.
REPEATABLE = frozenset({"GET", "PUT", "DELETE"})
TOO_OFTEN, UNAVAILABLE, NOT_SIGNED_IN = 429, 503, 401

_encode = msgspec.json.Encoder().encode


class Transport:
    """One connection pool, one token.

    Args:
        base_url: of the installation, ``https://chat.example``.
        token: a personal API token; None for what needs none.
        longest_wait_s: how long a call goes on when the server is busy, stopped or out of reach.
    """

    def __init__(
        self, base_url: str, token: str | None = None, *, longest_wait_s: float = LONGEST_WAIT_S
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self.token = token
        self._longest_wait_s = longest_wait_s
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._http = httpx.AsyncClient(base_url=self.base_url, headers=headers, timeout=35)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        await self._http.aclose()

    async def call(
        self, method: str, path: str, body: object = None, *, query: dict[str, Any] | None = None
    ) -> Any:
        """Send JSON, give JSON.

        Raises:
            Refused: the server said no, also when it stayed busy for ``longest_wait_s``.
            httpx.TransportError: there is no server, and the call may not be repeated or was in vain.
        """
        answer = await self.answer(method, path, body, query=query)
        if not answer.content:
            return None
        if answer.headers.get("content-type", "").startswith("application/json"):
            return answer.json()
        return answer.text

    async def ask(
        self,
        kind: type[T],
        method: str,
        path: str,
        body: dict[str, Any] | None = None,
        *,
        query: dict[str, Any] | None = None,
    ) -> T:
        """The same with an answer of a type; what is UNSET in a body or None in a query is left out."""
        if body is not None:
            body = {name: value for name, value in body.items() if value is not msgspec.UNSET}
        if query is not None:
            query = {name: value for name, value in query.items() if value is not None}
        answer = await self.answer(method, path, body, query=query)
        if kind is type(None):
            return None
        if kind is str:
            return answer.text  # type: ignore[return-value]  # asked for just that
        return msgspec.json.decode(answer.content, type=kind)

    async def answer(
        self, method: str, path: str, body: object = None, *, query: dict[str, Any] | None = None
    ) -> httpx.Response:
        """The whole answer of a success; see ``call`` for what is raised."""
        may_repeat = method in REPEATABLE or (isinstance(body, dict) and "client_id" in body)
        content = None if body is None else _encode(body)
        headers = {} if body is None else {"content-type": "application/json"}
        waited_s, pause_s = 0.0, FIRST_PAUSE_S
        while True:
            failure: Exception
            try:
                answer = await self._http.request(
                    method, path, content=content, headers=headers, params=query
                )
                if answer.is_success:
                    return answer
                failure, after_s = refusal_of(answer), _retry_after_s(answer)
                is_hopeless = after_s is None or (answer.status_code != TOO_OFTEN and not may_repeat)
            except httpx.TransportError as error:
                failure, after_s, is_hopeless = error, None, not may_repeat
            pause_s = min(LONGEST_PAUSE_S, after_s if after_s is not None else pause_s * 2)
            if is_hopeless or waited_s + pause_s > self._longest_wait_s:
                raise failure
            await asyncio.sleep(pause_s)
            waited_s += pause_s


def refusal_of(answer: httpx.Response) -> Exception:
    """What an answer that is no success means."""
    try:
        error = answer.json()["error"]
    except (ValueError, KeyError, TypeError):
        return Refused(answer.status_code, "unknown", answer.reason_phrase, {})
    if answer.status_code == NOT_SIGNED_IN and error["code"] == "unauthenticated":
        return NotSignedIn(error["message"])
    return Refused(answer.status_code, error["code"], error["message"], error["fields"])


def _retry_after_s(answer: httpx.Response) -> float | None:
    if answer.status_code not in {TOO_OFTEN, UNAVAILABLE}:
        return None
    try:
        return float(answer.headers.get("retry-after", ""))
    except ValueError:
        return None
