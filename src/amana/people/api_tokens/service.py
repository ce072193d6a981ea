"""API tokens: make, recognise, list, end."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from amana.kernel.actor import Actor, Role
from amana.kernel.errors import Unauthenticated
from amana.kernel.ids import DeviceId, OrgId, SessionId
from amana.people import confirmation, tokens
from amana.people import queries as people
from amana.people.api_tokens import queries
from amana.people.api_tokens.errors import ApiTokenNotFound, ScopeTooWide, TooManyApiTokens
from amana.people.api_tokens.model import MAX_LIFE, MAX_TOKENS, ApiToken, NewToken
from amana.people.api_tokens.queries import SealedToken
from amana.people.desk import Desk
from amana.people.model import LAST_SEEN_STEP
from amana.people.names import clean_name
from amana.people.tokens import SessionToken
from amana.storage.database import Tx
from amana.storage.space import essential

# What people type is sealed, also the few words that say what a token is for.
_NAME_PURPOSE = "people.api_token_name"
_FORGOTTEN_AFTER = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Issued:
    """A fresh token: the only moment ``secret`` exists outside its owner's hands."""

    token: ApiToken
    secret: str


async def create(
    desk: Desk, actor: Actor, wish: NewToken, *, current_password: str | None, network: str
) -> Issued:
    """Make a token for the person's own programs.

    Raises:
        NameInvalid: the name cannot be shown.
        ScopeTooWide: a token asks, and may not itself what the new one is to be allowed.
        ConfirmationRequired, SignInFailed, SignInThrottled, PasswordQueueFull: see ``require_fresh_proof``.
        TooManyApiTokens: the person has ``MAX_TOKENS``.
    """
    if not timedelta(0) < wish.life <= MAX_LIFE:
        raise AssertionError("the edge checks how long a token may live")
    name = clean_name(wish.name, field="name")
    if actor.scopes is not None and not wish.scopes <= actor.scopes:
        raise ScopeTooWide(scopes=sorted(wish.scopes - actor.scopes))
    await confirmation.require_fresh_proof(desk, actor, current_password=current_password, network=network)
    now, token_id = desk.clock.now(), desk.ids.new()
    secret = tokens.new_api_token(actor.org_id, actor.user_id, token_id, desk.entropy)
    parsed = tokens.parse_token(secret)
    if parsed is None:
        raise AssertionError("a fresh token must parse")
    async with desk.db.write(actor.org_id) as tx:
        # Locked, so that two requests cannot share the last place, nor one outlive an erasure.
        account = await people.lock_account(tx, actor.user_id)
        if account is None or account.is_erased:
            raise Unauthenticated("Sign in first.")
        await queries.delete_old(tx, actor.user_id, before=now - _FORGOTTEN_AFTER)
        if await queries.count_working(tx, actor.user_id, now=now) >= MAX_TOKENS:
            raise TooManyApiTokens(limit=MAX_TOKENS)
        sealed = await desk.vault.seal_text(tx, actor.org_id, _NAME_PURPOSE, token_id, name)
        stored = SealedToken(
            token_id, DeviceId(desk.ids.new()), sealed, frozenset(wish.scopes), now, now + wish.life, None
        )
        await queries.insert(tx, actor.org_id, actor.user_id, stored, token_hash=parsed.digest)
        detail = {"scopes": sorted(wish.scopes), "expires_at": stored.expires_at.isoformat()}
        await _record(desk, tx, actor, "token.created", token_id, detail, now=now)
    return Issued(_opened(stored, name), secret)


async def recognise(desk: Desk, token: SessionToken) -> tuple[Actor, bytes] | None:
    """The actor of a working token and its hash; moves ``last_used_at`` in coarse steps."""
    now = desk.clock.now()
    async with desk.db.read(token.org_id) as tx:
        row = await queries.find(tx, token.user_id, token.session_id, now=now)
    if row is None:
        return None
    if row["last_used_at"] is None or now - row["last_used_at"] >= LAST_SEEN_STEP:
        with essential():  # reading goes on while the disk is nearly full
            async with desk.db.write(token.org_id) as tx:
                await queries.touch(tx, token.user_id, token.session_id, now=now)
    actor = Actor(
        token.org_id,
        token.user_id,
        DeviceId(row["device_id"]),
        token.session_id,
        Role(row["role"]),
        row["language"],
        frozenset(row["scopes"]),
    )
    return actor, row["token_hash"]


async def list_own(desk: Desk, tx: Tx, actor: Actor) -> list[ApiToken]:
    """The person's tokens that work, the newest first. A name that cannot be opened is empty."""
    found = await queries.list_working(tx, actor.user_id, now=desk.clock.now())
    listed = []
    for one in found:
        name = await desk.vault.open_text(tx, actor.org_id, _NAME_PURPOSE, one.token_id, one.name)
        listed.append(_opened(one, name if isinstance(name, str) else ""))
    return listed


async def revoke(desk: Desk, tx: Tx, actor: Actor, token_id: UUID) -> None:
    """End one of the person's own tokens; its sockets close right after the commit.

    Raises:
        ApiTokenNotFound: it is somebody else's, or ended already.
    """
    now = desk.clock.now()
    if not await queries.end(tx, actor.user_id, token_id, now=now):
        raise ApiTokenNotFound
    desk.revoked(tx, SessionId(token_id))
    await _record(desk, tx, actor, "token.revoked", token_id, {"by": str(actor.session_id)}, now=now)


async def revoke_all(desk: Desk, tx: Tx, actor: Actor) -> int:
    """End every token of the person; gives how many there were."""
    now = desk.clock.now()
    ended = await queries.end_all_of(tx, actor.user_id, now=now)
    for token_id in ended:
        desk.revoked(tx, SessionId(token_id))
        await _record(desk, tx, actor, "token.revoked", token_id, {"by": str(actor.session_id)}, now=now)
    return len(ended)


async def _record(
    desk: Desk,
    tx: Tx,
    actor: Actor,
    action: str,
    token_id: UUID,
    detail: Mapping[str, object],
    *,
    now: datetime,
) -> None:
    await desk.evidence.record(
        tx,
        org_id=OrgId(actor.org_id),
        actor_id=actor.user_id,
        action=action,
        subject=token_id,
        now=now,
        detail=detail,
    )


def _opened(stored: SealedToken, name: str) -> ApiToken:
    return ApiToken(
        stored.token_id, name, stored.scopes, stored.created_at, stored.expires_at, stored.last_used_at
    )
