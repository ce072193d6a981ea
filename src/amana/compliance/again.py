"""Persons whose erasure a restore has undone: asked for again in the restored database."""

from collections.abc import Sequence
from datetime import datetime

from amana.compliance import queries
from amana.kernel.ids import OrgId, UserId
from amana.people.erasure import erase_rows, lock_for_erasure
from amana.people.errors import LastOwner, UnknownPerson
from amana.storage.database import Tx
from amana.vault import user_keys

Request = tuple[UserId, UserId, datetime]
"""(person, who asked, when)."""


async def erase_again(tx: Tx, org_id: OrgId, requests: Sequence[Request], *, now: datetime) -> list[UserId]:
    """Take name and ways to sign in away at once; the server does the rest when it starts.

    Gives those who cannot be erased: at that time the organisation had no other owner.
    """
    left: list[UserId] = []
    for user_id, requested_by, requested_at in requests:
        if await queries.find_erasure(tx, user_id) is not None:
            continue
        try:
            account = await lock_for_erasure(tx, user_id)
        except UnknownPerson:
            continue  # joined after the restored moment
        except LastOwner:
            left.append(user_id)
            continue
        sessions, passkeys = await erase_rows(tx, account, now=now)
        await user_keys.destroy(tx, [user_id])
        await queries.insert_erasure(
            tx,
            org_id,
            user_id,
            requested_by=requested_by,
            now=requested_at,
            sessions=len(sessions),
            passkeys=passkeys,
        )
    return left
