"""Passkeys: whoever holds the key gets in, once per challenge, from our own pages only."""

from typing import Any

import httpx
import pytest

from tests.support.passkey import Authenticator
from tests.support.people import PASSWORD, Browser, House


async def add(browser: Browser, key: Authenticator, **how: Any) -> httpx.Response:
    opened = (await browser.post("/v1/passkeys/options", {})).json()
    credential = key.create(opened["options"], **how)
    return await browser.post(
        "/v1/passkeys", {"challenge_id": opened["challenge_id"], "credential": credential}
    )


async def answer_with(browser: Browser, key: Authenticator, **how: Any) -> dict[str, Any]:
    opened = (await browser.post("/v1/sign-in/options")).json()
    return {"challenge_id": opened["challenge_id"], "credential": key.get(opened["options"], **how)}


async def joined_by_passkey(house: House, ana: Browser) -> tuple[Browser, Authenticator]:
    """Somebody who has a passkey and no password."""
    secret, browser, key = await house.invite(ana), house.browser(), house.authenticator()
    opened = (await browser.post("/v1/passkeys/options", {"secret": secret, "display_name": "Bo"})).json()
    passkey = {"challenge_id": opened["challenge_id"], "credential": key.create(opened["options"])}
    body = {"secret": secret, "display_name": "Bo", "language": "en", "passkey": passkey}
    assert (await browser.post("/v1/join", body)).status_code == 201
    return browser, key


@pytest.mark.parametrize("is_synced", [False, True])
async def test_a_passkey_added_later_signs_in_again_and_again(house: House, is_synced: bool) -> None:
    ana = await house.set_up()
    key = house.authenticator()
    key.is_synced = is_synced

    added = await add(ana, key)
    ana.forget_everything()
    answers = [await ana.post("/v1/sign-in/passkey", await answer_with(ana, key)) for _ in range(3)]

    assert added.status_code == 204
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert "passkey.added" in await house.evidence()


async def test_the_options_ask_for_a_discoverable_verified_credential_of_this_host(house: House) -> None:
    ana = await house.set_up()
    organisation = await house.desk.organisation()

    creation = (await ana.post("/v1/passkeys/options", {})).json()["options"]
    request = (await ana.post("/v1/sign-in/options")).json()["options"]

    assert creation["rp"] == {"id": "localhost", "name": "Tamm & Söhne"}
    assert creation["authenticatorSelection"]["residentKey"] == "required"
    assert creation["authenticatorSelection"]["userVerification"] == "required"
    assert creation["user"]["name"] == "Ana Tamm"
    assert request["rpId"] == "localhost"
    assert request.get("allowCredentials", []) == []
    assert organisation.name == "Tamm & Söhne"


@pytest.mark.parametrize(
    "flaw", ["origin", "unverified", "replay", "late", "foreign challenge", "clone", "tampered"]
)
async def test_one_answer_for_everything_that_is_wrong(house: House, flaw: str) -> None:
    ana = await house.set_up()
    key = house.authenticator()
    await add(ana, key)
    browser = house.browser()
    how = {"origin": "https://evil.example"} if flaw == "origin" else {}
    key.is_verifying = flaw != "unverified"
    if flaw == "clone":
        key.credentials[0].sign_count = 10
        await browser.post("/v1/sign-in/passkey", await answer_with(browser, key))
        key.credentials[0].sign_count = 3
    body = await answer_with(browser, key, **how)
    if flaw == "replay":
        await browser.post("/v1/sign-in/passkey", body)
    if flaw == "late":
        house.clock.advance(minutes=6)
    if flaw == "foreign challenge":
        body["challenge_id"] = (await browser.post("/v1/sign-in/options")).json()["challenge_id"]
    if flaw == "tampered":
        signature = body["credential"]["response"]["signature"]
        body["credential"]["response"]["signature"] = ("A" if signature[20] != "A" else "B").join(
            (signature[:20], signature[21:])
        )

    refused = await browser.post("/v1/sign-in/passkey", body)

    assert (refused.status_code, refused.json()["error"]["code"]) == (401, "sign_in_failed")


async def test_a_challenge_for_one_thing_is_no_challenge_for_another(house: House) -> None:
    ana = await house.set_up()
    bo = await house.member(ana)
    key = house.authenticator()
    for_ana = (await ana.post("/v1/passkeys/options", {})).json()

    stolen = await bo.post(
        "/v1/passkeys",
        {"challenge_id": for_ana["challenge_id"], "credential": key.create(for_ana["options"])},
    )
    spent = await ana.post(
        "/v1/passkeys",
        {"challenge_id": for_ana["challenge_id"], "credential": key.create(for_ana["options"])},
    )

    assert (stolen.status_code, stolen.json()["error"]["code"]) == (400, "passkey_refused")
    assert spent.status_code == 400


@pytest.mark.parametrize("value", ["", "A", "AAAA", "%%%", "é", "A" * 5000])
async def test_made_up_bytes_are_refused_and_never_break_anything(house: House, value: str) -> None:
    ana = await house.set_up()
    asked = (await ana.post("/v1/sign-in/options")).json()
    opened = (await ana.post("/v1/passkeys/options", {})).json()
    used = {"clientDataJSON": value, "authenticatorData": value, "signature": value, "userHandle": value}
    new = {"clientDataJSON": value, "attestationObject": value}

    signed = await ana.post(
        "/v1/sign-in/passkey",
        {
            "challenge_id": asked["challenge_id"],
            "credential": {"id": value, "rawId": value, "type": "public-key", "response": used},
        },
    )
    added = await ana.post(
        "/v1/passkeys",
        {
            "challenge_id": opened["challenge_id"],
            "credential": {"id": value, "rawId": value, "type": "public-key", "response": new},
        },
    )

    assert signed.status_code == 401
    assert added.status_code == 400


async def test_forgotten_ceremonies_do_not_pile_up(house: House) -> None:
    ana = await house.set_up()
    for _ in range(5):
        await ana.post("/v1/sign-in/options")
    house.clock.advance(minutes=10)
    await ana.post("/v1/sign-in/options")

    async with house.desk.db.system() as tx:
        assert await tx.value("SELECT count(*) FROM passkey_challenge") == 1


async def test_only_who_is_signed_in_or_holds_a_link_begins_a_passkey(house: House) -> None:
    await house.set_up()

    answer = await house.browser().post("/v1/passkeys/options", {})

    assert answer.status_code == 401


async def test_a_session_left_open_makes_no_passkey_unless_it_is_proven_again(house: House) -> None:
    ana = await house.set_up()
    house.clock.advance(minutes=5)

    refused = await ana.post("/v1/passkeys/options", {})
    wrong = await ana.post("/v1/passkeys/options", {"current_password": "seven red kettles"})
    right = await ana.post("/v1/passkeys/options", {"current_password": PASSWORD})
    await ana.post("/v1/sign-in/password", {"handle": "ana.tamm", "password": PASSWORD})
    again = await ana.post("/v1/passkeys/options", {})

    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "confirmation_required")
    assert (wrong.status_code, wrong.json()["error"]["code"]) == (401, "sign_in_failed")
    assert (right.status_code, again.status_code) == (200, 200)


async def test_guessing_the_password_of_an_open_session_is_throttled(house: House) -> None:
    ana = await house.set_up()
    house.clock.advance(minutes=5)

    guesses = [
        await ana.post("/v1/passkeys/options", {"current_password": f"seven red kettles {number}"})
        for number in range(7)
    ]

    assert [answer.status_code for answer in guesses] == [401] * 5 + [401, 429]


async def test_somebody_with_passkeys_only_sets_a_password_right_after_signing_in(house: House) -> None:
    ana = await house.set_up()
    bo, key = await joined_by_passkey(house, ana)
    wish = {"new": "eight blue teapots", "current": "eight blue teapots"}
    house.clock.advance(minutes=5)

    refused = await bo.ask("PUT", "/v1/me/password", wish)
    await bo.post("/v1/sign-in/passkey", await answer_with(bo, key))
    changed = await bo.ask("PUT", "/v1/me/password", wish)

    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "confirmation_required")
    assert changed.status_code == 204


async def test_passkeys_are_listed_and_removed_but_not_the_last_way_in(house: House) -> None:
    ana = await house.set_up()
    bo, key = await joined_by_passkey(house, ana)
    spare = house.authenticator()
    await add(bo, spare)
    await bo.post("/v1/sign-in/passkey", await answer_with(bo, key))

    first, second = (await bo.get("/v1/passkeys")).json()["passkeys"]
    foreign = await ana.ask("DELETE", f"/v1/passkeys/{second['credential_id']}")
    removed = await bo.ask("DELETE", f"/v1/passkeys/{second['credential_id']}")
    last = await bo.ask("DELETE", f"/v1/passkeys/{first['credential_id']}")
    with_removed = await house.browser().post("/v1/sign-in/passkey", await answer_with(bo, spare))

    assert (first["label"], first["last_used_at"] is None, second["last_used_at"]) == (
        "Firefox on Linux",
        False,
        None,
    )
    assert (foreign.status_code, foreign.json()["error"]["code"]) == (404, "passkey_not_found")
    assert (removed.status_code, last.status_code) == (204, 409)
    assert last.json()["error"]["code"] == "last_sign_in_method"
    assert with_removed.status_code == 401
    assert (await house.evidence())[-1] == "passkey.removed"


async def test_with_a_password_the_only_passkey_may_go(house: House) -> None:
    ana = await house.set_up()
    await add(ana, house.authenticator())
    (only,) = (await ana.get("/v1/passkeys")).json()["passkeys"]

    removed = await ana.ask("DELETE", f"/v1/passkeys/{only['credential_id']}")
    again = await ana.ask("DELETE", f"/v1/passkeys/{only['credential_id']}")

    assert (removed.status_code, again.status_code) == (204, 404)
