"""People in front of real browsers: what they click and type, in the words of the interface's marks."""

import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect

from tests.support.client import PASSWORD

CHROMIUM = "/usr/bin/chromium"
# Without these Chromium looks up its maker's servers at every start.
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
DESKTOP = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 844}


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """The system's Chromium, headless."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        try:
            yield browser
        finally:
            await browser.close()


class Visitor:
    """One person with one browser profile.

    Attributes:
        requests: every address this browser asked for.
        complaints: errors of the page's scripts and of its content policy.
        handle: the name to sign in with, as shown after choosing a password.
        drawn: the dark modules (column, row) of the last invitation's QR code.
    """

    def __init__(self, context: BrowserContext, page: Page) -> None:
        self.context = context
        self.page = page
        self.requests: list[str] = []
        self.complaints: list[str] = []
        self.handle = ""
        self.drawn: set[tuple[int, int]] = set()
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on(
            "console",
            lambda message: (
                self.complaints.append(message.text) if "Content Security Policy" in message.text else None
            ),
        )

    @classmethod
    async def arrive(
        cls, browser: Browser, *, size: dict[str, int] | None = None, locale: str = "en-GB"
    ) -> "Visitor":
        """Open a browser profile of one's own."""
        context = await browser.new_context(
            viewport=size or DESKTOP,  # type: ignore[arg-type]  # Playwright's own dictionary type
            locale=locale,
            permissions=["clipboard-read", "clipboard-write"],
        )
        return cls(context, await context.new_page())

    async def add_authenticator(self) -> None:
        """Give this browser a passkey device that always says yes."""
        session = await self.context.new_cdp_session(self.page)
        await session.send("WebAuthn.enable")
        options = {
            "protocol": "ctap2",
            "transport": "internal",
            "hasResidentKey": True,
            "hasUserVerification": True,
            "isUserVerified": True,
            "automaticPresenceSimulation": True,
        }
        await session.send("WebAuthn.addVirtualAuthenticator", {"options": options})

    async def _choose(self, *, passkey: bool) -> None:
        way = self.page.get_by_test_id("way-passkey" if passkey else "way-password")
        await way.check()
        if not passkey:
            await self.page.get_by_test_id("password").fill(PASSWORD)

    async def set_up(self, link: str, *, organisation: str, name: str, passkey: bool = False) -> None:
        """Follow the set-up link to the end."""
        await self.page.goto(link)
        await self.page.get_by_test_id("organisation").fill(organisation)
        await self.page.get_by_test_id("name").fill(name)
        await self._choose(passkey=passkey)
        await self.page.get_by_test_id("submit").click()
        if not passkey:
            await self._note_handle()
        await expect(self.page.get_by_test_id("empty-new-group").first).to_be_visible()

    async def join(self, link: str, *, name: str, passkey: bool = False) -> None:
        """Follow an invitation into its room."""
        await self.page.goto(link)
        await self.page.get_by_test_id("join-start").click()
        await self.page.get_by_test_id("name").fill(name)
        await self.page.get_by_test_id("submit").click()
        await self._choose(passkey=passkey)
        await self.page.get_by_test_id("submit").click()
        if not passkey:
            await self._note_handle()
        await expect(self.page.get_by_test_id("composer")).to_be_visible()

    async def _note_handle(self) -> None:
        page = self.page.get_by_test_id("handle-page")
        self.handle = await page.get_by_test_id("handle").inner_text()
        await page.get_by_test_id("handle-continue").click()

    async def sign_in(self, base_url: str) -> None:
        """Come back to a browser that knows nothing any more, with handle and password."""
        await self.context.clear_cookies()
        await self.page.goto(base_url + "/sign-in")
        page = self.page.get_by_test_id("sign-in")
        await page.get_by_test_id("handle").fill(self.handle)
        await page.get_by_test_id("password").fill(PASSWORD)
        await page.get_by_test_id("submit").click()
        await expect(self.page.get_by_test_id("chat-row").first).to_be_visible()

    async def create_group(self, *, title: str, purpose: str) -> None:
        """Begin a group with nobody else in it; ends in its room."""
        await self.page.get_by_test_id("empty-new-group").first.click()
        dialog = self.page.get_by_test_id("new-group-dialog")
        await dialog.get_by_test_id("group-title").fill(title)
        await dialog.get_by_test_id("group-purpose").fill(purpose)
        await dialog.get_by_test_id("create-group").click()
        await expect(self.page.get_by_test_id("composer")).to_be_visible()

    async def invite_to_room(self) -> str:
        """Make a link into the room that is open."""
        details = self.page.get_by_test_id("room-invite")
        if not await details.is_visible():
            await self.page.get_by_test_id("details-open").click()
        await details.click()
        await self.page.get_by_test_id("invite-create").click()
        link = await self.page.get_by_test_id("invite-url").input_value()
        path = await self.page.get_by_test_id("invite-qr").locator("path").get_attribute("d")
        self.drawn = {(int(x), int(y)) for x, y in re.findall(r"M(\d+) (\d+)h1v1h-1z", path or "")}
        await self.page.keyboard.press("Escape")
        close = self.page.get_by_test_id("details-close")
        if await close.is_visible():  # on a phone the details cover the room
            await close.click()
        return link

    async def say(self, text: str) -> None:
        """Type into the composer and press Enter."""
        composer = self.page.get_by_test_id("composer")
        await composer.fill(text)
        await composer.press("Enter")

    async def sees(self, *texts: str, timeout_s: float = 30) -> None:
        """Wait until each of these messages is on the screen."""
        for text in texts:
            message = self.page.get_by_test_id("message").filter(has_text=re.compile(re.escape(text)))
            await expect(message).to_have_count(1, timeout=timeout_s * 1000)

    async def messages(self) -> list[tuple[int, str]]:
        """Place and text of every stored message on the screen, top to bottom."""
        found = await self.page.get_by_test_id("message").evaluate_all(
            "all => all.map(one => [one.dataset.seq, one.querySelector('.bubble')?.innerText ?? ''])"
        )
        return [(int(seq), text.strip()) for seq, text in json.loads(json.dumps(found)) if seq]

    async def unsent(self) -> int:
        """How many of the messages on the screen are not acknowledged."""
        return await self.page.locator('[data-testid="message"][data-state="queued"]').count()
