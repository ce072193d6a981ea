"""What a page costs and whether it meets every message, whatever lies between."""

from datetime import timedelta

from tests.conversations.test_hot_path import counted
from tests.conversations.world import World, texts


async def test_a_page_behind_thousands_of_edits_costs_as_much_as_any(world: World) -> None:
    room = await world.room("bo")
    sent = [await world.say("ana", room, f"{number}") for number in range(3)]
    await world.page("bo", room, limit=2)
    with counted() as before:
        await world.page("bo", room, limit=2)
    async with world.database.write(world.org_id) as tx:
        for number in range(2_000):
            await world.messages.edit(
                tx, world["ana"], room, sent[0].seq, client_id=world.client_id(), text=f"edit {number}"
            )

    with counted() as after:
        newest = await world.page("bo", room, limit=2)
    oldest = await world.page("bo", room, before=newest["entries"][0]["seq"], limit=2)
    alone = await world.page("bo", room, before=sent[0].seq + 1, limit=1)

    assert len(after) == len(before)
    assert (texts(newest), newest["more"]) == (["1", "2"], True)
    assert (texts(oldest), oldest["more"]) == (["edit 1999"], False)
    assert (texts(alone), alone["more"]) == (["edit 1999"], True)


async def test_pages_meet_every_message_of_months_that_overlap(world: World) -> None:
    room = await world.room("bo")
    written_early = [world.client_id() for _ in range(12)]
    for number, client_id in enumerate(written_early):
        world.clock.advance(timedelta(days=7))
        await world.say("ana", room, f"{number}")
        await world.say("ana", room, f"{number} late", client_id=client_id)
    everything = texts(await world.page("bo", room, limit=200))

    met: list[str | None] = []
    before = None
    while True:
        page = await world.page("bo", room, before=before, limit=5)
        met = texts(page) + met
        before = page["entries"][0]["seq"]
        if not page["more"]:
            break

    assert met == everything
    assert everything == [text for n in range(12) for text in (f"{n}", f"{n} late")]
