"""Fills a real server's database with years of use in seconds, in rows that the product itself would write.

Sealed by the vault, appended by the log's own function, chained and bound like others: `amana verify` holds.
What is left out is what nobody reads afterwards: lines of evidence for each step, and passwords.
"""

import os
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice
from typing import TypeVar

import asyncpg

from amana.conversations import events, queries
from amana.conversations.model import History, HistoryPolicy, Kind, Member, MemberRole
from amana.conversations.room import Conversation
from amana.conversations.rules import default_rules
from amana.conversations.service import PURPOSE, TITLE
from amana.events import queries as log_queries
from amana.events.log import seal_request
from amana.events.model import Appended, NewEvent, NewUserEvent
from amana.kernel.actor import Role
from amana.kernel.clock import SystemClock, from_unix_ms, unix_ms
from amana.kernel.entropy import SystemEntropy
from amana.kernel.ids import (
    ClientId,
    ConversationId,
    DeviceId,
    Ids,
    OrgId,
    Seq,
    SessionId,
    UserId,
    bucket_at,
    time_ms_of,
    uuid7,
)
from amana.people import tokens
from amana.storage.database import Database, Tx
from amana.vault import KeyFile, Vault
from tests.support.client import Person
from tests.support.server import ServerProcess

EVERYTHING = replace(default_rules(Kind.GROUP), history=HistoryPolicy(History.ALL))
ROOMS_AT_ONCE = 250
MEMBERS_AT_ONCE = 1_000
EVENTS_AT_ONCE = 1_000
Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Resident:
    """A person with one device that is signed in."""

    user_id: UserId
    device_id: DeviceId
    token: str


class Filling:
    """Writes for one organisation. Its server may run: it finds what is new by itself, a little later."""

    database: Database
    vault: Vault

    def __init__(self, org_id: OrgId, server: ServerProcess) -> None:
        """Prepare; ``of`` is the way to get one."""
        self.org_id = org_id
        self.server = server
        self.clock = SystemClock()
        self.entropy = SystemEntropy()
        self.ids = Ids(self.clock, self.entropy)

    @classmethod
    @asynccontextmanager
    async def of(cls, server: ServerProcess, owner: Person) -> AsyncIterator["Filling"]:
        """Reach the database of a running server past it."""
        parsed = tokens.parse_token(owner.token)
        assert parsed is not None
        filling = cls(parsed.org_id, server)
        await filling.reach()
        try:
            yield filling
        finally:
            await filling.database.close()

    async def reach(self) -> None:
        """Connect; once more after the server was restarted."""
        self.database = await Database.connect(self.server.superuser_dsn())
        root = KeyFile(self.server.data_dir / "keys" / "root.key")
        self.vault = Vault(self.database, root, self.entropy)
        await self.vault.start()

    async def settle(self) -> None:
        """Bring the planner's statistics up to date, as PostgreSQL itself does within a minute."""
        connection = await asyncpg.connect(self.server.superuser_dsn())
        try:
            await connection.execute("ANALYZE")
        finally:
            await connection.close()

    def client_id(self, at_ms: int | None = None) -> ClientId:
        """A retry key of this moment or of another one."""
        if at_ms is None:
            return ClientId(self.ids.new())
        return ClientId(uuid7(at_ms, os.urandom(10)))

    # -- people ------------------------------------------------------------------------------

    async def people(self, count: int, *, name: str = "Resident") -> list[Resident]:
        """Members with a signed-in device each; nobody knows a password of theirs."""
        made = [self._resident() for _ in range(count)]
        for number, some in enumerate(batches(made, MEMBERS_AT_ONCE)):
            first = number * MEMBERS_AT_ONCE
            async with self.database.write(self.org_id) as tx:
                await self._insert_people(tx, some, [f"{name} {first + place}" for place in range(len(some))])
        return made

    def _resident(self) -> Resident:
        user_id, session_id = UserId(self.ids.new()), SessionId(self.ids.new())
        token = tokens.new_token(self.org_id, user_id, session_id, self.entropy)
        return Resident(user_id, DeviceId(self.ids.new()), token)

    async def _insert_people(self, tx: Tx, people: Sequence[Resident], names: Sequence[str]) -> None:
        users = [one.user_id for one in people]
        handles = [
            f"{name.lower().replace(' ', '-')}-{user.hex[-6:]}"
            for name, user in zip(names, users, strict=True)
        ]
        parsed = [tokens.parse_token(one.token) for one in people]
        now = self.clock.now()
        await tx.run(
            """
            INSERT INTO account (org_id, user_id, display_name, handle, role, language, created_at)
            SELECT :org_id, u.*, :role::smallint, 'en', :now
              FROM unnest(:users::uuid[], :names::text[], :handles::text[]) u
            """,
            org_id=self.org_id,
            users=users,
            names=list(names),
            handles=handles,
            role=int(Role.MEMBER),
            now=now,
        )
        await tx.run(
            """
            INSERT INTO handle (org_id, handle, user_id)
            SELECT :org_id, u.* FROM unnest(:handles::text[], :users::uuid[]) u
            """,
            org_id=self.org_id,
            handles=handles,
            users=users,
        )
        await tx.run(
            """
            INSERT INTO device_session
                   (org_id, user_id, session_id, device_id, token_hash, label, created_at, last_seen_at)
            SELECT :org_id, u.*, 'Filled', :now, :now
              FROM unnest(:users::uuid[], :sessions::uuid[], :devices::uuid[], :hashes::bytea[]) u
            """,
            org_id=self.org_id,
            users=users,
            sessions=[one.session_id for one in parsed if one is not None],
            devices=[one.device_id for one in people],
            hashes=[one.digest for one in parsed if one is not None],
            now=now,
        )

    # -- rooms -------------------------------------------------------------------------------

    async def rooms(
        self,
        groups: Sequence[Sequence[Resident]],
        *,
        messages: int = 1,
        private: bool = True,
        since: datetime | None = None,
    ) -> list[ConversationId]:
        """One group for each list of members, the first of them its owner, with a few messages in it.

        Args:
            messages: said by the members in turn, right after the beginning.
            private: whether the members' own logs say that they joined.
            since: the oldest was made then, the others evenly from then to a minute ago; default: all now.
        """
        made: list[ConversationId] = []
        now = self.clock.now()
        step = timedelta() if since is None else (now - timedelta(minutes=1) - since) / len(groups)
        for some in batches(list(groups), ROOMS_AT_ONCE):
            at = now if since is None else since + len(made) * step
            made += await self._make_rooms(some, at, messages=messages, private=private)
        return made

    async def _make_rooms(
        self, groups: Sequence[Sequence[Resident]], now: datetime, *, messages: int, private: bool
    ) -> list[ConversationId]:
        made: list[tuple[Conversation, Sequence[Resident]]] = []
        async with self.database.write(self.org_id) as tx:
            for people in groups:
                room = await self._conversation(tx, people, now)
                await queries.insert_conversation(tx, room, created_by=people[0].user_id)
                await self.vault.create_conversation_key(tx, self.org_id, room.conversation_id)
                made.append((room, people))
            await tx.run(
                "INSERT INTO conversation_head (org_id, conversation_id) SELECT :org, unnest(:rooms::uuid[])",
                org=self.org_id,
                rooms=[room.conversation_id for room, _ in made],
            )
        # The keys can be kept in memory from here on: a batch is sealed without another look at them.
        now_ms = unix_ms(now)
        begun = [self._begun(room, people, now_ms) for room, people in made]
        said = [
            self._message(
                room.conversation_id, people[number % len(people)], f"Message {number}", unix_ms(now)
            )
            for room, people in made
            for number in range(messages)
        ]
        async with self.database.write(self.org_id) as tx:
            await self._append(tx, [*begun, *said], ts_ms=unix_ms(now))
            for some in batches([(r, one) for r, people in made for one in people], MEMBERS_AT_ONCE):
                await self._insert_members(
                    tx, [_first_member(room, one, now) for room, one in some], private=private
                )
        return [room.conversation_id for room, _ in made]

    async def _conversation(self, tx: Tx, people: Sequence[Resident], now: datetime) -> Conversation:
        conversation_id = ConversationId(self.ids.new())
        title = f"Room {conversation_id.hex[-6:]}"
        sealed = [
            await self.vault.seal_text(tx, self.org_id, purpose, conversation_id, text)
            for purpose, text in ((TITLE, title), (PURPOSE, "Everything about it"))
        ]
        return Conversation(
            org_id=self.org_id,
            conversation_id=conversation_id,
            kind=Kind.GROUP,
            title=sealed[0],
            purpose=sealed[1],
            owner_id=people[0].user_id,
            rules=EVERYTHING,
            members_count=len(people),
            created_at=now,
        )

    def _begun(self, room: Conversation, people: Sequence[Resident], at_ms: int) -> NewEvent:
        payload = events.ConversationCreated(
            by=people[0].user_id,
            kind="group",
            title=f"Room {room.conversation_id.hex[-6:]}",
            purpose="Everything about it",
            owner_id=people[0].user_id,
            history=events.history_body(room.rules.history),
            member_ids=[one.user_id for one in people],
        )
        return self._event(
            room.conversation_id,
            events.CONVERSATION_CREATED,
            people[0],
            events.encode(payload),
            at_ms,
        )

    async def _insert_members(self, tx: Tx, members: Sequence[Member], *, private: bool) -> None:
        await queries.insert_members(tx, self.org_id, members, kind=Kind.GROUP, peers={})
        if not private:
            return
        joined = [
            NewUserEvent(
                one.user_id,
                events.CONVERSATION_JOINED,
                one.conversation_id,
                one.joined_seq,
                {"visible_from": one.visible_from},
            )
            for one in members
        ]
        bucket = bucket_at(unix_ms(self.clock.now()))
        await log_queries.append_user(tx, self.org_id, joined, bucket=bucket)

    async def admit(self, room: ConversationId, by: Resident, people: Sequence[Resident]) -> None:
        """Bring people into a room, each by an event of their own; they may read everything."""
        for some in batches(list(people), MEMBERS_AT_ONCE):
            now_ms = unix_ms(self.clock.now())
            new = [
                self._event(room, events.MEMBER_ADDED, by, events.encode(_added(one, by)), now_ms)
                for one in some
            ]
            async with self.database.write(self.org_id) as tx:
                places = await self._append(tx, new, ts_ms=now_ms)
                members = [_member(one, place) for one, place in zip(some, places, strict=True)]
                await self._insert_members(tx, members, private=True)
                await queries.add_to_count(tx, room, len(some))

    # -- messages ----------------------------------------------------------------------------

    async def talk(
        self,
        room: ConversationId,
        people: Sequence[Resident],
        count: int,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> None:
        """Messages of these people in turn, evenly from ``since`` to ``until`` (both default to now)."""
        until_ms = unix_ms(until or self.clock.now())
        since_ms = until_ms if since is None else unix_ms(since)
        step_ms = (until_ms - since_ms) / max(1, count)
        numbers = iter(range(count))
        while some := list(islice(numbers, EVENTS_AT_ONCE)):
            new = [
                self._message(
                    room, people[number % len(people)], f"Message {number}", since_ms + int(number * step_ms)
                )
                for number in some
            ]
            async with self.database.write(self.org_id) as tx:
                for month in log_queries.by_month(new):
                    part = [new[place] for place in month]
                    await self._append(tx, part, ts_ms=time_ms_of(part[-1].client_id))

    async def say_everywhere(self, rooms: Mapping[ConversationId, Resident], text: str) -> None:
        """One message in each room, by the person named beside it."""
        for some in batches(sorted(rooms, key=lambda room: room.bytes), ROOMS_AT_ONCE):
            now_ms = unix_ms(self.clock.now())
            said = [self._message(room, rooms[room], text, now_ms) for room in some]
            async with self.database.write(self.org_id) as tx:
                await self._append(tx, said, ts_ms=now_ms)

    def _message(self, room: ConversationId, by: Resident, text: str, at_ms: int) -> NewEvent:
        content = events.encode(events.MessageCreated(text=text))
        return self._event(room, events.MESSAGE_CREATED, by, content, at_ms)

    def _event(self, room: ConversationId, kind: int, by: Resident, content: bytes, at_ms: int) -> NewEvent:
        return NewEvent(
            conversation_id=room,
            kind=kind,
            countable=kind == events.MESSAGE_CREATED,
            sender_id=by.user_id,
            device_id=by.device_id,
            client_id=self.client_id(at_ms),
            content=content,
        )

    async def _append(self, tx: Tx, new: Sequence[NewEvent], *, ts_ms: int) -> list[Appended]:
        """Seal and store events of one month. Their time is ``ts_ms``, later where a room is ahead of it."""
        placed: list[Appended] = []
        for some in batches(list(new), EVENTS_AT_ONCE):
            sealed = await self.vault.seal([seal_request(self.org_id, event) for event in some])
            placed += await log_queries.append(tx, self.org_id, some, sealed, ts_ms=ts_ms)
        return placed


def batches(items: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    """Runs of at most ``size``."""
    for start in range(0, len(items), size):
        yield items[start : start + size]


def _added(one: Resident, by: Resident) -> events.MemberAdded:
    return events.MemberAdded(user_id=one.user_id, by=by.user_id, role="member", visible_from=1)


def _member(one: Resident, place: Appended) -> Member:
    return Member(
        conversation_id=place.conversation_id,
        user_id=one.user_id,
        role=MemberRole.MEMBER,
        visible_from=Seq(1),
        joined_seq=place.seq,
        joined_at=from_unix_ms(place.ts_ms),
        read_seq=place.seq,
        read_no=place.msg_no,
    )


def _first_member(room: Conversation, one: Resident, now: datetime) -> Member:
    return Member(
        conversation_id=room.conversation_id,
        user_id=one.user_id,
        role=MemberRole.OWNER if one.user_id == room.owner_id else MemberRole.MEMBER,
        visible_from=Seq(1),
        joined_seq=Seq(1),
        joined_at=now,
        read_seq=Seq(1),
        read_no=0,
    )
