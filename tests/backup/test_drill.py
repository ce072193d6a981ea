"""The drill restores what the server wrote, with the server's own key, and is not easily satisfied."""

import asyncio
import json
import shutil
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio

from amana.app.features import SCHEMAS
from amana.backup import drill, keys, layout
from amana.backup.drill_compare import compare
from amana.backup.memory import drill_report
from amana.backup.restore_bringup import Workshop, brought_up, find_source, require_space
from amana.backup.restore_errors import NotEnoughSpace
from amana.backup.restore_recovery import clear
from amana.kernel.clock import SystemClock
from amana.storage.database import Database
from amana.vault import KeyFile, Vault
from tests.backup.restoring import AMANA, Machine, run
from tests.support.client import Person, join_many
from tests.support.clock import FakeClock


@pytest_asyncio.fixture(scope="module")
async def machine() -> AsyncIterator[Machine]:
    machine = Machine()
    place = machine.target.name
    machine.server.environment |= {
        "AMANA_BACKUP_TARGET": place,
        "AMANA_BACKUP_RECIPIENT": str(keys.recipient_of(machine.identity)),
    }
    try:
        yield machine
    finally:
        await machine.server.remove()
        shutil.rmtree(machine.folder, ignore_errors=True)


@pytest_asyncio.fixture(scope="module")
async def ana(machine: Machine) -> Person:
    ana = await machine.start()
    (bo,) = await join_many(ana, ["Bo"])
    room = await ana.create_group("Plans", [bo])
    for number in range(20):
        await bo.post(room, f"message {number}")
    return ana


async def amana(machine: Machine, *words: str) -> "tuple[int, str]":
    environment = [f"{name}={value}" for name, value in machine.server.environment.items()]
    command = ["env", *environment, str(AMANA), *words, "--data-dir", str(machine.server.data_dir)]
    done = await asyncio.to_thread(run, command)
    return done.returncode, done.stdout + done.stderr


def reported(machine: Machine) -> "dict[str, object]":
    found: dict[str, object] = json.loads(
        (machine.server.data_dir / "backup" / "last-drill.json").read_text()
    )
    return found


async def test_the_server_tries_its_backup_by_itself_and_leaves_nothing_behind(
    machine: Machine, ana: Person
) -> None:
    code, said = await amana(machine, "backup", "now")
    assert code == 0, said
    await machine.server.stop()
    leftover = machine.server.data_dir / drill.FOLDER / "postgres"
    leftover.mkdir(parents=True)
    (leftover / "half").write_text("of a drill that was killed")

    await machine.server.start()

    while not drill_report(machine.server.data_dir).exists():
        await asyncio.sleep(0.1)
    found = reported(machine)
    assert found["problems"] == []
    assert found["good"] is True
    assert int(str(found["opened"])) >= 20
    assert not (machine.server.data_dir / drill.FOLDER).exists()
    while not (await machine.sql("SELECT 1 FROM evidence_entry WHERE action = 'backup.drilled'")):
        await asyncio.sleep(0.1)


async def test_a_copy_that_differs_is_found_out(machine: Machine, ana: Person) -> None:
    """Seeded: a changed body, a lost key, a lost message, each in a copy that was right before."""
    root = KeyFile(machine.server.data_dir / "keys" / "root.key")
    live = await Database.connect(machine.server.superuser_dsn(), pool_size=2)
    vault = Vault(live, root, machine.entropy)
    await vault.start()
    (row,) = await machine.sql("SELECT org_id FROM organisation")
    order = drill.DrillOrder(
        target=machine.target,
        identities=[machine.identity],
        data_dir=machine.folder,
        database=live,
        vault=vault,
        root=root,
        org_id=row["org_id"],
    )
    later = FakeClock(SystemClock().now() + timedelta(hours=1))
    workshop = Workshop(later, machine.entropy, SCHEMAS)
    place = machine.folder / "copy"
    source = await find_source(machine.target, [machine.identity], workshop, until=None, root=machine.folder)
    try:
        async with brought_up(source, place, workshop, until=None) as up:
            copy = await Database.connect(up.dsn, pool_size=2)

            async def problems(*statements: str) -> str:
                connection = await asyncpg.connect(up.dsn, server_settings={"search_path": "amana"})
                await connection.execute("SET session_replication_role = replica")
                for statement in statements:
                    await connection.execute(statement)
                await connection.close()
                return "\n".join((await compare(order, copy, up.dsn, workshop)).problems)

            assert await problems() == ""
            said = await problems("DELETE FROM keyring.wrap WHERE seq = 9")
            assert "1 of " in said
            said = await problems(
                "UPDATE event SET body = set_byte(body, 40, 255 - get_byte(body, 40)) WHERE seq = 7"
            )
            assert "2 of " in said
            said = await problems(
                "DELETE FROM event WHERE seq > 20", "UPDATE conversation_head SET seq = 20 WHERE seq > 20"
            )
            assert "entries older than 10 minutes that are not in the backup" in said
            await copy.close()
    finally:
        await live.close()
        await clear(place)


async def test_a_damaged_base_fails_the_drill_and_is_said(machine: Machine, ana: Person) -> None:
    base = Path(machine.target.name) / layout.base_tar(layout.list_bases(machine.target)[-1].stamp)
    data = bytearray(base.read_bytes())
    data[len(data) // 2] ^= 1
    base.write_bytes(data)

    code, said = await amana(machine, "backup", "drill")

    assert code == 3, said
    assert "CANNOT BE RELIED ON" in said
    assert reported(machine)["good"] is False
    assert not (machine.server.data_dir / drill.FOLDER).exists()


def test_it_is_due_once_a_week_and_when_there_was_none(tmp_path: Path) -> None:
    now = datetime(2026, 11, 22, 12, tzinfo=UTC)
    assert drill.is_due(tmp_path, now)
    report = drill.DrillReport((now - timedelta(days=6)).isoformat(), "there", good=True)
    drill._write(drill_report(tmp_path), report)

    assert not drill.is_due(tmp_path, now)
    assert drill.is_due(tmp_path, now + timedelta(days=1))


def test_a_disk_that_is_too_small_is_refused_before_anything_is_unpacked(tmp_path: Path) -> None:
    require_space(tmp_path, 1 << 30, free=lambda _: 2 << 30)

    with pytest.raises(NotEnoughSpace, match="needs 1726 MB"):
        require_space(tmp_path / "not" / "there", 1 << 30, free=lambda _: 1 << 30)
