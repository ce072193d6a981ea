"""The HTTP kernel: context, routes, refusals as answers, edge checks, OpenAPI. Knows no business.

A request passes, from outside in: security headers → error answers → origin checks →
authentication → rate limits → size and time limits → routes (Litestar), sockets, or the web client.
"""

from amana.http.application import Application, build_app
from amana.http.context import Context, Services, State
from amana.http.routing import SELF, Access, Body, endpoint, needs, public
from amana.http.settings import EdgeSettings

__all__ = [
    "SELF",
    "Access",
    "Application",
    "Body",
    "Context",
    "EdgeSettings",
    "Services",
    "State",
    "build_app",
    "endpoint",
    "needs",
    "public",
]
