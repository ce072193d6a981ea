"""Personal API tokens: shown once, held to their scopes, and over when they should be."""

from typing import Any
from uuid import UUID

import httpx

from amana.kernel.ids import SessionId
from amana.people import sessions
from amana.people.api_tokens.model import MAX_TOKENS
from amana.people.tokens import parse_token
from tests.support.people import PASSWORD, Browser, House

DAY_S = 24 * 3600


async def make(browser: Browser, *scopes: str, name: str = "Backup of notes", **more: Any) -> dict[str, Any]:
    """Give the answer to a new token."""
    answer = await browser.post("/v1/tokens", {"name": name, "scopes": list(scopes), **more})
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def program(house: House, secret: str) -> Browser:
    """What holds nothing but the token."""
    return house.browser(headers={"authorization": f"Bearer {secret}", "origin": ""})


def code(answer: httpx.Response) -> str:
    return str(answer.json()["error"]["code"])


async def test_a_token_is_shown_once_and_does_what_its_scope_says(house: House) -> None:
    ana = await house.set_up()

    made = await make(ana, "people:read", "people:read")
    listed = await ana.get("/v1/tokens")
    people = await program(house, made["secret"]).get("/v1/people")

    assert made["secret"].startswith("amana_")
    assert made["token"] == listed.json()["tokens"][0]
    assert (made["token"]["name"], made["token"]["scopes"]) == ("Backup of notes", ["people:read"])
    assert made["secret"] not in listed.text
    assert [one["display_name"] for one in people.json()["people"]] == ["Ana Tamm"]
    assert (await house.evidence())[-1] == "token.created"


async def test_a_token_without_the_scope_is_refused_and_told_which_it_needs(house: House) -> None:
    ana = await house.set_up()
    reader = program(house, (await make(ana, "people:read"))["secret"])

    renamed = await reader.ask("PATCH", "/v1/me", {"display_name": "Eve"})
    invited = await reader.post("/v1/invitations", {})
    listed = await reader.get("/v1/tokens")
    me = await reader.get("/v1/me")

    for answer, scope in ((renamed, "account"), (invited, "admin"), (listed, "account")):
        assert (answer.status_code, code(answer)) == (403, "token_scope_missing")
        assert answer.json()["error"]["fields"] == {"scope": scope}
    assert me.status_code == 200


async def test_no_token_signs_in_or_out_whatever_it_may(house: House) -> None:
    ana = await house.set_up()
    widest = program(house, (await make(ana, "account", "admin", "people:read"))["secret"])

    answers = [
        await widest.post("/v1/sign-in/password", {"handle": "ana.tamm", "password": PASSWORD}),
        await widest.post("/v1/sign-in/options"),
        await widest.ask("DELETE", "/v1/sessions/current"),
    ]

    assert {(one.status_code, code(one)) for one in answers} == {(403, "not_for_tokens")}


async def test_a_token_never_may_more_than_its_person(house: House) -> None:
    ana = await house.set_up()
    bo = await house.member(ana)
    admin = program(house, (await make(bo, "admin"))["secret"])

    refused = await admin.post("/v1/invitations", {})
    bo_id = (await bo.get("/v1/me")).json()["person"]["user_id"]
    await ana.ask("PUT", f"/v1/people/{bo_id}/role", {"role": "admin"})
    allowed = await admin.post("/v1/invitations", {})

    assert (refused.status_code, code(refused)) == (403, "not_permitted")
    assert allowed.status_code == 201


async def test_making_one_needs_a_fresh_proof(house: House) -> None:
    ana = await house.set_up()
    house.clock.advance(minutes=6)
    wish = {"name": "Notes", "scopes": ["people:read"]}

    stale = await ana.post("/v1/tokens", wish)
    proved = await ana.post("/v1/tokens", {**wish, "current_password": PASSWORD})

    assert (stale.status_code, code(stale)) == (403, "confirmation_required")
    assert proved.status_code == 201


async def test_a_token_makes_none_that_may_more_and_only_with_the_password(house: House) -> None:
    ana = await house.set_up()
    keeper = program(house, (await make(ana, "account"))["secret"])
    wish = {"name": "Second", "scopes": ["account"]}

    unproved = await keeper.post("/v1/tokens", wish)
    wider = await keeper.post(
        "/v1/tokens", {**wish, "scopes": ["account", "admin"], "current_password": PASSWORD}
    )
    made = await keeper.post("/v1/tokens", {**wish, "current_password": PASSWORD})

    assert (unproved.status_code, code(unproved)) == (403, "confirmation_required")
    assert (wider.status_code, code(wider)) == (403, "scope_too_wide")
    assert wider.json()["error"]["fields"] == {"scopes": ["admin"]}
    assert made.status_code == 201


async def test_a_revoked_token_is_out_at_once_and_its_sockets_are_cut(house: House) -> None:
    ana = await house.set_up()
    made = await make(ana, "people:read")
    reader = program(house, made["secret"])
    cut: list[SessionId] = []
    house.desk.on_session_revoked = cut.append

    before = await reader.get("/v1/me")
    revoked = await ana.ask("DELETE", f"/v1/tokens/{made['token']['token_id']}")
    after = await reader.get("/v1/me")
    again = await ana.ask("DELETE", f"/v1/tokens/{made['token']['token_id']}")

    assert (before.status_code, revoked.status_code, after.status_code) == (200, 204, 401)
    assert [str(session) for session in cut] == [made["token"]["token_id"]]
    assert (again.status_code, code(again)) == (404, "api_token_not_found")
    assert (await ana.get("/v1/tokens")).json() == {"tokens": []}
    assert (await house.evidence())[-1] == "token.revoked"


async def test_nobody_sees_or_ends_the_tokens_of_somebody_else(house: House) -> None:
    ana = await house.set_up()
    bo = await house.member(ana)
    made = await make(ana, "people:read")

    refused = await bo.ask("DELETE", f"/v1/tokens/{made['token']['token_id']}")

    assert (refused.status_code, code(refused)) == (404, "api_token_not_found")
    assert (await bo.get("/v1/tokens")).json() == {"tokens": []}
    assert (await program(house, made["secret"]).get("/v1/me")).status_code == 200


async def test_a_token_ends_on_its_day_and_no_day_is_later_than_a_year(house: House) -> None:
    ana = await house.set_up()
    too_long = {"name": "Notes", "scopes": ["people:read"], "expires_in_s": 365 * DAY_S + 1}
    refused = await ana.post("/v1/tokens", too_long)
    made = await make(ana, "people:read", expires_in_s=365 * DAY_S)
    reader = program(house, made["secret"])
    actor = await sessions.authenticate(house.desk, made["secret"])
    assert actor is not None

    house.clock.advance(days=364)
    last_year = await reader.get("/v1/me")
    house.clock.advance(days=1)
    this_year = await reader.get("/v1/me")

    assert (refused.status_code, code(refused)) == (400, "invalid_request")
    assert (last_year.status_code, this_year.status_code) == (200, 401)
    assert not await sessions.still_signed_in(house.desk, actor)


async def test_the_last_use_moves_in_steps_of_five_minutes(house: House) -> None:
    ana = await house.set_up()
    reader = program(house, (await make(ana, "people:read"))["secret"])

    async def last_use() -> str | None:
        found: str | None = (await ana.get("/v1/tokens")).json()["tokens"][0]["last_used_at"]
        return found

    never = await last_use()
    await reader.get("/v1/me")
    first = await last_use()
    house.clock.advance(minutes=4)
    await reader.get("/v1/me")
    early = await last_use()
    house.clock.advance(minutes=2)
    await reader.get("/v1/me")
    late = await last_use()

    assert never is None
    assert first is not None
    assert early == first
    assert late is not None
    assert late > first


async def test_there_is_room_for_so_many_and_an_ended_one_makes_room(house: House) -> None:
    ana = await house.set_up()
    made = [await make(ana, "people:read", name=f"Number {number}") for number in range(MAX_TOKENS)]

    refused = await ana.post("/v1/tokens", {"name": "One more", "scopes": ["people:read"]})
    await ana.ask("DELETE", f"/v1/tokens/{made[0]['token']['token_id']}")
    taken = await ana.post("/v1/tokens", {"name": "One more", "scopes": ["people:read"]})

    assert (refused.status_code, code(refused)) == (409, "too_many_api_tokens")
    assert taken.status_code == 201


async def test_a_new_password_ends_all_tokens(house: House) -> None:
    ana = await house.set_up()
    reader = program(house, (await make(ana, "people:read"))["secret"])
    await reader.get("/v1/me")

    await ana.ask("PUT", "/v1/me/password", {"current": PASSWORD, "new": "eleven blue trams"})

    assert (await reader.get("/v1/me")).status_code == 401
    assert (await ana.get("/v1/tokens")).json() == {"tokens": []}


async def test_only_a_hash_and_a_sealed_name_are_stored(house: House) -> None:
    ana = await house.set_up()
    made = await make(ana, "people:read", name="Payroll export")
    parsed = parse_token(made["secret"])
    assert parsed is not None
    assert parsed.is_api

    async with house.desk.db.read(parsed.org_id) as tx:
        (row,) = await tx.all("SELECT * FROM api_token")
        stored = await tx.value("SELECT api_token::text FROM api_token")

    assert row["token_hash"] == parsed.digest
    assert row["token_id"] == UUID(made["token"]["token_id"])
    assert "Payroll" not in str(stored)
    assert b"Payroll" not in row["name"]


async def test_made_up_and_altered_tokens_are_nobody(house: House) -> None:
    ana = await house.set_up()
    secret = (await make(ana, "people:read"))["secret"]
    altered = secret[:-3] + ("AAA" if not secret.endswith("AAA") else "BBB")

    # The same bytes as a session's token, and a session's token as one of these, are not the same thing.
    for token in (altered, secret.removeprefix("amana_"), "amana_" + ana.token, "amana_", "amana_x"):
        assert await sessions.authenticate(house.desk, token) is None


async def test_names_that_cannot_be_shown_and_unknown_scopes_are_refused(house: House) -> None:
    ana = await house.set_up()

    hidden = await ana.post("/v1/tokens", {"name": "a\u202eb", "scopes": ["people:read"]})
    unknown = await ana.post("/v1/tokens", {"name": "Notes", "scopes": ["everything"]})
    none = await ana.post("/v1/tokens", {"name": "Notes", "scopes": []})

    assert (hidden.status_code, code(hidden)) == (400, "name_invalid")
    assert [(one.status_code, code(one)) for one in (unknown, none)] == [(400, "invalid_request")] * 2
