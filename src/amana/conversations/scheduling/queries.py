"""The SQL of what waits to be said."""

from datetime import datetime
from typing import cast
from uuid import UUID

import asyncpg

from amana.conversations.model import Kind as RoomKind
from amana.conversations.model import MemberRole
from amana.conversations.scheduling.model import Kind, Scheduled, State
from amana.conversations.scheduling.recurrence import Repeat
from amana.kernel.ids import ConversationId, UserId
from amana.storage.database import Tx

# Who goes on with what somebody left behind, the first of them first.
_RANKS = (MemberRole.OWNER, MemberRole.DEPUTY, MemberRole.POSTER, MemberRole.MEMBER)


async def insert(tx: Tx, item: Scheduled) -> bool:
    """Store it; False when there is one of this id already."""
    repeat = item.repeat
    done = await tx.run(
        """
        INSERT INTO scheduled (org_id, conversation_id, schedule_id, kind, state, owner_id, created_by,
                               device_id, client_id, due, starts, zone, rule, revision, body, created_at)
        VALUES (:org_id, :conversation_id, :schedule_id, :kind, :state, :owner_id, :created_by, :device_id,
                :client_id, :due, :starts, :zone, :rule, :revision, :body, :created_at)
        ON CONFLICT (conversation_id, schedule_id) DO NOTHING
        """,
        org_id=item.org_id,
        conversation_id=item.conversation_id,
        schedule_id=item.schedule_id,
        kind=int(item.kind),
        state=int(item.state),
        owner_id=item.owner_id,
        created_by=item.created_by,
        device_id=item.device_id,
        client_id=item.client_id,
        due=item.due,
        starts=None if repeat is None else repeat.starts,
        zone=None if repeat is None else repeat.zone,
        rule=None if repeat is None else repeat.rule,
        revision=item.revision,
        body=item.body,
        created_at=item.created_at,
    )
    return done == 1


async def find(tx: Tx, conversation_id: ConversationId, schedule_id: UUID) -> Scheduled | None:
    row = await tx.one(
        "SELECT * FROM scheduled WHERE conversation_id = :conversation_id AND schedule_id = :schedule_id",
        conversation_id=conversation_id,
        schedule_id=schedule_id,
    )
    return None if row is None else _scheduled(row)


async def lock(tx: Tx, conversation_id: ConversationId, schedule_id: UUID) -> Scheduled | None:
    """The same for a change. Lock its job first: that is the order everywhere."""
    row = await tx.one(
        """
        SELECT * FROM scheduled
         WHERE conversation_id = :conversation_id AND schedule_id = :schedule_id FOR UPDATE
        """,
        conversation_id=conversation_id,
        schedule_id=schedule_id,
    )
    return None if row is None else _scheduled(row)


async def update(tx: Tx, item: Scheduled) -> None:
    """Store everything that may have changed; the caller holds its lock."""
    repeat = item.repeat
    await tx.run(
        """
        UPDATE scheduled
           SET kind = :kind, state = :state, owner_id = :owner_id, device_id = :device_id, due = :due,
               starts = :starts, zone = :zone, rule = :rule, revision = :revision, body = :body,
               sent_count = :sent_count, last_seq = :last_seq, reason = :reason, ended_at = :ended_at
         WHERE conversation_id = :conversation_id AND schedule_id = :schedule_id
        """,
        conversation_id=item.conversation_id,
        schedule_id=item.schedule_id,
        kind=int(item.kind),
        state=int(item.state),
        owner_id=item.owner_id,
        device_id=item.device_id,
        due=item.due,
        starts=None if repeat is None else repeat.starts,
        zone=None if repeat is None else repeat.zone,
        rule=None if repeat is None else repeat.rule,
        revision=item.revision,
        body=item.body,
        sent_count=item.sent_count,
        last_seq=item.last_seq,
        reason=item.reason,
        ended_at=item.ended_at,
    )


async def delete(tx: Tx, conversation_id: ConversationId, schedule_id: UUID) -> None:
    await tx.run(
        "DELETE FROM scheduled WHERE conversation_id = :conversation_id AND schedule_id = :schedule_id",
        conversation_id=conversation_id,
        schedule_id=schedule_id,
    )


async def count_waiting(tx: Tx, owner_id: UserId) -> int:
    found = await tx.value(
        "SELECT count(*) FROM scheduled WHERE owner_id = :owner_id AND state IN (1, 4)", owner_id=owner_id
    )
    return cast(int, found)


async def list_own(tx: Tx, owner_id: UserId, *, conversation_id: ConversationId | None) -> list[Scheduled]:
    """What waits or failed of this person, the next first; what is held for some seconds is left out."""
    rows = await tx.all(
        """
        SELECT * FROM scheduled
         WHERE owner_id = :owner_id AND state IN (1, 4) AND (kind <> 1 OR state = 4)
           AND (:conversation_id::uuid IS NULL OR conversation_id = :conversation_id::uuid)
         ORDER BY due NULLS FIRST, schedule_id
        """,
        owner_id=owner_id,
        conversation_id=conversation_id,
    )
    return [_scheduled(row) for row in rows]


async def list_recurring(tx: Tx, conversation_id: ConversationId, *, without: UserId) -> list[Scheduled]:
    """What recurs in a room in the name of others."""
    rows = await tx.all(
        """
        SELECT * FROM scheduled
         WHERE conversation_id = :conversation_id AND kind = 3 AND state IN (1, 4) AND owner_id <> :without
         ORDER BY due NULLS FIRST, schedule_id
        """,
        conversation_id=conversation_id,
        without=without,
    )
    return [_scheduled(row) for row in rows]


async def find_successor(tx: Tx, conversation_id: ConversationId, *, without: UserId) -> UserId | None:
    """Who goes on with what recurs in a room: its owner, else a deputy, else whoever writes there longest.

    None between two people: what one of them says to the other is nobody else's.
    """
    found = await tx.value(
        """
        SELECT m.user_id FROM member m JOIN conversation c ON c.conversation_id = m.conversation_id
         WHERE m.conversation_id = :conversation_id AND m.user_id <> :without AND c.kind <> :direct
         ORDER BY array_position(:ranks::int[], m.role::int), m.joined_seq, m.user_id LIMIT 1
        """,
        conversation_id=conversation_id,
        without=without,
        direct=int(RoomKind.DIRECT),
        ranks=[int(role) for role in _RANKS],
    )
    return cast(UserId | None, found)


async def list_of_person(
    tx: Tx, conversation_id: ConversationId, user_id: UserId
) -> list[tuple[UUID, Kind, State]]:
    """Everything of one person in a room, also what has ended: id, kind and state."""
    rows = await tx.all(
        """
        SELECT schedule_id, kind, state FROM scheduled
         WHERE conversation_id = :conversation_id AND owner_id = :user_id ORDER BY schedule_id
        """,
        conversation_id=conversation_id,
        user_id=user_id,
    )
    return [(row["schedule_id"], Kind(row["kind"]), State(row["state"])) for row in rows]


async def delete_ended(tx: Tx, *, before: datetime, limit: int) -> int:
    """Forget what ended before then; gives how many there were."""
    return await tx.run(
        """
        DELETE FROM scheduled s USING (
            SELECT conversation_id, schedule_id FROM scheduled
             WHERE org_id = :org_id AND ended_at < :before LIMIT :limit) d
         WHERE s.conversation_id = d.conversation_id AND s.schedule_id = d.schedule_id
        """,
        org_id=tx.org_id,
        before=before,
        limit=limit,
    )


async def any_ended_since(tx: Tx, since: datetime | None) -> bool:
    """Whether keys of texts ended since then: they may still lie in pages and in the log."""
    found = await tx.value(
        """
        SELECT EXISTS (SELECT FROM scheduled
                        WHERE org_id = :org_id AND ended_at >= coalesce(:since::timestamptz, '-infinity'))
        """,
        org_id=tx.org_id,
        since=since,
    )
    return bool(found)


def _scheduled(row: asyncpg.Record) -> Scheduled:
    repeat = None if row["rule"] is None else Repeat(row["starts"], row["zone"], row["rule"])
    return Scheduled(
        org_id=row["org_id"],
        conversation_id=row["conversation_id"],
        schedule_id=row["schedule_id"],
        kind=Kind(row["kind"]),
        state=State(row["state"]),
        owner_id=row["owner_id"],
        created_by=row["created_by"],
        device_id=row["device_id"],
        client_id=row["client_id"],
        due=row["due"],
        repeat=repeat,
        revision=row["revision"],
        body=row["body"],
        sent_count=row["sent_count"],
        last_seq=row["last_seq"],
        reason=row["reason"],
        created_at=row["created_at"],
        ended_at=row["ended_at"],
    )
