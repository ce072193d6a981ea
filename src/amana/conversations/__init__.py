"""Conversations: what they are, who is in them, what is said, and how far it was read."""

from pathlib import Path

from amana.conversations import errors, http, permissions
from amana.conversations.closing import http as closing_http
from amana.conversations.events import KINDS
from amana.conversations.forwarding import errors as forwarding_errors
from amana.conversations.forwarding import http as forwarding_http
from amana.conversations.forwarding.model import LIMITS as FORWARDING_LIMITS
from amana.conversations.joining import errors as joining_errors
from amana.conversations.joining import http as joining_http
from amana.conversations.joining.model import LIMITS as JOINING_LIMITS
from amana.conversations.mentions import errors as mentions_errors
from amana.conversations.mentions import http as mentions_http
from amana.conversations.mentions.model import LIMITS as MENTION_LIMITS
from amana.conversations.messages import errors as messages_errors
from amana.conversations.messages import http as messages_http
from amana.conversations.model import LIMITS
from amana.conversations.pins import errors as pins_errors
from amana.conversations.pins import http as pins_http
from amana.conversations.pins.model import LIMITS as PIN_LIMITS
from amana.conversations.polls import errors as polls_errors
from amana.conversations.polls import http as polls_http
from amana.conversations.polls.model import LIMITS as POLL_LIMITS
from amana.conversations.private import errors as private_errors
from amana.conversations.private import http as private_http
from amana.conversations.private.model import LIMITS as PRIVATE_LIMITS
from amana.conversations.reactions import errors as reactions_errors
from amana.conversations.reactions import http as reactions_http
from amana.conversations.reactions.model import LIMITS as REACTION_LIMITS
from amana.conversations.receipts import http as receipts_http
from amana.conversations.receipts.model import LIMITS as RECEIPT_LIMITS
from amana.conversations.scheduling import errors as scheduling_errors
from amana.conversations.scheduling import http as scheduling_http
from amana.conversations.scheduling.model import LIMITS as SCHEDULING_LIMITS
from amana.conversations.threads import errors as threads_errors
from amana.conversations.threads import http as threads_http
from amana.kernel.feature import Feature

FEATURE = Feature(
    name="conversations",
    routes=(
        *http.ROUTES,
        *closing_http.ROUTES,
        *messages_http.ROUTES,
        *private_http.ROUTES,
        *reactions_http.ROUTES,
        *pins_http.ROUTES,
        *polls_http.ROUTES,
        *forwarding_http.ROUTES,
        *threads_http.ROUTES,
        *mentions_http.ROUTES,
        *scheduling_http.ROUTES,
        *joining_http.ROUTES,
        *receipts_http.ROUTES,
    ),
    event_kinds=KINDS,
    permissions=permissions.CAPABILITIES,
    limits=(
        *LIMITS,
        *PRIVATE_LIMITS,
        *REACTION_LIMITS,
        *PIN_LIMITS,
        *POLL_LIMITS,
        *FORWARDING_LIMITS,
        *MENTION_LIMITS,
        *SCHEDULING_LIMITS,
        *JOINING_LIMITS,
        *RECEIPT_LIMITS,
    ),
    refusals=(
        *errors.ALL,
        *messages_errors.ALL,
        *private_errors.ALL,
        *reactions_errors.ALL,
        *pins_errors.ALL,
        *polls_errors.ALL,
        *forwarding_errors.ALL,
        *threads_errors.ALL,
        *mentions_errors.ALL,
        *scheduling_errors.ALL,
        *joining_errors.ALL,
    ),
    schema=Path(__file__).parent / "schema",
)

__all__ = ["FEATURE"]
