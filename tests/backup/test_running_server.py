"""Backups of a real server, as an administrator sets them up: settings, commands, kills, a second machine."""

import asyncio
import contextlib
import shutil
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

import asyncpg
import psutil  # type: ignore[import-untyped]  # has no types of its own
import pytest_asyncio

from amana.backup import layout
from amana.backup.envelope import opened
from amana.backup.keys import read_identities
from amana.backup.server import COPY_PROGRAM
from amana.backup.target import LocalTarget
from tests.cli.commands import Said, amana
from tests.faults.scan import Scanner, canary
from tests.support.client import Person, join_many, set_up
from tests.support.server import ServerProcess

WRITERS = 20


@dataclass
class Site:
    """A server that backs itself up into a folder, and its administrator."""

    folder: Path
    server: ServerProcess
    environment: dict[str, str]
    acked: list[int] = field(default_factory=list)

    @property
    def target(self) -> LocalTarget:
        return LocalTarget(self.folder / "target")

    @property
    def key(self) -> Path:
        return self.folder / "offline.key"

    async def command(self, *arguments: str | Path) -> Said:
        return await asyncio.to_thread(lambda: amana(*arguments, cwd=None, **self.environment))

    async def backup(self, *arguments: str) -> Said:
        return await self.command("backup", *arguments, "--data-dir", self.server.data_dir)

    async def rows(self, sql: str, *values: object) -> list[asyncpg.Record]:
        connection = await asyncpg.connect(self.server.superuser_dsn())
        try:
            return list(await connection.fetch(sql, *values))
        finally:
            await connection.close()

    async def base_under_way(self) -> Path:
        """Wait until a base is being written; gives the unfinished file."""
        incoming = self.folder / "target" / ".incoming"
        while True:
            with contextlib.suppress(OSError):
                for draft in incoming.iterdir():
                    if draft.stat().st_size > 1 << 19:
                        return draft
            await asyncio.sleep(0.002)

    def copying(self) -> list[psutil.Process]:
        """The copy programs of this server."""
        found = []
        for process in psutil.process_iter(["name", "cmdline"]):
            line = " ".join(process.info["cmdline"] or ())
            if process.info["name"] == COPY_PROGRAM and str(self.folder.name) in line:
                found.append(process)
        return found


@pytest_asyncio.fixture
async def site() -> AsyncIterator[Site]:
    folder = Path(tempfile.mkdtemp(prefix="amana-site-"))
    folder.chmod(0o755)
    (folder / "server").mkdir()
    made = amana("backup", "keygen", folder / "offline.key")
    assert made.code == 0, made.err
    recipient = made.out.partition("AMANA_BACKUP_RECIPIENT=")[2].strip()
    environment = {"AMANA_BACKUP_TARGET": str(folder / "target"), "AMANA_BACKUP_RECIPIENT": recipient}
    server = ServerProcess(folder / "server", port=None, **environment)
    yield Site(folder, server, environment)
    await server.remove()
    shutil.rmtree(folder, ignore_errors=True)


async def keep_writing(site: Site, person: Person, room: UUID, word: str, *, stop: asyncio.Event) -> None:
    while not stop.is_set():
        site.acked.append((await person.post(room, f"{word} {len(site.acked)}"))["seq"])


async def test_backup_under_load_comes_back_and_reveals_nothing(site: Site, own_seed: int) -> None:
    words = [canary(own_seed.to_bytes(16, "big") + bytes([number] * 4)) for number in range(2)]
    body, name = words
    await site.server.start()
    ana = await set_up(site.server.base_url, site.server.setup_secret(), name=name)
    people = [ana, *await join_many(ana, ["Bo", "Cy", "Di"])]
    room = await ana.create_group("Plans", people[1:])
    stop = asyncio.Event()
    writers = [
        asyncio.create_task(keep_writing(site, people[number % len(people)], room, body, stop=stop))
        for number in range(WRITERS)
    ]
    while len(site.acked) < 50:
        await asyncio.sleep(0.05)

    said_before = set(site.acked)
    wrapped = [row[0] for row in await site.rows("SELECT wrapped FROM keyring.wrap")]
    done = await site.backup("now")
    stop.set()
    await asyncio.gather(*writers)
    assert done.code == 0, done.err

    status = await site.backup("status")
    assert (status.code, status.out.count("!")) == (0, 0), status.out
    assert await site.rows("SELECT 1 FROM amana.evidence_entry WHERE action = 'backup.taken'")
    root_key = (site.server.data_dir / "keys" / "root.key").read_bytes()
    await site.server.kill()

    reveals_nothing(site, Scanner(words), name, wrapped, root_key)
    assert await restored_places(site, room) >= said_before


def reveals_nothing(site: Site, scanner: Scanner, name: str, wrapped: list[bytes], root_key: bytes) -> None:
    assert scanner.found_below(site.folder / "target") == {}
    raw = b"".join(path.read_bytes() for path in (site.folder / "target").rglob("*") if path.is_file())
    assert not any(key in raw for key in wrapped)
    # The controls: with the offline key the same search finds both, and still no root key and no word.
    identities = read_identities(site.key)
    stamp = layout.list_stamps(site.target)[-1]
    inside = b"".join(opened(site.target.get(layout.base_tar(stamp)), identities))
    assert scanner.found(inside) == {name}, "names are clear in the database, what was said is not"
    keyring = b"".join(opened(site.target.get(layout.list_keyrings(site.target)[-1].path), identities))
    assert all(key in keyring for key in wrapped)
    assert root_key not in inside + keyring


async def restored_places(site: Site, room: UUID) -> set[int]:
    """Restore on another machine with the offline key; gives the places of the messages that are there."""
    other = ServerProcess()
    keys = other.data_dir / "keys"
    keys.mkdir(parents=True, mode=0o700)
    shutil.copy(site.server.data_dir / "keys" / "root.key", keys / "root.key")
    try:
        done = await site.command(
            "restore", "--from", site.target.name, "--identity", site.key, "--data-dir", other.data_dir
        )
        assert done.code == 0, done.err
        await other.start()
        connection = await asyncpg.connect(other.superuser_dsn())
        rows = await connection.fetch(
            "SELECT e.seq FROM amana.event e JOIN keyring.wrap w USING (conversation_id, seq) "
            "WHERE e.conversation_id = $1",
            room,
        )
        await connection.close()
        return {row["seq"] for row in rows}
    finally:
        await other.remove()


async def test_a_base_that_was_killed_in_the_middle_leaves_nothing_and_the_command_takes_another(
    site: Site,
) -> None:
    starting = asyncio.create_task(site.server.start())
    draft = await site.base_under_way()
    await site.server.kill()
    starting.cancel()
    await asyncio.gather(starting, return_exceptions=True)

    assert draft.exists(), "the test killed in the middle"
    assert layout.list_base_parts(site.target) == []
    while site.copying():
        await asyncio.sleep(0.05)

    done = await site.backup("now")  # no server runs: the command starts the database itself
    assert done.code == 0, done.err
    assert site.server.postmaster_pid() is None, "and stops it"
    listed = await site.backup("list")
    assert (listed.out.count("PostgreSQL"), listed.out.count("NOT USABLE")) == (1, 0)


async def test_a_target_that_does_not_work_is_an_alarm_and_no_reason_to_be_silent(site: Site) -> None:
    broken = site.folder / "target"
    broken.write_text("a file where the folder should be")
    await site.server.start()
    while "backup.failed" not in site.server.output.read_text():
        await asyncio.sleep(0.05)
    refused = await site.backup("now")
    assert (refused.code, refused.err.count("\n")) == (1, 1), refused.err
    assert str(broken) in refused.err
    status = await site.backup("status")
    assert status.code == 3
    assert "! " in status.out


def test_wrong_settings_are_one_sentence_each(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    wrong: list[tuple[dict[str, str], str]] = [
        ({}, "nowhere to put backups"),
        ({"AMANA_BACKUP_TARGET": str(tmp_path), "AMANA_BACKUP_KEEP_DAYS": "15"}, "AMANA_BACKUP_KEEP_DAYS"),
    ]
    for environment, words in wrong:
        told = amana("backup", "list", "--data-dir", tmp_path / "data", cwd=None, **environment)
        assert (told.code, told.err.count("\n")) == (1, 1), told.err
        assert words in told.err


def test_a_key_is_made_once_and_privately(tmp_path: Path) -> None:
    path = tmp_path / "offline.key"
    first = amana("backup", "keygen", path)
    again = amana("backup", "keygen", path)

    assert (first.code, again.code) == (0, 1)
    assert path.stat().st_mode & 0o777 == 0o600
    assert "AGE-SECRET-KEY" not in first.out + first.err + again.err
