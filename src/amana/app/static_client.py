"""The built web client from memory: a few dozen small files, compressed once at start."""

import gzip
import mimetypes
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from amana.http.asgi import Receive, Scope, Send, header

STATIC = Path(__file__).parent / "static"
IMMUTABLE = b"public, max-age=31536000, immutable"
REVALIDATE = b"no-cache"
_COMPRESSIBLE = (".html", ".js", ".css", ".json", ".svg", ".ftl", ".webmanifest", ".txt")


@dataclass(frozen=True, slots=True)
class _File:
    body: bytes
    compressed: bytes | None
    media_type: bytes
    cache_control: bytes
    etag: str


class StaticClient:
    """ASGI application for the client's files; every path of the client's router gives index.html.

    Hashed names below ``assets/`` never change and are cached for a year, everything else is
    asked for again each time, so that an update arrives at once.
    """

    def __init__(self, folder: Path = STATIC) -> None:
        self._files = {
            "/" + path.relative_to(folder).as_posix(): _load(path, folder)
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        file = self._files.get(path)
        if file is None and not Path(path).suffix:
            file = self._files.get("/index.html")
        if file is None:
            await _answer(send, 404, [(b"content-type", b"text/plain")], b"Not found.")
        elif scope["method"] not in {"GET", "HEAD"}:
            await _answer(send, 405, [(b"content-type", b"text/plain"), (b"allow", b"GET, HEAD")], b"")
        elif header(scope, b"if-none-match") == file.etag:
            await _answer(
                send, 304, [(b"etag", file.etag.encode()), (b"cache-control", file.cache_control)], b""
            )
        else:
            accepted = header(scope, b"accept-encoding") or ""
            head_only = scope["method"] == "HEAD"
            await _send_file(send, file, gzip_accepted="gzip" in accepted, head_only=head_only)


async def _send_file(send: Send, file: _File, *, gzip_accepted: bool, head_only: bool) -> None:
    answer = [
        (b"content-type", file.media_type),
        (b"cache-control", file.cache_control),
        (b"etag", file.etag.encode()),
        (b"vary", b"accept-encoding"),
    ]
    body = file.body
    if file.compressed is not None and gzip_accepted:
        body = file.compressed
        answer.append((b"content-encoding", b"gzip"))
    answer.append((b"content-length", str(len(body)).encode()))
    await _answer(send, 200, answer, b"" if head_only else body)


def _load(path: Path, folder: Path) -> _File:
    body = path.read_bytes()
    media_type = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    if media_type.startswith("text/") or media_type.endswith(("javascript", "json", "xml")):
        media_type += "; charset=utf-8"
    hashed = path.relative_to(folder).parts[0] == "assets"
    return _File(
        body=body,
        # mtime=0: the same build gives the same bytes.
        compressed=gzip.compress(body, 9, mtime=0) if path.suffix in _COMPRESSIBLE else None,
        media_type=media_type.encode(),
        cache_control=IMMUTABLE if hashed else REVALIDATE,
        etag=f'"{sha256(body).hexdigest()[:32]}"',
    )


async def _answer(send: Send, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})
