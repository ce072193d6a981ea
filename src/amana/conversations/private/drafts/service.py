"""Drafts: saved by one device, there on all others. No words are lost when two write at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import msgspec

from amana.conversations.errors import ConversationNotFound
from amana.conversations.model import MAX_TEXT, check_text
from amana.conversations.private.desk import PrivateDesk
from amana.conversations.private.drafts import queries
from amana.conversations.private.drafts.model import Wording, merged
from amana.conversations.private.drafts.queries import DraftRow
from amana.conversations.private.events import DRAFT_CHANGED, DraftChanged
from amana.conversations.queries import find_member
from amana.kernel.actor import Actor
from amana.kernel.clock import from_unix_ms, unix_ms
from amana.kernel.ids import ConversationId, Seq
from amana.storage.database import Tx
from amana.vault import PrivateSealed, Unreadable

PURPOSE = "draft"
EPOCH = from_unix_ms(0)

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Wording).decode


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody began to write.

    Attributes:
        thread: the message at the root of the thread; 0: in the conversation itself.
        revision: counts the savings of this place; 0 when there never was any.
        saved_at: Unix milliseconds.
        reply_to: the message that is to be answered.
        others: what other devices had written when this wording went over it unseen; newest first.
        unreadable: ``erased`` or ``damaged``; absent otherwise.
    """

    conversation_id: UUID
    thread: int
    revision: int
    saved_at: int
    text: str
    reply_to: int | None
    others: list[str]
    unreadable: str | msgspec.UnsetType = msgspec.UNSET


@dataclass(frozen=True, slots=True)
class Saving:
    """What a device wants to be kept.

    Attributes:
        revision: the last one that the device has seen; 0 for none.
        settled: what other devices had written needs to be kept no longer.
    """

    conversation_id: ConversationId
    text: str
    revision: int
    thread: int = 0
    reply_to: Seq | None = None
    settled: bool = False


class DraftService:
    """A person's own drafts."""

    def __init__(self, desk: PrivateDesk) -> None:
        self._desk = desk

    async def save(self, tx: Tx, actor: Actor, saving: Saving) -> Draft:
        """Keep what a device has; gives what is kept now. Empty text: nothing is to be kept.

        The last writer wins. What it had not seen stays beside its words in ``others``; so a device that
        was away loses nothing and takes nothing away. Repeating it changes nothing.

        Raises:
            ConversationNotFound, MessageNotFound, TextTooLong, TextInvalid
        """
        text = check_text(saving.text, field="text", limit=MAX_TEXT)
        stay = await self._desk.hold(tx, actor, saving.conversation_id)
        if saving.thread:
            await self._desk.require_message(tx, stay, saving.conversation_id, Seq(saving.thread))
        now = self._desk.clock.now()
        row = await queries.lock_draft(
            tx, actor.org_id, actor.user_id, saving.conversation_id, saving.thread, now=now
        )
        (stored,) = await self._wordings(tx, actor, [row])
        kept = stored if isinstance(stored, Wording) else Wording()
        wanted = Wording(text=text if text.strip() else "", by=actor.device_id, reply_to=saving.reply_to)
        knows = saving.revision == row.revision
        wording = merged(kept, wanted, knows=knows, settled=saving.settled)
        if _same(kept, wording):
            return _draft(row, kept)
        sealed = None if wording.is_empty else await self._sealed(tx, actor, row, wording)
        row = DraftRow(row.conversation_id, row.thread, row.revision + 1, now, sealed)
        await queries.put_draft(tx, actor.user_id, row)
        payload = DraftChanged(
            thread=row.thread, revision=row.revision, at=unix_ms(now), empty=wording.is_empty
        )
        await self._desk.tell(tx, actor, DRAFT_CHANGED, payload, conversation_id=saving.conversation_id)
        return _draft(row, wording)

    async def one(self, tx: Tx, actor: Actor, conversation_id: ConversationId, thread: int) -> Draft:
        """The draft of one place, empty and of revision 0 when there never was any.

        Raises:
            ConversationNotFound
        """
        if await find_member(tx, conversation_id, actor.user_id) is None:
            raise ConversationNotFound
        row = await queries.find_draft(tx, actor.user_id, conversation_id, thread)
        if row is None:
            row = DraftRow(conversation_id, thread, 0, EPOCH, None)
        (wording,) = await self._wordings(tx, actor, [row])
        return _draft(row, wording)

    async def page(
        self, tx: Tx, actor: Actor, *, after: tuple[ConversationId, int], limit: int
    ) -> list[Draft]:
        """Drafts that are not empty, by conversation and thread."""
        rows = await queries.list_drafts(tx, actor.user_id, after=after, limit=limit)
        wordings = await self._wordings(tx, actor, rows)
        return [_draft(row, wording) for row, wording in zip(rows, wordings, strict=True)]

    async def _sealed(self, tx: Tx, actor: Actor, row: DraftRow, wording: Wording) -> bytes:
        return await self._desk.seal(
            tx, actor, _purpose(row.thread), row.conversation_id, _encode(wording).decode()
        )

    async def _wordings(self, tx: Tx, actor: Actor, rows: Sequence[DraftRow]) -> list[Wording | Unreadable]:
        sealed = [
            PrivateSealed(_purpose(row.thread), row.conversation_id, row.sealed)
            for row in rows
            if row.sealed is not None
        ]
        opened = iter(await self._desk.open(tx, actor, sealed))
        found: list[Wording | Unreadable] = []
        for row in rows:
            text = "{}" if row.sealed is None else next(opened)
            found.append(text if isinstance(text, Unreadable) else _decode(text))
        return found


def _purpose(thread: int) -> str:
    return f"{PURPOSE}.{thread}"


def _same(stored: Wording, wording: Wording) -> bool:
    """Nothing new: a retry whose first answer was lost, or two devices with the same words."""
    return msgspec.structs.replace(wording, by=stored.by) == stored


def _draft(row: DraftRow, wording: Wording | Unreadable) -> Draft:
    shown = wording if isinstance(wording, Wording) else Wording()
    return Draft(
        conversation_id=row.conversation_id,
        thread=row.thread,
        revision=row.revision,
        saved_at=unix_ms(row.saved_at),
        text=shown.text,
        reply_to=shown.reply_to,
        others=[one.text for one in shown.others],
        unreadable=wording.value if isinstance(wording, Unreadable) else msgspec.UNSET,
    )
