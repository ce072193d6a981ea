"""A conversation on the real database, written through the real log, and its owner's hand in the tables."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import asyncpg

from amana.events.doorbell import Doorbell
from amana.events.log import Log
from amana.events.model import NewEvent
from amana.kernel.clock import Clock
from amana.kernel.ids import ClientId, ConversationId, DeviceId, Ids, OrgId, Seq, UserId
from amana.storage.database import Database
from amana.vault import MemberProof, Stored, Unreadable, Vault, issue

KINDS = {10: "message.created", 11: "message.edited", 12: "message.removed"}


@dataclass
class Room:
    """One conversation of one organisation. *ana* owns it, *bo* is a member."""

    database: Database
    vault: Vault
    log: Log
    ids: Ids
    org_id: OrgId
    conversation_id: ConversationId
    ana: UserId
    bo: UserId
    device: DeviceId
    texts: dict[Seq, bytes] = field(default_factory=dict)

    def new_event(self, text: str, *, sender: UserId | None = None, revision: int = 0) -> NewEvent:
        return NewEvent(
            conversation_id=self.conversation_id,
            kind=11 if revision else 10,
            countable=not revision,
            sender_id=sender or self.ana,
            device_id=self.device,
            client_id=ClientId(self.ids.new()),
            content=json.dumps({"text": text}).encode(),
            revision=revision,
        )

    async def say(self, *texts: str, revision: int = 0) -> list[Seq]:
        """Append messages by *ana* and *bo* in turn; gives their places."""
        events = [
            self.new_event(text, sender=(self.ana, self.bo)[turn % 2], revision=revision)
            for turn, text in enumerate(texts)
        ]
        async with self.database.write(self.org_id) as tx:
            appended = await self.log.append(tx, events)
        for event, place in zip(events, appended, strict=True):
            self.texts[place.seq] = event.content
        return [place.seq for place in appended]

    def proof(self, visible_from: int = 1) -> MemberProof:
        return issue.member(
            org_id=self.org_id,
            user_id=self.bo,
            conversation_id=self.conversation_id,
            visible_from=Seq(visible_from),
        )

    async def rows(self, *seqs: Seq) -> list[Stored]:
        async with self.database.read(self.org_id) as tx:
            events = await self.log.read(tx, self.conversation_id, after=Seq(0), upto=None, limit=500)
        return [event.sealed for event in events if not seqs or event.seq in seqs]

    async def read(self, proof: Any = None, *, vault: Vault | None = None) -> dict[Seq, bytes | Unreadable]:
        """Everything in the room, as ``proof`` (by default a member's) may read it."""
        items = await self.rows()
        async with self.database.read(self.org_id) as tx:
            opened = await (vault or self.vault).open(tx, proof or self.proof(), items)
        return {item.seq: content for item, content in zip(items, opened, strict=True)}

    async def wraps(self, seq: Seq) -> set[int]:
        """The grounds for which a wrap exists."""
        async with self.database.read(self.org_id) as tx:
            rows = await tx.all(
                "SELECT ground FROM keyring.wrap WHERE conversation_id = :id AND seq = :seq",
                id=self.conversation_id,
                seq=seq,
            )
        return {row["ground"] for row in rows}


async def open_room(
    database: Database, vault: Vault, ids: Ids, clock: Clock, *, org_id: OrgId | None = None
) -> Room:
    """Make a conversation, and its organisation's key when there is none."""
    org = org_id or OrgId(ids.new())
    log = Log(vault, Doorbell(), clock, kinds=KINDS, user_kinds={})
    room = Room(
        database,
        vault,
        log,
        ids,
        org,
        ConversationId(ids.new()),
        UserId(ids.new()),
        UserId(ids.new()),
        DeviceId(ids.new()),
    )
    async with database.write(org) as tx:
        await vault.create_organisation_key(tx, org)
        await vault.create_conversation_key(tx, org, room.conversation_id)
        await log.create_head(tx, room.conversation_id)
    return room


class Intruder:
    """Somebody with full rights in the database and no key: a stolen superuser."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn

    async def run(self, sql: str, *args: object) -> int:
        """Execute one statement past every trigger, grant and policy; gives the rows it touched."""
        connection = await asyncpg.connect(self._dsn, server_settings={"search_path": "amana"})
        try:
            await connection.execute("SET session_replication_role = replica")
            tag = await connection.execute(sql, *args)
        finally:
            await connection.close()
        return int(tag.rpartition(" ")[2])

    async def rows(self, sql: str, *args: object) -> Sequence[asyncpg.Record]:
        connection = await asyncpg.connect(self._dsn, server_settings={"search_path": "amana"})
        try:
            return list(await connection.fetch(sql, *args))
        finally:
            await connection.close()
