"""The keyring in one snapshot: comes back row by row, and what was erased is not in the newest."""

import asyncio
import io
from pathlib import Path

import asyncpg
import pytest

from amana.backup import keyring, layout, server
from amana.backup.envelope import as_file, open_whole, opened
from amana.backup.errors import ObjectDamaged, TargetForeign, TargetUnusable
from amana.backup.target import LocalTarget
from amana.kernel.ids import OrgId
from tests.backup.world import Cluster, Flaky, id_of
from tests.support.clock import FakeClock

ROOM = id_of(7)
_WRAP = """
INSERT INTO keyring.wrap (org_id, conversation_id, seq, ground, bucket, key_ref, wrapped)
SELECT $1, $2, n, 1, 202611, 1, decode(md5(n::text) || md5($3), 'hex') FROM generate_series(1, $4) n
"""


async def take(cluster: Cluster, target: LocalTarget, clock: FakeClock) -> str:
    async with server.connected(cluster.dsn) as connection:
        await keyring.put_snapshot(connection, target, cluster.recipients, clock.now())
    clock.advance(seconds=1)
    return layout.list_keyrings(target)[-1].path


async def rows(connection: asyncpg.Connection) -> dict[str, list[str]]:
    return {
        row["name"]: [
            line[0]
            for line in await connection.fetch(f'SELECT t::text FROM keyring."{row["name"]}" t ORDER BY 1')
        ]
        for row in await connection.fetch(keyring._TABLES)
    }


async def test_every_row_of_every_table_comes_back(
    cluster: Cluster, tmp_path: Path, clock: FakeClock
) -> None:
    target = LocalTarget(tmp_path)
    await cluster.run(_WRAP, id_of(1), ROOM, "a", 5_000)
    await cluster.run("INSERT INTO keyring.root_key (check_value) VALUES ('\\x01') ON CONFLICT DO NOTHING")
    path = await take(cluster, target, clock)
    empty = await cluster.server.create_database()
    old, new = await asyncpg.connect(cluster.dsn), await asyncpg.connect(empty)
    try:
        stream = as_file(opened(target.get(path), [cluster.identity]))
        header = keyring.read_header(stream)
        for table in keyring.read_tables(stream):
            await keyring.copy_in(new, table)

        before, after = await rows(old), await rows(new)
        assert (
            set(header.tables) == set(before) >= {"wrap", "organisation_key", "conversation_key", "root_key"}
        )
        assert {name: lines for name, lines in after.items() if name != "erasure"} == {
            name: lines for name, lines in before.items() if name != "erasure"
        }
        assert len(after["wrap"]) >= 5_000
    finally:
        await old.close()
        await new.close()
        await cluster.server.drop_database(empty)


async def test_all_tables_are_of_one_moment_and_the_erased_is_not_in_the_newest(
    cluster: Cluster, tmp_path: Path, clock: FakeClock
) -> None:
    target = LocalTarget(tmp_path)
    await cluster.run(_WRAP, id_of(1), id_of(8), "gone", 10)
    wrapped = await cluster.value(
        "SELECT wrapped FROM keyring.wrap WHERE conversation_id = $1 AND seq = 3", id_of(8)
    )
    assert isinstance(wrapped, bytes)
    before = await take(cluster, target, clock)
    await cluster.run("DELETE FROM keyring.wrap WHERE conversation_id = $1 AND seq = 3", id_of(8))
    after = await take(cluster, target, clock)

    def plain(path: str) -> bytes:
        return open_whole(b"".join(target.get(path)), [cluster.identity])

    assert wrapped in plain(before), "the control: it can be found at all"
    assert wrapped not in plain(after)


async def test_an_account_that_is_bound_to_one_organisation_backs_up_its_keys(
    cluster: Cluster, tmp_path: Path, clock: FakeClock
) -> None:
    target, org_id = LocalTarget(tmp_path), OrgId(id_of(1))
    await cluster.run(_WRAP, org_id, id_of(9), "bound", 3)
    await cluster.run("CREATE ROLE bound LOGIN PASSWORD 'bound'")
    await cluster.run("GRANT USAGE ON SCHEMA amana, keyring TO bound")
    await cluster.run("GRANT SELECT ON ALL TABLES IN SCHEMA amana, keyring TO bound")
    dsn = cluster.dsn.replace(cluster.dsn.split("@")[0], "postgresql://bound:bound")
    try:
        async with server.connected(dsn) as connection:
            await keyring.put_snapshot(connection, target, cluster.recipients, clock.now(), org_id=org_id)
    finally:
        await cluster.run("DROP OWNED BY bound")
        await cluster.run("DROP ROLE bound")

    data = open_whole(b"".join(target.get(layout.list_keyrings(target)[-1].path)), [cluster.identity])
    assert id_of(9).bytes in data


async def test_a_snapshot_that_was_cut_or_is_something_else_is_refused(
    cluster: Cluster, tmp_path: Path, clock: FakeClock
) -> None:
    target = LocalTarget(tmp_path)
    data = open_whole(b"".join(target.get(await take(cluster, target, clock))), [cluster.identity])

    for end in (30, 500, len(data) // 2, len(data) - 2):
        stream = io.BytesIO(data[:end])
        with pytest.raises(ObjectDamaged):
            keyring.read_header(stream)
            for table in keyring.read_tables(stream):
                list(table.pieces)
    stream = io.BytesIO(data + b"x")
    keyring.read_header(stream)
    with pytest.raises(ObjectDamaged):
        list(keyring.read_tables(stream))
    with pytest.raises(TargetForeign):
        keyring.read_header(io.BytesIO(b"amana/keyring/v9\n"))


async def test_a_target_that_fails_ends_the_snapshot(
    cluster: Cluster, tmp_path: Path, clock: FakeClock
) -> None:
    target = Flaky(tmp_path)
    target.down = True
    async with server.connected(cluster.dsn) as connection:
        with pytest.raises(TargetUnusable):
            await asyncio.wait_for(
                keyring.put_snapshot(connection, target, cluster.recipients, clock.now()), timeout=30
            )
        target.down = False
        await keyring.put_snapshot(connection, target, cluster.recipients, clock.now())
    assert len(layout.list_keyrings(target)) == 1


async def test_a_database_that_fails_leaves_no_half_snapshot(
    cluster: Cluster, tmp_path: Path, clock: FakeClock
) -> None:
    target = LocalTarget(tmp_path)
    async with server.connected(cluster.dsn) as connection:
        await connection.execute("SET statement_timeout = 1")
        with pytest.raises(asyncpg.QueryCanceledError):
            await asyncio.wait_for(
                keyring.put_snapshot(connection, target, cluster.recipients, clock.now()), timeout=30
            )
    assert layout.list_keyrings(target) == []
