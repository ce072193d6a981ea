"""The log as services use it: append inside their transaction, and read."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from amana.events import queries
from amana.events.doorbell import Doorbell
from amana.events.errors import (
    ClientIdFromFuture,
    ClientIdInvalid,
    ClientIdTooOld,
    UnknownConversation,
)
from amana.events.frames import encode_event, encode_user_event
from amana.events.model import Appended, Head, NewEvent, NewUserEvent, Outline, StoredEvent, UserEvent
from amana.kernel.clock import Clock, unix_ms
from amana.kernel.ids import (
    Bucket,
    ClientId,
    ConversationId,
    OrgId,
    Seq,
    UserId,
    bucket_at,
    is_uuid7,
    time_ms_of,
)
from amana.storage.database import Tx
from amana.vault import Vault
from amana.vault.model import Address, SealRequest

CLIENT_ID_AHEAD = timedelta(minutes=5)
CLIENT_ID_AGE = timedelta(days=180)
# Before the first event of every conversation.
START = Seq(0)
_AHEAD_MS = int(CLIENT_ID_AHEAD.total_seconds() * 1000)
# A clock that was wrong once may have let some in that are ahead now, but none of another century.
_EVER_AHEAD_MS = 10 * 365 * 86_400_000
_AGE_MS = int(CLIENT_ID_AGE.total_seconds() * 1000)


def check_client_id(client_id: ClientId, now: datetime) -> None:
    """Refuse a retry key whose month could not be searched or would not exist.

    Raises:
        ClientIdInvalid: not a UUIDv7.
        ClientIdFromFuture: more than five minutes ahead of ``now``.
        ClientIdTooOld: older than 180 days.
    """
    if not is_uuid7(client_id):
        raise ClientIdInvalid("The client id must be a UUIDv7.")
    age_ms = unix_ms(now) - time_ms_of(client_id)
    if age_ms < -_AHEAD_MS:
        raise ClientIdFromFuture("The clock of this device is ahead.", server_time_ms=unix_ms(now))
    if age_ms > _AGE_MS:
        raise ClientIdTooOld("This was written too long ago.", days=CLIENT_ID_AGE.days)


def seal_request(org_id: OrgId, event: NewEvent) -> SealRequest:
    """What the vault binds the content to: not ``seq``, so sealing needs no lock."""
    address = Address(
        org_id, event.conversation_id, event.sender_id, event.device_id, event.client_id, event.revision
    )
    return SealRequest(address, event.content)


class Log:
    """Appends to and reads the per-conversation and per-user logs.

    Args:
        kinds: names of conversation event kinds by number.
        user_kinds: names of private event kinds by number.
    """

    def __init__(
        self,
        vault: Vault,
        doorbell: Doorbell,
        clock: Clock,
        *,
        kinds: Mapping[int, str],
        user_kinds: Mapping[int, str],
    ) -> None:
        self._vault = vault
        self._doorbell = doorbell
        self._clock = clock
        self._kinds = kinds
        self._user_kinds = user_kinds

    async def append(self, tx: Tx, events: Sequence[NewEvent]) -> list[Appended]:
        """Append in the caller's transaction; whoever listens hears of it after the commit.

        Takes the heads' locks in ascending order of conversation ids; a caller that locks more than
        one head itself must use the same order. Retry keys must be distinct within ``events``.
        """
        org_id = _org(tx)
        sealed = await self._vault.seal([seal_request(org_id, event) for event in events], tx=tx)
        now_ms = unix_ms(self._clock.now())
        placed: dict[int, tuple[NewEvent, Appended]] = {}
        for month in queries.by_month(events):
            part = [events[place] for place in month]
            appended = await queries.append(
                tx, org_id, part, [sealed[place] for place in month], ts_ms=now_ms
            )
            placed.update(zip(month, zip(part, appended, strict=True), strict=True))
        tx.after_commit(lambda: ring(self._doorbell, self._kinds, list(placed.values())))
        return [placed[place][1] for place in range(len(events))]

    async def create_head(self, tx: Tx, conversation_id: ConversationId) -> None:
        """Begin the log of a new conversation."""
        await queries.insert_head(tx, _org(tx), conversation_id)

    async def lock_head(self, tx: Tx, conversation_id: ConversationId) -> Head:
        """Keep other writers out until the transaction ends.

        Raises:
            UnknownConversation: it has no log.
        """
        head = await queries.lock_head(tx, conversation_id)
        if head is None:
            raise UnknownConversation("No such conversation.")
        return head

    async def heads(self, tx: Tx, conversation_ids: Sequence[ConversationId]) -> dict[ConversationId, Head]:
        """Heads of those conversations that have a log."""
        return await queries.heads(tx, conversation_ids)

    async def recent_heads(self, tx: Tx, *, since_ms: int) -> list[Head]:
        """Heads of conversations with an event dated since then (Unix ms)."""
        return await queries.recent_heads(tx, since_ms=since_ms)

    async def read(
        self, tx: Tx, conversation_id: ConversationId, *, after: Seq, upto: Seq | None, limit: int
    ) -> list[StoredEvent]:
        """The first ``limit`` events after ``after``, ascending, at most up to ``upto``."""
        end = after + limit if upto is None else min(upto, after + limit)
        return await queries.events_between(tx, conversation_id, after=after, upto=end)

    async def read_each(
        self, tx: Tx, ranges: Sequence[tuple[ConversationId, Seq, Seq]]
    ) -> dict[ConversationId, list[StoredEvent]]:
        """Of each of many conversations the events after one place up to another, in one statement."""
        found: dict[ConversationId, list[StoredEvent]] = {}
        for event in await queries.events_between_each(tx, ranges) if ranges else []:
            found.setdefault(event.conversation_id, []).append(event)
        return found

    async def outlines(
        self, tx: Tx, conversation_id: ConversationId, *, after: Seq, upto: Seq
    ) -> list[Outline]:
        """What is clear of the events with ``after < seq <= upto``, ascending."""
        return await queries.outlines_between(tx, conversation_id, after=after, upto=upto)

    async def changes_of(
        self, tx: Tx, conversation_id: ConversationId, kind: int, targets: Sequence[Seq]
    ) -> list[Seq]:
        """Places of the events of ``kind`` that change one of ``targets``, ascending."""
        return await queries.changes_of(tx, conversation_id, kind, targets) if targets else []

    async def buckets_of(
        self, tx: Tx, ranges: Sequence[tuple[ConversationId, Seq, Seq]]
    ) -> frozenset[Bucket]:
        """The months that hold one of these places: conversation, first and last ``seq``, both included."""
        return await queries.buckets_of_ranges(tx, ranges) if ranges else frozenset()

    async def read_back(
        self,
        tx: Tx,
        conversation_id: ConversationId,
        *,
        before: Seq,
        limit: int,
        first: Seq = START,
        without: Collection[int] = (),
        without_under: Collection[int] = (),
    ) -> list[StoredEvent]:
        """The last ``limit`` events before ``before``, ascending; one statement, whatever lies between.

        Args:
            first: events before this one are left out.
            without: kinds that are skipped.
            without_under: kinds that are skipped where they stand under another event.
        """
        return await queries.events_back(
            tx,
            conversation_id,
            first=first,
            before=before,
            without=without,
            without_under=without_under,
            limit=limit,
        )

    async def under(
        self,
        tx: Tx,
        conversation_id: ConversationId,
        target: Seq,
        kind: int,
        *,
        before: Seq,
        limit: int,
        first: Seq = START,
    ) -> list[StoredEvent]:
        """The last ``limit`` events of ``kind`` before ``before`` that stand under ``target``, ascending."""
        return await queries.events_under(
            tx, conversation_id, target, kind, first=first, before=before, limit=limit
        )

    async def count_under(
        self, tx: Tx, conversation_id: ConversationId, target: Seq, kind: int, *, upto: Seq
    ) -> int:
        """How many events of ``kind`` stand under ``target``, up to ``upto``."""
        return await queries.count_under(tx, conversation_id, target, kind, upto=upto)

    async def at(self, tx: Tx, conversation_id: ConversationId, seqs: Sequence[Seq]) -> list[StoredEvent]:
        """Single events by place, ascending; places without an event are left out."""
        return await queries.events_at(tx, conversation_id, seqs)

    async def at_each(
        self, tx: Tx, places: Sequence[tuple[ConversationId, Seq]]
    ) -> dict[ConversationId, StoredEvent]:
        """One event of each of many conversations in one statement; places without an event are left out."""
        if not places:
            return {}
        return {event.conversation_id: event for event in await queries.events_at_each(tx, places)}

    async def newest_of_kind(
        self, tx: Tx, kind: int, ranges: Sequence[tuple[ConversationId, Seq, Seq]]
    ) -> dict[ConversationId, StoredEvent]:
        """Of each of many conversations its newest event of ``kind`` under no other, in one statement.

        Args:
            ranges: conversation, first and last ``seq`` to look at, both included; each conversation once.
        """
        if not ranges:
            return {}
        return {event.conversation_id: event for event in await queries.newest_of_kind(tx, kind, ranges)}

    async def find_original(
        self, tx: Tx, conversation_id: ConversationId, sender_id: UserId, client_id: ClientId
    ) -> StoredEvent | None:
        """What was stored under this retry key, however long ago; None for one that could never be stored."""
        if not is_uuid7(client_id) or time_ms_of(client_id) > unix_ms(self._clock.now()) + _EVER_AHEAD_MS:
            return None
        return await queries.original(tx, conversation_id, sender_id, client_id)

    async def append_user(
        self,
        tx: Tx,
        user_id: UserId,
        kind: int,
        *,
        conversation_id: ConversationId | None = None,
        seq: Seq | None = None,
        detail: Mapping[str, object],
    ) -> int:
        """Append one private event and give its position."""
        return (await self.append_users(tx, [NewUserEvent(user_id, kind, conversation_id, seq, detail)]))[0]

    async def append_users(self, tx: Tx, events: Sequence[NewUserEvent]) -> list[int]:
        """Append private events of many persons in one round trip."""
        if not events:
            return []
        bucket = bucket_at(unix_ms(self._clock.now()))
        positions = await queries.append_user(tx, _org(tx), events, bucket=bucket)
        tx.after_commit(lambda: self._ring_users(events, positions))
        return positions

    async def read_user(self, tx: Tx, user_id: UserId, after: int, limit: int) -> list[UserEvent]:
        """The first ``limit`` private events after ``after``, ascending."""
        return await queries.user_events(tx, user_id, after=after, limit=limit)

    async def user_position(self, tx: Tx, user_id: UserId) -> int:
        """The newest position of a person's private log, 0 when it is empty."""
        return await queries.user_position(tx, user_id)

    async def user_positions(self, tx: Tx, user_ids: Sequence[UserId]) -> dict[UserId, int]:
        """The newest positions of many persons' logs in one statement; who has none yet is left out."""
        return await queries.user_positions(tx, user_ids) if user_ids else {}

    async def forget_user(self, tx: Tx, user_id: UserId, *, limit: int) -> int:
        """Delete at most ``limit`` private events of a person who was erased; gives how many there were."""
        return await queries.delete_user_log(tx, user_id, limit=limit)

    def encode_user(self, event: UserEvent) -> bytes:
        """The frame of a private event."""
        return encode_user_event(event, self._user_kinds[event.kind])

    def _ring_users(self, events: Sequence[NewUserEvent], positions: Sequence[int]) -> None:
        for event, pos in zip(events, positions, strict=True):
            stored = UserEvent(event.user_id, pos, event.kind, event.conversation_id, event.seq, event.detail)
            self._doorbell.ring_user(
                event.user_id,
                pos,
                kind=event.kind,
                conversation_id=event.conversation_id,
                blob=self.encode_user(stored),
            )


def ring(doorbell: Doorbell, kinds: Mapping[int, str], placed: Sequence[tuple[NewEvent, Appended]]) -> None:
    """Announce committed events: one blob per conversation, in order of ``seq``.

    A replay is announced without a blob: if its first commit was never announced because the
    connection broke, listeners now learn that they lack it.
    """
    blobs: dict[ConversationId, list[bytes]] = {}
    first: dict[ConversationId, int] = {}
    last: dict[ConversationId, Appended] = {}
    for event, place in placed:
        conversation_id = event.conversation_id
        if not place.fresh:
            doorbell.ring(conversation_id, place.seq, place.seq, msg_no=place.msg_no)
            continue
        frame = encode_event(event, place, kinds[event.kind])
        parts = blobs.get(conversation_id)
        if parts is None:
            blobs[conversation_id] = [frame]
            first[conversation_id] = place.seq
        else:
            parts.append(frame)
        last[conversation_id] = place
    for conversation_id, parts in blobs.items():
        end = last[conversation_id]
        blob = parts[0] if len(parts) == 1 else b",".join(parts)
        doorbell.ring(conversation_id, first[conversation_id], end.seq, msg_no=end.msg_no, blob=blob)


def _org(tx: Tx) -> OrgId:
    if tx.org_id is None:
        raise ValueError("The log needs a transaction of one organisation.")
    return tx.org_id
