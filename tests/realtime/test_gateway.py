"""The protocol of ``docs/api/realtime.md``, one promise per test."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import msgspec
import pytest

from amana.events.fences import fence_at
from amana.events.following import SETTLED_AFTER
from amana.events.model import Appended
from amana.kernel.clock import unix_ms
from amana.kernel.errors import Busy
from amana.kernel.ids import ConversationId, Seq
from amana.realtime import admission
from amana.realtime import session as bounds
from amana.realtime.admission import Admission
from amana.realtime.hub import FLUSHED_AT_ONCE
from amana.realtime.session import CloseCode
from tests.realtime.world import IDS, SNAPSHOT, Client, World, frame_of


@pytest.fixture
async def world() -> AsyncIterator[World]:
    world = World()
    yield world
    await world.close()


def settle(world: World, *, seq: int = 1) -> None:
    """Commit what was sent: outcomes first, then the bell, as the batcher does."""
    waiting, world.waiting = world.waiting, []
    for place, (frame, done) in enumerate(waiting, seq):
        done(Appended(ConversationId(frame.c), Seq(place), place, 1_000, fresh=True))
    if waiting:
        room = ConversationId(waiting[0][0].c)
        world.commit(room, len(waiting))


def send(client: Client, room: ConversationId, text: str = "hello") -> str:
    client_id = str(IDS.new())
    client.say({"t": "send", "c": str(room), "client_id": client_id, "text": text})
    return client_id


async def test_welcome_names_every_conversation_with_its_head(world: World) -> None:
    room, other = world.room(), world.room()
    world.memory.heads[room] = 7
    client = world.client("ana", room)

    await client.connect()

    (welcome,) = client.of("welcome")
    assert welcome["session"] == str(world.memory.actors["ana"].session_id)
    assert welcome["heads"] == [{"c": str(room), "seq": 7, "msg_no": 7, "fence": 0}]
    assert str(other) not in str(client.seen)


async def test_ack_and_event_of_one_commit_leave_in_one_frame(world: World) -> None:
    room = world.room()
    ana, bo = world.client("ana", room), world.client("bo", room)
    await ana.connect()
    await bo.connect()
    before = len(ana.frames), len(bo.frames)
    names = [send(ana, room) for _ in range(3)]
    await world.quiet()

    settle(world)
    await world.quiet()

    assert (len(ana.frames), len(bo.frames)) == (before[0] + 1, before[1] + 1)
    assert [element["t"] for element in msgspec.json.decode(ana.frames[-1])] == ["ack"] * 3 + ["event"] * 3
    assert [element["client_id"] for element in ana.of("ack")] == names
    assert [element["seq"] for element in msgspec.json.decode(bo.frames[-1])] == [1, 2, 3]


async def test_nothing_is_acknowledged_before_the_commit(world: World) -> None:
    room = world.room()
    client = world.client("ana", room)
    await client.connect()

    send(client, room)
    await world.quiet()

    assert client.of("ack") == []
    assert len(world.waiting) == 1


async def test_resume_sends_what_was_missed(world: World) -> None:
    room = world.room()
    world.memory.heads[room] = 9
    client = world.client("ana", room)
    client.last[room], client.applied[room] = 6, [1, 2, 3, 4, 5, 6]

    await client.connect()

    assert client.applied[room] == list(range(1, 10))


async def test_a_commit_between_snapshot_and_subscription_is_not_missed(world: World) -> None:
    room = world.room()
    client = world.client("ana", room)
    client.last[room], client.applied[room] = 0, []
    original = world.memory.subscriptions

    async def with_a_commit_meanwhile(actor: object) -> object:
        found = await original(actor)  # type: ignore[arg-type]
        world.commit(room)
        return found

    world.memory.subscriptions = with_a_commit_meanwhile  # type: ignore[method-assign,assignment]
    await client.connect()

    assert client.applied[room] == [1]


async def test_too_far_behind_gets_a_hole_and_the_newest(world: World) -> None:
    room = world.room()
    world.memory.heads[room] = 1_000
    client = world.client("ana", room)
    client.last[room], client.applied[room] = 10, []

    await client.connect()

    assert client.of("gap") == [{"t": "gap", "c": str(room), "from": 11, "to": 1_000 - SNAPSHOT}]
    assert client.applied[room] == list(range(1_001 - SNAPSHOT, 1_001))


async def test_what_came_before_a_person_joined_is_a_hole(world: World) -> None:
    room = world.room()
    world.memory.heads[room] = 5
    client = world.client("bo", room, visible_from=4)
    client.last[room], client.applied[room] = 0, []

    await client.connect()

    assert client.of("gap") == [{"t": "gap", "c": str(room), "from": 1, "to": 3}]
    assert client.applied[room] == [4, 5]


async def test_another_fence_makes_the_client_start_again(world: World) -> None:
    room = world.room()
    world.memory.heads[room] = 2
    world.memory.fences[room] = 1
    client = world.client("ana", room)
    client.last[room], client.applied[room] = 40, list(range(1, 41))

    await client.connect()

    assert client.of("reset") == [{"t": "reset", "c": str(room), "fence": 1}]
    assert client.applied[room] == [1, 2]


async def test_a_restore_under_open_sockets_makes_every_one_begin_again(world: World) -> None:
    room = world.room()
    world.memory.heads[room] = 9
    clients = [world.client("ana", room), world.client("bo", room)]
    for client in clients:
        await client.connect()
        client.watch(room)
    await world.quiet()

    world.memory.heads[room], world.memory.fences[room] = 4, 7
    await world.gateway.pump.send_digest()
    await world.quiet()
    world.commit(room)
    await world.quiet()
    await world.gateway.pump.send_digest()
    await world.quiet()

    for client in clients:
        assert client.of("reset") == [{"t": "reset", "c": str(room), "fence": 7}]
        assert client.applied[room] == [1, 2, 3, 4, 5]
        assert client.fence[room] == 7


async def test_a_restore_reaches_those_who_follow_a_large_room_passively(world: World) -> None:
    world.memory.members = 10_000
    room = world.room()
    world.memory.heads[room] = 9
    client = world.client("ana", room)
    await client.connect()

    world.memory.heads[room], world.memory.fences[room] = 4, 7
    await world.gateway.pump.send_digest()
    await world.quiet()

    assert client.of("reset") == [{"t": "reset", "c": str(room), "fence": 7}]


async def test_sockets_that_miss_the_same_range_share_one_read(world: World) -> None:
    room = world.room()
    clients = [world.client(f"person {number}", room) for number in range(30)]
    for client in clients:
        await client.connect()
        client.watch(room)
    await world.quiet()
    world.memory.range_reads.clear()

    world.commit(room, ring=False)
    world.commit(room)
    await world.quiet()

    assert world.memory.range_reads == [0]
    assert all(client.applied[room] == [1, 2] for client in clients)


async def test_a_lost_last_bell_is_repaired_by_the_digest(world: World) -> None:
    room = world.room()
    client = world.client("ana", room)
    await client.connect()
    client.watch(room)
    await world.quiet()
    world.commit(room, 2, ring=False)

    await world.gateway.pump.send_digest()
    await world.quiet()

    assert client.applied[room] == [1, 2]
    assert client.of("digest")[0]["heads"] == [[str(room), 2]]


async def test_in_a_large_room_only_open_sockets_get_full_frames(world: World) -> None:
    world.memory.members = 257
    room = world.room()
    ana, bo = world.client("ana", room), world.client("bo", room)
    await ana.connect()
    await bo.connect()
    ana.watch(room)
    await world.quiet()

    world.commit(room, 2)
    world.commit(room, 1)
    await world.quiet()
    world.gateway.pump.send_bumps()
    await world.quiet()

    assert ana.applied[room] == [1, 2, 3]
    assert bo.of("event") == []
    assert bo.of("head") == [{"t": "head", "c": str(room), "seq": 3, "msg_no": 3}]

    ana.say({"t": "close", "c": str(room)})
    await world.quiet()
    world.commit(room)
    await world.quiet()
    assert ana.applied[room] == [1, 2, 3]


async def test_private_events_arrive_in_order_and_are_resumed(world: World) -> None:
    client = world.client("ana")
    user_id = world.memory.actors["ana"].user_id
    frames = [b'{"t":"user","pos":%d}' % pos for pos in range(1, 7)]
    world.memory.private[user_id] = frames[:3]
    client.user_pos = 1
    await client.connect()
    assert client.user_pos == 3

    world.memory.private[user_id] = frames
    world.hub.user_moved(user_id, 6, 3, None, frames[5])
    await world.quiet()
    world.hub.user_moved(user_id, 4, 3, None, frames[3])
    await world.quiet()

    assert [element["pos"] for element in client.of("user")] == [2, 3, 4, 5, 6]


async def test_read_markers_are_joined_and_the_newest_wins(world: World) -> None:
    room = world.room()
    ana = world.client("ana", room)
    await ana.connect()
    reader = world.memory.actors["ana"].user_id

    for seq in (3, 9, 5):
        world.hub.marker_moved(room, reader, seq)
    world.gateway.pump.send_markers()
    world.gateway.pump.send_markers()
    await world.quiet()

    assert ana.of("receipt") == [{"t": "receipt", "c": str(room), "user": str(reader), "seq": 9}]


async def test_who_is_writing_is_told_to_the_screens_that_show_the_room(world: World) -> None:
    room = world.room()
    ana, bo, cy = [world.client(name, room) for name in ("ana", "bo", "cy")]
    for client in (ana, bo, cy):
        await client.connect()
    for client in (ana, bo):  # cy's list shows the room, and nothing more
        client.say({"t": "open", "c": str(room)})
    await world.quiet()
    writer = world.memory.actors["bo"].user_id

    async def told() -> list[int]:
        world.hub.typing_heard(room, writer)
        await world.quiet()
        return [len(client.of("typing")) for client in (ana, bo, cy)]

    assert await told() == [1, 0, 0]
    cy.say({"t": "open", "c": str(room)})
    await world.quiet()
    assert await told() == [2, 0, 1]
    ana.say({"t": "close", "c": str(room)})
    await world.quiet()
    assert await told() == [2, 0, 2]
    world.hub.revoke_reader(room, world.memory.actors["cy"].user_id)

    assert await told() == [2, 0, 2]
    assert cy.of("typing")[0] == {"t": "typing", "c": str(room), "user": str(writer)}


async def test_a_new_member_follows_at_once_and_a_removed_one_hears_nothing_more(world: World) -> None:
    room = world.room()
    bo = world.client("bo")
    await bo.connect()
    user_id = world.memory.actors["bo"].user_id
    world.memory.visible_from[user_id, room] = 1
    world.hub.user_moved(user_id, 1, 1, room, b'{"t":"user","pos":1}')
    await world.quiet()
    world.commit(room)
    await world.quiet()
    assert [element["seq"] for element in bo.of("event")] == [1]

    del world.memory.visible_from[user_id, room]
    world.hub.revoke_reader(room, user_id)
    world.commit(room)
    await world.quiet()

    assert [element["seq"] for element in bo.of("event")] == [1]


async def test_a_removed_member_does_not_even_get_what_is_queued(world: World) -> None:
    room = world.room()
    bo = world.client("bo", room)
    await bo.connect()

    world.commit(room)
    world.hub.revoke_reader(room, world.memory.actors["bo"].user_id)
    await world.quiet()

    assert bo.of("event") == []


async def test_a_revoked_session_is_closed_at_once(world: World) -> None:
    room = world.room()
    ana, bo = world.client("ana", room), world.client("bo", room)
    await ana.connect()
    await bo.connect()

    world.hub.revoke_session(world.memory.actors["ana"].session_id)
    await world.quiet()
    world.commit(room)
    await world.quiet()

    assert ana.closed == CloseCode.NOT_SIGNED_IN
    assert ana.of("event") == []
    assert (bo.closed, len(bo.of("event"))) == (None, 1)


async def test_a_person_whose_role_changed_is_sent_away_to_come_back_at_once(world: World) -> None:
    room = world.room()
    ana, bo = world.client("ana", room), world.client("bo", room)
    await ana.connect()
    await bo.connect()

    world.hub.revoke_person(world.memory.actors["ana"].user_id)
    await world.quiet()
    first_close = ana.closed
    await ana.connect()

    assert (first_close, ana.closed, bo.closed) == (CloseCode.DRAINING, None, None)
    assert [frame["reconnect_after_ms"] for frame in ana.of("drain")] == [0]
    assert len(ana.of("welcome")) == 2


async def test_a_slow_reader_stays_within_its_bounds_and_finds_back(world: World) -> None:
    room = world.room()
    slow, quick = world.client("slow", room), world.client("quick", room)
    for client in (slow, quick):
        await client.connect()
        client.watch(room)
    await world.quiet()
    (socket,) = [each for each in world.hub.sockets if each.session.actor == world.memory.actors["slow"]]
    slow.reads.clear()

    for _ in range(bounds.MAX_QUEUE_FRAMES * 3):
        world.commit(room)
        await asyncio.sleep(0)
        assert len(socket.session.parts) <= bounds.MAX_QUEUE_FRAMES + 1
    await world.quiet()
    slow.reads.set()
    await world.quiet()
    await world.quiet()

    head = world.memory.heads[room]
    assert quick.applied[room] == list(range(1, head + 1))
    assert slow.of("head")
    assert slow.last[room] == head


async def test_a_reader_that_takes_nothing_is_closed_with_resync(world: World) -> None:
    client = world.client("slow")
    await client.connect()
    client.reads.clear()
    (socket,) = world.hub.sockets

    for _ in range(bounds.MAX_QUEUE_FRAMES + 2):
        client.say({"t": "ping"})
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    await world.quiet()

    assert world.hub.sockets == []
    assert len(socket.session.parts) == 1
    client.reads.set()
    await world.quiet()
    assert client.closed == CloseCode.TOO_SLOW
    assert client.seen[-1] == {"t": "resync"}


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ('{"t":"send"', CloseCode.MALFORMED),
        ('{"t":"ping","x":' + "[" * 5_000, CloseCode.MALFORMED),
        ('{"t":"hello","v":1}', CloseCode.MALFORMED),
        ('{"t":"ping","x":"' + "ä" * 40_000 + '"}', CloseCode.TOO_LARGE),
        ("x" * 1_000_000, CloseCode.TOO_LARGE),
    ],
    ids=["broken JSON", "too deep", "second hello", "large in bytes", "1 MB"],
)
async def test_a_frame_that_breaks_the_protocol_closes_only_its_own_socket(
    world: World, frame: str, code: CloseCode
) -> None:
    room = world.room()
    bad, good = world.client("bad", room), world.client("good", room)
    await bad.connect()
    await good.connect()

    bad.incoming.put_nowait({"type": "websocket.receive", "text": frame})
    await world.quiet()
    world.commit(room)
    await world.quiet()

    assert bad.closed == code
    assert (good.closed, len(good.of("event"))) == (None, 1)


async def test_binary_frames_are_malformed(world: World) -> None:
    client = world.client("ana")
    await client.connect()

    client.incoming.put_nowait({"type": "websocket.receive", "bytes": b"\xff\xfe"})
    await world.quiet()

    assert client.closed == CloseCode.MALFORMED


async def test_a_wrong_field_is_refused_with_the_name_of_its_message(world: World) -> None:
    room = world.room()
    client = world.client("ana", room)
    await client.connect()
    client_id = str(IDS.new())

    client.say({"t": "send", "c": str(room), "client_id": client_id, "text": 5})
    client.say({"t": "dance"})
    await world.quiet()

    first, second = client.of("refused")
    assert (first["c"], first["client_id"], first["error"]["code"]) == (str(room), client_id, "frame_invalid")
    assert second["error"]["message"].startswith("The program sent something")
    assert client.closed is None


async def test_a_room_that_may_not_be_read_is_refused(world: World) -> None:
    room = world.room()
    client = world.client("eve")
    await client.connect()

    client.watch(room)
    await world.quiet()
    world.commit(room)
    await world.quiet()

    assert client.of("refused")[0]["error"]["code"] == "unknown_conversation"
    assert client.of("event") == []


async def test_nobody_and_other_origins_are_turned_away(world: World) -> None:
    nobody = Client(world, "nobody")
    await nobody.connect(hello=False)
    stranger = world.client("ana")
    await stranger.connect(own_origin=False, hello=False)
    await world.quiet()

    assert (nobody.closed, stranger.closed) == (CloseCode.NOT_SIGNED_IN, CloseCode.WRONG_ORIGIN)


async def test_a_silent_socket_is_closed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("amana.realtime.ws.HELLO_TIMEOUT_S", 0.02)
    client = world.client("ana")

    await client.connect(hello=False)
    await asyncio.sleep(0.05)

    assert client.closed == CloseCode.NO_HELLO


async def test_a_flood_is_refused_and_then_closed_and_a_pause_heals(world: World) -> None:
    calm, wild = world.client("calm"), world.client("wild")
    await calm.connect()
    await wild.connect()
    for _ in range(bounds.FLOOD_BURST + 1):
        calm.say({"t": "ping"})
    for _ in range(bounds.FLOOD_BURST + bounds.FLOOD_TOLERATED + 2):
        wild.say({"t": "ping"})
    while not (calm.incoming.empty() and wild.closed):
        await world.quiet()
    world.clock.advance(timedelta(seconds=1))
    calm.say({"t": "ping"})
    await world.quiet()

    assert wild.closed == CloseCode.FLOOD
    assert [element["error"]["code"] for element in calm.of("refused")] == ["too_many_frames"]
    assert calm.seen[-1] == {"t": "pong"}


async def test_a_stopping_server_answers_what_is_under_way_and_spreads_the_return(world: World) -> None:
    room = world.room()
    clients = [world.client(f"person {number}", room) for number in range(8)]
    for client in clients:
        await client.connect()
    send(clients[0], room)
    await world.quiet()

    draining = asyncio.create_task(world.gateway.drain())
    await asyncio.sleep(0.05)
    assert not draining.done()
    send(clients[1], room)
    await world.quiet()
    settle(world)
    await draining
    await world.quiet()

    assert len(clients[0].of("ack")) == 1
    assert clients[1].of("refused")[0]["error"]["code"] == "server_stopping"
    assert [client.closed for client in clients] == [CloseCode.DRAINING] * 8
    assert len({client.of("drain")[0]["reconnect_after_ms"] for client in clients}) > 4


async def test_a_storm_of_hellos_waits_its_turn_and_the_rest_is_told_when_there_is_room(
    world: World,
) -> None:
    world.gateway.admission.longest_wait_s = 0.02
    world.memory.answers.clear()
    clients = [world.client("ana") for _ in range(30)]

    for client in clients:
        await client.connect(hello=False)
        client.say({"t": "hello", "v": 1})
    await world.quiet()
    turned_away = [client for client in clients if client.closed == CloseCode.DRAINING]
    waiting = [client for client in clients if client.closed is None]
    times = [client.of("drain")[0]["reconnect_after_ms"] for client in turned_away]
    assert not any(client.of("welcome") for client in clients)
    assert len(waiting) == admission.GREETED_AT_ONCE + world.gateway.admission.waiting < len(clients)
    world.memory.answers.set()
    await world.quiet()

    assert turned_away
    assert len(set(times)) > len(times) // 2
    assert [len(client.of("welcome")) for client in waiting] == [1] * len(waiting)
    assert world.gateway.admission.waiting == 0


async def test_those_who_are_sent_away_come_back_one_after_the_other(world: World) -> None:
    queue = Admission(world.clock)
    for _ in range(admission.GREETED_AT_ONCE):
        assert await queue.enter() == 0.0
    waiting = [asyncio.create_task(queue.enter()) for _ in range(2_000)]
    await asyncio.sleep(0)
    sent_away = [await task for task in waiting if task.done()]
    rest = [task for task in waiting if not task.done()]

    assert min(sent_away) >= admission.LONGEST_WAIT_S / 2
    assert max(sent_away) <= admission.LONGEST_AWAY_S
    assert max(sent_away) - min(sent_away) > 1
    world.clock.advance(seconds=0.001)
    queue.leave()
    await asyncio.sleep(0)
    assert [task.done() for task in rest[:2]] == [True, False]
    rest[1].cancel()
    queue.leave()
    await asyncio.sleep(0)
    assert rest[2].done()
    for task in rest:
        task.cancel()


async def test_a_hello_with_a_time_hears_only_of_what_moved_since(world: World) -> None:
    rooms = old, moved, restored, opened = [world.room() for _ in range(4)]
    world.memory.heads |= dict.fromkeys(rooms, 5)
    at_ms = unix_ms(world.clock.now())
    world.memory.times = {old: at_ms - 1, moved: at_ms, restored: 0, opened: 0}
    world.memory.fences[restored] = fence_at(world.clock.now())
    client = world.client("ana", *rooms)

    await client.connect(hello=False)
    place = {"c": str(opened), "seq": 4, "fence": 0}
    client.say({"t": "hello", "v": 1, "open": [place], "since": at_ms})
    await world.quiet()
    (welcome,) = client.of("welcome")
    world.commit(old)
    await world.quiet()

    assert {head["c"] for head in welcome["heads"]} == {str(moved), str(restored), str(opened)}
    assert welcome["at"] == unix_ms(world.clock.now() - SETTLED_AFTER)
    assert {(event["c"], event["seq"]) for event in client.of("event")} == {(str(opened), 5), (str(old), 6)}


async def test_one_read_serves_everybody_in_a_room_wherever_they_stand(world: World) -> None:
    room = world.room()
    clients = [world.client(f"person {number}", room) for number in range(6)]
    world.commit(room, 5, ring=False)
    for client in clients:
        await client.connect()

    for seq, client in enumerate(clients):
        client.watch(room, seq=min(seq, 5))
    await world.quiet()

    assert [client.last[room] for client in clients] == [5] * 6
    assert [client.jumps for client in clients] == [0] * 6
    assert len(world.memory.range_reads) <= 2


async def test_many_rooms_are_read_together_and_one_that_fails_holds_up_no_other(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("amana.realtime.ranges.RETRY_S", 0.01)
    rooms = [world.room() for _ in range(100)]
    client = world.client("ana", *rooms)
    world.memory.broken = rooms[7]
    for room in rooms:
        world.commit(room, ring=False)
    await client.connect()
    for room in rooms:
        client.watch(room)
    while len(waiting := [room for room in rooms if client.last[room] == 0]) > 1:
        await asyncio.sleep(0)
    assert waiting == [rooms[7]]

    world.memory.broken = None
    while client.last[rooms[7]] == 0:
        await asyncio.sleep(0.005)
    assert [client.last[room] for room in rooms] == [1] * 100


async def test_very_many_sockets_are_written_to_in_turns(world: World) -> None:
    room = world.room()
    clients = [world.client(f"person {number}", room) for number in range(FLUSHED_AT_ONCE + 100)]
    for client in clients:
        await client.connect(hello=False)
        client.say({"t": "hello", "v": 1})
    while not all(client.of("welcome") for client in clients):
        await asyncio.sleep(0)

    world.commit(room)
    await asyncio.sleep(0)
    reached = sum(1 for client in clients if client.of("event"))
    world.commit(room)
    await world.quiet()

    assert reached == FLUSHED_AT_ONCE
    for client in clients:
        assert [event["seq"] for event in client.of("event")] == [1, 2]


async def test_a_range_that_cannot_be_read_now_is_read_later(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("amana.realtime.ranges.RETRY_S", 0.01)
    room = world.room()
    client = world.client("ana", room)
    await client.connect()
    client.watch(room)
    await world.quiet()
    world.memory.busy = Busy("No.", retry_after_s=1)
    world.commit(room, ring=False)
    world.commit(room)
    await asyncio.sleep(0.03)
    assert client.applied[room] == []

    world.memory.busy = None
    await asyncio.sleep(0.05)

    assert client.applied[room] == [1, 2]


def _broken(_context: object, _frame: object) -> None:
    raise ZeroDivisionError


async def test_a_mistake_in_an_operation_is_answered_and_the_socket_lives(world: World) -> None:
    client = world.client("ana")
    await client.connect()
    world.gateway.operations[next(iter(world.gateway.operations))] = _broken

    send(client, ConversationId(IDS.new()))
    client.say({"t": "ping"})
    await world.quiet()

    assert client.of("refused")[0]["error"]["code"] == "internal_error"
    assert client.seen[-1] == {"t": "pong"}


async def test_an_operation_may_answer_later(world: World) -> None:
    client = world.client("ana")
    await client.connect()

    async def later(_context: object, frame: object) -> bytes:
        await asyncio.sleep(0)
        return frame_of(IDS.new(), 1)

    world.gateway.operations[next(iter(world.gateway.operations))] = later
    send(client, ConversationId(IDS.new()))
    await world.quiet()

    assert client.seen[-1]["t"] == "event"
