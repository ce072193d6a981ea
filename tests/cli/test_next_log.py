"""The ceremony by hand, on a running server."""

import asyncio
import json

from tests.cli.commands import amana
from tests.evidence import independent
from tests.evidence.independent import Monitor
from tests.support.client import Person, Refused, set_up
from tests.support.server import ServerProcess


async def log_state(person: Person) -> dict[str, object]:
    """What the server says of its newest log, as soon as something of it is signed."""
    async with asyncio.timeout(60):
        while True:
            try:
                state = await person.call("GET", "/v1/log")
            except Refused:  # the first run of the sequencer comes in a moment
                state = {}
            if state.get("size"):
                return dict(state)
            await asyncio.sleep(0.1)


async def test_the_next_log_goes_on_where_the_old_one_ended(server: ServerProcess) -> None:
    ana = await set_up(server.base_url, server.setup_secret())
    old = await log_state(ana)
    fetch = independent.over_http(server.base_url, ana.token)
    before = Monitor(fetch, "/log/1", str(old["vkey"]))
    await asyncio.to_thread(before.follow)

    refused = await asyncio.to_thread(amana, "admin", "next-log", "--data-dir", server.data_dir)
    assert (refused.code, refused.out) == (1, "")
    assert "--yes" in refused.err
    wrong = server.folder / "note"
    wrong.write_text("nothing")
    refused = await asyncio.to_thread(
        amana, "admin", "next-log", "--yes", "--prior", wrong, "--data-dir", server.data_dir
    )
    assert (refused.code, len(refused.err.splitlines())) == (1, 1)

    done = await asyncio.to_thread(amana, "admin", "next-log", "--yes", "--data-dir", server.data_dir)
    assert done.code == 0, done.err
    new = await log_state(ana)
    after = Monitor(fetch, "/log/2", str(new["vkey"]))
    await asyncio.to_thread(after.follow)

    assert (before.faults, after.faults) == ([], [])
    assert (old["log_no"], new["log_no"]) == (1, 2)
    assert str(new["vkey"]) in done.out
    assert new["vkey"] != old["vkey"]
    first = json.loads(after.entries[0])
    assert independent.signed_by(first["prior"].encode(), str(old["vkey"]))[0] == old["origin"]
    still = Monitor(fetch, "/log/1", str(old["vkey"]))
    await asyncio.to_thread(still.follow)
    assert still.faults == [], "the old log can still be read"
