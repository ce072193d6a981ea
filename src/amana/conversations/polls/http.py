"""Routes of polls: parse, call, answer."""

from typing import Annotated
from uuid import UUID

import msgspec
from litestar.params import Parameter

from amana.conversations.messages.http import Place, Posted, posted
from amana.conversations.messages.sending import Sending
from amana.conversations.model import Number
from amana.conversations.polls.model import MAX_VOTERS
from amana.conversations.polls.service import PollService
from amana.http import SELF, Body, Context, endpoint
from amana.kernel.ids import ClientId, ConversationId, Seq

Limit = Annotated[int, Parameter(ge=1, le=MAX_VOTERS)]


class Ballot(Body):
    """The places of what is chosen, from 0, and the retry key: a UUIDv7 made once for each change.

    No choice at all takes a named vote back.
    """

    client_id: UUID
    choices: list[Number]


class PollClosing(Body):
    """The retry key of closing a poll."""

    client_id: UUID


class OwnVote(msgspec.Struct, frozen=True):
    """Whether the caller voted, and what. Of an anonymous vote nobody knows what, at the end not whether."""

    voted: bool
    choices: list[int]


class PollVoter(msgspec.Struct, frozen=True):
    """Who chose what, and when (Unix milliseconds). ``seq`` is the place of the vote."""

    user_id: UUID
    seq: int
    at: int
    choices: list[int]


class PollVoters(msgspec.Struct, frozen=True):
    """A page of people, the earliest vote first; go on with ``after`` = the last ``seq``."""

    voters: list[PollVoter]
    more: bool


@endpoint(
    "POST",
    "/v1/conversations/{conversation_id:uuid}/messages/{seq:int}/poll/votes",
    operation="castVote",
    access=SELF,
    status=204,
)
async def cast_vote(ctx: Context, conversation_id: UUID, seq: Place, data: Ballot) -> None:
    """Vote in a poll. A named vote replaces the one before it; an anonymous one is final."""
    ctx.services.get(Sending).count_change(ctx.actor)
    async with ctx.db.write(ctx.actor.org_id) as tx:
        await ctx.services.get(PollService).vote(
            tx,
            ctx.actor,
            ConversationId(conversation_id),
            Seq(seq),
            client_id=ClientId(data.client_id),
            choices=data.choices,
        )


@endpoint(
    "POST",
    "/v1/conversations/{conversation_id:uuid}/messages/{seq:int}/poll/closing",
    operation="closePoll",
    access=SELF,
)
async def close_poll(ctx: Context, conversation_id: UUID, seq: Place, data: PollClosing) -> Posted:
    """Close a poll: its author may, and whoever may remove messages of others."""
    ctx.services.get(Sending).count_change(ctx.actor)
    async with ctx.db.write(ctx.actor.org_id) as tx:
        place = await ctx.services.get(PollService).close(
            tx, ctx.actor, ConversationId(conversation_id), Seq(seq), client_id=ClientId(data.client_id)
        )
    return posted(place, data.client_id)


@endpoint(
    "GET",
    "/v1/conversations/{conversation_id:uuid}/messages/{seq:int}/poll/mine",
    operation="getMyVote",
    access=SELF,
)
async def get_my_vote(ctx: Context, conversation_id: UUID, seq: Place) -> OwnVote:
    """Give one's own vote; of an open anonymous poll only whether there is one."""
    async with ctx.db.read(ctx.actor.org_id) as tx:
        mine = await ctx.services.get(PollService).mine(
            tx, ctx.actor, ConversationId(conversation_id), Seq(seq)
        )
    return OwnVote(mine.voted, mine.choices)


@endpoint(
    "GET",
    "/v1/conversations/{conversation_id:uuid}/messages/{seq:int}/poll/votes",
    operation="listVoters",
    access=SELF,
)
async def list_voters(
    ctx: Context, conversation_id: UUID, seq: Place, after: Place = 0, limit: Limit = MAX_VOTERS
) -> PollVoters:
    """Give who chose what in a named poll."""
    async with ctx.db.read(ctx.actor.org_id) as tx:
        found, more = await ctx.services.get(PollService).voters(
            tx, ctx.actor, ConversationId(conversation_id), Seq(seq), after=Seq(after), limit=limit
        )
    return PollVoters([PollVoter(one.user_id, one.seq, one.ts_ms, one.choices) for one in found], more)


ROUTES = (cast_vote, close_poll, get_my_vote, list_voters)
