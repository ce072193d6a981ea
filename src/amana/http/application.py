"""Puts the layers together: one ASGI application from the features' routes."""

import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

from litestar import Litestar, Request, Response
from litestar.di import Provide
from litestar.exceptions import (
    HTTPException,
    LitestarDeprecationWarning,
    MethodNotAllowedException,
    NotFoundException,
)
from litestar.types import Scope as LitestarScope

from amana.http import errors, openapi
from amana.http.answers import Answer, answer_fault, answer_refusal
from amana.http.asgi import (
    App,
    Message,
    Noted,
    Receive,
    Scope,
    Send,
    cookies,
    header,
    is_api,
    language_of,
    path_shape,
    send_answer,
)
from amana.http.authentication import Authenticate, Authentication
from amana.http.buckets import Buckets, RateLimit
from amana.http.context import Context, State
from amana.http.going_on import GoingOn
from amana.http.headers import SecurityHeaders
from amana.http.intake import Intake
from amana.http.notes import Notes
from amana.http.origin import OriginCheck
from amana.http.scopes import within_scope
from amana.http.settings import EdgeSettings
from amana.kernel.errors import Refusal
from amana.kernel.feature import Feature

Lifespan = Callable[[Litestar], AbstractAsyncContextManager[None]]
MAX_USER_AGENT = 500
MAX_REASONS = 20


class Application:
    """The finished ASGI application.

    Attributes:
        litestar: the router inside, for contract tests that walk its routes.
        buckets: what limits how often somebody may ask, by name.
    """

    def __init__(
        self, litestar: Litestar, edge: App, described: openapi.Described, buckets: Mapping[str, Buckets]
    ) -> None:
        self.litestar = litestar
        self.buckets = buckets
        self._edge = edge
        self._described = described

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.litestar(scope, receive, send)  # type: ignore[arg-type]  # Litestar types ASGI closer
        else:
            await self._edge(scope, receive, send)

    def openapi(self) -> dict[str, Any]:
        """The OpenAPI document."""
        return openapi.document(self.litestar, self._described)


def build_app(
    features: Sequence[Feature],
    state: State,
    settings: EdgeSettings,
    *,
    authenticate: Authenticate,
    version: str = "0",
    sockets: Mapping[str, App] | None = None,
    pages: App | None = None,
    lifespan: Sequence[Lifespan] = (),
    described: openapi.Described | None = None,
) -> Application:
    """Build the application.

    Args:
        authenticate: hook: token → actor, or None when it is nobody's.
        sockets: path → ASGI application for WebSockets; ``scope["actor"]`` is set before it runs.
        pages: serves every path outside ``/v1``: the static web client.
        lifespan: entered at start, left at stop.
        described: refusals and scopes of every operation; without scopes API tokens may nothing.
    """
    clock, notes = state.clock, Notes(state.clock)
    described = described or openapi.Described()
    litestar = _router(features, state, notes, version=version, lifespan=lifespan, described=described)
    buckets = {
        "networks": Buckets(clock, burst=settings.network_burst, rate_per_s=settings.network_rate),
        "sessions": Buckets(clock, burst=settings.session_burst, rate_per_s=settings.session_rate),
        "strangers": Buckets(clock, burst=settings.stranger_burst, rate_per_s=settings.stranger_rate),
    }
    edge: App = GoingOn(_Dispatch(litestar, sockets=sockets or {}, pages=pages))
    edge = Intake(edge, body_bytes=settings.body_bytes, request_seconds=settings.request_seconds)
    edge = RateLimit(edge, networks=buckets["networks"], sessions=buckets["sessions"])
    edge = Authentication(
        edge,
        authenticate=authenticate,
        trusted_proxies=settings.trusted_proxies,
        strangers=buckets["strangers"],
        clock=clock,
    )
    edge = OriginCheck(edge, origin=settings.origin, notes=notes)
    edge = _EdgeAnswers(edge, state, notes)
    edge = SecurityHeaders(edge, is_https=settings.is_https)
    return Application(litestar, edge, described, buckets)


def _router(
    features: Sequence[Feature],
    state: State,
    notes: Notes,
    *,
    version: str,
    lifespan: Sequence[Lifespan],
    described: openapi.Described,
) -> Litestar:
    refusals = _Refusals(notes)
    routes: list[Any] = [route for feature in features for route in feature.routes]
    with warnings.catch_warnings():
        # Litestar 3 will want every parameter marked; we stay on 2 and keep signatures plain.
        warnings.simplefilter("ignore", LitestarDeprecationWarning)
        return Litestar(
            route_handlers=routes,
            guards=[within_scope(described.scopes)],
            dependencies={"ctx": Provide(_context_provider(state), sync_to_thread=False)},
            exception_handlers={
                Refusal: refusals.answer,
                HTTPException: refusals.of_router,
                RecursionError: refusals.of_deep_nesting,
                Exception: _fault_handler(state),
            },
            openapi_config=openapi.openapi_config(version=version, described=described),
            lifespan=list(lifespan),
            logging_config=None,
        )


class _Dispatch:
    """Sends sockets to their application, ``/v1`` to Litestar and the rest to the client's pages."""

    def __init__(self, litestar: Litestar, *, sockets: Mapping[str, App], pages: App | None) -> None:
        self._litestar = litestar
        self._sockets = sockets
        self._pages = pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            socket = self._sockets.get(scope["path"])
            if socket is None:
                await receive()
                await send({"type": "websocket.close", "code": 4404})
                return
            await socket(scope, receive, send)
        elif is_api(scope):
            await self._litestar(scope, receive, _with_reply_headers(scope, send))  # type: ignore[arg-type]  # Litestar types ASGI closer
        elif self._pages is not None:
            await self._pages(scope, receive, send)
        else:
            raise errors.UnknownRoute("There is nothing here.")


class _EdgeAnswers:
    """Answers what the outer layers refuse, and faults that no inner layer caught."""

    def __init__(self, app: App, state: State, notes: Notes) -> None:
        self._app = app
        self._state = state
        self._notes = notes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            # Sockets answer for themselves, and need the server's own ``send`` to cut a stalled peer.
            await self._app(scope, receive, send)
            return
        noted = Noted(send)
        try:
            await self._app(scope, receive, noted)
        except Refusal as refusal:
            if noted.has_begun:
                raise
            self._notes.forbidden(refusal, route=path_shape(scope), actor=scope.get("actor"))
            await send_answer(send, answer_refusal(refusal, language_of(scope)))
        except Exception as fault:  # the outermost loop of a request
            if noted.has_begun:
                raise
            reference = self._state.entropy.token_bytes(6).hex()
            answer = answer_fault(fault, language_of(scope), route=scope["path"][:100], reference=reference)
            await send_answer(send, answer)


def _with_reply_headers(scope: Scope, send: Send) -> Send:
    """Adds what the handler asked for, only when it succeeded: no cookie travels with a refusal."""
    extra: list[tuple[bytes, bytes]] = []
    scope["amana.reply_headers"] = extra

    async def send_with_extra(message: Message) -> None:
        if message["type"] == "http.response.start" and message["status"] < 400:
            message["headers"] = [*message.get("headers", ()), *extra]
        await send(message)

    return send_with_extra


def _context_provider(state: State) -> Callable[[LitestarScope], Context]:
    def provide(scope: LitestarScope) -> Context:
        raw: Scope = scope  # type: ignore[assignment]  # the same dictionary, with our keys in it
        return Context(
            state,
            client_ip=raw["amana.client_ip"],
            language=language_of(raw),
            maybe_actor=raw["actor"],
            user_agent=(header(raw, b"user-agent") or "")[:MAX_USER_AGENT],
            cookies=cookies(raw),
            reply_headers=raw["amana.reply_headers"],
        )

    return provide


def _response(answer: Answer) -> Response[bytes]:
    headers = {name.decode(): value.decode() for name, value in answer.headers if name != b"content-length"}
    return Response(answer.body, status_code=answer.status, headers=headers, media_type="application/json")


def _operation_of(request: Request[Any, Any, Any]) -> str:
    return str(getattr(request.scope.get("route_handler"), "operation_id", None) or "unknown")


class _Refusals:
    """Answers what handlers, and the router itself, refuse."""

    def __init__(self, notes: Notes) -> None:
        self._notes = notes

    def answer(self, request: Request[Any, Any, Any], refusal: Refusal) -> Response[bytes]:
        self._notes.forbidden(refusal, route=_operation_of(request), actor=request.scope.get("actor"))
        return _response(answer_refusal(refusal, language_of(request.scope)))  # type: ignore[arg-type]  # one dictionary, two names

    def of_deep_nesting(self, request: Request[Any, Any, Any], _: RecursionError) -> Response[bytes]:
        return self.answer(request, errors.InvalidRequest("The body is nested too deeply."))

    def of_router(self, request: Request[Any, Any, Any], error: HTTPException) -> Response[bytes]:
        if error.status_code >= 500:
            raise error
        return self.answer(request, _as_refusal(error))


def _as_refusal(error: HTTPException) -> Refusal:
    if isinstance(error, NotFoundException):
        return errors.UnknownRoute("There is nothing here.")
    if isinstance(error, MethodNotAllowedException):
        allow = (error.headers or {}).get("allow") or (error.headers or {}).get("Allow") or ""
        return errors.MethodNotAllowed(
            "This path has no such method.", allow=[m for m in allow.split(", ") if m]
        )
    where: list[str] = []
    reasons: list[str] = []
    for item in error.extra if isinstance(error.extra, list) else []:
        where.append(str(item.get("key", "")))
        reasons.append(str(item.get("message", "")))
    return errors.InvalidRequest(
        "The request does not have the documented shape.",
        where=where[:MAX_REASONS],
        reasons=(reasons or [error.detail])[:MAX_REASONS],
    )


def _fault_handler(state: State) -> Callable[[Request[Any, Any, Any], Exception], Response[bytes]]:
    def on_fault(request: Request[Any, Any, Any], fault: Exception) -> Response[bytes]:
        language = language_of(request.scope)  # type: ignore[arg-type]  # one dictionary, two names
        reference = state.entropy.token_bytes(6).hex()
        return _response(answer_fault(fault, language, route=_operation_of(request), reference=reference))

    return on_fault
