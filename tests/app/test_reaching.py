"""The four ways to a secure context, each with a real server process, a host name and a real socket."""

import asyncio
import re
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
import trustme
from websockets.asyncio.client import ClientConnection, connect

from tests.support import client
from tests.support.server import ServerProcess, free_port

HOST = "chat.company.test"
RELOADED_WITHIN_S = 20

Start = Callable[..., Awaitable[ServerProcess]]


@pytest_asyncio.fixture
async def start() -> AsyncIterator[Start]:
    """Starts servers with settings; ends them afterwards."""
    servers: list[ServerProcess] = []

    async def begin(port: int, **settings: str) -> ServerProcess:
        names = {f"AMANA_{name.upper()}": value for name, value in settings.items()}
        server = ServerProcess(None, port=port, **names)
        servers.append(server)
        await server.start()
        return server

    yield begin
    for server in servers:
        await server.remove()


def write_pair(folder: Path, authority: trustme.CA) -> tuple[str, str]:
    leaf = authority.issue_cert(HOST)
    leaf.cert_chain_pems[0].write_to_path(folder / "chain.pem")
    leaf.private_key_pem.write_to_path(folder / "key.pem")
    return str(folder / "chain.pem"), str(folder / "key.pem")


async def get(port: int, path: str, trust: ssl.SSLContext) -> httpx.Response:
    async with httpx.AsyncClient(verify=trust) as visitor:
        return await visitor.get(
            f"https://127.0.0.1:{port}{path}",
            headers={"Host": f"{HOST}:{port}"},
            extensions={"sni_hostname": HOST},
        )


async def serial_number(port: int, trust: ssl.SSLContext) -> str:
    _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=trust, server_hostname=HOST)
    found: dict[str, Any] = writer.get_extra_info("peercert")
    writer.close()
    return str(found["serialNumber"])


async def open_socket(port: int, trust: ssl.SSLContext, token: str) -> ClientConnection:
    socket = await connect(
        f"wss://{HOST}:{port}/v1/socket",
        host="127.0.0.1",
        ssl=trust,
        additional_headers={"Authorization": f"Bearer {token}"},
    )
    await socket.send('{"t":"hello","v":1,"user_pos":0,"open":[]}')
    assert "welcome" in str(await socket.recv())
    return socket


async def founders_token(port: int, server: ServerProcess, trust: ssl.SSLContext) -> str:
    body = {
        "secret": server.setup_secret(),
        "organisation": "Acme",
        "display_name": "Ana",
        "language": "en",
        "password": client.PASSWORD,
    }
    async with httpx.AsyncClient(verify=trust, base_url=f"https://127.0.0.1:{port}") as visitor:
        answer = await visitor.post(
            "/v1/setup",
            json=body,
            headers={"Host": f"{HOST}:{port}", "Origin": f"https://{HOST}:{port}"},
            extensions={"sni_hostname": HOST},
        )
    assert answer.status_code == 201, answer.text
    assert answer.headers["strict-transport-security"].startswith("max-age=")
    found = re.search(r"__Host-amana=([^;]+)", ";".join(answer.headers.get_list("set-cookie")))
    assert found is not None
    return found[1]


async def test_a_changed_certificate_file_is_taken_up_and_no_socket_is_dropped(
    start: Start, tmp_path: Path
) -> None:
    authority, port = trustme.CA(), free_port()
    authority.cert_pem.write_to_path(tmp_path / "root.pem")
    trust = ssl.create_default_context(cafile=str(tmp_path / "root.pem"))
    certificate, key = write_pair(tmp_path, authority)
    server = await start(
        port,
        tls="files",
        tls_certificate=certificate,
        tls_key=key,
        public_url=f"https://{HOST}:{port}",
    )
    socket = await open_socket(port, trust, await founders_token(port, server, trust))
    before = await serial_number(port, trust)

    write_pair(tmp_path, authority)
    async with asyncio.timeout(RELOADED_WITHIN_S):
        while await serial_number(port, trust) == before:
            await asyncio.sleep(0.5)

    await socket.send('{"t":"ping"}')
    assert "pong" in str(await asyncio.wait_for(socket.recv(), 5))
    await socket.close()


async def test_a_company_authority_serves_install_pages_and_a_trusted_address(start: Start) -> None:
    port, install_port = free_port(), free_port()
    server = await start(
        port, tls="internal", install_port=str(install_port), public_url=f"https://{HOST}:{port}"
    )
    root = server.data_dir / "tls" / "authority.crt"
    trust = ssl.create_default_context(cafile=str(root))

    async with httpx.AsyncClient() as device:
        page = await device.get(f"http://127.0.0.1:{install_port}/", headers={"Accept-Language": "de"})
        file = await device.get(f"http://127.0.0.1:{install_port}/amana-authority.crt")

    assert ssl.DER_cert_to_PEM_cert(file.content).split() == root.read_text().split()
    assert f"{HOST}:{port}" in page.text
    assert page.text.count("<h2>") == 7
    assert (await get(port, "/", trust)).status_code == 200
    socket = await open_socket(port, trust, await founders_token(port, server, trust))
    await socket.close()


async def test_behind_a_trusted_proxy_the_forwarded_address_counts(start: Start) -> None:
    port = free_port()
    await start(port, public_url=f"https://{HOST}", trusted_proxies="127.0.0.1/32")

    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as proxy:
        served = await proxy.get("/", headers={"Host": HOST, "X-Forwarded-Proto": "https"})
        plain = await proxy.get("/", headers={"Host": HOST})

    assert served.status_code == 200
    assert plain.status_code == 403


async def test_on_localhost_nothing_needs_to_be_set(start: Start) -> None:
    port = free_port()
    await start(port)

    async with httpx.AsyncClient() as browser:
        served = await browser.get(f"http://localhost:{port}/")
        by_number = await browser.get(f"http://127.0.0.1:{port}/")
        elsewhere = await browser.get(f"http://127.0.0.1:{port}/", headers={"Host": "amana.lan"})

    assert served.status_code == 200
    assert by_number.headers["location"] == f"http://localhost:{port}"
    assert elsewhere.status_code == 403


async def test_a_busy_port_gives_way_to_the_next_one_and_says_so(start: Start) -> None:
    port = free_port()
    await start(port)

    second = await start(port)

    assert second.base_url != f"http://localhost:{port}"
    assert f"Port {port} is taken" in second.output.read_text()


def refusal(*arguments: str) -> str:
    amana = Path(sys.executable).with_name("amana")
    run = subprocess.run([str(amana), "serve", *arguments], capture_output=True, text=True, timeout=60)
    assert run.returncode == 1, run.stdout
    assert "Traceback" not in run.stderr
    return run.stderr


def test_an_https_address_without_anything_that_ends_tls_is_refused_in_one_sentence(tmp_path: Path) -> None:
    said = refusal("--data-dir", str(tmp_path), "--public-url", f"https://{HOST}")

    assert "nothing here ends TLS" in said
    assert "AMANA_TRUSTED_PROXIES" in said


def test_a_plain_http_public_address_is_refused_with_the_setting_named(tmp_path: Path) -> None:
    said = refusal("--data-dir", str(tmp_path), "--public-url", "http://chat.example.org")

    assert "AMANA_PUBLIC_URL" in said


def test_an_unknown_log_level_is_refused_with_the_setting_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AMANA_LOG_LEVEL", "loud")

    assert "AMANA_LOG_LEVEL" in refusal("--data-dir", str(tmp_path))


def test_a_missing_certificate_is_named(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    said = refusal(
        *("--data-dir", str(tmp_path), "--port", str(free_port())),
        *("--public-url", f"https://{HOST}", "--tls", "files"),
    )

    assert "--tls-certificate" in said
