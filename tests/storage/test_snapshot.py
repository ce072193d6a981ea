"""A reader sees one moment, however many statements it needs."""

from amana.kernel.ids import OrgId
from amana.storage.database import Database


async def test_what_is_committed_between_two_statements_of_a_reader_is_not_seen(
    database: Database, org_id: OrgId
) -> None:
    insert = "INSERT INTO conversation_head (org_id, conversation_id) VALUES (:org_id, gen_random_uuid())"
    count = "SELECT count(*) FROM conversation_head"
    async with database.write(org_id) as tx:
        await tx.run(insert, org_id=org_id)

    async with database.read(org_id) as reader:
        before = await reader.value(count)
        async with database.write(org_id) as tx:
            await tx.run("DELETE FROM conversation_head WHERE true")
        async with database.write(org_id) as tx:
            await tx.run(insert, org_id=org_id)
            await tx.run(insert, org_id=org_id)
        during = await reader.value(count)
    async with database.read(org_id) as reader:
        after = await reader.value(count)

    assert (before, during, after) == (1, 1, 2)


async def test_readers_keep_their_snapshot_and_writers_see_what_others_committed(
    database: Database, org_id: OrgId
) -> None:
    async with database.read(org_id) as reader:
        isolation = await reader.value("SELECT current_setting('transaction_isolation')")
        read_only = await reader.value("SELECT current_setting('transaction_read_only')")
    async with database.write(org_id) as tx:
        writing = await tx.value("SELECT current_setting('transaction_isolation')")

    assert (isolation, read_only, writing) == ("repeatable read", "on", "read committed")
