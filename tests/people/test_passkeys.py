"""Passkeys: whoever holds the key gets in, once per challenge, from our own pages only."""

from typing import Any

import httpx
import pytest

from tests.support.passkey import Authenticator
from tests.support.people import Browser, House


async def add(browser: Browser, key: Authenticator, **how: Any) -> httpx.Response:
    opened = (await browser.post("/v1/passkeys/options", {})).json()
    credential = key.create(opened["options"], **how)
    return await browser.post(
        "/v1/passkeys", {"challenge_id": opened["challenge_id"], "credential": credential}
    )


async def answer_with(browser: Browser, key: Authenticator, **how: Any) -> dict[str, Any]:
    opened = (await browser.post("/v1/sign-in/options")).json()
    return {"challenge_id": opened["challenge_id"], "credential": key.get(opened["options"], **how)}


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
