"""Device sessions: begin, recognise, list, revoke."""

import hmac
from contextlib import suppress
from datetime import datetime

from amana.kernel.actor import Actor, Role
from amana.kernel.ids import DeviceId, OrgId, SessionId
from amana.people import queries, tokens
from amana.people.api_tokens import service as api_tokens
from amana.people.desk import Desk
from amana.people.device_label import device_label
from amana.people.errors import SessionNotFound
from amana.people.model import (
    LAST_SEEN_STEP,
    SESSION_IDLE_LIFE,
    SESSION_LIFE,
    Account,
    Organisation,
    Proof,
    Session,
    SignedIn,
    Visitor,
)
from amana.people.tokens import SessionToken
from amana.storage.database import Tx
from amana.storage.space import essential


async def authenticate(desk: Desk, token: str) -> Actor | None:
    """Whose token this is; None when it is nobody's, ended or expired.

    Answers from memory for a few seconds; a revocation in this process takes effect at once.
    """
    parsed = tokens.parse_token(token)
    if parsed is None:
        return None
    kept = desk.sessions.find(parsed)
    if kept is not None:
        return kept
    generation = desk.sessions.generation
    found = await _look_up(desk, parsed)
    if found is None or not hmac.compare_digest(found[1], parsed.digest):
        return None
    desk.sessions.keep(parsed, found[0], generation=generation)
    return found[0]


async def still_signed_in(desk: Desk, actor: Actor) -> bool:
    """Whether a session that was recognised before still holds; counts as being seen.

    For what lasts longer than a request: a socket asks once it can be reached by
    ``on_session_revoked``, or a revocation between its upgrade and that moment would miss it,
    and then every few minutes, because sessions also expire and other processes revoke. A role
    that changed in the same gap is noticed too: ``on_role_changed`` sends the sockets back.
    """
    known = SessionToken(actor.org_id, actor.user_id, actor.session_id, b"", actor.scopes is not None)
    found = await _look_up(desk, known)
    if found is not None and found[0].role is not actor.role:
        desk.on_role_changed(actor.user_id)
    return found is not None


async def _look_up(desk: Desk, token: SessionToken) -> tuple[Actor, bytes] | None:
    """The actor of a living session and its token's hash; moves ``last_seen`` in coarse steps."""
    if token.is_api:
        return await api_tokens.recognise(desk, token)
    org_id, user_id, session_id = token.org_id, token.user_id, token.session_id
    now = desk.clock.now()
    async with desk.db.read(org_id) as tx:
        row = await queries.find_session(tx, user_id, session_id)
    if row is None or not _is_alive(row["created_at"], row["last_seen_at"], now):
        return None
    if now - row["last_seen_at"] >= LAST_SEEN_STEP:
        with essential():  # reading goes on while the disk is nearly full, and who reads has been seen
            async with desk.db.write(org_id) as tx:
                await queries.touch_session(tx, user_id, session_id, now=now)
    role, language = Role(row["role"]), row["language"]
    actor = Actor(org_id, user_id, DeviceId(row["device_id"]), session_id, role, language)
    return actor, row["token_hash"]


async def begin(
    desk: Desk,
    tx: Tx,
    organisation: Organisation,
    account: Account,
    visitor: Visitor,
    *,
    how: Proof,
    now: datetime,
) -> SignedIn:
    """Start a session in the caller's transaction; the browser's former session ends, whoever it was."""
    org_id = organisation.org_id
    if visitor.actor is not None:
        with suppress(SessionNotFound):  # it may have been ended from another device in this moment
            await revoke(desk, tx, visitor.actor, visitor.actor.session_id)
    key = await desk.device_key(tx, organisation)
    known = tokens.check_device_pass(key, visitor.device_pass, account.user_id)
    device_id = known or DeviceId(desk.ids.new())
    session_id = SessionId(desk.ids.new())
    token = tokens.new_token(org_id, account.user_id, session_id, desk.entropy)
    session = Session(session_id, device_id, device_label(visitor.user_agent), now, now)
    digest = _digest(token)
    await queries.insert_session(tx, org_id, account.user_id, session, token_hash=digest)
    await desk.evidence.record(
        tx,
        org_id=org_id,
        actor_id=account.user_id,
        action="session.begun",
        subject=session_id,
        now=now,
        detail={"how": how},
    )
    return SignedIn(
        Actor(org_id, account.user_id, device_id, session_id, account.role, account.language),
        token,
        tokens.device_pass(key, account.user_id, device_id),
        account,
        organisation.name,
    )


async def list_own(desk: Desk, tx: Tx, actor: Actor) -> list[Session]:
    """The devices that are signed in as ``actor``."""
    now = desk.clock.now()
    return await queries.list_sessions(
        tx, actor.user_id, seen_since=now - SESSION_IDLE_LIFE, created_since=now - SESSION_LIFE
    )


async def revoke(desk: Desk, tx: Tx, actor: Actor, session_id: SessionId) -> None:
    """Sign one of the person's own devices out; its sockets close right after the commit.

    Raises:
        SessionNotFound: it is somebody else's, or ended already.
    """
    now = desk.clock.now()
    if not await queries.end_session(tx, actor.user_id, session_id, now=now):
        raise SessionNotFound
    desk.revoked(tx, session_id)
    await _record_end(desk, tx, actor, session_id, now=now)


async def revoke_others(desk: Desk, tx: Tx, actor: Actor) -> int:
    """Sign all other devices of the person out; gives how many there were."""
    now = desk.clock.now()
    ended = await queries.end_other_sessions(tx, actor.user_id, actor.session_id, now=now)
    for session_id in ended:
        desk.revoked(tx, session_id)
        await _record_end(desk, tx, actor, session_id, now=now)
    return len(ended)


async def _record_end(desk: Desk, tx: Tx, actor: Actor, session_id: SessionId, *, now: datetime) -> None:
    await desk.evidence.record(
        tx,
        org_id=OrgId(actor.org_id),
        actor_id=actor.user_id,
        action="session.ended",
        subject=session_id,
        now=now,
        detail={"by_session": str(actor.session_id)},
    )


def _is_alive(created_at: datetime, last_seen_at: datetime, now: datetime) -> bool:
    return now - created_at < SESSION_LIFE and now - last_seen_at < SESSION_IDLE_LIFE


def _digest(token: str) -> bytes:
    parsed = tokens.parse_token(token)
    if parsed is None:
        raise AssertionError("a fresh token must parse")
    return parsed.digest
