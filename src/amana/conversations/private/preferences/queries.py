"""The SQL of preferences."""

from collections.abc import Sequence

from amana.conversations.private.events import PreferencesChanged
from amana.kernel.ids import OrgId, UserId
from amana.storage.database import Tx

DEFAULT = PreferencesChanged(receipts=True, typing=True, presence=True)


async def find_preferences(tx: Tx, user_id: UserId) -> PreferencesChanged:
    """What a person chose; everything as the room says where they chose nothing."""
    row = await tx.one(
        "SELECT receipts, typing, presence FROM private_preferences WHERE user_id = :user_id",
        user_id=user_id,
    )
    return DEFAULT if row is None else PreferencesChanged(**dict(row))


async def put_preferences(tx: Tx, org_id: OrgId, user_id: UserId, chosen: PreferencesChanged) -> None:
    await tx.run(
        """
        INSERT INTO private_preferences (org_id, user_id, receipts, typing, presence)
        VALUES (:org_id, :user_id, :receipts, :typing, :presence)
        ON CONFLICT (user_id) DO UPDATE
           SET receipts = excluded.receipts, typing = excluded.typing, presence = excluded.presence
        """,
        org_id=org_id,
        user_id=user_id,
        receipts=chosen.receipts,
        typing=chosen.typing,
        presence=chosen.presence,
    )


async def without_receipts(tx: Tx, users: Sequence[UserId]) -> frozenset[UserId]:
    """Who of these people does not want others to see how far they have read."""
    rows = await tx.all(
        "SELECT user_id FROM private_preferences WHERE user_id = ANY(:users) AND NOT receipts",
        users=list(users),
    )
    return frozenset(UserId(row["user_id"]) for row in rows)


async def all_without_receipts(tx: Tx) -> frozenset[UserId]:
    """Everybody of the organisation who does not want it: few, and the same for a list of any length."""
    rows = await tx.all("SELECT user_id FROM private_preferences WHERE NOT receipts")
    return frozenset(UserId(row["user_id"]) for row in rows)
