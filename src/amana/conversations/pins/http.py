"""Routes of pins: parse, call, answer."""

from uuid import UUID

import msgspec

from amana.conversations.messages.http import Place
from amana.conversations.messages.model import Entry
from amana.conversations.messages.sending import Sending
from amana.conversations.pins.service import PinService
from amana.http import SELF, Context, endpoint
from amana.kernel.ids import ConversationId, Seq


class Pins(msgspec.Struct, frozen=True):
    """The pinned messages that the reader sees, the one pinned last first."""

    entries: list[Entry]


@endpoint("GET", "/v1/conversations/{conversation_id:uuid}/pins", operation="listPins", access=SELF)
async def list_pins(ctx: Context, conversation_id: UUID) -> Pins:
    """Give every pinned message in its current state."""
    async with ctx.db.read(ctx.actor.org_id) as tx:
        return Pins(await ctx.services.get(PinService).pinned(tx, ctx.actor, ConversationId(conversation_id)))


@endpoint(
    "PUT",
    "/v1/conversations/{conversation_id:uuid}/messages/{seq:int}/pin",
    operation="pinMessage",
    access=SELF,
    status=204,
)
async def pin_message(ctx: Context, conversation_id: UUID, seq: Place) -> None:
    """Pin a message for everybody in the room."""
    ctx.services.get(Sending).count_change(ctx.actor)
    async with ctx.db.write(ctx.actor.org_id) as tx:
        await ctx.services.get(PinService).pin(tx, ctx.actor, ConversationId(conversation_id), Seq(seq))


@endpoint(
    "DELETE",
    "/v1/conversations/{conversation_id:uuid}/messages/{seq:int}/pin",
    operation="unpinMessage",
    access=SELF,
    status=204,
)
async def unpin_message(ctx: Context, conversation_id: UUID, seq: Place) -> None:
    """Take a pinned message off."""
    ctx.services.get(Sending).count_change(ctx.actor)
    async with ctx.db.write(ctx.actor.org_id) as tx:
        await ctx.services.get(PinService).unpin(tx, ctx.actor, ConversationId(conversation_id), Seq(seq))


ROUTES = (list_pins, pin_message, unpin_message)
