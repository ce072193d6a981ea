"""From a request to a visitor, and from a new session to its cookies."""

from amana.http import Context
from amana.http.authentication import cookie, session_cookie
from amana.http.network import network_of
from amana.kernel.ids import ConversationId
from amana.people.model import SESSION_LIFE, SignedIn, Visitor
from amana.people.wire import OrganisationAnswer, SignedInAnswer, as_me

DEVICE_COOKIE = "__Host-amana-device"
DEVICE_COOKIE_LIFE_S = 400 * 24 * 3600


def visitor_of(ctx: Context) -> Visitor:
    """The browser that asks."""
    return Visitor(
        ctx.user_agent,
        network_of(ctx.client_ip),
        ctx.cookies.get(DEVICE_COOKIE, ""),
        ctx.maybe_actor,
    )


def sign_in_here(
    ctx: Context, signed_in: SignedIn, *, conversation_id: ConversationId | None = None
) -> SignedInAnswer:
    """Set both cookies and describe the session. The token itself is in the cookie only."""
    ctx.add_header("set-cookie", session_cookie(signed_in.token, max_age_s=int(SESSION_LIFE.total_seconds())))
    ctx.add_header("set-cookie", cookie(DEVICE_COOKIE, signed_in.device_pass, max_age_s=DEVICE_COOKIE_LIFE_S))
    return SignedInAnswer(
        OrganisationAnswer(signed_in.actor.org_id, signed_in.organisation),
        as_me(signed_in.person),
        signed_in.actor.session_id,
        conversation_id,
    )
