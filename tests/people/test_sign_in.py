"""Signing in by password: one answer for everything wrong, and no way to lock somebody out."""

import asyncio
from typing import Any

import httpx
from structlog.testing import capture_logs

from tests.support.people import PASSWORD, Browser, CountingHasher, House

WRONG = {"handle": "ana.tamm", "password": "not the password"}
RIGHT = {"handle": "ana.tamm", "password": PASSWORD}


async def sign_in(browser: Browser, body: dict[str, Any]) -> httpx.Response:
    return await browser.post("/v1/sign-in/password", body)


def code(answer: httpx.Response) -> str:
    return str(answer.json()["error"]["code"])


async def test_the_right_password_signs_in_however_the_handle_is_typed(house: House) -> None:
    await house.set_up()

    answers = [
        await sign_in(house.browser(), RIGHT | {"handle": typed})
        for typed in ("ana.tamm", " @Ana.Tamm ", "ANA.TAMM")
    ]

    assert [answer.status_code for answer in answers] == [200, 200, 200]


async def test_known_and_unknown_names_get_the_same_answer_for_the_same_work(house: House) -> None:
    ana = await house.set_up()
    await house.join(await house.invite(ana), "Pia Key")
    hasher = house.hasher
    assert isinstance(hasher, CountingHasher)
    await sign_in(house.browser("192.0.2.99"), {"handle": "warm.up", "password": "x"})
    seen = []

    for number, handle in enumerate(("ana.tamm", "nobody.here", "", "\x00", "x" * 200)):
        hasher.calls.clear()
        answer = await sign_in(
            house.browser(f"192.0.2.{number}"), {"handle": handle, "password": "wrong wrong"}
        )
        seen.append((answer.status_code, answer.text, tuple(hasher.calls)))

    assert len(seen) == 5
    assert "sign_in_failed" in seen[0][1]
    assert set(seen) == {(401, seen[0][1], ("verify",))}


async def test_a_person_with_only_a_passkey_cannot_be_told_from_nobody(house: House) -> None:
    ana = await house.set_up()
    secret = await house.invite(ana)
    bo, key = house.browser(), house.authenticator()
    opened = (await bo.post("/v1/passkeys/options", {"secret": secret, "display_name": "Bo"})).json()
    passkey = {"challenge_id": opened["challenge_id"], "credential": key.create(opened["options"])}
    await bo.post(
        "/v1/join", {"secret": secret, "display_name": "Bo Kask", "language": "en", "passkey": passkey}
    )

    known = await sign_in(house.browser("192.0.2.1"), {"handle": "bo.kask", "password": "amana"})
    unknown = await sign_in(house.browser("192.0.2.2"), {"handle": "no.body", "password": "amana"})

    assert known.status_code == unknown.status_code == 401
    assert known.json() == unknown.json()


async def test_pauses_grow_for_strangers_and_are_the_same_for_unknown_names(house: House) -> None:
    await house.set_up()

    async def waits(handle: str, ip: str) -> list[float]:
        result = []
        for _ in range(9):
            answer = await sign_in(house.browser(ip), WRONG | {"handle": handle})
            if answer.status_code == 429:
                assert int(answer.headers["retry-after"]) >= 1
                wait_s = answer.json()["error"]["fields"]["retry_after_s"]
                result.append(round(wait_s))
                house.clock.advance(seconds=wait_s + 0.1)
        return result

    known, unknown = await waits("ana.tamm", "192.0.2.1"), await waits("no.body", "192.0.2.2")

    assert known == unknown
    assert known == [2, 4]


async def test_a_hundred_guesses_at_once_are_a_hundred(house: House) -> None:
    await house.set_up()

    answers = await asyncio.gather(*(sign_in(house.browser(), WRONG) for _ in range(30)))

    tried = [answer for answer in answers if answer.status_code == 401]
    assert len(tried) <= 6
    assert {code(answer) for answer in answers if answer.status_code != 401} == {"sign_in_throttled"}


async def test_an_attacker_cannot_lock_the_real_person_out_of_a_known_device(house: House) -> None:
    ana = await house.set_up()
    ana.forget_session()
    eve = house.browser("203.0.113.66")
    for _ in range(8):
        await sign_in(eve, WRONG)

    stranger = await sign_in(house.browser("192.0.2.5"), RIGHT)
    own_device = await sign_in(ana, RIGHT)

    assert code(stranger) == "sign_in_throttled"
    assert own_device.status_code == 200


async def test_a_known_device_is_no_pass_for_another_account_or_when_forged(house: House) -> None:
    ana = await house.set_up()
    bo = await house.member(ana)
    forged = house.browser("192.0.2.8")
    assert ana.device_pass
    forged.cookies = {"__Host-amana-device": ana.device_pass[:-2] + "AA"}
    bo.forget_session()
    eve = house.browser("203.0.113.66")
    for _ in range(8):
        await sign_in(eve, WRONG)

    assert code(await sign_in(bo, RIGHT)) == "sign_in_throttled"
    assert code(await sign_in(forged, RIGHT)) == "sign_in_throttled"


async def test_a_known_device_has_pauses_of_its_own(house: House) -> None:
    ana = await house.set_up()
    ana.forget_session()

    answers = [await sign_in(ana, WRONG) for _ in range(8)]
    elsewhere = await sign_in(house.browser("192.0.2.5"), RIGHT)

    assert [answer.status_code for answer in answers] == [401] * 6 + [429] * 2
    assert elsewhere.status_code == 200


async def test_one_network_cannot_try_many_names(house: House) -> None:
    await house.set_up()
    eve = house.browser("203.0.113.66")

    answers = [await sign_in(eve, WRONG | {"handle": f"name{n}"}) for n in range(40)]

    assert [answer.status_code for answer in answers].count(401) == 31
    assert code(answers[-1]) == "sign_in_throttled"
    assert (await sign_in(house.browser("192.0.2.5"), RIGHT)).status_code == 200


async def test_success_clears_the_account_but_an_attacker_with_an_account_keeps_the_network_count(
    house: House,
) -> None:
    await house.set_up()
    for _ in range(4):
        await sign_in(house.browser("192.0.2.5"), WRONG)
    await sign_in(house.browser("192.0.2.6"), RIGHT)
    again = [await sign_in(house.browser("192.0.2.5"), WRONG) for _ in range(5)]
    eve = house.browser("203.0.113.66")
    mixed = []
    for number in range(40):
        eve.forget_everything()
        mixed.append(await sign_in(eve, WRONG | {"handle": f"name{number}"}))
        eve.forget_everything()
        if number < 20:
            assert (await sign_in(eve, RIGHT)).status_code == 200

    assert [answer.status_code for answer in again] == [401] * 5
    assert mixed[-1].status_code == 429


async def test_throttling_survives_a_restart_and_is_forgotten_after_a_day(house: House) -> None:
    await house.set_up()
    for _ in range(7):
        await sign_in(house.browser(), WRONG)
    organisation = await house.desk.organisation()
    async with house.desk.db.read(organisation.org_id) as tx:
        stored = await tx.value("SELECT max(failures) FROM sign_in_throttle")

    house.clock.advance(hours=25)
    answers = [await sign_in(house.browser(), WRONG) for _ in range(5)]

    assert stored == 6
    assert [answer.status_code for answer in answers] == [401] * 5


async def test_nobody_signs_in_before_set_up(house: House) -> None:
    password = await sign_in(house.browser(), RIGHT)
    passkey = await house.browser().post("/v1/sign-in/options")

    assert (password.status_code, code(password)) == (409, "not_set_up")
    assert (passkey.status_code, code(passkey)) == (409, "not_set_up")


async def test_a_new_password_needs_the_old_one_and_signs_other_devices_out(house: House) -> None:
    ana = await house.set_up()
    phone = house.browser()
    await sign_in(phone, RIGHT)

    refused = await ana.ask("PUT", "/v1/me/password", {"new": "eight blue teapots", "current": "wrong"})
    changed = await ana.ask("PUT", "/v1/me/password", {"new": "eight blue teapots", "current": PASSWORD})

    assert (refused.status_code, code(refused)) == (401, "sign_in_failed")
    assert changed.status_code == 204
    assert (await phone.get("/v1/me")).status_code == 401
    assert (await ana.get("/v1/me")).status_code == 200
    assert (await sign_in(house.browser(), RIGHT | {"password": "eight blue teapots"})).status_code == 200
    assert "password.changed" in await house.evidence()


async def test_a_sign_in_is_recorded_with_how_it_was_proven(house: House) -> None:
    await house.set_up()
    await sign_in(house.browser(), RIGHT)
    organisation = await house.desk.organisation()

    async with house.desk.db.read(organisation.org_id) as tx:
        *_, newest = await house.desk.evidence.entries(tx, organisation.org_id)

    assert (newest.action, newest.detail) == ("session.begun", {"how": "password"})


async def test_failed_and_throttled_sign_ins_are_logged_by_network_and_nothing_typed(house: House) -> None:
    await house.set_up()
    eve = house.browser("2001:db8:5:6:7::8")

    with capture_logs() as logged:
        for _ in range(7):
            await sign_in(eve, {"handle": "ana.tamm", "password": "three loud foxes"})
        await eve.post("/v1/sign-in/passkey", await forged(eve))

    assert [entry["event"] for entry in logged] == ["sign_in.failed"] * 6 + [
        "sign_in.throttled",
        "sign_in.failed",
    ]
    assert {entry["network"] for entry in logged} == {"2001:db8:5:6::/64"}
    assert [entry["how"] for entry in logged] == ["password"] * 7 + ["passkey"]
    for typed in ("ana.tamm", "three loud foxes", "7::8"):
        assert typed not in str(logged)


async def forged(browser: Browser) -> dict[str, Any]:
    """An answer to a sign-in ceremony that proves nothing."""
    opened = (await browser.post("/v1/sign-in/options")).json()
    parts = dict.fromkeys(("clientDataJSON", "authenticatorData", "signature", "userHandle"), "AAAA")
    credential = {"id": "AAAA", "rawId": "AAAA", "type": "public-key", "response": parts}
    return {"challenge_id": opened["challenge_id"], "credential": credential}


async def test_what_somebody_may_not_do_is_logged_with_who_and_where(house: House) -> None:
    ana = await house.set_up()
    bo = await house.member(ana)
    bo_id = (await bo.get("/v1/me")).json()["person"]["user_id"]

    with capture_logs() as logged:
        await bo.ask("PUT", f"/v1/people/{bo_id}/role", {"role": "owner"})
        await bo.ask("PUT", f"/v1/people/{bo_id}/role", {"role": "owner"}, origin="https://evil.example")

    assert [(one["event"], one["code"], one["route"], one["user_id"]) for one in logged] == [
        ("http.forbidden", "not_permitted", "changeRole", bo_id),
        ("http.forbidden", "wrong_origin", "/v1/people/*/role", None),
    ]
