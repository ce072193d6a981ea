"""Routes of the erasure of persons: parse, call, answer."""

from datetime import datetime
from uuid import UUID

from msgspec import Struct

from amana.compliance.model import PersonErasure
from amana.compliance.persons import PersonErasures
from amana.http import SELF, Body, Context, endpoint, needs
from amana.kernel.ids import UserId
from amana.people import permissions
from amana.people.confirmation import require_fresh_proof
from amana.people.desk import Desk
from amana.people.visits import visitor_of
from amana.people.wire import Password


class ErasureBody(Body):
    """The password of who asks, where they did not sign in just now."""

    current_password: Password | None = None


class Remains(Struct, frozen=True):
    """Something that stays, and why; clients have a sentence for each ``what``."""

    what: str
    why: str


class Certificate(Struct, frozen=True, kw_only=True):
    """The erasure of one person, and when it is done the proof of it.

    Attributes:
        state: ``running``; ``erased`` when nobody can read any of it; ``clean`` when it has left the files
            of the database as well.
        rooms: conversations the person was ever in.
        rooms_handed_over: groups that somebody else owns now.
        rooms_closed: conversations in which nobody is left.
        messages: messages that can never be read again.
        keys_ended: wrapped data keys that were destroyed, of every wording.
        keys_kept: those that stay for a reason of their own, such as a legal hold; only a case reads them.
    """

    user_id: UUID
    state: str
    requested_by: UUID
    requested_at: datetime
    rooms: int
    rooms_handed_over: int
    rooms_closed: int
    messages: int
    keys_ended: int
    keys_kept: int
    sessions: int
    passkeys: int
    private_events: int
    done_at: datetime | None
    pages_clean_at: datetime | None
    remains: list[Remains]


# In the order in which an answer to the person would name them.
REMAINS = (
    Remains("id", "What others wrote to this person, and who could see it, stays in its place."),
    Remains("times", "When and where messages stood is part of the tamper-evident history."),
    Remains("ciphertext", "It stays without a key; nobody can open it."),
    Remains("group_names", "Titles and purposes belong to the groups."),
    Remains("mentions", "What others wrote about the person is theirs."),
    Remains("record", "The record of administrative changes is sealed and names the person by id."),
    Remains("backups", "Older backups hold the keys for at most 14 days; a restore erases again."),
)


@endpoint(
    "POST",
    "/v1/people/{user_id:uuid}/erasure",
    operation="erasePerson",
    access=SELF,
    status=202,
)
async def erase_person(ctx: Context, user_id: UUID, data: ErasureBody) -> Certificate:
    """Erase a person, oneself or (with ``people.erase``) somebody else. Cannot be undone."""
    desk = ctx.services.get(Desk)
    network = visitor_of(ctx).network
    await require_fresh_proof(desk, ctx.actor, current_password=data.current_password, network=network)
    async with ctx.db.write(ctx.actor.org_id) as tx:
        begun = await ctx.services.get(PersonErasures).request(tx, ctx.actor, UserId(user_id))
    return certificate(begun)


@endpoint(
    "GET",
    "/v1/people/{user_id:uuid}/erasure",
    operation="showErasure",
    access=needs(permissions.ERASE),
)
async def show_erasure(ctx: Context, user_id: UUID) -> Certificate:
    """How far the erasure of a person is; when it is done, its certificate."""
    async with ctx.db.read(ctx.actor.org_id) as tx:
        found = await ctx.services.get(PersonErasures).show(tx, ctx.actor, UserId(user_id))
    return certificate(found)


def certificate(erasure: PersonErasure) -> Certificate:
    """The erasure as the API shows it."""
    return Certificate(
        user_id=erasure.user_id,
        state=erasure.state,
        requested_by=erasure.requested_by,
        requested_at=erasure.requested_at,
        rooms=erasure.rooms,
        rooms_handed_over=erasure.rooms_handed_over,
        rooms_closed=erasure.rooms_closed,
        messages=erasure.messages,
        keys_ended=erasure.wraps,
        keys_kept=erasure.kept,
        sessions=erasure.sessions,
        passkeys=erasure.passkeys,
        private_events=erasure.private_events,
        done_at=erasure.done_at,
        pages_clean_at=erasure.pages_clean_at,
        remains=list(REMAINS),
    )


ROUTES = (erase_person, show_erasure)
