"""The rule that makes it exact, without a socket: what a device does with each element it gets.

Numbers are dense: the next one is applied, a known one is dropped, a larger one means that something is
missing and is asked for. Nothing in here waits, so every path can be tested.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Literal
from uuid import UUID

import msgspec

from amana_client.elements import Behind, Event, Hole, Item, Left, Place, Reset, Signal, UserEvent

Json = dict[str, Any]
Begin = Literal["newest", "oldest"]
MAX_OPEN = 200  # conversations in a hello; the others follow with frames of their own
JOINED, LEFT = "conversation.joined", "conversation.left"


@dataclass(slots=True)
class Taken:
    """What one element led to, to be done in this order.

    Attributes:
        items: for the application.
        frames: for the server.
        hole: missing events, both ends included, that can be paged before anything else is taken.
        again: the numbers make no sense; a new connection repairs that.
    """

    items: list[Item] = field(default_factory=list)
    frames: list[Json] = field(default_factory=list)
    hole: Hole | None = None
    again: bool = False


class Follower:
    """How far one device is, and what it lacks.

    Args:
        places: how far conversations were applied before; the state to keep over a restart together with
            ``user_pos``.
        user_pos: the last private event that was applied; None: begin with those that come.
        begin: where a device that holds nothing begins: with what comes from now on, or with everything
            the person may see.
    """

    def __init__(
        self,
        places: Mapping[UUID, Place] | None = None,
        *,
        user_pos: int | None = None,
        begin: Begin = "newest",
    ) -> None:
        self.places = dict(places or {})
        self.user_pos = user_pos
        # Whoever held something before meets unknown conversations as new ones: from their beginning.
        self._skips_old = begin == "newest" and not self.places
        # Conversation → the place from which it was asked for and not answered yet.
        self._asked: dict[UUID, int] = {}
        self._opened: set[UUID] = set()
        self._greeted = False

    def hello(self) -> Json:
        """The first frame of a connection."""
        self._asked.clear()
        self._opened = set(islice(reversed(self.places), MAX_OPEN))
        places = [
            {"c": str(c), "seq": self.places[c].seq, "fence": self.places[c].fence} for c in self._opened
        ]
        # Nothing is as high: the server answers with where it is, and nothing of what was before.
        return {
            "t": "hello",
            "v": 1,
            "user_pos": 2**53 - 1 if self.user_pos is None else self.user_pos,
            "open": places,
        }

    def take(self, element: Json) -> Taken:
        """Apply one element."""
        taken = Taken()
        match element["t"]:
            case "event":
                self._event(element, taken)
            case "user":
                self._user(element, taken)
            case "welcome":
                self._welcome(element, taken)
            case "head":
                self._seen(UUID(element["c"]), element["seq"], taken)
            case "digest":
                for conversation, seq in element["heads"]:
                    self._asked.pop(UUID(conversation), None)  # an answer that got lost is asked for again
                    self._seen(UUID(conversation), seq, taken)
            case "gap":
                self._gap(element, taken)
            case "reset":
                self._reset(element, taken)
            case "refused" if self._is_lost(element):
                del self.places[UUID(element["c"])]
                taken.items.append(Left(c=UUID(element["c"])))
            case kind:
                taken.items.append(Signal(kind=kind, element=element))
        return taken

    def paged(self, conversation: UUID, events: Iterable[Json]) -> Iterator[Item]:
        """Apply a page of ``GET …/events``; what lies between its events may not be seen."""
        place = self.places.get(conversation)
        for element in events:
            if place is None or element["seq"] <= place.seq:
                continue
            if element["seq"] > place.seq + 1:
                yield self.skip(conversation, element["seq"] - 1)
            place.seq = element["seq"]
            yield _event_of(element)

    def skip(self, conversation: UUID, last: int) -> Hole:
        """Go on behind ``last`` without what is before it."""
        place = self.places[conversation]
        hole = Hole(c=conversation, first=place.seq + 1, last=last)
        place.seq = last
        return hole

    # -- elements ----------------------------------------------------------------------------

    def _event(self, element: Json, taken: Taken) -> None:
        conversation, seq = UUID(element["c"]), element["seq"]
        place = self.places.get(conversation) or self._begin(conversation, before=seq)
        if seq == place.seq + 1:
            place.seq = seq
            self._asked.pop(conversation, None)
            taken.items.append(_event_of(element))
        elif seq > place.seq:
            self._ask(conversation, taken)

    def _user(self, element: Json, taken: Taken) -> None:
        pos = element["pos"]
        if self.user_pos is None:
            self.user_pos = pos - 1
        if pos <= self.user_pos:
            return
        if pos > self.user_pos + 1:
            taken.again = True
            return
        self.user_pos = pos
        taken.items.append(
            UserEvent(
                pos=pos,
                kind=element["kind"],
                c=UUID(element["c"]) if element["c"] else None,
                seq=element["seq"],
                detail=element["detail"],
            )
        )
        if element["kind"] == LEFT and element["c"]:
            place = self.places.get(UUID(element["c"]))
            # Met again after a reconnect it may be older than a stay that began since.
            if place is not None and place.seq <= element["seq"]:
                del self.places[UUID(element["c"])]
                taken.items.append(Left(c=UUID(element["c"])))

    def _welcome(self, element: Json, taken: Taken) -> None:
        if self.user_pos is None:
            self.user_pos = element["user_pos"]
        seen = set(self._opened)
        for head in element["heads"]:
            conversation = UUID(head["c"])
            seen.add(conversation)
            if conversation not in self.places:
                self._begin(conversation, before=head["seq"] + 1, fence=head["fence"])
            if conversation not in self._opened:
                self._compare(conversation, head["seq"], head["fence"], taken)
        for conversation in self.places.keys() - seen:
            self._ask(conversation, taken)  # refused when the person was taken out meanwhile
        self._skips_old = False

    def _compare(self, conversation: UUID, seq: int, fence: int, taken: Taken) -> None:
        place = self.places[conversation]
        if place.fence != fence or seq > place.seq:
            self._ask(conversation, taken)

    def _seen(self, conversation: UUID, seq: int, taken: Taken) -> None:
        place = self.places.get(conversation) or self._begin(conversation, before=seq + 1)
        if seq > place.seq:
            self._ask(conversation, taken)

    def _gap(self, element: Json, taken: Taken) -> None:
        if element["c"] is None:
            self.user_pos = max(self.user_pos or 0, element["to"])
            taken.items.append(Behind(user_pos=self.user_pos))
            return
        conversation = UUID(element["c"])
        place = self.places.get(conversation) or self._begin(conversation, before=element["from"])
        self._asked.pop(conversation, None)
        if element["from"] > place.seq + 1:
            self._ask(conversation, taken)
        elif element["to"] > place.seq:
            taken.hole = Hole(c=conversation, first=place.seq + 1, last=element["to"])

    def _reset(self, element: Json, taken: Taken) -> None:
        conversation = UUID(element["c"])
        self._asked.pop(conversation, None)
        self.places[conversation] = Place(0, element["fence"])
        taken.items.append(Reset(c=conversation, fence=element["fence"]))

    # -- inside ------------------------------------------------------------------------------

    def _begin(self, conversation: UUID, *, before: int, fence: int = 0) -> Place:
        """Hold one more conversation."""
        place = self.places[conversation] = Place(max(0, before - 1) if self._skips_old else 0, fence)
        return place

    def _ask(self, conversation: UUID, taken: Taken) -> None:
        """Ask for everything after our place, once."""
        place = self.places[conversation]
        if self._asked.get(conversation) != place.seq:
            self._asked[conversation] = place.seq
            taken.frames.append({"t": "open", "c": str(conversation), "seq": place.seq, "fence": place.fence})

    def _is_lost(self, element: Json) -> bool:
        is_about_reading = element["c"] is not None and element["client_id"] is None
        return (
            is_about_reading
            and element["error"]["code"] == "unknown_conversation"
            and UUID(element["c"]) in self.places
        )


def _event_of(element: Json) -> Event:
    return msgspec.convert(element, Event)
