"""How often a sign-in may fail: per account and network, and apart from those per known device.

A locked door would let anybody lock out anybody. Here strangers share the buckets of the account
and of their network, while a browser that has signed in as this person before has its own.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from amana.kernel.ids import DeviceId, OrgId
from amana.people import entry_queries as queries
from amana.people.desk import Desk
from amana.people.errors import SignInThrottled
from amana.storage.database import Tx

FREE_PER_ACCOUNT = 5
# An office behind one address mistypes more often than one person.
FREE_PER_NETWORK = 30
LONGEST_PAUSE_S = 900
FORGET_AFTER = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Bucket:
    """One counter.

    Attributes:
        key: SHA-256 over kind and value.
        free: attempts without a pause.
        is_personal: cleared by a success; a shared one only gets its attempt back, or an attacker
            with an account of their own could empty it at will.
    """

    key: bytes
    free: int
    is_personal: bool


def buckets_for(handle: str, network: str, known_device: DeviceId | None) -> list[Bucket]:
    """The counters an attempt draws on. The same for names that exist and names that do not."""
    if known_device is not None:
        return [Bucket(_key("device", f"{handle}\0{known_device}"), FREE_PER_ACCOUNT, True)]
    return [
        Bucket(_key("account", handle), FREE_PER_ACCOUNT, True),
        Bucket(_key("network", network), FREE_PER_NETWORK, False),
    ]


async def charge(desk: Desk, org_id: OrgId, buckets: list[Bucket]) -> None:
    """Count an attempt before it is judged, so that a hundred at once are a hundred.

    Raises:
        SignInThrottled: one of the counters is pausing; nothing was counted.
    """
    now = desk.clock.now()
    async with desk.db.write(org_id) as tx:
        for bucket in sorted(buckets, key=lambda bucket: bucket.key):
            is_charged = await queries.charge_bucket(
                tx,
                org_id,
                bucket.key,
                free=bucket.free,
                longest_s=LONGEST_PAUSE_S,
                now=now,
                forget_before=now - FORGET_AFTER,
            )
            if not is_charged:
                until = await queries.blocked_until(tx, bucket.key)
                wait_s = (until - now).total_seconds() if until else 1.0
                raise SignInThrottled(retry_after_s=max(1.0, round(wait_s, 1)))


async def succeed(tx: Tx, buckets: list[Bucket], *, now: datetime) -> None:
    """The attempt was right: clear the person's counter, give the shared one its attempt back."""
    for bucket in sorted(buckets, key=lambda bucket: bucket.key):
        if bucket.is_personal:
            await queries.clear_bucket(tx, bucket.key)
        else:
            await queries.refund_bucket(tx, bucket.key, now=now)
    await queries.purge_throttle(tx, before=now - FORGET_AFTER)


async def give_back(tx: Tx, buckets: list[Bucket], *, now: datetime) -> None:
    """The attempt was never judged: it counts for nothing."""
    for bucket in sorted(buckets, key=lambda bucket: bucket.key):
        await queries.refund_bucket(tx, bucket.key, now=now)


def _key(kind: str, value: str) -> bytes:
    return hashlib.sha256(f"amana/throttle/v1\0{kind}\0{value}".encode("utf-8", "surrogatepass")).digest()
