"""A process that moves a root key and kills itself −9 after a given number of steps.

Environment: TEST_DSN, TEST_ORG, TEST_FROM and TEST_TO as ``path`` or ``path:passphrase``, TEST_STEPS.
"""

import asyncio
import os
import signal
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from amana.kernel.entropy import SystemEntropy
from amana.kernel.ids import OrgId
from amana.storage.database import Database, Tx
from amana.vault import KeyFile, RootDescription, Vault
from amana.vault.moving import RootMove


def key_file(text: str) -> KeyFile:
    path, _, passphrase = text.partition(":")
    return KeyFile(Path(path), passphrase or None)


async def nothing(_tx: Tx, _org_id: OrgId, _to: RootDescription) -> None:
    """The evidence is looked at elsewhere."""


async def main() -> None:
    left = int(os.environ["TEST_STEPS"])

    def said(step: str) -> None:
        nonlocal left
        print(step, flush=True)
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    database = await Database.connect(os.environ["TEST_DSN"])
    source = key_file(os.environ["TEST_FROM"])
    await Vault(database, source, SystemEntropy()).start()
    move = RootMove(database, source, key_file(os.environ["TEST_TO"]), SystemEntropy(), nothing, said=said)
    await move.run([OrgId(UUID(os.environ["TEST_ORG"]))], now=datetime.now(UTC))
    await database.close()


if __name__ == "__main__":
    asyncio.run(main())
