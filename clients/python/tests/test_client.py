"""The client against a real server: exact through kills, held to its token, and as its page says."""

import asyncio
import os
import re
import sys
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

import pytest

from amana_client import (
    Acknowledged,
    Client,
    Event,
    Failed,
    Item,
    NotAllowed,
    NotSignedIn,
    Refused,
    SqliteStore,
    UserEvent,
    new_client_id,
)
from tests.support.client import PASSWORD, Person, join, set_up
from tests.support.server import ServerProcess

README = Path(__file__).parents[1] / "README.md"


@dataclass
class Town:
    """A server with two people and a room for both."""

    server: ServerProcess
    ana: Person
    bo: Person
    room: UUID

    async def token(self, person: Person, *scopes: str) -> str:
        wish = {"name": "Test", "scopes": list(scopes), "current_password": PASSWORD}
        return str((await person.call("POST", "/v1/tokens", wish))["secret"])


@pytest.fixture(scope="module")
async def town() -> AsyncIterator[Town]:
    server = ServerProcess()
    url = await server.start()
    ana = await set_up(url, server.setup_secret())
    bo = await join(url, await ana.invite(), "Bo")
    yield Town(server, ana, bo, await ana.create_group("Town", [bo]))
    await ana.api.close()
    await bo.api.close()
    await server.remove()


@dataclass
class Heard:
    """Everything one client gave, collected beside the test."""

    client: Client
    items: list[Item] = field(default_factory=list)

    async def listen(self) -> None:
        async for item in self.client.events():
            self.items.append(item)

    def events(self, room: UUID) -> list[int]:
        return [item.seq for item in self.items if isinstance(item, Event) and item.c == room]

    def texts(self, room: UUID) -> list[str]:
        said = (item for item in self.items if isinstance(item, Event) and item.c == room)
        return [item.content["text"] for item in said if item.kind == "message.created"]


async def until(holds: object, *, timeout_s: float = 20) -> None:
    """Wait for a condition; the condition is any callable without arguments."""
    assert callable(holds)
    async with asyncio.timeout(timeout_s):
        while not holds():  # noqa: ASYNC110  what is waited for is said by nobody
            await asyncio.sleep(0.02)


async def test_two_devices_talk_and_hear_everything_once_through_kills_of_the_server(town: Town) -> None:
    room = await town.ana.create_group("Kills", [town.bo])
    url = town.server.base_url
    async with Client(url, town.ana.token) as ana, Client(url, town.bo.token) as bo:
        await asyncio.gather(ana.ready(), bo.ready())
        heard = [Heard(ana), Heard(bo)]
        listening = [asyncio.create_task(one.listen()) for one in heard]

        async def talk(client: Client, name: str) -> list[Acknowledged]:
            return await asyncio.gather(*(client.send(room, f"{name} {n}") for n in range(40)))

        async def kill() -> None:
            for _ in range(2):
                await town.server.kill()
                await town.server.start()

        said, _ = await asyncio.gather(
            asyncio.gather(talk(ana, "ana"), talk(bo, "bo")), kill(), return_exceptions=False
        )
        acks = [ack for one in said for ack in one]
        last = max(ack.seq for ack in acks)
        await until(lambda: all(one.events(room)[-1:] == [last] for one in heard))
        for task in listening:
            task.cancel()

    assert len({ack.seq for ack in acks}) == 80
    for name in ("ana", "bo"):
        mine = [text for text in heard[0].texts(room) if text.startswith(name)]
        assert mine == [f"{name} {n}" for n in range(40)], "what was said first stands first"
    for one in heard:
        events = one.events(room)
        assert events == list(range(events[0], last + 1))
        assert len(set(one.texts(room))) == len(one.texts(room)) == 80
    assert ana.reconnects + bo.reconnects >= 2


async def test_what_was_said_while_the_server_was_away_goes_out_after_a_restart(
    town: Town, tmp_path: Path
) -> None:
    path = tmp_path / "outbox.db"
    nowhere = "http://127.0.0.1:1"
    async with Client(nowhere, town.ana.token, store=SqliteStore(path)) as before:
        ids = [await before.post({"t": "send", "c": str(town.room), "text": f"later {n}"}) for n in range(3)]
        assert before.unacknowledged == 3

    async with Client(town.server.base_url, town.ana.token, store=SqliteStore(path)) as after:
        heard = Heard(after)
        listening = asyncio.create_task(heard.listen())
        await until(lambda: after.unacknowledged == 0)
        await until(lambda: len(heard.texts(town.room)) >= 3)
        listening.cancel()

    acks = [item for item in heard.items if isinstance(item, Acknowledged)]
    assert [ack.client_id for ack in acks] == ids
    assert heard.texts(town.room)[-3:] == ["later 0", "later 1", "later 2"]


async def test_the_same_retry_key_is_the_same_message(town: Town) -> None:
    client_id = new_client_id()
    async with Client(town.server.base_url, town.ana.token, listen=False) as client:
        first = await client.send(town.room, "once", client_id=client_id)
        second = await client.send(town.room, "once", client_id=client_id)

    assert first == second


async def test_a_device_goes_on_where_it_was(town: Town) -> None:
    url = town.server.base_url
    async with Client(url, town.bo.token) as bo:
        await bo.ready()
        places, user_pos = bo.places, bo.user_pos
    said = [(await town.ana.post(town.room, f"away {n}"))["seq"] for n in range(5)]

    async with Client(url, town.bo.token, places=places, user_pos=user_pos) as bo:
        heard = Heard(bo)
        listening = asyncio.create_task(heard.listen())
        await until(lambda: len(heard.events(town.room)) >= 5)
        listening.cancel()

    assert heard.events(town.room) == said


async def test_a_new_device_can_have_the_whole_history_however_long(town: Town) -> None:
    room = await town.ana.create_group("Long", [town.bo])
    url = town.server.base_url
    async with Client(url, town.ana.token, listen=False) as ana:
        await asyncio.gather(*(ana.send(room, f"line {n}") for n in range(450)))

    async with Client(url, town.bo.token, begin="oldest") as bo:
        heard = Heard(bo)
        listening = asyncio.create_task(heard.listen())
        await until(lambda: len(heard.texts(room)) >= 450)
        listening.cancel()

    assert heard.events(room) == list(range(1, len(heard.events(room)) + 1))
    assert sorted(heard.texts(room)) == sorted(f"line {n}" for n in range(450))


async def test_what_is_refused_for_good_leaves_the_outbox_and_says_why(town: Town) -> None:
    async with Client(town.server.base_url, town.ana.token) as client:
        with pytest.raises(Refused) as refused:
            await client.send(town.room, "   ")
        assert client.unacknowledged == 0
        failed = await anext(item async for item in client.events() if isinstance(item, Failed))

    assert refused.value.code == failed.code == "text_empty"


async def test_a_revoked_token_ends_the_events_within_seconds(town: Town) -> None:
    secret = await town.token(town.ana, "messages:read", "account")
    async with Client(town.server.base_url, secret) as client:
        await client.ready()
        (token, *_) = (await client.api.list_tokens()).tokens

        await town.ana.call("DELETE", f"/v1/tokens/{token.token_id}")

        with pytest.raises(NotSignedIn):
            await asyncio.wait_for(Heard(client).listen(), 5)
        with pytest.raises(NotSignedIn):
            await client.api.get_me()


async def test_a_token_is_held_to_its_scopes_on_the_socket_too(town: Town) -> None:
    url = town.server.base_url
    reader = await town.token(town.ana, "messages:read")
    writer = await town.token(town.ana, "messages:write")

    async with Client(url, reader) as client:
        with pytest.raises(Refused) as refused:
            await client.send(town.room, "not mine to say")
    async with Client(url, writer) as client:
        with pytest.raises(NotAllowed):
            await client.ready()
        posted = await client.api.send_message(town.room, client_id=new_client_id(), text="by HTTP")

    assert (refused.value.code, refused.value.fields) == ("token_scope_missing", {"scope": "messages:write"})
    assert posted.seq > 0


async def test_private_events_come_too(town: Town) -> None:
    async with Client(town.server.base_url, town.bo.token) as bo:
        await bo.ready()
        room = await town.ana.create_group("Surprise", [town.bo])
        kinds = []
        async for item in bo.events():
            if isinstance(item, UserEvent | Event) and item.c == room:
                kinds.append(item.kind)
            if "conversation.created" in kinds:
                break

    assert kinds[0] == "conversation.joined"


def walk() -> Sequence[str]:
    """The programs of the page."""
    return re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)


async def test_the_walk_of_the_page_answers_ping_with_pong(town: Town, tmp_path: Path) -> None:
    (program,) = walk()
    secret = await town.token(town.bo, "messages:read", "messages:write")
    script = tmp_path / "walk.py"
    script.write_text(program, encoding="utf-8")
    sources = str(README.parent / "src")
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(script),
        cwd=tmp_path,
        env={
            **os.environ,
            "AMANA_URL": town.server.base_url,
            "AMANA_TOKEN": secret,
            "PYTHONPATH": sources,
        },
    )
    try:
        async with Client(town.server.base_url, town.ana.token) as ana:
            heard = Heard(ana)
            listening = asyncio.create_task(heard.listen())
            asked = 0
            async with asyncio.timeout(20):
                while "pong" not in heard.texts(town.room):
                    assert process.returncode is None
                    # It begins with what comes after it is connected, and nobody says when that is.
                    await ana.send(town.room, "ping")
                    asked += 1
                    await asyncio.sleep(0.5)
            listening.cancel()
    finally:
        process.terminate()
        await process.wait()

    assert heard.texts(town.room).count("pong") <= asked
