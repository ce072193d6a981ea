"""The erasure journal: everything reaches the target, nothing twice, and it comes back as it was."""

from datetime import timedelta
from pathlib import Path

import pytest

from amana.backup import journal, layout
from amana.backup.envelope import seal
from amana.backup.errors import ObjectDamaged, TargetUnusable
from amana.backup.keys import new_identity, recipient_of
from amana.kernel.entropy import Entropy
from amana.kernel.ids import ConversationId, Ids, OrgId, Seq
from amana.storage.database import Database
from amana.vault.erasure import BEGINNING, Cause, end_grounds
from amana.vault.grounds import Ground
from tests.backup.world import Flaky
from tests.support.clock import FakeClock

KEY = new_identity()
RECIPIENTS = [recipient_of(KEY)]
_WRAPS = """
INSERT INTO keyring.wrap (org_id, conversation_id, seq, ground, bucket, key_ref, wrapped)
SELECT :org, :room, n, 1, 202611, 1, '\\x00' FROM generate_series(1, 20) n
"""


async def erase(
    database: Database, org_id: OrgId, ids: Ids, clock: FakeClock, entropy: Entropy, seqs: list[int]
) -> ConversationId:
    room = ConversationId(ids.new())
    async with database.write(org_id) as tx:
        await tx.run(_WRAPS, org=org_id, room=room)
        await end_grounds(
            tx,
            entropy,
            room,
            [Seq(seq) for seq in seqs],
            [Ground.LIVE],
            cause=Cause.RETENTION,
            now=clock.now(),
        )
    return room


async def test_what_was_erased_is_in_the_target_once(
    database: Database, org_id: OrgId, ids: Ids, clock: FakeClock, entropy: Entropy, tmp_path: Path
) -> None:
    target = Flaky(tmp_path)
    room = await erase(database, org_id, ids, clock, entropy, [2, 3, 4, 9])
    count, mark = await journal.ship(
        database, org_id, target, BEGINNING, recipients=RECIPIENTS, now=clock.now()
    )
    again, _ = await journal.ship(database, org_id, target, mark, recipients=RECIPIENTS, now=clock.now())
    assert (count, again) == (2, 0)

    clock.advance(timedelta(minutes=1))
    other = await erase(database, org_id, ids, clock, entropy, [1])
    target.down = True
    with pytest.raises(TargetUnusable):
        await journal.ship(database, org_id, target, mark, recipients=RECIPIENTS, now=clock.now())
    target.down = False
    count, mark = await journal.ship(database, org_id, target, mark, recipients=RECIPIENTS, now=clock.now())

    found = journal.read_journal(target, [KEY])
    assert count == 1
    assert len(layout.list_journal(target)) == 2
    assert {(one.conversation_id, one.seq_first, one.seq_last) for one in found} == {
        (room, 2, 4), (room, 9, 9), (other, 1, 1),
    }  # fmt: skip
    assert {(one.org_id, one.grounds, one.cause) for one in found} == {(org_id, (1,), int(Cause.RETENTION))}


async def test_entries_that_were_sent_twice_are_read_once(
    database: Database, org_id: OrgId, ids: Ids, clock: FakeClock, entropy: Entropy, tmp_path: Path
) -> None:
    target = Flaky(tmp_path)
    await erase(database, org_id, ids, clock, entropy, [1, 5])
    for _ in range(2):
        clock.advance(timedelta(minutes=1))
        await journal.ship(database, org_id, target, BEGINNING, recipients=RECIPIENTS, now=clock.now())

    assert len(layout.list_journal(target)) == 2
    assert len(journal.read_journal(target, [KEY])) == 2


def test_a_damaged_journal_is_refused(tmp_path: Path, ids: Ids) -> None:
    target = Flaky(tmp_path)
    path = layout.journal_object("20261122T120000Z", ids.new())
    for content in (b"", b"[]", b'{"format":"amana/erasure-journal/v1","entries":[{"id":"x"}]}'):
        target.put(path, [seal(content, RECIPIENTS)])
        with pytest.raises(ObjectDamaged):
            journal.read_journal(target, [KEY])
    target.put(path, [seal(b"{}", RECIPIENTS)[:-1]])
    with pytest.raises(ObjectDamaged):
        journal.read_journal(target, [KEY])
