"""Routes of the log: its status, and the static resources of c2sp.org/tlog-tiles for signed-in people."""

from datetime import datetime
from typing import Annotated, Self

import msgspec
from litestar import Response
from litestar.params import Parameter

from amana.evidence import log_reader
from amana.evidence.cosigning_coverage import WitnessState, coverage, current_policy, quorum_size
from amana.evidence.errors import NotInLog
from amana.evidence.tlog import tiles
from amana.http import SELF, Context, endpoint
from amana.kernel.clock import unix_ms

LogNumber = Annotated[int, Parameter(ge=1, le=2**31 - 1, description="1 for the first log.")]
# Whoever is signed in gets the same bytes for ever, but a shared cache must not keep them for others.
_IMMUTABLE = "private, max-age=31536000, immutable"


class WitnessCoverage(msgspec.Struct, frozen=True, kw_only=True):
    """How far a witness of the policy has followed. Times in Unix milliseconds, null for never.

    ``size`` entries are covered by its newest signature, ``behind`` are not yet, the oldest of those
    for ``delay_s`` seconds. ``last_error`` is a code. ``rollback_seen`` tells since when the witness
    says that it has seen more (``alarm`` is ``rolled_back``) or something else (``forked``) than is
    stored here: ``alarm_size`` entries.
    """

    name: str
    vkey: str
    size: int
    behind: int
    delay_s: int
    cosigned_at: int | None
    last_error: str | None
    failing_since: int | None
    rollback_seen: int | None
    alarm: str | None
    alarm_size: int | None

    @classmethod
    def of(cls, state: WitnessState, *, size: int, now: datetime) -> Self:
        """One witness beside a log of ``size`` entries."""
        return cls(
            name=state.name,
            vkey=state.vkey,
            size=state.size,
            behind=size - state.size,
            delay_s=int(state.delay(now).total_seconds()),
            cosigned_at=_unix_ms(state.cosigned_at),
            last_error=state.last_error,
            failing_since=_unix_ms(state.failing_since),
            rollback_seen=_unix_ms(state.rollback_seen),
            alarm=state.alarm,
            alarm_size=state.alarm_size,
        )


class LogState(msgspec.Struct, frozen=True, kw_only=True):
    """The newest log. Times in Unix milliseconds; ``checkpoint_at`` is null before the first checkpoint.

    ``quorum_size`` entries have the signatures that the policy asks for; null when it asks for none.
    """

    log_no: int
    origin: str
    vkey: str
    url: str
    size: int
    checkpoint_at: int | None
    quorum_size: int | None
    witnesses: list[WitnessCoverage]


@endpoint(
    "GET", "/v1/log", operation="readLogState", access=SELF, summary="Where the transparency log stands"
)
async def read_log_state(ctx: Context) -> LogState:
    """The origin and public key of the newest log, its size, and how far each witness has followed."""
    async with ctx.db.read(ctx.actor.org_id) as tx:
        status = await log_reader.status(tx, ctx.actor.org_id)
        states = await coverage(tx, ctx.actor.org_id)
        policy = await current_policy(tx, ctx.actor.org_id)
    size = status.last.size if status.last is not None else 0
    return LogState(
        log_no=status.log.log_no,
        origin=status.log.origin,
        vkey=status.log.verifier.vkey,
        url=f"/log/{status.log.log_no}",
        size=size,
        checkpoint_at=_unix_ms(status.last.at if status.last is not None else None),
        quorum_size=quorum_size(policy, states),
        witnesses=[WitnessCoverage.of(one, size=size, now=ctx.clock.now()) for one in states],
    )


@endpoint(
    "GET",
    "/log/{log_no:int}/checkpoint",
    operation="readLogCheckpoint",
    access=SELF,
    summary="The newest signed checkpoint",
    media_type="text/plain",
)
async def read_checkpoint(ctx: Context, log_no: LogNumber) -> Response[str]:
    """A signed note of c2sp.org/tlog-checkpoint with the cosignatures that there are."""
    async with ctx.db.read(ctx.actor.org_id) as tx:
        note = await log_reader.checkpoint_note(tx, ctx.actor.org_id, log_no)
    return Response(note, media_type="text/plain", headers={"cache-control": "no-store"})


@endpoint(
    "GET",
    "/log/{log_no:int}/tile/{place:path}",
    operation="readLogTile",
    access=SELF,
    summary="A tile of hashes, or a bundle of entries",
    media_type="application/octet-stream",
)
async def read_tile(ctx: Context, log_no: LogNumber, place: str) -> Response[bytes]:
    """``<level>/<index>[.p/<width>]`` or ``entries/<index>[.p/<width>]`` as in c2sp.org/tlog-tiles."""
    try:
        tile = tiles.parse_path(place.removeprefix("/"))
    except ValueError:
        raise NotInLog("The log has no such tile.") from None
    async with ctx.db.read(ctx.actor.org_id) as tx:
        content = await log_reader.read_tile(tx, ctx.actor.org_id, log_no, tile)
    return Response(content, media_type="application/octet-stream", headers={"cache-control": _IMMUTABLE})


def _unix_ms(at: datetime | None) -> int | None:
    return None if at is None else unix_ms(at)


ROUTES = (read_log_state, read_checkpoint, read_tile)
