"""Set-up: the first link, the organisation, its owner."""

from dataclasses import dataclass

from amana.kernel.actor import Role
from amana.kernel.clock import Clock
from amana.kernel.entropy import Entropy
from amana.kernel.ids import Ids, OrgId, UserId
from amana.people import accounts, ceremonies, entry_queries, links, queries, sessions, tokens
from amana.people.ceremonies import NewPasskey
from amana.people.desk import Desk
from amana.people.device_label import device_label
from amana.people.errors import SetupUsed
from amana.people.model import SETUP_LINK_LIFE, Organisation, PendingSetup, SignedIn, Visitor
from amana.people.names import clean_name
from amana.storage.database import Database


@dataclass(frozen=True, slots=True)
class SetUp:
    """What the first person says."""

    secret: str
    organisation: str
    display_name: str
    language: str
    password: str | None
    passkey: NewPasskey | None


async def issue_setup_secret(db: Database, clock: Clock, entropy: Entropy) -> str | None:
    """Make the set-up secret of this start; every earlier one stops working.

    Called by the server once it accepts connections. The link is ``{public_url}/setup#<secret>``,
    good for 30 minutes and one use.

    Returns:
        The secret, or None when the organisation exists.
    """
    secret = tokens.new_secret(entropy)
    ids = Ids(clock, entropy)
    async with db.system() as tx:
        await entry_queries.lock_setup(tx)
        if await queries.find_organisation(tx) is not None:
            return None
        pending = PendingSetup(
            OrgId(ids.new()), UserId(ids.new()), clock.now() + SETUP_LINK_LIFE, is_used=False
        )
        await entry_queries.replace_setup_secret(tx, pending, tokens.secret_hash(secret))
    return secret


async def set_up(desk: Desk, wish: SetUp, visitor: Visitor) -> SignedIn:
    """Make the organisation and its owner, and sign the owner in.

    Raises:
        SetupUsed, SetupUnknown, SetupExpired: the link does not work (any more).
        NameInvalid: a name cannot be used.
        SignInMethodMissing, PasskeyRefused, PasswordTooShort, PasswordTooLong, PasswordTooCommon:
            the owner could not come back this way.
    """
    title = clean_name(wish.organisation, field="organisation")
    name = clean_name(wish.display_name)
    pending = await links.open_setup(desk, wish.secret)
    kept_id, password_hash, passkey = await ceremonies.new_method(
        desk, wish.password, wish.passkey, secret=wish.secret, names=(name, title)
    )
    org_id, now = pending.org_id, desk.clock.now()
    async with desk.db.write(org_id) as tx:
        if not await entry_queries.use_setup(tx, tokens.secret_hash(wish.secret), now=now):
            raise SetupUsed
        await desk.vault.create_organisation_key(tx, org_id)
        organisation = Organisation(org_id, title, await desk.new_device_key(tx, org_id))
        await queries.insert_organisation(tx, organisation, now=now)
        owner = await accounts.create(
            tx,
            org_id,
            user_id=kept_id or pending.user_id,
            display_name=name,
            role=Role.OWNER,
            language=wish.language,
            password_hash=password_hash,
            passkey=passkey,
            passkey_label=device_label(visitor.user_agent),
            now=now,
        )
        await desk.evidence.record(
            tx,
            org_id=org_id,
            actor_id=owner.user_id,
            action="organisation.created",
            subject=org_id,
            now=now,
            detail={"organisation": title},
        )
        return await sessions.begin(
            desk, tx, organisation, owner, visitor, how="passkey" if passkey else "password", now=now
        )
