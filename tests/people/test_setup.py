"""The first link makes the organisation and its owner, once."""

import asyncio

from amana.people import setup
from amana.people.tokens import secret_hash
from tests.support.people import PASSWORD, House


async def test_the_setup_link_makes_the_organisation_and_signs_its_owner_in(house: House) -> None:
    browser = house.browser()
    secret = await house.setup_secret()

    preview = await browser.post("/v1/setup/preview", {"secret": secret})
    answer = await browser.post(
        "/v1/setup",
        {
            "secret": secret,
            "organisation": "  Tamm   OÜ ",
            "display_name": "Ana Tamm",
            "language": "et",
            "password": PASSWORD,
        },
    )
    me = (await browser.get("/v1/me")).json()

    assert preview.status_code == 200
    assert answer.status_code == 201
    assert me["person"]["role"] == "owner"
    assert me["person"]["handle"] == "ana.tamm"
    assert me["organisation"]["name"] == "Tamm OÜ"
    assert set(await house.evidence()) == {"organisation.created", "session.begun"}


async def test_a_used_link_and_any_other_say_that_set_up_is_over(house: House) -> None:
    first = await house.setup_secret()
    browser = house.browser()
    body = {"organisation": "T", "display_name": "Ana", "language": "en", "password": PASSWORD}
    await browser.post("/v1/setup", body | {"secret": first})

    answers = [await house.browser().post("/v1/setup", body | {"secret": s}) for s in (first, "x" * 43)]

    assert [answer.status_code for answer in answers] == [410, 410]
    assert {answer.json()["error"]["code"] for answer in answers} == {"setup_used"}
    assert await setup.issue_setup_secret(house.desk.db, house.clock, house.desk.entropy) is None


async def test_the_link_works_thirty_minutes_and_only_the_newest_one(house: House) -> None:
    old = await house.setup_secret()
    new = await house.setup_secret()
    browser = house.browser()

    replaced = await browser.post("/v1/setup/preview", {"secret": old})
    fresh = await browser.post("/v1/setup/preview", {"secret": new})
    house.clock.advance(minutes=31)
    late = await browser.post("/v1/setup/preview", {"secret": new})

    assert (replaced.status_code, replaced.json()["error"]["code"]) == (404, "setup_unknown")
    assert fresh.status_code == 200
    assert (late.status_code, late.json()["error"]["code"]) == (410, "setup_expired")


async def test_two_who_use_the_link_at_once_do_not_both_become_owner(house: House) -> None:
    secret = await house.setup_secret()

    def body(name: str) -> dict[str, str]:
        return {
            "secret": secret,
            "organisation": "T",
            "display_name": name,
            "language": "en",
            "password": PASSWORD,
        }

    answers = await asyncio.gather(
        *(house.browser().post("/v1/setup", body(name)) for name in ("Ana", "Bo", "Eve"))
    )

    assert sorted(answer.status_code for answer in answers) == [201, 410, 410]


async def test_set_up_by_passkey_alone_and_back_in_with_it(house: House) -> None:
    browser, key = house.browser(), house.authenticator()
    secret = await house.setup_secret()
    opened = (await browser.post("/v1/passkeys/options", {"secret": secret, "display_name": "Ana"})).json()
    passkey = {"challenge_id": opened["challenge_id"], "credential": key.create(opened["options"])}

    made = await browser.post(
        "/v1/setup",
        {"secret": secret, "organisation": "T", "display_name": "Ana", "language": "en", "passkey": passkey},
    )
    browser.forget_everything()
    asked = (await browser.post("/v1/sign-in/options")).json()
    back = await browser.post(
        "/v1/sign-in/passkey",
        {"challenge_id": asked["challenge_id"], "credential": key.get(asked["options"])},
    )

    assert made.status_code == 201, made.text
    assert back.status_code == 200, back.text
    assert back.json()["person"]["user_id"] == made.json()["person"]["user_id"]


async def test_nobody_is_made_who_could_not_come_back(house: House) -> None:
    secret = await house.setup_secret()
    body = {"secret": secret, "organisation": "T", "display_name": "Ana Tamm", "language": "en"}

    none = await house.browser().post("/v1/setup", body)
    short = await house.browser().post("/v1/setup", body | {"password": "short"})
    common = await house.browser().post("/v1/setup", body | {"password": "Password2026!"})
    own_name = await house.browser().post("/v1/setup", body | {"password": "anatamm12345"})

    codes = [answer.json()["error"]["code"] for answer in (none, short, common, own_name)]
    assert codes == [
        "sign_in_method_missing",
        "password_too_short",
        "password_too_common",
        "password_too_common",
    ]
    assert (await house.browser().post("/v1/setup/preview", {"secret": secret})).status_code == 200


async def test_the_secret_itself_is_nowhere_in_the_database(house: House) -> None:
    secret = await house.setup_secret()

    async with house.desk.db.system() as tx:
        stored = await tx.value("SELECT secret_hash FROM setup_secret")

    assert stored == secret_hash(secret)
