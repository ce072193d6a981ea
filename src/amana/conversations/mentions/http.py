"""Routes of mentions: parse, call, answer."""

from typing import Annotated
from uuid import UUID

import msgspec
from litestar.params import Parameter

from amana.conversations import cursor
from amana.conversations.mentions.mentioned import Mentioned, Shown
from amana.conversations.messages.model import Entry
from amana.conversations.model import MAX_PAGE
from amana.http import SELF, Context, endpoint

DEFAULT_PAGE = 20

Limit = Annotated[int, Parameter(ge=1, le=MAX_PAGE)]
Before = Annotated[str, Parameter(max_length=100)]


class MentionLine(msgspec.Struct, frozen=True, kw_only=True):
    """One message that names me.

    Attributes:
        at: the event that named me.
        thread: the message under which it stands, or null.
        everyone: I am named as one of all.
        ts: when I was named, Unix milliseconds.
        entry: the message in its current state; null where it cannot be shown.
    """

    conversation_id: UUID
    seq: int
    at: int
    thread: int | None
    everyone: bool
    ts: int
    read: bool
    entry: Entry | None


class MentionPage(msgspec.Struct, frozen=True):
    """The newest first; go on with ``before`` = ``next``, null at the end."""

    mentions: list[MentionLine]
    next: str | None


@endpoint("GET", "/v1/mentions", operation="listMentions", access=SELF)
async def list_mentions(
    ctx: Context, before: Before | None = None, limit: Limit = DEFAULT_PAGE
) -> MentionPage:
    """Give the messages that name the person, in all conversations, the newest first."""
    place = cursor.decode(before)
    async with ctx.db.read(ctx.actor.org_id) as tx:
        found = await ctx.services.get(Mentioned).lately(tx, ctx.actor, before=place, limit=limit + 1)
    shown = found[:limit]
    last = shown[-1].mention if len(found) > limit else None
    return MentionPage(
        [_line(one) for one in shown],
        None if last is None else cursor.encode(last.ts, last.conversation_id, last.seq),
    )


def _line(shown: Shown) -> MentionLine:
    one = shown.mention
    return MentionLine(
        conversation_id=one.conversation_id,
        seq=one.seq,
        at=one.at,
        thread=one.thread,
        everyone=one.everyone,
        ts=one.ts,
        read=one.read,
        entry=shown.entry,
    )


ROUTES = (list_mentions,)
