"""The distribution rules of the schema, read from the live catalogue."""

import re
from dataclasses import dataclass

import asyncpg

DISTRIBUTION = {"CONV": "conversation_id", "USER": "user_id", "ORG": None, "SYSTEM": None}
# The only tables without an organisation, each for the reason in its comment.
SYSTEM_TABLES = {"amana.schema_addition", "amana.schema_migration", "keyring.root_key"}

_TABLES = """
SELECT n.nspname || '.' || c.relname AS name, c.oid, c.relispartition AS partition,
       c.relrowsecurity AS secured, c.relforcerowsecurity AS forced,
       obj_description(c.oid, 'pg_class') AS comment
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE n.nspname IN ('amana', 'keyring') AND c.relkind IN ('r', 'p') ORDER BY 1
"""
_COLUMNS = """
SELECT attrelid, attname AS name, attnotnull AS required, atttypid::regtype::text AS type,
       attidentity::text AS identity
  FROM pg_attribute WHERE attnum > 0 AND NOT attisdropped AND attrelid = ANY($1)
"""
_KEYS = """
SELECT i.indrelid, i.indexrelid::regclass::text AS name, i.indisprimary AS primary,
       array(SELECT a.attname::text FROM pg_attribute a
              WHERE a.attrelid = i.indrelid AND a.attnum = ANY(i.indkey)) AS columns
  FROM pg_index i WHERE i.indisunique AND i.indrelid = ANY($1)
"""
_POLICIES = "SELECT polrelid, polname AS name FROM pg_policy WHERE polrelid = ANY($1)"
_REFERENCES = """
SELECT conname AS name, conrelid, confrelid,
       array(SELECT (a.attname::text, b.attname::text) FROM unnest(conkey, confkey) AS k (mine, theirs)
               JOIN pg_attribute a ON a.attrelid = conrelid AND a.attnum = k.mine
               JOIN pg_attribute b ON b.attrelid = confrelid AND b.attnum = k.theirs) AS columns
  FROM pg_constraint WHERE contype = 'f' AND conparentid = 0 AND conrelid = ANY($1)
"""
_EXCLUSIONS = """
SELECT conrelid::regclass::text AS place, conname AS name FROM pg_constraint
 WHERE contype = 'x' AND conrelid = ANY($1)
"""
_SEQUENCES = """
SELECT n.nspname || '.' || c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE n.nspname IN ('amana', 'keyring') AND c.relkind = 'S' ORDER BY 1
"""


@dataclass(frozen=True)
class Table:
    """One table as the catalogue has it; partitions count as their own, with the group they inherited."""

    name: str
    oid: int
    is_partition: bool
    secured: bool
    comment: str
    columns: dict[str, asyncpg.Record]
    keys: list[asyncpg.Record]
    policies: list[str]

    @property
    def group(self) -> str | None:
        match = re.match(r"group: (CONV|USER|ORG|SYSTEM)\b", self.comment)
        return match[1] if match else None


async def tables(connection: asyncpg.Connection) -> list[Table]:
    """Read every table of the product's schemas."""
    rows = await connection.fetch(_TABLES)
    oids = [row["oid"] for row in rows]
    columns, keys, policies = [await connection.fetch(sql, oids) for sql in (_COLUMNS, _KEYS, _POLICIES)]
    return [
        Table(
            row["name"],
            row["oid"],
            row["partition"],
            row["secured"] and row["forced"],
            row["comment"] or "",
            {column["name"]: column for column in columns if column["attrelid"] == row["oid"]},
            [key for key in keys if key["indrelid"] == row["oid"]],
            [policy["name"] for policy in policies if policy["polrelid"] == row["oid"]],
        )
        for row in rows
    ]


async def faults(connection: asyncpg.Connection) -> list[str]:
    """Say everything in the schema that breaks a rule; empty when there is nothing."""
    found: list[str] = []
    all_tables = await tables(connection)
    for table in all_tables:
        found += [f"{table.name}: {fault}" for fault in _table_faults(table)]
    found += await _reference_faults(connection, all_tables)
    spread = [table.oid for table in all_tables if DISTRIBUTION.get(table.group or "") is not None]
    exclusions = await connection.fetch(_EXCLUSIONS, spread)
    found += [f"{row['place']}: {row['name']} excludes across the pieces" for row in exclusions]
    found += [f"{row[0]}: a sequence" for row in await connection.fetch(_SEQUENCES)]
    return found


def _table_faults(table: Table) -> list[str]:
    if table.group is None:
        return ["declares no group in its comment"]
    if table.group == "SYSTEM":
        return [] if table.name in SYSTEM_TABLES else ["SYSTEM is for tables without any organisation's data"]
    return [*_row_security_faults(table), *_column_faults(table), *_key_faults(table)]


def _row_security_faults(table: Table) -> list[str]:
    found = [] if table.secured else ["row-level security is not enabled and forced"]
    allowed = {"own_organisation"} | ({"own_organisation_or_entry"} if table.group == "ORG" else set())
    if len(table.policies) != 1 or not set(table.policies) <= allowed:
        found.append(f"policies are {table.policies}, not one of {sorted(allowed)}")
    return found


def _column_faults(table: Table) -> list[str]:
    found = []
    for name in filter(None, ("org_id", DISTRIBUTION[table.group or ""])):
        column = table.columns.get(name)
        if column is None or not column["required"] or column["type"] != "uuid":
            found.append(f"has no column {name} uuid NOT NULL")
    found += [f"{name} is an identity column" for name, column in table.columns.items() if column["identity"]]
    return found


def _key_faults(table: Table) -> list[str]:
    found = [] if any(key["primary"] for key in table.keys) else ["has no primary key"]
    wanted = DISTRIBUTION[table.group or ""]
    if wanted is not None:
        found += [f"key {key['name']} lacks {wanted}" for key in table.keys if wanted not in key["columns"]]
    return found


async def _reference_faults(connection: asyncpg.Connection, all_tables: list[Table]) -> list[str]:
    by_oid = {table.oid: table for table in all_tables}
    rows = await connection.fetch(_REFERENCES, list(by_oid))
    found = []
    for row in rows:
        mine, theirs = by_oid[row["conrelid"]], by_oid[row["confrelid"]]
        wanted = DISTRIBUTION[mine.group or "SYSTEM"]
        if mine.group != theirs.group:
            found.append(f"{mine.name}: {row['name']} refers to another group")
        elif wanted is not None and (wanted, wanted) not in [tuple(pair) for pair in row["columns"]]:
            found.append(f"{mine.name}: {row['name']} may refer to another piece: it lacks {wanted}")
    return found
