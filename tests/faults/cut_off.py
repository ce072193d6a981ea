"""A process that commits one message into a running server's database and dies before anybody hears of it.

Environment: TEST_DSN, TEST_KEY, TEST_LIKE: "organisation conversation sender device client_id text".
"""

import asyncio
import json
import os
import signal
from pathlib import Path
from uuid import UUID

from amana.conversations import events
from amana.events.doorbell import Doorbell
from amana.events.log import Log
from amana.events.model import NewEvent
from amana.kernel.clock import SystemClock
from amana.kernel.entropy import SystemEntropy
from amana.kernel.ids import ClientId, ConversationId, DeviceId, OrgId, UserId
from amana.storage.database import Database
from amana.vault import KeyFile, Vault

MESSAGE = 10


class Death:
    """Hears the doorbell first: after the commit, before anything is published."""

    def conversation_moved(self, *_: object) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def user_moved(self, *_: object) -> None:
        """Not rung by a message."""

    def marker_moved(self, *_: object) -> None:
        """Not rung by a message."""


async def main() -> None:
    org, room, sender, device, client_id, text = os.environ["TEST_LIKE"].split(" ", 5)
    database = await Database.connect(os.environ["TEST_DSN"])
    vault = Vault(database, KeyFile(Path(os.environ["TEST_KEY"])), SystemEntropy())
    await vault.start()
    doorbell = Doorbell()
    doorbell.subscribe(Death())
    log = Log(vault, doorbell, SystemClock(), kinds=events.NAMES, user_kinds=events.USER_NAMES)
    event = NewEvent(
        conversation_id=ConversationId(UUID(room)),
        kind=MESSAGE,
        countable=True,
        sender_id=UserId(UUID(sender)),
        device_id=DeviceId(UUID(device)),
        client_id=ClientId(UUID(client_id)),
        content=json.dumps({"text": text, "spans": []}).encode(),
    )
    async with database.write(OrgId(UUID(org))) as tx:
        await log.append(tx, [event])
    raise RuntimeError("It should have died at the doorbell.")


if __name__ == "__main__":
    asyncio.run(main())
