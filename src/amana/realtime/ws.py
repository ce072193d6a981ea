"""The WebSocket edge at ``/v1/socket``: who may connect, one loop per socket, drain on stop."""

import asyncio
from collections.abc import Callable, Container, Coroutine, Iterable, Sequence
from uuid import UUID

import msgspec
import structlog

from amana.events.fences import fence_at
from amana.events.following import SETTLED_AFTER, Subscription
from amana.events.model import Appended
from amana.kernel.actor import Actor
from amana.kernel.clock import Clock, from_unix_ms, unix_ms
from amana.kernel.entropy import Entropy
from amana.kernel.errors import Refusal, places
from amana.kernel.ids import ConversationId
from amana.kernel.tally import TALLY
from amana.realtime import wire
from amana.realtime.admission import Admission
from amana.realtime.errors import FrameInvalid, InternalError, NotReadable, ServerStopping, TooManyFrames
from amana.realtime.hooks import AsgiScope, Hooks
from amana.realtime.hub import Hub
from amana.realtime.operations import SocketOperation
from amana.realtime.pump import Pump
from amana.realtime.session import (
    HELLO_TIMEOUT_S,
    MAX_FRAME_BYTES,
    MAX_UNDER_WAY,
    CloseCode,
    FloodGuard,
    Part,
    PartKind,
    Session,
)
from amana.realtime.transport import AsgiReceive, AsgiSend, AsgiTransport

log = structlog.get_logger()

DRAIN_WAIT_S = 5.0
DRAIN_SPREAD_MS = 5_000
CLOSE_GRACE_S = 5.0
# The server beneath should take frames up to this size, so that a large one gets its own code.
TRANSPORT_MAX_BYTES = 2 * 1024 * 1024


class Gateway:
    """All sockets of this process.

    Args:
        operations: frame types of the domains.
    """

    def __init__(
        self,
        hooks: Hooks,
        operations: Iterable[SocketOperation],
        *,
        hub: Hub,
        clock: Clock,
        entropy: Entropy,
    ) -> None:
        operations = tuple(operations)
        self.hooks = hooks
        self.hub = hub
        self.clock = clock
        self.entropy = entropy
        self.pump = Pump(hub, hooks, clock)
        self.decode = wire.frame_decoder(operations).decode
        self.operations = {operation.frame: operation.run for operation in operations}
        self.for_tokens = {operation.frame: operation.held_to_scope for operation in operations}
        self.admission = Admission(clock)
        self.draining = False
        self._sockets: set[WebSocket] = set()

    def start(self) -> None:
        """Begin the regular work; needs a running loop."""
        self.pump.start()

    async def asgi(self, scope: AsgiScope, receive: AsgiReceive, send: AsgiSend) -> None:
        """ASGI application for one WebSocket."""
        first = await receive()
        if first["type"] != "websocket.connect":
            return
        actor = await self._admit(scope, send)
        if actor is None:
            return
        socket = WebSocket(self, actor, send)
        self._sockets.add(socket)
        try:
            await socket.run(receive)
        finally:
            self._sockets.discard(socket)

    async def _admit(self, scope: AsgiScope, send: AsgiSend) -> Actor | None:
        """Accept the upgrade; then close it again when nobody may use it, so that the code is seen."""
        refused = CloseCode.WRONG_ORIGIN
        actor = None
        if self.hooks.origin_allowed(scope):
            refused = CloseCode.NOT_SIGNED_IN
            try:
                actor = await self.hooks.authenticate(scope)
            except Refusal as refusal:
                log.warning("socket could not be authenticated", code=refusal.code)
                refused = CloseCode.DRAINING
        await send({"type": "websocket.accept"})
        if actor is not None and not self.draining:
            return actor
        if self.draining or refused is CloseCode.DRAINING:
            refused = CloseCode.DRAINING
            await send({"type": "websocket.send", "text": f"[{wire.drain(self.reconnect_after_ms())}]"})
        await send({"type": "websocket.close", "code": int(refused)})
        return None

    async def drain(self) -> None:
        """Tell every client to come back later, let what is under way be answered, then close."""
        self.draining = True
        sockets = tuple(self._sockets)
        for socket in sockets:
            socket.put(wire.drain(self.reconnect_after_ms()))
        deadline_s = self.clock.monotonic_s() + DRAIN_WAIT_S
        while any(socket.under_way for socket in sockets) and self.clock.monotonic_s() < deadline_s:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
        self.hub.flush()
        for socket in sockets:
            socket.close(CloseCode.DRAINING)
        await self.pump.stop()

    def reconnect_after_ms(self, away_s: float = 0.5) -> int:
        """A random time from ``away_s`` on, so that not all clients come back in the same moment."""
        noise = int.from_bytes(self.entropy.token_bytes(4), "big")
        return int(away_s * 1000) + noise * DRAIN_SPREAD_MS // 2**32


class WebSocket:
    """One socket: decodes, dispatches and writes. Is the ``SocketContext`` of operations.

    Attributes:
        under_way: operations whose outcome is not known yet.
    """

    def __init__(self, gateway: Gateway, actor: Actor, send: AsgiSend) -> None:
        self.session = Session(actor)
        self.under_way = 0
        self._gateway = gateway
        self._operations = gateway.operations if actor.scopes is None else gateway.for_tokens
        self._transport = AsgiTransport(send, self._writable)
        self._flood = FloodGuard(gateway.clock.monotonic_s())
        self._abort: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def actor(self) -> Actor:
        """Who sends."""
        return self.session.actor

    # -- the loop ----------------------------------------------------------------------------

    async def run(self, receive: AsgiReceive) -> None:
        """Serve until the peer or the server closes."""
        loop = asyncio.get_running_loop()
        timeout = loop.call_later(HELLO_TIMEOUT_S, self.close, CloseCode.NO_HELLO)
        try:
            while (message := await receive())["type"] == "websocket.receive":
                text = message.get("text")
                if self.session.closed:
                    continue
                if text is None or len(text) > MAX_FRAME_BYTES or len(text.encode()) > MAX_FRAME_BYTES:
                    self.close(CloseCode.MALFORMED if text is None else CloseCode.TOO_LARGE)
                elif self.session.user_pos >= 0:
                    await self._take(text)
                else:
                    timeout.cancel()  # from here on it is the server that lets the other wait
                    await self._greet(text)
        finally:
            timeout.cancel()
            self.session.closed = True
            self._gateway.hub.remove(self)
            if self._abort is not None:
                self._abort.cancel()

    async def _greet(self, text: str) -> None:
        """The first frame: subscribe first, then read, then say what there is."""
        frame = self._decode(text)
        if not isinstance(frame, wire.Hello) or len(frame.open) > wire.MAX_OPEN:
            if not self.session.closed:
                self.close(CloseCode.MALFORMED)
            return
        admission = self._gateway.admission
        away_s = await admission.enter()
        if away_s > 0:
            self.put(wire.drain(self._gateway.reconnect_after_ms(away_s)))
            self.close(CloseCode.DRAINING)
            return
        try:
            if not (self.session.closed or self._transport.gone):  # it may have left while it waited
                await self._welcome(frame)
        except Refusal as refusal:
            # The client comes back; there is nothing that it could do better now.
            self.refuse(refusal, conversation_id=None, client_id=None)
            self.put(wire.drain(self._gateway.reconnect_after_ms()))
            self.close(CloseCode.DRAINING)
        finally:
            admission.leave()

    async def _welcome(self, hello: wire.Hello) -> None:
        hub, hooks, session = self._gateway.hub, self._gateway.hooks, self.session
        at = self._gateway.clock.now() - SETTLED_AFTER
        hub.add(self)
        user_pos = await hooks.user_position(session.actor)
        subscriptions = await self._gateway.pump.subscriptions(session)
        if session.closed:
            return
        wanted = {place.c: place for place in hello.open}
        heads = subscriptions if hello.since is None else _moved(subscriptions, hello.since, wanted)
        self.put(wire.welcome(session.actor.session_id, user_pos, unix_ms(at), heads))
        for subscription in subscriptions:
            place = wanted.pop(subscription.conversation_id, None)
            if place is None:
                hub.follow(self, subscription)
            else:
                hub.open(self, subscription, seq=place.seq, fence=place.fence)
                hub.show(self, subscription.conversation_id)
        for place in wanted.values():
            self.refuse(NotReadable("No such conversation."), conversation_id=place.c, client_id=None)
        session.user_pos = min(hello.user_pos, user_pos)
        session.user_head = max(session.user_head, user_pos)
        if session.user_pos < session.user_head:
            self._gateway.pump.user_wanted(self)

    # -- frames ------------------------------------------------------------------------------

    async def _take(self, text: str) -> None:
        if not self._flood.take(self._gateway.clock.monotonic_s()):
            self._refuse_flood(text)
            return
        frame = self._decode(text)
        run = self._operations.get(type(frame)) if frame is not None else None
        if run is not None and frame is not None:
            self._operate(run, frame)
        elif isinstance(frame, wire.Ping):
            self.put(wire.PONG)
        elif isinstance(frame, wire.Open):
            await self._open(frame)
        elif isinstance(frame, wire.Close):
            self._gateway.hub.close_room(self, ConversationId(frame.c))
        elif isinstance(frame, wire.Hello):
            self.close(CloseCode.MALFORMED)

    def _operate(self, run: Callable[..., object], frame: msgspec.Struct) -> None:
        try:
            if self._gateway.draining:
                raise ServerStopping("The server is about to stop.", retry_after_s=2.0)
            answer = run(self, frame)
        except Refusal as refusal:
            self._refuse_frame(refusal, frame)
            return
        except Exception as error:  # noqa: BLE001  outermost: one frame of one socket
            self._report(error, frame)
            return
        if answer is not None:
            if len(self._tasks) >= MAX_UNDER_WAY:
                if isinstance(answer, Coroutine):
                    answer.close()  # it has not begun
                self._refuse_frame(TooManyFrames("Too much at once.", retry_after_s=1.0), frame)
                return
            self.under_way += 1
            task = asyncio.create_task(self._finish(answer, frame))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _finish(self, answer: object, frame: msgspec.Struct) -> None:
        try:
            reply = await answer  # type: ignore[misc]  # operations.py types it; here it is any frame's
            if reply is not None:
                self.reply(reply)
        except Refusal as refusal:
            self._refuse_frame(refusal, frame)
        except Exception as error:  # noqa: BLE001  outermost: one frame of one socket
            self._report(error, frame)
        finally:
            self.under_way -= 1

    async def _open(self, frame: wire.Open) -> None:
        conversation_id = ConversationId(frame.c)
        hub = self._gateway.hub
        room = hub.room(conversation_id)
        if room is not None and conversation_id in self.session.follows:
            hub.resume(self, room, seq=frame.seq, fence=frame.fence)
            hub.show(self, room.conversation_id)
            return
        try:
            found = await self._gateway.pump.subscription(self.session, conversation_id)
            if found is None:
                raise NotReadable("No such conversation.")
        except Refusal as refusal:
            self.refuse(refusal, conversation_id=conversation_id, client_id=None)
            return
        if not self.session.closed:
            hub.open(self, found, seq=frame.seq, fence=frame.fence)
            hub.show(self, found.conversation_id)

    def _decode(self, text: str) -> msgspec.Struct | None:
        try:
            return self._gateway.decode(text)
        except msgspec.ValidationError as error:
            self.refuse(FrameInvalid("This frame is not right.", detail=str(error)), **_envelope(text))
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            self.close(CloseCode.MALFORMED)
        return None

    def _refuse_flood(self, text: str) -> None:
        if self._flood.hopeless:
            self.close(CloseCode.FLOOD)
        else:
            self.refuse(TooManyFrames("Too many frames.", retry_after_s=1.0), **_envelope(text))

    def _report(self, error: Exception, frame: msgspec.Struct) -> None:
        reference = self._gateway.entropy.token_bytes(6).hex()
        log.error(
            "socket operation failed",
            frame=type(frame).__name__,
            reference=reference,
            kind=type(error).__name__,
            # Not the exception's text: it may quote what somebody wrote.
            where=places(error),
        )
        self._refuse_frame(InternalError("Something went wrong.", reference=reference), frame)

    def _refuse_frame(self, refusal: Refusal, frame: msgspec.Struct) -> None:
        self.refuse(
            refusal, conversation_id=getattr(frame, "c", None), client_id=getattr(frame, "client_id", None)
        )

    # -- answers: the SocketContext ----------------------------------------------------------

    def put(self, text: str) -> None:
        """Queue one element; it leaves with everything else of this turn of the loop."""
        if not self.session.closed:
            self._gateway.hub.put(self, Part(PartKind.ANSWER, text))

    def reply(self, frame: bytes) -> None:
        self.put(frame.decode())

    def refuse(self, refusal: Refusal, *, conversation_id: UUID | None, client_id: UUID | None) -> None:
        TALLY.refusals[refusal.code] += 1
        self.put(wire.refused(refusal, self.actor.language, conversation_id, client_id))

    def settle(
        self, conversation_id: ConversationId, client_id: UUID
    ) -> Callable[[Appended | Refusal], None]:
        self.under_way += 1

        def done(outcome: Appended | Refusal) -> None:
            self.under_way -= 1
            if isinstance(outcome, Appended):
                self.put(wire.ack(client_id, outcome))
            else:
                self.refuse(outcome, conversation_id=conversation_id, client_id=client_id)

        return done

    # -- writing -----------------------------------------------------------------------------

    def flush(self) -> None:
        session = self.session
        if session.blocked:
            return
        text = session.take()
        if text is not None and not self._transport.write(text):
            session.blocked = True

    def close(self, code: CloseCode) -> None:
        session = self.session
        if session.closed:
            return
        self.flush()
        session.closed = True
        self._transport.close(code)
        # A peer that reads nothing would hold its buffers for ever.
        self._abort = asyncio.get_running_loop().call_later(CLOSE_GRACE_S, self._transport.abort)

    def _writable(self) -> None:
        self.session.blocked = False
        self.session.collapsed = False
        self.flush()


def _moved(
    subscriptions: Sequence[Subscription], since_ms: int, opened: Container[UUID]
) -> list[Subscription]:
    """What a device must hear of that knows everything older: what moved, was restored, or is open."""
    fence = fence_at(from_unix_ms(since_ms))
    return [
        one
        for one in subscriptions
        if one.last_ts_ms >= since_ms or one.fence >= fence or one.conversation_id in opened
    ]


def _envelope(text: str) -> dict[str, UUID | None]:
    """Conversation and client id of a frame that is wrong otherwise, to name it in the refusal."""
    try:
        found = msgspec.json.decode(text, type=wire.Envelope)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        found = wire.Envelope()
    return {"conversation_id": found.c, "client_id": found.client_id}
