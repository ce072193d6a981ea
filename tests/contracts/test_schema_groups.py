"""Every table of the live schema follows the distribution rules, and row-level security holds.

Run on the embedded PostgreSQL and on the oldest supported one.
"""

import random
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from uuid import UUID

import asyncpg
import pytest

from amana.kernel.entropy import SeededEntropy
from tests.support.floor import postgres
from tests.support.schema_groups import Table, faults, tables

__all__ = ["postgres"]

ORGANISATIONS = [UUID(int=number) for number in (1, 2, 3)]
VALUES = {
    "uuid": lambda chance: UUID(int=chance.getrandbits(128)),
    "bytea": lambda chance: chance.randbytes(32),
    "text": lambda chance: f"text {chance.getrandbits(60)}",
    "smallint": lambda chance: chance.randrange(1, 30000),
    "integer": lambda chance: chance.randrange(1, 2**31),
    "bigint": lambda chance: chance.randrange(1, 2**62),
    "real": lambda chance: chance.random(),
    "double precision": lambda chance: chance.random(),
    "boolean": lambda chance: chance.random() < 0.5,
    "jsonb": lambda chance: f'{{"x": {chance.getrandbits(30)}}}',
    "timestamp with time zone": lambda chance: datetime.fromtimestamp(chance.randrange(1, 2**31), UTC),
    "date": lambda chance: datetime.fromtimestamp(chance.randrange(1, 2**31), UTC).date(),
    "uuid[]": lambda chance: [UUID(int=chance.getrandbits(128))],
    "text[]": lambda chance: [f"text {chance.getrandbits(60)}"],
    "bytea[]": lambda chance: [chance.randbytes(8)],
    "integer[]": lambda chance: [chance.randrange(1, 2**31)],
}
KEYLESS = """
CREATE TABLE loose (org_id uuid NOT NULL);
COMMENT ON TABLE loose IS 'group: ORG';
CALL protect_table('loose');
"""
OPEN_ENTRY = """
CREATE TABLE entry (org_id uuid NOT NULL, user_id uuid PRIMARY KEY);
COMMENT ON TABLE entry IS 'group: USER';
CALL protect_entry_table('entry');
"""
CROSSING = """
CREATE TABLE near (
  org_id uuid NOT NULL, user_id uuid PRIMARY KEY,
  conversation_id uuid REFERENCES conversation_head (conversation_id)
);
COMMENT ON TABLE near IS 'group: USER';
CALL protect_table('near');
"""
STRAYING = """
CREATE TABLE stray (
  org_id uuid NOT NULL, user_id uuid, other uuid REFERENCES user_head (user_id), PRIMARY KEY (user_id)
);
COMMENT ON TABLE stray IS 'group: USER';
CALL protect_table('stray');
"""


@pytest.fixture
async def owner(empty_dsn: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(empty_dsn, server_settings={"search_path": "amana"})
    yield connection
    await connection.close()


@pytest.fixture
def chance(entropy: SeededEntropy) -> random.Random:
    """Repeatable like ``entropy``, which printed the seed."""
    return random.Random(entropy.token_bytes(8))


async def test_every_table_follows_the_rules(owner: asyncpg.Connection) -> None:
    names = {table.name for table in await tables(owner)}

    assert {"amana.event", "keyring.wrap", "amana.member", "amana.event_202611"} <= names
    assert await faults(owner) == []


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ("COMMENT ON TABLE member IS 'members'", "amana.member: declares no group"),
        ("COMMENT ON TABLE member IS 'group: SYSTEM'", "amana.member: SYSTEM is for"),
        ("COMMENT ON TABLE conversation_head IS 'group: USER'", "key conversation_head_pkey lacks user_id"),
        ("ALTER TABLE member DISABLE ROW LEVEL SECURITY", "amana.member: row-level security is not"),
        ("ALTER TABLE member NO FORCE ROW LEVEL SECURITY", "amana.member: row-level security is not"),
        ("ALTER TABLE event_202611 DISABLE ROW LEVEL SECURITY", "amana.event_202611: row-level security"),
        ("DROP POLICY own_organisation ON member", "amana.member: policies are []"),
        ("CREATE POLICY wide ON member USING (true)", "'wide'"),
        ("ALTER TABLE member ALTER org_id DROP NOT NULL", "amana.member: has no column org_id"),
        ("CREATE UNIQUE INDEX wide ON member (user_id)", "key wide lacks conversation_id"),
        (
            "CREATE UNIQUE INDEX wide ON member (user_id) WHERE org_id IS NULL",
            "key wide lacks conversation_id",
        ),
        ("CREATE SEQUENCE counter", "amana.counter: a sequence"),
        ("ALTER TABLE member ADD number bigint GENERATED ALWAYS AS IDENTITY", "number is an identity column"),
        ("ALTER TABLE member ADD number bigserial", "a sequence"),
        ("CREATE TABLE keyring.loose (org_id uuid NOT NULL)", "keyring.loose: declares no group"),
        (KEYLESS, "amana.loose: has no primary key"),
        (OPEN_ENTRY, "amana.entry: policies are"),
        (CROSSING, "refers to another group"),
        (STRAYING, "stray_other_fkey may refer to another piece: it lacks user_id"),
        ("ALTER TABLE member ADD EXCLUDE (user_id WITH =)", "excludes across the pieces"),
    ],
)
async def test_the_checker_finds(owner: asyncpg.Connection, change: str, fault: str) -> None:
    await owner.execute(change)

    found = await faults(owner)

    assert any(fault in one for one in found), found


async def test_without_any_filter_no_foreign_row_is_seen_changed_or_made(
    owner: asyncpg.Connection, chance: random.Random
) -> None:
    filled = await fill_all_tables(owner, chance)
    assert len(filled) >= 15

    leaks = await find_leaks(owner, filled)

    assert leaks == []


async def test_the_fuzz_finds_an_unprotected_table(owner: asyncpg.Connection, chance: random.Random) -> None:
    filled = await fill_all_tables(owner, chance)
    await owner.execute("ALTER TABLE member DISABLE ROW LEVEL SECURITY")
    await owner.execute("CREATE POLICY wide ON evidence_entry FOR SELECT USING (true)")

    leaks = await find_leaks(owner, filled)

    assert {leak.partition(":")[0] for leak in leaks} == {"amana.member", "amana.evidence_entry"}


async def fill_all_tables(owner: asyncpg.Connection, chance: random.Random) -> list[Table]:
    """Put rows of three organisations into every table that has rows of organisations."""
    await _drop_checks(owner)
    # No triggers and no foreign keys: the rows need not make sense, only belong to somebody.
    await owner.execute("SET session_replication_role = replica")
    filled = []
    for table in await tables(owner):
        if table.group == "SYSTEM" or table.is_partition:
            continue
        for org_id in ORGANISATIONS:
            for _ in range(chance.randrange(1, 4)):
                await _insert(owner, table, org_id, chance)
        filled.append(table)
    await owner.execute("RESET session_replication_role")
    return filled


async def _drop_checks(owner: asyncpg.Connection) -> None:
    rows = await owner.fetch("""
        SELECT conrelid::regclass::text AS name, conname FROM pg_constraint
         WHERE contype = 'c' AND conrelid <> 0 AND coninhcount = 0
           AND connamespace IN ('amana'::regnamespace, 'keyring'::regnamespace)
        """)
    for row in rows:
        await owner.execute(f'ALTER TABLE {row["name"]} DROP CONSTRAINT IF EXISTS "{row["conname"]}"')


async def _insert(owner: asyncpg.Connection, table: Table, org_id: UUID, chance: random.Random) -> None:
    row: dict[str, object] = {"org_id": org_id}
    for name, column in table.columns.items():
        if name == "bucket" and column["type"] == "integer":
            row[name] = chance.choice([202609, 202610, 202611])
        elif name != "org_id" and column["required"]:
            row[name] = VALUES[column["type"]](chance)
    places = ", ".join(f"${number}" for number in range(1, len(row) + 1))
    await owner.execute(
        f"INSERT INTO {table.name} ({', '.join(row)}) VALUES ({places}) ON CONFLICT DO NOTHING", *row.values()
    )


async def find_leaks(owner: asyncpg.Connection, filled: list[Table]) -> list[str]:
    """Ask as the application, once per organisation and once for none, without any filter."""
    leaks: list[str] = []
    own = {
        (table.name, org_id): await owner.fetchval(
            f"SELECT count(*) FROM {table.name} WHERE org_id = $1", org_id
        )
        for table in filled
        for org_id in ORGANISATIONS
    }
    await owner.execute("SET ROLE amana_app")
    for table in filled:
        for org_id in ORGANISATIONS:
            await owner.execute("SELECT set_config('amana.org', $1, false)", str(org_id))
            expected = own[table.name, org_id]
            leaks += [f"{table.name}: {leak}" for leak in await _leaks_of(owner, table, org_id, expected)]
        await owner.execute("SELECT set_config('amana.org', '', false)")
        is_entry = "own_organisation_or_entry" in table.policies
        if not is_entry and await _count(owner, table, "true") > 0:
            leaks.append(f"{table.name}: rows are visible without any organisation")
    await owner.execute("RESET ROLE")
    return leaks


async def _leaks_of(owner: asyncpg.Connection, table: Table, org_id: UUID, expected: int) -> list[str]:
    found = []
    if await _count(owner, table, "true") != expected:
        found.append("a query without a filter sees other organisations")
    foreign = next(other for other in ORGANISATIONS if other != org_id)
    for verb, sql in (
        ("changed", f"UPDATE {table.name} SET org_id = org_id WHERE org_id = '{foreign}'"),
        ("given away", f"UPDATE {table.name} SET org_id = '{foreign}'"),
        ("removed", f"DELETE FROM {table.name} WHERE org_id = '{foreign}'"),
    ):
        if await _touched(owner, sql):
            found.append(f"rows can be {verb}")
    return found


async def _count(owner: asyncpg.Connection, table: Table, condition: str) -> int:
    return int(await owner.fetchval(f"SELECT count(*) FROM {table.name} WHERE {condition}"))


async def _touched(owner: asyncpg.Connection, sql: str) -> int:
    """Try a change and take it back; 0 when it is refused, by policy, right or trigger."""
    transaction = owner.transaction()
    await transaction.start()
    try:
        return int((await owner.execute(sql)).rpartition(" ")[2])
    except asyncpg.InsufficientPrivilegeError:
        return 0
    finally:
        await transaction.rollback()
