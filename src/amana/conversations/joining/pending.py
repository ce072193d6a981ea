"""Who asks to come in and who is asked to: the rows, and telling those whom it concerns.

Every change is made under the lock of the room's head, as every other change of its members.
"""

from collections.abc import Sequence

import asyncpg

from amana.conversations.joining.events import (
    JOIN_OFFERED,
    JOIN_REQUESTED,
    JOIN_SETTLED,
    JoinOffered,
    JoinRequested,
    JoinSettled,
    detail_of,
)
from amana.conversations.joining.model import Pending, Way
from amana.conversations.rules import OWNERS
from amana.conversations.writing import Desk
from amana.events.model import NewUserEvent
from amana.kernel.clock import unix_ms
from amana.kernel.ids import ConversationId, OrgId, UserId
from amana.people.queries import present
from amana.storage.database import Tx

_COLUMNS = "conversation_id, user_id, kind, by_id, at, link_id"


async def begin(desk: Desk, tx: Tx, org_id: OrgId, waiting: Sequence[Pending]) -> None:
    """Store requests or offers of one room that are new, and tell whoever is to answer."""
    if not waiting:
        return
    await tx.run(
        """
        INSERT INTO join_pending (org_id, conversation_id, user_id, kind, by_id, at, link_id)
        SELECT :org_id, * FROM unnest(:rooms::uuid[], :users::uuid[], :kinds::smallint[], :by::uuid[],
                                      :at::timestamptz[], :links::uuid[])
        """,
        org_id=org_id,
        rooms=[one.conversation_id for one in waiting],
        users=[one.user_id for one in waiting],
        kinds=[int(one.way) for one in waiting],
        by=[one.by_id for one in waiting],
        at=[one.at for one in waiting],
        links=[one.link_id for one in waiting],
    )
    governing = await _governing(tx, waiting[0].conversation_id)
    await desk.log.append_users(tx, [told for one in waiting for told in _begun(one, governing)])


async def take(tx: Tx, conversation_id: ConversationId, users: Sequence[UserId]) -> list[Pending]:
    """Take out what waits between these people and a room."""
    rows = await tx.all(
        f"""
        DELETE FROM join_pending WHERE user_id = ANY(:users) AND conversation_id = :conversation_id
        RETURNING {_COLUMNS}
        """,  # noqa: S608  constant columns
        conversation_id=conversation_id,
        users=list(users),
    )
    return [_pending(row) for row in rows]


async def settled(tx: Tx, over: Sequence[Pending], *, by: UserId, outcome: str) -> list[NewUserEvent]:
    """What to tell of requests and offers of one room that are over; erased people get no log again."""
    if not over:
        return []
    governing = await _governing(tx, over[0].conversation_id)
    concerned = {*governing, *(one.user_id for one in over), *(one.by_id for one in over)}
    there = await present(tx, sorted(concerned))
    return [
        NewUserEvent(
            user_id,
            JOIN_SETTLED,
            one.conversation_id,
            None,
            detail_of(JoinSettled(user_id=one.user_id, by=by, outcome=outcome)),
        )
        for one in over
        for user_id in sorted({*governing, one.user_id, one.by_id} & there)
    ]


async def find(tx: Tx, conversation_id: ConversationId, users: Sequence[UserId]) -> dict[UserId, Pending]:
    """What waits between these people and a room."""
    rows = await tx.all(
        f"""
        SELECT {_COLUMNS} FROM join_pending
         WHERE user_id = ANY(:users) AND conversation_id = :conversation_id
        """,  # noqa: S608  constant columns
        conversation_id=conversation_id,
        users=list(users),
    )
    return {row["user_id"]: _pending(row) for row in rows}


async def of_room(tx: Tx, conversation_id: ConversationId, *, limit: int) -> list[Pending]:
    """What waits at a room, the oldest first."""
    rows = await tx.all(
        f"""
        SELECT {_COLUMNS} FROM join_pending WHERE conversation_id = :conversation_id
         ORDER BY at, user_id LIMIT :limit
        """,  # noqa: S608  constant columns
        conversation_id=conversation_id,
        limit=limit,
    )
    return [_pending(row) for row in rows]


async def of_person(tx: Tx, user_id: UserId) -> list[Pending]:
    """What waits for or on a person, the newest first."""
    rows = await tx.all(
        f"SELECT {_COLUMNS} FROM join_pending WHERE user_id = :user_id ORDER BY at DESC, conversation_id",  # noqa: S608
        user_id=user_id,
    )
    return [_pending(row) for row in rows]


async def forget(desk: Desk, tx: Tx, user_id: UserId) -> None:
    """Drop whatever waits for or on somebody who is erased, and tell those who would answer."""
    over = await of_person(tx, user_id)
    told: list[NewUserEvent] = []
    for one in over:
        await take(tx, one.conversation_id, [user_id])
        told += await settled(tx, [one], by=user_id, outcome="withdrawn")
    await desk.log.append_users(tx, told)


async def _governing(tx: Tx, conversation_id: ConversationId) -> list[UserId]:
    """The owner and the deputies of a room, as far as they are in it."""
    rows = await tx.all(
        "SELECT user_id FROM member WHERE conversation_id = :conversation_id AND role = ANY(:roles)",
        conversation_id=conversation_id,
        roles=[int(role) for role in sorted(OWNERS)],
    )
    return sorted(UserId(row["user_id"]) for row in rows)


def _begun(one: Pending, governing: Sequence[UserId]) -> list[NewUserEvent]:
    at = unix_ms(one.at)
    if one.way is Way.OFFER:
        detail = detail_of(JoinOffered(by=one.by_id, at=at))
        return [NewUserEvent(one.user_id, JOIN_OFFERED, one.conversation_id, None, detail)]
    detail = detail_of(JoinRequested(user_id=one.user_id, at=at))
    return [
        NewUserEvent(user_id, JOIN_REQUESTED, one.conversation_id, None, detail)
        for user_id in sorted({*governing, one.user_id})
    ]


def _pending(row: asyncpg.Record) -> Pending:
    return Pending(
        row["conversation_id"], row["user_id"], Way(row["kind"]), row["by_id"], row["at"], row["link_id"]
    )
