"""Organisations, accounts, roles and permissions, invitations, passkeys, device sessions."""

from pathlib import Path

from amana.kernel.feature import Feature
from amana.people import errors, http, passwords, permissions, sign_in_http
from amana.people.api_tokens import errors as api_token_errors
from amana.people.api_tokens import http as api_token_http
from amana.people.api_tokens import model as api_tokens
from amana.people.model import LIMITS
from amana.people.policy import http as policy_http

FEATURE = Feature(
    name="people",
    routes=(*http.ROUTES, *sign_in_http.ROUTES, *api_token_http.ROUTES, *policy_http.ROUTES),
    permissions=permissions.CAPABILITIES,
    limits=(*LIMITS, *passwords.LIMITS, *api_tokens.LIMITS),
    refusals=(*errors.REFUSALS, *api_token_errors.REFUSALS),
    schema=Path(__file__).parent / "schema",
)

__all__ = ["FEATURE"]
