"""Routes of receipts: parse, call, answer."""

from uuid import UUID

import msgspec

from amana.conversations.messages.http import Place
from amana.conversations.receipts.service import ReceiptService
from amana.http import SELF, Context, endpoint
from amana.kernel.ids import ConversationId, Seq


class Recipient(msgspec.Struct, frozen=True):
    """Somebody whom the message has reached: ``delivered`` or ``read``.

    ``at`` is when at the latest, in Unix milliseconds; null where nobody noted it.
    """

    user_id: UUID
    state: str
    at: int | None


class MessageReceipts(msgspec.Struct, frozen=True, kw_only=True):
    """How far a message has come with the others who were there when it was sent.

    Attributes:
        shown: what the room shows: ``off``, ``count`` or ``named``; above 256 members at most ``count``.
        delivered: how many have got it, those who read it among them; null where nothing is shown.
        read: how many have read it.
        people: who, the readers first; null unless people are named.
    """

    shown: str
    delivered: int | None
    read: int | None
    people: list[Recipient] | None


@endpoint(
    "GET",
    "/v1/conversations/{conversation_id:uuid}/messages/{seq:int}/receipts",
    operation="showReceipts",
    access=SELF,
)
async def show_receipts(ctx: Context, conversation_id: UUID, seq: Place) -> MessageReceipts:
    """Say who has got and who has read a message, as far as the room's rule and each person allow."""
    async with ctx.db.read(ctx.actor.org_id) as tx:
        found = await ctx.services.get(ReceiptService).of_message(
            tx, ctx.actor, ConversationId(conversation_id), Seq(seq)
        )
    people = None
    if found.people is not None:
        people = [
            Recipient(one.user_id, "read" if one.is_read else "delivered", one.at_ms) for one in found.people
        ]
    return MessageReceipts(
        shown=found.shown.name.lower(), delivered=found.delivered, read=found.read, people=people
    )


ROUTES = (show_receipts,)
