"""The reader's own stars beside the messages of a page."""

from collections.abc import Mapping, Sequence

from amana.conversations.model import Member
from amana.conversations.private.stars import queries
from amana.kernel.ids import OrgId, Seq
from amana.storage.database import Tx


class StarExtra:
    """Fills ``Entry.starred``."""

    field = "starred"

    async def of(self, tx: Tx, org_id: OrgId, member: Member, seqs: Sequence[Seq]) -> Mapping[Seq, object]:
        found = await queries.starred_of(tx, member.user_id, member.conversation_id, seqs)
        return dict.fromkeys(found, True)
