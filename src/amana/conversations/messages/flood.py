"""How fast one person may send: token buckets for each, the least used forgotten first."""

from collections import OrderedDict

from amana.conversations.errors import SendingTooFast
from amana.conversations.model import (
    CHANGE_BURST,
    CHANGE_PER_S,
    MEMBERS_A_MESSAGE,
    SEND_BURST,
    SEND_PER_S,
)
from amana.kernel.clock import Clock
from amana.kernel.ids import UserId
from amana.kernel.spending import Spending

# Some megabytes. A forgotten bucket is a full one, which errs on the friendly side.
MAX_BUCKETS = 50_000


def weight_of(members: int) -> int:
    """What a message in a room of this many weighs."""
    return max(1, members // MEMBERS_A_MESSAGE)


class Flood:
    """Counts what each person sends, on all their devices together."""

    def __init__(self, clock: Clock, *, burst: int = SEND_BURST, per_s: float = SEND_PER_S) -> None:
        self._messages = _Buckets(clock, burst=burst, per_s=per_s)
        self._changes = _Buckets(clock, burst=CHANGE_BURST, per_s=CHANGE_PER_S)

    def take(self, user_id: UserId, *, weight: int = 1) -> None:
        """Count one message; in a room of thousands it weighs as much as it costs to hand it round.

        Raises:
            SendingTooFast: nothing was counted; try again after ``retry_after_s``.
        """
        self._messages.take(user_id, weight)

    def share(self) -> dict[str, Spending[UserId]]:
        """Keep accounts for other workers from now on, by name."""
        return {"messages": self._messages.share(), "changes": self._changes.share()}

    def take_change(self, user_id: UserId) -> None:
        """Count one edit or removal; as ``take``, at a pace of their own."""
        self._changes.take(user_id)


class _Buckets:
    """One token bucket for each person."""

    def __init__(self, clock: Clock, *, burst: int, per_s: float) -> None:
        self._clock = clock
        self._burst = float(burst)
        self._per_s = per_s
        self._levels: OrderedDict[UserId, tuple[float, float]] = OrderedDict()
        self._spending: Spending[UserId] | None = None

    def share(self) -> Spending[UserId]:
        """Keep an account for other workers from now on."""
        self._spending = Spending(self._per_s, self.take_elsewhere)
        return self._spending

    def take_elsewhere(self, user_id: UserId, count: int) -> None:
        """Another worker let this person do so much."""
        level, since_s = self._levels.pop(user_id, (self._burst, self._clock.monotonic_s()))
        self._levels[user_id] = (max(level - count, -self._burst), since_s)

    def take(self, user_id: UserId, weight: int = 1) -> None:
        now_s = self._clock.monotonic_s()
        level, since_s = self._levels.pop(user_id, (self._burst, now_s))
        level = min(self._burst, level + (now_s - since_s) * self._per_s)
        allowed = level >= 1.0
        # What weighs more than there is left is paid for later: nobody is kept out of a room by its size.
        self._levels[user_id] = (level - weight if allowed else level, now_s)
        if len(self._levels) > MAX_BUCKETS:
            self._levels.popitem(last=False)
        if allowed and self._spending is not None:
            self._spending.note(user_id, weight)
        if not allowed:
            raise SendingTooFast(retry_after_s=round((1.0 - level) / self._per_s, 3))
