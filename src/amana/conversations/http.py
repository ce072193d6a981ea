"""Routes of conversations and their members: parse, call, answer."""

from typing import Annotated, Literal
from uuid import UUID

import msgspec
from litestar.params import Parameter

from amana.conversations import permissions, queries
from amana.conversations.errors import ConversationNotFound, CursorInvalid
from amana.conversations.joining.service import JoinService
from amana.conversations.joining.shown import MyJoining, my_joining
from amana.conversations.membership.service import MembershipService
from amana.conversations.model import MAX_PAGE, History, HistoryPolicy, Kind
from amana.conversations.receipts.service import markers_of
from amana.conversations.rules_wire import RulesWanted
from amana.conversations.service import Changes, ConversationService, NewGroup
from amana.conversations.summaries import Summaries, Summary
from amana.events.following import SETTLED_AFTER
from amana.events.log import Log
from amana.http import SELF, Body, Context, endpoint, needs
from amana.kernel.clock import from_unix_ms, unix_ms
from amana.kernel.ids import ClientId, ConversationId, Seq, UserId
from amana.people.queries import names

Limit = Annotated[int, Parameter(ge=1, le=MAX_PAGE)]
# The largest number of the log and of JavaScript alike.
Place = Annotated[int, Parameter(ge=0, le=2**53 - 1)]
# Where a part of the list ended, as ``next`` said it: a time and an id.
After = Annotated[str, Parameter(pattern=r"^[0-9]{1,15}\.[0-9a-f]{32}$")]
# Until the year 9999, where dates end.
Milliseconds = Annotated[int, Parameter(ge=0, le=253_402_300_799_000)]

_POLICIES = {"all": History.ALL, "since_joining": History.SINCE_JOINING, "days": History.DAYS}


class HistoryWanted(Body):
    """What those who join later may read; ``days`` only with the policy of that name."""

    policy: Literal["all", "since_joining", "days"]
    days: int | None = None


class NewConversation(Body):
    """A room to be made. Title and purpose are obligatory.

    History and rules that are left out are those usual for the kind: in a group those who join read what
    comes after them, in channels and announcement rooms everything.
    """

    client_id: UUID
    kind: Literal["group", "channel", "announcement"] = "group"
    title: str = ""
    purpose: str = ""
    member_ids: list[UUID] = msgspec.field(default_factory=list)
    history: HistoryWanted | None = None
    rules: RulesWanted = msgspec.field(default_factory=RulesWanted)


class ChangedSettings(Body):
    """What is left out stays. ``retention_days`` null: messages stay until somebody removes them."""

    title: str | None = None
    purpose: str | None = None
    retention_days: int | msgspec.UnsetType | None = msgspec.UNSET
    history: HistoryWanted | None = None
    rules: RulesWanted = msgspec.field(default_factory=RulesWanted)


class NewOwner(Body):
    """The member who is to own the group."""

    user_id: UUID


class Sync(msgspec.Struct, frozen=True):
    """What a device needs to begin; ``user_pos`` is older than or equal to all of it.

    Attributes:
        at: Unix milliseconds; a ``hello`` with this as its ``since`` is told of everything that moved after
            this answer was made.
        joining: rooms the person is asked, or asks, to come into; null in every part but the first.
        next: the ``after`` of the following part; null when this was the last one.
    """

    user_pos: int
    at: int
    conversations: list[Summary]
    next: str | None
    joining: MyJoining | None = None


class MemberLine(msgspec.Struct, frozen=True, kw_only=True):
    """One member; ``joined_at`` in Unix milliseconds.

    ``read_seq`` is null where the room or the person does not let me see it.
    """

    user_id: UUID
    display_name: str
    role: str
    joined_at: int
    visible_from: int
    read_seq: int | None


class Members(msgspec.Struct, frozen=True):
    """A page of members in the order of their ids; go on with ``after`` = the last one."""

    members: list[MemberLine]
    more: bool


class CouldSee(msgspec.Struct, frozen=True):
    """Who could see one event at one moment."""

    user_ids: list[UUID]


@endpoint("GET", "/v1/sync", operation="sync", access=SELF)
async def sync(ctx: Context, limit: Limit | None = None, after: After | None = None) -> Sync:
    """Give the conversations of the person, the one with the newest event first.

    With ``limit`` a part of them: go on with ``after`` = ``next``. Without it all of them.
    """
    place = _place_of(after)
    at = ctx.clock.now() - SETTLED_AFTER
    async with ctx.db.read(ctx.actor.org_id) as tx:
        # Read first: private events that follow are met again, which is harmless.
        user_pos = await ctx.services.get(Log).user_position(tx, ctx.actor.user_id)
        summaries = ctx.services.get(Summaries)
        waiting = None if place else my_joining(await ctx.services.get(JoinService).mine(tx, ctx.actor))
        if limit is None:
            return Sync(user_pos, unix_ms(at), await summaries.all_mine(tx, ctx.actor), None, waiting)
        part = await summaries.window(tx, ctx.actor, after=place, limit=limit)
    following = None if part.next is None else f"{part.next[0]}.{part.next[1].hex}"
    return Sync(user_pos, unix_ms(at), part.lines, following, waiting)


@endpoint(
    "POST",
    "/v1/conversations",
    operation="createConversation",
    access=needs(permissions.CREATE),
    status=201,
)
async def create_conversation(ctx: Context, data: NewConversation) -> Summary:
    """Create a group, a channel or an announcement room.

    Repeating it with the same ``client_id`` gives the first one.
    """
    wanted = NewGroup(
        client_id=ClientId(data.client_id),
        title=data.title,
        purpose=data.purpose,
        member_ids=tuple(UserId(user_id) for user_id in data.member_ids),
        history=_history(data.history),
        kind=Kind[data.kind.upper()],
        rules=data.rules,
    )
    async with ctx.db.write(ctx.actor.org_id) as tx:
        conversation_id = await ctx.services.get(ConversationService).create_group(tx, ctx.actor, wanted)
        return await ctx.services.get(Summaries).one(tx, ctx.actor, conversation_id)


@endpoint("PUT", "/v1/conversations/direct/{user_id:uuid}", operation="openDirect", access=SELF)
async def open_direct(ctx: Context, user_id: UUID) -> Summary:
    """Give the conversation with another person, made now if there is none yet."""
    async with ctx.db.write(ctx.actor.org_id) as tx:
        conversation_id = await ctx.services.get(ConversationService).create_direct(
            tx, ctx.actor, UserId(user_id)
        )
        return await ctx.services.get(Summaries).one(tx, ctx.actor, conversation_id)


@endpoint("GET", "/v1/conversations/{conversation_id:uuid}", operation="getConversation", access=SELF)
async def get_conversation(ctx: Context, conversation_id: UUID) -> Summary:
    """Give one conversation as it stands in the list."""
    async with ctx.db.read(ctx.actor.org_id) as tx:
        return await ctx.services.get(Summaries).one(tx, ctx.actor, ConversationId(conversation_id))


@endpoint(
    "PATCH",
    "/v1/conversations/{conversation_id:uuid}",
    operation="changeConversation",
    access=needs(permissions.CHANGE),
)
async def change_conversation(ctx: Context, conversation_id: UUID, data: ChangedSettings) -> Summary:
    """Change a room's title, purpose, rules, history for those who join later, or how long messages stay.

    Rules need ``conversation.rules``, the retention ``conversation.retention``.
    """
    place = ConversationId(conversation_id)
    async with ctx.db.write(ctx.actor.org_id) as tx:
        await ctx.services.get(ConversationService).change(
            tx,
            ctx.actor,
            place,
            Changes(data.title, data.purpose, data.retention_days, _history(data.history), data.rules),
        )
        return await ctx.services.get(Summaries).one(tx, ctx.actor, place)


@endpoint("GET", "/v1/conversations/{conversation_id:uuid}/members", operation="listMembers", access=SELF)
async def list_members(
    ctx: Context, conversation_id: UUID, after: UUID | None = None, limit: Limit = MAX_PAGE
) -> Members:
    """List who is in the conversation now."""
    place = ConversationId(conversation_id)
    async with ctx.db.read(ctx.actor.org_id) as tx:
        found = await queries.list_members(
            tx,
            place,
            ctx.actor.user_id,
            after=None if after is None else UserId(after),
            limit=limit + 1,
        )
        mine = await queries.find_mine(tx, place, ctx.actor.user_id)
        if mine is None:
            raise ConversationNotFound
        page = found[:limit]
        markers = await markers_of(tx, mine, page)
        known = await names(tx, [member.user_id for member in page])
    lines = [
        MemberLine(
            user_id=member.user_id,
            display_name=known.get(member.user_id, ""),
            role=member.role.name.lower(),
            joined_at=unix_ms(member.joined_at),
            visible_from=member.visible_from,
            read_seq=markers.get(member.user_id),
        )
        for member in page
    ]
    return Members(lines, more=len(found) > limit)


@endpoint(
    "PUT",
    "/v1/conversations/{conversation_id:uuid}/members/{user_id:uuid}",
    operation="addMember",
    access=needs(permissions.MEMBER_ADD),
    status=204,
)
async def add_member(ctx: Context, conversation_id: UUID, user_id: UUID) -> None:
    """Bring a person into a group. Adding a member again changes nothing."""
    async with ctx.db.write(ctx.actor.org_id) as tx:
        await ctx.services.get(MembershipService).add(
            tx, ctx.actor, ConversationId(conversation_id), UserId(user_id)
        )


@endpoint(
    "DELETE",
    "/v1/conversations/{conversation_id:uuid}/members/{user_id:uuid}",
    operation="removeMember",
    access=SELF,
    status=204,
)
async def remove_member(ctx: Context, conversation_id: UUID, user_id: UUID) -> None:
    """Leave a group, or take somebody out of it (needs ``member.remove``)."""
    async with ctx.db.write(ctx.actor.org_id) as tx:
        await ctx.services.get(MembershipService).remove(
            tx, ctx.actor, ConversationId(conversation_id), UserId(user_id)
        )


@endpoint(
    "PUT",
    "/v1/conversations/{conversation_id:uuid}/owner",
    operation="changeOwner",
    access=needs(permissions.OWNER_CHANGE),
    status=204,
)
async def change_owner(ctx: Context, conversation_id: UUID, data: NewOwner) -> None:
    """Make another member the owner of the group."""
    async with ctx.db.write(ctx.actor.org_id) as tx:
        await ctx.services.get(MembershipService).change_owner(
            tx, ctx.actor, ConversationId(conversation_id), UserId(data.user_id)
        )


@endpoint(
    "GET",
    "/v1/conversations/{conversation_id:uuid}/membership",
    operation="whoCouldSee",
    access=SELF,
)
async def who_could_see(ctx: Context, conversation_id: UUID, seq: Place, at: Milliseconds) -> CouldSee:
    """Say who could see event ``seq`` at the moment ``at`` (Unix milliseconds)."""
    async with ctx.db.read(ctx.actor.org_id) as tx:
        found = await ctx.services.get(MembershipService).who_could_see(
            tx, ctx.actor, ConversationId(conversation_id), seq=Seq(seq), at=from_unix_ms(at)
        )
    return CouldSee([*found])


def _place_of(after: str | None) -> tuple[int, ConversationId] | None:
    """Where a part of the list begins. Not every value that is wrong is held off by the pattern."""
    if after is None:
        return None
    try:
        ts, room = after.split(".")
        return int(ts), ConversationId(UUID(hex=room))
    except ValueError:
        raise CursorInvalid from None


def _history(wanted: HistoryWanted | None) -> HistoryPolicy | None:
    if wanted is None:
        return None
    policy = _POLICIES[wanted.policy]
    return HistoryPolicy(policy, (wanted.days or 0) if policy is History.DAYS else 0)


ROUTES = (
    sync,
    create_conversation,
    open_direct,
    get_conversation,
    change_conversation,
    list_members,
    add_member,
    remove_member,
    change_owner,
    who_could_see,
)
