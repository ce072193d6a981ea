"""The write and sync protocol as a small state machine, for exhaustive search.

Two writers send one message each to one conversation, one reader shows it. Everything that may go
wrong between them does: requests and acknowledgements are lost, the doorbell loses, repeats and
reorders, the connection breaks, the server is killed between any two steps. Two workers publish
independently, so publishing order is not commit order.

The real code is bigger, the decisions are the same: sequence numbers under the head lock, a retry
finds its original, the acknowledgement after the commit, subscribe before read, the dense-number
check in gateway and client, and a digest of heads for the last lost ring.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple, TypeVar

MESSAGES = ("a", "b")

Entry = tuple[int, str]  # (seq, message)
Item = TypeVar("Item", str, Entry)


class Bug(Enum):
    """One decision of the design taken back; the search must notice each."""

    NO_DEDUP = "a retry is stored as a new message"
    NO_GAP_CHECK = "neither gateway nor client looks for a missing number"
    NO_DIGEST = "nobody compares heads after the last ring"
    NO_CLIENT_IDEMPOTENCE = "the client shows what it already has"
    PUBLISH_ORDER_TRUSTED = "frames are numbered by the order in which they were published"
    ACK_BEFORE_COMMIT = "the acknowledgement leaves before the transaction is durable"
    SEQ_WITHOUT_LOCK = "numbers are taken outside the head lock, so commits overtake each other"
    GATEWAY_IGNORES_GAPS = "harmless alone: the client repeats the check"
    CLIENT_IGNORES_GAPS = "harmless alone: the gateway has made the check"


class State(NamedTuple):
    """One moment of the whole system. Tuples that stand for sets are kept sorted."""

    unsent: tuple[str, ...] = MESSAGES
    acked: tuple[Entry, ...] = ()  # (seq as acknowledged, message)
    requests: tuple[str, ...] = ()
    open_transactions: tuple[Entry, ...] = ()
    log: tuple[Entry, ...] = ()
    unpublished: tuple[Entry, ...] = ()
    acks: tuple[Entry, ...] = ()
    rings: tuple[Entry, ...] = ()
    connected: bool = False
    reading_after: int | None = None  # hello's cursor while subscribed but not yet read
    gateway_last: int = 0
    wire: tuple[Entry, ...] = ()
    asking: bool = False  # an `open` is on its way to the gateway
    shown: tuple[str, ...] = ()
    reader_last: int = 0
    repeats_left: int = 1
    breaks_left: int = 1

    @property
    def head(self) -> int:
        return max((seq for seq, _ in self.log), default=0)


@dataclass(frozen=True, slots=True)
class Step:
    """A move and where it leads; ``fault`` moves may never happen again, the others must."""

    name: str
    after: State
    fault: bool = False


def including(items: tuple[Item, ...], item: Item) -> tuple[Item, ...]:
    """Two equal things on the way are one: only whether any arrives can matter."""
    return tuple(sorted(set(items) | {item}))


def without(items: tuple[Item, ...], item: Item) -> tuple[Item, ...]:
    place = items.index(item)
    return items[:place] + items[place + 1 :]


class Protocol:
    """All moves of the protocol, with the given bugs seeded."""

    def __init__(self, *bugs: Bug) -> None:
        self.bugs = frozenset(bugs)
        broken = Bug.NO_GAP_CHECK in self.bugs
        self.gateway_checks = not broken and Bug.GATEWAY_IGNORES_GAPS not in self.bugs
        self.client_checks = not broken and Bug.CLIENT_IGNORES_GAPS not in self.bugs

    def steps(self, state: State) -> Iterator[Step]:
        yield from self._write(state)
        yield from self._store(state)
        yield from self._publish(state)
        yield from self._acknowledge(state)
        yield from self._ring(state)
        yield from self._subscribe(state)
        yield from self._read(state)
        yield from self._break(state)

    def _write(self, state: State) -> Iterator[Step]:
        done = {message for _, message in state.acked}
        for message in state.unsent:
            after = state._replace(
                unsent=without(state.unsent, message), requests=including(state.requests, message)
            )
            yield Step(f"send {message}", after)
        for message in MESSAGES:
            if message in (*state.unsent, *done, *state.requests):
                continue
            yield Step(f"retry {message}", state._replace(requests=including(state.requests, message)))
        for message in state.requests:
            lost = state._replace(requests=without(state.requests, message))
            yield Step(f"lose request {message}", lost, fault=True)

    def _store(self, state: State) -> Iterator[Step]:
        unlocked = Bug.SEQ_WITHOUT_LOCK in self.bugs
        for message in state.requests:
            if state.open_transactions and not unlocked:
                break
            yield Step(f"begin {message}", self._begun(state, message))
        for entry in state.open_transactions:
            after = state._replace(
                open_transactions=without(state.open_transactions, entry),
                log=including(state.log, entry),
                unpublished=including(state.unpublished, entry),
            )
            yield Step(f"commit {entry}", after)

    def _begun(self, state: State, message: str) -> State:
        requests = without(state.requests, message)
        known = [entry for entry in (*state.log, *state.open_transactions) if entry[1] == message]
        if known and Bug.NO_DEDUP not in self.bugs:
            if known[0] in state.open_transactions:
                return state._replace(requests=requests)  # same process, same key: one of them waits
            return state._replace(requests=requests, acks=including(state.acks, known[0]))
        taken = max((seq for seq, _ in state.open_transactions), default=0)
        entry = (max(state.head, taken) + 1, message)
        begun = state._replace(requests=requests, open_transactions=including(state.open_transactions, entry))
        if Bug.ACK_BEFORE_COMMIT in self.bugs:
            begun = begun._replace(acks=including(begun.acks, entry))
        return begun

    def _publish(self, state: State) -> Iterator[Step]:
        """Any worker may be first: publishing order is free."""
        for entry in state.unpublished:
            after = state._replace(
                unpublished=without(state.unpublished, entry),
                rings=including(state.rings, entry),
                acks=including(state.acks, entry),
            )
            yield Step(f"publish {entry}", after)

    def _acknowledge(self, state: State) -> Iterator[Step]:
        for entry in state.acks:
            left = state._replace(acks=without(state.acks, entry))
            yield Step(f"lose ack {entry}", left, fault=True)
            known = {message for _, message in state.acked}
            acked = state.acked if entry[1] in known else including(state.acked, entry)
            yield Step(f"ack {entry}", left._replace(acked=acked))

    def _ring(self, state: State) -> Iterator[Step]:
        for entry in state.rings:
            left = state._replace(rings=without(state.rings, entry))
            yield Step(f"lose ring {entry}", left, fault=True)
            yield Step(f"ring {entry}", self._rung(left, entry))
            if state.repeats_left:
                again = state._replace(repeats_left=state.repeats_left - 1)
                yield Step(f"repeat ring {entry}", self._rung(again, entry), fault=True)

    def _rung(self, state: State, entry: Entry) -> State:
        if not state.connected:
            return state
        if Bug.PUBLISH_ORDER_TRUSTED in self.bugs:
            number = state.gateway_last + 1
            return state._replace(gateway_last=number, wire=(*state.wire, (number, entry[1])))
        seq = entry[0]
        if seq <= state.gateway_last:
            return state
        if seq == state.gateway_last + 1 or not self.gateway_checks:
            return state._replace(gateway_last=seq, wire=(*state.wire, entry))
        return self._range_read(state, state.gateway_last)

    def _range_read(self, state: State, after: int) -> State:
        found = tuple(entry for entry in state.log if entry[0] > after)
        last = max(state.gateway_last, state.head)
        return state._replace(gateway_last=last, wire=state.wire + found)

    def _subscribe(self, state: State) -> Iterator[Step]:
        if not state.connected:
            after = state._replace(
                connected=True, reading_after=state.reader_last, gateway_last=state.reader_last
            )
            yield Step("hello: subscribe", after)
            return
        if state.reading_after is not None:
            read = self._range_read(state, state.reading_after)
            yield Step("hello: read", read._replace(reading_after=None))
        if state.asking:
            yield Step("open", self._range_read(state, state.reader_last)._replace(asking=False))
        if Bug.NO_DIGEST not in self.bugs and state.head > state.gateway_last:
            yield Step("digest", self._range_read(state, state.gateway_last))

    def _read(self, state: State) -> Iterator[Step]:
        if not state.wire:
            return
        (number, message), rest = state.wire[0], state.wire[1:]
        left = state._replace(wire=rest)
        if number <= state.reader_last and Bug.NO_CLIENT_IDEMPOTENCE not in self.bugs:
            yield Step(f"drop {number}", left)
        elif number > state.reader_last + 1 and self.client_checks:
            yield Step(f"gap before {number}", left._replace(asking=True))
        else:
            last = max(number, state.reader_last)
            shown = left._replace(shown=(*state.shown, message), reader_last=last)
            yield Step(f"show {number} {message}", shown)

    def _break(self, state: State) -> Iterator[Step]:
        if not state.breaks_left:
            return
        cut = _disconnected(state)._replace(breaks_left=state.breaks_left - 1)
        if state.connected:
            yield Step("cut the connection", cut, fault=True)
        dead = cut._replace(requests=(), open_transactions=(), unpublished=(), acks=(), rings=())
        yield Step("kill the server", dead, fault=True)


def _disconnected(state: State) -> State:
    return state._replace(connected=False, reading_after=None, gateway_last=0, wire=(), asking=False)


def broken_promise(state: State) -> str | None:
    """What no moment may show; None when all promises hold."""
    messages = [message for _, message in state.log]
    if len(set(messages)) != len(messages):
        return "a message is stored twice"
    if [seq for seq, _ in state.log] != list(range(1, len(state.log) + 1)):
        return "a reader can see a hole in the numbers"
    for entry in state.acked:
        if entry not in state.log:
            return "an acknowledged message is not where the acknowledgement said"
    if list(state.shown) != messages[: len(state.shown)]:
        return "the screen differs from the log"
    return None


def is_finished(state: State) -> bool:
    """Everything sent, acknowledged and shown."""
    return len(state.acked) == len(MESSAGES) == len(state.shown)
