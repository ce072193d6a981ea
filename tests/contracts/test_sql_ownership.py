"""Each domain's SQL is its own: no statement names a table that another domain created.

A domain reaches the data of another one through that domain's Python services or SQL functions.
"""

import re
from collections.abc import Mapping
from pathlib import Path

from tests.contracts.repository import SOURCE, domain_of, expect_none, files, shown, string_constants

CREATED = re.compile(
    r"\bCREATE\s+(?:UNLOGGED\s+)?TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?(?:(\w+)\.)?\"?(\w+)\"?", re.IGNORECASE
)
# A table stands after one of these words; a name anywhere else may be a column or an alias.
NAMED = re.compile(
    r"\b(?:FROM|JOIN|INTO|UPDATE(?!\s+OF\b)|TABLE|REFERENCES|TRUNCATE|COPY|ON)\s+(?:ONLY\s+)?"
    r"(?:IF\s+(?:NOT\s+)?EXISTS\s+)?(?:\w+\.)?\"?([a-z_][a-z0-9_]*)\b\"?(?!\s*\()",
    re.IGNORECASE,
)
SQL_COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
LOOKS_LIKE_SQL = re.compile(
    r"\b(SELECT\b.*\bFROM|INSERT\s+INTO|UPDATE\s+\w+(\s+\w+)?\s+SET|DELETE\s+FROM|TRUNCATE|ALTER\s+TABLE)\b",
    re.IGNORECASE | re.DOTALL,
)


def without_comments(sql: str) -> str:
    return SQL_COMMENT.sub(" ", sql)


def created_tables(sql: str) -> set[str]:
    return {table.lower() for _, table in CREATED.findall(without_comments(sql))}


def owners() -> dict[str, str]:
    """Table → the domain whose migrations create it."""
    found: dict[str, str] = {}
    for path in files(".sql", under=SOURCE):
        for table in created_tables(path.read_text(encoding="utf-8")):
            found[table] = domain_of(path)
    return found


def foreign_tables(sql: str, *, domain: str, owner_of: Mapping[str, str]) -> set[str]:
    named = {name.lower() for name in NAMED.findall(without_comments(sql))}
    return {table for table in named if owner_of.get(table, domain) != domain}


def findings_in_python(path: Path, owner_of: Mapping[str, str]) -> list[str]:
    found = []
    for line, text in string_constants(path.read_text(encoding="utf-8")):
        if LOOKS_LIKE_SQL.search(text):
            tables = foreign_tables(text, domain=domain_of(path), owner_of=owner_of)
            found += [f"{shown(path)}:{line} names {t} of {owner_of[t]}" for t in sorted(tables)]
    return found


def test_every_domains_python_names_its_own_tables_only() -> None:
    owner_of = owners()
    found = []
    for path in files(".py", under=SOURCE):
        found += findings_in_python(path, owner_of)

    expect_none(found)


def test_every_domains_schema_names_its_own_tables_only() -> None:
    owner_of = owners()
    found = []
    for path in files(".sql", under=SOURCE):
        sql = path.read_text(encoding="utf-8")
        tables = foreign_tables(sql, domain=domain_of(path), owner_of=owner_of)
        found += [f"{shown(path)} names {table} of {owner_of[table]}" for table in sorted(tables)]

    expect_none(found)


def test_every_table_is_created_by_one_domain() -> None:
    creators: dict[str, set[str]] = {}
    for path in files(".sql", under=SOURCE):
        for table in created_tables(path.read_text(encoding="utf-8")):
            creators.setdefault(table, set()).add(domain_of(path))

    assert {table: sorted(who) for table, who in creators.items() if len(who) > 1} == {}


def test_a_join_with_another_domains_table_is_caught() -> None:
    owner_of = {"member": "conversations", "person": "people"}
    sql = "SELECT p.name FROM member m JOIN amana.person p ON p.user_id = m.user_id"

    assert foreign_tables(sql, domain="conversations", owner_of=owner_of) == {"person"}
    assert foreign_tables(sql, domain="people", owner_of=owner_of) == {"member"}


def test_a_comment_an_alias_and_a_function_of_another_domain_are_allowed() -> None:
    owner_of = {"person": "people", "event": "events"}
    sql = "SELECT person.x FROM member AS person JOIN event(3) e ON true JOIN events(4) -- FROM person"

    assert foreign_tables(sql, domain="conversations", owner_of=owner_of) == set()


def test_created_tables_are_found_in_every_spelling() -> None:
    sql = (
        'CREATE TABLE a (x int); create table if not exists keyring.b (y int); CREATE UNLOGGED TABLE "c" ();'
    )

    assert created_tables(sql) == {"a", "b", "c"}
