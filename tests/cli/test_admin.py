"""The person at the machine: on a running server and on a stopped one, with the same commands."""

import asyncio
import re
from collections.abc import AsyncIterator

import pytest

from tests.cli.commands import Said, amana
from tests.support.client import Person, Refused, join, set_up
from tests.support.server import ServerProcess


@pytest.fixture(scope="module")
async def server() -> AsyncIterator[ServerProcess]:
    server = ServerProcess()
    await server.start()
    yield server
    await server.remove()


async def run(server: ServerProcess, *arguments: str) -> Said:
    return await asyncio.to_thread(amana, "admin", *arguments, "--data-dir", server.data_dir)


async def is_signed_in(person: Person) -> bool:
    try:
        await person.call("GET", "/v1/me")
    except Refused as refused:
        assert refused.status == 401
        return False
    return True


async def test_the_life_of_an_organisation_as_its_operator_sees_it(server: ServerProcess) -> None:
    first = server.setup_secret()
    renewed = await run(server, "setup-link")
    assert renewed.code == 0, renewed.err
    assert server.setup_secret() != first
    assert server.setup_secret() not in renewed.out  # not a terminal: only its place is said

    ana = await set_up(server.base_url, server.setup_secret())
    bo = await join(server.base_url, await ana.invite(), "Bo")
    listed = await run(server, "people")
    assert [line.split() for line in listed.out.splitlines()] == [
        ["ana", "owner", "1", "devices", "Ana"],
        ["bo", "member", "1", "devices", "Bo"],
    ]

    ended = await run(server, "sessions", "end", "bo")
    assert (ended.code, ended.out) == (0, "1 devices of bo are signed out.\n")
    async with asyncio.timeout(20):  # what the server remembers of a session lasts seconds
        while await is_signed_in(bo):
            await asyncio.sleep(0.2)
    assert (await ana.call("GET", "/v1/me"))["person"]["handle"] == "ana"

    again = await run(server, "setup-link")
    assert again.code == 1
    assert "set up already" in again.err
    assert len(again.err.splitlines()) == 1

    await server.stop()
    stopped = await run(server, "people")
    assert re.search(r"^bo +member +0 devices", stopped.out, re.MULTILINE), stopped.err
    assert server.postmaster_pid() is None


async def test_an_unknown_handle_and_an_empty_folder_are_one_sentence_each(server: ServerProcess) -> None:
    nobody = await run(server, "sessions", "end", "nobody")
    empty = amana("admin", "people", "--data-dir", server.folder / "empty")

    assert (nobody.code, nobody.out) == (1, "")
    assert "nobody has the handle nobody" in nobody.err
    assert empty.code == 1
    assert (
        empty.err
        == f"amana: there are no data in {server.folder / 'empty'}. Name the folder with --data-dir.\n"
    )


def test_wrong_usage_ends_with_2() -> None:
    said = amana("admin", "sessions", "end")

    assert said.code == 2
