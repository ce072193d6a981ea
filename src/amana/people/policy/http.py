"""Routes of the organisation's policy: parse, call, answer."""

from msgspec import UNSET, Struct, UnsetType

from amana.http import SELF, Body, Context, endpoint, needs
from amana.people import permissions
from amana.people.desk import Desk
from amana.people.policy import queries


class PolicyBody(Body):
    """What is left out stays."""

    ask_before_adding: bool | UnsetType = UNSET


class OrganisationPolicy(Struct, frozen=True, kw_only=True):
    """What holds for everybody.

    Attributes:
        ask_before_adding: whoever is to be added to a room is asked first.
    """

    ask_before_adding: bool


@endpoint("GET", "/v1/organisation/policy", operation="showPolicy", access=SELF)
async def show_policy(ctx: Context) -> OrganisationPolicy:
    """Give what holds for the whole organisation."""
    async with ctx.db.read(ctx.actor.org_id) as tx:
        return OrganisationPolicy(ask_before_adding=await queries.asks_before_adding(tx))


@endpoint("PATCH", "/v1/organisation/policy", operation="changePolicy", access=needs(permissions.POLICY))
async def change_policy(ctx: Context, data: PolicyBody) -> OrganisationPolicy:
    """Choose what holds for the whole organisation."""
    desk, actor = ctx.services.get(Desk), ctx.actor
    permissions.require(permissions.POLICY, actor.role)
    async with ctx.db.write(actor.org_id) as tx:
        before = await queries.asks_before_adding(tx)
        after = before if isinstance(data.ask_before_adding, UnsetType) else data.ask_before_adding
        if after != before:
            await queries.put_policy(tx, actor.org_id, ask_before_adding=after)
            await desk.evidence.record(
                tx,
                org_id=actor.org_id,
                actor_id=actor.user_id,
                action="organisation.policy_changed",
                subject=actor.org_id,
                now=desk.clock.now(),
                detail={"ask_before_adding": after},
            )
    return OrganisationPolicy(ask_before_adding=after)


ROUTES = (show_policy, change_policy)
