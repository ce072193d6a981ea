"""The doorbell between processes: core NATS, at most once, positions only.

Everything that happened in one turn of the event loop leaves as one letter. What cannot be sent now is
dropped: the digest finds it within seconds. A letter that was forged or repeated can at worst make a
worker read the log once too often, or send a socket away that comes back.
"""

import asyncio
import ssl
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID

import msgspec
import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError

from amana.events.doorbell import Doorbell, Notice
from amana.kernel.errors import places
from amana.kernel.ids import ConversationId, UserId
from amana.kernel.tally import TALLY

log = structlog.get_logger("amana.doorbell")

# Letters of another version are ignored: while a release is rolled out, the digest does the work.
VERSION = 1
# Some 60 bytes each: a letter stays far below what a NATS server takes (64 kB).
MAX_ENTRIES = 500
# Hints beyond this many waiting entries are dropped, everything else beyond twice as many.
MAX_WAITING = 20_000
RECONNECT_S = 1
AGAIN_S = 1.0
PING_S = 3
PINGS_UNANSWERED = 2
CONNECT_TIMEOUT_S = 3
FIRST_WAIT_S = 3.0


@dataclass(frozen=True, slots=True)
class NatsPlace:
    """Where the doorbell's server is.

    Attributes:
        servers: ``nats://user:password@host:port`` or ``tls://…``, one or several of one cluster.
        subject: begins every subject of this installation, so that several may share a server.
        tls: how a ``tls://`` server is known; None = by the system's authorities.
    """

    servers: Sequence[str]
    subject: str
    tls: ssl.SSLContext | None = None


class _Moved(msgspec.Struct, array_like=True, gc=False):
    conversation_id: UUID
    first: int
    last: int
    msg_no: int


class _UserMoved(msgspec.Struct, array_like=True, gc=False):
    user_id: UUID
    pos: int
    kind: int
    conversation_id: UUID | None


class _Word(msgspec.Struct, array_like=True, gc=False):
    kind: str
    subject: UUID
    place: UUID | None
    value: int
    name: str = ""


class _Letter(msgspec.Struct, array_like=True):
    moved: list[_Moved]
    users: list[_UserMoved]
    words: list[_Word]
    version: int = VERSION

    @property
    def size(self) -> int:
        return len(self.moved) + len(self.users) + len(self.words)


def _empty() -> _Letter:
    return _Letter([], [], [])


_encode = msgspec.msgpack.Encoder(uuid_format="bytes").encode
_decode = msgspec.msgpack.Decoder(_Letter).decode


class NatsBridge:
    """Implements ``doorbell.Bridge``; ``run`` does the work in a task of its own."""

    def __init__(self, doorbell: Doorbell, place: NatsPlace) -> None:
        self._doorbell = doorbell
        self._place = place
        self._subject = f"{place.subject}.ev"
        self._waiting = 0
        self._letters: list[_Letter] = [_empty()]
        self._something = asyncio.Event()
        self._client: Client | None = None
        self._was_lost = False
        self._ready = asyncio.Event()

    @property
    def is_connected(self) -> bool:
        """Whether the other workers can be told now, as far as this one knows."""
        return self._client is not None and self._client.is_connected

    async def first_connected(self) -> None:
        """Wait a moment for the connection, so that whoever is served first is told at once.

        Without it people are served all the same: the digest does the work.
        """
        with suppress(TimeoutError):
            await asyncio.wait_for(self._ready.wait(), FIRST_WAIT_S)

    # -- the Bridge --------------------------------------------------------------------------

    def conversation_moved(self, conversation_id: ConversationId, first: int, last: int, msg_no: int) -> None:
        letter = self._room(2 * MAX_WAITING)
        if letter is not None:
            letter.moved.append(_Moved(conversation_id, first, last, msg_no))

    def user_moved(
        self, user_id: UserId, pos: int, kind: int, conversation_id: ConversationId | None
    ) -> None:
        letter = self._room(2 * MAX_WAITING)
        if letter is not None:
            letter.users.append(_UserMoved(user_id, pos, kind, conversation_id))

    def notice(self, notice: Notice) -> None:
        self._say(notice, 2 * MAX_WAITING)

    def hint(self, notice: Notice) -> None:
        self._say(notice, MAX_WAITING)

    def _say(self, notice: Notice, limit: int) -> None:
        letter = self._room(limit)
        if letter is not None:
            letter.words.append(_Word(notice.kind, notice.subject, notice.place, notice.value, notice.name))

    def _room(self, limit: int) -> _Letter | None:
        """The letter that takes one more entry; None when too much is waiting."""
        if self._waiting >= limit or not self.is_connected:
            TALLY.doorbell_lost += 1
            return None
        self._waiting += 1
        self._something.set()
        letter = self._letters[-1]
        if letter.size >= MAX_ENTRIES:
            letter = _empty()
            self._letters.append(letter)
        return letter

    # -- the work ----------------------------------------------------------------------------

    async def run(self) -> None:
        """Stay connected, send and hear, until cancelled. A server that is away is waited for."""
        while True:
            try:
                await self._connected()
            except (NatsError, OSError) as error:
                log.warning("doorbell.failed", kind=type(error).__name__)
            await asyncio.sleep(AGAIN_S)

    async def _connected(self) -> None:
        client = self._client = Client()
        try:
            await client.connect(
                servers=list(self._place.servers),
                tls=self._place.tls,
                no_echo=True,
                allow_reconnect=True,
                max_reconnect_attempts=-1,
                reconnect_time_wait=RECONNECT_S,
                connect_timeout=CONNECT_TIMEOUT_S,
                ping_interval=PING_S,
                max_outstanding_pings=PINGS_UNANSWERED,
                error_cb=self._on_error,
                disconnected_cb=self._on_lost,
                reconnected_cb=self._on_back,
                closed_cb=self._on_closed,
            )
            await client.subscribe(self._subject, cb=self._hear)
            self._doorbell.connect(self)
            self._ready.set()
            log.info("doorbell.connected")
            await self._send(client)
        finally:
            self._client = None  # nothing that the library says of its own closing is news
            await client.close()

    async def _send(self, client: Client) -> None:
        while not client.is_closed:
            await self._something.wait()
            self._something.clear()
            letters, self._letters, self._waiting = self._letters, [_empty()], 0
            for letter in letters:
                try:
                    await client.publish(self._subject, _encode(letter))
                    TALLY.doorbell_sent += 1
                except NatsError:
                    TALLY.doorbell_lost += letter.size

    async def _hear(self, message: Msg) -> None:
        try:
            letter = _decode(message.data)
        except msgspec.MsgspecError:
            return  # of another version, or not ours
        if letter.version != VERSION:
            return
        TALLY.doorbell_heard += 1
        try:
            self._pass_on(letter)
        except Exception as error:  # noqa: BLE001  outermost: one bad letter must not end the hearing
            log.error("doorbell.letter_failed", kind=type(error).__name__, where=places(error))

    def _pass_on(self, letter: _Letter) -> None:
        doorbell = self._doorbell
        for word in letter.words:  # first: who was shut out must not hear the rest
            doorbell.hear_notice(Notice(word.kind, word.subject, word.place, word.value, word.name))
        for moved in letter.moved:
            doorbell.hear(ConversationId(moved.conversation_id), moved.first, moved.last, moved.msg_no)
        for user in letter.users:
            place = None if user.conversation_id is None else ConversationId(user.conversation_id)
            doorbell.hear_user(UserId(user.user_id), user.pos, user.kind, place)

    # -- what the library tells --------------------------------------------------------------

    async def _on_error(self, error: Exception) -> None:
        """Said for every attempt while the server is away: the first one is enough."""
        if not self._was_lost and self._client is not None:
            self._was_lost = True
            log.warning("doorbell.unreachable", kind=type(error).__name__)

    async def _on_lost(self) -> None:
        if self._client is not None:
            self._was_lost = True
            log.warning("doorbell.lost")

    async def _on_back(self) -> None:
        self._was_lost = False
        log.info("doorbell.back")

    async def _on_closed(self) -> None:
        self._something.set()  # whoever sends must see it
