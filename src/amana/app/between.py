"""What the workers of one installation tell each other, and what each does when it hears it.

Every memory of a process that another process can make wrong is named here or where it lives:

* sessions (``SessionCache``): forgotten on notice; without one after five seconds.
* sockets of a session, a role, a stay in a room: cut on notice; without one by the ``Lookout``.
* members known to ``Sending``: forgotten on notice; only a hint, SQL decides under the head's lock.
* rooms, heads and private positions in the ``Hub``: the doorbell; without it digest and ``Lookout``.
* keys (``KeyChain``): every process looks every five seconds; older ones seal validly meanwhile.
* sign-in throttling, challenges, links, limits of invitations: in the database, so shared.
* token buckets of sending and of requests: told every second (``SharedBuckets``).
* small per-process pauses that need no telling: hellos a second, frames of one socket, health's last answer.
"""

import ssl
from collections.abc import Sequence
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from amana.app.settings import LOCAL_HOSTS, Settings
from amana.conversations.domain import Domain
from amana.conversations.receipts.delivery import DELIVERED
from amana.conversations.receipts.typing import TYPING
from amana.events.doorbell import Doorbell, Notice
from amana.kernel.errors import StartFailure
from amana.kernel.ids import ConversationId, SessionId, UserId
from amana.people.desk import Desk
from amana.realtime.hub import Hub
from amana.storage.migrations import birthmark

if TYPE_CHECKING:
    from amana.events.bridge import NatsPlace

SESSION_REVOKED = "session.revoked"
ROLE_CHANGED = "role.changed"
READER_REMOVED = "reader.removed"


class Telling:
    """Fills the hooks of the domains: each word goes to every worker, this one first."""

    def __init__(self, doorbell: Doorbell) -> None:
        self._doorbell = doorbell

    def session_revoked(self, session_id: SessionId) -> None:
        self._doorbell.tell(Notice(SESSION_REVOKED, session_id))

    def role_changed(self, user_id: UserId) -> None:
        self._doorbell.tell(Notice(ROLE_CHANGED, user_id))

    def reader_removed(self, conversation_id: ConversationId, user_id: UserId) -> None:
        self._doorbell.tell(Notice(READER_REMOVED, user_id, conversation_id))


def listen_to(doorbell: Doorbell, *, hub: Hub, people: Desk, talk: Domain) -> None:
    """Do what the others' words and our own ask for."""

    def session_revoked(notice: Notice) -> None:
        session_id = SessionId(notice.subject)
        people.sessions.forget(session_id)
        hub.revoke_session(session_id)

    def role_changed(notice: Notice) -> None:
        user_id = UserId(notice.subject)
        # First the memory: a socket that comes back at once must find the new role.
        people.sessions.forget_person(user_id)
        hub.revoke_person(user_id)

    def reader_removed(notice: Notice) -> None:
        if notice.place is not None:
            conversation_id, user_id = ConversationId(notice.place), UserId(notice.subject)
            talk.sending.forget(conversation_id, user_id)
            hub.revoke_reader(conversation_id, user_id)

    def delivered(notice: Notice) -> None:
        if notice.place is not None:
            hub.delivered_moved(ConversationId(notice.place), UserId(notice.subject), notice.value)

    def typing(notice: Notice) -> None:
        if notice.place is not None:
            hub.typing_heard(ConversationId(notice.place), UserId(notice.subject))

    doorbell.on(DELIVERED, delivered)
    doorbell.on(TYPING, typing)
    doorbell.on(SESSION_REVOKED, session_revoked)
    doorbell.on(ROLE_CHANGED, role_changed)
    doorbell.on(READER_REMOVED, reader_removed)


async def nats_place(settings: Settings, servers: Sequence[str], dsn: str) -> "NatsPlace":
    """Where this installation's doorbell is.

    Args:
        servers: of the supervisor's own NATS, or those of the settings.
        dsn: the database says which installation this is: several may share a NATS.
    """
    from amana.events.bridge import NatsPlace

    tls = None
    if settings.nats_ca is not None:
        try:
            tls = ssl.create_default_context(cafile=settings.nats_ca)
        except OSError as error:  # ssl.SSLError is one of them
            raise StartFailure(f"the file of AMANA_NATS_CA cannot be used: {error}.") from None
    return NatsPlace(tuple(servers), f"amana.{await birthmark(dsn)}", tls)


def own_servers(settings: Settings) -> list[str]:
    """The NATS servers of the settings; empty when none is named.

    Raises:
        StartFailure: one of them would send the password over a network in clear.
    """
    servers = [one.get_secret_value() for one in settings.nats_url]
    for one in servers:
        parts = urlsplit(one)
        if parts.scheme not in {"nats", "tls"} or not parts.hostname:
            raise StartFailure("AMANA_NATS_URL takes addresses such as tls://user:password@host:4222.")
        if parts.scheme == "nats" and parts.hostname not in LOCAL_HOSTS:
            raise StartFailure(
                f"the doorbell to {parts.hostname} would cross the network in clear. Use tls:// in "
                "AMANA_NATS_URL; docs/operating/scaling.md says how."
            )
    return servers
