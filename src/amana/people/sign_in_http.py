"""Routes for signing in, passkeys and devices: parse, call, answer."""

from uuid import UUID

from amana.http import SELF, Context, endpoint, public
from amana.http.authentication import ended_session_cookie
from amana.kernel.ids import SessionId
from amana.people import ceremonies, sessions, sign_in
from amana.people.ceremonies import NewPasskey, Opened
from amana.people.desk import Desk
from amana.people.tokens import encode
from amana.people.visits import sign_in_here, visitor_of
from amana.people.wire import (
    EndedAnswer,
    PasskeyAnswer,
    PasskeyOptionsBody,
    PasskeysAnswer,
    PasskeySignInBody,
    PasswordBody,
    PasswordSignInBody,
    SessionAnswer,
    SessionsAnswer,
    SignedInAnswer,
)

STRANGER = public("nobody is signed in yet")


@endpoint(
    "POST",
    "/v1/passkeys/options",
    operation="openPasskey",
    access=public("holders of a link make a passkey before they have an account; else one signs in"),
)
async def open_passkey(ctx: Context, data: PasskeyOptionsBody) -> Opened:
    """Begin a new passkey: options for ``navigator.credentials.create()``."""
    desk = ctx.services.get(Desk)
    if data.secret is not None:
        return await ceremonies.open_for_secret(desk, data.secret, data.display_name)
    network = visitor_of(ctx).network
    return await ceremonies.open_for_person(
        desk, ctx.actor, current_password=data.current_password, network=network
    )


@endpoint("POST", "/v1/passkeys", operation="addPasskey", access=SELF, status=204)
async def add_passkey(ctx: Context, data: NewPasskey) -> None:
    """Add a passkey to one's own account."""
    await sign_in.add_passkey(ctx.services.get(Desk), ctx.actor, data, visitor_of(ctx))


@endpoint("GET", "/v1/passkeys", operation="listPasskeys", access=SELF)
async def list_passkeys(ctx: Context) -> PasskeysAnswer:
    """One's own passkeys."""
    async with ctx.db.read(ctx.actor.org_id) as tx:
        found = await sign_in.list_passkeys(tx, ctx.actor)
    return PasskeysAnswer(
        [
            PasskeyAnswer(encode(one.credential_id), one.label, one.created_at, one.last_used_at)
            for one in found
        ]
    )


@endpoint("DELETE", "/v1/passkeys/{credential_id:str}", operation="removePasskey", access=SELF, status=204)
async def remove_passkey(ctx: Context, credential_id: str) -> None:
    """Forget one of one's own passkeys, but never the last way to sign in."""
    async with ctx.db.write(ctx.actor.org_id) as tx:
        await sign_in.remove_passkey(ctx.services.get(Desk), tx, ctx.actor, credential_id)


@endpoint("POST", "/v1/sign-in/options", operation="openSignIn", access=STRANGER)
async def open_sign_in(ctx: Context) -> Opened:
    """Begin signing in with a passkey: options for ``navigator.credentials.get()``."""
    return await ceremonies.open_sign_in(ctx.services.get(Desk))


@endpoint("POST", "/v1/sign-in/passkey", operation="signInWithPasskey", access=STRANGER)
async def sign_in_with_passkey(ctx: Context, data: PasskeySignInBody) -> SignedInAnswer:
    """Sign in with the authenticator's answer."""
    signed_in = await sign_in.by_passkey(
        ctx.services.get(Desk), data.challenge_id, data.credential, visitor_of(ctx)
    )
    return sign_in_here(ctx, signed_in)


@endpoint("POST", "/v1/sign-in/password", operation="signInWithPassword", access=STRANGER)
async def sign_in_with_password(ctx: Context, data: PasswordSignInBody) -> SignedInAnswer:
    """Sign in with handle and password."""
    signed_in = await sign_in.by_password(ctx.services.get(Desk), data.handle, data.password, visitor_of(ctx))
    return sign_in_here(ctx, signed_in)


@endpoint("PUT", "/v1/me/password", operation="changePassword", access=SELF, status=204)
async def change_password(ctx: Context, data: PasswordBody) -> None:
    """Set or change one's own password; all other devices are signed out."""
    network = visitor_of(ctx).network
    await sign_in.change_password(
        ctx.services.get(Desk), ctx.actor, current=data.current, new=data.new, network=network
    )


@endpoint("GET", "/v1/sessions", operation="listSessions", access=SELF)
async def list_sessions(ctx: Context) -> SessionsAnswer:
    """The devices that are signed in as oneself."""
    async with ctx.db.read(ctx.actor.org_id) as tx:
        found = await sessions.list_own(ctx.services.get(Desk), tx, ctx.actor)
    return SessionsAnswer(
        [
            SessionAnswer(
                one.session_id,
                one.label,
                one.created_at,
                one.last_seen_at,
                one.session_id == ctx.actor.session_id,
            )
            for one in found
        ]
    )


@endpoint("DELETE", "/v1/sessions/current", operation="signOut", access=SELF, status=204)
async def sign_out(ctx: Context) -> None:
    """Sign this device out."""
    await _revoke(ctx, ctx.actor.session_id)


@endpoint("DELETE", "/v1/sessions/others", operation="revokeOtherSessions", access=SELF)
async def revoke_other_sessions(ctx: Context) -> EndedAnswer:
    """Sign all other devices out; their sockets close."""
    async with ctx.db.write(ctx.actor.org_id) as tx:
        return EndedAnswer(await sessions.revoke_others(ctx.services.get(Desk), tx, ctx.actor))


@endpoint("DELETE", "/v1/sessions/{session_id:uuid}", operation="revokeSession", access=SELF, status=204)
async def revoke_session(ctx: Context, session_id: UUID) -> None:
    """Sign one of one's own devices out; its sockets close."""
    await _revoke(ctx, SessionId(session_id))


async def _revoke(ctx: Context, session_id: SessionId) -> None:
    async with ctx.db.write(ctx.actor.org_id) as tx:
        await sessions.revoke(ctx.services.get(Desk), tx, ctx.actor, session_id)
    if session_id == ctx.actor.session_id:
        ctx.add_header("set-cookie", ended_session_cookie())


ROUTES = (
    open_passkey,
    add_passkey,
    list_passkeys,
    remove_passkey,
    open_sign_in,
    sign_in_with_passkey,
    sign_in_with_password,
    change_password,
    list_sessions,
    sign_out,
    revoke_other_sessions,
    revoke_session,
)
