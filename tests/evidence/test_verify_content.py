"""With the root key: what was erased is accounted for, what came back is found, nothing ends in an error."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from amana.evidence import Sequencer
from amana.evidence.verify import Code, Report, Trust
from amana.kernel.entropy import SeededEntropy
from amana.kernel.ids import ConversationId, Seq
from amana.storage.database import Database
from amana.vault import Cause, Ground
from tests.conversations import naming
from tests.conversations.world import World
from tests.evidence.attacker import Attacker
from tests.evidence.verify_fixtures import Copy, company, copy_of
from tests.evidence.verify_world import HOST, Company, examine, more_talk
from tests.support.clock import FakeClock

__all__ = ["company", "copy_of"]

Act = Callable[[Attacker], Awaitable[object]]


async def after(act: Act, company: Company, copy_of: Copy, entropy: SeededEntropy) -> Report:
    async with copy_of() as dsn:
        async with Attacker(dsn, company) as server:
            await act(server)
        return await examine(dsn, company, entropy=entropy)


async def erase(server: Attacker) -> None:
    """As retention does it: the ground ends and the journal says so."""
    clock = FakeClock()
    clock.advance(timedelta(days=1))
    async with server.database.write(server.company.org_id) as tx:
        ended = await server.vault.end_grounds(
            tx, server.first, [Seq(4), Seq(6)], [Ground.LIVE], cause=Cause.RETENTION, now=clock.now()
        )
    assert ended == 2


async def test_what_was_erased_is_accounted_for(
    company: Company, copy_of: Copy, entropy: SeededEntropy
) -> None:
    report = await after(erase, company, copy_of, entropy)

    assert report.findings == []


async def test_what_was_erased_and_came_back_is_found(
    company: Company, copy_of: Copy, entropy: SeededEntropy
) -> None:
    async def restore_without_the_journal(server: Attacker) -> None:
        key = await server.data_key(server.first, 4)
        await erase(server)
        await server.put_wrap(server.first, 4, key)

    (finding,) = (await after(restore_without_the_journal, company, copy_of, entropy)).findings

    assert (finding.code, finding.where.first) == (Code.WRAP_SURPLUS, 4)
    assert "entry 4 is readable again, although it was erased on 2026-11-23" in finding.sentence


async def test_what_is_kept_for_another_ground_is_not_missed(
    company: Company, copy_of: Copy, entropy: SeededEntropy
) -> None:
    async def restrict(server: Attacker) -> None:
        await server.put_wrap(server.first, 4, await server.data_key(server.first, 4), Ground.RESTRICTED)
        await server.sql(
            "DELETE FROM keyring.wrap WHERE conversation_id = $1 AND seq = 4 AND ground = 1", server.first
        )

    assert (await after(restrict, company, copy_of, entropy)).findings == []


async def test_newer_keys_change_nothing(company: Company, copy_of: Copy, entropy: SeededEntropy) -> None:
    async def rotate(server: Attacker) -> None:
        async with server.database.write(server.company.org_id) as tx:
            await server.vault.rotation.rotate_conversation(
                tx, server.company.org_id, server.first, now=FakeClock().now()
            )

    assert (await after(rotate, company, copy_of, entropy)).findings == []


async def test_an_older_copy_of_the_whole_database_is_found_by_one_newer_checkpoint(
    company: Company, copy_of: Copy, clock: FakeClock, entropy: SeededEntropy
) -> None:
    async with copy_of() as dsn:
        await more_talk(dsn, company, clock, entropy)
        async with Attacker(dsn, company) as server:
            sequencer = Sequencer(server.database, server.vault, clock, entropy, host=HOST)
            assert await sequencer.run_once(company.org_id) is not None
            (newest,) = await server.rows("SELECT note FROM evidence_checkpoint ORDER BY size DESC LIMIT 1")
    trust = Trust.of(vkeys=[company.vkey], checkpoints=[("the council's", newest["note"])])

    (finding,) = (await examine(company.dsn, company, trust, entropy=entropy)).findings

    assert finding.code is Code.LOG_ROLLED_BACK
    assert "the council's holds a checkpoint of log 1 over 7 leaves, but there are only 5" in finding.sentence


EXTREMES = [
    "event SET revision = -5",
    "event SET kind = -1",
    "event SET ts = -9223372036854775808",
    "event SET ts = 9223372036854775807",
    "event SET commitment = ''",
    "event SET body = ''",
    "event SET target_seq = -1",
    "event SET client_id = 'ffffffff-ffff-ffff-ffff-ffffffffffff' WHERE seq = 2",
    "conversation_head SET seq = -1",
    "conversation_head SET seq = 9223372036854775807",
    "conversation_head SET chain = ''",
    "keyring.wrap SET wrapped = '', key_ref = -1",
    "keyring.organisation_key SET wrapped = ''",
    "keyring.conversation_key SET wrapped = ''",
    "evidence_log SET public_key = ''",
    "evidence_log SET private_key = ''",
    "evidence_log SET origin = ''",
    "evidence_log SET origin = E'a\\nb c+d'",
    "evidence_leaf SET data = ''",
    "evidence_leaf SET data = convert_to(repeat('[', 60000), 'UTF8') WHERE idx = 0",
    """evidence_leaf SET data = '{"at":1e400,"c":"é","t":"a","v":1}'::bytea""",
    """evidence_leaf SET data = convert_to('{"at":1' || repeat('0', 5000) || '}', 'UTF8')""",
    """evidence_leaf SET data = convert_to('{"at":1' || repeat('0', 99) || ',"c":"","t":"a"}', 'UTF8')""",
    "evidence_tile SET hashes = ''",
    "evidence_tile SET level = 32000, n = 9223372036854775807",
    "evidence_checkpoint SET note = ''",
    "evidence_checkpoint SET note = repeat(E'\\n', 100)",
    "evidence_checkpoint SET root = ''",
    "evidence_checkpoint SET size = size + 9223372036854775000",
    "evidence_room SET seq = -seq",
    "evidence_room SET chain = '', pseudonym = ''",
    "evidence_entry SET at = 'infinity'",
    "evidence_entry SET at = '4713-01-01 BC'",
    "evidence_entry SET action = repeat('é', 60000)",
    "evidence_entry SET blind = '', detail = ''",
]


@pytest.mark.parametrize("change", EXTREMES)
async def test_whatever_stands_in_the_database_ends_in_a_finding(
    change: str, company: Company, copy_of: Copy, entropy: SeededEntropy
) -> None:
    async def spoil(attacker: Attacker) -> None:
        for constraint in ("event", "keyring.wrap", "evidence_entry", "evidence_checkpoint", "evidence_leaf"):
            await attacker.connection.execute(
                f"DO $$ DECLARE c text; BEGIN FOR c IN SELECT conname FROM pg_constraint WHERE contype = 'c'"
                f" AND conrelid = '{constraint}'::regclass LOOP"
                f" EXECUTE format('ALTER TABLE {constraint} DROP CONSTRAINT %I', c); END LOOP; END $$"
            )
        await attacker.sql(f"UPDATE {change}")

    report = await after(spoil, company, copy_of, entropy)

    assert not report.holds
    assert all(finding.sentence.endswith(".") for finding in report.findings)


async def test_an_answer_stands_in_the_thread_that_its_seal_names(
    company: Company, copy_of: Copy, clock: FakeClock, entropy: SeededEntropy
) -> None:
    async with copy_of() as dsn:
        room, answer = await answer_in_a_thread(dsn, company, clock, entropy)
        sound = await examine(dsn, company, entropy=entropy)
        async with Attacker(dsn, company) as server:
            await server.sql(
                "UPDATE event SET target_seq = NULL WHERE conversation_id = $1 AND seq = $2", room, answer
            )
        moved = await examine(dsn, company, entropy=entropy)

    assert Code.TARGET_CHANGED not in {finding.code for finding in sound.findings}
    assert Code.TARGET_CHANGED in {finding.code for finding in moved.findings}


async def answer_in_a_thread(
    dsn: str, company: Company, clock: FakeClock, entropy: SeededEntropy
) -> tuple[ConversationId, int]:
    database = await Database.connect(dsn)
    try:
        clock.advance(timedelta(minutes=20))
        world = World(database, clock, entropy)
        world.org_id = company.org_id
        await world.start(company.key_folder)
        room = await naming.threaded(world, "bo")
        root = await world.say("ana", room)
        return room, (await naming.say(world, "bo", room, thread=root.seq)).seq
    finally:
        await database.close()
