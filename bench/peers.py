"""Starts and stops the servers that Amana is compared with, on loopback, each in a scratch folder.

Debian's packages with Debian's defaults, except where a default would measure something else than
chat: no TLS, no rate limits, open registration, every message archived.
"""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import psutil  # type: ignore[import-untyped]  # has no types of its own

PG_PORT = 15221
PROSODY_PORT = 15222
EJABBERD_PORT = 15223
REFERENCE_PORT = 15224
DSN = f"postgresql://postgres@127.0.0.1:{PG_PORT}/postgres"

PROSODY_CONFIG = """\
pidfile="{folder}/pid"; data_path="{folder}/data"; log={{warn="{folder}/log"}}; network_backend="epoll"
interfaces={{"127.0.0.1"}}; c2s_ports={{{port}}}; s2s_ports={{}}; component_ports={{}}; http_ports={{}}
https_ports={{}}; modules_disabled={{"s2s","tls"}}; gc={{mode="generational"}}
network_settings={{nagle=false}}
modules_enabled={{"roster","saslauth","disco","mam","smacks","register_ibr","time","ping","offline"}}
allow_registration=true; registration_whitelist_only=false; authentication="internal_plain"
allow_unencrypted_plain_auth=true; c2s_require_encryption=false
default_archive_policy=true; archive_expires_after="never"; {storage}
VirtualHost "localhost"
Component "conference.localhost" "muc"
  modules_enabled={{"muc_mam"}}; muc_log_by_default=true; muc_log_all_rooms=true
  muc_log_presences=false; muc_log_expires_after="never"; muc_room_locking=false
  muc_room_default_persistent=true; muc_room_default_history_length=0; restrict_room_creation=false
"""
PROSODY_SQL = """\
storage={{archive="sql", muc_log="sql"}}; default_storage="internal"
sql={{driver="PostgreSQL",database="prosody",username="postgres",password="x",host="127.0.0.1",port={port}}}
"""
EJABBERD_CONFIG = """\
hosts: [localhost]
loglevel: warning
sql_type: pgsql
sql_server: 127.0.0.1
sql_port: {pg_port}
sql_database: ejabberd
sql_username: postgres
sql_pool_size: 10
auth_method: internal
registration_timeout: infinity
acl: {{}}
shaper: {{}}
shaper_rules: {{}}
access_rules: {{}}
listen:
  - port: {port}
    ip: "127.0.0.1"
    module: ejabberd_c2s
    max_stanza_size: 262144
    shaper: none
    access: all
    starttls: false
modules:
  mod_disco: {{}}
  mod_roster: {{}}
  mod_stream_mgmt: {{}}
  mod_register: {{ip_access: all, access: all, access_from: all}}
  mod_mam: {{db_type: sql, default: always, cache_size: 100000}}
  mod_muc:
    access: all
    access_create: all
    access_persistent: all
    access_mam: all
    history_size: 0
    max_users: 5000
    min_message_interval: 0
    default_room_options: {{mam: true, persistent: true}}
"""


@dataclass
class Running:
    """A started server: ``process_ids`` are measured, ``own`` is what we end."""

    process_ids: list[int]
    options: dict[str, str]
    own: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def stop(self) -> None:
        for process in self.own:
            end(process)


def end(process: subprocess.Popen[bytes], patience_s: float = 10) -> None:
    """Ask a process we started to stop, then end it and what it started."""
    try:
        children = psutil.Process(process.pid).children(recursive=True)
    except psutil.Error:
        children = []
    process.terminate()
    try:
        process.wait(patience_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for child in children:
        if child.is_running():
            child.kill()


def wait_for_port(port: int, process: subprocess.Popen[bytes], patience_s: float = 60) -> None:
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"{process.args!r} ended with {process.returncode}, see its 'out'")
        try:
            socket.create_connection(("127.0.0.1", port), 0.5).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"nothing listens on port {port}")


def spawn(command: list[str], folder: Path, user: str | None, **environment: str) -> subprocess.Popen[bytes]:
    dropped = user if os.geteuid() == 0 else None
    with (folder / "out").open("wb") as out:
        return subprocess.Popen(
            command,
            cwd=folder,
            stdout=out,
            stderr=subprocess.STDOUT,
            env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "HOME": str(folder), **environment},
            user=dropped,
            group=dropped,
            extra_groups=None if dropped is None else [],
        )


def fresh_folder(path: Path, user: str) -> Path:
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(parents=True)
    if os.geteuid() == 0:
        shutil.chown(path, user, user)
    return path


def give_to(path: Path, user: str) -> None:
    if os.geteuid() == 0:
        for each in [path, *path.rglob("*")]:
            shutil.chown(each, user, user)


class Database:
    """A private PostgreSQL from the system's packages, every safety on, for peers and reference."""

    def __init__(self, scratch: Path) -> None:
        self.bin = max(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
        self.folder = fresh_folder(scratch / "postgresql", "postgres")
        self.data = self.folder / "data"
        self.initdb()
        command = [str(self.bin / "postgres"), "-D", str(self.data)]
        self.process = spawn(command, self.folder, "postgres")
        wait_for_port(PG_PORT, self.process)
        self.wait_until_ready()

    def initdb(self) -> None:
        command = [str(self.bin / "initdb"), "-D", str(self.data), "-U", "postgres", "-A", "trust"]
        if spawn([*command, "-E", "UTF8", "--locale=C"], self.folder, "postgres").wait() != 0:
            raise RuntimeError((self.folder / "out").read_text())
        with (self.data / "postgresql.conf").open("a") as file:
            file.write(
                f"listen_addresses='127.0.0.1'\nport={PG_PORT}\nunix_socket_directories=''\n"
                "shared_buffers=512MB\nmax_connections=200\nwal_compression=on\nmax_wal_size=4GB\n"
                "synchronous_commit=on\nfsync=on\n"
            )

    def wait_until_ready(self) -> None:
        for _ in range(100):
            if subprocess.run(self.psql("postgres", "SELECT 1"), capture_output=True).returncode == 0:
                return
            time.sleep(0.1)
        raise RuntimeError("PostgreSQL does not answer")

    def psql(self, database: str, statement: str) -> list[str]:
        where = ["-h", "127.0.0.1", "-p", str(PG_PORT), "-U", "postgres", "-d", database]
        return [str(self.bin / "psql"), *where, "-q", "-v", "ON_ERROR_STOP=1", "-c", statement]

    def recreate(self, database: str, schema: Path | None = None) -> None:
        for statement in (f"DROP DATABASE IF EXISTS {database}", f"CREATE DATABASE {database}"):
            subprocess.run(self.psql("postgres", statement), check=True)
        if schema is not None:
            command = [*self.psql(database, "")[:-2], "-f", str(schema)]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)

    def stop(self) -> None:
        end(self.process, patience_s=30)


def start_prosody(scratch: Path, database: Database | None) -> Running:
    folder = fresh_folder(scratch / "prosody", "prosody")
    (folder / "data").mkdir()
    storage = 'default_storage="internal"'
    if database is not None:
        database.recreate("prosody")
        storage = PROSODY_SQL.format(port=PG_PORT)
    config = folder / "prosody.cfg.lua"
    config.write_text(PROSODY_CONFIG.format(folder=folder, port=PROSODY_PORT, storage=storage))
    give_to(folder, "prosody")
    process = spawn(["prosody", "--config", str(config), "-F"], folder, "prosody")
    wait_for_port(PROSODY_PORT, process)
    measured = [process.pid] + ([database.process.pid] if database else [])
    return Running(measured, {"port": str(PROSODY_PORT)}, [process])


def start_ejabberd(scratch: Path, database: Database) -> Running:
    folder = fresh_folder(scratch / "ejabberd", "ejabberd")
    database.recreate("ejabberd", Path("/usr/share/ejabberd/sql/pg.sql"))
    (folder / "ejabberd.yml").write_text(EJABBERD_CONFIG.format(port=EJABBERD_PORT, pg_port=PG_PORT))
    (folder / "spool").mkdir()
    give_to(folder, "ejabberd")
    code = next(Path("/usr/lib").glob("*/ejabberd-*/ebin"))
    node = ["-sname", "amanabench@localhost", "-setcookie", "bench"]
    loopback = ["-kernel", "inet_dist_use_interface", "{127,0,0,1}"]
    spool = ["-mnesia", "dir", f'"{folder}/spool"']
    process = spawn(
        [
            "erl",
            "+K",
            "true",
            "-noinput",
            "-noshell",
            *node,
            *loopback,
            "-pa",
            str(code),
            *spool,
            "-s",
            "ejabberd",
        ],
        folder,
        "ejabberd",
        EJABBERD_CONFIG_PATH=str(folder / "ejabberd.yml"),
        EJABBERD_LOG_PATH=str(folder / "log"),
        SPOOL_DIR=str(folder / "spool"),
        ERL_LIBS=str(code.parent.parent),
        ERL_EPMD_ADDRESS="127.0.0.1",
    )
    wait_for_port(EJABBERD_PORT, process)
    return Running([process.pid, database.process.pid], {"port": str(EJABBERD_PORT)}, [process])


def start_reference(scratch: Path, database: Database) -> Running:
    folder = scratch / "reference"
    folder.mkdir(exist_ok=True)
    here = str(Path(__file__).parent.parent)
    command = [sys.executable, "-m", "bench.reference", str(REFERENCE_PORT), DSN]
    process = spawn(command, folder, None, PYTHONPATH=here)
    wait_for_port(REFERENCE_PORT, process)
    return Running([process.pid, database.process.pid], {"port": str(REFERENCE_PORT)}, [process])


@dataclass(frozen=True)
class Peer:
    """A server that can be compared: how it is started and what says whether it is installed."""

    title: str
    start: Callable[[Path, Database], Running]
    package: str
    binary: str


PEERS = {
    "prosody": Peer(
        "Prosody, file archive (no fsync)", lambda s, _: start_prosody(s, None), "prosody", "prosody"
    ),
    "prosody_pg": Peer("Prosody + PostgreSQL", start_prosody, "lua-dbi-postgresql", "prosody"),
    "ejabberd_pg": Peer("ejabberd + PostgreSQL", start_ejabberd, "ejabberd", "erl"),
    "reference": Peer("reference: the limit", start_reference, "postgresql", "psql"),
}


def missing(name: str) -> str | None:
    """The Debian package to install for this peer; None when it is there."""
    package = PEERS[name].package
    known = subprocess.run(["dpkg-query", "-W", "-f", "${Status}", package], capture_output=True, text=True)
    installed = known.stdout.endswith("installed") and shutil.which(PEERS[name].binary)
    return None if installed else package


def version(package: str) -> str:
    """A Debian package's version, for the report."""
    known = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", package], capture_output=True, text=True)
    return known.stdout or "not installed"
