"""Only the one origin reaches the client; everybody else gets one plain page."""

from ipaddress import ip_network

import httpx
import pytest

from amana.app.secure_context import SecureContext
from amana.http.asgi import Receive, Scope, Send
from amana.kernel.i18n import LANGUAGES, text

PUBLIC = "https://chat.example.org"


async def inner(scope: Scope, receive: Receive, send: Send) -> None:
    body = scope["scheme"].encode()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body})


async def visit(url: str, *, public_url: str = PUBLIC, proxies: str = "", **headers: str) -> httpx.Response:
    networks = tuple(ip_network(part) for part in proxies.split(",") if part)
    app = SecureContext(inner, public_url=public_url, trusted_proxies=networks)
    transport = httpx.ASGITransport(app=app, client=("10.0.0.9", 40000))
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    async with httpx.AsyncClient(transport=transport) as client:
        return await client.get(url, headers=names)


async def test_the_public_address_is_served() -> None:
    answer = await visit(PUBLIC + "/chats")

    assert (answer.status_code, answer.text) == (200, "https")


@pytest.mark.parametrize("language", LANGUAGES)
async def test_a_plain_http_address_gets_the_page_with_four_ways_in_the_readers_language(
    language: str,
) -> None:
    answer = await visit("http://192.0.2.7:8080/", accept_language=language)

    assert answer.status_code == 403
    assert text("secure-title", language) in answer.text
    assert answer.text.count("<li>") == 4
    assert PUBLIC in answer.text
    assert "<script" not in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]


async def test_another_host_name_is_refused_even_with_https() -> None:
    answer = await visit("https://evil.example/")

    assert answer.status_code == 403


async def test_forwarded_headers_of_a_stranger_are_not_believed() -> None:
    answer = await visit("http://10.0.0.1/", x_forwarded_proto="https", x_forwarded_host="chat.example.org")

    assert answer.status_code == 403


async def test_forwarded_headers_of_a_trusted_proxy_are_believed() -> None:
    answer = await visit(
        "http://10.0.0.1/", proxies="10.0.0.0/8", x_forwarded_proto="https", host="chat.example.org"
    )

    assert (answer.status_code, answer.text) == (200, "https")


async def test_the_loopback_number_leads_to_the_name_localhost() -> None:
    answer = await visit("http://127.0.0.1:8080/", public_url="http://localhost:8080")

    assert answer.status_code == 308
    assert answer.headers["location"] == "http://localhost:8080"


async def test_health_checks_pass_under_any_name() -> None:
    answer = await visit("http://10.0.0.1/healthz")

    assert answer.status_code == 200


async def test_a_hostile_host_header_is_never_echoed() -> None:
    answer = await visit("http://10.0.0.1/", host="x<script>alert(1)</script>")

    assert "alert(1)" not in answer.text
