"""Only the installation's own pages may act with a person's cookie."""

from amana.http.asgi import SAFE_METHODS, App, Receive, Scope, Send, close_socket, header, is_api, path_shape
from amana.http.errors import WrongOrigin
from amana.http.notes import Notes

WRONG_ORIGIN_CLOSE = 4403


class OriginCheck:
    """Refuses what another website caused: Origin and Fetch-Metadata, on changes and upgrades.

    A request with a cookie must say where it comes from; one without a cookie may stay silent
    (programs do) but may not say something wrong: signing somebody in from a foreign page is an
    attack as well. ``Authorization`` headers are never sent by a browser on its own, so requests
    that carry one are let through.
    """

    def __init__(self, app: App, *, origin: str, notes: Notes) -> None:
        self._app = app
        self._notes = notes
        self._origin = origin

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._must_check(scope) and not self._is_own(scope):
            refusal = WrongOrigin("This request came from another website.")
            if scope["type"] == "websocket":
                self._notes.forbidden(refusal, route=path_shape(scope), actor=None)
                await close_socket(receive, send, code=WRONG_ORIGIN_CLOSE)
                return
            raise refusal
        await self._app(scope, receive, send)

    def _must_check(self, scope: Scope) -> bool:
        if header(scope, b"authorization") is not None or not is_api(scope):
            return False
        return bool(scope["type"] == "websocket" or scope.get("method") not in SAFE_METHODS)

    def _is_own(self, scope: Scope) -> bool:
        site = header(scope, b"sec-fetch-site")
        if site is not None and site != "same-origin":
            return False
        origin = header(scope, b"origin")
        if origin is not None:
            return origin == self._origin
        has_cookie = header(scope, b"cookie") is not None
        return not has_cookie
