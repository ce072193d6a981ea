"""Passkey ceremonies: open one, and take its one answer."""

from typing import Any
from uuid import UUID

import msgspec

from amana.kernel.actor import Actor
from amana.kernel.ids import OrgId, UserId
from amana.people import confirmation, entry_queries, links, queries, tokens
from amana.people.desk import Desk
from amana.people.errors import PasskeyRefused, SignInMethodMissing
from amana.people.model import CHALLENGE_LIFE, Challenge
from amana.people.names import clean_name
from amana.people.passkeys import CHALLENGE_BYTES, NewCredential, Passkey
from amana.people.passwords import check_password

JOIN = "join"
ADD = "add"
SIGN_IN = "sign-in"


class NewPasskey(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The answer to a creation ceremony."""

    challenge_id: UUID
    credential: NewCredential


class Opened(msgspec.Struct, frozen=True):
    """An open ceremony: hand ``options`` to ``navigator.credentials``, answer with ``challenge_id``."""

    challenge_id: UUID
    options: dict[str, Any]


async def open_for_secret(desk: Desk, secret: str, display_name: str | None) -> Opened:
    """Begin a passkey for somebody who holds a set-up link or an invitation.

    Raises:
        NotFound, Gone: as for the link itself.
        NameInvalid: the name cannot be used.
    """
    name = clean_name(display_name) if display_name is not None else "Amana"
    org_id, user_id, organisation = await links.holder_of(desk, secret)
    return await _open_creation(
        desk, org_id, user_id, name=name, organisation=organisation, purpose=JOIN, secret=secret, known=[]
    )


async def open_for_person(desk: Desk, actor: Actor, *, current_password: str | None, network: str) -> Opened:
    """Begin one more passkey for a person who is signed in.

    The proof is asked here, before the browser shows its own dialog: only a ceremony that was
    begun with it can be answered.

    Raises:
        ConfirmationRequired, SignInFailed, SignInThrottled, PasswordQueueFull: see ``require_fresh_proof``.
    """
    await confirmation.require_fresh_proof(desk, actor, current_password=current_password, network=network)
    organisation = await desk.organisation()
    async with desk.db.read(actor.org_id) as tx:
        account = await queries.find_account(tx, actor.user_id)
        known = await queries.passkey_ids(tx, actor.user_id)
    name = account.display_name if account else "Amana"
    return await _open_creation(
        desk,
        actor.org_id,
        actor.user_id,
        name=name,
        organisation=organisation.name,
        purpose=ADD,
        secret=None,
        known=known,
    )


async def open_sign_in(desk: Desk) -> Opened:
    """Begin signing in with any passkey of this installation.

    Raises:
        NotSetUp: there is no organisation yet.
    """
    organisation = await desk.organisation()
    challenge = desk.entropy.token_bytes(CHALLENGE_BYTES)
    challenge_id = await _store(desk, organisation.org_id, challenge, SIGN_IN, secret_hash=None, user_id=None)
    return Opened(challenge_id, desk.relying_party.request_options(challenge))


async def take(desk: Desk, challenge_id: UUID, purpose: str) -> Challenge:
    """Take the ceremony out of the database, in a transaction of its own: right or wrong, it is spent.

    Raises:
        PasskeyRefused: unknown, answered before, expired, or begun for something else.
    """
    async with desk.db.system() as tx:
        challenge = await entry_queries.take_challenge(tx, challenge_id)
    if challenge is None or challenge.purpose != purpose or challenge.expires_at <= desk.clock.now():
        raise PasskeyRefused
    return challenge


async def new_method(
    desk: Desk, password: str | None, passkey: NewPasskey | None, *, secret: str, names: tuple[str, ...]
) -> tuple[UserId | None, str | None, Passkey | None]:
    """Check how somebody who joins will sign in: (user id kept for the passkey, hash, passkey).

    Raises:
        SignInMethodMissing: neither a password nor a passkey.
        PasskeyRefused: the passkey does not verify or belongs to another link.
        PasswordTooShort, PasswordTooLong, PasswordTooCommon: see ``check_password``.
    """
    if password is None and passkey is None:
        raise SignInMethodMissing
    if password is not None:
        check_password(password, names=names)
    user_id, verified = None, None
    if passkey is not None:
        challenge = await take(desk, passkey.challenge_id, JOIN)
        if challenge.secret_hash != tokens.secret_hash(secret):
            raise PasskeyRefused
        user_id = challenge.user_id
        verified = desk.relying_party.verify_new(passkey.credential, challenge.challenge)
    password_hash = await desk.passwords.hash(password) if password is not None else None
    return user_id, password_hash, verified


async def _open_creation(
    desk: Desk,
    org_id: OrgId,
    user_id: UserId,
    *,
    name: str,
    organisation: str,
    purpose: str,
    secret: str | None,
    known: list[bytes],
) -> Opened:
    challenge = desk.entropy.token_bytes(CHALLENGE_BYTES)
    secret_hash = tokens.secret_hash(secret) if secret is not None else None
    challenge_id = await _store(desk, org_id, challenge, purpose, secret_hash=secret_hash, user_id=user_id)
    options = desk.relying_party.creation_options(
        challenge, org_id=org_id, user_id=user_id, name=name, organisation=organisation, known=known
    )
    return Opened(challenge_id, options)


async def _store(
    desk: Desk,
    org_id: OrgId,
    challenge: bytes,
    purpose: str,
    *,
    secret_hash: bytes | None,
    user_id: UserId | None,
) -> UUID:
    now = desk.clock.now()
    challenge_id = desk.ids.new()
    row = Challenge(org_id, challenge, purpose, secret_hash, user_id, now + CHALLENGE_LIFE)
    async with desk.db.system() as tx:
        await entry_queries.purge_challenges(tx, now=now)
        await entry_queries.insert_challenge(tx, challenge_id, row)
    return challenge_id
