"""Actors of the last seconds, so that a busy client does not ask the database every time."""

import hmac
from collections import OrderedDict
from dataclasses import dataclass

from amana.kernel.actor import Actor
from amana.kernel.clock import Clock
from amana.kernel.ids import SessionId, UserId
from amana.people.tokens import SessionToken

# Another process may have revoked it: nobody acts longer than this on an ended session.
KEEP_S = 5.0
MAX_KEPT = 20_000


@dataclass(frozen=True, slots=True)
class _Kept:
    actor: Actor
    digest: bytes
    until_s: float


class SessionCache:
    """Sessions that were checked less than ``KEEP_S`` ago."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._kept: OrderedDict[SessionId, _Kept] = OrderedDict()
        # A look-up that began before a revocation must not put the session back after it.
        self._forgotten = 0

    @property
    def generation(self) -> int:
        """Changes whenever something was forgotten."""
        return self._forgotten

    def find(self, token: SessionToken) -> Actor | None:
        kept = self._kept.get(token.session_id)
        if kept is None or kept.until_s <= self._clock.monotonic_s():
            return None
        return kept.actor if hmac.compare_digest(kept.digest, token.digest) else None

    def keep(self, token: SessionToken, actor: Actor, *, generation: int) -> None:
        """Remember, unless something was forgotten since ``generation`` was read."""
        if generation != self._forgotten:
            return
        self._kept[token.session_id] = _Kept(actor, token.digest, self._clock.monotonic_s() + KEEP_S)
        self._kept.move_to_end(token.session_id)
        if len(self._kept) > MAX_KEPT:
            self._kept.popitem(last=False)

    def forget(self, session_id: SessionId) -> None:
        self._forgotten += 1
        self._kept.pop(session_id, None)

    def forget_person(self, user_id: UserId) -> None:
        """After a change of role or language."""
        self._forgotten += 1
        for session_id in [key for key, kept in self._kept.items() if kept.actor.user_id == user_id]:
            del self._kept[session_id]
