"""The root key in a real OpenBao: least rights, away for a while, tokens that end, and all that loses it."""

import asyncio
from collections.abc import Callable, Iterator

import pytest

from amana.kernel.entropy import SeededEntropy
from amana.kernel.ids import Ids
from amana.storage.database import Database
from amana.vault import RootKeyFailure, RootKeyUnreachable, Vault
from amana.vault.errors import CannotUnwrap
from amana.vault.transit import TransitKey, TransitPlace
from tests.support.clock import FakeClock
from tests.vault.bao import Bao, running_bao
from tests.vault.room import Room, open_room

KEY = bytes(range(32))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bao]:
    with running_bao(tmp_path_factory.mktemp("bao")) as server:
        yield server


@pytest.fixture
def bao(server: Bao) -> Bao:
    """The server with a key of the test's own."""
    server.prepare()
    return server


@pytest.fixture
def root(bao: Bao) -> TransitKey:
    return TransitKey(bao.place, patience_s=0, retry_s=0.05)


async def started(database: Database, bao: Bao, entropy: SeededEntropy, *, patience_s: float = 0) -> Vault:
    vault = Vault(database, TransitKey(bao.place, patience_s=patience_s, retry_s=0.05), entropy)
    await vault.start()
    return vault


@pytest.fixture
async def room(
    empty_database: Database, bao: Bao, entropy: SeededEntropy, ids: Ids, clock: FakeClock
) -> Room:
    """A conversation whose organisation hangs on the service's key."""
    room = await open_room(empty_database, await started(empty_database, bao, entropy), ids, clock)
    await room.say("Schnee auf dem Hof")
    return room


async def test_a_token_of_the_least_rights_wraps_and_opens_in_its_own_context_only(root: TransitKey) -> None:
    await root.unlock(may_create=False)

    wrapped = await root.wrap(KEY, b"here")

    assert await root.unwrap(wrapped, b"here") == KEY
    for changed, context in ((wrapped, b"there"), (wrapped[:-3], b"here"), (b"\x01" + wrapped[1:], b"here")):
        with pytest.raises(CannotUnwrap):
            await root.unwrap(changed, context)


async def test_what_people_send_needs_the_service_only_at_the_start(
    room: Room, bao: Bao, entropy: SeededEntropy, ids: Ids, clock: FakeClock
) -> None:
    later = await started(room.database, bao, entropy)
    async with room.database.read(room.org_id) as tx:
        await later.rotation.warm(tx, room.org_id)

    bao.stop()
    await room.say("Der Schlüsseldienst ist weg")
    async with room.database.write(room.org_id) as tx:
        await later.rotation.rotate_conversation(tx, room.org_id, room.conversation_id, now=clock.now())
    opened = await open_room(room.database, later, ids, clock, org_id=room.org_id)
    await opened.say("Und doch ein neuer Raum")

    assert await room.read(vault=later) == room.texts
    assert await opened.read() == opened.texts
    with pytest.raises(RootKeyUnreachable):
        async with room.database.write(room.org_id) as tx:
            await later.rotation.rotate_organisation(tx, room.org_id)
    bao.start()
    bao.unseal()
    async with room.database.write(room.org_id) as tx:
        assert await later.rotation.rotate_organisation(tx, room.org_id) == 2


async def test_a_start_waits_for_a_service_that_comes_up_later(
    room: Room, bao: Bao, entropy: SeededEntropy
) -> None:
    bao.stop()
    starting = asyncio.create_task(started(room.database, bao, entropy, patience_s=30))
    await asyncio.to_thread(bao.start)
    assert not starting.done(), "it is still sealed"

    await asyncio.to_thread(bao.unseal)

    assert await room.read(vault=await starting) == room.texts


async def test_a_token_is_renewed_before_it_ends(bao: Bao, root: TransitKey) -> None:
    token = bao.new_token(ttl="3s")
    bao.write_token(token)
    await root.unlock(may_create=False)
    keeping = asyncio.create_task(root.keep())

    for _ in range(12):
        await asyncio.sleep(0.5)
        await root.wrap(KEY, b"here")

    keeping.cancel()
    assert bao.token_file.read_text().strip() == token


async def test_a_new_token_in_the_file_is_taken_up(bao: Bao, root: TransitKey) -> None:
    await root.unlock(may_create=False)
    wrapped = await root.wrap(KEY, b"here")
    revoke(bao)
    with pytest.raises(RootKeyUnreachable):
        await root.unwrap(wrapped, b"here")

    bao.write_token(bao.new_token())

    assert await root.unwrap(wrapped, b"here") == KEY


def revoke(bao: Bao) -> None:
    bao.call("POST", "auth/token/revoke", token=bao.token_file.read_text().strip())


def delete(bao: Bao) -> None:
    bao.delete_key()


def make_anew(bao: Bao) -> None:
    bao.delete_key()
    bao.call("POST", f"transit/keys/{bao.key}")


def unmount(bao: Bao) -> None:
    bao.call("DELETE", "sys/mounts/transit")


def stop(bao: Bao) -> None:
    bao.stop()


def seal(bao: Bao) -> None:
    bao.seal()


LOST: dict[Callable[[Bao], None], str] = {
    revoke: "refuses the token",
    delete: r"has no key amana-\d+: it was deleted or never made",
    make_anew: "belongs to another database",
    unmount: "has no engine at transit/",
    stop: "does not answer",
    seal: "is sealed",
}


@pytest.mark.parametrize("lose", LOST, ids=lambda lose: lose.__name__)
async def test_every_way_to_lose_the_key_is_explained(
    room: Room, bao: Bao, entropy: SeededEntropy, lose: Callable[[Bao], None]
) -> None:
    token = bao.token_file.read_text().strip()
    lose(bao)

    with pytest.raises(RootKeyFailure, match=LOST[lose]) as explained:
        await started(room.database, bao, entropy)

    for part in ("What is lost", "What still works", "What to look for"):
        assert part in str(explained.value)
    assert token not in str(explained.value)


async def test_a_token_file_that_others_can_read_is_refused(bao: Bao, root: TransitKey) -> None:
    bao.token_file.chmod(0o644)

    with pytest.raises(RootKeyFailure, match="chmod 600"):
        await root.unlock(may_create=False)


async def test_keys_travel_over_https_only(bao: Bao) -> None:
    place = TransitPlace("http://vault.example.org:8200", "amana", bao.token_file)

    with pytest.raises(RootKeyFailure, match="https only"):
        await TransitKey(place).unlock(may_create=False)


async def test_a_start_gives_up_after_a_while(bao: Bao) -> None:
    bao.stop()

    with pytest.raises(RootKeyFailure, match=r"does not answer .* for 0 s now"):
        await TransitKey(bao.place, patience_s=0.2, retry_s=0.05).unlock(may_create=False)
