"""What the edge lets in, and what it says to the rest."""

import asyncio
from collections.abc import AsyncIterator
from ipaddress import ip_network
from typing import Any

import msgspec
import pytest
import pytest_asyncio
import structlog

from amana.app.features import FEATURES
from amana.app.settings import Settings
from amana.http import (
    SELF,
    Application,
    Body,
    Context,
    EdgeSettings,
    Services,
    State,
    build_app,
    endpoint,
    public,
)
from amana.http.answers import STATUSES, answer_refusal
from amana.http.asgi import Message, Receive, Scope, Send
from amana.http.authentication import SESSION_COOKIE
from amana.http.errors import REFUSALS
from amana.http.headers import CONTENT_SECURITY_POLICY
from amana.http.network import client_ip
from amana.kernel import i18n
from amana.kernel.actor import Actor, Role
from amana.kernel.entropy import SeededEntropy
from amana.kernel.errors import Busy, Refusal
from amana.kernel.feature import Feature
from amana.kernel.ids import DeviceId, Ids, OrgId, SessionId, UserId
from amana.storage.database import Database
from tests.support.clock import FakeClock
from tests.support.people import ORIGIN, Browser

OPEN = public("a route of this test only")
SECRET_WORDS = "the words nobody may log"


class Said(Body):
    text: str
    number: int = 0


class Heard(msgspec.Struct):
    text: str
    ip: str = ""


@endpoint("POST", "/v1/echo", operation="echo", access=OPEN)
async def echo(ctx: Context, data: Said) -> Heard:
    ctx.add_header("set-cookie", "seen=1")
    if data.text == "refuse":
        raise Busy("Later.", retry_after_s=1.2)
    return Heard(data.text, ctx.client_ip)


@endpoint("GET", "/v1/broken", operation="broken", access=OPEN)
async def broken(ctx: Context) -> Heard:
    raise ValueError(SECRET_WORDS)


@endpoint("GET", "/v1/slow", operation="slow", access=OPEN)
async def slow(ctx: Context) -> Heard:
    await asyncio.sleep(30)
    return Heard("late")


@endpoint("GET", "/v1/own", operation="own", access=SELF)
async def own(ctx: Context) -> Heard:
    return Heard(str(ctx.actor.user_id))


ROUTES = (echo, broken, slow, own)


async def socket(scope: Scope, receive: Receive, send: Send) -> None:
    await receive()
    await send({"type": "websocket.accept"})
    await send({"type": "websocket.close", "code": 1000})


@pytest_asyncio.fixture
async def make(database: Database, clock: FakeClock, entropy: SeededEntropy, ids: Ids) -> AsyncIterator[Any]:
    actor = Actor(
        OrgId(ids.new()), UserId(ids.new()), DeviceId(ids.new()), SessionId(ids.new()), Role.MEMBER, "de"
    )

    async def authenticate(token: str) -> Actor | None:
        return actor if token == "right" else None

    def build(**settings: Any) -> Browser:
        url = settings.pop("public_url", ORIGIN)
        edge = EdgeSettings(url, **settings)
        state = State(database, clock, ids, entropy, Services())
        sockets = {"/v1/socket": socket}
        app = build_app(
            [Feature("test", routes=ROUTES)], state, edge, authenticate=authenticate, sockets=sockets
        )
        return Browser(app, clock)

    yield build


async def raw(browser: Browser, content: bytes, **headers: str) -> tuple[int, str]:
    """POST /v1/echo with exact bytes."""
    status, _, body = await call(browser.app, "POST", "/v1/echo", content, **headers)
    return status, msgspec.json.decode(body).get("error", {}).get("code", "")


async def call(
    app: Application,
    method: str,
    path: str,
    content: bytes = b"",
    *,
    client: str = "192.0.2.1",
    **headers: str,
) -> tuple[int, dict[str, str], bytes]:
    """One bare ASGI request."""
    pairs = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    scope: Scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "path": path,
        "raw_path": path.encode(), "query_string": b"", "root_path": "", "scheme": "http", "headers": pairs,
        "client": (client, 1), "server": ("localhost", 8080), "state": {},
    }  # fmt: skip
    sent: list[Message] = []
    parts = [content[i : i + 60_000] for i in range(0, len(content), 60_000)] or [b""]

    async def receive() -> Message:
        if not parts:
            await asyncio.sleep(60)
        chunk = parts.pop(0)
        return {"type": "http.request", "body": chunk, "more_body": bool(parts)}

    async def send(message: Message) -> None:
        sent.append(message)

    await app(scope, receive, send)
    found = {name.decode().lower(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], found, b"".join(message.get("body", b"") for message in sent[1:])


async def upgrade(app: Application, **headers: str) -> list[Message]:
    """One WebSocket upgrade; gives what the server sent."""
    pairs = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    scope: Scope = {
        "type": "websocket", "asgi": {"version": "3.0"}, "path": "/v1/socket", "raw_path": b"/v1/socket",
        "query_string": b"", "root_path": "", "scheme": "ws", "headers": pairs, "client": ("192.0.2.1", 1),
        "server": ("localhost", 8080), "subprotocols": [], "state": {},
    }  # fmt: skip
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    async def send(message: Message) -> None:
        sent.append(message)

    await app(scope, receive, send)
    return sent


JSON = {"content_type": "application/json"}


@pytest.mark.parametrize(
    ("content", "headers", "status", "code"),
    [
        (b'{"text":"a"}', JSON, 200, ""),
        (b'{"text":"a"}', {"content_type": "application/json; charset=utf-8"}, 200, ""),
        (b'{"text":1}', JSON, 400, "invalid_request"),
        (b'{"txet":"a","text":"a"}', JSON, 400, "invalid_request"),
        (b"{", JSON, 400, "invalid_request"),
        (b"[" * 100_000, JSON, 400, "invalid_request"),
        (b'{"text":"\xff"}', JSON, 400, "invalid_utf8"),
        (b'{"text":"\\ud800"}', JSON, 400, "invalid_request"),
        (b'{"text":"a","number":1e999}', JSON, 400, "invalid_request"),
        (b"", {}, 400, "invalid_request"),
        (b"text=a", {"content_type": "application/x-www-form-urlencoded"}, 415, "json_only"),
        (b'{"text":"a"}', {"content_type": "text/plain"}, 415, "json_only"),
        (b'{"text":"a"}', {}, 415, "json_only"),
        (b'{"text":"' + b"x" * 262_144 + b'"}', JSON, 413, "body_too_large"),
        (b"{}", JSON | {"content_length": "99999999"}, 413, "body_too_large"),
    ],
    ids=lambda value: repr(value)[:40],
)
async def test_bad_bodies_get_a_code_and_never_a_fault(
    make: Any, content: bytes, headers: dict[str, str], status: int, code: str
) -> None:
    assert await raw(make(), content, **headers) == (status, code)


async def test_what_does_not_exist_is_answered_in_the_same_shape(make: Any) -> None:
    app = make().app

    nothing = await call(app, "GET", "/v1/nowhere")
    page = await call(app, "GET", "/nowhere")
    method = await call(app, "DELETE", "/v1/echo")

    assert nothing[0] == page[0] == 404
    assert msgspec.json.decode(nothing[2])["error"]["code"] == "not_found"
    assert method[0] == 405
    assert "POST" in method[1]["allow"]


async def test_a_fault_gives_a_reference_and_the_log_has_it_without_the_words(make: Any) -> None:
    with structlog.testing.capture_logs() as logged:
        status, _, body = await call(make().app, "GET", "/v1/broken", accept_language="de")

    error = msgspec.json.decode(body)["error"]
    assert (status, error["code"]) == (500, "internal_error")
    assert [entry["reference"] for entry in logged] == [error["fields"]["reference"]]
    assert logged[0]["kind"] == "ValueError"
    assert SECRET_WORDS not in str(logged) + body.decode()


async def test_a_request_that_takes_too_long_is_given_up(make: Any) -> None:
    status, headers, body = await call(make(request_seconds=0.05).app, "GET", "/v1/slow")

    assert status == 503
    assert msgspec.json.decode(body)["error"]["code"] == "request_timeout"
    assert "retry-after" in headers


@pytest.mark.parametrize(
    ("headers", "is_let_in"),
    [
        ({"origin": ORIGIN}, True),
        ({"origin": ORIGIN, "sec_fetch_site": "same-origin"}, True),
        ({}, True),
        ({"cookie": f"{SESSION_COOKIE}=right"}, False),
        ({"cookie": f"{SESSION_COOKIE}=right", "origin": ORIGIN}, True),
        ({"cookie": f"{SESSION_COOKIE}=right", "origin": "https://evil.example"}, False),
        ({"cookie": f"{SESSION_COOKIE}=right", "origin": "null"}, False),
        ({"cookie": f"{SESSION_COOKIE}=right", "origin": ORIGIN, "sec_fetch_site": "cross-site"}, False),
        ({"cookie": f"{SESSION_COOKIE}=right", "origin": ORIGIN, "sec_fetch_site": "same-site"}, False),
        ({"origin": "https://evil.example"}, False),
        ({"origin": "http://localhost:8081"}, False),
        ({"authorization": "Bearer right", "origin": "https://evil.example"}, True),
    ],
)
async def test_only_our_own_pages_act_with_a_cookie(
    make: Any, headers: dict[str, str], is_let_in: bool
) -> None:
    app = make().app
    status, _, body = await call(app, "POST", "/v1/echo", b'{"text":"a"}', **JSON, **headers)
    frames = await upgrade(app, **headers)

    assert (status == 200) is is_let_in
    if not is_let_in:
        assert msgspec.json.decode(body)["error"]["code"] == "wrong_origin"
    assert frames[-1]["code"] == (1000 if is_let_in else 4403)


async def test_an_authorization_header_never_falls_back_to_the_cookie(make: Any) -> None:
    app = make().app
    cookie = f"{SESSION_COOKIE}=right"

    by_cookie = await call(app, "GET", "/v1/own", cookie=cookie)
    by_header = await call(app, "GET", "/v1/own", authorization="Bearer right")
    mixed = await call(app, "GET", "/v1/own", cookie=cookie, authorization="Basic x")

    assert (by_cookie[0], by_header[0], mixed[0]) == (200, 200, 401)


async def test_a_refusal_sets_no_cookie_and_says_when_to_come_back(make: Any) -> None:
    fine = await call(make().app, "POST", "/v1/echo", b'{"text":"a"}', **JSON)
    refused = await call(make().app, "POST", "/v1/echo", b'{"text":"refuse"}', **JSON)

    assert fine[1]["set-cookie"] == "seen=1"
    assert (refused[0], refused[1]["retry-after"]) == (429, "2")
    assert "set-cookie" not in refused[1]


async def test_every_answer_carries_the_security_headers(make: Any) -> None:
    plain, secure = make().app, make(public_url="https://chat.example.org").app
    for method, path in (("GET", "/v1/own"), ("GET", "/nowhere"), ("GET", "/v1/broken"), ("PUT", "/v1/echo")):
        _, headers, _ = await call(plain, method, path)
        assert headers["content-security-policy"] == CONTENT_SECURITY_POLICY
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cross-origin-opener-policy"] == "same-origin"
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert "permissions-policy" in headers
        assert "strict-transport-security" not in headers
        assert (headers.get("cache-control") == "no-store") is path.startswith("/v1")
    assert "strict-transport-security" in (await call(secure, "GET", "/v1/own"))[1]


def test_the_policy_allows_no_inline_script_and_no_other_origin() -> None:
    assert "unsafe" not in CONTENT_SECURITY_POLICY
    assert "http" not in CONTENT_SECURITY_POLICY
    assert "frame-ancestors 'none'" in CONTENT_SECURITY_POLICY
    assert "require-trusted-types-for 'script'" in CONTENT_SECURITY_POLICY


async def test_each_network_and_each_session_has_its_own_bucket(make: Any, clock: FakeClock) -> None:
    app = make(network_burst=3, network_rate=1, session_burst=5, session_rate=1).app

    async def ask(times: int, **how: Any) -> list[int]:
        return [(await call(app, "GET", "/v1/own", **how))[0] for _ in range(times)]

    assert await ask(4) == [401, 401, 401, 429]
    assert await ask(1, client="192.0.2.2") == [401]
    assert await ask(6, authorization="Bearer right") == [200] * 5 + [429]
    assert await ask(4, client="2001:db8::1") == [401, 401, 401, 429]
    assert await ask(1, client="2001:db8::ffff:1") == [429]
    clock.advance(seconds=1)
    assert await ask(2) == [401, 429]


@pytest.mark.parametrize(
    ("trusted", "forwarded", "seen"),
    [
        ("", "203.0.113.9", "10.0.0.1"),
        ("10.0.0.0/8", "203.0.113.9", "203.0.113.9"),
        ("10.0.0.0/8", "1.2.3.4, 203.0.113.9", "203.0.113.9"),
        ("10.0.0.0/8", "1.2.3.4, 203.0.113.9, 10.0.0.2", "203.0.113.9"),
        ("10.0.0.0/8", "nonsense", "10.0.0.1"),
        ("192.0.2.0/24", "203.0.113.9", "10.0.0.1"),
        ("10.0.0.1, ::1", "2001:db8::7", "2001:db8::7"),
    ],
)
async def test_only_trusted_proxies_say_where_a_caller_is(
    make: Any, trusted: str, forwarded: str, seen: str
) -> None:
    settings = Settings.model_validate({"trusted_proxies": trusted})
    app = make(trusted_proxies=settings.trusted_proxies).app

    _, _, body = await call(
        app, "POST", "/v1/echo", b'{"text":"a"}', client="10.0.0.1", x_forwarded_for=forwarded, **JSON
    )

    assert msgspec.json.decode(body)["ip"] == seen


async def test_a_line_of_the_strangers_own_hides_nothing_behind_a_proxy() -> None:
    lines = [(b"x-forwarded-for", b"1.2.3.4"), (b"x-forwarded-for", b"203.0.113.9")]
    proxies = [ip_network("10.0.0.1")]

    assert client_ip({"client": ("10.0.0.1", 1), "headers": lines}, proxies) == "203.0.113.9"


async def test_refusals_speak_the_callers_language(make: Any) -> None:
    app = make().app

    own_choice = await call(app, "GET", "/v1/nowhere", authorization="Bearer right", accept_language="et")
    browser = await call(app, "GET", "/v1/nowhere", accept_language="xx, et;q=0.8, de;q=0.5")

    assert msgspec.json.decode(own_choice[2])["error"]["message"] == "Hier gibt es nichts."
    assert msgspec.json.decode(browser[2])["error"]["message"] == "Siin ei ole midagi."


def test_every_kind_of_refusal_has_a_status_and_unknown_kinds_are_the_callers_fault() -> None:
    class Odd(Refusal):
        code = "odd"

    assert answer_refusal(Odd("Odd."), "en").status == 400
    assert len({status for _, status in STATUSES}) >= 10


def every_refusal() -> list[type[Exception]]:
    return [*REFUSALS, *(refusal for feature in FEATURES for refusal in feature.refusals)]


@pytest.mark.parametrize("language", i18n.LANGUAGES)
def test_every_refusal_has_a_sentence_of_its_own_in_every_language(language: str) -> None:
    codes = {str(refusal.code) for refusal in every_refusal()}  # type: ignore[attr-defined]

    missing = [
        code for code in sorted(codes) if not i18n.has_text(f"error-{code.replace('_', '-')}", language)
    ]

    assert missing == []
