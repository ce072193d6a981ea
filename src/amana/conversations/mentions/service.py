"""Mentions: who may be named, who is told, and what ends it."""

from collections.abc import Collection, Iterable, Sequence

import msgspec

from amana.conversations import events
from amana.conversations.mentions import queries as mention_queries
from amana.conversations.mentions.errors import (
    MentionAllMisplaced,
    MentionAllRestricted,
    MentionCountChanged,
    MentionNotMember,
)
from amana.conversations.mentions.model import MAX_TOLD, calls_everybody, named
from amana.conversations.mentions.queries import Mention, Told
from amana.conversations.messages.draft import Draft
from amana.conversations.messages.model import Said
from amana.conversations.queries import Mine
from amana.conversations.rules import may_mention_all
from amana.conversations.threads import queries as thread_queries
from amana.conversations.threads.service import Threads
from amana.conversations.writing import Desk
from amana.events.model import Appended, NewUserEvent, StoredEvent
from amana.kernel.actor import Actor
from amana.kernel.ids import ConversationId, OrgId, Seq, UserId
from amana.storage.database import Tx


class Mentions:
    """What edits and endings mean for those who are named; every caller holds the head's lock."""

    def __init__(self, desk: Desk, threads: Threads) -> None:
        self._desk = desk
        self._threads = threads

    async def may_name(self, tx: Tx, conversation_id: ConversationId, users: Collection[UserId]) -> None:
        """Raise MentionNotMember unless all are in the room: a name must reach whom it names."""
        if not users:
            return
        strangers = set(users) - await mention_queries.members_of(tx, conversation_id, users)
        if strangers:
            raise MentionNotMember(strangers)

    async def edited(
        self, tx: Tx, actor: Actor, message: StoredEvent, before: Said, after: Said, place: Appended
    ) -> None:
        """Follow an edit: who is newly named is told, who is left out is not waited for any more."""
        if before.mentions == after.mentions and before.everyone == after.everyone:
            return
        room, seq = message.conversation_id, message.seq
        told = await mention_queries.told_of(tx, room, seq)
        wanted = named(after.mentions) - {message.sender_id}
        fresh = wanted - told.keys()
        again = {user for user in wanted & told.keys() if told[user].gone}
        if fresh or again:
            await self._name(tx, actor, message, after, fresh=fresh, again=again, place=place)
        if after.everyone:
            # As one of all they are still called.
            return
        await mention_queries.delete_all(tx, room, [seq])
        singly = {user for user in wanted - fresh - again if told[user].everyone}
        await self._name_singly(tx, room, seq, told, singly)
        left_out = {user for user, one in told.items() if not one.gone} - wanted
        if left_out:
            await self._gone(tx, await mention_queries.take_away(tx, room, seq, left_out))

    async def end(self, tx: Tx, conversation_id: ConversationId, seqs: Sequence[Seq]) -> None:
        """Messages were removed or erased: nobody waits for them any more."""
        if seqs:
            await self._gone(tx, await mention_queries.delete(tx, conversation_id, seqs))

    async def tell(
        self,
        tx: Tx,
        conversation_id: ConversationId,
        seq: Seq,
        users: Iterable[UserId],
        what: events.Mentioned,
    ) -> None:
        """Write it into the private logs; one statement for all of them."""
        detail = _detail(what)
        await self._desk.log.append_users(
            tx, [NewUserEvent(user, events.MENTIONED, conversation_id, seq, detail) for user in users]
        )

    async def _name(
        self,
        tx: Tx,
        actor: Actor,
        message: StoredEvent,
        after: Said,
        *,
        fresh: Collection[UserId],
        again: Collection[UserId],
        place: Appended,
    ) -> None:
        room, seq, at = message.conversation_id, message.seq, place.seq
        thread = None if after.thread is None else Seq(after.thread)
        inserted = await mention_queries.insert(
            tx, actor.org_id, room, seq, fresh, at=at, thread=thread, everyone=(), ts=place.ts_ms
        )
        await mention_queries.name_again(tx, room, seq, again, at=at, ts=place.ts_ms)
        await self.tell(tx, room, seq, inserted, events.Mentioned(at=at, thread=thread))
        await self.tell(tx, room, seq, sorted(again), events.Mentioned(at=at, thread=thread, again=True))
        if thread is None:
            return
        found = await thread_queries.find(tx, room, thread)
        await self._threads.named(
            tx,
            actor.org_id,
            room,
            thread,
            {*inserted, *again},
            read_seq=Seq(at - 1),
            read_no=0 if found is None else found.replies,
            after=at,
        )

    async def _name_singly(
        self,
        tx: Tx,
        conversation_id: ConversationId,
        seq: Seq,
        told: dict[UserId, Told],
        users: Collection[UserId],
    ) -> None:
        if not users:
            return
        await mention_queries.name_singly(tx, conversation_id, seq, users)
        # All of them were called by the message itself.
        at = min(told[user].at_seq for user in users)
        await self.tell(tx, conversation_id, seq, sorted(users), events.Mentioned(at=at, again=True))

    async def _gone(self, tx: Tx, unread: Iterable[tuple[UserId, Mention]]) -> None:
        """Tell only those for whom it still counts as unread: for the others nothing changes."""
        await self._desk.log.append_users(
            tx,
            [
                NewUserEvent(
                    user,
                    events.MENTIONED,
                    one.conversation_id,
                    one.seq,
                    _detail(events.Mentioned(at=one.at, thread=one.thread, everyone=one.everyone, gone=True)),
                )
                for user, one in unread
            ],
        )


class MentionStep:
    """What naming people in a new message needs and brings about; a step of ``posting``."""

    def __init__(self, mentions: Mentions) -> None:
        self._mentions = mentions

    async def before(self, tx: Tx, actor: Actor, mine: Mine, draft: Draft) -> None:
        """Refuse who cannot be named, and calling everybody where that is not meant.

        Raises:
            MentionNotMember, MentionAllMisplaced, MentionAllRestricted
            MentionCountChanged: it would reach more people than the writer was shown.
        """
        if _everybody(draft):
            if draft.thread is not None:
                raise MentionAllMisplaced
            if not may_mention_all(mine.conversation.rules, mine.member.role):
                raise MentionAllRestricted
            count = mine.conversation.members_count - 1
            if count > (draft.everyone or 0):
                raise MentionCountChanged(count=count)
        await self._mentions.may_name(tx, draft.conversation_id, named(draft.mentions))

    async def after(self, tx: Tx, actor: Actor, mine: Mine, draft: Draft, place: Appended) -> None:
        room, seq = draft.conversation_id, place.seq
        singly = named(draft.mentions) - {actor.user_id}
        everyone = _everybody(draft)
        others: set[UserId] = set()
        if everyone and mine.conversation.members_count > MAX_TOLD:
            await mention_queries.insert_all(
                tx, actor.org_id, room, seq, sender=actor.user_id, ts=place.ts_ms
            )
        elif everyone:
            members = await mention_queries.everybody_in(tx, room, limit=MAX_TOLD)
            others = set(members) - {actor.user_id} - singly
        await self._tell(tx, actor.org_id, draft, place, singly, others)

    async def _tell(
        self,
        tx: Tx,
        org_id: OrgId,
        draft: Draft,
        place: Appended,
        singly: Collection[UserId],
        others: Collection[UserId],
    ) -> None:
        if not singly and not others:
            return
        room, seq = draft.conversation_id, place.seq
        told = await mention_queries.insert(
            tx,
            org_id,
            room,
            seq,
            {*singly, *others},
            at=seq,
            thread=draft.thread,
            everyone=others,
            ts=place.ts_ms,
        )
        one = events.Mentioned(at=seq, thread=draft.thread)
        await self._mentions.tell(tx, room, seq, [user for user in told if user not in others], one)
        of_all = events.Mentioned(at=seq, everyone=True)
        await self._mentions.tell(tx, room, seq, [user for user in told if user in others], of_all)


def _detail(what: events.Mentioned) -> dict[str, object]:
    detail: dict[str, object] = msgspec.to_builtins(what)
    return detail


def _everybody(draft: Draft) -> bool:
    return draft.everyone is not None or calls_everybody(draft.mentions)
