"""Group commit without a timer: what arrives while a commit runs forms the next commit.

One lane per organisation, one commit in flight per lane, a bounded queue. Nothing is answered
before the commit; whoever was refused for a full queue was refused before any work was done.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping, Sequence

import asyncpg

from amana.events.doorbell import Doorbell
from amana.events.errors import ClientIdReused, EventRejected, LogBusy, OutcomeUnknown
from amana.events.log import ring, seal_request
from amana.events.model import Appended, NewEvent
from amana.events.queries import APPEND, append_arguments, by_month
from amana.kernel.clock import Clock, unix_ms
from amana.kernel.errors import Busy, Refusal
from amana.kernel.ids import OrgId
from amana.kernel.limits import Limit
from amana.kernel.tally import TALLY
from amana.storage.database import Database
from amana.storage.errors import OutcomeUnknown as StorageOutcomeUnknown
from amana.vault.service import Vault

Outcome = Appended | Refusal
Done = Callable[[Outcome], None]
# Numbers, because hashing a UUID is a Python call: (conversation, sender, client id).
Key = tuple[int, int, int]

MAX_BATCH = 400  # larger commits gain nothing and make everybody wait for the slowest
MAX_WAITING = 4_000  # about a quarter of a second of work at full speed
RETRY_AFTER_S = 1.0

LIMITS = (
    Limit(
        "events.batch", MAX_BATCH, "events in a commit", "A larger one only keeps everybody waiting longer."
    ),
    Limit("events.waiting", MAX_WAITING, "events", "About a quarter of a second of work at full speed."),
)


class _Item:
    __slots__ = ("event", "key", "waiting")

    def __init__(self, event: NewEvent, key: Key, done: Done) -> None:
        self.event = event
        self.key = key
        self.waiting: list[Done] = [done]


class _Lane:
    __slots__ = ("items", "queue", "since_s", "task")

    def __init__(self) -> None:
        self.queue: deque[_Item] = deque()
        self.items: dict[Key, _Item] = {}  # waiting and in flight, so that a retry joins its original
        self.task: asyncio.Task[None] | None = None
        self.since_s = 0.0  # since when the first of the queue has been waiting


class Batcher:
    """Stores events of many people with few commits.

    Args:
        statement: takes the arguments of ``queries.APPEND`` and answers its columns; with
            ``r_status`` not null, an element other than 0 means: this event was not stored.
        refusal_of: gives the refusal for such a status.
        kinds: names of event kinds by number.
        max_waiting: events that may wait in one lane.
    """

    def __init__(
        self,
        database: Database,
        vault: Vault,
        doorbell: Doorbell,
        clock: Clock,
        *,
        kinds: Mapping[int, str],
        statement: str = APPEND,
        refusal_of: Callable[[int, NewEvent], Refusal] | None = None,
        max_waiting: int = MAX_WAITING,
        max_batch: int = MAX_BATCH,
    ) -> None:
        self._database = database
        self._vault = vault
        self._doorbell = doorbell
        self._clock = clock
        self._kinds = kinds
        self._statement = statement
        self._refusal_of = refusal_of or _rejected
        self._max_waiting = max_waiting
        self._max_batch = max_batch
        self._lanes: dict[OrgId, _Lane] = {}

    def require_room(self, org_id: OrgId) -> None:
        """Refuse early, before anything is parsed, checked or sealed.

        Raises:
            LogBusy: the queue is full.
        """
        lane = self._lanes.get(org_id)
        if lane is not None and len(lane.queue) >= self._max_waiting:
            raise LogBusy("The server has too much to do.", retry_after_s=RETRY_AFTER_S)

    def submit(self, org_id: OrgId, event: NewEvent, done: Done) -> None:
        """Queue an event for the next commit.

        The sender must be known to be allowed to write, as far as that needs no lock.

        Args:
            done: called once, on the event loop, after the commit (or the refusal) and before
                the doorbell. Must not raise. ``OutcomeUnknown`` means: repeat with the same client id.

        Raises:
            LogBusy: the queue is full; nothing was done.
            ClientIdReused: the same retry key is being stored with other content.
        """
        self.require_room(org_id)
        lane = self._lanes.get(org_id)
        if lane is None:
            lane = self._lanes[org_id] = _Lane()
        key = (event.conversation_id.int, event.sender_id.int, event.client_id.int)
        same = lane.items.get(key)
        if same is not None:
            if same.event != event:
                raise ClientIdReused("This client id was used for something else.")
            same.waiting.append(done)
            return
        item = lane.items[key] = _Item(event, key, done)
        if not lane.queue:
            lane.since_s = self._clock.monotonic_s()
        lane.queue.append(item)
        if lane.task is None:
            lane.task = asyncio.create_task(self._run(org_id, lane), name="events.batcher")

    async def append(self, org_id: OrgId, event: NewEvent) -> Appended:
        """Submit and wait for the outcome.

        Raises:
            Refusal: whatever the outcome was other than stored.
        """
        future: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()

        def done(outcome: Outcome) -> None:
            if not future.done():
                future.set_result(outcome)

        self.submit(org_id, event, done)
        outcome = await future
        if isinstance(outcome, Refusal):
            raise outcome
        return outcome

    async def drain(self) -> None:
        """Wait until everything queued so far has its outcome."""
        while tasks := [lane.task for lane in self._lanes.values() if lane.task is not None]:
            await asyncio.wait(tasks)

    async def _run(self, org_id: OrgId, lane: _Lane) -> None:
        try:
            while lane.queue:
                count = min(len(lane.queue), self._max_batch)
                batch = [lane.queue.popleft() for _ in range(count)]
                for month in by_month([item.event for item in batch]):
                    await self._store(org_id, lane, [batch[place] for place in month])
        finally:
            lane.task = None
            # Only after a bug or a cancelled task is there anything left; nobody may wait for ever.
            for item in list(lane.items.values()):
                _settle(lane, item, _unknown())
            lane.queue.clear()
            self._lanes.pop(org_id, None)

    async def _store(self, org_id: OrgId, lane: _Lane, batch: Sequence[_Item]) -> None:
        try:
            await self._commit(org_id, lane, batch)
        except StorageOutcomeUnknown:
            for item in batch:
                _settle(lane, item, _unknown())
        except (Refusal, asyncpg.PostgresError, asyncpg.InterfaceError, ValueError) as error:
            await self._isolate(org_id, lane, batch, error)

    async def _isolate(self, org_id: OrgId, lane: _Lane, batch: Sequence[_Item], error: Exception) -> None:
        """Nothing of the batch was stored: find out whether one event spoils it for the others."""
        if isinstance(error, Busy):
            for item in batch:  # the database cannot answer now, and would not one by one either
                _settle(lane, item, error)
        elif len(batch) > 1:
            for item in batch:
                await self._store(org_id, lane, [item])
        else:
            refusal = error if isinstance(error, Refusal) else EventRejected("This cannot be stored.")
            if refusal is not error:
                _report(error)
            _settle(lane, batch[0], refusal)

    async def _commit(self, org_id: OrgId, lane: _Lane, batch: Sequence[_Item]) -> None:
        events = [item.event for item in batch]
        now_ms = unix_ms(self._clock.now())
        sealed = await self._vault.seal([seal_request(org_id, event) for event in events])
        arguments = append_arguments(org_id, events, sealed, ts_ms=now_ms)
        since_s, begun_s = lane.since_s, self._clock.monotonic_s()
        (row,) = await self._database.call(org_id, self._statement, *arguments)
        _count(len(batch), since_s, begun_s, self._clock.monotonic_s())
        status: Sequence[int] | None = row["r_status"]
        placed: list[tuple[NewEvent, Appended]] = []
        places = zip(batch, row["r_seq"], row["r_msg_no"], row["r_ts"], row["r_fresh"], strict=True)
        for index, (item, seq, msg_no, ts_ms, fresh) in enumerate(places):
            event = item.event
            if status is not None and status[index]:
                _settle(lane, item, self._refusal_of(status[index], event))
                continue
            place = Appended(event.conversation_id, seq, msg_no, ts_ms, fresh)
            placed.append((event, place))
            _settle(lane, item, place)
        TALLY.messages += sum(place.fresh for _, place in placed)
        ring(self._doorbell, self._kinds, placed)


def _count(events: int, since_s: float, begun_s: float, now_s: float) -> None:
    """Once a commit, not once a message: what is measured must not become what is slow."""
    TALLY.batches.observe(events)
    TALLY.commit_s.observe(now_s - begun_s)
    TALLY.ack_s.observe(now_s - min(since_s, begun_s))


def _settle(lane: _Lane, item: _Item, outcome: Outcome) -> None:
    lane.items.pop(item.key, None)
    for done in item.waiting:
        done(outcome)


def _unknown() -> OutcomeUnknown:
    return OutcomeUnknown("The connection was lost while saving.", retry_after_s=RETRY_AFTER_S)


def _rejected(status: int, event: NewEvent) -> Refusal:
    return EventRejected("This cannot be stored.", status=status)


def _report(error: Exception) -> None:
    asyncio.get_running_loop().call_exception_handler(
        {"message": "an event could not be stored", "exception": error}
    )
