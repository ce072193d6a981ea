"""The SQL of conversations and their members. Permission is inside the query: a reader is always a member."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from amana.conversations.model import History, HistoryPolicy, Kind, Member, MemberRole
from amana.conversations.room import Closed, ClosedBecause, Conversation
from amana.conversations.rules import (
    Joining,
    MentionAll,
    Posting,
    Receipts,
    Removal,
    RoomRules,
    Threads,
    default_rules,
)
from amana.kernel.ids import ConversationId, OrgId, Seq, UserId
from amana.storage.database import Tx


@dataclass(frozen=True, slots=True)
class Mine:
    """One conversation as one of its members sees it."""

    conversation: Conversation
    member: Member
    peer_id: UserId | None

    @property
    def rules(self) -> RoomRules:
        """What holds in the conversation."""
        return self.conversation.rules


_CONVERSATION = """c.org_id, c.conversation_id, c.kind, c.title, c.purpose, c.owner_id, c.history_policy,
    c.history_days, c.members_count, c.created_at, c.retention_days, c.posting, c.threads, c.edit_window_s,
    c.removal, c.receipts, c.mention_all, c.forwarding, c.joining, c.ends_at, c.closed_at, c.closed_by,
    c.closed_reason"""
_MEMBER = """m.conversation_id, m.user_id, m.role, m.visible_from, m.joined_seq, m.joined_at, m.read_seq,
    m.read_no"""


def _conversation(row: asyncpg.Record) -> Conversation:
    return Conversation(
        org_id=row["org_id"],
        conversation_id=row["conversation_id"],
        kind=Kind(row["kind"]),
        title=row["title"],
        purpose=row["purpose"],
        owner_id=row["owner_id"],
        members_count=row["members_count"],
        created_at=row["created_at"],
        rules=_rules(row),
        closed=_closed(row),
    )


def _rules(row: asyncpg.Record) -> RoomRules:
    if row["kind"] == Kind.DIRECT:
        return default_rules(Kind.DIRECT)
    return RoomRules(
        posting=Posting(row["posting"]),
        threads=Threads(row["threads"]),
        edit_window_s=row["edit_window_s"],
        removal=Removal(row["removal"]),
        receipts=Receipts(row["receipts"]),
        mention_all=MentionAll(row["mention_all"]),
        forwarding=row["forwarding"],
        history=HistoryPolicy(History(row["history_policy"]), row["history_days"]),
        retention_days=row["retention_days"],
        joining=Joining(row["joining"]),
        ends_at=row["ends_at"],
    )


def _closed(row: asyncpg.Record) -> Closed | None:
    if row["closed_at"] is None:
        return None
    return Closed(row["closed_at"], row["closed_by"], ClosedBecause(row["closed_reason"]))


def _member(row: asyncpg.Record) -> Member:
    return Member(
        conversation_id=row["conversation_id"],
        user_id=row["user_id"],
        role=MemberRole(row["role"]),
        visible_from=row["visible_from"],
        joined_seq=row["joined_seq"],
        joined_at=row["joined_at"],
        read_seq=row["read_seq"],
        read_no=row["read_no"],
    )


async def find_mine(tx: Tx, conversation_id: ConversationId, viewer: UserId) -> Mine | None:
    """The conversation if ``viewer`` is in it."""
    row = await tx.one(
        f"""
        SELECT {_CONVERSATION}, {_MEMBER}
          FROM member m JOIN conversation c ON c.conversation_id = m.conversation_id
         WHERE m.conversation_id = :conversation_id AND m.user_id = :viewer
        """,  # noqa: S608  constant columns
        conversation_id=conversation_id,
        viewer=viewer,
    )
    if row is None:
        return None
    peers = await peers_of(tx, viewer, [conversation_id])
    return Mine(_conversation(row), _member(row), peers.get(conversation_id))


async def peers_of(
    tx: Tx, viewer: UserId, conversation_ids: Sequence[ConversationId]
) -> dict[ConversationId, UserId]:
    """The other person of each direct conversation, from the viewer's own list."""
    rows = await tx.all(
        """
        SELECT conversation_id, peer_id FROM user_conversation
         WHERE user_id = :viewer AND conversation_id = ANY(:ids) AND peer_id IS NOT NULL
        """,
        viewer=viewer,
        ids=list(conversation_ids),
    )
    return {row["conversation_id"]: row["peer_id"] for row in rows}


async def list_peers(tx: Tx, viewer: UserId) -> dict[ConversationId, UserId | None]:
    """The ids of all conversations of ``viewer``, each with the other person where it is direct."""
    listed = await tx.fetch(
        "SELECT conversation_id, peer_id FROM user_conversation WHERE user_id = $1", viewer
    )
    return dict(map(tuple, listed))


async def list_mine(tx: Tx, viewer: UserId, peers: Mapping[ConversationId, UserId | None]) -> list[Mine]:
    """These conversations of ``viewer``, as ``list_peers`` gave them, in no particular order."""
    rows = await tx.all(
        f"""
        SELECT {_CONVERSATION}, {_MEMBER}
          FROM member m JOIN conversation c ON c.conversation_id = m.conversation_id
         WHERE m.conversation_id = ANY(:ids) AND m.user_id = :viewer
        """,  # noqa: S608  constant columns
        ids=list(peers),
        viewer=viewer,
    )
    return [Mine(_conversation(row), _member(row), peers[row["conversation_id"]]) for row in rows]


async def find_member(tx: Tx, conversation_id: ConversationId, user_id: UserId) -> Member | None:
    row = await tx.one(
        f"""
        SELECT {_MEMBER} FROM member m
         WHERE m.conversation_id = :conversation_id AND m.user_id = :user_id
        """,  # noqa: S608  constant columns
        conversation_id=conversation_id,
        user_id=user_id,
    )
    return None if row is None else _member(row)


async def find_members(
    tx: Tx, wanted: Sequence[tuple[ConversationId, UserId]]
) -> dict[ConversationId, Member]:
    """One person of each of many conversations; those who are not in it are left out."""
    rows = await tx.all(
        f"""
        SELECT {_MEMBER}
          FROM unnest(:rooms::uuid[], :users::uuid[]) AS w (conversation_id, user_id)
          JOIN member m ON m.conversation_id = w.conversation_id AND m.user_id = w.user_id
        """,  # noqa: S608  constant columns
        rooms=[room for room, _ in wanted],
        users=[user for _, user in wanted],
    )
    return {row["conversation_id"]: _member(row) for row in rows}


async def lock_conversation(tx: Tx, conversation_id: ConversationId) -> Conversation | None:
    """Find a conversation for a change. Lock its head first: that is the order everywhere."""
    row = await tx.one(
        f"""
        SELECT {_CONVERSATION} FROM conversation c
         WHERE c.conversation_id = :conversation_id FOR NO KEY UPDATE
        """,  # noqa: S608  constant columns
        conversation_id=conversation_id,
    )
    return None if row is None else _conversation(row)


async def find_for_invitation(tx: Tx, conversation_id: ConversationId) -> Conversation | None:
    """A conversation for somebody who holds an invitation to it: who calls has checked its secret."""
    row = await tx.one(
        f"SELECT {_CONVERSATION} FROM conversation c WHERE c.conversation_id = :conversation_id",  # noqa: S608
        conversation_id=conversation_id,
    )
    return None if row is None else _conversation(row)


async def insert_conversation(tx: Tx, conversation: Conversation, *, created_by: UserId) -> bool:
    """Store it; False when it is there already (a retry, or the other person was first)."""
    done = await tx.run(
        """
        INSERT INTO conversation (org_id, conversation_id, kind, title, purpose, owner_id, members_count,
                                  created_by, created_at, history_policy, history_days, retention_days,
                                  posting, threads, edit_window_s, removal, receipts, mention_all, forwarding,
                                  joining, ends_at)
        VALUES (:org_id, :conversation_id, :kind, :title, :purpose, :owner_id, :count,
                :created_by, :created_at, :history_policy, :history_days, :retention_days,
                :posting, :threads, :edit_window_s, :removal, :receipts, :mention_all, :forwarding,
                :joining, :ends_at)
        ON CONFLICT (conversation_id) DO NOTHING
        """,
        org_id=conversation.org_id,
        conversation_id=conversation.conversation_id,
        kind=int(conversation.kind),
        title=conversation.title,
        purpose=conversation.purpose,
        owner_id=conversation.owner_id,
        count=conversation.members_count,
        created_by=created_by,
        created_at=conversation.created_at,
        **_columns(conversation.rules),
    )
    return done == 1


async def update_settings(
    tx: Tx, conversation_id: ConversationId, *, title: bytes, purpose: bytes, rules: RoomRules
) -> None:
    await tx.run(
        """
        UPDATE conversation
           SET title = :title, purpose = :purpose, history_policy = :history_policy,
               history_days = :history_days, retention_days = :retention_days, posting = :posting,
               threads = :threads, edit_window_s = :edit_window_s, removal = :removal, receipts = :receipts,
               mention_all = :mention_all, forwarding = :forwarding, joining = :joining, ends_at = :ends_at
         WHERE conversation_id = :conversation_id
        """,
        title=title,
        purpose=purpose,
        conversation_id=conversation_id,
        **_columns(rules),
    )


def _columns(rules: RoomRules) -> dict[str, object]:
    return {
        "history_policy": int(rules.history.policy),
        "history_days": rules.history.days,
        "retention_days": rules.retention_days,
        "posting": int(rules.posting),
        "threads": int(rules.threads),
        "edit_window_s": rules.edit_window_s,
        "removal": int(rules.removal),
        "receipts": int(rules.receipts),
        "mention_all": int(rules.mention_all),
        "forwarding": rules.forwarding,
        "joining": int(rules.joining),
        "ends_at": rules.ends_at,
    }


async def update_owner(
    tx: Tx, conversation_id: ConversationId, *, owner_id: UserId, in_custody: bool = False
) -> None:
    """Hand the room over; the roles of both people follow.

    Args:
        in_custody: the new owner is not in the room and holds it until somebody there is appointed.
    """
    await tx.run(
        """
        UPDATE conversation SET owner_id = :owner_id, in_custody = :in_custody
         WHERE conversation_id = :conversation_id
        """,
        owner_id=owner_id,
        in_custody=in_custody,
        conversation_id=conversation_id,
    )
    await tx.run(
        """
        UPDATE member
           SET role = CASE WHEN user_id = :owner_id THEN :owner::smallint ELSE :member::smallint END
         WHERE conversation_id = :conversation_id AND (user_id = :owner_id OR role = :owner::smallint)
        """,
        owner_id=owner_id,
        owner=int(MemberRole.OWNER),
        member=int(MemberRole.MEMBER),
        conversation_id=conversation_id,
    )


async def insert_members(
    tx: Tx, org_id: OrgId, members: Sequence[Member], *, kind: Kind, peers: dict[UserId, UserId]
) -> None:
    """Add members, their stays and their own list entries: one truth, three places, one transaction."""
    users = [member.user_id for member in members]
    rooms = [member.conversation_id for member in members]
    joined_at = [member.joined_at for member in members]
    await tx.run(
        """
        INSERT INTO member (org_id, conversation_id, user_id, role, visible_from, joined_seq, joined_at,
                            read_seq, read_no)
        SELECT :org_id, * FROM unnest(:rooms::uuid[], :users::uuid[], :roles::smallint[], :visible::bigint[],
               :joined_seq::bigint[], :joined_at::timestamptz[], :read_seq::bigint[], :read_no::bigint[])
        """,
        org_id=org_id,
        rooms=rooms,
        users=users,
        roles=[int(member.role) for member in members],
        visible=[member.visible_from for member in members],
        joined_seq=[member.joined_seq for member in members],
        joined_at=joined_at,
        read_seq=[member.read_seq for member in members],
        read_no=[member.read_no for member in members],
    )
    await _insert_stays(tx, org_id, members)
    await tx.run(
        """
        INSERT INTO user_conversation (org_id, user_id, conversation_id, joined_at, peer_id, kind)
        SELECT :org_id, u.*, :kind::smallint
          FROM unnest(:users::uuid[], :rooms::uuid[], :joined_at::timestamptz[], :peers::uuid[]) u
        ON CONFLICT (user_id, conversation_id) DO UPDATE SET joined_at = excluded.joined_at
        """,
        org_id=org_id,
        users=users,
        rooms=rooms,
        joined_at=joined_at,
        peers=[peers.get(user) for user in users],
        kind=int(kind),
    )


async def _insert_stays(tx: Tx, org_id: OrgId, members: Sequence[Member]) -> None:
    await tx.run(
        """
        INSERT INTO membership (org_id, conversation_id, user_id, joined_seq, joined_at, visible_from)
        SELECT :org_id, * FROM unnest(:rooms::uuid[], :users::uuid[], :joined_seq::bigint[],
               :joined_at::timestamptz[], :visible::bigint[])
        """,
        org_id=org_id,
        rooms=[member.conversation_id for member in members],
        users=[member.user_id for member in members],
        joined_seq=[member.joined_seq for member in members],
        joined_at=[member.joined_at for member in members],
        visible=[member.visible_from for member in members],
    )


async def delete_member(
    tx: Tx, conversation_id: ConversationId, user_id: UserId, *, left_seq: Seq, left_at: datetime
) -> None:
    """End a stay: no member, no list entry, a closed line in the history."""
    await tx.run(
        "DELETE FROM member WHERE conversation_id = :conversation_id AND user_id = :user_id",
        conversation_id=conversation_id,
        user_id=user_id,
    )
    await tx.run(
        """
        UPDATE membership SET left_seq = :left_seq, left_at = :left_at
         WHERE conversation_id = :conversation_id AND user_id = :user_id AND left_seq IS NULL
        """,
        left_seq=left_seq,
        left_at=left_at,
        conversation_id=conversation_id,
        user_id=user_id,
    )
    await tx.run(
        "DELETE FROM user_conversation WHERE user_id = :user_id AND conversation_id = :conversation_id",
        user_id=user_id,
        conversation_id=conversation_id,
    )


async def add_to_count(tx: Tx, conversation_id: ConversationId, change: int) -> None:
    await tx.run(
        """
        UPDATE conversation SET members_count = members_count + :change
         WHERE conversation_id = :conversation_id
        """,
        change=change,
        conversation_id=conversation_id,
    )


async def list_members(
    tx: Tx, conversation_id: ConversationId, viewer: UserId, *, after: UserId | None, limit: int
) -> list[Member]:
    """Members by id; empty when ``viewer`` is none of them."""
    rows = await tx.all(
        f"""
        SELECT {_MEMBER}
          FROM member m
         WHERE m.conversation_id = :conversation_id
           AND (:after::uuid IS NULL OR m.user_id > :after)
           AND EXISTS (SELECT FROM member v
                        WHERE v.conversation_id = :conversation_id AND v.user_id = :viewer)
         ORDER BY m.user_id
         LIMIT :limit
        """,  # noqa: S608  constant columns
        conversation_id=conversation_id,
        viewer=viewer,
        after=after,
        limit=limit,
    )
    return [_member(row) for row in rows]


async def list_who_could_see(
    tx: Tx, conversation_id: ConversationId, viewer: UserId, *, seq: Seq, at: datetime
) -> list[UserId]:
    """Who could read event ``seq`` at the moment ``at``; empty when ``viewer`` is no member now."""
    rows = await tx.all(
        """
        SELECT DISTINCT s.user_id
          FROM membership s
         WHERE s.conversation_id = :conversation_id
           AND s.visible_from <= :seq AND s.joined_at <= :at AND (s.left_at IS NULL OR s.left_at > :at)
           AND EXISTS (SELECT FROM member v
                        WHERE v.conversation_id = :conversation_id AND v.user_id = :viewer)
         ORDER BY s.user_id
        """,
        conversation_id=conversation_id,
        viewer=viewer,
        seq=seq,
        at=at,
    )
    return [row["user_id"] for row in rows]


@dataclass(frozen=True, slots=True)
class Retained:
    """A conversation that keeps its messages for some days only."""

    conversation_id: ConversationId
    days: int


async def list_retained(tx: Tx, *, after: ConversationId | None, limit: int) -> list[Retained]:
    """A page of the conversations with a retention, in the order of their ids."""
    rows = await tx.all(
        """
        SELECT conversation_id, retention_days FROM conversation
         WHERE retention_days IS NOT NULL AND (:after::uuid IS NULL OR conversation_id > :after::uuid)
         ORDER BY conversation_id LIMIT :limit
        """,
        after=after,
        limit=limit,
    )
    return [Retained(*row) for row in rows]


async def share_a_conversation(tx: Tx, one: UserId, other: UserId) -> bool:
    """Whether two people are in any conversation together: what a guest may see of the directory."""
    found = await tx.value(
        """
        SELECT EXISTS (SELECT FROM user_conversation a JOIN user_conversation b
                         ON b.conversation_id = a.conversation_id AND b.user_id = :other
                        WHERE a.user_id = :one)
        """,
        one=one,
        other=other,
    )
    return bool(found)
