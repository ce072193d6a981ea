"""The root key file: who may read it, where it may lie, what it says when something is wrong."""

import base64
import json
import os
import stat
from pathlib import Path

import pytest

from amana.kernel.entropy import SeededEntropy
from amana.vault import KeyFile, RootKeyFailure
from amana.vault.errors import CannotUnwrap
from amana.vault.keyfile import FORMAT

KEY = bytes(range(32))


async def unlocked(path: Path, passphrase: str | None = None, *, may_create: bool = False) -> KeyFile:
    file = KeyFile(path, passphrase, entropy=SeededEntropy(1))
    await file.unlock(may_create=may_create)
    return file


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "keys" / "root.key"


async def test_the_first_start_makes_a_file_that_only_the_server_can_read(path: Path) -> None:
    await unlocked(path, may_create=True)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [file.name for file in path.parent.iterdir()] == ["root.key"]
    content = json.loads(path.read_text())
    assert content["format"] == FORMAT
    assert len(base64.b64decode(content["key"])) == 32


async def test_a_second_start_uses_the_same_key(path: Path) -> None:
    first = await unlocked(path, may_create=True)
    wrapped = await first.wrap(KEY, b"here")

    second = await unlocked(path, may_create=True)

    assert await second.unwrap(wrapped, b"here") == KEY


async def test_a_wrapped_key_opens_in_its_own_context_only(path: Path) -> None:
    file = await unlocked(path, may_create=True)
    wrapped = await file.wrap(KEY, b"here")

    for changed, context in ((wrapped, b"there"), (wrapped[:-1], b"here"), (b"", b"here"), (b"\x01", b"")):
        with pytest.raises(CannotUnwrap):
            await file.unwrap(changed, context)


async def test_a_missing_file_of_an_existing_database_is_never_made_anew(path: Path) -> None:
    with pytest.raises(RootKeyFailure, match=r"root\.key is missing.*Put the file back from your backup"):
        await unlocked(path)

    assert not path.exists()


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o601])
async def test_a_file_that_others_can_touch_is_refused(path: Path, mode: int) -> None:
    await unlocked(path, may_create=True)
    path.chmod(mode)

    with pytest.raises(RootKeyFailure, match="chmod 600"):
        await unlocked(path)


async def test_a_file_may_be_read_only(path: Path) -> None:
    await unlocked(path, may_create=True)
    path.chmod(0o400)

    await unlocked(path)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
async def test_a_file_of_another_account_is_refused(path: Path) -> None:
    await unlocked(path, may_create=True)
    os.chown(path, 12345, -1)

    with pytest.raises(RootKeyFailure, match="belongs to user 12345"):
        await unlocked(path)


async def test_a_folder_in_its_place_is_refused(path: Path) -> None:
    path.mkdir(parents=True)

    with pytest.raises(RootKeyFailure, match="not a regular file"):
        await unlocked(path)


@pytest.mark.parametrize("inside", ["root.key", "deep/er/root.key", "../pg/root.key"])
async def test_a_file_inside_the_database_directory_is_refused(tmp_path: Path, inside: str) -> None:
    data = tmp_path / "pg"
    data.mkdir()
    file = KeyFile(data / inside, database_directory=data)

    with pytest.raises(RootKeyFailure, match="inside the database directory"):
        await file.unlock(may_create=True)
    assert list(data.iterdir()) == []


async def test_a_link_into_the_database_directory_is_refused(tmp_path: Path) -> None:
    (tmp_path / "pg").mkdir()
    (tmp_path / "keys").symlink_to(tmp_path / "pg")

    with pytest.raises(RootKeyFailure, match="inside the database directory"):
        await KeyFile(tmp_path / "keys" / "root.key", database_directory=tmp_path / "pg").unlock(
            may_create=True
        )


async def test_a_passphrase_seals_the_file(path: Path) -> None:
    first = await unlocked(path, "korrektes Pferd", may_create=True)
    wrapped = await first.wrap(KEY, b"here")

    content = json.loads(path.read_text())
    assert set(content) == {"format", "kdf", "sealed"}
    assert set(content["kdf"]) == {"name", "version", "memory_kib", "passes", "lanes", "salt"}
    second = await unlocked(path, "korrektes Pferd")
    assert await second.unwrap(wrapped, b"here") == KEY


async def test_a_wrong_or_absent_passphrase_is_said_plainly(path: Path) -> None:
    await unlocked(path, "korrektes Pferd", may_create=True)

    with pytest.raises(RootKeyFailure, match="passphrase does not open"):
        await unlocked(path, "falsches Pferd")
    with pytest.raises(RootKeyFailure, match="sealed with a passphrase"):
        await unlocked(path)


async def test_a_passphrase_for_an_open_file_is_refused(path: Path) -> None:
    await unlocked(path, may_create=True)

    with pytest.raises(RootKeyFailure, match="is not sealed with one"):
        await unlocked(path, "korrektes Pferd")


async def test_a_passphrase_typed_on_another_keyboard_is_the_same(path: Path) -> None:
    await unlocked(path, "Schl\u00fcssel", may_create=True)

    await unlocked(path, "Schlu\u0308ssel")


async def test_weakened_settings_do_not_open_the_file(path: Path) -> None:
    await unlocked(path, "korrektes Pferd", may_create=True)
    content = json.loads(path.read_text())
    content["kdf"]["passes"] = 1
    path.write_text(json.dumps(content))

    with pytest.raises(RootKeyFailure):
        await unlocked(path, "korrektes Pferd")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[]",
        "not json",
        '{"format": "amana/root-key/v2", "key": ""}',
        '{"format": "amana/root-key/v1"}',
        '{"format": "amana/root-key/v1", "key": "AAAA"}',
        '{"format": "amana/root-key/v1", "key": "§"}',
    ],
)
async def test_a_damaged_file_is_said_plainly(path: Path, text: str) -> None:
    path.parent.mkdir()
    path.write_text(text)
    path.chmod(0o600)

    with pytest.raises(RootKeyFailure, match="damaged or is no Amana root key"):
        await unlocked(path)
