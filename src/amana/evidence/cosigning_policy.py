"""Setting the policy: who must cosign the log, and where they are asked."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from amana.evidence import cosigning_queries as queries
from amana.evidence.cosigning_asking import check_address
from amana.evidence.errors import PolicyWrong
from amana.evidence.service import Evidence
from amana.evidence.tlog.policy import Policy, PolicyError
from amana.kernel.actor import Actor
from amana.kernel.clock import Clock
from amana.kernel.ids import OrgId, UserId
from amana.storage.database import Database, Tx

# Decided by ``may_change``; the people domain says who has it.
WITNESSES = "log.witnesses"
ACTION = "witness.policy_changed"

MayChange = Callable[[Actor, str | None, str], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class PolicyDesk:
    """What changing the policy needs.

    Attributes:
        may_change: hook: passes an owner who proved a moment ago who they are, and refuses everybody else.
            Called with the actor, the password that was given, and the network of the caller.
    """

    database: Database
    evidence: Evidence
    clock: Clock
    may_change: MayChange

    async def change(
        self, actor: Actor, text: str, *, current_password: str | None, network: str
    ) -> datetime:
        """Make ``text`` the policy; gives the time from which it counts.

        Raises:
            NotPermitted, ConfirmationRequired, SignInFailed …: what ``may_change`` says.
            PolicyWrong: the text is no policy, or a witness would be asked where none may be.
        """
        await self.may_change(actor, current_password, network)
        async with self.database.write(actor.org_id) as tx:
            return await set_policy(
                tx, self.evidence, actor.org_id, text, actor_id=actor.user_id, now=self.clock.now()
            )


async def set_policy(
    tx: Tx, evidence: Evidence, org_id: OrgId, text: str, *, actor_id: UserId | None, now: datetime
) -> datetime:
    """Check and store a policy, and record it: the change itself becomes a leaf of the log.

    Args:
        actor_id: the owner who changed it; None for the person at the machine.

    Raises:
        PolicyWrong: see ``PolicyDesk.change``.
    """
    check(text)
    set_at = await queries.insert_policy(tx, org_id, set_at=now, policy=text)
    await evidence.record(
        tx, org_id=org_id, actor_id=actor_id, action=ACTION, subject=None, now=now, detail={"policy": text}
    )
    return set_at


def check(text: str) -> Policy:
    """Read a policy that this server may follow.

    Raises:
        PolicyWrong: it breaks the format, or names an address that no witness may have.
    """
    try:
        policy = Policy.parse(text)
    except PolicyError as wrong:
        # What is missing altogether is missing at the end.
        raise PolicyWrong(wrong.line or len(text.split("\n")), wrong.reason) from None
    for name, witness in policy.witnesses.items():
        try:
            check_address(witness.url or "https://nobody.invalid")
        except ValueError as wrong:
            raise PolicyWrong(_line_of(text, name), str(wrong)) from None
    return policy


def _line_of(text: str, name: str) -> int:
    """The line that defines a witness."""
    for number, line in enumerate(text.split("\n"), 1):
        if line.split()[:2] == ["witness", name]:
            return number
    return 0
