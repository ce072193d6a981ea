"""`amana verify` as it is typed: a server that runs or not, its backup, its export, and after tampering."""

import asyncio
import json
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from amana.cli.verify import verify
from amana.kernel.errors import StartFailure
from tests.backup.restoring import Machine
from tests.cli.commands import Said, amana
from tests.cli.test_next_log import log_state
from tests.support.client import Person


@pytest_asyncio.fixture
async def machine() -> AsyncIterator[Machine]:
    machine = Machine()
    yield machine
    await machine.server.remove()
    shutil.rmtree(machine.folder, ignore_errors=True)


class Auditor:
    """Somebody with a terminal, the log's key and a checkpoint of their own."""

    def __init__(self, machine: Machine) -> None:
        self.data = machine.server.data_dir
        self.folder = machine.folder

    async def keep(self, ana: Person) -> None:
        """Take key and checkpoint along, as a witness would."""
        (self.folder / "vkey").write_text(str((await log_state(ana))["vkey"]))
        answer = await ana.api.http.get("/log/1/checkpoint")
        (self.folder / "checkpoint").write_bytes(answer.content)
        self.kept = ("--vkey", self.folder / "vkey", "--checkpoint", self.folder / "checkpoint")

    async def verify(self, *more: str | Path) -> Said:
        return await asyncio.to_thread(amana, "verify", "--data-dir", self.data, *more)


async def talk(ana: Person, machine: Machine) -> None:
    """A few messages, and the log has taken all of them up."""
    room = await ana.create_group("Bridge works")
    places = [(await ana.post(room, f"message {number}"))["seq"] for number in range(5)]
    async with asyncio.timeout(200):
        while True:
            (row,) = await machine.sql("SELECT coalesce(max(seq), 0) AS seq FROM evidence_room")
            if row["seq"] >= places[-1]:
                return
            await asyncio.sleep(0.2)


async def test_an_auditor_checks_a_server_and_its_export(machine: Machine) -> None:
    ana = await machine.start()
    await talk(ana, machine)
    auditor = Auditor(machine)
    await auditor.keep(ana)

    plain = await auditor.verify()
    full = await auditor.verify("--open", "--json", *auditor.kept)
    export = machine.folder / "evidence.zip"
    written = await asyncio.to_thread(amana, "admin", "evidence-export", export, "--data-dir", auditor.data)
    exported = await asyncio.to_thread(amana, "verify", export, *auditor.kept)

    assert plain.code == 0, plain.out + plain.err
    assert "Nothing is wrong." in plain.out
    assert "bring it along next time" in plain.out
    report = json.loads(full.out)
    assert (full.code, report["holds"], report["findings"]) == (0, True, [])
    assert report["checked"]["seals"] == report["checked"]["entries of rooms"] >= 6
    assert written.code == 0, written.err
    assert exported.code == 0, exported.out + exported.err
    assert "the root key (--open on the server itself)" in exported.out

    await machine.sql("DELETE FROM event WHERE seq = 3")
    found = await auditor.verify(*auditor.kept)
    await machine.server.stop()
    stopped = await auditor.verify("--json")
    still = await asyncio.to_thread(amana, "verify", export, *auditor.kept)

    assert found.code == 3
    assert "SOMETHING IS WRONG" in found.out
    assert "entry 3 was deleted" in found.out
    assert stopped.code == 3
    assert json.loads(stopped.out)["findings"][0]["code"] == "entry_missing"
    assert still.code == 0


@pytest.mark.full
async def test_a_backup_is_brought_up_checked_and_removed_again(machine: Machine) -> None:
    ana = await machine.start()
    await talk(ana, machine)
    auditor = Auditor(machine)
    await auditor.keep(ana)
    await machine.back_up()
    order = ("--backup", machine.target.name, "--identity", machine.identity_file, "--open")

    whole = await auditor.verify(*order, *auditor.kept)
    await machine.sql("DELETE FROM event WHERE seq = 3")
    await machine.ship()
    tampered = await auditor.verify(*order, *auditor.kept)

    assert whole.code == 0, whole.out + whole.err
    assert "the newest state of the backup" in whole.out
    assert tampered.code == 3, tampered.out + tampered.err
    assert "entry 3 was deleted" in tampered.out


@pytest.mark.parametrize(
    ("order", "reason"),
    [
        ({"data_dir": Path("nothing")}, "there are no data in"),
        ({"export": Path("nothing")}, "there is nothing at"),
        ({"export": Path("empty")}, "is not an evidence export"),
        ({"export": Path("empty"), "open_content": True}, "holds no content and no keys"),
        ({"backup": "empty"}, "--backup together with --identity"),
        ({"vkey": ["a+b+c"]}, "is not a verifier key"),
        ({"vkey": ["nothing"]}, "cannot be read"),
        ({"checkpoint": [Path("nothing")]}, "cannot be read"),
    ],
)
def test_what_cannot_be_checked_is_said_in_one_sentence(
    order: dict[str, Any], reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path)

    with pytest.raises(StartFailure, match=reason):
        verify(**order)
