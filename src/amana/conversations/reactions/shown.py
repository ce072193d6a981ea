"""Reactions as they stand beside the messages of a page."""

from collections.abc import Mapping, Sequence

import msgspec

from amana.conversations.model import Member
from amana.conversations.opening import open_content, proof_of
from amana.conversations.reactions import queries
from amana.conversations.reactions.events import ReactionAdded
from amana.conversations.reactions.model import Reaction, Total
from amana.conversations.writing import Desk
from amana.kernel.ids import OrgId, Seq
from amana.storage.database import Tx

_added = msgspec.json.Decoder(ReactionAdded).decode


class ShownReactions:
    """``Entry.reactions``: for each emoji one reaction that is left is opened, and one number is read."""

    field = "reactions"

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def of(
        self, tx: Tx, org_id: OrgId, member: Member, seqs: Sequence[Seq]
    ) -> Mapping[Seq, list[Reaction]]:
        """The emojis of each message in the order in which they came; one that does not open is left out."""
        totals = await queries.totals(tx, member.conversation_id, member.user_id, seqs)
        emojis = await self._emojis(tx, org_id, member, totals)
        result: dict[Seq, list[Reaction]] = {}
        for total in totals:
            emoji = emojis.get(total.shown_seq)
            if emoji is not None and emoji.target == total.seq:
                shown = Reaction(emoji=emoji.emoji, since=total.since, count=total.count, mine=total.mine)
                result.setdefault(total.seq, []).append(shown)
        return result

    async def _emojis(
        self, tx: Tx, org_id: OrgId, member: Member, totals: Sequence[Total]
    ) -> dict[Seq, ReactionAdded]:
        if not totals:
            return {}
        places = sorted({total.shown_seq for total in totals})
        stored = await self._desk.log.at(tx, member.conversation_id, places)
        visible = [event for event in stored if event.seq >= member.visible_from]
        opened = await open_content(self._desk.vault, tx, proof_of(org_id, member), visible)
        return {seq: _added(content) for seq, content in opened.items() if isinstance(content, bytes)}
