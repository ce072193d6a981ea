"""Small organisations on the real database: *ana* owns, *bo* is a member, *eve* is an outsider."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec

from amana.conversations import events
from amana.conversations.domain import assemble
from amana.conversations.messages.draft import Draft
from amana.conversations.messages.erasing import Erasing, Reason, Step
from amana.conversations.messages.flood import Flood
from amana.conversations.model import History, HistoryPolicy
from amana.conversations.service import Changes, NewGroup
from amana.conversations.summaries import Summary
from amana.conversations.writing import Desk, Notices
from amana.events.doorbell import Doorbell
from amana.events.log import Log
from amana.events.model import Appended
from amana.evidence import Evidence
from amana.kernel.actor import Actor, Role
from amana.kernel.clock import unix_ms
from amana.kernel.entropy import SeededEntropy
from amana.kernel.ids import (
    ClientId,
    ConversationId,
    DeviceId,
    Ids,
    OrgId,
    Seq,
    SessionId,
    UserId,
)
from amana.people import queries as people_queries
from amana.people.model import Account
from amana.storage.database import Database, Tx
from amana.vault import KeyFile, Vault
from amana.vault.erasure import runs
from tests.support.clock import FakeClock

EVERYTHING = HistoryPolicy(History.ALL)
SINCE_JOINING = HistoryPolicy(History.SINCE_JOINING)


@dataclass
class Heard:
    """Listens to the doorbell like a gateway does."""

    blobs: dict[UUID, list[bytes]] = field(default_factory=dict)
    users: dict[UUID, list[Any]] = field(default_factory=dict)
    markers: list[tuple[UUID, UUID, int]] = field(default_factory=list)

    def conversation_moved(
        self, conversation_id: UUID, first: int, last: int, msg_no: int, blob: bytes | None
    ) -> None:
        if blob is not None:
            self.blobs.setdefault(conversation_id, []).append(blob)

    def user_moved(
        self, user_id: UUID, pos: int, kind: int, conversation_id: UUID | None, blob: bytes | None
    ) -> None:
        if blob is not None:
            self.users.setdefault(user_id, []).append(json.loads(blob))

    def marker_moved(self, conversation_id: UUID, user_id: UUID, seq: int) -> None:
        self.markers.append((conversation_id, user_id, seq))

    def events(self, conversation_id: UUID) -> list[Any]:
        """Every event frame of a conversation in the order it was announced."""
        return [
            event for blob in self.blobs.get(conversation_id, []) for event in json.loads(b"[" + blob + b"]")
        ]


class World:
    """One organisation with its services and a few people."""

    def __init__(
        self, database: Database, clock: FakeClock, entropy: SeededEntropy, *, flood: Flood | None = None
    ) -> None:
        self.database = database
        self.clock = clock
        self.ids = Ids(clock, entropy)
        self.org_id = OrgId(self.ids.new())
        self.heard = Heard()
        self.cut: list[tuple[UUID, UUID]] = []
        self.people: dict[str, Actor] = {}
        self.entropy = entropy
        self._flood = flood or Flood(clock)

    async def start(self, folder: Path) -> "World":
        """Make keys, services and the three people."""
        vault = Vault(self.database, KeyFile(folder / "root.key"), self.entropy)
        await vault.start()
        doorbell = Doorbell()
        doorbell.subscribe(self.heard)
        self.vault = vault
        self.log = Log(vault, doorbell, self.clock, kinds=events.NAMES, user_kinds=events.USER_NAMES)
        notices = Notices(reader_removed=lambda room, user: self.cut.append((room, user)))
        self.evidence = Evidence(vault, self.ids)
        self.desk = Desk(self.log, vault, self.evidence, doorbell, self.ids, self.clock, notices)
        self.domain = assemble(self.database, self.desk, kinds=events.NAMES, flood=self._flood)
        self.sending, self.messages, self.pages = self.domain.sending, self.domain.messages, self.domain.pages
        self.erasing = Erasing(self.desk)
        self.members, self.conversations = self.domain.membership, self.domain.conversations
        self.reading, self.summaries = self.domain.reading, self.domain.summaries
        async with self.database.write(self.org_id) as tx:
            await vault.create_organisation_key(tx, self.org_id)
        for name, role in [("ana", Role.OWNER), ("bo", Role.MEMBER), ("eve", Role.MEMBER)]:
            await self.person(name, role)
        return self

    async def person(self, name: str, role: Role = Role.MEMBER) -> Actor:
        """Add somebody with one device."""
        user_id = UserId(self.ids.new())
        account = Account(user_id, name.title(), f"{name}-{user_id.hex[-6:]}", role, "en", None)
        async with self.database.write(self.org_id) as tx:
            await people_queries.insert_account(tx, self.org_id, account, now=self.clock.now())
        device_id, session_id = DeviceId(self.ids.new()), SessionId(self.ids.new())
        self.people[name] = Actor(self.org_id, user_id, device_id, session_id, role, "en")
        return self.people[name]

    def __getitem__(self, name: str) -> Actor:
        return self.people[name]

    def client_id(self) -> ClientId:
        return ClientId(self.ids.new())

    async def room(
        self, *members: str, owner: str = "ana", history: HistoryPolicy = EVERYTHING
    ) -> ConversationId:
        """Create a group of ``owner`` and ``members``."""
        wanted = NewGroup(
            client_id=self.client_id(),
            title="Bridge works",
            purpose="Plan the new bridge",
            member_ids=tuple(self[name].user_id for name in members),
            history=history,
        )
        async with self.database.write(self.org_id) as tx:
            return await self.conversations.create_group(tx, self[owner], wanted)

    async def direct(self, one: str, other: str) -> ConversationId:
        async with self.database.write(self.org_id) as tx:
            return await self.conversations.create_direct(tx, self[one], self[other].user_id)

    async def say(
        self,
        name: str,
        room: ConversationId,
        text: str = "Hello",
        *,
        reply_to: int | None = None,
        client_id: ClientId | None = None,
    ) -> Appended:
        """Send a message and let a second pass, so that times differ."""
        draft = Draft(room, client_id or self.client_id(), text, None if reply_to is None else Seq(reply_to))
        appended = await self.sending.send(self[name], draft)
        self.clock.advance(timedelta(seconds=1))
        return appended

    async def edit(
        self, name: str, room: ConversationId, seq: int, text: str, *, client_id: ClientId | None = None
    ) -> Appended:
        async with self.database.write(self.org_id) as tx:
            return await self.messages.edit(
                tx, self[name], room, Seq(seq), client_id=client_id or self.client_id(), text=text
            )

    async def remove(
        self, name: str, room: ConversationId, seq: int, *, client_id: ClientId | None = None
    ) -> Appended:
        async with self.database.write(self.org_id) as tx:
            return await self.messages.remove(
                tx, self[name], room, Seq(seq), client_id=client_id or self.client_id()
            )

    async def add(self, name: str, room: ConversationId, who: str) -> None:
        async with self.database.write(self.org_id) as tx:
            await self.members.add(tx, self[name], room, self[who].user_id)
        self.clock.advance(timedelta(seconds=1))

    async def take_out(self, name: str, room: ConversationId, who: str) -> None:
        async with self.database.write(self.org_id) as tx:
            await self.members.remove(tx, self[name], room, self[who].user_id)
        self.clock.advance(timedelta(seconds=1))

    async def hand_over(self, name: str, room: ConversationId, who: str) -> None:
        async with self.database.write(self.org_id) as tx:
            await self.members.change_owner(tx, self[name], room, self[who].user_id)

    async def rename(self, name: str, room: ConversationId, title: str, purpose: str | None = None) -> None:
        async with self.database.write(self.org_id) as tx:
            await self.conversations.change(tx, self[name], room, Changes(title, purpose))

    async def keep(self, name: str, room: ConversationId, days: int | None) -> None:
        """Choose the retention of a room."""
        async with self.database.write(self.org_id) as tx:
            await self.conversations.change(tx, self[name], room, Changes(retention_days=days))

    async def erase_older(self, room: ConversationId, *, hours: float, size: int = 5) -> list[Seq]:
        """End what was sent before then, step by step, and tell the members."""
        cut_ms = unix_ms(self.clock.now() - timedelta(hours=hours))
        return await self._erase(
            room,
            "retention",
            lambda tx, after: self.erasing.older_than(tx, room, after=after, cut_ms=cut_ms, size=size),
        )

    async def erase_author(self, room: ConversationId, name: str, *, size: int = 5) -> list[Seq]:
        """End what somebody wrote, step by step, and tell the members."""
        author = self[name].user_id
        return await self._erase(
            room,
            "erasure",
            lambda tx, after: self.erasing.written_by(tx, room, author, after=after, size=size),
        )

    async def _erase(
        self, room: ConversationId, reason: Reason, step: Callable[[Tx, Seq], Awaitable[Step]]
    ) -> list[Seq]:
        erased: list[Seq] = []
        after, more = Seq(0), True
        while more:
            async with self.database.write(self.org_id) as tx:
                done = await step(tx, after)
                erased += done.messages
                after, more = done.through, done.more
                if not more:
                    await self.erasing.announce(tx, room, runs(erased), reason)
        return erased

    async def read(self, name: str, room: ConversationId, seq: int) -> None:
        async with self.database.write(self.org_id) as tx:
            await self.reading.mark_read(tx, self[name], room, Seq(seq))

    async def page(
        self, name: str, room: ConversationId, *, before: int | None = None, limit: int = 50
    ) -> Any:
        """A page as a client gets it, decoded."""
        place = None if before is None else Seq(before)
        async with self.database.read(self.org_id) as tx:
            page = await self.pages.page(tx, self[name], room, before=place, limit=limit)
        return json.loads(msgspec.json.encode(page))

    async def entry(self, name: str, room: ConversationId, seq: int) -> Any:
        async with self.database.read(self.org_id) as tx:
            entry = await self.pages.entry(tx, self[name], room, Seq(seq))
        return json.loads(msgspec.json.encode(entry))

    async def events(self, name: str, room: ConversationId, *, after: int = 0, limit: int = 200) -> list[Any]:
        """Event frames as a resuming client gets them, decoded."""
        async with self.database.read(self.org_id) as tx:
            found = await self.pages.events_after(tx, self[name], room, after=Seq(after), limit=limit)
        return [json.loads(frame) for frame in found.frames]

    async def list_of(self, name: str) -> list[Summary]:
        async with self.database.read(self.org_id) as tx:
            return await self.summaries.all_mine(tx, self[name])

    async def line(self, name: str, room: ConversationId) -> Any:
        """One line of the chat list as a client gets it, decoded."""
        async with self.database.read(self.org_id) as tx:
            line = await self.summaries.one(tx, self[name], room)
        return json.loads(msgspec.json.encode(line))

    async def who_saw(self, name: str, room: ConversationId, seq: int, at: datetime) -> set[UserId]:
        async with self.database.read(self.org_id) as tx:
            return set(await self.members.who_could_see(tx, self[name], room, seq=Seq(seq), at=at))


def texts(page: Any) -> list[str | None]:
    """What the messages of a page say; None for what cannot be read."""
    return [
        entry["content"]["text"] if entry["content"] else None
        for entry in page["entries"]
        if entry["kind"] == "message.created"
    ]
