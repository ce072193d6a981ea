"""The policy over HTTP, for owners with a fresh proof, and from the command line beside the server."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from amana.evidence.tlog.notes import Signer
from tests.http.conftest import PASSWORD, make_cast, whole_application
from tests.support.client import set_up
from tests.support.server import ServerProcess
from tests.vault.room import Intruder

KEY = Signer("w.example/council", bytes(32), 4).verifier.vkey
POLICY = f"witness council {KEY} https://w.example\nquorum council\n"


class Browser:
    """One person's requests."""

    def __init__(self, client: httpx.AsyncClient, token: str) -> None:
        self._client, self._headers = client, {"authorization": f"Bearer {token}"}

    async def put(self, **body: Any) -> tuple[int, str]:
        """Status and the refusal's code, or the time when it was set."""
        answer = await self._client.put("/v1/log/policy", json=body, headers=self._headers)
        found = answer.json()
        return answer.status_code, found["error"]["code"] if "error" in found else "set"

    async def get(self, path: str) -> Any:
        return (await self._client.get(path, headers=self._headers)).json()


@pytest.fixture
async def cast(empty_dsn: str, tmp_path: Path) -> AsyncIterator[dict[str, Browser]]:
    async with whole_application(empty_dsn, tmp_path) as (app, runtime):
        tokens = await make_cast(app, runtime)
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8080") as client:
            yield {role: Browser(client, token) for role, token in tokens.items()}


async def test_only_an_owner_says_who_must_sign_and_everybody_may_read_it(cast: dict[str, Browser]) -> None:
    assert await cast["guest"].get("/v1/log/policy") == {"policy": None, "set_at": None}
    for role in ("guest", "member", "admin"):
        assert await cast[role].put(policy=POLICY) == (403, "not_permitted")
        assert await cast[role].put(policy=POLICY, current_password=PASSWORD) == (403, "not_permitted")

    assert await cast["owner"].put(policy=POLICY) == (200, "set")

    seen = await cast["member"].get("/v1/log/policy")
    assert seen["policy"] == POLICY


async def test_a_session_left_open_changes_no_policy_unless_it_is_proven_again(
    cast: dict[str, Browser], empty_dsn: str
) -> None:
    await Intruder(empty_dsn).run("UPDATE device_session SET created_at = created_at - interval '1 hour'")

    assert await cast["owner"].put(policy=POLICY) == (403, "confirmation_required")
    assert await cast["owner"].put(policy=POLICY, current_password="seven red kettles") == (
        401,
        "sign_in_failed",
    )
    assert await cast["owner"].get("/v1/log/policy") == {"policy": None, "set_at": None}
    assert await cast["owner"].put(policy=POLICY, current_password=PASSWORD) == (200, "set")


@pytest.mark.parametrize("text", ["", "quorum nobody", POLICY.replace("https", "http"), "quorum none\r\n"])
async def test_what_is_no_policy_changes_nothing(cast: dict[str, Browser], text: str) -> None:
    assert await cast["owner"].put(policy=text) == (400, "policy_wrong")
    assert await cast["owner"].get("/v1/log/policy") == {"policy": None, "set_at": None}


def amana(server: ServerProcess, *words: str, text: str | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(Path(sys.executable).with_name("amana")), "admin", "witness", *words],
        env={**os.environ, **server.environment, "AMANA_DATA_DIR": str(server.data_dir)},
        input=text,
        capture_output=True,
        text=True,
        timeout=120,
    )


async def test_the_operator_does_the_same_beside_the_server_and_without_it() -> None:
    server = ServerProcess()
    try:
        await server.start()
        owner = await set_up(server.base_url, server.setup_secret())
        none = await asyncio.to_thread(amana, server, "show")
        wrong = await asyncio.to_thread(amana, server, "policy", "-", text="quorum nobody\n")
        done = await asyncio.to_thread(amana, server, "policy", "-", text=POLICY)
        seen = await owner.call("GET", "/v1/log/policy")
        stamp = await asyncio.to_thread(amana, server, "timestamp", str(server.folder / "stamps"))
        shown = await asyncio.to_thread(amana, server, "show")
        await server.stop()
        status = await asyncio.to_thread(amana, server, "status")
    finally:
        await server.remove()

    assert (none.returncode, wrong.returncode, done.returncode) == (1, 1, 0)
    assert "there is no policy yet" in none.stderr
    assert "Line 1 of the policy is wrong: nobody is not defined above." in wrong.stderr
    assert seen["policy"] == POLICY
    assert POLICY.rstrip() in shown.stdout
    assert (stamp.returncode, "there is no time stamp yet" in stamp.stderr) == (1, True)
    # Signed or not depends on the seconds it took; that the witness is missing does not.
    assert status.returncode in {1, 3}
    assert "council: covers 0 of" in status.stdout or "there is no log yet" in status.stderr
