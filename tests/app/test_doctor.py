"""The doctor: every fault is really there once, is found, and comes with what to type."""

import asyncio
import json
import os
import resource
import socket
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from amana.app.doctor import Finding, Level, Probe, examine
from amana.app.doctor.gather import gather
from amana.app.doctor.model import CrewFacts, LogFacts
from amana.app.secure_context import SecureContext
from amana.app.serving import serving
from amana.app.settings import Settings, TlsMode
from amana.backup import layout
from amana.evidence.cosigning_coverage import WitnessState
from amana.kernel.clock import SystemClock
from amana.kernel.entropy import SystemEntropy
from amana.vault import KeyFile
from tests.cli.commands import amana
from tests.support.client import set_up
from tests.support.server import ServerProcess

NOW = datetime.now(UTC)


class Slow(SystemClock):
    """A machine whose clock is a day behind."""

    def now(self) -> datetime:
        return super().now() - timedelta(days=1)


@pytest.fixture(scope="module")
async def server() -> AsyncIterator[ServerProcess]:
    server = ServerProcess()
    await server.start()
    await set_up(server.base_url, server.setup_secret())
    yield server
    await server.remove()


@pytest.fixture(scope="module")
async def healthy(server: ServerProcess) -> Probe:
    """What a look at the running server gives; tests that need no server change parts of it."""
    return await probe(server)


async def probe(server: ServerProcess, clock: SystemClock | None = None, **settings: object) -> Probe:
    chosen = Settings(data_dir=server.data_dir, **settings)  # type: ignore[arg-type]  # pydantic checks
    return await gather(chosen, clock or SystemClock(), SystemEntropy())


def said(found: Probe, check: str) -> Finding:
    return next(one for one in examine(found) if one.check == check)


def expect(found: Probe, check: str, level: Level, words: str) -> None:
    finding = said(found, check)
    assert (finding.level, words in finding.says) == (level, True), finding
    assert finding.todo or level in {Level.OK, Level.UNKNOWN}, "what is wrong comes with what to do"


async def test_a_healthy_server_has_nothing_bad_but_what_nobody_set_up(healthy: Probe) -> None:
    bad = {one.check for one in examine(healthy) if one.level is Level.BAD}

    assert bad == {"backup"}
    expect(healthy, "database", Level.OK, "own PostgreSQL")
    expect(healthy, "open_files", Level.OK, "may open")


async def test_the_root_key(server: ServerProcess, healthy: Probe, tmp_path: Path) -> None:
    expect(healthy, "root_key", Level.WARN, "lies open on the disk of the data")

    path = server.data_dir / "keys" / "root.key"
    path.chmod(0o644)
    found = await probe(server)
    path.chmod(0o600)
    expect(found, "root_key", Level.BAD, "Other accounts can read")
    expect(found, "data_folder", Level.BAD, "root.key (mode 644)")

    sealed = KeyFile(
        tmp_path / "k", "a passphrase", database_directory=tmp_path / "db", entropy=SystemEntropy()
    )
    await sealed.unlock(may_create=True)
    expect(await probe(server, root_key_file=tmp_path / "k"), "root_key", Level.OK, "sealed")
    if os.geteuid() == 0:  # root looks at the key of the account that runs the server
        os.chown(tmp_path / "k", 65534, 65534)
        expect(await probe(server, root_key_file=tmp_path / "k"), "root_key", Level.OK, "sealed")
    unreadable = replace(found, root_key=replace(healthy.root_key, is_sealed=None))
    expect(unreadable, "root_key", Level.UNKNOWN, "cannot be read")
    expect(await probe(server, root_key_file=tmp_path / "none"), "root_key", Level.UNKNOWN, "no root key")


async def test_workers_that_are_missing_too_many_or_cannot_hear(
    server: ServerProcess, healthy: Probe, unused_tcp_port: int
) -> None:
    expect(healthy, "workers", Level.OK, "One process serves")
    expect(await probe(server, workers=2), "workers", Level.BAD, "Only 0 of 2 workers serve")
    crowded = replace(healthy, crew=CrewFacts(wanted=9, alive=9, cores=2))
    expect(crowded, "workers", Level.WARN, "9 workers share 2 cores")
    deaf = await probe(server, nats_url=f"nats://a:b@127.0.0.1:{unused_tcp_port}")
    expect(deaf, "workers", Level.BAD, f"No NATS server answers at 127.0.0.1:{unused_tcp_port}")
    assert "b@" not in said(deaf, "workers").says


async def test_a_clock_that_is_behind(server: ServerProcess) -> None:
    expect(await probe(server, Slow()), "clock", Level.BAD, "clock is behind")


async def test_a_clock_that_follows_nobody(healthy: Probe) -> None:
    drifting = replace(healthy, clock=replace(healthy.clock, is_synchronised=False))
    leaping = replace(healthy, clock=replace(healthy.clock, leaps=2))

    expect(leaping, "clock", Level.WARN, "leapt 2 times")

    expect(drifting, "clock", Level.WARN, "follows no time service")


async def test_a_disk_that_fills(server: ServerProcess, healthy: Probe) -> None:
    assert healthy.disk is not None
    free_mb = healthy.disk.free // 1024**2

    expect(await probe(server, disk_reserve_mb=free_mb * 2), "disk", Level.BAD, "nothing new is taken")
    expect(await probe(server, disk_reserve_mb=int(free_mb / 1.5)), "disk", Level.WARN, "are free")
    # The running server makes a new one within a second, so its absence is only told.
    bare = replace(healthy, disk=replace(healthy.disk, has_ballast=False))
    expect(bare, "disk", Level.WARN, "ballast file is missing")


async def test_limits_of_the_running_process(server: ServerProcess) -> None:
    files = resource.prlimit(server.pid, resource.RLIMIT_NOFILE)
    cores = resource.prlimit(server.pid, resource.RLIMIT_CORE)
    resource.prlimit(server.pid, resource.RLIMIT_NOFILE, (512, files[1]))
    resource.prlimit(server.pid, resource.RLIMIT_CORE, (cores[1], cores[1]))
    found = await probe(server)
    resource.prlimit(server.pid, resource.RLIMIT_NOFILE, files)
    resource.prlimit(server.pid, resource.RLIMIT_CORE, cores)

    expect(found, "open_files", Level.BAD, "may open 512 files")
    if cores[1] != 0:
        expect(found, "memory", Level.WARN, "core file")


async def test_swap_that_is_not_encrypted(healthy: Probe) -> None:
    expect(replace(healthy, swap=[("/dev/sdb1", False)]), "memory", Level.WARN, "/dev/sdb1")


async def test_backups(server: ServerProcess, healthy: Probe, tmp_path: Path) -> None:
    expect(healthy, "backup", Level.BAD, "no backup")

    recipient = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"
    wanted: dict[str, Any] = {"backup_target": str(tmp_path), "backup_recipient": recipient}
    expect(await probe(server, backup_target=str(tmp_path)), "backup", Level.BAD, "no offline key")
    expect(await probe(server, **wanted), "backup", Level.BAD, "holds no base")
    old, fresh = layout.stamp_of(NOW - timedelta(days=9)), layout.stamp_of(NOW)
    for name in (layout.base_info(old), layout.wal_object("0" * 24), layout.keyring_object(fresh)):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    expect(await probe(server, **wanted), "backup", Level.BAD, "base is 9 days old")
    (tmp_path / layout.base_info(fresh)).parent.mkdir()
    (tmp_path / layout.base_info(fresh)).write_bytes(b"x")
    expect(await probe(server, **wanted), "backup", Level.OK, "newest base")
    (tmp_path / layout.keyring_object(fresh)).rename(tmp_path / layout.keyring_object(old))
    expect(await probe(server, **wanted), "backup", Level.BAD, "keyring is 9 days old")


async def test_the_public_address(server: ServerProcess, healthy: Probe) -> None:
    expect(healthy, "public_url", Level.OK, "this machine only")
    expect(await probe(server, host="0.0.0.0"), "public_url", Level.BAD, "no address")
    expect(await probe(server, public_url=server.base_url), "public_url", Level.OK, "leads here")
    expect(await probe(server, public_url="http://localhost:1"), "public_url", Level.BAD, "cannot be reached")

    async def stranger(scope: object, receive: object, send: object) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})  # type: ignore[operator]
        await send({"type": "http.response.body", "body": b"hello"})  # type: ignore[operator]

    behind_a_proxy = SecureContext(stranger, public_url="https://chat.example.org")
    for app, words in ((stranger, "Something else answers"), (behind_a_proxy, "not believed")):
        with socket.create_server(("127.0.0.1", 0)) as sock:
            sock.setblocking(False)
            async with serving(app, sock, None, name="stranger"):
                url = f"http://127.0.0.1:{sock.getsockname()[1]}"
                expect(await probe(server, public_url=url), "public_url", Level.BAD, words)


def weak_certificate(path: Path) -> None:
    key = rsa.generate_private_key(65537, 1024)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "chat.example.org")])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(NOW).not_valid_after(NOW + timedelta(days=90))
    names = x509.SubjectAlternativeName([x509.DNSName("chat.example.org")])
    made = builder.add_extension(names, critical=False).sign(key, hashes.SHA256())
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM))


async def test_certificates(server: ServerProcess, tmp_path: Path) -> None:
    path, authority = tmp_path / "chain.pem", trustme.CA()

    async def found() -> Probe:
        served: dict[str, Any] = {"tls": TlsMode.FILES, "tls_certificate": path}
        return await probe(server, public_url="https://chat.example.org", **served)

    expect(await found(), "tls", Level.BAD, "cannot be read")
    authority.issue_cert("chat.example.org", not_after=NOW - timedelta(days=3)).cert_chain_pems[
        0
    ].write_to_path(path)
    expect(await found(), "tls", Level.BAD, "expired 3 days ago")
    authority.issue_cert("other.example.org").cert_chain_pems[0].write_to_path(path)
    expect(await found(), "tls", Level.BAD, "not for chat.example.org")
    authority.issue_cert("*.example.org", not_after=NOW + timedelta(days=3)).cert_chain_pems[0].write_to_path(
        path
    )
    expect(await found(), "tls", Level.WARN, "expires on")
    weak_certificate(path)
    expect(await found(), "tls", Level.BAD, "weak (1024 bits)")


async def test_proxies(healthy: Probe) -> None:
    everybody = replace(healthy, trusted_proxies=[ip_network("0.0.0.0/0")])
    nobody = replace(healthy, public_url="https://chat.example.org")

    expect(everybody, "proxies", Level.BAD, "may claim any address")
    expect(nobody, "proxies", Level.BAD, "no proxy is trusted")


def watcher(**more: object) -> WitnessState:
    quiet = dict.fromkeys(("cosigned_at", "waiting_since", "last_error", "failing_since", "rollback_seen"))
    facts = {"name": "council", "vkey": "k", "url": "https://w", "size": 5, "alarm": None, "alarm_size": None}
    return WitnessState(**{**quiet, **facts, **more})  # type: ignore[arg-type]


async def test_witnesses(healthy: Probe) -> None:
    def watched(*witnesses: WitnessState) -> Probe:
        return replace(healthy, log=LogFacts(7, healthy.now, witnesses))

    expect(watched(), "witness", Level.WARN, "Nobody outside")
    expect(watched(watcher()), "witness", Level.OK, "follow")
    late = watcher(waiting_since=healthy.now - timedelta(days=3), last_error="unreachable")
    expect(watched(watcher(), late), "witness", Level.BAD, "3 days (unreachable)")
    forked, rolled = watcher(alarm="forked"), watcher(alarm="rolled_back")
    expect(watched(watcher(), forked), "log", Level.BAD, "something else than")
    expect(watched(rolled), "log", Level.BAD, "more than")


async def test_a_database_of_the_operators_own(server: ServerProcess, healthy: Probe) -> None:
    connection = await asyncpg.connect(server.superuser_dsn())
    try:
        await connection.execute("ALTER DATABASE amana SET synchronous_commit = off")
        found = await probe(server, database_url=server.superuser_dsn())
        await connection.execute("ALTER DATABASE amana RESET synchronous_commit")
    finally:
        await connection.close()

    expect(found, "database", Level.BAD, "acknowledged messages can be lost")
    expect(replace(found, database={"wal_recycle": "on"}), "database", Level.WARN, "erased content stays")
    gone = await probe(server, database_url="postgresql://nobody@127.0.0.1:1/none")
    expect(gone, "database", Level.BAD, "cannot be asked")


async def test_the_command_looks_at_the_running_and_at_the_stopped_server(server: ServerProcess) -> None:
    async def doctor(*more: str) -> tuple[int, str]:
        told = await asyncio.to_thread(amana, "doctor", "--data-dir", server.data_dir, *more)
        assert told.err == ""
        return told.code, told.out

    code, text = await doctor()
    assert code == 3
    assert "bad      backup       There is no backup" in text
    await server.stop()
    code, text = await doctor("--json")

    assert code == 3
    findings = {one["check"]: one for one in json.loads(text)}
    assert findings["backup"]["level"] == "bad"
    assert findings["database"]["level"] == "ok"
