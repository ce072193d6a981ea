"""A real S3 server on loopback, for tests."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.server import free_port

ACCESS_KEY, SECRET_KEY = "amana-test", "amana-test-secret"
START_LIMIT_S = 60.0


@dataclass
class S3Server:
    """One SeaweedFS with a bucket named ``backups``.

    Attributes:
        environment: what a program needs to reach it.
    """

    endpoint: str
    folder: Path
    process: "subprocess.Popen[bytes]"

    @property
    def environment(self) -> dict[str, str]:
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
            "AWS_REGION": "us-east-1",
        }


@contextmanager
def running_s3() -> Iterator[S3Server]:
    """Start SeaweedFS on free ports; ends with the block."""
    folder = Path(tempfile.mkdtemp(prefix="amana-s3-"))
    ports = {name: free_port() for name in ("master", "volume", "filer", "s3")}
    grpc = {f"{name}.port.grpc": free_port() for name in ports}
    arguments = [f"-{name}.port={port}" for name, port in ports.items()]
    arguments += [f"-{name}={port}" for name, port in grpc.items()]
    process = subprocess.Popen(
        [
            str(Path(sys.executable).with_name("weed")), f"-logdir={folder}", "server", "-s3",
            "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-s3.port.iceberg=0", "-s3.port.lance=0",
            f"-dir={folder}", "-volume.max=5", "-master.volumeSizeLimitMB=64", *arguments,
        ],
        stdout=(folder / "output").open("wb"), stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
        env={**os.environ, "AWS_ACCESS_KEY_ID": ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": SECRET_KEY},
    )  # fmt: skip
    server = S3Server(f"http://127.0.0.1:{ports['s3']}", folder, process)
    try:
        _wait(server, ports["s3"])
        _make_bucket(server)
        yield server
    finally:
        process.kill()
        process.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _wait(server: S3Server, port: int) -> None:
    end = time.monotonic() + START_LIMIT_S
    while time.monotonic() < end:
        if server.process.poll() is not None:
            break
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError(f"weed did not start:\n{(server.folder / 'output').read_text()[-3000:]}")


def _make_bucket(server: S3Server) -> None:
    import obstore
    from obstore.store import S3Store

    # SeaweedFS makes a bucket for whoever puts an object into one that is not there.
    store = S3Store(
        "backups", endpoint=server.endpoint, access_key_id=ACCESS_KEY, secret_access_key=SECRET_KEY,
        region="us-east-1", client_options={"allow_http": True},
    )  # fmt: skip
    end = time.monotonic() + START_LIMIT_S
    while True:
        try:
            obstore.put(store, "ready", b"yes")
            obstore.delete(store, "ready")
            return
        except Exception:
            if time.monotonic() > end:
                raise
            time.sleep(0.2)
