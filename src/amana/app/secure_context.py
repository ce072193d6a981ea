"""One origin in a secure context, or one plain page that says how to get there.

Passkeys, service workers and WebCrypto exist only on https and on ``http://localhost``. A client
opened any other way would half work and lose things, so it is not served at all.
"""

from html import escape
from ipaddress import IPv4Network, IPv6Network, ip_address
from urllib.parse import urlsplit

from amana.app.settings import LOCAL_HOSTS
from amana.http.asgi import App, Receive, Scope, Send, header, language_of, send_answer
from amana.http.plain_page import link_to, plain_page, strict_answer
from amana.kernel.i18n import text

_WAYS = ("localhost", "acme", "files", "internal")


class SecureContext:
    """ASGI middleware in front of everything: right origin → pass on, anything else → the page.

    Health checks pass always; they carry no content and come from inside.
    """

    def __init__(
        self,
        app: App,
        *,
        public_url: str,
        trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = (),
        open_paths: frozenset[str] = frozenset({"/healthz", "/readyz"}),
    ) -> None:
        self._app = app
        self._public = urlsplit(public_url)
        self._trusted = trusted_proxies
        self._open_paths = open_paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan" or scope["path"] in self._open_paths:
            await self._app(scope, receive, send)
            return
        scheme, netloc = self._outer_origin(scope)
        if scheme == self._public.scheme and netloc == self._public.netloc.lower():
            scope["scheme"] = scheme if scope["type"] == "http" else scheme.replace("http", "ws")
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            await self._refuse(send, language_of(scope), netloc)
        else:
            await send({"type": "websocket.close", "code": 4403, "reason": ""})

    def _outer_origin(self, scope: Scope) -> tuple[str, str]:
        scheme = scope["scheme"].replace("ws", "http")
        netloc = (header(scope, b"host") or "").lower()
        client = scope.get("client")
        if client is not None and self._trusts(client[0]):
            scheme = (header(scope, b"x-forwarded-proto") or scheme).split(",")[0].strip()
            netloc = (header(scope, b"x-forwarded-host") or netloc).split(",")[0].strip().lower()
        return scheme, netloc

    def _trusts(self, host: str) -> bool:
        try:
            address = ip_address(host)
        except ValueError:
            return False
        return any(address in network for network in self._trusted)

    async def _refuse(self, send: Send, language: str, netloc: str) -> None:
        if urlsplit(f"//{netloc}").hostname in LOCAL_HOSTS and self._public.hostname in LOCAL_HOSTS:
            # 127.0.0.1 cannot be a passkey's home, localhost can.
            location = (b"location", self._public.geturl().encode())
            await send_answer(send, strict_answer(b"", status=308, headers=(location,)))
            return
        page = four_ways_page(self._public.geturl(), language)
        await send_answer(send, strict_answer(page, status=403))


def four_ways_page(public_url: str, language: str) -> bytes:
    """The static page for a visitor who came by an address that cannot work."""
    ways = "".join(
        f"<li><strong>{escape(text(f'secure-{way}-name', language))}</strong> "
        f"{escape(text(f'secure-{way}-how', language))}</li>"
        for way in _WAYS
    )
    body = (
        f"<p>{escape(text('secure-why', language))}</p>{link_to(public_url)}"
        f"<h2>{escape(text('secure-ways', language))}</h2><ol>{ways}</ol>"
    )
    return plain_page(language, title="secure-title", body=body)
