"""What lies where in a target, and what the clear files in it say.

::

    amana-backup.json                       clear: Description
    base/<stamp>/base.tar.gz.age            pg_basebackup's tar, WAL not included
    base/<stamp>/manifest.gz.age            its backup_manifest (the same is the last file of the tar)
    base/<stamp>/info.json                  clear: BaseInfo. Written last: without it there is no base
    wal/<24 hex digits>.gz.age              one whole WAL segment
    wal/<24 hex digits>.<8 hex digits>.gz.age   a piece of the newest segment, from that byte on; goes when
                                            the whole is there (see segments.py)
    keyring/<stamp>.gz.age                  every row of schema keyring in one snapshot (see keyring.py)
    journal/<stamp>-<uuid7>.json.gz.age     erasures since the last run, never deleted

A stamp is UTC to the second: ``20261122T205439Z``; sorted by name is sorted by time.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Self
from uuid import UUID

from amana.backup.errors import ObjectDamaged, ObjectMissing, TargetForeign
from amana.backup.target import Target, read_all

DESCRIPTION = "amana-backup.json"
FORMAT = "amana/backup/v1"
BASE_FORMAT = "amana/base/v1"
MAX_CLEAR_BYTES = 1 << 20

_STAMP = r"\d{8}T\d{6}Z"
_BASE_INFO = re.compile(rf"base/({_STAMP})/info\.json")
_BASE_PART = re.compile(rf"base/({_STAMP})/[a-z.]+")
_WAL = re.compile(r"wal/([0-9A-F]{24})(?:\.([0-9A-F]{8}))?\.gz\.age")
_KEYRING = re.compile(rf"keyring/({_STAMP})\.gz\.age")
_JOURNAL = re.compile(rf"journal/({_STAMP})-([0-9a-f-]{{36}})\.json\.gz\.age")


def stamp_of(at: datetime) -> str:
    """``20261122T205439Z``."""
    return at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def time_of(stamp: str) -> datetime:
    """The inverse of ``stamp_of``."""
    return datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)


def base_tar(stamp: str) -> str:
    return f"base/{stamp}/base.tar.gz.age"


def base_manifest(stamp: str) -> str:
    return f"base/{stamp}/manifest.gz.age"


def base_info(stamp: str) -> str:
    return f"base/{stamp}/info.json"


def wal_object(segment: str) -> str:
    return f"wal/{segment}.gz.age"


def wal_piece(segment: str, offset: int) -> str:
    return f"wal/{segment}.{offset:08X}.gz.age"


def keyring_object(stamp: str) -> str:
    return f"keyring/{stamp}.gz.age"


def journal_object(stamp: str, last: UUID) -> str:
    return f"journal/{stamp}-{last}.json.gz.age"


@dataclass(frozen=True, slots=True)
class Description:
    """``amana-backup.json``: whose backups these are, without naming anybody.

    Attributes:
        id: random; another one means another or an emptied target.
        system_identifier: PostgreSQL's number of the database, the same in every copy of it.
        recipients: who can open the objects; changes when a key is exchanged.
    """

    id: str
    system_identifier: str
    recipients: tuple[str, ...]
    created: str

    def encode(self) -> bytes:
        return _clear({"format": FORMAT, **asdict(self)})

    @classmethod
    def parse(cls, data: bytes) -> Self:
        fields = _fields(data, FORMAT, DESCRIPTION)
        try:
            return cls(
                str(fields["id"]),
                str(fields["system_identifier"]),
                tuple(str(one) for one in fields["recipients"]),  # type: ignore[attr-defined]  # checked by use
                str(fields["created"]),
            )
        except (KeyError, TypeError) as error:
            raise ObjectDamaged(f"{DESCRIPTION} is damaged.") from error


@dataclass(frozen=True, slots=True)
class BaseInfo:
    """``info.json`` of one base: a restore needs nothing else to choose and fetch.

    Attributes:
        started: when the copy began; ``finished``: from this moment on it can be restored to.
        start_lsn: ``0/3000028``. Recovery needs the WAL from here …
        end_lsn: … at least to here.
        first_wal: name of the segment of ``start_lsn``; ``last_wal``: the one that holds the byte before
            ``end_lsn``.
        wal_segment_bytes: size of every segment.
        postgres: version that wrote it, ``18.6``; only the same major version can restore it.
        schema: newest migration in it.
        plain_bytes: size of the tar.
        sealed_bytes: size of the object.
        sealed_sha256: of the object, so that damage shows without any key.
    """

    stamp: str
    started: str
    finished: str
    timeline: int
    start_lsn: str
    end_lsn: str
    first_wal: str
    last_wal: str
    wal_segment_bytes: int
    system_identifier: str
    postgres: str
    amana: str
    schema: str
    plain_bytes: int
    sealed_bytes: int
    sealed_sha256: str

    @property
    def started_at(self) -> datetime:
        return datetime.fromisoformat(self.started)

    @property
    def finished_at(self) -> datetime:
        return datetime.fromisoformat(self.finished)

    def encode(self) -> bytes:
        return _clear({"format": BASE_FORMAT, **asdict(self)})

    @classmethod
    def parse(cls, data: bytes) -> Self:
        fields = _fields(data, BASE_FORMAT, "info.json")
        try:
            return cls(**{name: fields[name] for name in cls.__slots__})  # type: ignore[arg-type]  # next line
        except (KeyError, TypeError) as error:
            raise ObjectDamaged("The info.json of a base is damaged.") from error


@dataclass(frozen=True, slots=True)
class Named:
    """A sealed object with what its name says.

    Attributes:
        key: stamp of a keyring or journal object, segment of a WAL object.
    """

    path: str
    key: str
    size_bytes: int
    modified: datetime


def read_description(target: Target) -> Description | None:
    """None when the target is empty or new.

    Raises:
        ObjectDamaged: it is there and says nothing.
    """
    try:
        return Description.parse(read_all(target, DESCRIPTION, limit_bytes=MAX_CLEAR_BYTES))
    except ObjectMissing:
        return None


def require_description(target: Target) -> Description:
    """The same for whoever reads.

    Raises:
        TargetForeign: no backups of Amana are there.
    """
    found = read_description(target)
    if found is None:
        raise TargetForeign(f"{target.name} holds no backups of Amana: there is no {DESCRIPTION} in it.")
    return found


def list_stamps(target: Target) -> list[str]:
    """Stamps of the complete bases, oldest first."""
    return [match[1] for stored in target.list("base/") if (match := _BASE_INFO.fullmatch(stored.path))]


def list_bases(target: Target) -> list[BaseInfo]:
    """Every complete base, oldest first."""
    return [read_base(target, stamp) for stamp in list_stamps(target)]


def read_base(target: Target, stamp: str) -> BaseInfo:
    return BaseInfo.parse(read_all(target, base_info(stamp), limit_bytes=MAX_CLEAR_BYTES))


def list_base_parts(target: Target) -> list[Named]:
    """Every object of every base, complete or not; ``key`` is the stamp."""
    return _named(target, "base/", _BASE_PART)


@dataclass(frozen=True, slots=True)
class Segment:
    """What a target holds of one WAL segment; read it with ``segments.read_segment``.

    Attributes:
        key: its name, 24 hex digits.
        whole: whether the object of the whole segment is there.
        pieces: offsets of the pieces that are there, ascending.
        modified: when the newest of them was written.
    """

    key: str
    whole: bool
    pieces: tuple[int, ...]
    modified: datetime


def list_wal(target: Target, *, name: str = "") -> list[Segment]:
    """WAL segments, sorted by name: by timeline, then by place.

    Args:
        name: a segment, or how its name begins; eight digits are a timeline.
    """
    found: dict[str, Segment] = {}
    for stored in target.list(f"wal/{name}"):
        if not (match := _WAL.fullmatch(stored.path)):
            continue
        key, offset = match[1], match[2]
        old = found.get(key, Segment(key, False, (), stored.modified))
        found[key] = Segment(
            key,
            old.whole or offset is None,
            old.pieces if offset is None else tuple(sorted((*old.pieces, int(offset, 16)))),
            max(old.modified, stored.modified),
        )
    return [found[key] for key in sorted(found)]


def list_keyrings(target: Target) -> list[Named]:
    """Snapshots of the keyring, oldest first: only the last one may ever be restored."""
    return _named(target, "keyring/", _KEYRING)


def list_journal(target: Target) -> list[Named]:
    """Pieces of the erasure journal, oldest first. A restore replays all of them."""
    return _named(target, "journal/", _JOURNAL)


def _named(target: Target, prefix: str, pattern: re.Pattern[str]) -> list[Named]:
    def found() -> Iterator[Named]:
        for stored in target.list(prefix):
            if match := pattern.fullmatch(stored.path):
                yield Named(stored.path, match[1], stored.size_bytes, stored.modified)

    return list(found())


def _clear(fields: dict[str, object]) -> bytes:
    return json.dumps(fields, indent=1).encode() + b"\n"


def _fields(data: bytes, expected: str, what: str) -> dict[str, object]:
    try:
        fields = json.loads(data)
    except ValueError as error:
        raise ObjectDamaged(f"{what} is damaged: it is no JSON.") from error
    if not isinstance(fields, dict):
        raise ObjectDamaged(f"{what} is damaged.")
    if fields.get("format") != expected:
        raise TargetForeign(
            f"{what} has the format {str(fields.get('format'))[:60]!r}; this Amana knows {expected}. "
            "Use the Amana that wrote it, or a newer one."
        )
    return fields
