"""A real PgBouncer in transaction mode in front of a test's PostgreSQL."""

import asyncio
import os
import shutil
import subprocess
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import asyncpg

from amana.storage.osuser import choose_user, spawn_identity
from tests.support.postgres import scratch_dir
from tests.support.server import free_port

PROGRAM = Path("/usr/sbin/pgbouncer")
READY_S = 20.0


class Bouncer:
    """Few connections to the server, many from clients, each lent for one transaction.

    Attributes:
        dsn: the database through the pooler.
    """

    def __init__(self, dsn: str, *, server_connections: int = 4) -> None:
        parts = urlsplit(dsn)
        query = parse_qs(parts.query)
        host = query["host"][0] if "host" in query else str(parts.hostname)
        server_port = query["port"][0] if "port" in query else str(parts.port)
        account, password = str(parts.username), unquote(str(parts.password))
        self.port = free_port()
        self.dsn = f"postgresql://{account}:{parts.password}@127.0.0.1:{self.port}{parts.path}"
        self.folder = scratch_dir()
        self.process: subprocess.Popen[bytes] | None = None
        self._user = choose_user(None, None)
        users = self.folder / "users.txt"
        users.write_text(f'"{account}" "{password}"\n')
        self._configuration = self.folder / "pgbouncer.ini"
        self._configuration.write_text(
            f"[databases]\n* = host={host} port={server_port}\n"
            "[pgbouncer]\nlisten_addr = 127.0.0.1\n"
            f"listen_port = {self.port}\nauth_type = scram-sha-256\nauth_file = {users}\n"
            f"pool_mode = transaction\ndefault_pool_size = {server_connections}\nmax_client_conn = 200\n"
            f"unix_socket_dir = \nlogfile = {self.folder / 'log'}\n"
        )
        for path in (self.folder, users, self._configuration):
            os.chown(path, self._user.uid, self._user.gid)

    async def start(self) -> None:
        self.process = subprocess.Popen(
            [str(PROGRAM), "-q", str(self._configuration)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=self.folder,
            **spawn_identity(self._user),
        )
        async with asyncio.timeout(READY_S):
            while True:
                try:
                    connection = await asyncpg.connect(self.dsn, timeout=3, statement_cache_size=0)
                except (OSError, asyncpg.PostgresError):
                    await asyncio.sleep(0.05)
                else:
                    await connection.close()
                    return

    def close(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)
