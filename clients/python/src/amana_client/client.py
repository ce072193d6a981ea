"""A device: connected while it can be, exact in what it gets, patient with what it says."""

import asyncio
import contextlib
import random
from collections import deque
from collections.abc import AsyncIterator, Mapping
from typing import Any, Self, TypeVar
from uuid import UUID

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException

from amana_client.elements import Acknowledged, Failed, Held, Hole, Item, Place
from amana_client.errors import AmanaError, NotAllowed, NotSignedIn, ProtocolBroken, Refused
from amana_client.following import Begin, Follower, Json
from amana_client.ids import new_client_id
from amana_client.operations import Operations
from amana_client.outbox import MemoryStore, Store, Waiting
from amana_client.transport import Transport

MAX_FRAME_BYTES = 64 * 2**20
PAGE = 200
QUEUE = 10_000
FIRST_PAUSE_S, LONGEST_PAUSE_S, FLOOD_PAUSE_S = 0.25, 30.0, 5.0
SIGNED_OUT, FORBIDDEN, FLOOD = 4401, 4403, 4429
BROKEN = frozenset({4400, 4409, 4413})
# Nothing was done, or nobody knows: the same ``client_id`` again gives the exact answer.
LATER = frozenset(
    {
        "busy", "outcome_unknown", "sending_too_fast", "server_stopping", "storage_busy", "storage_full",
        "storage_outcome_unknown", "storage_unavailable", "too_many_frames", "too_many_requests",
    }
)  # fmt: skip
T = TypeVar("T", Acknowledged, Held)
LOST = (OSError, WebSocketException, TimeoutError)

_decode = msgspec.json.Decoder(list[dict[str, Any]]).decode
_encode = msgspec.json.Encoder().encode


class Client:
    """One device of the person a token belongs to.

    Use it as ``async with Client(url, token) as client``. It connects, and connects again, by itself;
    ``api`` has every endpoint, ``events()`` what happens, ``send()`` says something.

    Args:
        store: where the outbox is kept; in memory unless something durable is given.
        places, user_pos: how far a former life of this device came: what ``places`` and ``user_pos`` were.
        begin: where a device that holds nothing begins, see ``Follower``.
        fill_holes: page what a gap leaves out; otherwise it becomes a ``Hole``.
        listen: False for programs that only say something: nothing is kept for ``events()``.
        chance: spreads reconnects, so that not everybody comes back in one moment.
    """

    def __init__(
        self,
        base_url: str,
        token: str,
        *,
        store: Store | None = None,
        places: Mapping[UUID, Place] | None = None,
        user_pos: int | None = None,
        begin: Begin = "newest",
        fill_holes: bool = True,
        listen: bool = True,
        chance: random.Random | None = None,
    ) -> None:
        self.transport = Transport(base_url, token)
        self.api = Operations(self.transport)
        self.reconnects = 0
        self._follower = Follower(places, user_pos=user_pos, begin=begin)
        self._store = store or MemoryStore()
        self._waiting: dict[UUID, Waiting] = {item.client_id: item for item in self._store.waiting()}
        # One at a time in each conversation, so that what was said first stands first.
        self._lanes: dict[str, deque[Waiting]] = {}
        for item in self._waiting.values():
            self._lanes.setdefault(_lane_of(item), deque()).append(item)
        self._settled: dict[UUID, asyncio.Future[Acknowledged | Held]] = {}
        self._items: asyncio.Queue[Item | None] | None = asyncio.Queue(QUEUE) if listen else None
        self._fill_holes = fill_holes
        self._chance = chance or random.Random()
        self._socket: ClientConnection | None = None
        self._welcomed = asyncio.Event()
        self._return_after_s: float | None = None
        self._failure: AmanaError | None = None
        self._task: asyncio.Task[None] | None = None
        self._later: set[asyncio.TimerHandle] = set()
        self._saying: set[asyncio.Task[bool]] = set()

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._live(), name="amana client")
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Hang up. What is not acknowledged stays in the store."""
        for timer in self._later:
            timer.cancel()
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        for future in self._settled.values():
            future.cancel()
        if self._items is not None:
            with contextlib.suppress(asyncio.QueueFull):  # then whoever listens has enough to do
                self._items.put_nowait(None)
        await self.transport.close()
        self._store.close()

    @property
    def places(self) -> dict[UUID, Place]:
        """How far each conversation was given; keep it with ``user_pos`` to go on after a restart."""
        return {c: Place(place.seq, place.fence) for c, place in self._follower.places.items()}

    @property
    def user_pos(self) -> int | None:
        """How far the private events were given; None before the first connection."""
        return self._follower.user_pos

    @property
    def unacknowledged(self) -> int:
        """How much is in the outbox."""
        return len(self._waiting)

    async def ready(self) -> None:
        """Wait until the device is connected.

        Raises:
            NotSignedIn, NotAllowed, ProtocolBroken: it never will be.
        """
        await self._welcomed.wait()
        if self._failure is not None:
            raise self._failure

    async def events(self) -> AsyncIterator[Item]:
        """Everything that happens, exactly once and in order in each conversation; ends with ``close``.

        Raises:
            NotSignedIn, NotAllowed, ProtocolBroken: nothing more can come.
        """
        if self._items is None:
            raise ValueError("This client was made with listen=False.")
        while (item := await self._items.get()) is not None:
            yield item
        if self._failure is not None:
            raise self._failure

    # -- saying ------------------------------------------------------------------------------

    async def send(
        self,
        conversation: UUID,
        text: str,
        *,
        reply_to: int | None = None,
        client_id: UUID | None = None,
        **more: object,
    ) -> Acknowledged:
        """Say something; returns when it is stored, however often the connection breaks meanwhile.

        Args:
            more: further fields of the frame ``send``, as the description of the socket has them.

        Raises:
            Refused: for good; it is out of the outbox.
        """
        frame: Json = {"t": "send", "c": str(conversation), "text": text, **more}
        if reply_to is not None:
            frame["reply_to"] = reply_to
        return _at_its_place(await self.submit(frame, client_id=client_id))

    async def edit(self, conversation: UUID, seq: int, text: str) -> Acknowledged:
        """Replace the text of one's own message; see ``send``."""
        frame = {"t": "edit", "c": str(conversation), "seq": seq, "text": text}
        return _at_its_place(await self.submit(frame))

    async def remove(self, conversation: UUID, seq: int) -> Acknowledged:
        """Take a message back; see ``send``."""
        return _at_its_place(await self.submit({"t": "remove", "c": str(conversation), "seq": seq}))

    async def submit(self, frame: Json, *, client_id: UUID | None = None) -> Acknowledged | Held:
        """Put any frame that has a ``client_id`` into the outbox and wait until it is stored.

        ``Held`` only answers what was sent with ``undo_s``.
        """
        client_id = client_id or new_client_id()
        future = self._settled.get(client_id)
        if future is None:
            future = self._settled[client_id] = asyncio.get_running_loop().create_future()
        await self.post(frame, client_id=client_id)
        return await asyncio.shield(future)

    async def post(self, frame: Json, *, client_id: UUID | None = None) -> UUID:
        """The same without waiting: ``Acknowledged`` or ``Failed`` comes with the events."""
        if self._failure is not None:
            raise self._failure
        client_id = client_id or new_client_id()
        if client_id not in self._waiting:
            item = Waiting(client_id, {**frame, "client_id": str(client_id)})
            self._store.add(item)
            self._waiting[client_id] = item
            lane = self._lanes.setdefault(_lane_of(item), deque())
            lane.append(item)
            if lane[0] is item:
                await self.tell(item.frame)
        return client_id

    async def mark_read(self, conversation: UUID, seq: int) -> None:
        """Say how far the person has read; lost when there is no connection."""
        await self.tell({"t": "read", "c": str(conversation), "seq": seq})

    async def tell(self, frame: Json) -> bool:
        """Send a frame that needs no answer; False when there is no connection."""
        socket = self._socket
        if socket is None or not self._welcomed.is_set():
            return False
        try:
            await socket.send(_encode(frame).decode())
        except LOST:
            return False
        return True

    # -- the connection ----------------------------------------------------------------------

    async def _live(self) -> None:
        pause_s = FIRST_PAUSE_S
        while True:
            code, failure = await self._until_lost()
            if failure is not None:
                await self._give_up(failure)
                return
            pause_s = FIRST_PAUSE_S if self._welcomed.is_set() else min(LONGEST_PAUSE_S, pause_s * 2)
            if code == FLOOD:
                pause_s = max(pause_s, FLOOD_PAUSE_S)
            self._welcomed.clear()
            await asyncio.sleep(self._pause_s(pause_s * self._chance.uniform(0.5, 1.0)))
            self.reconnects += 1

    async def _until_lost(self) -> tuple[int | None, AmanaError | None]:
        """Be connected; give the close code, and why coming again would be in vain."""
        try:
            await self._connected()
        except AmanaError as failure:
            return None, failure
        except LOST as error:
            code = error.rcvd.code if isinstance(error, ConnectionClosed) and error.rcvd else None
            return code, _fatal(code)
        finally:
            self._socket = None
        return None, None

    def _pause_s(self, otherwise_s: float) -> float:
        """How long the server asked to stay away, once; ``otherwise_s`` when it did not."""
        asked_s, self._return_after_s = self._return_after_s, None
        return otherwise_s if asked_s is None else asked_s

    async def _connected(self) -> None:
        """One connection, from hello to its end; always left by an exception or to come again."""
        url = self.transport.base_url.replace("http", "ws", 1) + "/v1/socket"
        async with connect(
            url,
            additional_headers={"Authorization": f"Bearer {self.transport.token}"},
            max_size=MAX_FRAME_BYTES,
            compression=None,
            open_timeout=10,
            close_timeout=1,
        ) as socket:
            self._socket = socket
            await socket.send(_encode(self._follower.hello()).decode())
            while True:
                for element in _decode(await socket.recv()):
                    if not await self._take(socket, element):
                        return

    async def _take(self, socket: ClientConnection, element: Json) -> bool:
        """Do what an element asks for; False when only a new connection helps."""
        match element["t"]:
            case "ack":
                await self._stored(_told(element, Acknowledged))
            case "held":
                await self._stored(_told(element, Held))
            case "refused" if element["client_id"] and UUID(element["client_id"]) in self._waiting:
                await self._refused(self._waiting[UUID(element["client_id"])], element)
            case "drain":
                self._return_after_s = element["reconnect_after_ms"] / 1000
            case "resync" | "pong":
                return True
            case _:
                return await self._follow(socket, element)
        return True

    async def _follow(self, socket: ClientConnection, element: Json) -> bool:
        """Everything that moves a place; False when only a new connection helps."""
        taken = self._follower.take(element)
        for frame in taken.frames:
            await socket.send(_encode(frame).decode())
        for item in taken.items:
            await self._give(item)
        if taken.hole is not None:
            await self._fill(taken.hole)
        if element["t"] == "welcome":
            self._welcomed.set()
            for lane in list(self._lanes.values()):
                await self.tell(lane[0].frame)
        return not taken.again

    async def _fill(self, hole: Hole) -> None:
        """Give what a gap left out, page by page; what cannot be read becomes a ``Hole``."""
        follower = self._follower
        while self._fill_holes and (place := follower.places.get(hole.c)) and place.seq < hole.last:
            path = f"/v1/conversations/{hole.c}/events"
            try:
                page = await self.transport.call("GET", path, query={"after": place.seq, "limit": PAGE})
            except Refused:
                break
            for item in follower.paged(hole.c, page["events"]):
                await self._give(item)
            if not page["limited"]:
                break
        if (place := follower.places.get(hole.c)) and place.seq < hole.last:
            await self._give(follower.skip(hole.c, hole.last))

    async def _give(self, item: Item) -> None:
        if self._items is not None:
            await self._items.put(item)

    async def _give_up(self, failure: AmanaError) -> None:
        self._failure = failure
        self._welcomed.set()
        for future in self._settled.values():
            if not future.done():
                future.set_exception(failure)
                future.exception()  # whoever waits gets it; nobody is no mistake
        if self._items is not None:
            await self._items.put(None)

    # -- the outbox --------------------------------------------------------------------------

    async def _stored(self, found: Acknowledged | Held) -> None:
        if await self._forget(found.client_id):
            future = self._settled.pop(found.client_id, None)
            if future is not None and not future.done():
                future.set_result(found)
            await self._give(found)

    async def _refused(self, item: Waiting, element: Json) -> None:
        error = element["error"]
        retry_after_s = error["fields"].get("retry_after_s")
        if retry_after_s is not None or error["code"] in LATER:
            self._again(item, float(retry_after_s or 1.0))
            return
        await self._forget(item.client_id)
        failure = Refused(0, error["code"], error["message"], error["fields"])
        future = self._settled.pop(item.client_id, None)
        if future is not None and not future.done():
            future.set_exception(failure)
            future.exception()
        await self._give(
            Failed(
                c=UUID(element["c"]) if element["c"] else None,
                client_id=item.client_id,
                code=error["code"],
                message=error["message"],
                fields=error["fields"],
            )
        )

    async def _forget(self, client_id: UUID) -> bool:
        """Take one out of the outbox and send the next of its conversation; False when it was out before."""
        item = self._waiting.pop(client_id, None)
        if item is None:
            return False
        self._store.remove(client_id)
        lane = self._lanes[_lane_of(item)]
        was_first = lane[0] is item
        lane.remove(item)
        if not lane:
            del self._lanes[_lane_of(item)]
        elif was_first:
            await self.tell(lane[0].frame)
        return True

    def _again(self, item: Waiting, after_s: float) -> None:
        loop = asyncio.get_running_loop()

        def say() -> None:
            self._later.discard(timer)
            if item.client_id in self._waiting:
                task = loop.create_task(self.tell(item.frame))
                self._saying.add(task)
                task.add_done_callback(self._saying.discard)

        timer = loop.call_later(after_s, say)
        self._later.add(timer)


def _at_its_place(found: Acknowledged | Held) -> Acknowledged:
    if isinstance(found, Held):
        raise TypeError("What is sent with undo_s is given to submit(), which may answer Held.")
    return found


def _told(element: Json, kind: type[T]) -> T:
    """The element without its type, as one of ours."""
    return msgspec.convert({name: value for name, value in element.items() if name != "t"}, kind)


def _lane_of(item: Waiting) -> str:
    return str(item.frame.get("c", ""))


def _fatal(code: int | None) -> AmanaError | None:
    """What a close code means when coming again cannot help."""
    if code == SIGNED_OUT:
        return NotSignedIn("The token is not valid any more.")
    if code == FORBIDDEN:
        return NotAllowed("The token may not open the socket.")
    if code in BROKEN:
        return ProtocolBroken(f"The server closed the socket with {code}.")
    return None
