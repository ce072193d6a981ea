"""The copy of the whole database: compared with its manifest, in one piece or not at all."""

import hashlib
import io
import json
import tarfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from amana.backup import layout, server
from amana.backup.copying import BaseJob, Stopped, take_base
from amana.backup.envelope import as_file, open_whole, opened
from amana.backup.errors import BaseFailed, NoBackupRights
from amana.backup.tarcheck import TarCheck
from amana.backup.target import LocalTarget, Target
from tests.backup.s3 import S3Server
from tests.backup.world import Cluster
from tests.support.clock import FakeClock


async def job_for(cluster: Cluster, dsn: str | None = None) -> BaseJob:
    async with server.connected(cluster.dsn) as connection:
        facts = await server.facts_of(connection)
    return BaseJob(dsn or cluster.dsn, facts, cluster.recipients, lambda _: None, threading.Event())


def unpacked(cluster: Cluster, target: Target, stamp: str) -> dict[str, bytes]:
    stream = as_file(opened(target.get(layout.base_tar(stamp)), [cluster.identity]))
    files = {}
    with tarfile.open(fileobj=stream, mode="r|") as archive:
        for member in archive:
            if member.isfile() and (file := archive.extractfile(member)):
                files[member.name] = file.read()
    return files


async def test_a_base_is_whole_and_says_where_it_is_from(
    cluster: Cluster, tmp_path: Path, clock: FakeClock
) -> None:
    target, job = LocalTarget(tmp_path), await job_for(cluster)

    info = take_base(target, job, clock)

    assert layout.list_bases(target) == [info]
    files = unpacked(cluster, target, info.stamp)
    assert {"backup_label", "PG_VERSION", "global/pg_control", "backup_manifest"} <= set(files)
    sealed = open_whole(b"".join(target.get(layout.base_manifest(info.stamp))), [cluster.identity])
    assert sealed == files["backup_manifest"]
    for entry in json.loads(sealed)["Files"]:
        assert hashlib.sha256(files[entry["Path"]]).hexdigest() == entry["Checksum"]
    stored = b"".join(target.get(layout.base_tar(info.stamp)))
    assert (hashlib.sha256(stored).hexdigest(), len(stored)) == (info.sealed_sha256, info.sealed_bytes)
    assert info.postgres.startswith(str(job.facts.major))
    assert info.first_wal <= info.last_wal


async def test_a_bucket_gets_the_same(
    cluster: Cluster, s3: S3Server, clock: FakeClock, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from amana.backup.target import open_target

    for name, value in s3.environment.items():
        monkeypatch.setenv(name, value)
    target = open_target(f"s3://backups/{tmp_path.name}")

    info = take_base(target, await job_for(cluster), clock)

    assert "backup_label" in unpacked(cluster, target, info.stamp)


async def test_a_stopped_copy_leaves_nothing(cluster: Cluster, tmp_path: Path, clock: FakeClock) -> None:
    target, job = LocalTarget(tmp_path), await job_for(cluster)
    job.stop.set()

    with pytest.raises(Stopped):
        take_base(target, job, clock)

    assert list(target.list()) == []
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


async def test_no_password_is_on_the_command_line() -> None:
    for dsn in (
        "postgresql://amana:s3%40cret@/amana?host=%2Frun&port=5432",
        "postgresql://amana@db.example.org/amana?password=s3%40cret&sslmode=verify-full",
    ):
        clean, password = server.without_password(dsn)
        assert password == "s3@cret"
        assert "cret" not in clean
        assert server.without_password(clean) == (clean, None)
    assert "sslmode=verify-full" in clean


async def test_an_account_without_replication_is_told_so(
    cluster: Cluster, tmp_path: Path, clock: FakeClock
) -> None:
    await cluster.run("CREATE ROLE weak LOGIN PASSWORD 'weak'")
    weak = cluster.dsn.replace(cluster.dsn.split("@")[0], "postgresql://weak:weak")
    try:
        with pytest.raises(NoBackupRights, match="REPLICATION"):
            take_base(LocalTarget(tmp_path), await job_for(cluster, weak), clock)
    finally:
        await cluster.run("DROP ROLE weak")
    assert list(LocalTarget(tmp_path).list()) == []


def base_of(files: dict[str, bytes], manifest: dict[str, bytes], *, checksum: str | None = None) -> bytes:
    """A tar like PostgreSQL's, whose manifest speaks of other files when the test wants that."""
    entries = [
        {"Path": name, "Size": len(data), "Checksum-Algorithm": "SHA256",
         "Checksum": hashlib.sha256(data).hexdigest()}
        for name, data in manifest.items()
    ]  # fmt: skip
    body = json.dumps({"Files": entries, "WAL-Ranges": [
        {"Timeline": 1, "Start-LSN": "0/2000028", "End-LSN": "0/2000120"}]})[:-1] + ",\n"  # fmt: skip
    said = checksum or hashlib.sha256(body.encode()).hexdigest()
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, data in {
            **files,
            "backup_manifest": (body + f'"Manifest-Checksum": "{said}"}}\n').encode(),
        }.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return out.getvalue()


GOOD = {"PG_VERSION": b"18\n", "base/1/1259": bytes(8192), "empty": b"", "odd": b"x" * 513}


@pytest.mark.parametrize("step", [1, 511, 512, 1000, 1 << 20])
def test_the_check_reads_the_tar_in_pieces_of_any_size(step: int) -> None:
    data = base_of(GOOD, GOOD)
    check = TarCheck()

    passed = b"".join(check.passing(data[start : start + step] for start in range(0, len(data), step)))

    assert passed == data
    assert (check.manifest().files, check.manifest().start_lsn) == (4, "0/2000028")


def wrong_bases() -> Iterator[tuple[str, bytes]]:
    yield "flipped", base_of({**GOOD, "odd": b"x" * 512 + b"y"}, GOOD)
    yield "longer", base_of({**GOOD, "PG_VERSION": b"18\n\n"}, GOOD)
    yield "missing", base_of({k: v for k, v in GOOD.items() if k != "empty"}, GOOD)
    yield "extra", base_of({**GOOD, "stranger": b"x"}, GOOD)
    yield "manifest", base_of(GOOD, GOOD, checksum="0" * 64)
    yield "cut", base_of(GOOD, GOOD)[:9000]
    yield "nothing", b""


@pytest.mark.parametrize(("what", "data"), list(wrong_bases()))
def test_every_seeded_fault_of_a_copy_is_found_and_nothing_is_stored(
    what: str, data: bytes, tmp_path: Path
) -> None:
    target = LocalTarget(tmp_path)

    with pytest.raises(BaseFailed):
        target.put("base/x/base.tar.gz.age", TarCheck().passing([data]))

    assert list(target.list()) == [], what
