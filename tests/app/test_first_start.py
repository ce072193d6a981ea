"""What a first start says and where it puts the key to everything."""

import asyncio

from tests.support import client
from tests.support.server import ServerProcess

CUT_WITHIN_S = 5


async def test_without_a_terminal_the_set_up_link_is_in_a_file_of_its_owner_and_not_in_the_output(
    server: ServerProcess,
) -> None:
    link = server.data_dir / "setup-link"

    assert link.stat().st_mode & 0o777 == 0o600
    assert str(link) in server.output.read_text()
    assert server.setup_secret() not in server.output.read_text()


async def test_an_open_root_key_is_said_aloud_and_is_its_owners_only(server: ServerProcess) -> None:
    key = server.data_dir / "keys" / "root.key"

    assert "root key lies open" in server.output.read_text()
    assert key.stat().st_mode & 0o777 == 0o600
    assert key.parent.stat().st_mode & 0o777 == 0o700


async def test_every_start_before_the_set_up_makes_a_new_link_and_none_after_it(
    server: ServerProcess,
) -> None:
    first = server.setup_secret()
    await server.stop()
    await server.start()
    second = server.setup_secret()
    assert first != second

    await client.set_up(server.base_url, second)
    await server.stop()
    (server.data_dir / "setup-link").unlink()
    await server.start()

    assert not (server.data_dir / "setup-link").exists()
    assert f"Your organisation is in {server.data_dir}" in server.output.read_text()


async def test_a_revoked_device_is_cut_within_seconds_and_stays_out(server: ServerProcess) -> None:
    ana = await client.set_up(server.base_url, server.setup_secret())
    handle = (await ana.call("GET", "/v1/me"))["person"]["handle"]
    phone = await client.sign_in(server.base_url, handle, "Ana")
    sessions = (await ana.call("GET", "/v1/sessions"))["sessions"]
    lost = next(one["session_id"] for one in sessions if not one["current"])

    async with client.connected(phone) as socket:
        await socket.until(lambda element: element["t"] == "welcome")
        await ana.call("DELETE", f"/v1/sessions/{lost}")
        code = await asyncio.wait_for(socket.close_code(), CUT_WITHIN_S)

    assert code == 4401
    try:
        await phone.call("GET", "/v1/me")
    except client.Refused as refused:
        assert (refused.status, refused.code) == (401, "unauthenticated")
    else:
        raise AssertionError("the revoked session still works")
