"""One conversation comes back byte for byte, and nothing else moves."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from uuid import UUID

import asyncpg
import pytest
import pytest_asyncio

from amana.backup.conversation_rows import _TABLES
from tests.backup.restoring import AMANA, Machine, run
from tests.support.client import Person, connected, join_many, new_client_id


@dataclass
class World:
    """A server with a room, another room, and a backup that is up to date."""

    machine: Machine
    ana: Person
    bo: Person
    room: UUID
    other: UUID
    until: str = ""

    async def rows(self, *, of_room: bool = True) -> dict[str, list[str]]:
        """Every row of the room, or of everything else, as text; without what moves by itself."""
        found = {}
        for table in await self.machine.sql(_TABLES):
            name = f"{table['schema']}.{table['name']}"
            which = "=" if of_room else "<>"
            lines = await self.machine.sql(
                f"SELECT (to_jsonb(t) - $2::text[])::text AS line FROM {name} t"
                f" WHERE conversation_id {which} $1 ORDER BY 1",
                self.room,
                ["fence", "txid", "read_seq", "read_no"],
            )
            found[name] = [line["line"] for line in lines]
        return found

    async def restore(self, *more: str) -> "tuple[int, str]":
        machine = self.machine
        command = [str(AMANA), "restore", "conversation", str(self.room), "--to", self.until]
        command += ["--from", machine.target.name, "--identity", str(machine.identity_file)]
        command += ["--data-dir", str(machine.server.data_dir), *more]
        done = await asyncio.to_thread(run, command)
        return done.returncode, done.stdout + done.stderr

    async def change(self, *statements: str) -> None:
        """What an accident or an attacker with the database's password does: no trigger stands in the way."""
        connection = await asyncpg.connect(
            self.machine.server.superuser_dsn(), server_settings={"search_path": "amana"}
        )
        try:
            await connection.execute("SET session_replication_role = replica")
            for statement in statements:
                await connection.execute(statement.replace("ROOM", f"'{self.room}'"))
        finally:
            await connection.close()

    async def texts(self, room: UUID | None = None) -> list[str]:
        path = f"/v1/conversations/{room or self.room}/messages?limit=100"
        entries = (await self.bo.call("GET", path))["entries"]
        return [entry["content"]["text"] for entry in entries if "text" in (entry["content"] or {})]


@pytest_asyncio.fixture(scope="module")
async def world() -> AsyncIterator[World]:
    machine = Machine()
    try:
        ana = await machine.start()
        (bo,) = await join_many(ana, ["Bo"])
        room, other = await ana.create_group("One", [bo]), await ana.create_group("Two", [bo])
        world = World(machine, ana, bo, room, other)
        for number in range(12):
            await ana.post(world.room, f"kept {number}")
            await bo.post(world.other, f"elsewhere {number}")
        edited = (await ana.post(world.room, "first wording"))["seq"]
        await machine.back_up()
        path = f"/v1/conversations/{world.room}/messages"
        await ana.call(
            "PUT", f"{path}/{edited}", {"client_id": str(new_client_id()), "text": "second wording"}
        )
        forgotten = (await bo.post(world.room, "forgotten"))["seq"]
        reactions = f"{path}/{edited}/reactions"
        await bo.call("POST", reactions, {"client_id": str(new_client_id()), "emoji": "👍"})
        await bo.call("PUT", f"{path}/{edited}/pin")
        await machine.ship()
        world.until = await machine.now()
        await bo.call("POST", f"{path}/{forgotten}/removal", {"client_id": str(new_client_id())})
        # Taken away since: a restore must not bring it back.
        await bo.call("POST", f"{reactions}/removal", {"client_id": str(new_client_id()), "emoji": "👍"})
        await bo.call("DELETE", f"{path}/{edited}/pin")
        await bo.post(world.room, "written later")
        await machine.ship()
        await machine.send_journal()
        yield world
    finally:
        await machine.server.remove()
        shutil.rmtree(machine.folder, ignore_errors=True)


async def forget(world: World) -> None:
    """Delete the room wherever it is."""
    names = list(await world.rows())
    await world.change(*(f"DELETE FROM {name} WHERE conversation_id = ROOM" for name in names))


async def damage(world: World) -> None:
    """Every kind of it: changed, gone, moved to somebody else, forged, thrown out."""
    await world.change(
        "UPDATE event SET body = set_byte(body, 40, 255 - get_byte(body, 40))"
        " WHERE conversation_id = ROOM AND seq = 5",
        "DELETE FROM event WHERE conversation_id = ROOM AND seq = 4",
        "DELETE FROM keyring.wrap WHERE conversation_id = ROOM AND seq BETWEEN 6 AND 8",
        "UPDATE event SET sender_id = gen_random_uuid() WHERE conversation_id = ROOM AND seq = 9",
        "DELETE FROM member WHERE conversation_id = ROOM",
        "INSERT INTO event SELECT org_id, conversation_id, seq, 202609, msg_no, kind, sender_id, device_id,"
        " gen_random_uuid(), target_seq, revision, ts, commitment, body"
        " FROM event WHERE conversation_id = ROOM AND seq = 11",
    )


async def test_what_was_damaged_by_sql_comes_back_while_people_are_connected(world: World) -> None:
    before, elsewhere = await world.rows(), await world.rows(of_room=False)
    async with connected(world.bo, {world.room: 5}) as socket:
        await damage(world)
        damaged = await world.rows()

        code, said = await world.restore()

        assert code == 0, said
        assert "1 missing, 2 changed; 3 would be put back" in said
        assert "1 entries that nobody wrote would be removed" in said
        assert await world.rows() == damaged != before, "a rehearsal changes nothing"

        code, said = await world.restore("--apply")

        assert code == 0, said
        reset = await socket.until(lambda element: element["t"] == "reset", 60)
        assert reset["c"] == str(world.room)
    assert await world.rows() == before
    assert await world.rows(of_room=False) == elsewhere
    assert "written later" in await world.texts()
    assert "forgotten" not in await world.texts()


async def test_a_deleted_chat_comes_back_byte_for_byte_but_what_was_erased(world: World) -> None:
    before = await world.rows()
    elsewhere = await world.rows(of_room=False)
    await forget(world)
    assert not any((await world.rows()).values())

    code, said = await world.restore("--apply")

    assert code == 0, said
    after = await world.rows()
    lost = {name: sorted(set(before[name]) - set(after[name])) for name in before}
    # Only what came after the moment: the removal, the last message, the reaction and the pin that were taken
    # away, and what they left.
    assert len(lost["amana.event"]) == 4
    assert {name for name, lines in lost.items() if lines} <= {
        "amana.event", "amana.conversation_head", "amana.message_state", "keyring.wrap", "keyring.erasure",
    }  # fmt: skip
    assert await world.rows(of_room=False) == elsewhere
    said_again = await world.texts()
    assert said_again[:12] == [f"kept {number}" for number in range(12)]
    assert "second wording" in said_again
    assert "forgotten" not in said_again
    await world.bo.post(world.room, "and on it goes")


async def test_what_people_wrote_since_is_never_overwritten(world: World) -> None:
    now = await world.texts()
    assert "and on it goes" in now, "the test before this one left it there"
    await world.machine.ship()
    # As if the last entry had been lost and its number given out again.
    rows = await world.machine.sql(
        "SELECT max(seq) AS newest FROM event WHERE conversation_id = $1", world.room
    )
    newest = rows[0]["newest"]
    world.until = await world.machine.now()
    await world.change(
        f"DELETE FROM event WHERE conversation_id = ROOM AND seq = {newest}",
        f"DELETE FROM keyring.wrap WHERE conversation_id = ROOM AND seq = {newest}",
        f"UPDATE conversation_head SET seq = {newest} - 1 WHERE conversation_id = ROOM",
    )
    assert (await world.bo.post(world.room, "at a number given anew"))["seq"] == newest

    code, said = await world.restore("--apply")

    assert code == 1, said
    assert "nothing was done" in said
    assert "at a number given anew" in await world.texts()


async def test_a_room_the_backup_does_not_know_is_a_clear_answer(world: World) -> None:
    stranger = World(world.machine, world.ana, world.bo, new_client_id(), world.other, world.until)

    code, said = await stranger.restore()

    assert code == 1
    assert "knows no conversation" in said
    with pytest.raises(FileNotFoundError):
        (world.machine.server.data_dir / "restoring-conversation").stat()
