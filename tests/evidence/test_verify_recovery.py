"""Logs that follow each other after a recovery: a declared loss is a note, another one a finding."""

from collections.abc import Awaitable, Callable

from amana.evidence import Sequencer
from amana.evidence.verify import Code, Report
from amana.kernel.entropy import SeededEntropy
from tests.evidence.attacker import Attacker
from tests.evidence.verify_fixtures import Copy, company, copy_of
from tests.evidence.verify_world import HOST, Company, examine
from tests.faults.test_tampering import roll_the_database_back
from tests.support.clock import FakeClock

__all__ = ["company", "copy_of"]

Act = Callable[[Attacker], Awaitable[object]]


async def recover(attacker: Attacker, *, prior: str | None = None) -> None:
    """The ceremony, and the log is written on."""
    clock = FakeClock()
    clock.advance(hours=1)
    sequencer = Sequencer(attacker.database, attacker.vault, clock, attacker.entropy, host=HOST)
    org_id = attacker.company.org_id
    async with attacker.database.write(org_id) as tx:
        await sequencer.begin_next_log(tx, org_id, "restore", prior=prior)
    assert await sequencer.run_once(org_id) is not None


async def after(act: Act, company: Company, copy_of: Copy, entropy: SeededEntropy) -> Report:
    async with copy_of() as dsn:
        async with Attacker(dsn, company) as attacker:
            await act(attacker)
        return await examine(dsn, company, entropy=entropy)


async def test_a_log_that_follows_the_last_checkpoint_of_the_old_one_holds(
    company: Company, copy_of: Copy, entropy: SeededEntropy
) -> None:
    report = await after(recover, company, copy_of, entropy)

    assert report.findings == []
    assert report.counts["logs"] == 2
    assert any("The key of log 2 was taken from what is being checked" in note for note in report.notes)


async def test_what_a_restore_lost_and_declared_is_said_and_is_no_fault(
    company: Company, copy_of: Copy, entropy: SeededEntropy
) -> None:
    async def restore(attacker: Attacker) -> None:
        await roll_the_database_back(attacker)
        await recover(attacker, prior=company.checkpoints[-1])

    report = await after(restore, company, copy_of, entropy)

    assert report.findings == []
    assert any("Leaf 4 of log 1 and what belonged to it were lost" in note for note in report.notes)


async def test_what_a_restore_lost_without_saying_so_is_found(
    company: Company, copy_of: Copy, entropy: SeededEntropy
) -> None:
    async def restore(attacker: Attacker) -> None:
        await roll_the_database_back(attacker)
        await recover(attacker)

    (finding,) = (await after(restore, company, copy_of, entropy)).findings

    assert (finding.code, finding.where.log_no, finding.where.leaf) == (Code.LOG_ROLLED_BACK, 1, 4)
    assert "ended with 4 leaves when log 2 took over" in finding.sentence


async def test_an_old_log_that_was_exchanged_after_the_recovery_is_found(
    company: Company, copy_of: Copy, entropy: SeededEntropy
) -> None:
    async def exchange(attacker: Attacker) -> None:
        await recover(attacker)
        await attacker.sql("UPDATE evidence_log SET prior = $1 WHERE log_no = 2", company.checkpoints[0])

    (finding,) = (await after(exchange, company, copy_of, entropy)).findings

    assert (finding.code, finding.where.log_no) == (Code.SUCCESSION_BROKEN, 2)


async def test_an_old_log_that_was_deleted_is_found(
    company: Company, copy_of: Copy, entropy: SeededEntropy
) -> None:
    async def delete(attacker: Attacker) -> None:
        await recover(attacker)
        for table in ("log", "leaf", "tile", "checkpoint", "room"):
            await attacker.sql(f"DELETE FROM evidence_{table} WHERE log_no = 1")

    report = await after(delete, company, copy_of, entropy)

    assert report.findings[0].code is Code.LOG_MISSING
    assert {finding.code for finding in report.findings} == {Code.LOG_MISSING, Code.RECORD_UNLOGGED}
