"""A process that wraps conversation keys again, two at a time, and kills itself −9 some time after a step.

Environment: TEST_DSN, TEST_KEY, TEST_ORG, TEST_STEPS, TEST_DELAY_S.
"""

import asyncio
import os
import signal
import threading
from pathlib import Path
from uuid import UUID

from amana.kernel.entropy import SystemEntropy
from amana.kernel.ids import OrgId
from amana.storage.database import Database
from amana.vault import KeyFile, Vault


async def main() -> None:
    database = await Database.connect(os.environ["TEST_DSN"])
    vault = Vault(database, KeyFile(Path(os.environ["TEST_KEY"])), SystemEntropy())
    await vault.start()
    org_id = OrgId(UUID(os.environ["TEST_ORG"]))
    left = int(os.environ["TEST_STEPS"])
    while True:
        if left == 0:
            # From another thread, so that it strikes wherever the loop is by then.
            delay_s = float(os.environ["TEST_DELAY_S"])
            threading.Timer(delay_s, os.kill, (os.getpid(), signal.SIGKILL)).start()
        async with database.write(org_id) as tx:
            if not await vault.rotation.rewrap(tx, org_id, limit=2):
                break
        left -= 1
    await database.close()


if __name__ == "__main__":
    asyncio.run(main())
