"""A process that wraps conversation keys again, two at a time, until it is done or killed."""

import asyncio
import os
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
    print("begins", flush=True)
    while True:
        async with database.write(org_id) as tx:
            if not await vault.rotation.rewrap(tx, org_id, limit=2):
                break
    await database.close()


if __name__ == "__main__":
    asyncio.run(main())
