"""A fresh proof of who sits there, asked before a new way to sign in is made.

A session left open on somebody else's screen must not become an account of their own for ever.
"""

import structlog

from amana.kernel.actor import Actor
from amana.people import accounts, permissions, queries, throttle
from amana.people.desk import Desk
from amana.people.errors import ConfirmationRequired, PasswordQueueFull, SignInFailed, SignInThrottled
from amana.people.model import FRESH_PROOF, Account

log = structlog.get_logger("amana.people")


async def require_fresh_proof(
    desk: Desk, actor: Actor, *, current_password: str | None, network: str
) -> None:
    """Pass who signed in less than ``FRESH_PROOF`` ago, or gives their password now.

    Somebody with passkeys only proves it by signing in again: that replaces this browser's session.

    Raises:
        ConfirmationRequired: neither.
        SignInFailed: the password is wrong.
        SignInThrottled, PasswordQueueFull: it was not judged.
    """
    async with desk.db.read(actor.org_id) as tx:
        session = await queries.find_session(tx, actor.user_id, actor.session_id)
        account = await accounts.me(tx, actor)
    if session is not None and desk.clock.now() - session["created_at"] < FRESH_PROOF:
        return
    if current_password is None or account.password_hash is None:
        raise ConfirmationRequired
    await prove_password(desk, actor, account, current_password, network=network)


async def require_capability_and_proof(
    desk: Desk, capability: str, actor: Actor, current_password: str | None, network: str
) -> None:
    """Pass who has the capability and proved a moment ago who they are.

    Raises:
        NotPermitted: the role does not have it.
        ConfirmationRequired, SignInFailed, SignInThrottled, PasswordQueueFull: see ``require_fresh_proof``.
    """
    permissions.require(capability, actor.role)
    await require_fresh_proof(desk, actor, current_password=current_password, network=network)


async def prove_password(desk: Desk, actor: Actor, account: Account, password: str, *, network: str) -> None:
    """Check the password of somebody who is signed in, counted like a sign-in from this device.

    Raises:
        SignInFailed: it is wrong.
        SignInThrottled: too many wrong tries from this device.
        PasswordQueueFull: too many are checked at this moment; not counted as a failure.
    """
    buckets = throttle.buckets_for(account.handle, network, actor.device_id)
    try:
        await throttle.charge(desk, actor.org_id, buckets)
        is_right = await desk.passwords.verify(account.password_hash, password)
    except SignInThrottled:
        log.warning("sign_in.throttled", how="confirmation", network=network, user_id=str(actor.user_id))
        raise
    except PasswordQueueFull:
        async with desk.db.write(actor.org_id) as tx:
            await throttle.give_back(tx, buckets, now=desk.clock.now())
        raise
    if not is_right:
        log.warning("sign_in.failed", how="confirmation", network=network, user_id=str(actor.user_id))
        raise SignInFailed
    async with desk.db.write(actor.org_id) as tx:
        await throttle.succeed(tx, buckets, now=desk.clock.now())
