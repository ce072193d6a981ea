"""The rule without a socket: whatever is lost, doubled or out of order, each event comes once."""

import random
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest

from amana_client import Behind, Event, Follower, Hole, Left, Place, Reset, Signal, UserEvent
from amana_client.elements import Item

ROOM, OTHER = UUID(int=1), UUID(int=2)


def event(seq: int, room: UUID = ROOM) -> dict[str, Any]:
    place = {"t": "event", "c": str(room), "seq": seq, "no": seq, "kind": "message.created"}
    rest = {"sender": str(UUID(int=9)), "ts": 1, "client_id": str(UUID(int=seq)), "target": None, "rev": 0}
    return {**place, **rest, "content": {"text": str(seq)}}


def user(pos: int, kind: str = "read.moved", room: UUID | None = ROOM, seq: int = 3) -> dict[str, Any]:
    place = {"t": "user", "pos": pos, "kind": kind, "c": str(room) if room else None}
    return {**place, "seq": seq, "detail": {}}


def welcome(*heads: tuple[UUID, int], user_pos: int = 0, fence: int = 0) -> dict[str, Any]:
    told = [{"c": str(c), "seq": seq, "msg_no": seq, "fence": fence} for c, seq in heads]
    return {"t": "welcome", "v": 1, "session": str(UUID(int=8)), "user_pos": user_pos, "heads": told}


def asked(room: UUID, seq: int, fence: int = 0) -> dict[str, Any]:
    return {"t": "open", "c": str(room), "seq": seq, "fence": fence}


@pytest.fixture
def follower() -> Follower:
    """One that has greeted and holds one room up to 3."""
    follower = Follower({ROOM: Place(3)}, user_pos=5)
    follower.hello()
    follower.take(welcome((ROOM, 3), user_pos=5))
    return follower


def seqs(items: list[Item]) -> list[int]:
    return [item.seq for item in items if isinstance(item, Event)]


def test_the_next_is_given_a_known_one_dropped_and_a_later_one_asked_for_once(follower: Follower) -> None:
    assert seqs(follower.take(event(4)).items) == [4]
    assert follower.take(event(4)).items == []
    later = follower.take(event(7))
    assert (later.items, later.frames) == ([], [asked(ROOM, 4)])
    assert follower.take(event(8)).frames == []
    assert follower.take({"t": "head", "c": str(ROOM), "seq": 9, "msg_no": 9}).frames == []
    assert [seqs(follower.take(event(seq)).items) for seq in (5, 6, 7)] == [[5], [6], [7]]


def test_a_digest_asks_again_because_the_first_question_may_be_lost(follower: Follower) -> None:
    digest = {"t": "digest", "heads": [[str(ROOM), 9]]}

    assert follower.take(digest).frames == [asked(ROOM, 3)]
    assert follower.take(digest).frames == [asked(ROOM, 3)]


def test_a_gap_is_a_hole_to_fill_and_what_cannot_be_seen_is_said(follower: Follower) -> None:
    taken = follower.take({"t": "gap", "c": str(ROOM), "from": 4, "to": 8})
    assert taken.hole == Hole(c=ROOM, first=4, last=8)

    given = list(follower.paged(ROOM, [event(6), event(7), event(7), event(8)]))

    assert given[0] == Hole(c=ROOM, first=4, last=5)
    assert seqs(given) == [6, 7, 8]
    assert seqs(follower.take(event(9)).items) == [9]


def test_a_gap_that_begins_later_than_the_next_is_asked_for_first(follower: Follower) -> None:
    taken = follower.take({"t": "gap", "c": str(ROOM), "from": 6, "to": 8})

    assert (taken.hole, taken.frames) == (None, [asked(ROOM, 3)])


def test_a_reset_forgets_the_place_and_keeps_the_new_fence(follower: Follower) -> None:
    taken = follower.take({"t": "reset", "c": str(ROOM), "fence": 2})

    assert taken.items == [Reset(c=ROOM, fence=2)]
    assert seqs(follower.take(event(1)).items) == [1]
    assert follower.take(event(3)).frames == [asked(ROOM, 1, fence=2)]


def test_a_fence_that_was_raised_while_away_is_asked_about() -> None:
    follower = Follower({UUID(int=n): Place(3) for n in range(300)}, user_pos=0)
    opened = {place["c"] for place in follower.hello()["open"]}
    assert len(opened) == 200

    heads = [(UUID(int=n), 3) for n in range(300)]
    frames = follower.take(welcome(*heads, fence=1)).frames

    assert {frame["c"] for frame in frames} == {str(UUID(int=n)) for n in range(300)} - opened


def test_private_events_come_once_and_a_jump_in_them_needs_a_new_connection(follower: Follower) -> None:
    assert isinstance(follower.take(user(6)).items[0], UserEvent)
    assert follower.take(user(6)).items == []
    assert follower.take(user(9)).again
    behind = follower.take({"t": "gap", "c": None, "from": 7, "to": 30})
    assert behind.items == [Behind(user_pos=30)]
    assert follower.hello()["user_pos"] == 30


def test_who_leaves_holds_it_no_more_and_who_comes_back_begins_at_the_beginning(follower: Follower) -> None:
    old = follower.take(user(6, "conversation.left", seq=2))
    assert old.items[1:] == [], "older than the stay that it holds"
    left = follower.take(user(7, "conversation.left"))
    assert left.items[1:] == [Left(c=ROOM)]
    follower.take(user(8, "conversation.joined"))

    assert follower.take({"t": "head", "c": str(ROOM), "seq": 9, "msg_no": 9}).frames == [asked(ROOM, 0)]


def test_a_room_lost_while_away_is_noticed_by_the_refusal(follower: Follower) -> None:
    error = {"code": "unknown_conversation", "message": "", "fields": {}}

    taken = follower.take({"t": "refused", "c": str(ROOM), "client_id": None, "error": error})

    assert taken.items == [Left(c=ROOM)]
    assert follower.places == {}


def test_a_device_that_holds_nothing_begins_with_what_comes_or_with_everything() -> None:
    newest, oldest = Follower(), Follower(begin="oldest")
    for follower in (newest, oldest):
        assert follower.hello()["open"] == []

    assert newest.take(welcome((ROOM, 7), user_pos=4)).frames == []
    assert oldest.take(welcome((ROOM, 7), user_pos=4)).frames == [asked(ROOM, 0)]
    assert seqs(newest.take(event(8)).items) == [8]
    # Unknown after the first greeting: new, so from its beginning.
    assert newest.take(event(2, OTHER)).frames == [asked(OTHER, 0)]
    assert (newest.user_pos, oldest.user_pos) == (4, 4)


def test_what_is_not_known_is_handed_on(follower: Follower) -> None:
    typing = {"t": "typing", "c": str(ROOM), "user": str(OTHER)}

    assert follower.take(typing).items == [Signal(kind="typing", element=typing)]


def network(chance: random.Random, head: int) -> Iterator[dict[str, Any]]:
    """Elements as a bad day delivers them."""
    for _ in range(60):
        seq = chance.randint(1, head)
        yield chance.choice(
            [event(seq), event(seq), {"t": "head", "c": str(ROOM), "seq": seq, "msg_no": seq}]
        )


@pytest.mark.parametrize("seed", range(30))
def test_every_event_comes_once_and_in_order_whatever_the_network_does(seed: int) -> None:
    chance, head = random.Random(seed), 40
    follower = Follower(begin="oldest")
    follower.hello()
    given: list[int] = []

    def take(element: dict[str, Any]) -> None:
        taken = follower.take(element)
        given.extend(seqs(taken.items))
        for frame in taken.frames:
            if chance.random() < 0.7:  # the others, or their answers, get lost
                for seq in range(frame["seq"] + 1, head + 1):
                    take(event(seq))

    for element in network(chance, head):
        take(element)
    while follower.places.get(ROOM, Place()).seq < head:
        take({"t": "digest", "heads": [[str(ROOM), head]]})

    assert given == list(range(1, head + 1))
