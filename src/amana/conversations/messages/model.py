"""A message as its readers see it, and the pure rules of composing one."""

from collections.abc import Sequence
from typing import TypeAlias
from uuid import UUID

import msgspec

from amana.conversations.errors import TextEmpty
from amana.conversations.events import MESSAGE_EDITED, MessageCreated, MessageEdited, ReplyTo, encode
from amana.conversations.forwarding.events import Forwarded
from amana.conversations.mentions import model as mentions
from amana.conversations.mentions.errors import MentionAllMisplaced
from amana.conversations.mentions.model import Found, Naming
from amana.conversations.messages.draft import Draft
from amana.conversations.messages.formatting import is_plain, parse
from amana.conversations.messages.queries import MessageState
from amana.conversations.model import MAX_TEXT, check_text
from amana.conversations.pins.model import Pinned
from amana.conversations.polls.model import Poll, PollState, check_poll
from amana.conversations.reactions.model import Reaction
from amana.conversations.threads.model import ThreadInfo
from amana.events.model import StoredEvent
from amana.kernel.ids import Seq
from amana.vault import Unreadable

Content: TypeAlias = bytes | Unreadable


# Not None: JSON Schema could not tell "anything" and "null" apart.
NOTHING = msgspec.Raw(b"null")


class Removed(msgspec.Struct, frozen=True):
    """Who removed a message, and when (Unix milliseconds)."""

    by: UUID
    at: int


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """The current state of one entry of a conversation: a message, or something that happened to the room.

    Attributes:
        ts: server time in Unix milliseconds.
        revision: 0 as first sent, then the number of edits.
        edited_at: time of the newest edit in Unix milliseconds.
        content: as the event kind's payload says; null for removed and unreadable entries.
        unreadable: ``erased`` or ``damaged``; absent otherwise.
        starred: true where I gave it a star; absent otherwise.
        thread: what stands under the message; absent where nothing does.
        reactions: the emojis put to the message, the first one first; absent where there is none.
        pinned: by whom and since when; absent where it is not.
        poll: how it stands; absent before the first vote that is not anonymous, and where there is none.
    """

    seq: int
    msg_no: int
    kind: str
    sender_id: UUID
    ts: int
    client_id: UUID
    revision: int
    edited_at: int | None
    removed: Removed | None
    content: msgspec.Raw
    unreadable: str | msgspec.UnsetType = msgspec.UNSET
    starred: bool | msgspec.UnsetType = msgspec.UNSET
    thread: ThreadInfo | msgspec.UnsetType = msgspec.UNSET
    reactions: list[Reaction] | msgspec.UnsetType = msgspec.UNSET
    pinned: Pinned | msgspec.UnsetType = msgspec.UNSET
    poll: PollState | msgspec.UnsetType = msgspec.UNSET


def entry_of(event: StoredEvent, name: str, state: MessageState, content: Content | None) -> Entry:
    """Put an entry together. ``content`` is that of ``state.current_seq``; None for a removed message."""
    removed = None
    if state.removed_ts is not None and state.removed_by is not None:
        removed, content = Removed(state.removed_by, state.removed_ts), None
    return Entry(
        seq=event.seq,
        msg_no=event.msg_no,
        kind=name,
        sender_id=event.sender_id,
        ts=event.ts_ms,
        client_id=event.client_id,
        revision=state.revision,
        edited_at=state.edited_ts,
        removed=removed,
        content=msgspec.Raw(content) if isinstance(content, bytes) else NOTHING,
        unreadable=content.value if isinstance(content, Unreadable) else msgspec.UNSET,
    )


def is_wording_of(message: StoredEvent, state: MessageState, event: StoredEvent) -> bool:
    """Whether ``event`` can be what ``state`` says is the current text of ``message``.

    That the row tells the truth about what it edits is checked where it is opened.
    """
    if event.revision != state.revision or event.seq != state.current_seq:
        return False
    if event.seq == message.seq:
        return event.revision == 0
    return (
        event.kind == MESSAGE_EDITED
        and event.revision > 0
        and event.seq > message.seq
        and event.target_seq == message.seq
        and event.sender_id == message.sender_id
    )


def compose(draft: Draft) -> bytes:
    """Check and format what somebody typed; give the content that is sealed, stored and shown.

    Raises:
        TextEmpty, TextTooLong, TextInvalid, MentionInvalid, TooManyMentions, PollOptionsInvalid
    """
    text = check_message(draft.text)
    reply = None if draft.reply_to is None else ReplyTo(draft.reply_to)
    if draft.only_words and is_plain(text):
        # Most messages: spans would only say the text a second time, sealed and stored.
        return encode(MessageCreated(text=text, reply_to=reply, silent=draft.silent))
    found = mentions.check(text, draft.mentions)
    content = MessageCreated(
        text=text,
        spans=parse(text, found) if found or not is_plain(text) else [],
        reply_to=reply,
        thread=draft.thread,
        mentions=list(draft.mentions),
        everyone=draft.everyone is not None or mentions.calls_everybody(draft.mentions),
        silent=draft.silent,
        forwarded=draft.origin.label if draft.origin else None,
        poll=check_poll(draft.poll) if draft.poll else None,
    )
    return encode(content)


def recompose(text: str, *, target: Seq, before: "Said", namings: Sequence[Naming] | None = None) -> bytes:
    """The same for an edit of message ``target``. What it answers and where it stands stays.

    Spans are always said, so that none of the old ones can stay by mistake.

    Args:
        before: what the message said until now.
        namings: who is named from now on; None: whoever was and still stands in the text.

    Raises:
        TextEmpty, TextTooLong, TextInvalid, MentionInvalid, TooManyMentions
        MentionAllMisplaced: everybody is called who was not before.
    """
    text = check_message(text)
    found, everyone = _named_now(text, before, namings)
    content = MessageEdited(
        target=target,
        text=text,
        spans=parse(text, found),
        reply_to=before.reply_to,
        thread=before.thread,
        mentions=[naming for _, _, naming in found],
        everyone=everyone,
    )
    return encode(content)


def _named_now(text: str, before: "Said", namings: Sequence[Naming] | None) -> tuple[list[Found], bool]:
    """Who is named after an edit and whether everybody is still called."""
    if namings is None:
        found = mentions.find(text, before.mentions)
        written = mentions.calls_everybody(before.mentions)
        return found, before.everyone and (not written or _calls(found))
    found = mentions.check(text, namings)
    if _calls(found) and not before.everyone:
        raise MentionAllMisplaced
    return found, _calls(found)


def _calls(found: Sequence[Found]) -> bool:
    return mentions.calls_everybody(naming for _, _, naming in found)


def check_message(text: str) -> str:
    """Give the text to be said; raises TextEmpty, TextTooLong, TextInvalid."""
    text = check_text(text, field="text", limit=MAX_TEXT)
    if not text or text.isspace():
        raise TextEmpty
    return text


class Said(msgspec.Struct):
    """The part of a message's content that decides whether a retry says the same.

    Not the spans: a release that formats better must still recognise what the one before stored.
    """

    text: str = ""
    reply_to: ReplyTo | None = None
    thread: int | None = None
    mentions: list[Naming] = []
    everyone: bool = False
    silent: bool = False
    forwarded: Forwarded | None = None
    poll: Poll | None = None

    @property
    def is_fixed(self) -> bool:
        """People answer to what stands there: it is not edited."""
        return self.poll is not None


_said = msgspec.json.Decoder(Said).decode


def says_the_same(one: bytes, other: bytes, *, text_only: bool = False) -> bool:
    """Whether two contents are the same message as typed."""
    if one == other:
        return True
    first, second = _said(one), _said(other)
    return first.text == second.text if text_only else first == second


def said(content: bytes | msgspec.Raw) -> Said:
    """What a stored message says, apart from its formatting; nothing of what cannot be read."""
    return Said() if bytes(content) == b"null" else _said(content)


def reply_of(content: bytes | msgspec.Raw) -> ReplyTo | None:
    """What a stored message answers."""
    return said(content).reply_to
