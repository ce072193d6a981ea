"""A folder and a bucket behave the same: whole objects or none."""

import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from amana.backup.errors import ObjectMissing, TargetUnusable
from amana.backup.target import PART_BYTES, LocalTarget, Target, open_target
from tests.backup.s3 import S3Server


@pytest.fixture(params=["folder", "bucket"])
def target(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Target:
    if request.param == "folder":
        return open_target(str(tmp_path / "target"))
    s3: S3Server = request.getfixturevalue("s3")
    for name, value in s3.environment.items():
        monkeypatch.setenv(name, value)
    return open_target(f"s3://backups/{tmp_path.name}/deep")


def names(target: Target, prefix: str = "") -> list[str]:
    return [stored.path for stored in target.list(prefix)]


def test_an_object_is_listed_read_replaced_and_deleted(target: Target) -> None:
    assert names(target) == []

    assert target.put("wal/b", [b"one", b"", b"two"]) == 6
    target.put("wal/a", [b"x"])
    target.put("base/1/info.json", [b"{}"])

    assert names(target) == ["base/1/info.json", "wal/a", "wal/b"]
    assert names(target, "wal/b") == ["wal/b"]
    assert names(target, "keyring/") == []
    assert b"".join(target.get("wal/b")) == b"onetwo"
    target.put("wal/b", [b"new"])
    assert b"".join(target.get("wal/b")) == b"new"
    target.delete("wal/b")
    target.delete("wal/b")
    assert names(target) == ["base/1/info.json", "wal/a"]
    with pytest.raises(ObjectMissing):
        list(target.get("wal/b"))


@pytest.mark.parametrize("size_bytes", [100, 2 * PART_BYTES + 5])
def test_a_source_that_fails_leaves_no_object_and_the_old_one_untouched(
    target: Target, size_bytes: int
) -> None:
    target.put("base/1/old", [b"old"])

    def source() -> Iterator[bytes]:
        yield os.urandom(size_bytes)
        raise RuntimeError("the source died")

    for path in ("base/1/old", "base/2/new"):
        with pytest.raises(RuntimeError, match="the source died"):
            target.put(path, source())

    assert names(target) == ["base/1/old"]
    assert b"".join(target.get("base/1/old")) == b"old"


def test_a_large_object_comes_back_as_it_went(target: Target) -> None:
    block = os.urandom(1 << 20)

    size_bytes = target.put("base/1/large", (block for _ in range(40)))

    assert size_bytes == 40 << 20
    got = 0
    for chunk in target.get("base/1/large"):
        assert chunk == (block + block)[got % len(block) :][: len(chunk)] or len(chunk) > len(block)
        got += len(chunk)
    assert got == size_bytes


def test_only_the_owner_can_read_what_lies_in_a_folder(tmp_path: Path) -> None:
    LocalTarget(tmp_path / "target").put("base/1/info.json", [b"{}"])

    modes = {path: path.stat().st_mode & 0o077 for path in (tmp_path / "target").rglob("*")}
    assert modes
    assert set(modes.values()) == {0}


def test_what_a_killed_upload_left_is_invisible_and_swept_after_a_day(tmp_path: Path) -> None:
    target = LocalTarget(tmp_path)
    target.put("wal/a", [b"x"])
    half = tmp_path / ".incoming" / "half"
    half.write_bytes(b"half an object")

    assert names(target) == ["wal/a"]
    assert target.sweep(datetime.now(UTC)) == 0
    assert target.sweep(datetime.now(UTC) + timedelta(days=2)) == 1
    assert not half.exists()


@pytest.mark.parametrize("path", ["../x", "a/../../x", "/etc/x", "a//b", ""])
def test_no_path_leads_out_of_the_folder(tmp_path: Path, path: str) -> None:
    with pytest.raises(ValueError, match="no path"):
        LocalTarget(tmp_path / "target").put(path, [b"x"])


def test_a_full_or_broken_folder_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    broken: list[Callable[[], object]] = [
        lambda: open_target(str(tmp_path / "file")).put("wal/a", [b"x"]),
        lambda: open_target("/dev/full/x").put("wal/a", [b"x"]),
        lambda: open_target("ftp://host/x"),
        lambda: open_target("s3://"),
    ]
    for attempt in broken:
        with pytest.raises(TargetUnusable) as told:
            attempt()
        assert "\n" not in str(told.value)


def test_a_bucket_that_does_not_answer_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hidden-key")

    with pytest.raises(TargetUnusable, match=r"^s3://backups cannot be used: it does not answer\.$"):
        open_target("s3://backups", s3_endpoint="http://127.0.0.1:9").put("wal/a", [b"x"])


def test_a_bucket_that_refuses_the_key_says_so(s3: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {**s3.environment, "AWS_SECRET_ACCESS_KEY": "not-the-secret"}.items():
        monkeypatch.setenv(name, value)

    with pytest.raises(TargetUnusable, match="403") as told:
        open_target("s3://backups/x").put("wal/a", [b"x"])
    assert len(str(told.value)) < 150, told.value
    assert "not-the-secret" not in str(told.value)
