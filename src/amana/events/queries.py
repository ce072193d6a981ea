"""The SQL of the log's tables."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

import msgspec
from asyncpg import Record

from amana.events.fences import fence_at
from amana.events.model import Appended, Head, NewEvent, NewUserEvent, Outline, StoredEvent, UserEvent
from amana.kernel.ids import Bucket, ClientId, ConversationId, OrgId, Seq, UserId, bucket_at, time_ms_of
from amana.storage.database import Tx
from amana.vault.model import Sealed

# Anything that takes these sixteen arguments and answers these columns can stand in for it, such as
# a function that checks membership first and reports a status per event.
APPEND = """
SELECT r_seq, r_msg_no, r_ts, r_fresh, NULL::smallint[] AS r_status
  FROM append_events($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
"""

_COLUMNS = """e.org_id, e.conversation_id, e.seq, e.bucket, e.msg_no, e.kind, e.sender_id, e.device_id,
       e.client_id, e.target_seq, e.revision, e.ts, e.commitment, e.body"""

# OFFSET 0 keeps the planner from turning the probe of one partition into a scan of all.
_RANGE = f"""
SELECT {_COLUMNS}
  FROM conversation_bucket b
 CROSS JOIN LATERAL (
       SELECT * FROM event p
        WHERE p.conversation_id = $1 AND p.bucket = b.bucket AND p.seq > $2 AND p.seq <= $3
       OFFSET 0) e
 WHERE b.conversation_id = $1 AND b.first_seq <= $3 AND (b.last_seq IS NULL OR b.last_seq > $2)
 ORDER BY e.seq
"""  # noqa: S608  only column names are put in

_RANGE_EACH = f"""
SELECT {_COLUMNS}
  FROM unnest($1::uuid[], $2::bigint[], $3::bigint[]) AS w (conversation_id, after, upto)
  JOIN conversation_bucket b ON b.conversation_id = w.conversation_id AND b.first_seq <= w.upto
                            AND (b.last_seq IS NULL OR b.last_seq > w.after)
 CROSS JOIN LATERAL (
       SELECT * FROM event p
        WHERE p.conversation_id = w.conversation_id AND p.bucket = b.bucket
          AND p.seq > w.after AND p.seq <= w.upto
       OFFSET 0) e
 ORDER BY e.conversation_id, e.seq
"""  # noqa: S608  only column names are put in

# The month that ``before`` falls into nearly always holds enough; its last wanted place rules out the others.
_BACK = f"""
SELECT {_COLUMNS}
  FROM (SELECT greatest($2, (
               SELECT p.seq FROM event p
                WHERE p.conversation_id = $1
                  AND p.bucket = (SELECT n.bucket FROM conversation_bucket n
                                   WHERE n.conversation_id = $1 AND n.first_seq < $3
                                   ORDER BY n.first_seq DESC LIMIT 1)
                  AND p.seq >= $2 AND p.seq < $3 AND p.kind <> ALL($4::smallint[])
                  AND (p.target_seq IS NULL OR p.kind <> ALL($6::smallint[]))
                ORDER BY p.seq DESC OFFSET $5 - 1 LIMIT 1)) AS seq) AS lowest
  JOIN conversation_bucket b ON b.conversation_id = $1 AND b.first_seq < $3
                            AND (b.last_seq IS NULL OR b.last_seq >= lowest.seq)
 CROSS JOIN LATERAL (
       SELECT * FROM event p
        WHERE p.conversation_id = $1 AND p.bucket = b.bucket AND p.seq >= lowest.seq AND p.seq < $3
          AND p.kind <> ALL($4::smallint[])
          AND (p.target_seq IS NULL OR p.kind <> ALL($6::smallint[]))
        ORDER BY p.seq DESC LIMIT $5) e
 ORDER BY e.seq DESC LIMIT $5
"""  # noqa: S608  only column names are put in

# What stands under another event. Few months hold some, and each probe is of one index.
_UNDER = f"""
SELECT {_COLUMNS}
  FROM conversation_bucket b
 CROSS JOIN LATERAL (
       SELECT * FROM event p
        WHERE p.conversation_id = $1 AND p.bucket = b.bucket AND p.target_seq = $2 AND p.kind = $3
          AND p.seq >= $4 AND p.seq < $5
        ORDER BY p.seq DESC LIMIT $6) e
 WHERE b.conversation_id = $1 AND b.first_seq < $5 AND (b.last_seq IS NULL OR b.last_seq >= $4)
 ORDER BY e.seq DESC LIMIT $6
"""  # noqa: S608  only column names are put in

_OUTLINES = """
SELECT e.seq, e.kind, e.sender_id, e.ts
  FROM conversation_bucket b
 CROSS JOIN LATERAL (
       SELECT p.seq, p.kind, p.sender_id, p.ts FROM event p
        WHERE p.conversation_id = $1 AND p.bucket = b.bucket AND p.seq > $2 AND p.seq <= $3
       OFFSET 0) e
 WHERE b.conversation_id = $1 AND b.first_seq <= $3 AND (b.last_seq IS NULL OR b.last_seq > $2)
 ORDER BY e.seq
"""

_AT = f"""
SELECT {_COLUMNS}
  FROM unnest($2::bigint[]) AS wanted (seq)
  JOIN conversation_bucket b ON b.conversation_id = $1 AND b.first_seq <= wanted.seq
                            AND (b.last_seq IS NULL OR b.last_seq >= wanted.seq)
 CROSS JOIN LATERAL (
       SELECT * FROM event p
        WHERE p.conversation_id = $1 AND p.bucket = b.bucket AND p.seq = wanted.seq
       OFFSET 0) e
 ORDER BY e.seq
"""  # noqa: S608  only column names are put in

_AT_EACH = f"""
SELECT {_COLUMNS}
  FROM unnest($1::uuid[], $2::bigint[]) AS wanted (conversation_id, seq)
  JOIN conversation_bucket b ON b.conversation_id = wanted.conversation_id AND b.first_seq <= wanted.seq
                            AND (b.last_seq IS NULL OR b.last_seq >= wanted.seq)
 CROSS JOIN LATERAL (
       SELECT * FROM event p
        WHERE p.conversation_id = wanted.conversation_id AND p.bucket = b.bucket AND p.seq = wanted.seq
       OFFSET 0) e
"""  # noqa: S608  only column names are put in

# Months overlap only where a message came late, so what the newest month holds rules out nearly all others.
_NEWEST = f"""
SELECT {_COLUMNS}
  FROM unnest($1::uuid[], $2::bigint[], $3::bigint[]) AS wanted (conversation_id, first, last)
  LEFT JOIN LATERAL (
       SELECT q.seq FROM conversation_bucket b
        CROSS JOIN LATERAL (
              SELECT p.seq FROM event p
               WHERE p.conversation_id = wanted.conversation_id AND p.bucket = b.bucket
                 AND p.seq BETWEEN wanted.first AND wanted.last AND p.kind = $4
                 AND p.target_seq IS NULL
               ORDER BY p.seq DESC LIMIT 1) q
        WHERE b.conversation_id = wanted.conversation_id AND b.last_seq IS NULL
        ORDER BY q.seq DESC LIMIT 1) n ON true
 CROSS JOIN LATERAL (
       SELECT q.* FROM conversation_bucket b
        CROSS JOIN LATERAL (
              SELECT * FROM event p
               WHERE p.conversation_id = wanted.conversation_id AND p.bucket = b.bucket
                 AND p.seq BETWEEN greatest(wanted.first, n.seq) AND wanted.last AND p.kind = $4
                 AND p.target_seq IS NULL
               ORDER BY p.seq DESC LIMIT 1) q
        WHERE b.conversation_id = wanted.conversation_id AND b.first_seq <= wanted.last
          AND (b.last_seq IS NULL OR b.last_seq >= greatest(wanted.first, n.seq))
        ORDER BY q.seq DESC LIMIT 1) e
"""  # noqa: S608  only column names are put in

_ORIGINAL = f"""
SELECT {_COLUMNS} FROM event e
 WHERE e.client_id = $3 AND e.sender_id = $2 AND e.bucket = $4 AND (e.conversation_id = $1) IS TRUE
"""  # noqa: S608  only column names are put in

_HEAD = "conversation_id, seq, msg_no, last_ts, fence, chain"


def append_arguments(
    org_id: OrgId, events: Sequence[NewEvent], sealed: Sequence[Sealed], *, ts_ms: int
) -> tuple[object, ...]:
    """The arguments of ``APPEND``: conversations in ascending order, one array element per event."""
    by_number = {event.conversation_id.int: event.conversation_id for event in events}
    numbers = sorted(by_number)
    place = {number: index for index, number in enumerate(numbers, 1)}
    return (
        org_id,
        [by_number[number] for number in numbers],
        [place[event.conversation_id.int] for event in events],
        [event.kind for event in events],
        [event.countable for event in events],
        [event.sender_id for event in events],
        [event.device_id for event in events],
        [event.client_id for event in events],
        buckets_of([event.client_id for event in events]),
        [ts_ms] * len(events),
        [event.target_seq for event in events],
        [event.revision for event in events],
        [item.commitment for item in sealed],
        [item.body for item in sealed],
        [item.key_ref for item in sealed],
        [item.wrap for item in sealed],
    )


def buckets_of(client_ids: Iterable[ClientId]) -> list[Bucket]:
    """The partition of each client id."""
    months: dict[int, Bucket] = {}
    buckets = []
    for client_id in client_ids:
        day = time_ms_of(client_id) // 86_400_000
        bucket = months.get(day)
        if bucket is None:
            bucket = months[day] = bucket_at(day * 86_400_000)
        buckets.append(bucket)
    return buckets


def by_month(events: Sequence[NewEvent]) -> list[list[int]]:
    """Places of the events of each month, oldest month first: one call of ``APPEND`` takes one month."""
    buckets = buckets_of([event.client_id for event in events])
    if buckets.count(buckets[0]) == len(buckets):
        return [list(range(len(events)))]
    months: dict[Bucket, list[int]] = {}
    for place, bucket in enumerate(buckets):
        months.setdefault(bucket, []).append(place)
    return [months[bucket] for bucket in sorted(months)]


async def append(
    tx: Tx, org_id: OrgId, events: Sequence[NewEvent], sealed: Sequence[Sealed], *, ts_ms: int
) -> list[Appended]:
    """Append events of one month inside the caller's transaction."""
    arguments = append_arguments(org_id, events, sealed, ts_ms=ts_ms)
    (row,) = await tx.fetch(APPEND, *arguments)
    places = zip(events, row["r_seq"], row["r_msg_no"], row["r_ts"], row["r_fresh"], strict=True)
    return [Appended(event.conversation_id, seq, no, ts, fresh) for event, seq, no, ts, fresh in places]


async def insert_head(tx: Tx, org_id: OrgId, conversation_id: ConversationId) -> None:
    await tx.run(
        "INSERT INTO conversation_head (org_id, conversation_id) VALUES (:org_id, :conversation_id)",
        org_id=org_id,
        conversation_id=conversation_id,
    )


async def lock_head(tx: Tx, conversation_id: ConversationId) -> Head | None:
    """Lock a conversation against other writers until the transaction ends."""
    row = await tx.one(
        f"SELECT {_HEAD} FROM conversation_head WHERE conversation_id = :id FOR UPDATE",  # noqa: S608
        id=conversation_id,
    )
    return None if row is None else _head(row)


async def heads(tx: Tx, conversation_ids: Sequence[ConversationId]) -> dict[ConversationId, Head]:
    rows = await tx.all(
        f"SELECT {_HEAD} FROM conversation_head WHERE conversation_id = ANY(:ids)",  # noqa: S608
        ids=list(conversation_ids),
    )
    return {row["conversation_id"]: _head(row) for row in rows}


async def recent_heads(tx: Tx, *, since_ms: int) -> list[Head]:
    """Heads of conversations with an event dated since then, or whose fence was raised since then."""
    rows = await tx.all(
        f"""
        SELECT {_HEAD} FROM conversation_head
         WHERE conversation_id IN (SELECT e.conversation_id FROM event e WHERE e.ts >= :since_ms)
        UNION
        SELECT {_HEAD} FROM conversation_head WHERE fence > 0 AND fence >= :fence
        """,  # noqa: S608
        since_ms=since_ms,
        fence=fence_at(datetime.fromtimestamp(since_ms / 1000, UTC)),
    )
    return [_head(row) for row in rows]


async def events_between(
    tx: Tx, conversation_id: ConversationId, *, after: int, upto: int
) -> list[StoredEvent]:
    """Events with ``after < seq <= upto``, ascending. Probes only months that overlap the range."""
    return [_stored(row) for row in await tx.fetch(_RANGE, conversation_id, after, upto)]


async def events_between_each(tx: Tx, ranges: Sequence[tuple[ConversationId, Seq, Seq]]) -> list[StoredEvent]:
    """The same for many conversations: by conversation, then ascending."""
    rows = await tx.fetch(
        _RANGE_EACH,
        [room for room, _, _ in ranges],
        [after for _, after, _ in ranges],
        [upto for _, _, upto in ranges],
    )
    return [_stored(row) for row in rows]


async def outlines_between(
    tx: Tx, conversation_id: ConversationId, *, after: int, upto: int
) -> list[Outline]:
    """Like ``events_between``, without the sealed part."""
    return [Outline(*row) for row in await tx.fetch(_OUTLINES, conversation_id, after, upto)]


async def buckets_of_ranges(tx: Tx, ranges: Sequence[tuple[ConversationId, Seq, Seq]]) -> frozenset[Bucket]:
    """The months that overlap one of the ranges (conversation, first, last)."""
    rows = await tx.fetch(
        """
        SELECT DISTINCT b.bucket
          FROM unnest($1::uuid[], $2::bigint[], $3::bigint[]) AS wanted (conversation_id, first, last)
          JOIN conversation_bucket b ON b.conversation_id = wanted.conversation_id
                                    AND b.first_seq <= wanted.last
                                    AND (b.last_seq IS NULL OR b.last_seq >= wanted.first)
        """,
        [room for room, _, _ in ranges],
        [first for _, first, _ in ranges],
        [last for _, _, last in ranges],
    )
    return frozenset(row["bucket"] for row in rows)


async def changes_of(tx: Tx, conversation_id: ConversationId, kind: int, targets: Sequence[Seq]) -> list[Seq]:
    """Places of the events of ``kind`` that change one of ``targets``, ascending."""
    rows = await tx.fetch(
        """
        SELECT e.seq FROM event e
         WHERE e.conversation_id = $1 AND e.target_seq = ANY($2) AND e.kind = $3 ORDER BY e.seq
        """,
        conversation_id,
        list(targets),
        kind,
    )
    return [row["seq"] for row in rows]


async def events_back(
    tx: Tx,
    conversation_id: ConversationId,
    *,
    first: Seq,
    before: Seq,
    without: Iterable[int],
    without_under: Iterable[int],
    limit: int,
) -> list[StoredEvent]:
    """The last ``limit`` events with ``first <= seq < before`` of other kinds than ``without``, ascending.

    Of ``without_under`` only those that stand under no other event.
    """
    rows = await tx.fetch(
        _BACK, conversation_id, first, before, sorted(without), limit, sorted(without_under)
    )
    return [_stored(row) for row in reversed(rows)]


async def events_under(
    tx: Tx, conversation_id: ConversationId, target: Seq, kind: int, *, first: Seq, before: Seq, limit: int
) -> list[StoredEvent]:
    """The last ``limit`` events of ``kind`` under ``target`` with ``first <= seq < before``, ascending."""
    rows = await tx.fetch(_UNDER, conversation_id, target, kind, first, before, limit)
    return [_stored(row) for row in reversed(rows)]


async def count_under(tx: Tx, conversation_id: ConversationId, target: Seq, kind: int, *, upto: Seq) -> int:
    """How many events of ``kind`` stand under ``target``, up to ``upto``."""
    rows = await tx.fetch(
        """
        SELECT count(*) AS events FROM event e
         WHERE e.conversation_id = $1 AND e.target_seq = $2 AND e.kind = $3 AND e.seq <= $4
        """,
        conversation_id,
        target,
        kind,
        upto,
    )
    count: int = rows[0]["events"]
    return count


async def events_at(tx: Tx, conversation_id: ConversationId, seqs: Sequence[Seq]) -> list[StoredEvent]:
    return [_stored(row) for row in await tx.fetch(_AT, conversation_id, list(seqs))]


async def events_at_each(tx: Tx, places: Sequence[tuple[ConversationId, Seq]]) -> list[StoredEvent]:
    """Single events of many conversations, in no particular order."""
    rooms, seqs = [room for room, _ in places], [seq for _, seq in places]
    return [_stored(row) for row in await tx.fetch(_AT_EACH, rooms, seqs)]


async def newest_of_kind(
    tx: Tx, kind: int, ranges: Sequence[tuple[ConversationId, Seq, Seq]]
) -> list[StoredEvent]:
    """Of each conversation its newest event of ``kind`` with ``first <= seq <= last``, where there is one.

    What stands under another event is passed over.
    """
    rows = await tx.fetch(
        _NEWEST,
        [room for room, _, _ in ranges],
        [first for _, first, _ in ranges],
        [last for _, _, last in ranges],
        kind,
    )
    return [_stored(row) for row in rows]


async def original(
    tx: Tx, conversation_id: ConversationId, sender_id: UserId, client_id: ClientId
) -> StoredEvent | None:
    (bucket,) = buckets_of([client_id])
    rows = await tx.fetch(_ORIGINAL, conversation_id, sender_id, client_id, bucket)
    return _stored(rows[0]) if rows else None


async def append_user(tx: Tx, org_id: OrgId, events: Sequence[NewUserEvent], *, bucket: Bucket) -> list[int]:
    """Append private events; gives their positions in the order of ``events``."""
    rows = await tx.fetch(
        "SELECT append_user_events($1, $2, $3, $4, $5, $6, $7::text[]::jsonb[]) AS positions",
        org_id,
        [event.user_id for event in events],
        [event.kind for event in events],
        bucket,
        [event.conversation_id for event in events],
        [event.seq for event in events],
        [msgspec.json.encode(event.detail).decode() for event in events],
    )
    positions: list[int] = rows[0]["positions"]
    return positions


async def user_position(tx: Tx, user_id: UserId) -> int:
    found = await tx.value("SELECT pos FROM user_head WHERE user_id = :user_id", user_id=user_id)
    return found if isinstance(found, int) else 0


async def user_positions(tx: Tx, user_ids: Sequence[UserId]) -> dict[UserId, int]:
    """The newest positions of many persons' logs; who has none yet is left out."""
    rows = await tx.fetch("SELECT user_id, pos FROM user_head WHERE user_id = ANY($1)", user_ids)
    return {UserId(row["user_id"]): row["pos"] for row in rows}


async def user_events(tx: Tx, user_id: UserId, *, after: int, limit: int) -> list[UserEvent]:
    rows = await tx.fetch(
        """
        SELECT user_id, pos, kind, conversation_id, seq, body::text AS body FROM user_event
         WHERE user_id = $1 AND pos > $2 AND pos <= $3 ORDER BY pos
        """,
        user_id,
        after,
        after + limit,
    )
    return [
        UserEvent(
            row["user_id"],
            row["pos"],
            row["kind"],
            row["conversation_id"],
            row["seq"],
            msgspec.json.decode(row["body"], type=dict[str, object]),
        )
        for row in rows
    ]


def _head(row: Record) -> Head:
    return Head(row["conversation_id"], row["seq"], row["msg_no"], row["last_ts"], row["fence"], row["chain"])


def _stored(row: Record) -> StoredEvent:
    return StoredEvent(*row)


async def delete_user_log(tx: Tx, user_id: UserId, *, limit: int) -> int:
    """Delete at most ``limit`` private events of a person and, with the last of them, the position."""
    gone = await tx.run(
        """
        DELETE FROM user_event WHERE user_id = :user_id AND pos IN (
            SELECT pos FROM user_event WHERE user_id = :user_id ORDER BY pos LIMIT :limit)
        """,
        user_id=user_id,
        limit=limit,
    )
    if gone < limit:
        await tx.run("DELETE FROM user_head WHERE user_id = :user_id", user_id=user_id)
    return gone
