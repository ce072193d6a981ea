"""Which requests go on while the server's disk is nearly full: nobody is locked out or kept in."""

from amana.http.asgi import App, Receive, Scope, Send
from amana.storage.space import essential

_BEGINNINGS = ("/v1/sign-in", "/v1/sessions")
_ENDS = ("/read", "/removal", "/erasure")


class GoingOn:
    """Marks signing in and out, read markers, removing and erasing as essential: each is a few bytes."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        if scope["type"] == "http" and (path.startswith(_BEGINNINGS) or path.endswith(_ENDS)):
            with essential():
                await self._app(scope, receive, send)
        else:
            await self._app(scope, receive, send)
