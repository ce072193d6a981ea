"""Row-level security alone: the application's own filters taken away, no row of another organisation shows.

Two organisations talk on one database. A session of the application's role works in the name of the first
and asks every table and every SQL function for the second: with its ids, at random, without any filter.
"""

import random
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest

from amana.kernel.entropy import SeededEntropy
from amana.storage.database import Database
from tests.conversations.world import World
from tests.support.clock import FakeClock

CI_CALLS = 20
FULL_CALLS = 400

_RELATIONS = """
SELECT n.nspname || '.' || quote_ident(c.relname) AS name,
       EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'org_id') AS owned,
       c.relkind IN ('r', 'p') AND NOT c.relispartition AS whole
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE n.nspname IN ('amana', 'keyring') AND c.relkind IN ('r', 'p', 'v', 'm') ORDER BY 1
"""
_FUNCTIONS = """
SELECT p.oid::regprocedure::text AS name, p.oid::regproc::text AS call, p.pronargs AS count,
       p.prokind = 'p' AS is_procedure, p.proargnames AS names,
       array(SELECT format_type(t, NULL) FROM unnest(p.proargtypes) WITH ORDINALITY AS a (t, n)
              ORDER BY n) AS types
  FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
 WHERE n.nspname IN ('amana', 'keyring') AND p.prokind IN ('f', 'p') AND p.prorettype <> 'trigger'::regtype
 ORDER BY 1
"""


class Prober:
    """A session of the application's role that tries to reach what is not its own."""

    def __init__(
        self, connection: asyncpg.Connection, mine: UUID, theirs: UUID, chance: random.Random
    ) -> None:
        self.connection, self.mine, self.theirs, self.chance = connection, mine, theirs, chance
        self.relations: list[str] = []
        self.whole: list[str] = []
        self.untouched = ""
        self.values: dict[str, list[object]] = {}
        self.secrets: set[str] = set()
        self.answered: set[str] = set()

    async def prepare(self) -> None:
        """Learn, as the superuser, every id and every sealed byte of the other organisation."""
        found = await self.connection.fetch(_RELATIONS)
        self.relations = [row["name"] for row in found if row["owned"]]
        self.whole = [row["name"] for row in found if row["owned"] and row["whole"]]
        self.untouched = await self._their_rows()
        own: set[str] = set()
        for name in self.relations:
            for row in await self.connection.fetch(f"SELECT * FROM {name}"):
                kept = own if row["org_id"] == self.mine else self.secrets
                for value in row.values():
                    if isinstance(value, UUID | bytes) and value:
                        kept.add(_shown(value))
                        kind = "uuid" if isinstance(value, UUID) else "bytea"
                        if row["org_id"] == self.theirs:
                            self.values.setdefault(kind, []).append(value)
        self.secrets -= own
        assert len(self.secrets) > 30, "there is too little to find"

    async def leaks_of_tables(self) -> list[str]:
        """Look without a filter, with a foreign one, joined to another table; change, remove, add."""
        leaks = []
        for name in self.relations:
            other = self.chance.choice(self.relations)
            theirs = f"org_id = '{self.theirs}'"
            for sql in (
                f"SELECT * FROM {name}",
                f"SELECT * FROM {name} WHERE {theirs}",
                f"SELECT a.* FROM {name} a FULL JOIN {other} b ON true LIMIT 2000",
                f"UPDATE {name} SET org_id = org_id WHERE {theirs} RETURNING *",
                f"DELETE FROM {name} WHERE {theirs} RETURNING *",
                f"INSERT INTO {name} SELECT * FROM {name} WHERE {theirs} RETURNING *",
            ):
                leaks += await self._try(sql)
        return leaks

    async def leaks_of_functions(self, calls: int) -> list[str]:
        """Call every function so many times with foreign ids; in the name of the own organisation."""
        leaks = []
        for function in await self.connection.fetch(_FUNCTIONS):
            for _ in range(calls):
                arguments = [
                    self.mine if name == "p_org" else self._argument(kind)
                    for name, kind in zip(
                        function["names"] or [""] * function["count"], function["types"], strict=False
                    )
                ]
                places = ", ".join(f"${n}" for n in range(1, function["count"] + 1))
                verb = "CALL " if function["is_procedure"] else "SELECT * FROM "
                leaks += await self._try(f"{verb}{function['call']}({places})", arguments, function["name"])
        return leaks

    async def _try(self, sql: str, arguments: Sequence[object] = (), called: str = "") -> list[str]:
        """Run one statement as the application, look at the answer and at what became of the others' rows."""
        transaction = self.connection.transaction()
        await transaction.start()
        try:
            await self.connection.execute("SET LOCAL ROLE amana_app; SET LOCAL search_path = amana")
            await self.connection.execute(f"SET LOCAL amana.org = '{self.mine}'")
            rows = await self.connection.fetch(sql, *arguments, timeout=10)
            await self.connection.execute("RESET ROLE")
            self.answered.add(called)
            given = {_shown(value) for value in arguments}
            seen = {_shown(value) for row in rows for value in row.values()} & (self.secrets - given)
            changed = await self._their_rows() != self.untouched
        except (asyncpg.PostgresError, asyncpg.InterfaceError, ValueError, TypeError):
            return []
        finally:
            await transaction.rollback()
        found = [f"shows {len(seen)} foreign values: {sql}"] if seen else []
        return [*found, f"changes foreign rows: {sql}"] if changed else found

    async def _their_rows(self) -> str:
        parts = " UNION ALL ".join(
            f"SELECT md5(t::text) AS row FROM {name} t WHERE org_id = '{self.theirs}'" for name in self.whole
        )
        sql = f"SELECT md5(string_agg(row, '' ORDER BY row)) FROM ({parts}) AS rows"
        return str(await self.connection.fetchval(sql))

    def _argument(self, kind: str) -> object:
        if kind.endswith("[]"):
            return [self._argument(kind[:-2])]
        chance = self.chance
        choices: dict[str, object] = {
            "uuid": chance.choice(self.values["uuid"]),
            "bytea": chance.choice(self.values["bytea"]),
            "bigint": chance.randint(0, 5),
            "integer": chance.choice([0, 1, 2, 202611]),
            "smallint": chance.randint(0, 3),
            "boolean": chance.random() < 0.5,
            "text": chance.choice(["", "x", str(self.theirs)]),
        }
        return choices.get(kind)


def _shown(value: object) -> str:
    if isinstance(value, UUID):
        return value.hex
    return value.hex() if isinstance(value, bytes) else str(value)


@pytest.fixture
async def prober(
    empty_database: Database,
    empty_dsn: str,
    clock: FakeClock,
    entropy: SeededEntropy,
    own_seed: int,
    tmp_path: Path,
) -> AsyncIterator[Prober]:
    worlds = [await World(empty_database, clock, entropy).start(tmp_path) for _ in range(2)]
    for world in worlds:
        room = await world.room("bo", "eve")
        place = await world.say("ana", room, "The spare key is with Bo.")
        await world.say("bo", room, "Good.")
        await world.edit("ana", room, place.seq, "The spare key is with Eve.")
        await world.take_out("ana", room, "eve")
    connection = await asyncpg.connect(empty_dsn)
    try:
        prober = Prober(connection, worlds[0].org_id, worlds[1].org_id, random.Random(own_seed))
        await prober.prepare()
        yield prober
    finally:
        await connection.close()


async def test_no_table_shows_or_takes_a_foreign_row(prober: Prober) -> None:
    assert await prober.leaks_of_tables() == []
    assert len(prober.relations) > 30


@pytest.mark.timeout(200)
async def test_no_function_shows_or_changes_a_foreign_row(prober: Prober) -> None:
    assert await prober.leaks_of_functions(CI_CALLS) == []
    assert len(prober.answered) > 5, "hardly a call came through"


@pytest.mark.full
@pytest.mark.timeout(2400)
async def test_no_function_shows_or_changes_a_foreign_row_in_thousands_of_calls(prober: Prober) -> None:
    assert await prober.leaks_of_functions(FULL_CALLS) == []


@pytest.mark.parametrize("table", ["amana.member", "keyring.wrap", "amana.evidence_entry"])
async def test_a_table_without_its_policy_is_caught(prober: Prober, table: str) -> None:
    await prober.connection.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")

    leaks = await prober.leaks_of_tables()

    assert any(f"FROM {table}" in leak for leak in leaks)


@pytest.mark.parametrize(
    "body",
    [
        "SELECT user_id FROM amana.member WHERE conversation_id = p_id",
        "UPDATE amana.member SET visible_from = 7 WHERE conversation_id = p_id RETURNING user_id",
    ],
)
async def test_a_function_that_steps_around_the_policies_is_caught(prober: Prober, body: str) -> None:
    await prober.connection.execute(
        "CREATE FUNCTION amana.around(p_id uuid) RETURNS SETOF uuid LANGUAGE sql SECURITY DEFINER "
        f"AS $$ {body} $$"
    )

    assert any("around" in leak for leak in await prober.leaks_of_functions(CI_CALLS))
