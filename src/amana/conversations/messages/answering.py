"""What may be answered with a quote."""

from amana.conversations import events
from amana.conversations.errors import ReplyInvalid
from amana.conversations.messages import queries as message_queries
from amana.conversations.model import Member
from amana.conversations.writing import Desk
from amana.kernel.ids import Seq
from amana.storage.database import Tx


async def require_answerable(desk: Desk, tx: Tx, member: Member, seq: Seq) -> None:
    """Raise ReplyInvalid unless ``member`` may see a message at ``seq`` that nobody has removed."""
    room = member.conversation_id
    found = await desk.log.at(tx, room, [seq]) if seq >= member.visible_from else []
    state = (await message_queries.states(tx, room, member.user_id, [seq])).get(seq)
    removed = state is not None and state.removed_ts is not None
    if removed or not found or found[0].kind != events.MESSAGE_CREATED:
        raise ReplyInvalid(seq=seq)
