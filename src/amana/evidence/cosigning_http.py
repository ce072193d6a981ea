"""Routes of the policy: parse, call, answer."""

import msgspec

from amana.evidence import cosigning_queries as queries
from amana.evidence.cosigning_policy import WITNESSES, PolicyDesk
from amana.http import SELF, Body, Context, endpoint, needs
from amana.http.network import network_of
from amana.kernel.clock import unix_ms


class PolicyBody(Body):
    """A policy in the text format of c2sp.org/tlog-policy, and a fresh proof where one is asked for."""

    policy: str
    current_password: str | None = None


class PolicyAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The policy that counts, and since when (Unix ms); both null before the first one."""

    policy: str | None
    set_at: int | None


@endpoint("GET", "/v1/log/policy", operation="readLogPolicy", access=SELF, summary="Who must cosign the log")
async def read_policy(ctx: Context) -> PolicyAnswer:
    """The policy in the text format of c2sp.org/tlog-policy."""
    async with ctx.db.read(ctx.actor.org_id) as tx:
        row = await queries.newest_policy(tx, ctx.actor.org_id)
    if row is None:
        return PolicyAnswer(policy=None, set_at=None)
    return PolicyAnswer(policy=row.policy, set_at=unix_ms(row.set_at))


@endpoint(
    "PUT",
    "/v1/log/policy",
    operation="changeLogPolicy",
    access=needs(WITNESSES),
    summary="Say who must cosign the log",
)
async def change_policy(ctx: Context, data: PolicyBody) -> PolicyAnswer:
    """Replace the policy. Needs a fresh proof, and becomes an entry of the log itself."""
    set_at = await ctx.services.get(PolicyDesk).change(
        ctx.actor,
        data.policy,
        current_password=data.current_password,
        network=network_of(ctx.client_ip),
    )
    return PolicyAnswer(policy=data.policy, set_at=unix_ms(set_at))


ROUTES = (read_policy, change_policy)
