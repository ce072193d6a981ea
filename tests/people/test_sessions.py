"""Devices are listed, end when revoked, and a token says nothing to whoever reads the database."""

from amana.kernel.ids import SessionId
from amana.people import sessions
from amana.people.device_label import device_label
from amana.people.tokens import parse_token
from tests.support.people import PASSWORD, Browser, House

RIGHT = {"handle": "ana.tamm", "password": PASSWORD}


async def second_device(
    house: House, user_agent: str = "Mozilla/5.0 (iPhone) Version/18 Safari/605"
) -> Browser:
    phone = house.browser(user_agent=user_agent)
    assert (await phone.post("/v1/sign-in/password", RIGHT)).status_code == 200
    return phone


async def test_devices_are_listed_with_a_short_label_and_the_current_one_marked(house: House) -> None:
    ana = await house.set_up()
    await second_device(house)

    found = (await ana.get("/v1/sessions")).json()["sessions"]

    assert [(one["label"], one["current"]) for one in found] == [
        ("Safari on iPhone", False),
        ("Firefox on Linux", True),
    ]


async def test_a_revoked_device_is_out_at_once_and_its_sockets_are_cut(house: House) -> None:
    ana = await house.set_up()
    phone = await second_device(house)
    cut: list[SessionId] = []
    house.desk.on_session_revoked = cut.append
    phone_id = (await phone.get("/v1/me")).json()["session_id"]

    before = await phone.get("/v1/me")
    revoked = await ana.ask("DELETE", f"/v1/sessions/{phone_id}")
    after = await phone.get("/v1/me")

    assert (before.status_code, revoked.status_code, after.status_code) == (200, 204, 401)
    assert [str(session) for session in cut] == [phone_id]
    assert (await house.evidence())[-1] == "session.ended"


async def test_all_other_devices_can_be_signed_out_together(house: House) -> None:
    ana = await house.set_up()
    others = [await second_device(house) for _ in range(3)]

    answer = await ana.ask("DELETE", "/v1/sessions/others")

    assert answer.json() == {"ended": 3}
    assert [(await other.get("/v1/me")).status_code for other in others] == [401, 401, 401]
    assert (await ana.get("/v1/me")).status_code == 200


async def test_signing_out_ends_the_session_and_clears_the_cookie(house: House) -> None:
    ana = await house.set_up()
    token = ana.token

    answer = await ana.ask("DELETE", "/v1/sessions/current")
    again = await house.browser(headers={"authorization": f"Bearer {token}"}).get("/v1/me")

    assert answer.status_code == 204
    assert "__Host-amana" not in ana.cookies
    assert again.status_code == 401


async def test_nobody_ends_or_sees_the_devices_of_somebody_else(house: House) -> None:
    ana = await house.set_up()
    bo = await house.member(ana)
    ana_id = (await ana.get("/v1/me")).json()["session_id"]

    refused = await bo.ask("DELETE", f"/v1/sessions/{ana_id}")
    listed = (await bo.get("/v1/sessions")).json()["sessions"]

    assert (refused.status_code, refused.json()["error"]["code"]) == (404, "session_not_found")
    assert len(listed) == 1
    assert (await ana.get("/v1/me")).status_code == 200


async def test_signing_in_again_on_a_device_makes_a_new_token_and_ends_the_old_one(house: House) -> None:
    ana = await house.set_up()
    old, old_me = ana.token, (await ana.get("/v1/me")).json()

    await ana.post("/v1/sign-in/password", RIGHT)

    assert ana.token != old
    assert (await ana.get("/v1/me")).json()["session_id"] != old_me["session_id"]
    assert (await house.browser(headers={"authorization": f"Bearer {old}"}).get("/v1/me")).status_code == 401
    assert len((await ana.get("/v1/sessions")).json()["sessions"]) == 1


async def test_signing_in_as_somebody_else_on_a_device_ends_the_former_persons_session(house: House) -> None:
    ana = await house.set_up()
    await house.member(ana)
    shared = await second_device(house)
    former = shared.token

    await shared.post("/v1/sign-in/password", {"handle": "bo.kask", "password": PASSWORD})

    assert (await shared.get("/v1/me")).json()["person"]["display_name"] == "Bo Kask"
    assert (
        await house.browser(headers={"authorization": f"Bearer {former}"}).get("/v1/me")
    ).status_code == 401
    assert (await ana.get("/v1/me")).status_code == 200


async def test_a_session_ends_after_thirty_idle_days_and_after_half_a_year_in_any_case(house: House) -> None:
    idle = await house.set_up()
    busy = await second_device(house)

    for _ in range(8):
        house.clock.advance(days=20)
        assert (await busy.get("/v1/me")).status_code == 200
    assert (await idle.get("/v1/me")).status_code == 401
    house.clock.advance(days=20, minutes=1)
    assert (await busy.get("/v1/me")).status_code == 401


async def test_last_seen_moves_in_steps_of_five_minutes(house: House) -> None:
    ana = await house.set_up()
    created = (await ana.get("/v1/sessions")).json()["sessions"][0]["last_seen_at"]

    house.clock.advance(minutes=4)
    early = (await ana.get("/v1/sessions")).json()["sessions"][0]["last_seen_at"]
    house.clock.advance(minutes=2)
    late = (await ana.get("/v1/sessions")).json()["sessions"][0]["last_seen_at"]

    assert early == created
    assert late > created


async def test_another_process_that_revoked_is_noticed_within_five_seconds(house: House) -> None:
    ana = await house.set_up()
    await ana.get("/v1/me")
    parsed = parse_token(ana.token)
    assert parsed is not None
    async with house.desk.db.write(parsed.org_id) as tx:
        await tx.run("UPDATE device_session SET ended_at = now()")

    cached = await ana.get("/v1/me")
    house.clock.advance(seconds=5.1)
    late = await ana.get("/v1/me")

    assert (cached.status_code, late.status_code) == (200, 401)


async def test_a_look_up_that_was_overtaken_by_a_revocation_does_not_revive_the_session(house: House) -> None:
    ana = await house.set_up()
    token = parse_token(ana.token)
    assert token is not None
    actor = await sessions.authenticate(house.desk, ana.token)
    assert actor is not None

    generation = house.desk.sessions.generation
    house.desk.sessions.forget(token.session_id)
    house.desk.sessions.keep(token, actor, generation=generation)

    assert house.desk.sessions.find(token) is None


async def test_only_a_hash_of_the_token_is_stored(house: House) -> None:
    ana = await house.set_up()
    parsed = parse_token(ana.token)
    assert parsed is not None

    async with house.desk.db.read(parsed.org_id) as tx:
        stored = await tx.value("SELECT token_hash FROM device_session")

    assert stored == parsed.digest
    assert len(parsed.digest) == 32


async def test_made_up_and_altered_tokens_are_nobody(house: House) -> None:
    ana = await house.set_up()
    altered = ana.token[:-3] + ("AAA" if not ana.token.endswith("AAA") else "BBB")

    for token in ("", "x", "A" * 107, altered, ana.token + "=", ana.token + "\n"):
        assert await sessions.authenticate(house.desk, token) is None


def test_labels_use_our_own_words_only() -> None:
    windows = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/130 Safari/537.36"
    assert device_label(windows) == "Chrome on Windows"
    assert device_label(windows + " Edg/130") == "Edge on Windows"
    assert (
        device_label("Mozilla/5.0 (Linux; Android 15) SamsungBrowser/27 Chrome/125")
        == "Samsung Internet on Android"
    )
    assert device_label("<b>curl</b>") == "Unknown device"


async def test_a_socket_can_ask_whether_its_session_still_holds(house: House) -> None:
    ana = await house.set_up()
    actor = await sessions.authenticate(house.desk, ana.token)
    assert actor is not None

    house.clock.advance(days=29)
    kept = await sessions.still_signed_in(house.desk, actor)
    house.clock.advance(days=29)
    seen = await sessions.still_signed_in(house.desk, actor)
    await ana.ask("DELETE", "/v1/sessions/current")
    ended = await sessions.still_signed_in(house.desk, actor)

    assert (kept, seen, ended) == (True, True, False)
