"""Puts the domains together and fills the hooks by which lower ranks ask higher ones."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from amana import __version__
from amana.app.backups import begin_backups
from amana.app.between import Telling, listen_to
from amana.app.compliance import person_erasures, tend
from amana.app.description import described
from amana.app.drills import begin_drills
from amana.app.features import FEATURES
from amana.app.gateway_hooks import RECHECK, GatewayHooks, StillSignedIn, recheck_sessions
from amana.app.health import Health
from amana.app.keys import TEND_PERIOD, KeyCare
from amana.app.lookout import Lookout
from amana.app.rooms import Rooms, end_rooms
from amana.app.root import root_key
from amana.app.scopes import FRAMES, SOCKET
from amana.app.settings import Settings, TlsMode
from amana.app.shared_buckets import SharedBuckets
from amana.app.static_client import STATIC, StaticClient
from amana.app.storage import Storage, cancel_all
from amana.app.witnesses import Witnesses
from amana.conversations.domain import Domain, assemble
from amana.conversations.events import CONVERSATION_JOINED, CONVERSATION_LEFT, NAMES, USER_NAMES
from amana.conversations.messages.flood import Flood
from amana.conversations.receipts.delivery import Deliveries
from amana.conversations.writing import Desk, Notices
from amana.events.doorbell import Doorbell
from amana.events.log import Log
from amana.evidence import Evidence, Sequencer
from amana.evidence.sequencer import PERIOD as LOG_PERIOD
from amana.http import Application, EdgeSettings, Services, State, build_app
from amana.http.scopes import scoped_socket
from amana.kernel.clock import Clock
from amana.kernel.entropy import Entropy
from amana.kernel.ids import Ids, OrgId
from amana.people import service as people
from amana.people.desk import Desk as PeopleDesk
from amana.people.errors import NotSetUp
from amana.people.passkeys import RelyingParty
from amana.realtime.hub import Hub
from amana.realtime.operations import SocketOperation
from amana.realtime.ws import Gateway
from amana.storage.database import Database
from amana.storage.jobs import Jobs
from amana.vault import Vault

if TYPE_CHECKING:
    from amana.events.bridge import NatsBridge, NatsPlace

Network = IPv4Network | IPv6Network
LOOPBACK: tuple[Network, ...] = (ip_network("127.0.0.0/8"), ip_network("::1/128"))


@dataclass(slots=True)
class Runtime:
    """A server with everything in it but a listening socket.

    Attributes:
        app: ASGI application: API, socket and web client.
        port: where the process listens; set when it does.
        notices: sentences for the person who started it.
        bridge: to the other workers; None when there are none.
    """

    app: Application
    gateway: Gateway
    services: Services
    storage: Storage
    public_url: str
    trusted_proxies: tuple[Network, ...]
    clock: Clock
    entropy: Entropy
    port: int = 0
    notices: list[str] = field(default_factory=list)
    bridge: "NatsBridge | None" = None

    async def issue_setup_secret(self) -> str | None:
        """Make the secret of the set-up link; None when there is an organisation already."""
        return await people.issue_setup_secret(self.storage.database, self.clock, self.entropy)

    async def drain(self) -> None:
        """Send the sockets away; what was acknowledged is committed."""
        await self.gateway.drain()


@asynccontextmanager
async def build_runtime(
    settings: Settings,
    storage: Storage,
    *,
    public_url: str,
    clock: Clock,
    entropy: Entropy,
    recheck: timedelta = RECHECK,
    log_period: timedelta = LOG_PERIOD,
    nats: "NatsPlace | None" = None,
) -> AsyncIterator[Runtime]:
    """Build the server on an open database and run its background work.

    Args:
        recheck: how often the session behind every socket is looked at again.
        log_period: how often the transparency log takes up what is new.
        nats: where the other workers are told; None = this process is alone.

    Raises:
        StartFailure: the root key is missing, unsafe, or the wrong one.
    """
    root = root_key(settings, entropy)
    vault = Vault(storage.database, root, entropy)
    await vault.start()
    edge = EdgeSettings(public_url, trusted_proxies=_proxies(settings))
    runtime = _assemble(storage, vault, edge, clock, entropy)
    if not root.sealed:
        runtime.notices.append(
            "The root key lies open on this disk: whoever takes the disk can read everything. "
            "Stop the server and type: amana admin keys seal"
        )
    desk, sequencer = runtime.services.get(PeopleDesk), runtime.services.get(Sequencer)
    care = KeyCare(storage.database, vault, desk.evidence, clock)
    await care.begin(root)
    storage.leader.every(TEND_PERIOD, "keys", care.tend)
    tend(settings, storage, vault, runtime.services, clock)
    end_rooms(storage, runtime.services)
    storage.leader.every(log_period, "sign the log", desk.once_founded(sequencer.run_once))
    witnesses = Witnesses(settings, desk, runtime.services)
    witnesses.begin(storage.leader)
    backups = begin_backups(
        settings, storage, desk.evidence, clock=clock, entropy=entropy, notices=runtime.notices
    )
    begin_drills(settings, backups, storage, vault, clock, entropy)
    still_signed_in = partial(people.still_signed_in, desk)
    background = [
        asyncio.create_task(storage.leader.run(), name="leader"),
        asyncio.create_task(runtime.services.get(Jobs).run(partial(_organisation, desk)), name="jobs"),
        asyncio.create_task(runtime.services.get(Deliveries).run(), name="deliveries"),
        asyncio.create_task(care.watch(), name="keys"),
        asyncio.create_task(root.keep(), name="root key"),
        asyncio.create_task(
            recheck_sessions(runtime.gateway.hub, still_signed_in, period=recheck), name="sessions"
        ),
    ]
    if nats is not None:
        background += await _join_the_others(runtime, nats, still_signed_in)
    runtime.gateway.start()
    try:
        yield runtime
    finally:
        await runtime.drain()
        await cancel_all(background)
        await witnesses.close()
        if backups is not None:
            await backups.close()


async def _organisation(desk: PeopleDesk) -> OrgId | None:
    """Whose timed work this process does; None before set-up."""
    try:
        return (await desk.organisation()).org_id
    except NotSetUp:
        return None


async def _join_the_others(
    runtime: Runtime, nats: "NatsPlace", still_signed_in: StillSignedIn
) -> list[asyncio.Task[None]]:
    """Tell the other workers what happens here, and hear of theirs."""
    from amana.events.bridge import NatsBridge  # loading it costs a third of a second

    services, hub = runtime.services, runtime.gateway.hub
    doorbell = services.get(Desk).doorbell
    runtime.bridge = NatsBridge(doorbell, nats)
    lookout = Lookout(hub, runtime.storage.database, services.get(Log), still_signed_in)
    spendings = {name: buckets.share() for name, buckets in runtime.app.buckets.items()}
    shared = SharedBuckets(doorbell, {**spendings, **services.get(Flood).share()})
    tasks = [
        asyncio.create_task(runtime.bridge.run(), name="doorbell"),
        asyncio.create_task(lookout.run(), name="lookout"),
        asyncio.create_task(shared.run(), name="shared buckets"),
    ]
    await runtime.bridge.first_connected()
    return tasks


def _assemble(storage: Storage, vault: Vault, edge: EdgeSettings, clock: Clock, entropy: Entropy) -> Runtime:
    database, ids = storage.database, Ids(clock, entropy)
    hub = Hub(membership_kinds=(CONVERSATION_JOINED, CONVERSATION_LEFT))
    flood = Flood(clock)
    talk = _conversations(database, vault, ids, clock, hub, flood, public_url=edge.public_url)
    desk = PeopleDesk(
        db=database,
        vault=vault,
        evidence=talk.desk.evidence,
        log=talk.desk.log,
        clock=clock,
        ids=ids,
        entropy=entropy,
        public_url=edge.public_url,
        relying_party=RelyingParty(edge.host, edge.origin),
        rooms=Rooms(talk.conversations, talk.membership),
        on_session_revoked=Telling(talk.desk.doorbell).session_revoked,
        on_role_changed=Telling(talk.desk.doorbell).role_changed,
    )
    listen_to(talk.desk.doorbell, hub=hub, people=desk, talk=talk)
    still_signed_in = partial(people.still_signed_in, desk)
    hooks = GatewayHooks(database, talk.desk.log, talk.following, hub, still_signed_in)
    operations = [
        SocketOperation(one.frame, one.run, FRAMES.get(name)) for name, one in talk.operations.table().items()
    ]
    gateway = Gateway(hooks, operations, hub=hub, clock=clock, entropy=entropy)
    sequencer = Sequencer(database, vault, clock, entropy, host=urlsplit(edge.public_url).netloc)
    persons = person_erasures(database, desk, talk.desk)
    services = Services(desk, sequencer, persons, flood, *talk.services)
    app = build_app(
        FEATURES,
        State(database, clock, ids, entropy, services),
        edge,
        authenticate=partial(people.authenticate, desk),
        version=__version__,
        sockets={"/v1/socket": scoped_socket(gateway.asgi, SOCKET)},
        described=described(),
        pages=Health(StaticClient(STATIC), database, clock, storage.space),
    )
    proxies = tuple(edge.trusted_proxies)
    return Runtime(app, gateway, services, storage, edge.public_url, proxies, clock, entropy)


def _conversations(
    database: Database, vault: Vault, ids: Ids, clock: Clock, hub: Hub, flood: Flood, *, public_url: str
) -> Domain:
    doorbell = Doorbell()
    doorbell.subscribe(hub)
    journal = Log(vault, doorbell, clock, kinds=NAMES, user_kinds=USER_NAMES)
    notices = Notices()
    desk = Desk(journal, vault, Evidence(vault, ids), doorbell, ids, clock, notices)
    talk = assemble(database, desk, kinds=NAMES, flood=flood, public_url=public_url)
    notices.reader_removed = Telling(doorbell).reader_removed
    return talk


def _proxies(settings: Settings) -> tuple[Network, ...]:
    # The ACME edge runs beside us and is the only one that can reach the loopback port from outside.
    return LOOPBACK if settings.tls is TlsMode.ACME else settings.trusted_proxies
