"""Making an account, and what its owner and the administrators change about it."""

from datetime import datetime

from amana.kernel.actor import Actor, Role
from amana.kernel.errors import Busy
from amana.kernel.ids import OrgId, UserId
from amana.people import permissions, queries
from amana.people.desk import Desk
from amana.people.errors import LastOwner, PasskeyKnown, RoleTooHigh, UnknownPerson
from amana.people.model import Account
from amana.people.names import choose_handle, clean_name, handle_base
from amana.people.passkeys import Passkey
from amana.storage.database import Tx

# Each round loses to one person of the same name who joined in the same moment.
HANDLE_ROUNDS = 20


async def create(
    tx: Tx,
    org_id: OrgId,
    *,
    user_id: UserId,
    display_name: str,
    role: Role,
    language: str,
    password_hash: str | None,
    passkey: Passkey | None,
    passkey_label: str,
    now: datetime,
) -> Account:
    """Store a new person with a handle of their own; ``display_name`` is cleaned already."""
    handle = await _claim_handle(tx, org_id, user_id, handle_base(display_name, language))
    account = Account(user_id, display_name, handle, role, language, password_hash)
    await queries.insert_account(tx, org_id, account, now=now)
    if passkey is not None and not await queries.insert_passkey(
        tx, org_id, user_id, passkey, label=passkey_label, now=now
    ):
        raise PasskeyKnown
    return account


async def me(tx: Tx, actor: Actor) -> Account:
    """The caller's own account."""
    account = await queries.find_account(tx, actor.user_id)
    if account is None:
        raise UnknownPerson
    return account


async def change_profile(
    desk: Desk, tx: Tx, actor: Actor, *, display_name: str | None, language: str | None
) -> Account:
    """Change one's own name or language. The handle stays: others may have it in their heads.

    Raises:
        NameInvalid: the name cannot be used.
    """
    name = clean_name(display_name) if display_name is not None else None
    await queries.update_profile(tx, actor.user_id, display_name=name, language=language)
    if name is not None:
        await desk.evidence.record(
            tx,
            org_id=actor.org_id,
            actor_id=actor.user_id,
            action="person.renamed",
            subject=actor.user_id,
            now=desk.clock.now(),
            # Not which name: entries are for ever, and a name must not be.
            detail={},
        )
    tx.after_commit(lambda: desk.sessions.forget_person(actor.user_id))
    return await me(tx, actor)


async def list_people(desk: Desk, tx: Tx, actor: Actor, *, after: UserId | None, limit: int) -> list[Account]:
    """A page of the directory. Guests see themselves and whom they share a conversation with."""
    among = None
    if actor.role is Role.GUEST:
        among = await desk.rooms.acquaintances(tx, actor.user_id) | {actor.user_id}
    return await queries.list_people(tx, after=after, limit=limit, among=among)


async def change_role(desk: Desk, tx: Tx, actor: Actor, user_id: UserId, role: Role) -> Account:
    """Give somebody another role; owners make owners.

    Raises:
        NotPermitted: the caller may not change roles.
        UnknownPerson: there is nobody with this id.
        RoleTooHigh: the person or the new role stands above the caller.
        LastOwner: the only owner would be gone.
    """
    permissions.require(permissions.ROLES, actor.role)
    owners = await queries.lock_owners(tx)
    account = await queries.lock_account(tx, user_id)
    if account is None or account.is_erased:
        raise UnknownPerson
    if max(account.role, role) > actor.role:
        raise RoleTooHigh
    if owners == {user_id} and role is not Role.OWNER:
        raise LastOwner
    await queries.update_role(tx, user_id, role)
    await desk.evidence.record(
        tx,
        org_id=actor.org_id,
        actor_id=actor.user_id,
        action="role.changed",
        subject=user_id,
        now=desk.clock.now(),
        detail={"from": account.role.name.lower(), "to": role.name.lower()},
    )
    desk.role_changed(tx, user_id)
    return Account(
        user_id, account.display_name, account.handle, role, account.language, account.password_hash
    )


async def _claim_handle(tx: Tx, org_id: OrgId, user_id: UserId, base: str) -> str:
    for _ in range(HANDLE_ROUNDS):
        handle = choose_handle(base, await queries.handles_like(tx, base))
        if await queries.claim_handle(tx, org_id, handle, user_id):
            return handle
    raise Busy("Too many people of this name joined at once.", retry_after_s=1.0)
