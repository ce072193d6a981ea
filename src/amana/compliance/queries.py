"""The SQL of retention, of the erasure of persons, and of how far the files are clean."""

from dataclasses import dataclass
from datetime import datetime
from typing import cast
from uuid import UUID

import asyncpg

from amana.compliance.model import PersonErasure
from amana.kernel.ids import ConversationId, OrgId, Seq, UserId
from amana.storage.database import Tx
from amana.vault.erasure import Mark


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the retention of one conversation has come.

    Attributes:
        waiting: messages up to ``erased_through`` whose end has not been announced.
    """

    erased_through: Seq
    announced_through: Seq
    waiting: int


NOWHERE = Progress(Seq(0), Seq(0), 0)


async def find_progress(tx: Tx, conversation_id: ConversationId) -> Progress:
    row = await tx.one(
        """
        SELECT erased_through, announced_through, waiting FROM compliance_retention
         WHERE conversation_id = :conversation_id
        """,
        conversation_id=conversation_id,
    )
    return NOWHERE if row is None else Progress(*row)


async def put_progress(tx: Tx, org_id: OrgId, conversation_id: ConversationId, progress: Progress) -> None:
    """Remember how far it has come; the caller holds the lock of the conversation's head."""
    await tx.run(
        """
        INSERT INTO compliance_retention (org_id, conversation_id, erased_through, announced_through, waiting)
        VALUES (:org_id, :conversation_id, :erased, :announced, :waiting)
        ON CONFLICT (conversation_id) DO UPDATE
           SET erased_through = excluded.erased_through, announced_through = excluded.announced_through,
               waiting = excluded.waiting
        """,
        org_id=org_id,
        conversation_id=conversation_id,
        erased=progress.erased_through,
        announced=progress.announced_through,
        waiting=progress.waiting,
    )


async def insert_erasure(
    tx: Tx,
    org_id: OrgId,
    user_id: UserId,
    *,
    requested_by: UserId,
    now: datetime,
    sessions: int,
    passkeys: int,
) -> None:
    await tx.run(
        """
        INSERT INTO compliance_erasure (org_id, user_id, requested_by, requested_at, sessions, passkeys)
        VALUES (:org_id, :user_id, :requested_by, :now, :sessions, :passkeys)
        """,
        org_id=org_id,
        user_id=user_id,
        requested_by=requested_by,
        now=now,
        sessions=sessions,
        passkeys=passkeys,
    )


async def find_erasure(tx: Tx, user_id: UserId) -> PersonErasure | None:
    row = await tx.one("SELECT * FROM compliance_erasure WHERE user_id = :user_id", user_id=user_id)
    return None if row is None else _erasure(row)


async def every_request(tx: Tx) -> list[tuple[UserId, UserId, datetime]]:
    """(person, who asked, when) of every erasure of a person, done or under way."""
    rows = await tx.all("SELECT user_id, requested_by, requested_at FROM compliance_erasure")
    return [(row["user_id"], row["requested_by"], row["requested_at"]) for row in rows]


async def known_erasures(tx: Tx) -> frozenset[UserId]:
    """Everybody whose erasure this database knows of."""
    rows = await tx.all("SELECT user_id FROM compliance_erasure")
    return frozenset(UserId(row["user_id"]) for row in rows)


async def lock_open_erasure(tx: Tx) -> PersonErasure | None:
    """The oldest request that is under way and that nobody else works on."""
    row = await tx.one(
        """
        SELECT * FROM compliance_erasure WHERE pages_clean_at IS NULL AND done_at IS NULL
         ORDER BY requested_at, user_id LIMIT 1 FOR UPDATE SKIP LOCKED
        """
    )
    return None if row is None else _erasure(row)


async def put_erasure(tx: Tx, erasure: PersonErasure) -> None:
    """Store how far it has come; the caller holds the row's lock."""
    await tx.run(
        """
        UPDATE compliance_erasure
           SET room = :room, seq = :seq, rooms = :rooms, rooms_handed_over = :handed_over,
               rooms_closed = :closed, messages = :messages, wraps = :wraps,
               private_events = :private_events, kept = :kept, done_at = :done_at
         WHERE user_id = :user_id
        """,
        user_id=erasure.user_id,
        room=erasure.room,
        seq=erasure.seq,
        rooms=erasure.rooms,
        handed_over=erasure.rooms_handed_over,
        closed=erasure.rooms_closed,
        messages=erasure.messages,
        wraps=erasure.wraps,
        private_events=erasure.private_events,
        kept=erasure.kept,
        done_at=erasure.done_at,
    )


async def unclean_people(tx: Tx) -> list[UserId]:
    """Persons who were erased since the files were cleaned, so that they may stand in dead rows."""
    rows = await tx.all(
        """
        SELECT user_id FROM compliance_erasure
         WHERE pages_clean_at IS NULL
           AND done_at >= coalesce((SELECT clean_at FROM compliance_hygiene), '-infinity')
        """
    )
    return [UserId(row["user_id"]) for row in rows]


async def set_people_clean(tx: Tx, people: list[UserId], *, now: datetime) -> None:
    await tx.run(
        "UPDATE compliance_erasure SET pages_clean_at = :now WHERE user_id = ANY(:people)",
        people=people,
        now=now,
    )


async def clean_mark(tx: Tx) -> Mark | None:
    """How far the files follow the erasure journal; None: they were never looked at."""
    row = await tx.one("SELECT txid, id FROM compliance_hygiene")
    return None if row is None else Mark(cast(int, row["txid"]), cast(UUID, row["id"]))


async def clean_since(tx: Tx) -> datetime | None:
    """When the run began after which the files were clean; None: there was none."""
    return cast(datetime | None, await tx.value("SELECT clean_at FROM compliance_hygiene"))


async def put_clean_mark(tx: Tx, org_id: OrgId, mark: Mark, *, now: datetime) -> None:
    await tx.run(
        """
        INSERT INTO compliance_hygiene (org_id, txid, id, clean_at) VALUES (:org_id, :txid, :id, :now)
        ON CONFLICT (org_id) DO UPDATE
           SET txid = excluded.txid, id = excluded.id, clean_at = excluded.clean_at
        """,
        org_id=org_id,
        txid=mark.txid,
        id=mark.id,
        now=now,
    )


def _erasure(row: asyncpg.Record) -> PersonErasure:
    return PersonErasure(
        org_id=row["org_id"],
        user_id=row["user_id"],
        requested_by=row["requested_by"],
        requested_at=row["requested_at"],
        room=row["room"],
        seq=row["seq"],
        rooms=row["rooms"],
        rooms_handed_over=row["rooms_handed_over"],
        rooms_closed=row["rooms_closed"],
        messages=row["messages"],
        wraps=row["wraps"],
        sessions=row["sessions"],
        passkeys=row["passkeys"],
        private_events=row["private_events"],
        kept=row["kept"],
        done_at=row["done_at"],
        pages_clean_at=row["pages_clean_at"],
    )
