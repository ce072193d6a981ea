"""How far the witnesses have followed: what an owner, a doctor and an auditor ask."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from amana.evidence import cosigning_queries as queries
from amana.evidence import log_queries
from amana.evidence.tlog.notes import Verifier
from amana.evidence.tlog.policy import Policy, PolicyWitness
from amana.kernel.ids import OrgId
from amana.storage.database import Tx

NO_POLICY = Policy((), {}, {}, "none")


@dataclass(frozen=True, slots=True)
class WitnessState:
    """One witness of the policy, and the newest log.

    Attributes:
        name: inside the policy.
        vkey: its verifier key.
        size: entries that its newest cosignature covers; every smaller tree is covered with it.
        cosigned_at: when that cosignature came; None for none.
        waiting_since: when the oldest checkpoint that it does not cover was made; None when it is up to date.
        last_error: why the last attempt failed, a code; None when it did not.
        failing_since: since when attempts fail.
        rollback_seen: since when the witness says it has seen more, or something else, than is stored here.
        alarm: ``rolled_back`` (the witness knows a larger tree) or ``forked`` (a different one).
        alarm_size: entries that the witness had seen.
    """

    name: str
    vkey: str
    url: str | None
    size: int
    cosigned_at: datetime | None
    waiting_since: datetime | None
    last_error: str | None
    failing_since: datetime | None
    rollback_seen: datetime | None
    alarm: str | None
    alarm_size: int | None

    def delay(self, now: datetime) -> timedelta:
        """How long the oldest uncovered checkpoint waits; zero when there is none."""
        return max(now - self.waiting_since, timedelta()) if self.waiting_since else timedelta()


def key_of(verifier: Verifier) -> str:
    """What a witness is stored under: its key, not the name that a policy happens to give it."""
    return f"{verifier.name}+{verifier.id.hex()}"


async def current_policy(tx: Tx, org_id: OrgId) -> Policy:
    """The policy that counts; before the first one, one that asks for nobody."""
    row = await queries.newest_policy(tx, org_id)
    return Policy.parse(row.policy) if row is not None else NO_POLICY


async def coverage(tx: Tx, org_id: OrgId) -> list[WitnessState]:
    """Every witness of the current policy with how far it covers the newest log, in the policy's order."""
    policy = await current_policy(tx, org_id)
    log = await log_queries.newest_log(tx, org_id)
    if log is None or not policy.witnesses:
        return [_unasked(one) for one in policy.witnesses.values()]
    keys = [key_of(one.verifier) for one in policy.witnesses.values()]
    signed = await queries.cosigned(tx, org_id, log.log_no, keys)
    known = await queries.witness_rows(tx, org_id, log.log_no)
    return [
        _state(one, signed[key], known.get(key, queries.WitnessRow(key)))
        for key, one in zip(keys, policy.witnesses.values(), strict=True)
    ]


def quorum_size(policy: Policy, states: list[WitnessState]) -> int | None:
    """The largest tree that enough witnesses cover, 0 for none; None when the policy asks for nobody."""
    if policy.satisfied_by([]):
        return None
    for size in sorted({one.size for one in states}, reverse=True):
        if size and policy.satisfied_by([one.name for one in states if one.size >= size]):
            return size
    return 0


def _unasked(one: PolicyWitness) -> WitnessState:
    key = key_of(one.verifier)
    return _state(one, queries.CosignedRow(key, 0, None, None), queries.WitnessRow(key))


def _state(one: PolicyWitness, signed: queries.CosignedRow, known: queries.WitnessRow) -> WitnessState:
    return WitnessState(
        name=one.name,
        vkey=one.verifier.vkey,
        url=one.url,
        size=signed.size,
        cosigned_at=signed.at,
        waiting_since=signed.waiting_since,
        last_error=known.last_error,
        failing_since=known.failing_since,
        rollback_seen=known.alarm_at,
        alarm=known.alarm,
        alarm_size=known.alarm_size,
    )
