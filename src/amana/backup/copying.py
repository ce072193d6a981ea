"""A base: one physical copy of the whole database, streamed into a target.

``pg_basebackup`` → compared with its manifest → gzip → age → target, one block after the other. The
copy is on no disk but the target's. If anything goes wrong on the way, no object appears.
"""

import hashlib
import os
import subprocess
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from amana import __version__
from amana.backup import layout, lsn
from amana.backup.envelope import sealed
from amana.backup.errors import BackupFailure
from amana.backup.keys import Recipient
from amana.backup.server import ServerFacts, copy_program, failure_of, without_password
from amana.backup.tarcheck import Manifest, TarCheck
from amana.backup.target import Target
from amana.kernel.clock import Clock

CHUNK_BYTES = 1 << 20
MAX_SAID_BYTES = 65_536


@dataclass(frozen=True, slots=True)
class BaseJob:
    """What one base is made from.

    Attributes:
        moved: told how many bytes of the database went by.
        stop: when it is set, the copy ends at once and leaves nothing.
    """

    dsn: str
    facts: ServerFacts
    recipients: Sequence[Recipient]
    moved: Callable[[int], None]
    stop: threading.Event


def take_base(target: Target, job: BaseJob, clock: Clock) -> layout.BaseInfo:
    """Copy the database into ``target``; blocks until it is done.

    Raises:
        TargetUnusable: the target does not take it.
        BaseFailed: the server does not give it, or not as its manifest says.
        NoBackupRights: the account may not.
    """
    started = clock.now()
    stamp = layout.stamp_of(started)
    try:
        check, seal = TarCheck(), _Hashed()
        size_bytes = target.put(
            layout.base_tar(stamp), seal.passing(sealed(check.passing(_copy(job)), job.recipients))
        )
        manifest = check.manifest()
        target.put(layout.base_manifest(stamp), sealed([manifest.data], job.recipients))
        info = _info(
            manifest,
            job.facts,
            started=started,
            finished=clock.now(),
            plain_bytes=check.size_bytes,
            sealed_bytes=size_bytes,
            sealed_sha256=seal.sha256,
        )
        target.put(layout.base_info(stamp), [info.encode()])
    except BaseException:
        with suppress(BackupFailure):
            for path in (layout.base_tar(stamp), layout.base_manifest(stamp)):
                target.delete(path)
        raise
    return info


def _info(
    manifest: Manifest,
    facts: ServerFacts,
    *,
    started: datetime,
    finished: datetime,
    plain_bytes: int,
    sealed_bytes: int,
    sealed_sha256: str,
) -> layout.BaseInfo:
    segment = facts.wal_segment_bytes
    start, end = lsn.parse(manifest.start_lsn), lsn.parse(manifest.end_lsn)
    return layout.BaseInfo(
        stamp=layout.stamp_of(started),
        started=started.isoformat(),
        finished=finished.isoformat(),
        timeline=manifest.timeline,
        start_lsn=manifest.start_lsn,
        end_lsn=manifest.end_lsn,
        first_wal=lsn.segment_name(manifest.timeline, start // segment, segment),
        last_wal=lsn.segment_name(manifest.timeline, (end - 1) // segment, segment),
        wal_segment_bytes=segment,
        system_identifier=facts.system_identifier,
        postgres=facts.version,
        amana=__version__,
        schema=facts.schema,
        plain_bytes=plain_bytes,
        sealed_bytes=sealed_bytes,
        sealed_sha256=sealed_sha256,
    )


class _Hashed:
    """SHA-256 of what passes."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()

    def passing(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        for chunk in chunks:
            self._hash.update(chunk)
            yield chunk

    @property
    def sha256(self) -> str:
        return self._hash.hexdigest()


def _copy(job: BaseJob) -> Iterator[bytes]:
    """The tar as ``pg_basebackup`` writes it. If we die, its output breaks and it ends by itself."""
    address, password = without_password(job.dsn)
    command = [
        copy_program(job.facts.major),
        f"--dbname={address}",
        "--pgdata=-",
        "--format=tar",
        "--wal-method=none",
        "--checkpoint=fast",
        "--manifest-checksums=SHA256",
        "--label=amana",
        "--no-password",
    ]
    environment = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC", "HOME": "/nonexistent"}
    if password is not None:
        environment["PGPASSWORD"] = password
    pipe, nothing = subprocess.PIPE, subprocess.DEVNULL
    with subprocess.Popen(
        command, stdin=nothing, stdout=pipe, stderr=pipe, env=environment, cwd="/"
    ) as process:
        said = _Said(process)
        try:
            yield from _read(process, job)
            if process.wait() != 0:
                raise failure_of(said.text())
        finally:
            if process.poll() is None:
                process.kill()


def _read(process: "subprocess.Popen[bytes]", job: BaseJob) -> Iterator[bytes]:
    if process.stdout is None:
        raise RuntimeError("a pipe was asked for")
    descriptor = process.stdout.fileno()
    while chunk := os.read(descriptor, CHUNK_BYTES):
        if job.stop.is_set():
            raise Stopped("The backup was stopped.")
        job.moved(len(chunk))
        yield chunk


class Stopped(BackupFailure):
    """Somebody asked for it: the server stops, or Ctrl+C."""


class _Said:
    """Collects the error output, so that the program never waits for somebody to read it."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self._data = bytearray()
        self._thread = threading.Thread(target=self._collect, args=(process,), daemon=True)
        self._thread.start()

    def text(self) -> str:
        self._thread.join(timeout=5)
        return self._data.decode(errors="replace")

    def _collect(self, process: "subprocess.Popen[bytes]") -> None:
        if process.stderr is None:
            return
        with suppress(OSError, ValueError):
            while part := os.read(process.stderr.fileno(), 4096):
                if len(self._data) < MAX_SAID_BYTES:
                    self._data += part
