"""The first walk: two people in two browsers, one invited by the other's link, talk; the server dies.

Ana opens the set-up link, founds the organisation, begins a group and invites Bo by link. Bo joins on a
phone. They talk; in mid-conversation the server is killed. Nothing acknowledged is missing or doubled,
what was typed while it was away goes out by itself, and the stopped data folder knows none of their words.
"""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio
import segno
from playwright.async_api import Browser, expect

from tests.browser.people import PHONE, Visitor, chromium
from tests.support.server import ServerProcess

WORDS = ("Palisander", "Zwetschgenkuchen", "öötöölauakoht", "مستودعالشمال")
# Names are clear by design: they prove that the search in the folder finds what is there.
CONTROL = "Quendolina"


@pytest_asyncio.fixture
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as browser:
        yield browser


def files_with(folder: Path, word: str) -> list[Path]:
    needles = (word.encode(), word.encode("utf-16-le"))
    return [
        path
        for path in folder.rglob("*")
        if path.is_file() and any(needle in path.read_bytes() for needle in needles)
    ]


def qr_difference(drawn: set[tuple[int, int]], text: str) -> float:
    """Share of the modules in which a drawn QR code differs from one of ``text``: of another text, half.

    Not zero for the same text: the two libraries fill the unused end differently, which readers skip.
    Any of the eight masks is right.
    """
    shares = []
    for mask in range(8):
        code = segno.make(text, error="m", micro=False, boost_error=False, mask=mask)
        rows = enumerate(code.matrix_iter(border=1))
        expected = {(x, y) for y, row in rows for x, dark in enumerate(row) if dark}
        width, height = code.symbol_size(border=0)
        shares.append(len(drawn ^ expected) / (int(width) * int(height)))
    return min(shares)


async def test_two_people_talk_through_a_killed_server_and_the_disk_knows_no_word(
    server: ServerProcess, browser: Browser
) -> None:
    ana, bo = await Visitor.arrive(browser), await Visitor.arrive(browser, size=PHONE)
    link = f"{server.base_url}/setup#{server.setup_secret()}"
    await ana.set_up(link, organisation="Harbour Line", name=CONTROL)
    await ana.create_group(title=f"Group {WORDS[0]}", purpose=f"Purpose {WORDS[0]}")
    invitation = await ana.invite_to_room()
    assert qr_difference(ana.drawn, invitation) < 0.25
    assert qr_difference(ana.drawn, invitation[::-1]) > 0.3
    await bo.join(invitation, name="Bo")

    await ana.say(f"ana 1 {WORDS[1]}")
    await bo.sees(f"ana 1 {WORDS[1]}")
    await bo.say(f"bo 1 {WORDS[2]}")
    await ana.sees(f"bo 1 {WORDS[2]}")

    async def talk(person: Visitor, name: str) -> None:
        for number in range(2, 12):
            await person.say(f"{name} {number} {WORDS[3]}")

    async def kill_in_the_middle() -> None:
        await asyncio.sleep(0.4)
        await server.kill()
        await asyncio.sleep(1.5)
        await server.start()

    await asyncio.gather(talk(ana, "ana"), talk(bo, "bo"), kill_in_the_middle())

    everything = [f"{name} {number} " for name in ("ana", "bo") for number in range(1, 12)]
    await ana.sees(*everything, timeout_s=90)
    await bo.sees(*everything, timeout_s=90)
    for person in (ana, bo):
        await expect(person.page.locator('[data-state="queued"]')).to_have_count(0, timeout=60_000)
    seen_by_ana, seen_by_bo = await ana.messages(), await bo.messages()
    assert seen_by_ana == seen_by_bo
    assert len(seen_by_ana) == len(everything)
    assert [seq for seq, _ in seen_by_ana] == sorted(seq for seq, _ in seen_by_ana)

    await bo.sign_in(server.base_url)
    await bo.page.get_by_test_id("chat-row").click()
    await bo.sees(*everything)
    assert await bo.messages() == seen_by_ana
    assert ana.complaints == bo.complaints == []
    assert all(url.startswith((server.base_url, "blob:", "data:")) for url in ana.requests + bo.requests)

    assert await server.stop() == 0
    assert files_with(server.data_dir, CONTROL), "the control must be found, or the search proves nothing"
    assert {word: files_with(server.data_dir, word) for word in WORDS} == {word: [] for word in WORDS}


async def test_an_organisation_is_founded_and_joined_on_phones_with_passkeys_alone(
    server: ServerProcess, browser: Browser
) -> None:
    ana = await Visitor.arrive(browser, size=PHONE, locale="ar")
    bo = await Visitor.arrive(browser, size=PHONE, locale="de-DE")
    await ana.add_authenticator()
    await bo.add_authenticator()

    link = f"{server.base_url}/setup#{server.setup_secret()}"
    await ana.set_up(link, organisation="Harbour Line", name="Ana", passkey=True)
    await ana.create_group(title="Warehouse", purpose="Loading")
    await bo.join(await ana.invite_to_room(), name="Bo", passkey=True)
    await bo.say("Moin")
    await ana.sees("Moin")

    await bo.context.clear_cookies()
    await bo.page.goto(server.base_url + "/sign-in")
    await bo.page.get_by_test_id("sign-in-passkey").click()

    await expect(bo.page.get_by_test_id("chat-row")).to_contain_text("Moin")
    assert "#" not in bo.page.url
    assert ana.complaints == bo.complaints == []
