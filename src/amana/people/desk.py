"""What every use case of this domain needs, in one object made by the composition root."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Protocol

from amana.events.log import Log
from amana.evidence import Evidence
from amana.kernel.actor import Actor, Role
from amana.kernel.clock import Clock
from amana.kernel.entropy import Entropy
from amana.kernel.ids import ConversationId, Ids, OrgId, SessionId, UserId
from amana.people import queries
from amana.people.errors import ConversationUnknown, NotSetUp
from amana.people.model import Organisation
from amana.people.passkeys import RelyingParty
from amana.people.passwords import Passwords
from amana.people.session_cache import SessionCache
from amana.storage.database import Database, Tx
from amana.vault import Vault

_DEVICE_KEY_PURPOSE = "people.device_key"


class Rooms(Protocol):
    """What people must ask about conversations, which stand above them: filled in ``app/wiring.py``."""

    async def require_may_invite(self, tx: Tx, actor: Actor, conversation_id: ConversationId) -> None:
        """Raise NotFound or Forbidden unless ``actor`` may bring people into the conversation."""

    async def may_still_invite(
        self, tx: Tx, inviter_id: UserId, role: Role, conversation_id: ConversationId
    ) -> bool:
        """Whether an invitation's maker, who now has ``role``, could make it again."""

    async def title(self, tx: Tx, org_id: OrgId, conversation_id: ConversationId) -> str | None:
        """The title an invitation shows to its holder; None when there is none any more."""

    async def on_join(self, tx: Tx, actor: Actor, conversation_id: ConversationId) -> None:
        """Make the new person a member, in the transaction in which they join the organisation."""

    async def acquaintances(self, tx: Tx, user_id: UserId) -> frozenset[UserId]:
        """Everyone who shares a conversation with ``user_id``: what a guest may see."""


class NoRooms:
    """Stands in while no conversations domain is wired: nobody shares anything."""

    async def require_may_invite(self, tx: Tx, actor: Actor, conversation_id: ConversationId) -> None:
        raise ConversationUnknown

    async def may_still_invite(
        self, tx: Tx, inviter_id: UserId, role: Role, conversation_id: ConversationId
    ) -> bool:
        return False

    async def title(self, tx: Tx, org_id: OrgId, conversation_id: ConversationId) -> str | None:
        return None

    async def on_join(self, tx: Tx, actor: Actor, conversation_id: ConversationId) -> None:
        return None

    async def acquaintances(self, tx: Tx, user_id: UserId) -> frozenset[UserId]:
        return frozenset()


@dataclass(slots=True, kw_only=True)
class Desk:
    """The people domain at work.

    Attributes:
        public_url: base of links, without a trailing slash.
        rooms: hook into the conversations domain.
        on_session_revoked: hook: cuts the sockets of a session; called after the commit.
        on_role_changed: hook: makes a person's sockets come back with the new role; called after the commit.
    """

    db: Database
    vault: Vault
    evidence: Evidence
    log: Log
    clock: Clock
    ids: Ids
    entropy: Entropy
    public_url: str
    relying_party: RelyingParty
    passwords: Passwords = field(default_factory=Passwords)
    rooms: Rooms = field(default_factory=NoRooms)
    on_session_revoked: Callable[[SessionId], None] = lambda _: None
    on_role_changed: Callable[[UserId], None] = lambda _: None
    sessions: SessionCache = field(init=False)
    _organisation: Organisation | None = None
    _device_key: bytes | None = None

    def __post_init__(self) -> None:
        self.sessions = SessionCache(self.clock)

    async def organisation(self) -> Organisation:
        """The one organisation.

        Raises:
            NotSetUp: there is none yet.
        """
        if self._organisation is None:
            async with self.db.system() as tx:
                self._organisation = await queries.find_organisation(tx)
        if self._organisation is None:
            raise NotSetUp
        return self._organisation

    def once_founded(self, job: Callable[[OrgId], Awaitable[object]]) -> Callable[[], Awaitable[None]]:
        """Timed work of the organisation: nothing is done while there is none."""

        async def run() -> None:
            try:
                organisation = await self.organisation()
            except NotSetUp:
                return
            await job(organisation.org_id)

        return run

    async def new_device_key(self, tx: Tx, org_id: OrgId) -> bytes:
        """Make the key of the known-device cookies; gives it sealed."""
        key = self.entropy.token_bytes(32).hex()
        return await self.vault.seal_text(tx, org_id, _DEVICE_KEY_PURPOSE, org_id, key)

    async def device_key(self, tx: Tx, organisation: Organisation) -> bytes:
        """The key of the known-device cookies."""
        if self._device_key is None:
            text = await self.vault.open_text(
                tx, organisation.org_id, _DEVICE_KEY_PURPOSE, organisation.org_id, organisation.device_key
            )
            if not isinstance(text, str):
                raise RuntimeError("The device key of the organisation cannot be opened.")
            self._device_key = bytes.fromhex(text)
        return self._device_key

    def role_changed(self, tx: Tx, user_id: UserId) -> None:
        """Let nobody act with a person's former role once the new one is durable."""

        def cut() -> None:
            # First the memory: a socket that comes back at once must find the new role.
            self.sessions.forget_person(user_id)
            self.on_role_changed(user_id)

        tx.after_commit(cut)

    def revoked(self, tx: Tx, session_id: SessionId) -> None:
        """Forget a session and cut its sockets as soon as its end is durable."""

        def cut() -> None:
            self.sessions.forget(session_id)
            self.on_session_revoked(session_id)

        tx.after_commit(cut)
