"""How a device learns to trust the company's authority: one page per operating system.

Served over plain http beside the https port, because a device that does not trust the
certificate yet cannot read it there. The page carries nothing secret; the fingerprint is to be
compared with the one the administrator reads out.
"""

from html import escape

from amana.app.certificates import CompanyAuthority
from amana.http.asgi import Receive, Scope, Send, language_of, send_answer
from amana.http.plain_page import link_to, plain_page, strict_answer
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
            await send_answer(
                send, strict_answer(self._authority.root_der(), media_type=b"application/x-x509-ca-cert")
            )
            return
        language = language_of(scope)
        page = install_page(self._public_url, self._authority.fingerprint(), language)
        await send_answer(send, strict_answer(page))


def install_page(public_url: str, fingerprint: str, language: str) -> bytes:
    """The page: what this is, the fingerprint to compare, then each system's steps."""
    systems = "".join(
        f"<h2>{escape(text(f'install-{system}-name', language))}</h2>"
        f"<p>{escape(text(f'install-{system}-how', language))}</p>"
        for system in SYSTEMS
    )
    body = (
        f"<p>{escape(text('install-why', language))}</p>"
        f'<p><a href="{CERTIFICATE_PATH}" download>{escape(text("install-download", language))}</a></p>'
        f'<p>{escape(text("install-compare", language))}<br><code dir="ltr">{fingerprint}</code></p>'
        f"{systems}<h2>{escape(text('install-done', language))}</h2>{link_to(public_url)}"
    )
    return plain_page(language, title="install-title", body=body)
