"""What the verifier says of a company where nothing is wrong, of its export, and of what it cannot see."""

import json
import zipfile
from pathlib import Path

import pytest

from amana.evidence import export
from amana.evidence.tlog.notes import COSIGNATURE_V1, Signer, cosign, split_note
from amana.evidence.verify import Code, NotATrust, Report, SourceDamaged, Trust, verify
from amana.evidence.verify.database import DatabaseSource
from amana.evidence.verify.exported import ExportSource
from amana.kernel.entropy import SeededEntropy
from amana.storage.database import Database
from tests.evidence.attacker import EVENT, Attacker
from tests.evidence.verify_fixtures import Copy, company, copy_of
from tests.evidence.verify_world import HOST, Company, examine, more_talk
from tests.support.clock import FakeClock

__all__ = ["company", "copy_of"]

COUNCIL = Signer("council.example.org", bytes(31) + b"\1", COSIGNATURE_V1)
AUDITOR = Signer("auditor.example.org", bytes(31) + b"\2", COSIGNATURE_V1)
POLICY = (
    f"witness council {COUNCIL.verifier.vkey}\nwitness auditor {AUDITOR.verifier.vkey}\n"
    "group both all council auditor\nquorum both\n"
)


async def write_export(dsn: str, company: Company, path: Path, clock: FakeClock) -> Path:
    database = await Database.connect(dsn)
    try:
        async with database.read(company.org_id) as tx:
            source = DatabaseSource(tx, company.org_id)
            await export.write(source, company.org_id, path, now=clock.now())
    finally:
        await database.close()
    return path


async def look_at(path: Path, company: Company) -> Report:
    return await verify(ExportSource(path), company.trust)


async def cosigned(attacker: Attacker, size: int, *signers: Signer, time: int = 1_795_348_800) -> None:
    """As the server keeps what witnesses answered."""
    (row,) = await attacker.rows("SELECT * FROM evidence_checkpoint WHERE size = $1", size)
    for signer in signers:
        await attacker.insert(
            "evidence_cosignature",
            {
                "org_id": attacker.company.org_id,
                "log_no": 1,
                "size": size,
                "witness": signer.name,
                "line": cosign(split_note(row["note"]).text, time, signer),
                "at": row["at"],
            },
        )


async def test_where_nothing_is_wrong_nothing_is_found(company: Company, entropy: SeededEntropy) -> None:
    report = await examine(company.dsn, company, entropy=entropy)

    assert report.findings == []
    assert report.counts == {
        "logs": 1, "leaves of the log": 5, "tiles": 1, "signed checkpoints": 3,
        "checkpoints from elsewhere": 3, "cosignatures of witnesses": 0, "entries of the record": 2,
        "room heads in the log": 6, "rooms": 2, "entries of rooms": 16, "seals": 16,
        "names of rooms in the log": 2,
    }  # fmt: skip
    assert report.unchecked == []


async def test_without_anything_from_elsewhere_it_says_whose_word_was_taken(
    company: Company, entropy: SeededEntropy
) -> None:
    report = await examine(company.dsn, company, Trust(), opens=False, entropy=entropy)

    assert report.holds
    assert f"bring it along next time: {company.vkey}" in report.notes[0]
    assert any("there is no witness policy" in text for text in report.unchecked)
    assert any("opening those needs the root key" in text for text in report.unchecked)


async def test_what_is_younger_than_the_log_is_said_and_is_no_fault(
    company: Company, copy_of: Copy, clock: FakeClock, entropy: SeededEntropy
) -> None:
    async with copy_of() as dsn:
        await more_talk(dsn, company, clock, entropy)
        report = await examine(dsn, company, entropy=entropy)

    assert report.holds
    assert any("younger than its last leaf: 2 entries in 1 room." in note for note in report.notes)
    assert any("waiting for a leaf: 1 entry of the record" in note for note in report.notes)


@pytest.mark.parametrize("name", ["evidence", "evidence.zip"])
async def test_an_export_is_checked_anywhere_and_holds_no_content_and_no_key(
    name: str, company: Company, tmp_path: Path, clock: FakeClock
) -> None:
    path = await write_export(company.dsn, company, tmp_path / name, clock)

    report = await look_at(path, company)

    assert report.findings == []
    assert report.counts["entries of rooms"] == 16
    assert report.counts["tiles"] == 1
    async with Attacker(company.dsn, company) as owner:
        (log,) = await owner.rows("SELECT private_key FROM evidence_log")
        body = (await owner.event(company.first, 4))["body"]
        secrets = [log["private_key"], body, await owner.data_key(company.first, 4)]
    everything = b"".join(contents(path).values())
    for secret in secrets:
        assert secret[-16:] not in everything
        assert json.dumps(secret[-18:].hex()).encode() not in everything
    with pytest.raises(export.ExportExists):
        await write_export(company.dsn, company, path, clock)


async def test_an_export_shows_the_tampering_that_chains_and_the_log_show(
    company: Company, copy_of: Copy, tmp_path: Path, clock: FakeClock, entropy: SeededEntropy
) -> None:
    async with copy_of() as dsn:
        async with Attacker(dsn, company) as attacker:
            await attacker.sql("DELETE FROM event WHERE conversation_id = $1 AND seq = 6", attacker.first)
            await attacker.sql("UPDATE evidence_entry SET actor_id = gen_random_uuid()")
            await attacker.sql(EVENT.format("sender_id = gen_random_uuid()"), attacker.first, 4)
        path = await write_export(dsn, company, tmp_path / "evidence", clock)
        here = await examine(dsn, company, opens=False, entropy=entropy)

    there = await look_at(path, company)

    assert [finding.code for finding in there.findings] == [
        Code.RECORD_CHANGED, Code.RECORD_CHANGED, Code.ENTRY_MISSING,
    ]  # fmt: skip
    assert [finding.sentence for finding in there.findings] == [f.sentence for f in here.findings]
    assert any("Senders, devices and bodies" in text for text in there.unchecked)


async def test_the_published_files_are_those_of_the_log(
    company: Company, tmp_path: Path, clock: FakeClock
) -> None:
    from amana.evidence.tlog import merkle, tiles
    from amana.evidence.tlog.notes import Checkpoint, Verifier, open_note

    files = contents(await write_export(company.dsn, company, tmp_path / "evidence", clock))

    note = open_note(files["log/1/checkpoint"], [Verifier.parse(company.vkey)])
    checkpoint = Checkpoint.parse(note.text)
    entries = tiles.decode_entries(files["log/1/tile/entries/000.p/5"])
    hashes = [merkle.leaf_hash(entry) for entry in entries]
    assert (checkpoint.origin, checkpoint.size) == (f"{HOST}/log/1", 5)
    assert merkle.root(hashes) == checkpoint.root
    assert files["log/1/tile/0/000.p/5"] == b"".join(hashes)


async def test_a_damaged_export_is_a_finding_and_never_an_error(
    company: Company, tmp_path: Path, clock: FakeClock, own_seed: int
) -> None:
    import random

    path = await write_export(company.dsn, company, tmp_path / "evidence", clock)
    chance = random.Random(own_seed)
    for name, whole in contents(path).items():
        for _ in range(6):
            place = chance.randrange(len(whole)) if whole else 0
            spoiled = whole[:place] + bytes([chance.randrange(256)]) + whole[place + 1 :]
            (path / name).write_bytes(chance.choice([spoiled, whole[:place], spoiled]))
            try:
                report = await look_at(path, company)
                assert json.dumps(report.fields(), ensure_ascii=True)
            except SourceDamaged:
                assert name == "amana-evidence.json"
        (path / name).write_bytes(whole)
    assert (await look_at(path, company)).holds


async def test_a_missing_file_and_a_strange_one_are_named(
    company: Company, tmp_path: Path, clock: FakeClock
) -> None:
    path = await write_export(company.dsn, company, tmp_path / "evidence", clock)
    (path / "rooms" / "events.jsonl").unlink()

    (finding,) = (await look_at(path, company)).findings

    assert finding.code is Code.SOURCE_DAMAGED
    assert "rooms/events.jsonl" in finding.sentence
    (tmp_path / "strange.zip").write_bytes(b"no zip")
    with pytest.raises(SourceDamaged, match="no zip file"):
        ExportSource(tmp_path / "strange.zip")


async def test_cosignatures_are_checked_and_the_quorum_is_said(
    company: Company, copy_of: Copy, entropy: SeededEntropy
) -> None:
    trust = Trust.of(vkeys=[company.vkey], policy=POLICY)
    async with copy_of() as dsn:
        async with Attacker(dsn, company) as server:
            await cosigned(server, 4, COUNCIL, AUDITOR)
            await cosigned(server, 5, COUNCIL)
            stranger = Signer("stranger.example.org", bytes(31) + b"\3", COSIGNATURE_V1)
            await cosigned(server, 5, stranger)
        report = await examine(dsn, company, trust, entropy=entropy)

    assert report.holds
    assert report.counts["cosignatures of witnesses"] == 3
    assert any("Witnesses have signed log 1 up to leaf 4 of 5" in note for note in report.notes)
    assert any("1 cosignature of log 1" in text for text in report.unchecked)


async def test_a_log_rewritten_under_its_witnesses_is_found_without_anything_else_from_elsewhere(
    company: Company, copy_of: Copy, entropy: SeededEntropy
) -> None:
    async with copy_of() as dsn:
        async with Attacker(dsn, company) as attacker:
            await attacker.insert(
                "evidence_policy",
                {"org_id": company.org_id, "set_at": FakeClock().now(), "policy": POLICY},
            )
            await cosigned(attacker, 4, COUNCIL, AUDITOR)
            await attacker.reseal(attacker.first, 4, b'{"text":"never said","spans":[]}')
            await attacker.rewrite_everything(attacker.first)
        report = await examine(dsn, company, Trust(), entropy=entropy)

    (finding,) = report.findings
    assert finding.code is Code.COSIGNATURE_WRONG
    assert "the witness signed another state of the log" in finding.sentence


async def test_a_policy_that_was_brought_along_must_be_satisfied(
    company: Company, entropy: SeededEntropy
) -> None:
    report = await examine(company.dsn, company, Trust.of(policy=POLICY), entropy=entropy)

    (finding,) = report.findings
    assert finding.code is Code.QUORUM_MISSING


async def test_a_log_of_another_name_is_not_the_one_that_was_meant(
    company: Company, entropy: SeededEntropy
) -> None:
    other = Signer("other.example.org/log/1", bytes(32)).verifier.vkey

    report = await examine(company.dsn, company, Trust.of(vkeys=[other]), entropy=entropy)

    (finding,) = report.findings
    assert finding.code is Code.LOG_MISSING
    assert "no log called other.example.org/log/1" in finding.sentence


@pytest.mark.parametrize(
    ("brought", "reason"),
    [
        ({"vkeys": ["nonsense"]}, "is not a verifier key"),
        ({"vkeys": [COUNCIL.verifier.vkey]}, "that of a witness"),
        ({"policy": "quorum nobody"}, "The policy cannot be read"),
        ({"checkpoints": [("a.txt", "hello")]}, "a.txt is not a checkpoint"),
    ],
)
def test_what_cannot_be_read_is_refused_by_name(brought: dict[str, object], reason: str) -> None:
    with pytest.raises(NotATrust, match=reason):
        Trust.of(**brought)  # type: ignore[arg-type]  # one case each


def contents(path: Path) -> dict[str, bytes]:
    """Every file of an export by name."""
    if path.is_file():
        with zipfile.ZipFile(path) as archive:
            return {name: archive.read(name) for name in archive.namelist()}
    return {
        found.relative_to(path).as_posix(): found.read_bytes()
        for found in sorted(path.rglob("*"))
        if found.is_file()
    }
