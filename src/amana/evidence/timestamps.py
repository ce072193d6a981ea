"""Time stamps of an outside authority over the log (RFC 3161): optional, once a day.

A witness says that the log only grew; a time stamp says when a state of it existed at the latest, and
an authority of the law's own kind (eIDAS) says so to a court. What is stamped is the newest checkpoint
that the witnesses of the policy signed, with their signatures; while there is none, the newest one.
"""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx
import structlog
from cryptography import x509

from amana.evidence import log_queries
from amana.evidence.cosigning_asking import read_limited
from amana.evidence.cosigning_coverage import coverage, current_policy, quorum_size
from amana.evidence.tlog.notes import with_signatures
from amana.kernel.clock import Clock
from amana.kernel.errors import Busy, StartFailure
from amana.kernel.ids import OrgId
from amana.storage.database import Database, Tx

if TYPE_CHECKING:
    from rfc3161_client import TimeStampRequest

log = structlog.get_logger("amana.witness")

PERIOD = timedelta(days=1)
# How often is looked whether a day is over, and how soon a failure is tried again.
LOOK_PERIOD = timedelta(minutes=10)
ANSWER_TIMEOUT_S = 30.0
# Certificate chains included; real answers have some ten kilobytes.
MAX_RESPONSE_BYTES = 262_144
QUERY, REPLY = "application/timestamp-query", "application/timestamp-reply"


class StampRefused(Exception):
    """The authority gave no time stamp that holds; ``reason`` is a code for the log."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Stamp:
    """A time stamp that was checked when it came.

    Attributes:
        at: the authority's time.
        note: what was stamped, as UTF-8: a checkpoint with its signatures.
        response: DER of the authority's TimeStampResp, for ``openssl ts -verify -in``.
    """

    log_no: int
    size: int
    at: datetime
    note: str
    response: bytes


class Authority:
    """One time stamping authority.

    Args:
        url: where it answers.
        roots: certificates that its own hangs on.
    """

    def __init__(self, url: str, roots: list[x509.Certificate], http: httpx.AsyncClient) -> None:
        self._url = url
        self._roots = roots
        self._http = http

    async def stamp(self, content: bytes) -> tuple[datetime, bytes]:
        """Have ``content`` stamped (SHA-256) and check the answer; gives its time and the answer itself.

        Raises:
            StampRefused: no answer, or one that does not hold.
        """
        from rfc3161_client import HashAlgorithm, TimestampRequestBuilder

        request = TimestampRequestBuilder().data(content).hash_algorithm(HashAlgorithm.SHA256).build()
        try:
            async with (
                asyncio.timeout(ANSWER_TIMEOUT_S),
                self._http.stream(
                    "POST", self._url, content=request.as_bytes(), headers={"content-type": QUERY}
                ) as answer,
            ):
                response = await read_limited(answer, MAX_RESPONSE_BYTES)
        except (httpx.HTTPError, TimeoutError, OSError):
            raise StampRefused("unreachable") from None
        except ValueError:
            raise StampRefused("too_long") from None
        kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
        if answer.status_code != 200 or kind != REPLY:
            raise StampRefused("unexpected_answer")
        return self._checked(request, content, response), response

    def _checked(self, request: "TimeStampRequest", content: bytes, response: bytes) -> datetime:
        from rfc3161_client import VerificationError, VerifierBuilder, decode_timestamp_response

        try:
            decoded = decode_timestamp_response(response)
        except ValueError:
            raise StampRefused("unreadable") from None
        builder = VerifierBuilder.from_request(request)
        for root in self._roots:
            builder = builder.add_root_certificate(root)
        try:
            builder.build().verify_message(decoded, content)
        except (VerificationError, ValueError):
            raise StampRefused("does_not_hold") from None
        return decoded.tst_info.gen_time


def authority(url: str | None, roots: Path | None, http: httpx.AsyncClient) -> Authority | None:
    """The authority that the operator chose; None for none.

    Raises:
        StartFailure: a setting is missing or wrong, or the package for it is not installed.
    """
    if url is None:
        return None
    if urlsplit(url).scheme not in {"http", "https"} or not urlsplit(url).hostname:
        raise StartFailure("AMANA_TIMESTAMP_URL is no address of a time stamping authority.")
    if roots is None:
        raise StartFailure(
            "AMANA_TIMESTAMP_URL needs AMANA_TIMESTAMP_CA, the certificate (PEM) by which the authority "
            "is known."
        )
    try:
        import rfc3161_client  # noqa: F401
    except ImportError:
        raise StartFailure(
            "time stamps need a further package. Type: pip install 'amana[timestamps]', "
            "or leave AMANA_TIMESTAMP_URL out."
        ) from None
    try:
        return Authority(url, x509.load_pem_x509_certificates(roots.read_bytes()), http)
    except (OSError, ValueError) as error:
        raise StartFailure(f"{roots} cannot be used as a certificate authority: {error}.") from None


class Timestamps:
    """Has the log stamped once a day."""

    def __init__(self, database: Database, clock: Clock, authority: Authority) -> None:
        self._database = database
        self._clock = clock
        self._authority = authority
        self._task: asyncio.Task[None] | None = None

    async def stamp_due(self, org_id: OrgId) -> None:
        """Begin to stamp when a day is over; returns before the authority answers."""
        if self._task is not None and not self._task.done():
            return
        async with self._database.read(org_id) as tx:
            last = await newest_stamp(tx, org_id)
        if last is None or self._clock.now() - last.at >= PERIOD:
            self._task = asyncio.create_task(self._try_stamp(org_id), name="timestamp")

    async def close(self) -> None:
        """Give up what is under way."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def settle(self) -> None:
        """Wait for the stamp that is under way."""
        if self._task is not None:
            await self._task

    async def stamp(self, org_id: OrgId) -> Stamp | None:
        """Stamp the newest state now; None when it is stamped already, or when there is none.

        Raises:
            StampRefused: the authority gave none that holds.
        """
        async with self._database.read(org_id) as tx:
            found = await _stampable(tx, org_id)
            last = await newest_stamp(tx, org_id)
        if found is None or (last is not None and (last.log_no, last.size) == found[:2]):
            return None
        log_no, size, note = found
        at, response = await self._authority.stamp(note.encode())
        stamp = Stamp(log_no, size, at, note, response)
        async with self._database.write(org_id) as tx:
            await _insert_stamp(tx, org_id, stamp)
        log.info("timestamp.stored", log_no=log_no, size=size, at=at.isoformat())
        return stamp

    async def _try_stamp(self, org_id: OrgId) -> None:
        try:
            await self.stamp(org_id)
        except StampRefused as refused:
            log.warning("timestamp.failed", problem=refused.reason)
        except Busy as busy:
            log.warning("timestamp.failed", problem=busy.code)


async def newest_stamp(tx: Tx, org_id: OrgId) -> Stamp | None:
    """The newest time stamp of any log of the organisation."""
    row = await tx.one(
        """
        SELECT log_no, size, at, note, response FROM evidence_timestamp
         WHERE org_id = :org_id ORDER BY log_no DESC, at DESC LIMIT 1
        """,
        org_id=org_id,
    )
    return None if row is None else Stamp(*row)


async def _stampable(tx: Tx, org_id: OrgId) -> tuple[int, int, str] | None:
    """Log, size and note of what is stamped next."""
    newest = await log_queries.newest_log(tx, org_id)
    if newest is None:
        return None
    wanted = quorum_size(await current_policy(tx, org_id), await coverage(tx, org_id))
    row = await tx.one(
        """
        SELECT size, note FROM evidence_checkpoint
         WHERE org_id = :org_id AND log_no = :log_no AND (size = :wanted OR :wanted::bigint IS NULL)
         ORDER BY size DESC LIMIT 1
        """,
        org_id=org_id,
        log_no=newest.log_no,
        wanted=wanted or None,
    )
    if row is None:
        return None
    lines = await log_queries.cosignature_lines(tx, org_id, newest.log_no, row["size"])
    return newest.log_no, row["size"], with_signatures(row["note"], lines)


async def _insert_stamp(tx: Tx, org_id: OrgId, stamp: Stamp) -> None:
    await tx.run(
        """
        INSERT INTO evidence_timestamp (org_id, log_no, size, at, note, response)
        VALUES (:org_id, :log_no, :size, :at, :note, :response) ON CONFLICT DO NOTHING
        """,
        org_id=org_id,
        log_no=stamp.log_no,
        size=stamp.size,
        at=stamp.at,
        note=stamp.note,
        response=stamp.response,
    )
