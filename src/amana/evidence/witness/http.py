"""The witness on the network: ``POST /add-checkpoint`` for logs, ``GET /`` for people, nothing else."""

import asyncio
from html import escape

import structlog

from amana.evidence.tlog.notes import Signer
from amana.evidence.witness.cosigner import TEXT, Cosigner, Verdict
from amana.evidence.witness.request import MAX_BODY_BYTES
from amana.http.answers import Answer
from amana.http.asgi import Receive, Scope, Send, header, language_of, send_answer
from amana.http.buckets import Buckets
from amana.http.network import client_ip, network_of
from amana.http.plain_page import plain_page, strict_answer
from amana.kernel.clock import Clock
from amana.kernel.i18n import text

log = structlog.get_logger("amana.witness")

# A log asks every few seconds, and twice after it was away. Everything above is no log.
BURST = 60
RATE_PER_S = 5.0
BODY_TIMEOUT_S = 10.0
ADD_CHECKPOINT = "/add-checkpoint"


class WitnessPages:
    """ASGI application."""

    def __init__(self, cosigner: Cosigner, signer: Signer, clock: Clock) -> None:
        self._cosigner = cosigner
        self._vkey = signer.verifier.vkey
        self._buckets = Buckets(clock, burst=BURST, rate_per_s=RATE_PER_S)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        method, path = scope["method"], scope["path"]
        if path == ADD_CHECKPOINT and method == "POST":
            await send_answer(send, await self._add_checkpoint(scope, receive))
        elif path == "/" and method in {"GET", "HEAD"}:
            page = witness_page(self._vkey, language_of(scope))
            await send_answer(send, strict_answer(page), head_only=method == "HEAD")
        elif path in {ADD_CHECKPOINT, "/"}:
            allowed = b"POST" if path == ADD_CHECKPOINT else b"GET, HEAD"
            await send_answer(send, _plain(405, "Not so.\n", headers=((b"allow", allowed),)))
        else:
            await send_answer(send, _plain(404, "There is nothing here.\n"))

    async def _add_checkpoint(self, scope: Scope, receive: Receive) -> Answer:
        network = network_of(client_ip(scope, ()))
        wait_s = self._buckets.take(network)
        if wait_s > 0:
            log.warning("witness.decided", outcome="too_often", status=429, network=network)
            retry = ((b"retry-after", str(int(wait_s) + 1).encode()),)
            return _plain(429, "Not so often.\n", headers=retry)
        verdict = await self._decide(scope, receive)
        level = "info" if verdict.status == 200 else "warning"
        getattr(log, level)(
            "witness.decided",
            outcome=verdict.outcome,
            status=verdict.status,
            network=network,
            **verdict.about,
        )
        return strict_answer(
            verdict.body.encode(), status=verdict.status, media_type=verdict.media_type.encode()
        )

    async def _decide(self, scope: Scope, receive: Receive) -> Verdict:
        try:
            async with asyncio.timeout(BODY_TIMEOUT_S):
                body = await _body(scope, receive)
        except TimeoutError:
            return Verdict(408, "The request came too slowly.\n", TEXT, "too_slow")
        if body is None:
            return Verdict(413, "The request is too large.\n", TEXT, "too_large")
        return await asyncio.to_thread(self._cosigner.add_checkpoint, body)


def witness_page(vkey: str, language: str) -> bytes:
    """What a person sees who opens the witness's address: what this is, and its key."""
    paragraphs = "".join(
        f"<p>{escape(text(f'witness-page-{part}', language))}</p>" for part in ("what", "not")
    )
    key = f'<p>{escape(text("witness-page-key", language))}<br><code dir="ltr">{escape(vkey)}</code></p>'
    return plain_page(language, title="witness-page-title", body=paragraphs + key)


def _plain(status: int, body: str, *, headers: tuple[tuple[bytes, bytes], ...] = ()) -> Answer:
    return strict_answer(body.encode(), status=status, media_type=TEXT.encode(), headers=headers)


async def _body(scope: Scope, receive: Receive) -> bytes | None:
    """The request's body; None when it is larger than a request can be."""
    declared = header(scope, b"content-length")
    if declared is not None and declared.isdigit() and int(declared) > MAX_BODY_BYTES:
        return None
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if len(body) > MAX_BODY_BYTES:
            return None
        if message["type"] != "http.request" or not message.get("more_body", False):
            return bytes(body)
