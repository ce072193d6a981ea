"""Where frames leave: a seam, so that another WebSocket stack can take the place of ASGI's."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, MutableMapping
from typing import Any, Protocol, cast

import structlog

from amana.kernel.errors import places

log = structlog.get_logger()

AsgiMessage = MutableMapping[str, Any]  # the ASGI specification types it no further
AsgiReceive = Callable[[], Awaitable[AsgiMessage]]
AsgiSend = Callable[[AsgiMessage], Awaitable[None]]


class Transport(Protocol):
    """One accepted WebSocket, for writing."""

    def write(self, text: str) -> bool:
        """Send a text frame; False when the peer takes nothing more until ``on_writable``.

        The frame itself is accepted in either case. Never raises.
        """

    def close(self, code: int) -> None:
        """Close after what was written. Never raises."""

    def abort(self) -> None:
        """Cut the connection without waiting for the peer. Never raises."""

    @property
    def gone(self) -> bool:
        """Whether the peer is known to have left, before ``receive`` says so."""


class AsgiTransport:
    """ASGI's ``send`` without a task or a wake-up per frame.

    ``send`` of a server that can write at once runs to its end in one step, so it is stepped by
    hand. When it waits (the peer reads too slowly), its future's callback steps it on.
    """

    def __init__(self, send: AsgiSend, on_writable: Callable[[], None]) -> None:
        self._send = send
        self._on_writable = on_writable
        self._waiting: Coroutine[Any, None, None] | None = None
        self._close_code: int | None = None
        self._broken = False

    def write(self, text: str) -> bool:
        return self._start({"type": "websocket.send", "text": text})

    def close(self, code: int) -> None:
        if self._close_code is not None:
            return
        self._close_code = code
        if self._waiting is None:
            self._finish(code)

    def abort(self) -> None:
        self._broken = True
        if self._waiting is not None:
            self._waiting.close()
            self._waiting = None
        # A server that hides its connection ends with its ping timeout.
        if (connection := self._connection()) is not None:
            connection.abort()

    @property
    def gone(self) -> bool:
        connection = self._connection()
        return self._broken or (connection is not None and connection.is_closing())

    def _connection(self) -> asyncio.WriteTransport | None:
        """What the server itself writes to: uvicorn's own object is behind ``send``."""
        connection = getattr(getattr(self._send, "__self__", None), "transport", None)
        return connection if isinstance(connection, asyncio.WriteTransport) else None

    def _start(self, message: AsgiMessage) -> bool:
        if self._broken:
            return True
        return self._step(cast("Coroutine[Any, None, None]", self._send(message)))

    def _step(self, sending: Coroutine[Any, None, None]) -> bool:
        try:
            future = sending.send(None)
        except StopIteration:
            return True
        except OSError:
            # The peer is gone; receive() says so to whoever reads.
            self._broken = True
            return True
        except Exception as error:  # noqa: BLE001  outermost: one frame of one socket must not stop the others
            log.error("socket write failed", kind=type(error).__name__, where=places(error))
            self.abort()
            return True
        self._waiting = sending
        if isinstance(future, asyncio.Future):
            # What a task does with the future that its coroutine waits for.
            future._asyncio_future_blocking = False
            future.add_done_callback(self._resume)
        else:
            asyncio.get_running_loop().call_soon(self._resume)
        return False

    def _resume(self, _: object = None) -> None:
        sending, self._waiting = self._waiting, None
        if sending is None or not self._step(sending):
            return
        self._on_writable()
        if self._close_code is not None and self._waiting is None:
            self._finish(self._close_code)

    def _finish(self, code: int) -> None:
        self._start({"type": "websocket.close", "code": code})
        self._broken = True  # nothing may follow a close
