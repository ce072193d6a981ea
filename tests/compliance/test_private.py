"""What a person kept for themselves ends with them: the key at once, the rows with the last step."""

from amana.compliance.again import erase_again
from amana.compliance.hygiene import PERSONS_KEYS
from amana.kernel.clock import unix_ms
from amana.kernel.ids import ConversationId, UserId
from amana.storage import hygiene
from tests.compliance.conftest import Office
from tests.conversations.keeping import Keeping
from tests.conversations.world import World
from tests.sync.private_acts import SECTIONS, prefer
from tests.vault.room import Intruder

TABLES = (
    "private_draft",
    "private_star",
    "private_place",
    "private_section",
    "private_reminder",
    "private_preferences",
    "keyring.user_key",
)


async def keep_everything(world: World, name: str) -> ConversationId:
    """Let somebody use all of it."""
    keeping, room = Keeping(world), await world.room("bo", "eve")
    said = await world.say("ana", room)
    await keeping.save(name, room, "quite unheard of", 0)
    await keeping.star(name, room, said.seq)
    await keeping.section(name, SECTIONS[0], "Hidden folder")
    await keeping.move(name, room, section_id=SECTIONS[0], archived=True)
    await keeping.remind(name, room, unix_ms(world.clock.now()) + 3_600_000, note="call her")
    await prefer(keeping, name, receipts=False)
    return room


async def rows_of(dsn: str, user_id: UserId) -> dict[str, int]:
    intruder = Intruder(dsn)
    counts = {}
    for table in TABLES:
        (row,) = await intruder.rows(f"SELECT count(*) FROM {table} WHERE user_id = $1", user_id)
        counts[table] = row[0]
    return counts


async def test_nothing_private_is_left_of_an_erased_person(
    world: World, office: Office, database_dsn: str
) -> None:
    await keep_everything(world, "bo")
    await keep_everything(world, "eve")
    bo, eve = world["bo"].user_id, world["eve"].user_id
    assert set((await rows_of(database_dsn, bo)).values()) == {1}

    await office.erase("ana", "bo")

    assert set((await rows_of(database_dsn, bo)).values()) == {0}
    assert set((await rows_of(database_dsn, eve)).values()) == {1}
    jobs = await Intruder(database_dsn).rows("SELECT detail FROM job WHERE kind = 'reminder'")
    assert not any(str(bo) in row["detail"] for row in jobs)
    assert any(str(eve) in row["detail"] for row in jobs)


async def test_the_key_is_gone_with_the_request_before_anything_else_is(
    world: World, office: Office, database_dsn: str
) -> None:
    await keep_everything(world, "bo")
    bo = world["bo"].user_id

    async with world.database.write(world.org_id) as tx:
        await office.persons.request(tx, world["ana"], bo)

    counts = await rows_of(database_dsn, bo)
    assert (counts["keyring.user_key"], counts["private_draft"]) == (0, 1)
    (draft,) = await Keeping(world).drafts("bo")
    assert (draft.text, draft.unreadable) == ("", "erased")


async def test_a_restore_ends_the_key_again(world: World, database_dsn: str) -> None:
    await keep_everything(world, "bo")
    request = (world["bo"].user_id, world["ana"].user_id, world.clock.now())

    async with world.database.write(world.org_id) as tx:
        assert await erase_again(tx, world.org_id, [request], now=world.clock.now()) == []

    assert (await rows_of(database_dsn, world["bo"].user_id))["keyring.user_key"] == 0


async def test_the_key_has_left_the_files_after_the_cleaning(
    world: World, office: Office, database_dsn: str
) -> None:
    await keep_everything(world, "bo")
    intruder = Intruder(database_dsn)
    (row,) = await intruder.rows(
        "SELECT wrapped FROM keyring.user_key WHERE user_id = $1", world["bo"].user_id
    )
    page = "SELECT string_agg(encode(get_raw_page('keyring.user_key', n), 'hex'), '') FROM"
    pages = f"{page} generate_series(0, pg_relation_size('keyring.user_key') / 8192 - 1) AS n"
    await intruder.rows("CREATE EXTENSION IF NOT EXISTS pageinspect SCHEMA public")
    pages = pages.replace("get_raw_page", "public.get_raw_page").replace("/ 8192 - 1", "::int / 8192 - 1")
    await office.erase("ana", "bo")
    ((before,),) = await intruder.rows(pages)
    assert row["wrapped"].hex() in before, "a deleted row stays where it was"

    newest = int(str((await intruder.rows("SELECT pg_current_xact_id()::text"))[0][0]))
    await hygiene.rewrite(database_dsn, [PERSONS_KEYS], newest=newest, pause_s=0.1)

    ((after,),) = await intruder.rows(pages)
    assert row["wrapped"].hex() not in (after or "")


async def test_every_table_of_this_kind_is_looked_at(database_dsn: str) -> None:
    rows = await Intruder(database_dsn).rows(
        "SELECT relname FROM pg_class WHERE relkind = 'r' AND relname LIKE 'private\\_%'"
    )

    assert {row["relname"] for row in rows} == {name for name in TABLES if "." not in name}
