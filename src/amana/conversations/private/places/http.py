"""Routes of places in the list: parse, call, answer."""

from typing import Annotated
from uuid import UUID

import msgspec

from amana.conversations.private.model import MySide
from amana.conversations.private.places.service import Move, PlaceService
from amana.http import SELF, Body, Context, endpoint
from amana.kernel.ids import ConversationId

# Until the year 9999, where dates end: "for ever".
Milliseconds = Annotated[int, msgspec.Meta(ge=0, le=253_402_300_799_000)]


class PlaceBody(Body):
    """What is left out stays. ``muted_until`` in Unix ms, null: not muted; ``section_id`` null: in none."""

    muted_until: Milliseconds | msgspec.UnsetType | None = msgspec.UNSET
    archived: bool | msgspec.UnsetType = msgspec.UNSET
    unread: bool | msgspec.UnsetType = msgspec.UNSET
    pinned: bool | msgspec.UnsetType = msgspec.UNSET
    section_id: UUID | msgspec.UnsetType | None = msgspec.UNSET


@endpoint("PATCH", "/v1/conversations/{conversation_id:uuid}/mine", operation="changeMySide", access=SELF)
async def change_my_side(ctx: Context, conversation_id: UUID, data: PlaceBody) -> MySide:
    """Mute, archive, mark as unread, put on top, put into a folder: for oneself only."""
    move = Move(data.muted_until, data.archived, data.unread, data.pinned, data.section_id)
    async with ctx.db.write(ctx.actor.org_id) as tx:
        return await ctx.services.get(PlaceService).move(tx, ctx.actor, ConversationId(conversation_id), move)


ROUTES = (change_my_side,)
