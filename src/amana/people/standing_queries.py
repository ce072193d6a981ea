"""SQL about many signed-in persons at once, for whoever looks after their connections."""

from collections.abc import Sequence

from amana.kernel.actor import Role
from amana.kernel.ids import SessionId, UserId
from amana.storage.database import Tx


async def without_session(
    tx: Tx, places: Sequence[tuple[UserId, SessionId]]
) -> list[tuple[UserId, SessionId]]:
    """Of these persons' sessions those that were ended or are unknown."""
    rows = await tx.fetch(
        """
        SELECT w.user_id, w.session_id FROM unnest($1::uuid[], $2::uuid[]) AS w (user_id, session_id)
         WHERE NOT EXISTS (SELECT FROM device_session s WHERE s.user_id = w.user_id
                              AND s.session_id = w.session_id AND s.ended_at IS NULL)
        """,
        [user_id for user_id, _ in places],
        [session_id for _, session_id in places],
    )
    return [(UserId(row["user_id"]), SessionId(row["session_id"])) for row in rows]


async def roles_of(tx: Tx, user_ids: Sequence[UserId]) -> dict[UserId, Role]:
    """What these persons may do in the organisation now."""
    rows = await tx.fetch("SELECT user_id, role FROM account WHERE user_id = ANY($1)", user_ids)
    return {UserId(row["user_id"]): Role(row["role"]) for row in rows}
