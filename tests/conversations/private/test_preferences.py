"""Preferences: what others may know of a person."""

from amana.conversations.private.preferences.queries import without_receipts
from amana.conversations.private.preferences.service import Choice
from tests.conversations.keeping import Keeping
from tests.conversations.world import World


async def test_preferences_are_kept_and_told_to_the_persons_devices(world: World, keeping: Keeping) -> None:
    preferences = keeping.private.preferences
    async with keeping.write() as tx:
        before = await preferences.show(tx, world["bo"])
        await preferences.choose(tx, world["bo"], Choice(receipts=False))
        await preferences.choose(tx, world["bo"], Choice(receipts=False))
        after = await preferences.choose(tx, world["bo"], Choice(typing=False))
        people = [world["ana"].user_id, world["bo"].user_id]
        silent = await without_receipts(tx, people)

    assert (before.receipts, before.typing, before.presence) == (True, True, True)
    assert (after.receipts, after.typing, after.presence) == (False, False, True)
    assert silent == {world["bo"].user_id}
    told = [one["detail"] for one in keeping.told("bo", "preferences.changed")]
    assert told == [
        {"receipts": False, "typing": True, "presence": True},
        {"receipts": False, "typing": False, "presence": True},
    ]
