"""Reading more rows than fit into memory, in one snapshot."""

from collections.abc import AsyncIterator

import asyncpg

from amana.storage.database import Tx


async def pages(tx: Tx, name: str, sql: str, *args: object, size: int) -> AsyncIterator[list[asyncpg.Record]]:
    """Give the rows of a SELECT in pages of ``size``, never an empty one.

    Args:
        tx: stays open until the last page was taken; several cursors may be open in it at once.
        name: of the cursor, a plain word; unique within the transaction.
        sql: written with ``$1``, ``$2``.
    """
    await tx.fetch(f"DECLARE {name} NO SCROLL CURSOR FOR {sql}", *args)
    while rows := await tx.fetch(f"FETCH {size} FROM {name}"):
        yield rows
    await tx.run(f"CLOSE {name}")
