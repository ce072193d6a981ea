"""What the supervisor and a worker say to each other: JSON lines on a socket pair that nobody else can reach.

The end of the line is a message too: whoever is left alone stops.
"""

import asyncio
import socket
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import msgspec
from pydantic import SecretStr

from amana.app.settings import Settings
from amana.kernel.tally import Tally

MAX_LINE_BYTES = 1_000_000

One = TypeVar("One")


class Order(msgspec.Struct, tag="order", kw_only=True):
    """Begin to work. Passwords are in it: it goes through the pair and nowhere else.

    Attributes:
        settings: every setting by name.
        dsn: of the database, which the supervisor has started and brought up.
        nats: servers of the doorbell.
    """

    number: int
    settings: dict[str, Any]
    dsn: str
    nats: list[str]
    public_url: str
    port: int


class Ready(msgspec.Struct, tag="ready"):
    """The worker serves."""

    notices: list[str]


class Failed(msgspec.Struct, tag="failed"):
    """The worker cannot start; ``sentence`` says why, for the operator."""

    sentence: str


class Report(msgspec.Struct, tag="report"):
    """How a worker is; sent every other second."""

    sockets: int
    leads: bool
    hears: bool
    log_is_stopped: bool
    memory_bytes: int
    cpu_s: float
    tally: dict[str, Any]


Said = Ready | Failed | Report

_order = msgspec.json.Decoder(Order)
_said = msgspec.json.Decoder(Said)


class Channel:
    """One end of the pair."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def over(cls, end: socket.socket) -> "Channel":
        reader, writer = await asyncio.open_unix_connection(sock=end, limit=MAX_LINE_BYTES)
        return cls(reader, writer)

    def say(self, what: Order | Said) -> None:
        """Send; what the other end cannot take any more is lost, it is gone then."""
        if not self._writer.is_closing():
            self._writer.write(msgspec.json.encode(what) + b"\n")

    async def order(self) -> Order | None:
        """The worker's side: what to do; None when the supervisor is gone."""
        line = await self._line()
        return None if line is None else _order.decode(line)

    async def hear(self) -> Said | None:
        """The supervisor's side: what the worker says next; None when it is gone."""
        line = await self._line()
        return None if line is None else _said.decode(line)

    async def until_alone(self) -> None:
        """Return when the other end is gone."""
        while await self._line() is not None:
            pass

    async def flushed(self) -> None:
        """Wait until what was said is on its way."""
        try:
            await self._writer.drain()
        except ConnectionError:
            return

    def close(self) -> None:
        self._writer.close()

    async def _line(self) -> bytes | None:
        try:
            line = await self._reader.readline()
        except (ConnectionError, ValueError):
            return None
        return line if line.endswith(b"\n") else None


def settings_as_dict(settings: Settings) -> dict[str, Any]:
    """Every setting in a form that JSON and ``Settings`` both take; secrets in clear."""
    return {name: _plain(getattr(settings, name)) for name in Settings.model_fields}


def _plain(value: object) -> object:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, str | int | float | None):
        return value
    if isinstance(value, Sequence):
        return [_plain(one) for one in value]
    return str(value)


def tally_as_dict(tally: Tally) -> dict[str, Any]:
    """Everything that was counted, as numbers and lists."""
    found: dict[str, Any] = {}
    for name, value in vars(tally).items():
        if isinstance(value, int | float):
            found[name] = value
        elif isinstance(value, Mapping):
            found[name] = dict(value)
        else:
            found[name] = [*value.cells, value.total]
    return found


def add_tally(tally: Tally, counted: Mapping[str, Any]) -> None:
    """Add what another process counted."""
    for name, value in counted.items():
        known = getattr(tally, name, None)
        if isinstance(value, dict) and isinstance(known, dict):
            for key, count in value.items():
                known[key] += count
        elif isinstance(value, list) and known is not None and not isinstance(known, int | float | dict):
            known.add(value[:-1], value[-1])
        elif name == "clock_offset_s":
            tally.clock_offset_s = value or tally.clock_offset_s
        elif isinstance(known, int | float):
            setattr(tally, name, known + value)
