"""A real OpenBao on loopback, with a transit engine, a key, and a token of the least rights."""

import itertools
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx

from amana.vault.transit import TransitPlace

START_LIMIT_S = 30.0
POLICY = """
path "transit/encrypt/{key}" {{ capabilities = ["update"] }}
path "transit/decrypt/{key}" {{ capabilities = ["update"] }}
path "auth/token/lookup-self" {{ capabilities = ["read"] }}
path "auth/token/renew-self" {{ capabilities = ["update"] }}
"""


class Bao:
    """One server that keeps what it stores, and can be stopped, started, sealed and emptied.

    Attributes:
        key: name of the key that the present test uses.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.token_file = folder / "token"
        self.port, self.cluster_port = _free_port(), _free_port()
        self.key = ""
        self._keys = itertools.count(1)
        self.url = f"http://127.0.0.1:{self.port}"
        self.root_token = ""
        self.unseal_key = ""
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def place(self) -> TransitPlace:
        return TransitPlace(self.url, self.key, self.token_file)

    @property
    def settings(self) -> dict[str, str]:
        """What a server's environment needs to reach this key."""
        return {
            "AMANA_TRANSIT_URL": self.url,
            "AMANA_TRANSIT_KEY": self.key,
            "AMANA_TRANSIT_TOKEN_FILE": str(self.token_file),
        }

    def prepare(self) -> None:
        """Whatever a test before left: running, unsealed, with an engine, a fresh key and a token for it."""
        if self.process is None:
            self.start()
        if not self.root_token:
            answer = self.call("PUT", "sys/init", secret_shares=1, secret_threshold=1)
            self.root_token, self.unseal_key = answer["root_token"], answer["keys_base64"][0]
        self.unseal()
        if "transit/" not in self.call("GET", "sys/mounts")["data"]:
            self.call("POST", "sys/mounts/transit", type="transit")
        self.key = f"amana-{next(self._keys)}"
        self.call("POST", f"transit/keys/{self.key}")
        self.call("PUT", f"sys/policies/acl/{self.key}", policy=POLICY.format(key=self.key))
        self.write_token(self.new_token())

    def new_token(self, ttl: str = "1h") -> str:
        made = self.call(
            "POST", "auth/token/create", policies=[self.key], no_default_policy=True, ttl=ttl, renewable=True
        )
        return str(made["auth"]["client_token"])

    def write_token(self, token: str) -> None:
        self.token_file.write_text(token + "\n")
        self.token_file.chmod(0o600)

    def start(self) -> None:
        storage = self.folder / "storage"
        storage.mkdir(exist_ok=True)
        configuration = {
            "storage": {"raft": {"path": str(storage), "node_id": "one"}},
            "listener": {
                "tcp": {
                    "address": f"127.0.0.1:{self.port}",
                    "cluster_address": f"127.0.0.1:{self.cluster_port}",
                    "tls_disable": True,
                }
            },
            "api_addr": self.url,
            "cluster_addr": f"http://127.0.0.1:{self.cluster_port}",
        }
        path = self.folder / "bao.json"
        path.write_text(json.dumps(configuration))
        with (self.folder / "bao.log").open("ab") as output:
            self.process = subprocess.Popen(
                [str(Path(sys.executable).with_name("bao")), "server", f"-config={path}"],
                stdout=output,
                stderr=output,
                env={**os.environ, "HOME": str(self.folder)},
                start_new_session=True,
            )
        for _ in range(int(START_LIMIT_S / 0.05)):
            try:
                httpx.get(f"{self.url}/v1/sys/seal-status", timeout=2)
                return
            except httpx.HTTPError:
                assert self.process.poll() is None, (self.folder / "bao.log").read_text()[-2000:]
                time.sleep(0.05)
        raise RuntimeError("OpenBao does not answer.")

    def stop(self) -> None:
        """End it at once; what it stored stays."""
        if self.process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process = None

    def unseal(self) -> None:
        """Open it and wait until it leads itself."""
        self.call("PUT", "sys/unseal", key=self.unseal_key)
        for _ in range(int(START_LIMIT_S / 0.05)):
            if httpx.get(f"{self.url}/v1/sys/health", timeout=5).status_code == 200:
                return
            time.sleep(0.05)
        raise RuntimeError("OpenBao does not become active.")

    def seal(self) -> None:
        self.call("PUT", "sys/seal")

    def delete_key(self) -> None:
        self.call("POST", f"transit/keys/{self.key}/config", deletion_allowed=True)
        self.call("DELETE", f"transit/keys/{self.key}")

    def call(self, method: str, path: str, **body: object) -> dict[str, Any]:
        headers = {"X-Vault-Token": self.root_token} if self.root_token else {}
        answer = httpx.request(method, f"{self.url}/v1/{path}", json=body, headers=headers, timeout=20)
        assert answer.is_success, f"{path}: {answer.status_code} {answer.text}"
        return dict(answer.json()) if answer.content else {}


@contextmanager
def running_bao(folder: Path) -> Iterator[Bao]:
    """A server to ``prepare``, ended at the end."""
    bao = Bao(folder)
    try:
        yield bao
    finally:
        bao.stop()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
