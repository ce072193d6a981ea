"""Where backups go: one port, a folder or a bucket. Nothing else reads or writes a target.

An object appears whole or not at all. Everything here blocks and is called from threads.
"""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from amana.backup.errors import ObjectMissing, TargetUnusable
from amana.kernel.entropy import Entropy, SystemEntropy

if TYPE_CHECKING:
    from obstore.store import S3Config, S3Store

READ_BYTES = 1 << 20
# S3 allows 10,000 parts: 160 GB of sealed base at 16 MB each, and not more than three in memory.
PART_BYTES = 16 << 20
PARTS_AT_ONCE = 2
# What another writer left behind in the middle of an upload is nobody's after this time.
ABANDONED = timedelta(days=1)
_INCOMING = ".incoming"


@dataclass(frozen=True, slots=True)
class Stored:
    """One object as the target lists it.

    Attributes:
        path: below the target, with slashes: ``wal/000000010000000000000003.gz.age``.
        modified: when it was written, by the target's clock.
    """

    path: str
    size_bytes: int
    modified: datetime


class Target(Protocol):
    """A place for backups. Paths are those of ``layout``; chunks are of any size."""

    @property
    def name(self) -> str:
        """The place as people write it; holds no secret."""

    def put(self, path: str, chunks: Iterable[bytes]) -> int:
        """Store an object over an older one of that path; give its size in bytes.

        When ``chunks`` raises, nothing is stored and the error passes through.

        Raises:
            TargetUnusable: nothing was stored.
        """

    def get(self, path: str) -> Iterator[bytes]:
        """Read an object piece by piece.

        Raises:
            ObjectMissing: there is none.
            TargetUnusable: it could not be read to its end.
        """

    def list(self, prefix: str = "") -> Iterator[Stored]:
        """Every object whose path begins with ``prefix``, sorted by path.

        Raises:
            TargetUnusable: the place does not answer.
        """

    def delete(self, path: str) -> None:
        """Remove an object; one that is gone already is fine.

        Raises:
            TargetUnusable: it is still there.
        """


def open_target(place: str, *, s3_endpoint: str | None = None, entropy: Entropy | None = None) -> Target:
    """Give the adapter for a place; nothing is written yet.

    Args:
        place: a folder, or ``s3://bucket/prefix``.
        s3_endpoint: address of an S3 that is not Amazon's. Keys and region come from ``AWS_*``.

    Raises:
        TargetUnusable: not a place at all.
    """
    if place.startswith("s3://"):
        return S3Target(place, endpoint=s3_endpoint)
    if "://" in place:
        raise TargetUnusable(f"{place} is no place for backups: give a folder or s3://bucket/prefix.")
    return LocalTarget(Path(place), entropy=entropy)


def read_all(target: Target, path: str, *, limit_bytes: int) -> bytes:
    """A small object as a whole.

    Raises:
        TargetUnusable: it is larger than ``limit_bytes``, so it is not what it should be.
    """
    data = b""
    for chunk in target.get(path):
        data += chunk
        if len(data) > limit_bytes:
            raise TargetUnusable(f"{path} in {target.name} is larger than {limit_bytes} bytes.")
    return data


class LocalTarget:
    """A folder: another disk, a mounted share."""

    def __init__(self, root: Path, *, entropy: Entropy | None = None) -> None:
        self._root = root.absolute()
        self._entropy = entropy or SystemEntropy()

    @property
    def name(self) -> str:
        return str(self._root)

    def put(self, path: str, chunks: Iterable[bytes]) -> int:
        final = self._inside(path)
        draft = self._root / _INCOMING / self._entropy.token_bytes(8).hex()
        with self._telling("written"):
            for folder in (draft.parent, final.parent):
                _make_folder(folder, self._root)
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            with os.fdopen(descriptor, "wb", buffering=0) as file:
                size_bytes = self._fill(file.fileno(), chunks)
            with self._telling("written"):
                draft.replace(final)
                _sync(final.parent)
        except BaseException:
            with suppress(OSError):
                draft.unlink(missing_ok=True)
            raise
        return size_bytes

    def get(self, path: str) -> Iterator[bytes]:
        try:
            file = self._inside(path).open("rb")
        except FileNotFoundError as error:
            raise ObjectMissing(f"{self.name} holds no {path}.") from error
        except OSError as error:
            raise TargetUnusable(f"{path} in {self.name} cannot be read: {error.strerror}.") from error
        with file:
            while True:
                with self._telling("read"):
                    chunk = file.read(READ_BYTES)
                if not chunk:
                    return
                yield chunk

    def list(self, prefix: str = "") -> Iterator[Stored]:
        # The folder part of the prefix saves walking through everything else.
        begin = self._inside(prefix.rpartition("/")[0]) if "/" in prefix else self._root
        with self._telling("listed"):
            found = sorted(self._walk(begin, prefix), key=lambda stored: stored.path)
        yield from found

    def delete(self, path: str) -> None:
        final = self._inside(path)
        with self._telling("changed"):
            final.unlink(missing_ok=True)
            if final.parent != self._root:
                # The folder of a base goes with its last object.
                with suppress(OSError):
                    final.parent.rmdir()
            if final.parent.exists():
                _sync(final.parent)

    def sweep(self, now: datetime) -> int:
        """Remove what uploads left behind that were killed long ago; give how many."""
        swept = 0
        folder = self._root / _INCOMING
        with self._telling("tidied"):
            for draft in folder.iterdir() if folder.exists() else ():
                if now - datetime.fromtimestamp(draft.stat().st_mtime, UTC) > ABANDONED:
                    draft.unlink(missing_ok=True)
                    swept += 1
        return swept

    def _fill(self, descriptor: int, chunks: Iterable[bytes]) -> int:
        size_bytes = 0
        for chunk in chunks:
            rest = memoryview(chunk)
            with self._telling("written"):
                while rest:
                    rest = rest[os.write(descriptor, rest) :]
            size_bytes += len(chunk)
        with self._telling("written"):
            os.fsync(descriptor)
        return size_bytes

    def _walk(self, folder: Path, prefix: str) -> Iterator[Stored]:
        if not folder.is_dir():
            return
        for entry in os.scandir(folder):
            if entry.name.startswith("."):
                continue
            if entry.is_dir(follow_symlinks=False):
                yield from self._walk(Path(entry.path), prefix)
                continue
            path = Path(entry.path).relative_to(self._root).as_posix()
            if path.startswith(prefix):
                status = entry.stat()
                yield Stored(path, status.st_size, datetime.fromtimestamp(status.st_mtime, UTC))

    def _inside(self, path: str) -> Path:
        if any(part in {"", ".", ".."} for part in path.split("/")):
            raise ValueError(f"{path!r} is no path of an object")
        return self._root / path

    @contextmanager
    def _telling(self, done: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise TargetUnusable(f"{self.name} cannot be {done}: {error.strerror}.") from error


class S3Target:
    """A bucket of any S3 store, below an optional prefix."""

    def __init__(self, place: str, *, endpoint: str | None = None) -> None:
        """Describe it.

        Args:
            place: ``s3://bucket/prefix``.
            endpoint: other than Amazon's. Keys, region and more are read from ``AWS_*``.
        """
        bucket, _, prefix = place.removeprefix("s3://").strip("/").partition("/")
        self._name = f"s3://{bucket}/{prefix}".rstrip("/")
        if not bucket:
            raise TargetUnusable(f"{place} names no bucket: write s3://bucket/prefix.")
        self._prefix = f"{prefix}/" if prefix else ""
        self._store = _s3_store(bucket, endpoint)

    @property
    def name(self) -> str:
        return self._name

    def put(self, path: str, chunks: Iterable[bytes]) -> int:
        import obstore

        counted = _Counted(chunks)
        source = iter(counted)
        try:
            # Most objects are small: one request instead of an upload in parts.
            first = _up_to_one_part(source)
            small = len(first) < PART_BYTES
            obstore.put(
                self._store,
                self._prefix + path,
                first if small else chain([first], source),
                use_multipart=not small,
                chunk_size=PART_BYTES,
                max_concurrency=PARTS_AT_ONCE,
            )
        except Exception as error:
            # The library wraps what the source raised; the source's own error is the one to tell.
            raise counted.failure or self._unusable(error) from error
        return counted.size_bytes

    def get(self, path: str) -> Iterator[bytes]:
        import obstore

        try:
            for chunk in obstore.get(self._store, self._prefix + path).stream(min_chunk_size=READ_BYTES):
                yield bytes(chunk)
        except FileNotFoundError as error:
            raise ObjectMissing(f"{self.name} holds no {path}.") from error
        except (obstore.exceptions.BaseError, OSError) as error:
            raise self._unusable(error) from error

    def list(self, prefix: str = "") -> Iterator[Stored]:
        import obstore

        # S3 lists by path, but the library asks for whole folders: the rest of the prefix is compared here.
        folder = self._prefix + prefix.rpartition("/")[0]
        found = []
        try:
            for page in obstore.list(self._store, folder or None):
                for meta in page:
                    path = meta["path"].removeprefix(self._prefix)
                    if path.startswith(prefix):
                        found.append(Stored(path, meta["size"], meta["last_modified"]))
        except (obstore.exceptions.BaseError, OSError) as error:
            raise self._unusable(error) from error
        yield from sorted(found, key=lambda stored: stored.path)

    def delete(self, path: str) -> None:
        import obstore

        try:
            obstore.delete(self._store, self._prefix + path)
        except FileNotFoundError:
            return
        except (obstore.exceptions.BaseError, OSError) as error:
            raise self._unusable(error) from error

    def _unusable(self, error: Exception) -> TargetUnusable:
        return TargetUnusable(f"{self.name} cannot be used: {_first_words(error)}.")


class _Counted:
    """Counts what passes, and keeps what its source raised."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = chunks
        self.size_bytes = 0
        self.failure: Exception | None = None

    def __iter__(self) -> Iterator[bytes]:
        try:
            for chunk in self._chunks:
                self.size_bytes += len(chunk)
                yield chunk
        except Exception as error:
            # Kept and raised: the library in between replaces it by an error of its own.
            self.failure = error
            raise


def _up_to_one_part(source: Iterator[bytes]) -> bytes:
    """What comes first; less than a part only when there is no more."""
    held = bytearray()
    for chunk in source:
        held += chunk
        if len(held) >= PART_BYTES:
            break
    return bytes(held)


def _s3_store(bucket: str, endpoint: str | None) -> "S3Store":
    from obstore.store import S3Store

    address = endpoint or os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
    config: S3Config = {
        "region": os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1"
    }
    if address:
        config["endpoint"] = address
    try:
        return S3Store(
            bucket,
            config=config,
            client_options={
                "allow_http": bool(address and address.startswith("http://")),
                "connect_timeout": timedelta(seconds=5),
                "timeout": timedelta(minutes=2),
            },
            retry_config={"max_retries": 3, "retry_timeout": timedelta(seconds=30)},
        )
    except Exception as error:
        # The library's errors for a wrong setting have no common class; all of them mean this one.
        raise TargetUnusable(f"s3://{bucket} cannot be used: {_first_words(error)}.") from error


def _first_words(error: Exception) -> str:
    """The reason at the end of the library's first line, without its structures, addresses and markup."""
    line = str(error).strip().split("\n", 1)[0].rsplit(" - ", 1)[-1].split(": <", 1)[0]
    if "error sending request" in line:
        return "it does not answer"
    return line[:200].rstrip(".: ")


def _make_folder(folder: Path, root: Path) -> None:
    """Make ``folder`` and, private like it, what is missing above it down from ``root``."""
    if folder.is_dir():
        return
    if folder == root:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    else:
        _make_folder(folder.parent, root)
        folder.mkdir(mode=0o700, exist_ok=True)
    _sync(folder.parent)


def _sync(folder: Path) -> None:
    """Let a new name survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
