"""An installation with the people domain only, in process, on real PostgreSQL."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from amana.app.description import described
from amana.events.doorbell import Doorbell
from amana.events.log import Log
from amana.evidence import Evidence
from amana.http import Application, EdgeSettings, Services, State, build_app
from amana.http.authentication import SESSION_COOKIE
from amana.kernel.actor import Actor
from amana.kernel.entropy import Entropy
from amana.kernel.feature import Feature
from amana.kernel.ids import Ids
from amana.people import FEATURE, sessions, setup
from amana.people.desk import Desk
from amana.people.passkeys import RelyingParty
from amana.people.passwords import Passwords
from amana.people.visits import DEVICE_COOKIE
from amana.storage.database import Database
from amana.vault import KeyFile, Vault
from tests.support.clock import FakeClock
from tests.support.described import check_refusal
from tests.support.passkey import Authenticator

ORIGIN = "http://localhost:8080"
PASSWORD = "seven green kettles"


class CountingHasher:
    """The slow hash as a quick fake at its port: says how often it was asked instead of taking time."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def hash(self, password: str) -> str:
        self.calls.append("hash")
        return f"fake:{password}"

    def verify(self, stored: str, password: str) -> bool:
        self.calls.append("verify")
        return stored == f"fake:{password}"

    def is_outdated(self, stored: str) -> bool:
        return not stored.startswith("fake:")


@dataclass
class Browser:
    """One browser: keeps its cookies, sends its origin, comes from one address."""

    app: Application
    clock: FakeClock
    ip: str = "198.51.100.7"
    user_agent: str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
    cookies: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)

    async def ask(self, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
        """Send one request. ``headers`` override; an empty value leaves a header out."""
        # No two requests in one millisecond: what is ordered by time then has one order.
        self.clock.advance(milliseconds=1)
        sent = {"origin": ORIGIN, "user-agent": self.user_agent, **self.headers}
        if self.cookies:
            sent["cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        transport = httpx.ASGITransport(app=self.app, client=(self.ip, 40000))
        async with httpx.AsyncClient(transport=transport, base_url=ORIGIN) as client:
            answer = await client.request(
                method, path, json=body, headers={name: value for name, value in sent.items() if value}
            )
        if answer.status_code >= 400:
            check_refusal(method, path, answer.json()["error"]["code"])
        for line in answer.headers.get_list("set-cookie"):
            name, _, value = line.split(";")[0].partition("=")
            self.cookies[name] = value
            if not value:
                del self.cookies[name]
        return answer

    async def get(self, path: str, **headers: str) -> httpx.Response:
        return await self.ask("GET", path, **headers)

    async def post(self, path: str, body: Any = None, **headers: str) -> httpx.Response:
        return await self.ask("POST", path, body, **headers)

    @property
    def token(self) -> str:
        return self.cookies[SESSION_COOKIE]

    def forget_session(self) -> None:
        """Sign out in the browser only; the known-device cookie stays."""
        self.cookies.pop(SESSION_COOKIE, None)

    def forget_everything(self) -> None:
        self.cookies.clear()

    @property
    def device_pass(self) -> str | None:
        return self.cookies.get(DEVICE_COOKIE)


@dataclass
class House:
    """An installation and the small cast: whoever sets it up is *ana*, then *bo* joins."""

    app: Application
    desk: Desk
    clock: FakeClock
    hasher: CountingHasher | None

    def browser(self, ip: str = "198.51.100.7", **more: Any) -> Browser:
        return Browser(self.app, self.clock, ip, **more)

    def authenticator(self) -> Authenticator:
        return Authenticator(ORIGIN)

    async def setup_secret(self) -> str:
        secret = await setup.issue_setup_secret(self.desk.db, self.clock, self.desk.entropy)
        assert secret is not None
        return secret

    async def set_up(self, name: str = "Ana Tamm", *, password: str | None = PASSWORD) -> Browser:
        """Make the organisation; gives the owner's browser."""
        browser = self.browser()
        body = {
            "secret": await self.setup_secret(),
            "organisation": "Tamm & Söhne",
            "display_name": name,
            "language": "en",
            "password": password,
        }
        answer = await browser.post("/v1/setup", body)
        assert answer.status_code == 201, answer.text
        return browser

    async def invite(self, by: Browser, **wish: Any) -> str:
        """Make an invitation; gives its secret."""
        answer = await by.post("/v1/invitations", wish)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["url"]).partition("#")[2]

    async def join(self, secret: str, name: str = "Bo Kask", **more: Any) -> Browser:
        """Join with a password; gives the new person's browser."""
        browser = self.browser()
        body = {"secret": secret, "display_name": name, "language": "en", "password": PASSWORD} | more
        answer = await browser.post("/v1/join", body)
        assert answer.status_code == 201, answer.text
        return browser

    async def member(self, owner: Browser, name: str = "Bo Kask", *, role: str = "member") -> Browser:
        """Invite and join in one step."""
        return await self.join(await self.invite(owner, role=role), name)

    async def evidence(self) -> list[str]:
        """Actions recorded so far, oldest first."""
        organisation = await self.desk.organisation()
        async with self.desk.db.read(organisation.org_id) as tx:
            return [entry.action for entry in await self.desk.evidence.entries(tx, organisation.org_id)]


async def build_house(
    database: Database,
    clock: FakeClock,
    entropy: Entropy,
    folder: Path,
    *,
    hasher: CountingHasher | None = None,
    features: tuple[Feature, ...] = (FEATURE,),
    **settings: Any,
) -> House:
    """Put the people domain on a database. Without ``hasher`` the real argon2 runs."""
    ids = Ids(clock, entropy)
    vault = Vault(database, KeyFile(folder / "keys" / "root.key", entropy=entropy), entropy)
    await vault.start()
    edge = EdgeSettings(ORIGIN, **settings)
    desk = Desk(
        db=database,
        vault=vault,
        evidence=Evidence(vault, ids),
        log=Log(vault, Doorbell(), clock, kinds={}, user_kinds={}),
        clock=clock,
        ids=ids,
        entropy=entropy,
        public_url=ORIGIN,
        relying_party=RelyingParty(edge.host, edge.origin),
        passwords=Passwords(hasher, concurrency=1),
    )

    async def authenticate(token: str) -> Actor | None:
        return await sessions.authenticate(desk, token)

    state = State(database, clock, ids, entropy, Services(desk))
    app = build_app(features, state, edge, authenticate=authenticate, described=described())
    return House(app, desk, clock, hasher)
