"""The frames of the protocol that belong to no domain (``docs/api/realtime.md``)."""

from collections.abc import Iterable, Sequence
from typing import Annotated
from uuid import UUID

import msgspec

from amana.events.following import Subscription
from amana.events.model import Appended
from amana.kernel.errors import Refusal
from amana.kernel.i18n import refusal_text
from amana.realtime.operations import SocketOperation

VERSION = 1
MAX_OPEN = 200  # conversations a client may resume in one hello

# The largest number that JavaScript counts exactly; no column is smaller.
Number = Annotated[int, msgspec.Meta(ge=0, le=2**53 - 1)]

_encode = msgspec.json.Encoder().encode


class Place(msgspec.Struct):
    """How far a client has applied a conversation."""

    c: UUID
    seq: Number = 0
    fence: Number = 0


class Hello(msgspec.Struct, tag_field="t", tag="hello"):
    """The first frame of a socket. ``since``: only heads that moved after that time are wanted."""

    v: Number
    user_pos: Number = 0
    open: list[Place] = []
    since: Number | None = None


class Open(msgspec.Struct, tag_field="t", tag="open"):
    """Full frames of one conversation, from ``seq`` on."""

    c: UUID
    seq: Number = 0
    fence: Number = 0


class Close(msgspec.Struct, tag_field="t", tag="close"):
    """The conversation is no longer on screen."""

    c: UUID


class Ping(msgspec.Struct, tag_field="t", tag="ping"):
    """Answered by pong, for clients that can not see the protocol's own."""


class Envelope(msgspec.Struct):
    """What a refusal needs of a frame that is wrong otherwise."""

    c: UUID | None = None
    client_id: UUID | None = None


class _Head(msgspec.Struct):
    c: UUID
    seq: int
    msg_no: int
    fence: int


class _Welcome(msgspec.Struct, tag_field="t", tag="welcome"):
    v: int
    session: UUID
    user_pos: int
    at: int
    heads: list[_Head]


class _Ack(msgspec.Struct, tag_field="t", tag="ack"):
    c: UUID
    client_id: UUID
    seq: int
    ts: int


class _Error(msgspec.Struct):
    code: str
    message: str
    fields: dict[str, object]


class _Refused(msgspec.Struct, tag_field="t", tag="refused"):
    c: UUID | None
    client_id: UUID | None
    error: _Error


def frame_decoder(operations: Iterable[SocketOperation]) -> msgspec.json.Decoder[msgspec.Struct]:
    """One decoder for every frame a client may send."""
    frames = (Hello, Open, Close, Ping, *(operation.frame for operation in operations))
    union: object = frames[0]
    for frame in frames[1:]:
        union = union | frame  # type: ignore[operator]  # a union made at run time
    return msgspec.json.Decoder(union)


def welcome(session_id: UUID, user_pos: int, at_ms: int, heads: Sequence[Subscription]) -> str:
    places = [_Head(head.conversation_id, head.seq, head.msg_no, head.fence) for head in heads]
    return _encode(_Welcome(VERSION, session_id, user_pos, at_ms, places)).decode()


def ack(client_id: UUID, place: Appended) -> str:
    return _encode(_Ack(place.conversation_id, client_id, place.seq, place.ts_ms)).decode()


def refused(refusal: Refusal, language: str, conversation_id: UUID | None, client_id: UUID | None) -> str:
    message = refusal_text(refusal.code, language, refusal.fields)
    error = _Error(refusal.code, message, dict(refusal.fields))
    return _encode(_Refused(conversation_id, client_id, error)).decode()


def head(conversation_id: UUID, seq: int, msg_no: int) -> str:
    return f'{{"t":"head","c":"{conversation_id}","seq":{seq},"msg_no":{msg_no}}}'


def digest_entry(conversation_id: UUID, seq: int) -> str:
    return f'["{conversation_id}",{seq}]'


def digest(entries: Sequence[str]) -> str:
    return f'{{"t":"digest","heads":[{",".join(entries)}]}}'


def gap(conversation_id: UUID, first: int, last: int) -> str:
    return f'{{"t":"gap","c":"{conversation_id}","from":{first},"to":{last}}}'


def user_gap(first: int, last: int) -> str:
    return f'{{"t":"gap","c":null,"from":{first},"to":{last}}}'


def reset(conversation_id: UUID, fence: int) -> str:
    return f'{{"t":"reset","c":"{conversation_id}","fence":{fence}}}'


def receipt(conversation_id: UUID, user_id: UUID, seq: int) -> str:
    return f'{{"t":"receipt","c":"{conversation_id}","user":"{user_id}","seq":{seq}}}'


def delivered(conversation_id: UUID, user_id: UUID, seq: int) -> str:
    return f'{{"t":"delivered","c":"{conversation_id}","user":"{user_id}","seq":{seq}}}'


def typing(conversation_id: UUID, user_id: UUID) -> str:
    return f'{{"t":"typing","c":"{conversation_id}","user":"{user_id}"}}'


def drain(reconnect_after_ms: int) -> str:
    return f'{{"t":"drain","reconnect_after_ms":{reconnect_after_ms}}}'


RESYNC = '{"t":"resync"}'
PONG = '{"t":"pong"}'
