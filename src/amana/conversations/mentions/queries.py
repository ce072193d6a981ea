"""The SQL of mentions. Who asks is a member: found to be one before, or joined with ``member`` here."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from amana.kernel.ids import ConversationId, OrgId, Seq, UserId
from amana.storage.database import Tx


@dataclass(frozen=True, slots=True)
class Told:
    """That somebody was told of a message; ``gone``: an edit took the name away since."""

    at_seq: Seq
    everyone: bool
    gone: bool


@dataclass(frozen=True, slots=True)
class Mention:
    """One message that names somebody.

    Attributes:
        at: the event that named them.
        thread: the message under which it stands; None: in the stream.
        everyone: as one of all.
        ts: when they were named, Unix milliseconds.
        read: whether they have read that far.
    """

    conversation_id: ConversationId
    seq: Seq
    at: Seq
    thread: Seq | None
    everyone: bool
    ts: int
    read: bool


# Unread: named further on than this person has read, in the room or in the thread where it stands.
_READ = """x.at_seq <= CASE WHEN x.thread_seq IS NULL THEN m.read_seq ELSE coalesce(f.read_seq, 0) END"""
_FOLLOW = """LEFT JOIN thread_follow f ON f.conversation_id = x.conversation_id
                                          AND f.root_seq = x.thread_seq AND f.user_id = x.user_id"""


async def members_of(tx: Tx, conversation_id: ConversationId, users: Collection[UserId]) -> set[UserId]:
    """Those of ``users`` who are members."""
    rows = await tx.all(
        "SELECT user_id FROM member WHERE conversation_id = :conversation_id AND user_id = ANY(:users)",
        conversation_id=conversation_id,
        users=list(users),
    )
    return {row["user_id"] for row in rows}


async def everybody_in(tx: Tx, conversation_id: ConversationId, *, limit: int) -> list[UserId]:
    """The members by id, at most ``limit``."""
    rows = await tx.all(
        """
        SELECT user_id FROM member WHERE conversation_id = :conversation_id ORDER BY user_id LIMIT :limit
        """,
        conversation_id=conversation_id,
        limit=limit,
    )
    return [row["user_id"] for row in rows]


async def insert(
    tx: Tx,
    org_id: OrgId,
    conversation_id: ConversationId,
    seq: Seq,
    users: Collection[UserId],
    *,
    at: Seq,
    thread: Seq | None,
    everyone: Collection[UserId],
    ts: int,
) -> list[UserId]:
    """Note that ``users`` are named in ``seq``; gives those who were not before and may see the message.

    Args:
        everyone: those of them who are named as one of all.
    """
    rows = await tx.all(
        """
        INSERT INTO mention (org_id, conversation_id, seq, user_id, at_seq, thread_seq, everyone, ts)
        SELECT :org_id, :conversation_id, :seq::bigint, m.user_id, :at, :thread, m.user_id = ANY(:everyone),
               :ts
          FROM member m
         WHERE m.conversation_id = :conversation_id AND m.user_id = ANY(:users) AND m.visible_from <= :seq
         ORDER BY m.user_id
        ON CONFLICT (conversation_id, seq, user_id) DO NOTHING
        RETURNING user_id
        """,
        org_id=org_id,
        conversation_id=conversation_id,
        seq=seq,
        users=list(users),
        at=at,
        thread=thread,
        everyone=list(everyone),
        ts=ts,
    )
    return [row["user_id"] for row in rows]


async def insert_all(
    tx: Tx, org_id: OrgId, conversation_id: ConversationId, seq: Seq, *, sender: UserId, ts: int
) -> None:
    """Note that a message calls everybody in a large room."""
    await tx.run(
        """
        INSERT INTO mention_all (org_id, conversation_id, seq, sender_id, ts)
        VALUES (:org_id, :conversation_id, :seq, :sender, :ts) ON CONFLICT (conversation_id, seq) DO NOTHING
        """,
        org_id=org_id,
        conversation_id=conversation_id,
        seq=seq,
        sender=sender,
        ts=ts,
    )


async def told_of(tx: Tx, conversation_id: ConversationId, seq: Seq) -> dict[UserId, Told]:
    """Everybody who was ever told of message ``seq``."""
    rows = await tx.all(
        """
        SELECT user_id, at_seq, everyone, gone FROM mention
         WHERE conversation_id = :conversation_id AND seq = :seq
        """,
        conversation_id=conversation_id,
        seq=seq,
    )
    return {row["user_id"]: Told(row["at_seq"], row["everyone"], row["gone"]) for row in rows}


async def name_again(
    tx: Tx, conversation_id: ConversationId, seq: Seq, users: Collection[UserId], *, at: Seq, ts: int
) -> None:
    """An edit names people whom an earlier one had left out."""
    await tx.run(
        """
        UPDATE mention SET gone = false, everyone = false, at_seq = :at, ts = :ts
         WHERE conversation_id = :conversation_id AND seq = :seq AND user_id = ANY(:users)
        """,
        conversation_id=conversation_id,
        seq=seq,
        users=list(users),
        at=at,
        ts=ts,
    )


async def name_singly(tx: Tx, conversation_id: ConversationId, seq: Seq, users: Collection[UserId]) -> None:
    """Everybody is no longer called, and these are still named."""
    await tx.run(
        """
        UPDATE mention SET everyone = false
         WHERE conversation_id = :conversation_id AND seq = :seq AND user_id = ANY(:users)
        """,
        conversation_id=conversation_id,
        seq=seq,
        users=list(users),
    )


async def take_away(
    tx: Tx, conversation_id: ConversationId, seq: Seq, users: Collection[UserId]
) -> list[tuple[UserId, Mention]]:
    """An edit leaves these out; gives those who have not read it yet."""
    unread = await _unread_of(tx, conversation_id, [seq], users)
    await tx.run(
        """
        UPDATE mention SET gone = true
         WHERE conversation_id = :conversation_id AND seq = :seq AND user_id = ANY(:users)
        """,
        conversation_id=conversation_id,
        seq=seq,
        users=list(users),
    )
    return unread


async def delete(
    tx: Tx, conversation_id: ConversationId, seqs: Sequence[Seq]
) -> list[tuple[UserId, Mention]]:
    """The messages end, and with them who is named; gives those who have not read it yet."""
    unread = await _unread_of(tx, conversation_id, seqs, None)
    await tx.run(
        "DELETE FROM mention WHERE conversation_id = :conversation_id AND seq = ANY(:seqs)",
        conversation_id=conversation_id,
        seqs=list(seqs),
    )
    await delete_all(tx, conversation_id, seqs)
    return unread


async def delete_all(tx: Tx, conversation_id: ConversationId, seqs: Sequence[Seq]) -> None:
    """These messages call everybody no longer."""
    await tx.run(
        "DELETE FROM mention_all WHERE conversation_id = :conversation_id AND seq = ANY(:seqs)",
        conversation_id=conversation_id,
        seqs=list(seqs),
    )


async def forget(tx: Tx, conversation_id: ConversationId, user_id: UserId) -> None:
    """Somebody is no member any more: nothing here waits for them."""
    await tx.run(
        "DELETE FROM mention WHERE user_id = :user_id AND conversation_id = :conversation_id",
        user_id=user_id,
        conversation_id=conversation_id,
    )


async def _unread_of(
    tx: Tx, conversation_id: ConversationId, seqs: Sequence[Seq], users: Collection[UserId] | None
) -> list[tuple[UserId, Mention]]:
    rows = await tx.all(
        f"""
        SELECT x.user_id, x.conversation_id, x.seq, x.at_seq, x.thread_seq, x.everyone, x.ts, false AS read
          FROM mention x
          JOIN member m ON m.conversation_id = x.conversation_id AND m.user_id = x.user_id
          {_FOLLOW}
         WHERE x.conversation_id = :conversation_id AND x.seq = ANY(:seqs) AND NOT x.gone AND NOT {_READ}
           AND (:users::uuid[] IS NULL OR x.user_id = ANY(:users))
         ORDER BY x.user_id, x.seq
        """,  # noqa: S608  constant parts
        conversation_id=conversation_id,
        seqs=list(seqs),
        users=None if users is None else list(users),
    )
    return [(row[0], Mention(*list(row)[1:])) for row in rows]


# Rows of one's own, and those that stand for everybody where no own row says the same.
_MINE = f"""
SELECT x.conversation_id, x.seq, x.at_seq, x.thread_seq, x.everyone, x.ts, {_READ} AS read
  FROM mention x
  JOIN member m ON m.conversation_id = x.conversation_id AND m.user_id = x.user_id
  {_FOLLOW}
 WHERE x.user_id = :viewer AND NOT x.gone AND x.seq >= m.visible_from
"""  # noqa: S608  constant parts
_OF_ALL = """
SELECT a.conversation_id, a.seq, a.seq AS at_seq, NULL::bigint AS thread_seq, true AS everyone, a.ts,
       a.seq <= m.read_seq AS read
  FROM mention_all a
  JOIN member m ON m.conversation_id = a.conversation_id AND m.user_id = :viewer
 WHERE a.sender_id <> :viewer AND a.seq >= m.visible_from
   AND NOT EXISTS (SELECT FROM mention o
                    WHERE o.conversation_id = a.conversation_id AND o.seq = a.seq AND o.user_id = :viewer
                      AND NOT o.gone)
"""


async def list_unread(
    tx: Tx, viewer: UserId, conversation_ids: Sequence[ConversationId], *, limit: int
) -> dict[ConversationId, list[Mention]]:
    """In each conversation the newest mentions that ``viewer`` has not read, in the order of naming."""
    rows = await tx.all(
        f"""
        SELECT r.* FROM (
            SELECT u.*, row_number() OVER (PARTITION BY u.conversation_id ORDER BY u.at_seq DESC) AS place
              FROM ({_MINE} AND x.conversation_id = ANY(:ids) AND NOT {_READ}
                    UNION ALL
                    {_OF_ALL} AND a.conversation_id = ANY(:ids) AND a.seq > m.read_seq) u) r
         WHERE r.place <= :limit
         ORDER BY r.conversation_id, r.at_seq, r.seq
        """,  # noqa: S608  constant parts
        viewer=viewer,
        ids=list(conversation_ids),
        limit=limit,
    )
    found: dict[ConversationId, list[Mention]] = {}
    for row in rows:
        found.setdefault(row["conversation_id"], []).append(Mention(*list(row)[:-1]))
    return found


async def list_lately(
    tx: Tx,
    viewer: UserId,
    conversation_ids: Sequence[ConversationId],
    *,
    before: tuple[int, ConversationId, Seq] | None,
    limit: int,
) -> list[Mention]:
    """All that name ``viewer`` and that they may see, the newest first.

    Args:
        conversation_ids: everywhere they are a member.
        before: time, conversation and message of the last one of the page before.
    """
    ts, room, seq = before or (None, None, None)
    rows = await tx.all(
        f"""
        SELECT u.* FROM ({_MINE}
                         UNION ALL
                         {_OF_ALL} AND a.conversation_id = ANY(:ids)) u
         WHERE :ts::bigint IS NULL OR (u.ts, u.conversation_id, u.seq) < (:ts, :room::uuid, :seq::bigint)
         ORDER BY u.ts DESC, u.conversation_id DESC, u.seq DESC LIMIT :limit
        """,  # noqa: S608  constant parts
        viewer=viewer,
        ids=list(conversation_ids),
        ts=ts,
        room=room,
        seq=seq,
        limit=limit,
    )
    return [Mention(*row) for row in rows]
