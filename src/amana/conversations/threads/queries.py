"""The SQL of threads and their followers. Who asks was found to be a member in the same transaction."""

from collections.abc import Sequence

import asyncpg

from amana.conversations.threads.model import MAX_PARTICIPANTS, Follow, Thread, ThreadInfo
from amana.kernel.ids import ConversationId, OrgId, Seq, UserId
from amana.storage.database import Tx


async def find(tx: Tx, conversation_id: ConversationId, root: Seq) -> Thread | None:
    """The thread under ``root``, if it was ever answered in one."""
    row = await tx.one(
        """
        SELECT root_seq, replies, last_seq, last_ts FROM thread
         WHERE conversation_id = :conversation_id AND root_seq = :root
        """,
        conversation_id=conversation_id,
        root=root,
    )
    return None if row is None else Thread(*row)


async def infos(
    tx: Tx, conversation_id: ConversationId, viewer: UserId, roots: Sequence[Seq]
) -> dict[Seq, ThreadInfo]:
    """What stands under those of ``roots`` that were answered, or are followed by ``viewer`` already."""
    rows = await tx.all(
        """
        SELECT r.root, coalesce(t.replies, 0) AS replies, coalesce(t.last_seq, 0) AS last_seq,
               coalesce(t.last_ts, 0) AS last_ts, coalesce(t.participants, '{}') AS participants,
               coalesce(f.following, false) AS following, coalesce(f.read_no, 0) AS read_no
          FROM unnest(:roots::bigint[]) AS r (root)
          LEFT JOIN thread t ON t.conversation_id = :conversation_id AND t.root_seq = r.root
          LEFT JOIN thread_follow f
                 ON f.conversation_id = :conversation_id AND f.root_seq = r.root AND f.user_id = :viewer
         WHERE t.root_seq IS NOT NULL OR f.following
        """,
        conversation_id=conversation_id,
        viewer=viewer,
        roots=list(roots),
    )
    return {row["root"]: _info(row) for row in rows}


def _info(row: asyncpg.Record) -> ThreadInfo:
    return ThreadInfo(
        replies=row["replies"],
        last_seq=row["last_seq"],
        last_ts=row["last_ts"],
        participants=list(row["participants"]),
        following=row["following"],
        read_no=row["read_no"],
    )


async def add_reply(
    tx: Tx, org_id: OrgId, conversation_id: ConversationId, root: Seq, *, seq: Seq, ts: int, sender: UserId
) -> int:
    """Count one answer more; gives how many there are. The caller holds the head's lock."""
    replies = await tx.value(
        """
        INSERT INTO thread AS t (org_id, conversation_id, root_seq, replies, last_seq, last_ts, participants)
        VALUES (:org_id, :conversation_id, :root, 1, :seq, :ts, ARRAY[:sender::uuid])
        ON CONFLICT (conversation_id, root_seq) DO UPDATE
           SET replies = t.replies + 1, last_seq = excluded.last_seq, last_ts = excluded.last_ts,
               participants = (:sender::uuid || array_remove(t.participants, :sender::uuid))[1:(:most)]
        RETURNING replies
        """,
        org_id=org_id,
        conversation_id=conversation_id,
        root=root,
        seq=seq,
        ts=ts,
        sender=sender,
        most=MAX_PARTICIPANTS,
    )
    return replies if isinstance(replies, int) else 0


async def find_follow(tx: Tx, conversation_id: ConversationId, root: Seq, user_id: UserId) -> Follow | None:
    """How somebody stands to a thread; None: never followed it."""
    row = await tx.one(
        """
        SELECT following, read_seq, read_no FROM thread_follow
         WHERE conversation_id = :conversation_id AND root_seq = :root AND user_id = :user_id
        """,
        conversation_id=conversation_id,
        root=root,
        user_id=user_id,
    )
    return None if row is None else Follow(*row)


async def put_follow(
    tx: Tx, org_id: OrgId, conversation_id: ConversationId, root: Seq, user_id: UserId, follow: Follow
) -> None:
    """Store how somebody stands to a thread; what was read stays read."""
    await tx.run(
        """
        INSERT INTO thread_follow AS f (org_id, conversation_id, root_seq, user_id, following, read_seq,
                                        read_no)
        VALUES (:org_id, :conversation_id, :root, :user_id, :following, :read_seq, :read_no)
        ON CONFLICT (conversation_id, root_seq, user_id) DO UPDATE
           SET following = excluded.following, read_seq = greatest(f.read_seq, excluded.read_seq),
               read_no = greatest(f.read_no, excluded.read_no)
        """,
        org_id=org_id,
        conversation_id=conversation_id,
        root=root,
        user_id=user_id,
        following=follow.following,
        read_seq=follow.read_seq,
        read_no=follow.read_no,
    )


async def begin_to_follow(
    tx: Tx,
    org_id: OrgId,
    conversation_id: ConversationId,
    root: Seq,
    users: Sequence[UserId],
    *,
    read_seq: Seq,
    read_no: int,
    again: bool,
) -> list[tuple[UserId, Follow]]:
    """Let members follow who do not yet; gives those for whom that changed something, and how they stand.

    Args:
        again: also those who had chosen not to.
    """
    rows = await tx.all(
        """
        INSERT INTO thread_follow AS f (org_id, conversation_id, root_seq, user_id, following, read_seq,
                                        read_no)
        SELECT :org_id, :conversation_id, :root, m.user_id, true, :read_seq, :read_no
          FROM member m
         WHERE m.conversation_id = :conversation_id AND m.user_id = ANY(:users)
         ORDER BY m.user_id
        ON CONFLICT (conversation_id, root_seq, user_id) DO UPDATE
           SET following = true, read_seq = greatest(f.read_seq, excluded.read_seq),
               read_no = greatest(f.read_no, excluded.read_no)
         WHERE :again AND NOT f.following
        RETURNING user_id, following, read_seq, read_no
        """,
        org_id=org_id,
        conversation_id=conversation_id,
        root=root,
        users=list(users),
        read_seq=read_seq,
        read_no=read_no,
        again=again,
    )
    return [(row["user_id"], Follow(row["following"], row["read_seq"], row["read_no"])) for row in rows]


async def list_followed(
    tx: Tx, viewer: UserId, *, before: tuple[int, ConversationId, Seq] | None, limit: int
) -> list[tuple[ConversationId, Seq, ThreadInfo]]:
    """Threads that ``viewer`` follows and that have answers, the one with the newest first.

    Args:
        before: time, conversation and root of the last one of the page before.
    """
    ts, room, root = before or (None, None, None)
    rows = await tx.all(
        """
        SELECT t.conversation_id, t.root_seq, t.replies, t.last_seq, t.last_ts, t.participants, f.following,
               f.read_no
          FROM thread_follow f
          JOIN thread t ON t.conversation_id = f.conversation_id AND t.root_seq = f.root_seq
          JOIN member m ON m.conversation_id = f.conversation_id AND m.user_id = f.user_id
         WHERE f.user_id = :viewer AND f.following AND t.last_seq >= m.visible_from
           AND (:ts::bigint IS NULL
                OR (t.last_ts, t.conversation_id, t.root_seq) < (:ts, :room::uuid, :root::bigint))
         ORDER BY t.last_ts DESC, t.conversation_id DESC, t.root_seq DESC LIMIT :limit
        """,
        viewer=viewer,
        ts=ts,
        room=room,
        root=root,
        limit=limit,
    )
    return [(row["conversation_id"], row["root_seq"], _info(row)) for row in rows]


async def count_unread(tx: Tx, viewer: UserId) -> int:
    """How many threads that ``viewer`` follows have answers they have not read."""
    found = await tx.value(
        """
        SELECT count(*) FROM thread_follow f
          JOIN thread t ON t.conversation_id = f.conversation_id AND t.root_seq = f.root_seq
          JOIN member m ON m.conversation_id = f.conversation_id AND m.user_id = f.user_id
         WHERE f.user_id = :viewer AND f.following AND t.replies > f.read_no AND t.last_seq >= m.visible_from
        """,
        viewer=viewer,
    )
    return found if isinstance(found, int) else 0


async def forget(tx: Tx, conversation_id: ConversationId, user_id: UserId) -> None:
    """Somebody is no member any more: they follow nothing here."""
    await tx.run(
        "DELETE FROM thread_follow WHERE user_id = :user_id AND conversation_id = :conversation_id",
        user_id=user_id,
        conversation_id=conversation_id,
    )
