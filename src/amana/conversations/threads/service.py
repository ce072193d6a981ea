"""Threads: what a message in one brings about, who follows, what they have read."""

from collections.abc import Collection, Mapping, Sequence
from typing import Final

from amana.conversations import events
from amana.conversations.errors import MessageNotFound
from amana.conversations.mentions.model import named
from amana.conversations.messages import queries as message_queries
from amana.conversations.messages.draft import Draft
from amana.conversations.messages.model import said
from amana.conversations.model import Member
from amana.conversations.opening import open_content, proof_of
from amana.conversations.queries import Mine
from amana.conversations.rules import Threads as ThreadRule
from amana.conversations.threads import queries as thread_queries
from amana.conversations.threads.errors import ThreadInvalid, ThreadsOff
from amana.conversations.threads.model import Follow, ThreadInfo
from amana.conversations.writing import Desk
from amana.events.model import Appended, NewUserEvent, StoredEvent
from amana.kernel.actor import Actor
from amana.kernel.ids import ConversationId, OrgId, Seq, UserId
from amana.storage.database import Tx

NOTHING_READ: Final = Seq(0)


class ThreadExtra:
    """Adds to a page what stands under its messages."""

    field = "thread"

    async def of(
        self,
        tx: Tx,
        org_id: OrgId,
        member: Member,
        seqs: Sequence[Seq],
    ) -> Mapping[Seq, ThreadInfo]:
        return await thread_queries.infos(tx, member.conversation_id, member.user_id, seqs)


class Threads:
    """Follows and read markers. Changes of them take the head's lock, so that answers are counted exactly."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def follow(
        self, tx: Tx, actor: Actor, conversation_id: ConversationId, root: Seq, *, following: bool
    ) -> None:
        """Choose to hear of a thread or not; what was written so far does not wait for those who begin.

        Raises:
            ConversationNotFound, MessageNotFound
        """
        mine, head = await self._desk.enter(tx, actor, conversation_id)
        await self._require_root(tx, mine.member, root, head.seq)
        before = await thread_queries.find_follow(tx, conversation_id, root, actor.user_id)
        if following == (before is not None and before.following):
            return
        thread = await thread_queries.find(tx, conversation_id, root)
        replies = 0 if thread is None else thread.replies
        follow = Follow(following, head.seq, replies)
        if not following and before is not None:
            follow = Follow(following, before.read_seq, before.read_no)
        await thread_queries.put_follow(tx, actor.org_id, conversation_id, root, actor.user_id, follow)
        await self._tell(tx, conversation_id, root, [(actor.user_id, follow)], after=head.seq)

    async def mark_read(
        self, tx: Tx, actor: Actor, conversation_id: ConversationId, root: Seq, seq: Seq
    ) -> None:
        """Note that the answers up to event ``seq`` are read; going back changes nothing.

        Those who never followed the thread have no marker in it: nothing happens.

        Raises:
            ConversationNotFound
        """
        _, head = await self._desk.enter(tx, actor, conversation_id)
        before = await thread_queries.find_follow(tx, conversation_id, root, actor.user_id)
        seq = min(seq, head.seq)
        if before is None or seq <= before.read_seq:
            return
        count = await self._desk.log.count_under(tx, conversation_id, root, events.MESSAGE_CREATED, upto=seq)
        follow = Follow(before.following, seq, max(count, before.read_no))
        await thread_queries.put_follow(tx, actor.org_id, conversation_id, root, actor.user_id, follow)
        await self._tell(tx, conversation_id, root, [(actor.user_id, follow)], after=head.seq)

    async def followed(
        self, tx: Tx, actor: Actor, *, before: tuple[int, ConversationId, Seq] | None, limit: int
    ) -> tuple[list[tuple[ConversationId, Seq, ThreadInfo]], int]:
        """The threads that ``actor`` follows, the newest first, and how many of all hold something unread."""
        found = await thread_queries.list_followed(tx, actor.user_id, before=before, limit=limit)
        return found, await thread_queries.count_unread(tx, actor.user_id)

    async def named(
        self,
        tx: Tx,
        org_id: OrgId,
        conversation_id: ConversationId,
        root: Seq,
        users: Collection[UserId],
        *,
        read_seq: Seq,
        read_no: int,
        after: Seq,
    ) -> None:
        """Whoever is named in a thread follows it, also who had chosen not to. The head is locked."""
        if not users:
            return
        moved = await thread_queries.begin_to_follow(
            tx,
            org_id,
            conversation_id,
            root,
            sorted(users),
            read_seq=read_seq,
            read_no=read_no,
            again=True,
        )
        await self._tell(tx, conversation_id, root, moved, after=after)

    async def begin(
        self, tx: Tx, org_id: OrgId, conversation_id: ConversationId, root: Seq, users: Collection[UserId]
    ) -> None:
        """The first answer: who wrote the message and who is named in it follow, unless they chose not to."""
        moved = await thread_queries.begin_to_follow(
            tx,
            org_id,
            conversation_id,
            root,
            sorted(users),
            read_seq=NOTHING_READ,
            read_no=0,
            again=False,
        )
        await self._tell(tx, conversation_id, root, moved, after=root)

    async def _require_root(self, tx: Tx, member: Member, root: Seq, newest: Seq) -> StoredEvent:
        if not member.visible_from <= root <= newest:
            raise MessageNotFound(seq=root)
        (event,) = await self._desk.log.at(tx, member.conversation_id, [root])
        if event.kind != events.MESSAGE_CREATED or event.target_seq is not None:
            raise MessageNotFound(seq=root)
        return event

    async def _tell(
        self,
        tx: Tx,
        conversation_id: ConversationId,
        root: Seq,
        moved: Sequence[tuple[UserId, Follow]],
        *,
        after: Seq,
    ) -> None:
        await self._desk.log.append_users(
            tx,
            [
                NewUserEvent(
                    user_id,
                    events.THREAD_MOVED,
                    conversation_id,
                    root,
                    {
                        "following": follow.following,
                        "read_seq": follow.read_seq,
                        "read_no": follow.read_no,
                        "after": after,
                    },
                )
                for user_id, follow in moved
            ],
        )


class ThreadStep:
    """What an answer in a thread needs and brings about; a step of ``posting``."""

    def __init__(self, desk: Desk, threads: Threads) -> None:
        self._desk = desk
        self._threads = threads

    async def before(self, tx: Tx, actor: Actor, mine: Mine, draft: Draft) -> None:
        """Refuse where no thread is or can begin.

        A thread goes on when its message is removed, and for those who came too late to see it but have
        met an answer.

        Raises:
            ThreadsOff, ThreadInvalid
        """
        root = draft.thread
        if root is None:
            return
        if mine.conversation.rules.threads is not ThreadRule.THREADS:
            raise ThreadsOff
        thread = await thread_queries.find(tx, draft.conversation_id, root)
        if thread is None:
            await self._begin(tx, actor, mine.member, root)
        elif max(root, thread.last_seq) < mine.member.visible_from:
            raise ThreadInvalid(seq=root)

    async def after(self, tx: Tx, actor: Actor, mine: Mine, draft: Draft, place: Appended) -> None:
        root = draft.thread
        if root is None:
            return
        room = draft.conversation_id
        replies = await thread_queries.add_reply(
            tx, actor.org_id, room, root, seq=place.seq, ts=place.ts_ms, sender=actor.user_id
        )
        if replies == 1:
            users = await self._begin(tx, actor, mine.member, root)
            await self._threads.begin(tx, actor.org_id, room, root, users - {actor.user_id})
        # Who writes in a thread has read it.
        own = Follow(following=True, read_seq=place.seq, read_no=replies)
        await thread_queries.put_follow(tx, actor.org_id, room, root, actor.user_id, own)
        await self._threads.named(
            tx,
            actor.org_id,
            room,
            root,
            named(draft.mentions) - {actor.user_id},
            read_seq=Seq(place.seq - 1),
            read_no=replies - 1,
            after=place.seq,
        )

    async def _begin(self, tx: Tx, actor: Actor, member: Member, root: Seq) -> frozenset[UserId]:
        """Those whom a thread under ``root`` concerns from its first answer on.

        Raises:
            ThreadInvalid: no message that can be read is there, or it stands in a thread itself.
        """
        room = member.conversation_id
        stored = await self._desk.log.at(tx, room, [root]) if root >= member.visible_from else []
        if not stored or stored[0].kind != events.MESSAGE_CREATED or stored[0].target_seq is not None:
            raise ThreadInvalid(seq=root)
        state = (await message_queries.states(tx, room, actor.user_id, [root])).get(root)
        if state is not None and state.removed_ts is not None:
            raise ThreadInvalid(seq=root)
        current = stored
        if state is not None and state.current_seq != root:
            current = await self._desk.log.at(tx, room, [state.current_seq])
        contents = await open_content(self._desk.vault, tx, proof_of(actor.org_id, member), current)
        content = next(iter(contents.values()), None)
        if not isinstance(content, bytes):
            raise ThreadInvalid(seq=root)
        return named(said(content).mentions) | {stored[0].sender_id}
