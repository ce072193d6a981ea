"""How polls stand: what their newest events say, and what somebody chose."""

from collections.abc import Mapping, Sequence

import msgspec

from amana.conversations.messages.model import said
from amana.conversations.model import Member
from amana.conversations.opening import open_content, proof_of
from amana.conversations.polls import queries
from amana.conversations.polls.errors import PollDamaged
from amana.conversations.polls.model import PollRow, PollState
from amana.conversations.writing import Desk
from amana.kernel.ids import ConversationId, OrgId, Seq
from amana.storage.database import Tx
from amana.vault import MemberProof
from amana.vault.proofs import SystemProof


class Count(msgspec.Struct):
    """The parts of ``poll.voted`` and ``poll.closed`` that say how a poll stands."""

    target: int
    choices: list[int] = []
    voters: int | None = None
    totals: list[int] | None = None


_count = msgspec.json.Decoder(Count).decode


class Counts:
    """Opens a few events, however many people voted."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def at(
        self,
        tx: Tx,
        proof: MemberProof | SystemProof,
        conversation_id: ConversationId,
        places: Sequence[Seq],
    ) -> dict[Seq, Count]:
        """What the events at these places say; one that does not open is left out."""
        stored = await self._desk.log.at(tx, conversation_id, sorted(set(places))) if places else []
        opened = await open_content(self._desk.vault, tx, proof, stored)
        return {seq: _count(content) for seq, content in opened.items() if isinstance(content, bytes)}

    async def of_named(
        self,
        tx: Tx,
        proof: MemberProof | SystemProof,
        conversation_id: ConversationId,
        poll: PollRow,
        vote_seq: Seq | None,
    ) -> tuple[Count | None, list[int]]:
        """How a named poll stands, None before the first vote, and what the vote of an event chose.

        Raises:
            PollDamaged: an event does not open, or is one of another poll.
        """
        places = [place for place in (poll.shown_seq, vote_seq) if place is not None]
        found = await self.at(tx, proof, conversation_id, places)
        if len(found) != len(set(places)) or any(one.target != poll.seq for one in found.values()):
            raise PollDamaged
        shown = None if poll.shown_seq is None else found[poll.shown_seq]
        return shown, [] if vote_seq is None else found[vote_seq].choices

    async def nothing(
        self, tx: Tx, proof: MemberProof | SystemProof, conversation_id: ConversationId, seq: Seq
    ) -> list[int]:
        """A zero for each option of the poll in message ``seq``; raises PollDamaged."""
        stored = await self._desk.log.at(tx, conversation_id, [seq])
        content = (await open_content(self._desk.vault, tx, proof, stored)).get(seq)
        asked = said(content).poll if isinstance(content, bytes) else None
        if asked is None:
            raise PollDamaged
        return [0] * len(asked.options)


class ShownPolls:
    """``Entry.poll``: of each poll one event is opened for the totals, and one for the reader's choice."""

    field = "poll"

    def __init__(self, desk: Desk) -> None:
        self._counts = Counts(desk)

    async def of(self, tx: Tx, org_id: OrgId, member: Member, seqs: Sequence[Seq]) -> Mapping[Seq, PollState]:
        """The polls that somebody voted in or closed; one whose events do not open is left out."""
        room = member.conversation_id
        standings = await queries.standings(tx, room, member.user_id, seqs)
        if not standings:
            return {}
        places = [place for one in standings for place in (one.shown_seq, one.my_seq) if place is not None]
        found = await self._counts.at(tx, proof_of(org_id, member), room, places)
        result: dict[Seq, PollState] = {}
        for one in standings:
            shown = found.get(one.shown_seq)
            if shown is None or shown.target != one.seq:
                continue
            mine = None if one.my_seq is None else found.get(one.my_seq)
            chosen = mine.choices if mine is not None and mine.target == one.seq else []
            result[one.seq] = PollState(
                closed=one.closed_ts, voters=shown.voters, totals=shown.totals, mine=chosen
            )
        return result
