"""One question to one witness over HTTP, and what its answer means (C2SP tlog-witness)."""

import asyncio
import re
import ssl
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from amana.evidence.tlog.notes import Signature, Verifier
from amana.evidence.witness.request import MAX_BODY_BYTES
from amana.kernel.errors import StartFailure

CONNECT_TIMEOUT_S = 5.0
ANSWER_TIMEOUT_S = 15.0
MAX_COSIGNATURES = 100
LOCAL_NAMES = frozenset({"localhost"})

_SIZE = re.compile(r"(0|[1-9][0-9]{0,18})\n?")


class Problem(StrEnum):
    """Why there is no cosignature. The values are stored and shown: final once released."""

    NO_ADDRESS = "no_address"
    """The policy names no address for this witness."""
    UNREACHABLE = "unreachable"
    """No connection, or no answer in time."""
    CERTIFICATE = "certificate"
    """The witness's TLS certificate is not trusted here."""
    UNKNOWN_LOG = "unknown_log"
    """The witness does not follow this log: its operator has to add the log's key."""
    SIGNATURE_REFUSED = "signature_refused"
    """The witness follows the log under another key."""
    BUSY = "busy"
    """The witness is overloaded or under repair."""
    UNEXPECTED_ANSWER = "unexpected_answer"
    """What answered does not speak the protocol."""
    WRONG_COSIGNATURE = "wrong_cosignature"
    """The answer holds no signature of the key that the policy names."""
    OWN_LOG_DAMAGED = "own_log_damaged"
    """This server cannot prove the log to anybody: its tiles are damaged."""
    ROLLED_BACK = "rolled_back"
    """The witness has seen a larger tree than is stored here."""
    FORKED = "forked"
    """The witness has seen another tree than is stored here."""


@dataclass(frozen=True, slots=True)
class Cosigned:
    """The witness signed."""

    line: str


@dataclass(frozen=True, slots=True)
class Knows:
    """The witness last saw another size than it was told."""

    size: int


@dataclass(frozen=True, slots=True)
class Failed:
    """No cosignature."""

    problem: Problem


Answered = Cosigned | Knows | Failed


def check_address(url: str) -> str:
    """Give ``url`` back when a witness may be asked there: https, or this very machine.

    Raises:
        ValueError: half a sentence in English.
    """
    parts = urlsplit(url)
    if parts.username is not None or parts.password is not None or parts.query or parts.fragment:
        raise ValueError("the address of a witness has no user, no question mark and no hash")
    if not parts.hostname or parts.scheme not in {"https", "http"}:
        raise ValueError("the address of a witness begins with https://")
    if parts.scheme == "http" and not _is_this_machine(parts.hostname):
        raise ValueError("a witness on another machine is asked over https only")
    if not 0 < (parts.port or 443) < 65536:
        raise ValueError("the address of a witness has no such port")
    return url


def trust(authority: Path | None) -> ssl.SSLContext:
    """The system's certificate authorities, and one more when it is given.

    Raises:
        StartFailure: the file is no certificate.
    """
    context = ssl.create_default_context()
    if authority is not None:
        try:
            context.load_verify_locations(authority)
        except OSError as error:  # ssl.SSLError is one of them
            raise StartFailure(f"{authority} cannot be used as a certificate authority: {error}.") from None
    return context


def client(context: ssl.SSLContext) -> httpx.AsyncClient:
    """A client that goes where it was sent and nowhere else: no redirects, no cookies worth keeping."""
    # A proxy that the operator set serves the way out, never the way to this machine itself.
    direct = httpx.AsyncHTTPTransport(verify=context)
    return httpx.AsyncClient(
        verify=context,
        timeout=httpx.Timeout(ANSWER_TIMEOUT_S, connect=CONNECT_TIMEOUT_S),
        follow_redirects=False,
        mounts={f"all://{host}": direct for host in ("localhost", "127.0.0.1", "[::1]")},
        headers={"user-agent": "amana", "accept-encoding": "identity"},
    )


async def ask(http: httpx.AsyncClient, url: str, body: bytes) -> tuple[int, str, str]:
    """POST; gives status, media type and body.

    Raises:
        httpx.HTTPError, TimeoutError: no answer.
        ValueError: an answer that is too long or no UTF-8.
    """
    address = f"{url.rstrip('/')}/add-checkpoint"
    headers = {"content-type": "text/plain; charset=utf-8"}
    async with (
        asyncio.timeout(ANSWER_TIMEOUT_S),
        http.stream("POST", address, content=body, headers=headers) as answer,
    ):
        content = await read_limited(answer, MAX_BODY_BYTES)
    media_type = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    return answer.status_code, media_type, content.decode()


async def read_limited(answer: httpx.Response, limit_bytes: int) -> bytes:
    """The body as it was sent, never unpacked: a small answer must not become a large one.

    Raises:
        ValueError: it is longer than ``limit_bytes``.
    """
    content = bytearray()
    async for chunk in answer.aiter_raw():
        content += chunk
        if len(content) > limit_bytes:
            raise ValueError("The answer is too long.")
    return bytes(content)


def unreachable(error: Exception) -> Problem:
    """Tell a certificate that is not trusted from a witness that is not there."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            return Problem.CERTIFICATE
        cause = cause.__cause__ or cause.__context__
    return Problem.UNREACHABLE


def meaning(status: int, media_type: str, content: str, *, text: str, key: Verifier) -> Answered:
    """What an answer says. A cosignature counts only when it holds over ``text``."""
    if status == 200:
        return _cosignature(content, text, key)
    if status == 409:
        found = _SIZE.fullmatch(content)
        if found is None or media_type not in {"text/x.tlog.size", "text/plain"}:
            return Failed(Problem.UNEXPECTED_ANSWER)
        return Knows(int(found[1]))
    if status in {408, 425, 429} or status >= 500:
        return Failed(Problem.BUSY)
    problems = {404: Problem.UNKNOWN_LOG, 403: Problem.SIGNATURE_REFUSED, 422: Problem.FORKED}
    return Failed(problems.get(status, Problem.UNEXPECTED_ANSWER))


def _cosignature(content: str, text: str, key: Verifier) -> Answered:
    lines = content.split("\n")
    if len(lines) > MAX_COSIGNATURES:
        return Failed(Problem.UNEXPECTED_ANSWER)
    for line in lines:
        try:
            signature = Signature.parse(line)
        except ValueError:
            continue
        if (signature.name, signature.key_id) == (key.name, key.id) and key.holds(text, signature.signature):
            return Cosigned(signature.line)
    return Failed(Problem.WRONG_COSIGNATURE)


def _is_this_machine(host: str) -> bool:
    if host in LOCAL_NAMES:
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
