"""A page without script, style or anything to load, for where the client cannot be."""

from html import escape

from amana.http.answers import Answer
from amana.kernel.i18n import text

HTML = b"text/html; charset=utf-8"


def plain_page(language: str, *, title: str, body: str) -> bytes:
    """An HTML page in the reader's language and direction.

    Args:
        title: the key of its heading.
        body: HTML; whoever calls has escaped what is in it.
    """
    direction = "rtl" if language == "ar" else "ltr"
    return (
        f'<!doctype html><html lang="{language}" dir="{direction}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width"><title>Amana</title></head><body>'
        f"<h1>{escape(text(title, language))}</h1>{body}</body></html>"
    ).encode()


def link_to(url: str) -> str:
    """A link that shows its address, also in a text from right to left."""
    return f'<p><a href="{escape(url)}"><bdi>{escape(url)}</bdi></a></p>'


def strict_answer(
    body: bytes, *, status: int = 200, media_type: bytes = HTML, headers: tuple[tuple[bytes, bytes], ...] = ()
) -> Answer:
    """An answer that may load nothing, be framed by nobody and be kept nowhere."""
    strict = (
        (b"content-type", media_type),
        (b"content-length", str(len(body)).encode()),
        (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'; base-uri 'none'"),
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
        (b"referrer-policy", b"no-referrer"),
    )
    return Answer(status, [*headers, *strict], body)
