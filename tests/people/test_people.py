"""The directory, one's own profile, and roles."""

from uuid import UUID

from amana.kernel.ids import UserId
from amana.people import sessions
from amana.people.desk import NoRooms
from amana.people.queries import names
from amana.storage.database import Tx
from tests.support.people import House


class SharedRoom(NoRooms):
    """Everyone listed shares a conversation, at the port to the conversations domain."""

    def __init__(self, *people: UserId) -> None:
        self.people = frozenset(people)

    async def acquaintances(self, tx: Tx, user_id: UserId) -> frozenset[UserId]:
        return self.people


async def test_the_directory_comes_in_pages(house: House) -> None:
    ana = await house.set_up()
    secret = await house.invite(ana, max_uses=4)
    for name in ("Bo", "Cy", "Di", "Ed"):
        await house.join(secret, name)

    seen, after = [], ""
    while True:
        page = (await ana.get(f"/v1/people?limit=2{after}")).json()
        seen += [person["display_name"] for person in page["people"]]
        if page["next"] is None:
            break
        after = f"&after={page['next']}"

    assert seen == ["Ana Tamm", "Bo", "Cy", "Di", "Ed"]


async def test_a_guest_sees_only_whom_they_share_a_conversation_with(house: House) -> None:
    ana = await house.set_up()
    await house.member(ana, "Bo")
    guest = await house.member(ana, "Gil", role="guest")
    ana_id = (await ana.get("/v1/me")).json()["person"]["user_id"]

    alone = (await guest.get("/v1/people")).json()["people"]
    house.desk.rooms = SharedRoom(UserId(UUID(ana_id)))
    together = (await guest.get("/v1/people")).json()["people"]

    assert [person["display_name"] for person in alone] == ["Gil"]
    assert [person["display_name"] for person in together] == ["Ana Tamm", "Gil"]


async def test_language_and_name_change_at_once_and_the_handle_stays(house: House) -> None:
    ana = await house.set_up()

    changed = await ana.ask("PATCH", "/v1/me", {"display_name": "Ana Tamm-Kask", "language": "ar"})
    refusal = await ana.get("/v1/nowhere")

    person = changed.json()["person"]
    assert (person["display_name"], person["language"], person["handle"]) == (
        "Ana Tamm-Kask",
        "ar",
        "ana.tamm",
    )
    assert "لا يوجد" in refusal.json()["error"]["message"]


async def test_names_are_given_for_those_who_exist(house: House) -> None:
    ana = await house.set_up()
    me = (await ana.get("/v1/me")).json()
    ana_id, nobody = UserId(UUID(me["person"]["user_id"])), UserId(house.desk.ids.new())
    organisation = await house.desk.organisation()

    async with house.desk.db.read(organisation.org_id) as tx:
        found = await names(tx, [ana_id, nobody])

    assert found == {ana_id: "Ana Tamm"}


async def test_roles_are_given_from_above_and_take_effect_at_once(house: House) -> None:
    ana = await house.set_up()
    bo = await house.member(ana, "Bo")
    bo_id = (await bo.get("/v1/me")).json()["person"]["user_id"]
    ana_id = (await ana.get("/v1/me")).json()["person"]["user_id"]

    before = await bo.get("/v1/invitations")
    promoted = await ana.ask("PUT", f"/v1/people/{bo_id}/role", {"role": "admin"})
    after = await bo.get("/v1/invitations")
    against_owner = await bo.ask("PUT", f"/v1/people/{ana_id}/role", {"role": "member"})
    to_owner = await bo.ask("PUT", f"/v1/people/{bo_id}/role", {"role": "owner"})
    last = await ana.ask("PUT", f"/v1/people/{ana_id}/role", {"role": "member"})

    assert (before.status_code, promoted.status_code, after.status_code) == (403, 200, 200)
    assert against_owner.json()["error"]["code"] == "role_too_high"
    assert to_owner.json()["error"]["code"] == "role_too_high"
    assert (last.status_code, last.json()["error"]["code"]) == (409, "last_owner")
    assert (await house.evidence())[-1] == "role.changed"


async def test_whoever_changes_role_loses_the_sockets_that_still_know_the_old_one(house: House) -> None:
    ana = await house.set_up()
    ada = await house.member(ana, "Ada", role="admin")
    ada_id = (await ada.get("/v1/me")).json()["person"]["user_id"]
    on_socket = await sessions.authenticate(house.desk, ada.token)
    assert on_socket is not None
    cut: list[UserId] = []
    house.desk.on_role_changed = cut.append

    refused = await ada.ask("PUT", f"/v1/people/{ada_id}/role", {"role": "owner"})
    after_refusal = list(cut)
    await ana.ask("PUT", f"/v1/people/{ada_id}/role", {"role": "member"})
    after_change = list(cut)
    is_signed_in = await sessions.still_signed_in(house.desk, on_socket)

    assert (refused.status_code, after_refusal) == (403, [])
    assert after_change == [on_socket.user_id]
    # A socket that was opened in between is noticed by its own look at the session.
    assert (is_signed_in, cut) == (True, [on_socket.user_id] * 2)


async def test_an_organisation_sees_nothing_of_another(house: House) -> None:
    ana = await house.set_up()
    foreign = UserId(house.desk.ids.new())

    answer = await ana.ask("PUT", f"/v1/people/{foreign}/role", {"role": "admin"})

    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "person_not_found")
