"""Erasing an account: what is left of a person is an id and the sentence that says so."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from amana.kernel.actor import Role
from amana.kernel.ids import DeviceId, SessionId, UserId
from amana.people import entry_queries, queries, throttle
from amana.people.api_tokens import queries as api_token_queries
from amana.people.desk import Desk
from amana.people.errors import LastOwner, UnknownPerson
from amana.people.model import Account
from amana.storage.database import Tx

# Every table of this domain that says something of one person, for those who clear its files.
TABLES: Final = (
    "amana.account",
    "amana.handle",
    "amana.passkey",
    "amana.device_session",
    "amana.api_token",
    "amana.passkey_challenge",
    "amana.sign_in_throttle",
    "amana.invitation",
)
# Shown by clients that have no words of their own for it.
ERASED_NAME: Final = "Erased person"


@dataclass(frozen=True, slots=True)
class Ended:
    """How much there was."""

    sessions: int
    passkeys: int


async def lock_for_erasure(tx: Tx, user_id: UserId) -> Account:
    """The account of somebody who is to be erased.

    Raises:
        UnknownPerson: there is nobody with this id, or no longer.
        LastOwner: the organisation would have no owner.
    """
    owners = await queries.lock_owners(tx)
    account = await queries.lock_account(tx, user_id)
    if account is None or account.is_erased:
        raise UnknownPerson
    if owners == {user_id}:
        raise LastOwner
    return account


async def find_again(tx: Tx, user_id: UserId) -> Account | None:
    """The account of somebody who was erased once and stands here again; None when there is none.

    Even the only owner: that was decided before, and the organisation went on with another one.
    """
    account = await queries.lock_account(tx, user_id)
    return None if account is None or account.is_erased else account


async def erase_account(desk: Desk, tx: Tx, account: Account, *, now: datetime) -> Ended:
    """End all that this person could sign in with, and take the name away; sockets close after the commit."""
    sessions, passkeys = await erase_rows(tx, account, now=now)
    for session_id in sessions:
        desk.revoked(tx, session_id)
    tx.after_commit(lambda: desk.sessions.forget_person(account.user_id))
    return Ended(len(sessions), passkeys)


async def erase_rows(tx: Tx, account: Account, *, now: datetime) -> tuple[list[SessionId], int]:
    """The same where no server runs; gives the sessions and how many passkeys there were.

    Counters of failed sign-ins are kept under a hash of the handle, which anybody could try out: they go too.
    """
    user_id = account.user_id
    sessions = await queries.delete_sessions(tx, user_id)
    api_tokens = await api_token_queries.delete_all_of(tx, user_id)
    devices: set[DeviceId | None] = {None, *(device for _, device in sessions)}
    for device in devices:
        for bucket in throttle.buckets_for(account.handle, "", device):
            if bucket.is_personal:
                await entry_queries.clear_bucket(tx, bucket.key)
    passkeys = await queries.delete_passkeys(tx, user_id)
    await entry_queries.delete_challenges_of(tx, user_id)
    await entry_queries.revoke_invitations_of(tx, user_id, now=now)
    erased = Account(user_id, ERASED_NAME, freed_handle(user_id), Role.GUEST, "en", None, is_erased=True)
    await queries.erase_account(tx, erased, now=now)
    return [SessionId(one) for one in (*(session_id for session_id, _ in sessions), *api_tokens)], passkeys


def freed_handle(user_id: UUID) -> str:
    """What stands where the handle stood: nobody can sign in with it, it is in no table of handles."""
    return f"erased-{user_id.hex}"
