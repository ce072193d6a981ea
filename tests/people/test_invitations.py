"""Joining needs an invitation, and an invitation ends when it should."""

import asyncio
from typing import Any

import pytest

from amana.kernel.actor import Actor, Role
from amana.kernel.ids import ConversationId, OrgId, UserId
from amana.people.desk import NoRooms
from amana.people.errors import ConversationUnknown
from amana.storage.database import Tx
from tests.support.people import PASSWORD, House

JOIN = {"display_name": "Bo Kask", "language": "de", "password": PASSWORD}


class OneRoom(NoRooms):
    """One conversation at the port to the conversations domain."""

    def __init__(self, conversation_id: ConversationId) -> None:
        self.conversation_id = conversation_id
        self.joined: list[UserId] = []
        self.is_open_to_inviter = True

    async def require_may_invite(self, tx: Tx, actor: Actor, conversation_id: ConversationId) -> None:
        if conversation_id != self.conversation_id:
            raise ConversationUnknown

    async def may_still_invite(
        self, tx: Tx, inviter_id: UserId, role: Role, conversation_id: ConversationId
    ) -> bool:
        return self.is_open_to_inviter

    async def title(self, tx: Tx, org_id: OrgId, conversation_id: ConversationId) -> str | None:
        return "Summer party"

    async def on_join(self, tx: Tx, actor: Actor, conversation_id: ConversationId) -> None:
        self.joined.append(actor.user_id)


async def test_the_link_shows_who_invites_and_lets_one_person_in(house: House) -> None:
    ana = await house.set_up()
    made = (await ana.post("/v1/invitations", {})).json()
    secret = made["url"].partition("#")[2]
    bo = house.browser()

    preview = (await bo.post("/v1/invitations/preview", {"secret": secret})).json()
    joined = await bo.post("/v1/join", JOIN | {"secret": secret})
    me = (await bo.get("/v1/me")).json()

    assert made["url"].startswith("http://localhost:8080/join#")
    assert made["qr_svg"].startswith("<svg")
    assert "script" not in made["qr_svg"]
    assert (preview["organisation"], preview["inviter"]) == ("Tamm & Söhne", "Ana Tamm")
    assert joined.status_code == 201
    assert (me["person"]["role"], me["person"]["language"], me["person"]["handle"]) == (
        "member",
        "de",
        "bo.kask",
    )
    assert sorted(await house.evidence()) == [
        "invitation.created",
        "organisation.created",
        "person.joined",
        "session.begun",
        "session.begun",
    ]


@pytest.mark.parametrize("way", ["used up", "expired", "revoked", "unknown"])
async def test_only_the_holder_learns_why_an_invitation_ended(house: House, way: str) -> None:
    ana = await house.set_up()
    secret = await house.invite(ana, expires_in_s=3600)
    if way == "used up":
        await house.join(secret)
    elif way == "expired":
        house.clock.advance(seconds=3601)
    elif way == "revoked":
        open_ones = (await ana.get("/v1/invitations")).json()["invitations"]
        await ana.ask("DELETE", f"/v1/invitations/{open_ones[0]['invitation_id']}")
    else:
        secret = "A" * 43
    eve = house.browser()

    preview = await eve.post("/v1/invitations/preview", {"secret": secret})
    joined = await eve.post("/v1/join", JOIN | {"secret": secret})
    options = await eve.post("/v1/passkeys/options", {"secret": secret})

    wanted = {
        "used up": (410, "invitation_used_up"),
        "expired": (410, "invitation_expired"),
        "revoked": (410, "invitation_revoked"),
        "unknown": (404, "invitation_unknown"),
    }[way]
    for answer in (preview, joined, options):
        assert (answer.status_code, answer.json()["error"]["code"]) == wanted


async def test_ten_who_race_for_three_places_get_three(house: House) -> None:
    ana = await house.set_up()
    secret = await house.invite(ana, max_uses=3)

    answers = await asyncio.gather(
        *(house.browser().post("/v1/join", JOIN | {"secret": secret}) for _ in range(10))
    )

    assert sorted(answer.status_code for answer in answers) == [201] * 3 + [410] * 7
    handles = [a.json()["person"]["handle"] for a in answers if a.status_code == 201]
    assert sorted(handles) == ["bo.kask", "bo.kask-2", "bo.kask-3"]


async def test_open_invitations_are_listed_with_who_made_them_and_never_their_link(house: House) -> None:
    ana = await house.set_up()
    secret = await house.invite(ana, max_uses=2, role="guest")
    await house.join(secret)

    answer = await ana.get("/v1/invitations")

    (one,) = answer.json()["invitations"]
    assert (one["uses"], one["max_uses"], one["role"], one["inviter"]) == (1, 2, "guest", "Ana Tamm")
    assert secret not in answer.text


async def test_a_revoked_invitation_is_recorded_and_cannot_be_revoked_again(house: House) -> None:
    ana = await house.set_up()
    made = (await ana.post("/v1/invitations", {})).json()
    path = f"/v1/invitations/{made['invitation_id']}"

    first, second = await ana.ask("DELETE", path), await ana.ask("DELETE", path)

    assert (first.status_code, second.status_code) == (204, 404)
    assert (await house.evidence())[-1] == "invitation.revoked"


async def test_an_invitation_into_a_conversation_makes_a_member_of_it(house: House) -> None:
    room = OneRoom(ConversationId(house.desk.ids.new()))
    house.desk.rooms = room
    ana = await house.set_up()

    secret = await house.invite(ana, conversation_id=str(room.conversation_id))
    preview = (await house.browser().post("/v1/invitations/preview", {"secret": secret})).json()
    joined = (await house.browser().post("/v1/join", JOIN | {"secret": secret})).json()
    foreign = await ana.post("/v1/invitations", {"conversation_id": str(house.desk.ids.new())})

    assert preview["conversation_title"] == "Summer party"
    assert joined["conversation_id"] == str(room.conversation_id)
    assert [str(user) for user in room.joined] == [joined["person"]["user_id"]]
    assert foreign.status_code == 404


@pytest.mark.parametrize(("left", "works"), [("owner", True), ("admin", True), ("member", False)])
async def test_an_invitation_ends_with_its_makers_right_to_invite(
    house: House, left: str, works: bool
) -> None:
    ana = await house.set_up()
    ada = await house.member(ana, "Ada", role="admin")
    ada_id = (await ada.get("/v1/me")).json()["person"]["user_id"]
    secret = await house.invite(ada, max_uses=2)

    await ana.ask("PUT", f"/v1/people/{ada_id}/role", {"role": left})
    preview = await house.browser().post("/v1/invitations/preview", {"secret": secret})
    joined = await house.browser().post("/v1/join", JOIN | {"secret": secret})

    code = joined.json()["error"]["code"] if joined.status_code >= 400 else None
    assert (preview.status_code, joined.status_code) == ((200, 201) if works else (410, 410))
    assert (code == "invitation_revoked") is not works


async def test_an_invitation_does_not_give_the_role_its_maker_came_down_to(house: House) -> None:
    ana = await house.set_up()
    bo = await house.member(ana, "Bo", role="admin")
    bo_id = (await bo.get("/v1/me")).json()["person"]["user_id"]
    await ana.ask("PUT", f"/v1/people/{bo_id}/role", {"role": "owner"})
    secret = await house.invite(bo, role="admin")

    await ana.ask("PUT", f"/v1/people/{bo_id}/role", {"role": "admin"})
    joined = await house.browser().post("/v1/join", JOIN | {"secret": secret})

    assert (joined.status_code, joined.json()["error"]["code"]) == (410, "invitation_revoked")


async def test_whoever_left_the_conversation_brings_nobody_into_it_any_more(house: House) -> None:
    room = OneRoom(ConversationId(house.desk.ids.new()))
    house.desk.rooms = room
    ana = await house.set_up()
    secret = await house.invite(ana, conversation_id=str(room.conversation_id))

    room.is_open_to_inviter = False
    preview = await house.browser().post("/v1/invitations/preview", {"secret": secret})
    joined = await house.browser().post("/v1/join", JOIN | {"secret": secret})
    people = (await ana.get("/v1/people")).json()["people"]

    assert preview.json()["error"]["code"] == "invitation_revoked"
    assert (joined.status_code, joined.json()["error"]["code"]) == (410, "invitation_revoked")
    assert (room.joined, [person["display_name"] for person in people]) == ([], ["Ana Tamm"])


async def test_nobody_invites_above_or_without_a_right(house: House) -> None:
    ana = await house.set_up()
    admin = await house.member(ana, "Ada", role="admin")
    member = await house.member(ana, "Bo")

    too_high = await admin.post("/v1/invitations", {"role": "admin"})
    allowed = await admin.post("/v1/invitations", {"role": "member"})
    refused = await member.post("/v1/invitations", {})

    assert (too_high.status_code, too_high.json()["error"]["code"]) == (403, "role_too_high")
    assert allowed.status_code == 201
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "not_permitted")


async def test_join_by_passkey_bound_to_the_link_it_was_begun_with(house: House) -> None:
    ana = await house.set_up()
    one, other = await house.invite(ana), await house.invite(ana)
    bo, key = house.browser(), house.authenticator()

    async def passkey(secret: str) -> dict[str, Any]:
        opened = (await bo.post("/v1/passkeys/options", {"secret": secret, "display_name": "Bo"})).json()
        return {"challenge_id": opened["challenge_id"], "credential": key.create(opened["options"])}

    body = {"display_name": "Bo", "language": "en"}
    foreign = await bo.post("/v1/join", body | {"secret": other, "passkey": await passkey(one)})
    own = await bo.post("/v1/join", body | {"secret": one, "passkey": await passkey(one)})

    assert (foreign.status_code, foreign.json()["error"]["code"]) == (400, "passkey_refused")
    assert own.status_code == 201


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("", "empty"),
        (" \t ", "empty"),
        ("x" * 81, "length"),
        ("a\u202eb", "characters"),
        ("a\x00b", "characters"),
    ],
)
async def test_a_name_that_hides_something_is_refused_and_the_place_stays_free(
    house: House, name: str, reason: str
) -> None:
    ana = await house.set_up()
    secret = await house.invite(ana)

    refused = await house.browser().post("/v1/join", JOIN | {"secret": secret, "display_name": name})
    accepted = await house.browser().post("/v1/join", JOIN | {"secret": secret})

    assert refused.json()["error"]["code"] == "name_invalid"
    assert refused.json()["error"]["fields"]["reason"] == reason
    assert accepted.status_code == 201
