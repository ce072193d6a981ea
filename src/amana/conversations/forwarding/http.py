"""The route of forwarding: parse, call, answer."""

from uuid import UUID

import msgspec

from amana.conversations.forwarding.model import ForwardTo
from amana.conversations.forwarding.service import Forwarding, Outcome
from amana.conversations.messages.http import Place, Posted, posted
from amana.http import SELF, Body, Context, endpoint
from amana.http.answers import ErrorBody, error_body
from amana.kernel.errors import Refusal
from amana.kernel.ids import ClientId, ConversationId, Seq


class Target(Body):
    """Where to, with the retry key of the copy: a UUIDv7 made once."""

    conversation_id: UUID
    client_id: UUID


class ForwardTargets(Body):
    """At least one."""

    targets: list[Target]


class ForwardedTo(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one target: ``posted``, or the ``error`` with which it was refused."""

    conversation_id: UUID
    posted: Posted | None
    error: ErrorBody | None


class ForwardOutcomes(msgspec.Struct, frozen=True):
    """One for each target, in the same order."""

    outcomes: list[ForwardedTo]


@endpoint(
    "POST",
    "/v1/conversations/{conversation_id:uuid}/messages/{seq:int}/forwards",
    operation="forwardMessage",
    access=SELF,
)
async def forward_message(
    ctx: Context, conversation_id: UUID, seq: Place, data: ForwardTargets
) -> ForwardOutcomes:
    """Say a message again in other conversations, with whose words they are."""
    targets = [
        ForwardTo(ConversationId(target.conversation_id), ClientId(target.client_id))
        for target in data.targets
    ]
    outcomes = await ctx.services.get(Forwarding).forward(
        ctx.actor, ConversationId(conversation_id), Seq(seq), targets
    )
    return ForwardOutcomes([_line(outcome, ctx.actor.language) for outcome in outcomes])


def _line(outcome: Outcome, language: str) -> ForwardedTo:
    target, place = outcome.target, outcome.place
    if isinstance(place, Refusal):
        error = error_body(place.code, place.message, language, place.fields)
        return ForwardedTo(conversation_id=target.conversation_id, posted=None, error=error)
    told = posted(place, target.client_id)
    return ForwardedTo(conversation_id=target.conversation_id, posted=told, error=None)


ROUTES = (forward_message,)
