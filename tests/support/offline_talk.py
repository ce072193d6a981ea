"""Two people who meet and talk, as a program of its own: for a server in a network that only it can enter."""

import asyncio
import sys

from tests.support.client import connected, join, set_up


async def talk(base_url: str, secret: str) -> None:
    ana = await set_up(base_url, secret)
    bo = await join(base_url, await ana.invite(), "Bo")
    room = await ana.create_group("Room", [bo])
    async with connected(bo) as socket:
        assert (await socket.acknowledged(await socket.post(room, "hello")))["t"] == "ack"
    page = await ana.call("GET", f"/v1/conversations/{room}/messages?limit=10")
    assert any(entry["content"] and entry["content"].get("text") == "hello" for entry in page["entries"])
    client = await ana.api.http.get("/")
    assert "<script" in client.text, "the web client is there"
    print("talked")


if __name__ == "__main__":
    asyncio.run(talk(sys.argv[1], sys.stdin.read().strip()))
