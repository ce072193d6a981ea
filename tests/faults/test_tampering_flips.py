"""Any bit of what counts as evidence, changed at random: detected, or one of the few explained here."""

import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import UUID

import asyncpg
import pytest

from amana.evidence.verify import Report, verify
from amana.evidence.verify.content import ContentCheck
from amana.evidence.verify.database import DatabaseSource
from amana.kernel.entropy import SeededEntropy
from amana.storage.database import Database, Tx
from amana.vault import KeyFile, Vault
from tests.evidence.verify_fixtures import Copy, company, copy_of
from tests.evidence.verify_world import Company

__all__ = ["company", "copy_of"]

# Table → columns that are evidence. What is left out is explained in docs/operating/verify.md.
COLUMNS = {
    "event": "org_id conversation_id seq bucket kind sender_id device_id client_id target_seq revision ts"
    " commitment body",
    "conversation_head": "org_id conversation_id seq chain",
    "keyring.wrap": "org_id conversation_id seq ground bucket key_ref wrapped",
    "keyring.conversation_key": "org_id conversation_id generation epoch wrapped",
    "keyring.organisation_key": "org_id epoch wrapped",
    "evidence_entry": "org_id id at actor_id action subject detail blind",
    "evidence_log": "org_id log_no origin public_key private_key",
    "evidence_leaf": "org_id log_no idx data entry_id",
    "evidence_tile": "org_id log_no level n hashes",
    "evidence_checkpoint": "org_id log_no size root note",
    "evidence_room": "org_id log_no idx conversation_id pseudonym seq chain",
}
DELETED = 0.15
TRACE = 2
PLACES = [(table, column) for table, columns in COLUMNS.items() for column in columns.split()]


@dataclass
class Lab:
    """A copy of the company in which every change is taken back again."""

    company: Company
    connection: asyncpg.Connection
    vault: Vault

    async def attempt(self, table: str, column: str, row: int, bit: int | None) -> tuple[bool, str | None]:
        """Change one bit of a value, or delete the row for ``*``; take it back afterwards.

        Returns:
            Whether something was found, and why not where nobody has to.
        """
        transaction = self.connection.transaction()
        await transaction.start()
        try:
            rows = await self.connection.fetch(f"SELECT ctid, tableoid, * FROM {table} ORDER BY 1, 2")
            chosen = rows[row % len(rows)]
            here = (chosen["ctid"], chosen["tableoid"])
            value = None if bit is None or column == "*" else changed(chosen[column], bit)
            reason: str | None = "nothing was done"
            if column == "*":
                await self.connection.execute(f"DELETE FROM {table} WHERE ctid = $1 AND tableoid = $2", *here)
                reason = explained_end(table, chosen, rows)
            elif value is not None:
                change = f"UPDATE {table} SET {column} = $3 WHERE ctid = $1 AND tableoid = $2"
                await self.connection.execute(change, *here, value)
                reason = explained(table, column, chosen, value, rows)
            return not (await self.examine()).holds, reason
        except (asyncpg.IntegrityConstraintViolationError, asyncpg.DataError):
            return False, "PostgreSQL refuses it"
        finally:
            await transaction.rollback()

    async def examine(self) -> Report:
        # As the application's role: row-level security hides what belongs to nobody.
        await self.connection.execute(
            f"SET LOCAL ROLE amana_app; SET LOCAL amana.org = '{self.company.org_id}'"
        )
        source = DatabaseSource(Tx(self.connection, self.company.org_id), self.company.org_id)
        report = await verify(source, self.company.trust, opens=True)
        await ContentCheck(source, self.vault, report).run()
        return report


def changed(value: object, bit: int) -> object | None:
    """The value with one bit changed."""
    match value:
        case bytes():
            place = bit % (8 * len(value))
            return bytes(byte ^ ((place // 8 == n) << place % 8) for n, byte in enumerate(value))
        case int():
            return value ^ 1 << bit % 14
        case UUID():
            return UUID(int=value.int ^ 1 << bit % 128)
        case str():
            place = bit % len(value)
            return value[:place] + ("x" if value[place] != "x" else "y") + value[place + 1 :]
        case None:
            return None
    return value.replace(microsecond=value.microsecond ^ 1 << bit % 19)  # type: ignore[attr-defined]  # a time


def explained(
    table: str, column: str, row: asyncpg.Record, value: object, rows: list[asyncpg.Record]
) -> str | None:
    """Why nobody has to notice this change."""
    if (table, column) == ("event", "ts") and isinstance(value, int):
        return "times are evidence to the minute" if value // 60_000 == row["ts"] // 60_000 else None
    # A wrap that was changed is as good as gone, and so is what belongs to no log or nobody any more.
    is_gone = table == "keyring.wrap" or column in ("org_id", "log_no")
    return explained_end(table, row, rows) if is_gone else None


def explained_end(table: str, row: asyncpg.Record, rows: list[asyncpg.Record]) -> str | None:
    """Why nobody has to miss this row."""
    if table == "keyring.wrap" and row["ground"] == TRACE:
        return "traces end by themselves"
    if table == "evidence_checkpoint" and row["size"] < max(one["size"] for one in rows):
        return "a newer checkpoint covers it"
    return None


@asynccontextmanager
async def opened_lab(company: Company, copy_of: Copy) -> AsyncIterator[Lab]:
    async with copy_of() as dsn:
        connection = await asyncpg.connect(
            dsn,
            server_settings={
                "search_path": "amana", "session_replication_role": "replica", "timezone": "UTC",
            },
        )  # fmt: skip
        database = await Database.connect(dsn, pool_size=2)
        vault = Vault(database, KeyFile(company.key_folder / "root.key"), SeededEntropy(1))
        await vault.start()
        await database.close()
        try:
            yield Lab(company, connection, vault)
        finally:
            await connection.close()


async def tried(company: Company, copy_of: Copy, seed: int, number: int) -> Counter[str]:
    """Change or delete ``number`` times something at random; gives how often which end was met."""
    chance, seen = random.Random(seed), Counter[str]()
    async with opened_lab(company, copy_of) as lab:
        assert (await lab.attempt("event", "ts", 0, None)) == (False, "nothing was done")
        for _ in range(number):
            table, column = chance.choice(PLACES)
            row, bit = chance.randrange(100), chance.randrange(2**16)
            if chance.random() < DELETED:
                column = "*"
            found, reason = await lab.attempt(table, column, row, bit)
            assert found or reason, f"nobody noticed: {table}.{column}, row {row}, bit {bit}"
            seen["found" if found else str(reason)] += 1
    return seen


async def test_a_hundred_random_changes_are_found_or_explained(
    company: Company, copy_of: Copy, own_seed: int
) -> None:
    seen = await tried(company, copy_of, own_seed, 100)

    assert seen["found"] > 60, seen


@pytest.mark.full
@pytest.mark.timeout(3600)
async def test_ten_thousand_random_changes_are_found_or_explained(
    company: Company, copy_of: Copy, own_seed: int
) -> None:
    seen = await tried(company, copy_of, own_seed, 10_000)

    print(dict(seen))
    assert seen["found"] > 7_000, seen
