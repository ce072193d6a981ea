"""Signing in: by password or passkey, with one answer for everything that is wrong."""

from uuid import UUID

import structlog

from amana.kernel.actor import Actor
from amana.kernel.ids import OrgId
from amana.people import accounts, ceremonies, confirmation, queries, sessions, throttle, tokens
from amana.people.api_tokens import service as api_tokens
from amana.people.ceremonies import NewPasskey
from amana.people.desk import Desk
from amana.people.device_label import device_label
from amana.people.errors import (
    LastSignInMethod,
    PasskeyKnown,
    PasskeyRefused,
    PasskeyUnknown,
    PasswordQueueFull,
    SignInFailed,
    SignInThrottled,
)
from amana.people.model import MAX_PASSKEYS, OwnPasskey, SignedIn, Visitor
from amana.people.names import typed_handle
from amana.people.passkeys import UsedCredential, owner_of
from amana.people.passwords import check_password
from amana.storage.database import Tx

log = structlog.get_logger("amana.people")


async def by_password(desk: Desk, handle: str, password: str, visitor: Visitor) -> SignedIn:
    """Sign in with handle and password.

    A name that exists and one that does not cost the same: the same statements, the same one
    password check, the same counters, the same answer.

    Raises:
        SignInFailed: name or password is wrong.
        SignInThrottled: too many failures by this stranger or on this account.
        PasswordQueueFull: too many people sign in at this moment; not counted as a failure.
        NotSetUp: there is no organisation yet.
    """
    organisation = await desk.organisation()
    typed = typed_handle(handle).replace("\0", "\ufffd")
    async with desk.db.read(organisation.org_id) as tx:
        account = await queries.find_account_by_handle(tx, typed)
        key = await desk.device_key(tx, organisation)
    known = tokens.check_device_pass(key, visitor.device_pass, account.user_id) if account else None
    buckets = throttle.buckets_for(typed, visitor.network, known)
    try:
        await throttle.charge(desk, organisation.org_id, buckets)
        is_right = await desk.passwords.verify(account.password_hash if account else None, password)
    except SignInThrottled:
        log.warning("sign_in.throttled", how="password", network=visitor.network)
        raise
    except PasswordQueueFull:
        async with desk.db.write(organisation.org_id) as tx:
            await throttle.give_back(tx, buckets, now=desk.clock.now())
        raise
    if account is None or account.password_hash is None or not is_right:
        # Never the typed name: people type their password into the wrong field.
        log.warning("sign_in.failed", how="password", network=visitor.network)
        raise SignInFailed
    fresh_hash = None
    if desk.passwords.is_outdated(account.password_hash):
        fresh_hash = await desk.passwords.hash(password)
    now = desk.clock.now()
    async with desk.db.write(organisation.org_id) as tx:
        await throttle.succeed(tx, buckets, now=now)
        if fresh_hash is not None:
            await queries.update_password(tx, account.user_id, fresh_hash)
        return await sessions.begin(desk, tx, organisation, account, visitor, how="password", now=now)


async def by_passkey(
    desk: Desk, challenge_id: UUID, credential: UsedCredential, visitor: Visitor
) -> SignedIn:
    """Sign in with a passkey; the authenticator says whose it is.

    Raises:
        SignInFailed: unknown, wrong, expired, answered before: one answer.
        NotSetUp: there is no organisation yet.
    """
    organisation = await desk.organisation()
    try:
        return await _by_passkey(desk, organisation.org_id, challenge_id, credential, visitor)
    except PasskeyRefused:
        log.warning("sign_in.failed", how="passkey", network=visitor.network)
        raise SignInFailed from None


async def _by_passkey(
    desk: Desk, org_id: OrgId, challenge_id: UUID, credential: UsedCredential, visitor: Visitor
) -> SignedIn:
    challenge = await ceremonies.take(desk, challenge_id, ceremonies.SIGN_IN)
    claimed_org, user_id, credential_id = owner_of(credential)
    if claimed_org != org_id:
        raise PasskeyRefused
    organisation, now = await desk.organisation(), desk.clock.now()
    async with desk.db.write(organisation.org_id) as tx:
        known = await queries.find_passkey(tx, user_id, credential_id)
        account = await queries.find_account(tx, user_id)
        if known is None or account is None:
            raise PasskeyRefused
        count = desk.relying_party.verify_used(credential, challenge.challenge, known)
        if not await queries.advance_passkey(tx, user_id, known, count, now=now):
            raise PasskeyRefused
        return await sessions.begin(desk, tx, organisation, account, visitor, how="passkey", now=now)


async def add_passkey(desk: Desk, actor: Actor, passkey: NewPasskey, visitor: Visitor) -> None:
    """Add a passkey to one's own account.

    Raises:
        PasskeyRefused: it does not verify, or its ceremony was begun by somebody else.
        PasskeyKnown: it is registered already, or the person has ``MAX_PASSKEYS``.
    """
    challenge = await ceremonies.take(desk, passkey.challenge_id, ceremonies.ADD)
    if challenge.user_id != actor.user_id or challenge.org_id != actor.org_id:
        raise PasskeyRefused
    verified = desk.relying_party.verify_new(passkey.credential, challenge.challenge)
    now = desk.clock.now()
    async with desk.db.write(actor.org_id) as tx:
        await queries.lock_account(tx, actor.user_id)
        if len(await queries.passkey_ids(tx, actor.user_id)) >= MAX_PASSKEYS:
            raise PasskeyKnown
        label = device_label(visitor.user_agent)
        if not await queries.insert_passkey(tx, actor.org_id, actor.user_id, verified, label=label, now=now):
            raise PasskeyKnown
        await _record_method(desk, tx, actor, "passkey.added")


async def list_passkeys(tx: Tx, actor: Actor) -> list[OwnPasskey]:
    """One's own passkeys, the oldest first."""
    return await queries.list_passkeys(tx, actor.user_id)


async def remove_passkey(desk: Desk, tx: Tx, actor: Actor, credential_id: str) -> None:
    """Forget one of one's own passkeys; devices that signed in with it stay signed in.

    Raises:
        PasskeyUnknown: there is none with this id.
        LastSignInMethod: without it the person could not come back.
    """
    # Locked: of the last two passkeys only one can go.
    account = await queries.lock_account(tx, actor.user_id)
    known = await queries.passkey_ids(tx, actor.user_id)
    raw = tokens.decode(credential_id)
    if account is None or raw is None or raw not in known:
        raise PasskeyUnknown
    if account.password_hash is None and len(known) == 1:
        raise LastSignInMethod
    await queries.delete_passkey(tx, actor.user_id, raw)
    await _record_method(desk, tx, actor, "passkey.removed")


async def change_password(desk: Desk, actor: Actor, *, current: str | None, new: str, network: str) -> None:
    """Set or change one's own password; all other devices are signed out and all API tokens end.

    Raises:
        SignInFailed: there is a password and ``current`` is not it.
        SignInThrottled: too many wrong tries from this device.
        ConfirmationRequired: it would be the first password, and the sign-in was not just now.
        PasswordTooShort, PasswordTooLong, PasswordTooCommon: see ``check_password``.
    """
    organisation = await desk.organisation()
    async with desk.db.read(actor.org_id) as tx:
        account = await accounts.me(tx, actor)
    check_password(new, names=(account.display_name, organisation.name))
    if account.password_hash is None:
        await confirmation.require_fresh_proof(desk, actor, current_password=None, network=network)
    else:
        await confirmation.prove_password(desk, actor, account, current or "", network=network)
    password_hash = await desk.passwords.hash(new)
    async with desk.db.write(actor.org_id) as tx:
        await queries.update_password(tx, actor.user_id, password_hash)
        await _record_method(desk, tx, actor, "password.changed")
        await sessions.revoke_others(desk, tx, actor)
        # Whoever knew the old password could have made them.
        await api_tokens.revoke_all(desk, tx, actor)


async def _record_method(desk: Desk, tx: Tx, actor: Actor, action: str) -> None:
    await desk.evidence.record(
        tx,
        org_id=actor.org_id,
        actor_id=actor.user_id,
        action=action,
        subject=actor.user_id,
        now=desk.clock.now(),
        detail={},
    )
