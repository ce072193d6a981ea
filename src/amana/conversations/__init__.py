"""Conversations: what they are, who is in them, what is said, and how far it was read."""

from pathlib import Path

from amana.conversations import errors, http, permissions
from amana.conversations.events import KINDS
from amana.conversations.messages import http as messages_http
from amana.conversations.model import LIMITS
from amana.kernel.feature import Feature

FEATURE = Feature(
    name="conversations",
    routes=(*http.ROUTES, *messages_http.ROUTES),
    event_kinds=KINDS,
    permissions=permissions.CAPABILITIES,
    limits=LIMITS,
    refusals=errors.ALL,
    schema=Path(__file__).parent / "schema",
)

__all__ = ["FEATURE"]
