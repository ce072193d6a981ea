"""Limits of how often somebody may do something hold over all workers together, a second late.

While the doorbell is silent every worker counts for itself: then the limit is at most as many times as
large as there are workers.
"""

import asyncio
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from amana.events.doorbell import Doorbell, Notice
from amana.kernel.spending import Spending

TELL_S = 1.0
SPENT = "spent."
# A key that is no id, such as a network's address, travels as the notice's name.
NO_ID = UUID(int=0)


class SharedBuckets:
    """Tells the other workers what was taken here, and takes what they tell. ``run`` is a task of its own."""

    def __init__(self, doorbell: Doorbell, spendings: Mapping[str, Spending[Any]]) -> None:
        self._doorbell = doorbell
        self._spendings = spendings
        # The doorbell says everything here first, and what was taken here is taken already.
        self._telling = False
        for name in spendings:
            doorbell.on(SPENT + name, self._heard)

    async def run(self) -> None:
        """Tell once a second, until cancelled."""
        while True:
            await asyncio.sleep(TELL_S)
            self.tell()

    def tell(self) -> None:
        """Tell once."""
        self._telling = True
        for name, spending in self._spendings.items():
            for key, count in spending.settle(TELL_S).items():
                is_id = isinstance(key, UUID)
                subject = key if is_id else NO_ID
                self._doorbell.hint(
                    Notice(SPENT + name, subject, value=count, name="" if is_id else str(key))
                )
        self._telling = False

    def _heard(self, notice: Notice) -> None:
        spending = self._spendings.get(notice.kind.removeprefix(SPENT))
        if spending is not None and not self._telling:
            spending.take(notice.name or notice.subject, notice.value)
