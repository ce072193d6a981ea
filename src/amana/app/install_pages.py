"""How a device learns to trust the company's authority: one page per operating system.

Served over plain http beside the https port, because a device that does not trust the
certificate yet cannot read it there. The page carries nothing secret; the fingerprint is to be
compared with the one the administrator reads out.
"""

from html import escape

from amana.app.certificates import CompanyAuthority
from amana.http.asgi import Receive, Scope, Send, language_of
from amana.kernel.i18n import text

SYSTEMS = ("windows", "macos", "ios", "android", "linux", "firefox")
CERTIFICATE_PATH = "/amana-authority.crt"


class InstallPages:
    """ASGI application: the certificate, the page in the visitor's language, nothing else."""

    def __init__(self, authority: CompanyAuthority, public_url: str) -> None:
        self._authority = authority
        self._public_url = public_url

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        if scope["path"] == CERTIFICATE_PATH:
            await _answer(send, b"application/x-x509-ca-cert", self._authority.root_der())
            return
        language = language_of(scope)
        page = install_page(self._public_url, self._authority.fingerprint(), language)
        await _answer(send, b"text/html; charset=utf-8", page)


def install_page(public_url: str, fingerprint: str, language: str) -> bytes:
    """The page: what this is, the fingerprint to compare, then each system's steps."""
    direction = "rtl" if language == "ar" else "ltr"
    systems = "".join(
        f"<h2>{escape(text(f'install-{system}-name', language))}</h2>"
        f"<p>{escape(text(f'install-{system}-how', language))}</p>"
        for system in SYSTEMS
    )
    return (
        f'<!doctype html><html lang="{language}" dir="{direction}"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width"><title>Amana</title></head><body>'
        f"<h1>{escape(text('install-title', language))}</h1><p>{escape(text('install-why', language))}</p>"
        f'<p><a href="{CERTIFICATE_PATH}" download>{escape(text("install-download", language))}</a></p>'
        f'<p>{escape(text("install-compare", language))}<br><code dir="ltr">{fingerprint}</code></p>'
        f"{systems}<h2>{escape(text('install-done', language))}</h2>"
        f'<p><a href="{escape(public_url)}"><bdi>{escape(public_url)}</bdi></a></p></body></html>'
    ).encode()


async def _answer(send: Send, media_type: bytes, body: bytes) -> None:
    headers = [
        (b"content-type", media_type),
        (b"content-length", str(len(body)).encode()),
        (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'; base-uri 'none'"),
        (b"x-content-type-options", b"nosniff"),
        (b"cache-control", b"no-store"),
    ]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})
