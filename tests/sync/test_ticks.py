"""A device that was told live holds the same ticks as one that is new."""

import json
import random
from typing import Any

from amana.events.doorbell import Notice
from amana.realtime import wire
from tests.conversations.test_receipts import deliver
from tests.conversations.world import World
from tests.support.described import check_element
from tests.sync import ticks


async def test_between_two_people_elements_lead_to_the_ticks_of_a_fresh_answer(
    world: World, own_seed: int
) -> None:
    pick = random.Random(own_seed)
    room = await world.direct("ana", "bo")
    held = {name: await world.line(name, room) for name in ("ana", "bo")}
    elements: list[dict[str, Any]] = []

    def delivered(notice: Notice) -> None:
        elements.append(json.loads(wire.delivered(room, notice.subject, notice.value)))

    world.desk.doorbell.on("delivered", delivered)
    for _ in range(40):
        name, seq = pick.choice(("ana", "bo")), pick.randint(1, held["ana"]["head_seq"] + 2)
        match pick.choice(("say", "read", "deliver")):
            case "say":
                await world.say(name, room)
            case "read":
                await world.read(name, room, seq)
            case "deliver":
                await deliver(world, room, seq, name)
        elements += [json.loads(wire.receipt(*one)) for one in world.heard.markers]
        elements += world.heard.events(room)
        world.heard.markers.clear()
        world.heard.blobs.clear()
        for element in elements:
            check_element(element)
        for who, line in held.items():
            for element in elements:
                ticks.apply(line, element, str(world[who].user_id))
            fresh = await world.line(who, room)
            assert [line[field] for field in ticks.FIELDS] == [fresh[field] for field in ticks.FIELDS], who
            line["head_seq"] = fresh["head_seq"]
        elements.clear()

    assert held["ana"]["delivered_to"] > 1
