"""Every endpoint of the HTTP API, typed.

Written by `make docs` from the server's code; edit that.
"""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from amana_client.transport import Transport


class AssertionResponse(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """What `navigator.credentials.get()` gave, in its JSON form (base64url strings)."""

    clientDataJSON: str
    authenticatorData: str
    signature: str
    userHandle: str | UnsetType | None = UNSET


class AttestationResponse(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """What `navigator.credentials.create()` gave, in its JSON form (base64url strings)."""

    clientDataJSON: str
    attestationObject: str


class BroughtPerson(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """What became of one person: `added`, `offered`, `member` or `refused` with a `code`."""

    user_id: UUID
    outcome: str
    code: str | None


class BroughtPeople(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """What became of each, each person once, in the order of the request."""

    people: list[BroughtPerson]


class CameIn(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """`outcome` is `joined`, `requested` or `member`: was in it already."""

    conversation_id: UUID
    outcome: str


class Remains(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """Something that stays, and why; clients have a sentence for each `what`."""

    what: str
    why: str


class Certificate(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """The erasure of one person, and when it is done the proof of it.

    Attributes: state: `running`; `erased` when nobody can read any of it; `clean` when it has left
    the files of the database as well. rooms: conversations the person was ever in.
    rooms_handed_over: groups that somebody else owns now. rooms_closed: conversations in which
    nobody is left. messages: messages that can never be read again. keys_ended: wrapped data keys
    that were destroyed, of every wording. keys_kept: those that stay for a reason of their own,
    such as a legal hold; only a case reads them.
    """

    user_id: UUID
    state: str
    requested_by: UUID
    requested_at: datetime
    rooms: int
    rooms_handed_over: int
    rooms_closed: int
    messages: int
    keys_ended: int
    keys_kept: int
    sessions: int
    passkeys: int
    private_events: int
    done_at: datetime | None
    pages_clean_at: datetime | None
    remains: list[Remains]


class ClosedBody(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """That nobody writes any more: since when, by whom, and `closed`, `archived` or `ended`."""

    at: int
    by: UUID
    reason: str


class CouldSee(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """Who could see one event at one moment."""

    user_ids: list[UUID]


class Draft(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """What somebody began to write.

    Attributes: thread: the message at the root of the thread; 0: in the conversation itself.
    revision: counts the savings of this place; 0 when there never was any. saved_at: Unix
    milliseconds. reply_to: the message that is to be answered. others: what other devices had
    written when this wording went over it unseen; newest first. unreadable: `erased` or `damaged`;
    absent otherwise.
    """

    conversation_id: UUID
    thread: int
    revision: int
    saved_at: int
    text: str
    reply_to: int | None
    others: list[str]
    unreadable: str | UnsetType = UNSET


class DraftMark(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """That there is a draft; its words come from the list of drafts. `at` in Unix milliseconds."""

    revision: int
    at: int


class Drafts(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """A page of drafts; go on with `after` and `after_thread` = place of the last one."""

    drafts: list[Draft]
    more: bool


class EndedAnswer(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """How many devices were signed out."""

    ended: int


class Pinned(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """Who pinned a message, and when (Unix milliseconds)."""

    by: UUID
    at: int


class PollState(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """How a poll stands, for one reader.

    Attributes: closed: when it was closed (Unix milliseconds); null while people vote. voters: how
    many people voted. totals: how many chose each option, in their order. Null, as `voters`, where
    the votes of an anonymous poll could not be read at its end. mine: what the reader chose; always
    empty in an anonymous poll.
    """

    closed: int | None
    voters: int | None
    totals: list[int] | None
    mine: list[int]


class Reaction(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """One emoji at a message.

    Attributes: since: names it: the event with which it came. count: how many people chose it.
    mine: whether the reader is one of them.
    """

    emoji: str
    since: int
    count: int
    mine: bool


class Removed(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """Who removed a message, and when (Unix milliseconds)."""

    by: UUID
    at: int


class ThreadInfo(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """What stands under a message that has answers, as one reader sees it. Unread: `replies -
    read_no`.

    Attributes: replies: how many were ever written, also those that were removed since: they keep
    their place. last_seq: the newest of them; 0 while there is none. last_ts: its time in Unix
    milliseconds. participants: who wrote last, the newest first, at most three. following: whether
    new answers concern the reader. read_no: how many of them a follower has read; 0 for those who
    never followed.
    """

    replies: int
    last_seq: int
    last_ts: int
    participants: list[UUID]
    following: bool
    read_no: int


class Entry(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """The current state of one entry of a conversation: a message, or something that happened to the
    room.

    Attributes: ts: server time in Unix milliseconds. revision: 0 as first sent, then the number of
    edits. edited_at: time of the newest edit in Unix milliseconds. content: as the event kind's
    payload says; null for removed and unreadable entries. unreadable: `erased` or `damaged`; absent
    otherwise. starred: true where I gave it a star; absent otherwise. thread: what stands under the
    message; absent where nothing does. reactions: the emojis put to the message, the first one
    first; absent where there is none. pinned: by whom and since when; absent where it is not. poll:
    how it stands; absent before the first vote that is not anonymous, and where there is none.
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
    content: Any
    unreadable: str | UnsetType = UNSET
    starred: bool | UnsetType = UNSET
    thread: ThreadInfo | UnsetType = UNSET
    reactions: list[Reaction] | UnsetType = UNSET
    pinned: Pinned | UnsetType = UNSET
    poll: PollState | UnsetType = UNSET


class EntryPage(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """Entries in ascending order.

    Attributes: more: there are older ones; go on with `before` = the first `seq` of this page.
    quotes: answered messages that are not on the page, as far as the reader may see them.
    """

    entries: list[Entry]
    more: bool
    quotes: list[Entry]


class ErrorBody(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """What went wrong: `code` for programs, `message` for people, `fields` for both."""

    code: str
    message: str
    fields: dict[str, Any]


class EventPage(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """Events in ascending order, each as on the socket.

    Attributes: limited: there are more after the last one.
    """

    events: list[Any]
    limited: bool
    head_seq: int


class Posted(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """The place of what was sent; a retry gets the same. `ts` in Unix milliseconds.

    Attributes: undo_until: until then nobody gets the message and it can be taken back (Unix
    milliseconds); `seq` and `ts` are 0 then. Absent from what is sent.
    """

    seq: int
    ts: int
    client_id: UUID
    undo_until: int | UnsetType = UNSET


class ForwardedTo(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """What became of one target: `posted`, or the `error` with which it was refused."""

    conversation_id: UUID
    posted: Posted | None
    error: ErrorBody | None


class ForwardOutcomes(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """One for each target, in the same order."""

    outcomes: list[ForwardedTo]


class HistoryBody(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """What those who join later may read."""

    policy: str
    days: int | None


class HistoryWanted(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """What those who join later may read; `days` only with the policy of that name."""

    policy: Literal["all", "since_joining", "days"]
    days: int | UnsetType | None = UNSET


class InvitationPreview(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """What one would join."""

    organisation: str
    inviter: str
    conversation_title: str | None
    expires_at: datetime


class OpenInvitation(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """An invitation that still works."""

    invitation_id: UUID
    role: str
    conversation_id: UUID | None
    invited_by: UUID
    inviter: str
    created_at: datetime
    expires_at: datetime
    max_uses: int
    uses: int


class InvitationsAnswer(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """Invitations that still work, newest first."""

    invitations: list[OpenInvitation]


class IssuedAnswer(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """A fresh invitation. The link is shown now and never again."""

    invitation_id: UUID
    url: str
    qr_svg: str
    role: str
    conversation_id: UUID | None
    expires_at: datetime
    max_uses: int


class TokenAnswer(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """A token without its secret. `last_used_at` moves in steps of five minutes."""

    token_id: UUID
    name: str
    scopes: list[str]
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None


class IssuedTokenAnswer(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """A fresh token. `secret` goes after `Authorization: Bearer`; it is shown now and never again."""

    token: TokenAnswer
    secret: str


class WitnessCoverage(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """How far a witness of the policy has followed. Times in Unix milliseconds, null for never.

    `size` entries are covered by its newest signature, `behind` are not yet, the oldest of those
    for `delay_s` seconds. `last_error` is a code. `rollback_seen` tells since when the witness says
    that it has seen more (`alarm` is `rolled_back`) or something else (`forked`) than is stored
    here: `alarm_size` entries.
    """

    name: str
    vkey: str
    size: int
    behind: int
    delay_s: int
    cosigned_at: int | None
    last_error: str | None
    failing_since: int | None
    rollback_seen: int | None
    alarm: str | None
    alarm_size: int | None


class LogState(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """The newest log. Times in Unix milliseconds; `checkpoint_at` is null before the first checkpoint.

    `quorum_size` entries have the signatures that the policy asks for; null when it asks for none.
    """

    log_no: int
    origin: str
    vkey: str
    url: str
    size: int
    checkpoint_at: int | None
    quorum_size: int | None
    witnesses: list[WitnessCoverage]


class Me(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """Oneself."""

    user_id: UUID
    display_name: str
    handle: str
    role: str
    language: str


class OrganisationAnswer(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """The organisation."""

    org_id: UUID
    name: str


class MeAnswer(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """Who is signed in, where, and how far the private log reaches."""

    person: Me
    organisation: OrganisationAnswer
    session_id: UUID
    user_pos: int


class MemberLine(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """One member; `joined_at` in Unix milliseconds.

    `read_seq` is null where the room or the person does not let me see it.
    """

    user_id: UUID
    display_name: str
    role: str
    joined_at: int
    visible_from: int
    read_seq: int | None


class Members(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """A page of members in the order of their ids; go on with `after` = the last one."""

    members: list[MemberLine]
    more: bool


class MentionLine(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """One message that names me.

    Attributes: at: the event that named me. thread: the message under which it stands, or null.
    everyone: I am named as one of all. ts: when I was named, Unix milliseconds. entry: the message
    in its current state; null where it cannot be shown.
    """

    conversation_id: UUID
    seq: int
    at: int
    thread: int | None
    everyone: bool
    ts: int
    read: bool
    entry: Entry | None


class MentionPage(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """The newest first; go on with `before` = `next`, null at the end."""

    mentions: list[MentionLine]
    next: str | None


class Recipient(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """Somebody whom the message has reached: `delivered` or `read`.

    `at` is when at the latest, in Unix milliseconds; null where nobody noted it.
    """

    user_id: UUID
    state: str
    at: int | None


class MessageReceipts(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """How far a message has come with the others who were there when it was sent.

    Attributes: shown: what the room shows: `off`, `count` or `named`; above 256 members at most
    `count`. delivered: how many have got it, those who read it among them; null where nothing is
    shown. read: how many have read it. people: who, the readers first; null unless people are
    named.
    """

    shown: str
    delivered: int | None
    read: int | None
    people: list[Recipient] | None


class OfferLine(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """A room that `by` asks the person to come into; `at` in Unix milliseconds."""

    conversation_id: UUID
    by: UUID
    at: int
    kind: str
    title: str | None
    purpose: str | None
    members_count: int


class RequestLine(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """A room that the person asks to come into; `at` in Unix milliseconds."""

    conversation_id: UUID
    at: int


class MyJoining(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """Rooms that the person is not in yet, the newest first."""

    offers: list[OfferLine]
    requests: list[RequestLine]


class MySide(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """A conversation's private side: the switches, and the draft of the conversation itself."""

    muted_until: int | UnsetType | None = UNSET
    archived: bool | UnsetType = UNSET
    unread_at: int | UnsetType | None = UNSET
    pinned_at: int | UnsetType | None = UNSET
    section_id: UUID | UnsetType | None = UNSET
    draft: DraftMark | UnsetType | None = UNSET


class Naming(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """One place in a text where somebody is named.

    Attributes: text: what stands there: `@Ana Tamm`. user_id: who is meant; without it everybody.
    """

    text: str
    user_id: UUID | UnsetType | None = UNSET


class NewCredential(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """A `PublicKeyCredential` from `create()`, as `toJSON()` writes it."""

    id: str
    rawId: str
    type: str
    response: AttestationResponse


class RoomLinkLine(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """A link that still lets somebody in; times in Unix milliseconds."""

    link_id: UUID
    made_by: UUID
    maker: str
    made_at: int
    expires_at: int
    max_uses: int
    uses: int
    approval: bool


class NewLink(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """A fresh link. Its address and its QR code (SVG text) are shown now and never again."""

    link: RoomLinkLine
    url: str
    qr_svg: str


class NewPasskey(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """The answer to a creation ceremony."""

    challenge_id: UUID
    credential: NewCredential


class Opened(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """An open ceremony: hand `options` to `navigator.credentials`, answer with `challenge_id`."""

    challenge_id: UUID
    options: dict[str, Any]


class OrganisationPolicy(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """What holds for everybody.

    Attributes: ask_before_adding: whoever is to be added to a room is asked first.
    """

    ask_before_adding: bool


class OwnVote(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """Whether the caller voted, and what. Of an anonymous vote nobody knows what, at the end not
    whether.
    """

    voted: bool
    choices: list[int]


class PasskeyAnswer(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """A passkey; `credential_id` is the browser's `id` of it."""

    credential_id: str
    label: str
    created_at: datetime
    last_used_at: datetime | None


class PasskeysAnswer(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """One's own passkeys, the oldest first."""

    passkeys: list[PasskeyAnswer]


class Person(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """Somebody in the directory. Of an `erased` person the id is left; clients show words of their
    own.
    """

    user_id: UUID
    display_name: str
    handle: str
    role: str
    erased: bool | UnsetType = UNSET


class PeopleAnswer(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """A page of the directory; `next` continues it."""

    people: list[Person]
    next: UUID | None


class PersonInRoom(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """Somebody who could be appointed."""

    user_id: UUID
    display_name: str


class Pins(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """The pinned messages that the reader sees, the one pinned last first."""

    entries: list[Entry]


class PolicyAnswer(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """The policy that counts, and since when (Unix ms); both null before the first one."""

    policy: str | None
    set_at: int | None


class Poll(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """What is asked besides the text of the message.

    Attributes: options: what may be chosen, in this order; votes name them by their place, from 0.
    multiple: one person may choose several. anonymous: nobody can learn who chose what; votes are
    final, the result is said at the end. closes_at: Unix milliseconds; absent: its author, or who
    looks after the room, closes it.
    """

    options: list[str]
    multiple: bool | UnsetType = UNSET
    anonymous: bool | UnsetType = UNSET
    closes_at: int | UnsetType | None = UNSET


class PollVoter(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """Who chose what, and when (Unix milliseconds). `seq` is the place of the vote."""

    user_id: UUID
    seq: int
    at: int
    choices: list[int]


class PollVoters(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """A page of people, the earliest vote first; go on with `after` = the last `seq`."""

    voters: list[PollVoter]
    more: bool


class Preferences(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """What others may know of the person, as far as the room tells it at all."""

    receipts: bool
    typing: bool
    presence: bool


class Reactor(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """Who reacted, and when (Unix milliseconds). `seq` is the place of the reaction."""

    user_id: UUID
    seq: int
    at: int


class Reactors(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """A page of people, the first who reacted first; go on with `after` = the last `seq`."""

    reactors: list[Reactor]
    more: bool


class Reminder(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """What somebody wants to be reminded of.

    Attributes: seq: the message; null: the conversation as a whole. due_at: Unix milliseconds.
    fired_at: when the person was reminded; null before that. note: what the person wrote for
    themselves. entry: the message in its current state; null when the person may not see it any
    more.
    """

    reminder_id: UUID
    conversation_id: UUID
    seq: int | None
    due_at: int
    fired_at: int | None
    note: str | None
    entry: Entry | None


class Reminders(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """Every reminder of the person, the next one first."""

    reminders: list[Reminder]


class RepeatWanted(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """How something recurs.

    Attributes: starts: the first time on the clock of the zone, `2026-11-23T09:00`. zone: an IANA
    name, `Europe/Tallinn`. rule: an RRULE, `FREQ=WEEKLY;BYDAY=MO,WE`: daily, weekly, monthly or
    yearly.
    """

    starts: str
    zone: str
    rule: str


class Repeated(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """How something recurs, as it was asked for."""

    starts: str
    zone: str
    rule: str


class RoomInCustody(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """A room without an owner in it, with some of those who are; `title` null: it cannot be opened."""

    conversation_id: UUID
    kind: str
    title: str | None
    members: list[PersonInRoom]


class RoomLinkList(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """Links that still work, the newest first."""

    links: list[RoomLinkLine]


class RoomPreview(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """What the holder of a link would come into.

    Attributes: approval: coming in is asking first. member: the person is in it already.
    """

    kind: str
    title: str | None
    purpose: str | None
    members_count: int
    approval: bool
    member: bool


class RoomsInCustody(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """Rooms that wait for an owner; of many the first."""

    rooms: list[RoomInCustody]


class RulesBody(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """The rules of a room as clients see them; history and retention stand beside them.

    Attributes: edit_window_s: seconds after sending in which an author may edit; null: always, 0:
    never. ends_at: when the room closes by itself, Unix milliseconds; null: never.
    """

    posting: str
    threads: str
    edit_window_s: int | None
    removal: str
    receipts: str
    mention_all: str
    forwarding: bool
    joining: str
    ends_at: int | None


class RulesWanted(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """Rules somebody asks for; what is left out stays. Names and units are those of the answer."""

    posting: Literal["all", "posters"] | UnsetType = UNSET
    threads: Literal["quotes", "threads"] | UnsetType = UNSET
    edit_window_s: int | UnsetType | None = UNSET
    removal: Literal["author", "author_and_owners", "owners"] | UnsetType = UNSET
    receipts: Literal["off", "count", "named"] | UnsetType = UNSET
    mention_all: Literal["all", "owners"] | UnsetType = UNSET
    forwarding: bool | UnsetType = UNSET
    joining: Literal["closed", "approval", "open"] | UnsetType = UNSET
    ends_at: int | UnsetType | None = UNSET


class Words(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """What is to be said, as its author wrote it."""

    text: str
    reply_to: int | UnsetType | None = UNSET
    thread: int | UnsetType | None = UNSET
    mentions: list[Naming] | UnsetType = UNSET
    everyone: int | UnsetType | None = UNSET
    silent: bool | UnsetType = UNSET


class ScheduledLine(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """A scheduled message. Times are Unix milliseconds.

    Attributes: kind: `once`, `recurring`, or `held` for one that failed after it had been held
    back. state: `waiting`, or `failed` with the code of the refusal as `reason`; `sent` and
    `cancelled` only as the answer to a retry. owner_id: in whose name it is said. due: the next
    time; null when it is never said again. content: null for a recurring one of somebody else, and
    for what has ended. unreadable: `erased` or `damaged`; absent otherwise. sent_count: how often
    it was said, the last time at `last_seq`.
    """

    schedule_id: UUID
    conversation_id: UUID
    kind: str
    state: str
    owner_id: UUID
    due: int | None
    repeat: Repeated | None
    revision: int
    content: Words | None
    reason: str | None
    sent_count: int
    last_seq: int | None
    created_at: int
    unreadable: str | UnsetType = UNSET


class ScheduledList(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """What waits or has failed, the next first."""

    scheduled: list[ScheduledLine]


class Section(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """One folder; `name` is null when it cannot be opened. What lies in it says so itself."""

    section_id: UUID
    name: str | None
    collapsed: bool


class Sections(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """Every folder of the person, in its order."""

    sections: list[Section]


class SessionAnswer(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """A device that is signed in; `current` is the one that asks."""

    session_id: UUID
    label: str
    created_at: datetime
    last_seen_at: datetime
    current: bool


class SessionsAnswer(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """Devices that are signed in, the latest seen first."""

    sessions: list[SessionAnswer]


class SetupPreview(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """The set-up link works."""

    expires_at: datetime


class SignedInAnswer(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """A new session. Its token is in the `__Host-amana` cookie only, where no script can read it."""

    organisation: OrganisationAnswer
    person: Me
    session_id: UUID
    conversation_id: UUID | UnsetType | None = UNSET


class Star(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """A message with a star.

    Attributes: no: place in the list; the newest star has the largest. starred_at: Unix
    milliseconds. entry: the message in its current state; null when the person may not see it any
    more.
    """

    conversation_id: UUID
    seq: int
    no: int
    starred_at: int
    entry: Entry | None


class Stars(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """A page of stars, the newest first; go on with `before` = `no` of the last one."""

    stars: list[Star]
    more: bool


class UnreadMention(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """A message that names the reader and that they have not read: read up to `at` to be done with it.

    Attributes: seq: the message. at: the event that named them, the message itself or an edit.
    thread: the message under which it stands; then the thread is to be read, not the room.
    everyone: as one of all.
    """

    seq: int
    at: int
    thread: int | None
    everyone: bool


class Summary(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """A conversation in the list. Unread messages: `msg_no - read_no`.

    Attributes: kind: `direct`, `group`, `channel` or `announcement`. my_role: `owner`, `deputy`,
    `poster` or `member`. visible_from: the first event that I may see. fence: epoch of the log;
    another one than the client holds means: load everything again. last: the newest message, in its
    current state. peer_id: the other person of a direct conversation. retention_days: after how
    many days messages are erased; null: only when somebody removes them. closed: null while people
    write in it. mine: what only I see of it: how loud it is, where it stands in my list, my draft.
    mentions: the newest messages that name me and that I have not read, in the order of naming.
    delivered_to: up to here everybody else has got everything, and `read_by` up to there read it;
    both null where the room does not say or has more than 32 members, and where nobody else is
    seen.
    """

    conversation_id: UUID
    kind: str
    title: str | None
    purpose: str | None
    owner_id: UUID | None
    members_count: int
    my_role: str
    visible_from: int
    head_seq: int
    msg_no: int
    read_seq: int
    read_no: int
    fence: int
    last: Entry | None
    peer_id: UUID | None
    retention_days: int | None
    history: HistoryBody
    rules: RulesBody
    closed: ClosedBody | None
    mine: MySide
    mentions: list[UnreadMention]
    delivered_to: int | None
    read_by: int | None


class Sync(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """What a device needs to begin; `user_pos` is older than or equal to all of it.

    Attributes: at: Unix milliseconds; a `hello` with this as its `since` is told of everything that
    moved after this answer was made. joining: rooms the person is asked, or asks, to come into;
    null in every part but the first. next: the `after` of the following part; null when this was
    the last one.
    """

    user_pos: int
    at: int
    conversations: list[Summary]
    next: str | None
    joining: MyJoining | UnsetType | None = UNSET


class Target(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """Where to, with the retry key of the copy: a UUIDv7 made once."""

    conversation_id: UUID
    client_id: UUID


class ThreadLine(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """One thread that I follow; `root` is null where I may not see it."""

    conversation_id: UUID
    seq: int
    thread: ThreadInfo
    root: Entry | None


class ThreadList(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """The one with the newest answer first; go on with `before` = `next`, null at the end.

    Attributes: unread: how many of all threads that I follow have answers I have not read.
    """

    threads: list[ThreadLine]
    unread: int
    next: str | None


class ThreadPage(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """Answers in ascending order, each in its current state.

    Attributes: root: the message under which they stand; null for those who came too late to see
    it. more: there are older ones; go on with `before` = the first `seq` of this page. quotes:
    answered messages that are not on the page, as far as the reader may see them.
    """

    root: Entry | None
    entries: list[Entry]
    more: bool
    quotes: list[Entry]


class TokensAnswer(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """One's own tokens that work, the newest first."""

    tokens: list[TokenAnswer]


class Undone(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """What was taken back, for editing; null when it was taken back before."""

    content: Words | None


class UsedCredential(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """A `PublicKeyCredential` from `get()`, as `toJSON()` writes it."""

    id: str
    rawId: str
    type: str
    response: AssertionResponse


class Version(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """One wording.

    Attributes: revision: 0 as first sent, then the number of the edit. at: Unix milliseconds.
    content: as in the event; null once the trace is over. unreadable: `erased` or `damaged`; absent
    otherwise.
    """

    revision: int
    at: int
    content: Any
    unreadable: str | UnsetType = UNSET


class VersionList(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """The wordings of a message, ascending."""

    versions: list[Version]


class WaitingPerson(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """Somebody who asks (`request`) or is asked (`offer`) to come in; `at` in Unix milliseconds."""

    user_id: UUID
    display_name: str
    way: str
    by: UUID
    at: int
    link_id: UUID | None


class WaitingPeople(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """Who waits at a room, the oldest first; of many the first."""

    waiting: list[WaitingPerson]


class Operations:
    """The endpoints, by the names of their operations; docs/api/http.md has the list.

    Every method raises ``Refused`` when the server says no.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def accept_offer(self, conversation_id: UUID) -> None:
        """Come into a room that one is asked to come into.

        API tokens need the scope `personal`.
        """
        await self._transport.ask(type(None), "PUT", f"/v1/joining/{conversation_id}")

    async def add_member(self, conversation_id: UUID, user_id: UUID) -> None:
        """Bring a person into a group. Adding a member again changes nothing.

        Needs the capability `member.add`.

        API tokens need the scope `rooms:manage`.
        """
        await self._transport.ask(type(None), "PUT", f"/v1/conversations/{conversation_id}/members/{user_id}")

    async def add_members(self, conversation_id: UUID, *, user_ids: list[UUID]) -> BroughtPeople:
        """Bring up to 500 people into a group; where the organisation wants that, ask them first.

        Needs the capability `member.add`.

        API tokens need the scope `rooms:manage`.
        """
        return await self._transport.ask(
            BroughtPeople, "POST", f"/v1/conversations/{conversation_id}/members", {"user_ids": user_ids}
        )

    async def add_passkey(self, *, challenge_id: UUID, credential: NewCredential) -> None:
        """Add a passkey to one's own account.

        API tokens need the scope `account`.
        """
        await self._transport.ask(
            type(None), "POST", "/v1/passkeys", {"challenge_id": challenge_id, "credential": credential}
        )

    async def add_reaction(self, conversation_id: UUID, seq: int, *, client_id: UUID, emoji: str) -> Posted:
        """Put an emoji to a message. One that is there already stays.

        API tokens need the scope `messages:write`.
        """
        return await self._transport.ask(
            Posted,
            "POST",
            f"/v1/conversations/{conversation_id}/messages/{seq}/reactions",
            {"client_id": client_id, "emoji": emoji},
        )

    async def add_star(self, conversation_id: UUID, seq: int) -> None:
        """Give a message a star that only the person sees.

        API tokens need the scope `personal`.
        """
        await self._transport.ask(
            type(None), "PUT", f"/v1/conversations/{conversation_id}/messages/{seq}/star"
        )

    async def approve_joining(self, conversation_id: UUID, user_id: UUID) -> None:
        """Let somebody in who asks.

        Needs the capability `member.add`.

        API tokens need the scope `rooms:manage`.
        """
        await self._transport.ask(type(None), "PUT", f"/v1/conversations/{conversation_id}/joining/{user_id}")

    async def cancel_scheduled(self, conversation_id: UUID, schedule_id: UUID) -> None:
        """Have it never said. What recurs can also be ended by whoever may remove messages of others
        there.

        API tokens need the scope `messages:write`.
        """
        await self._transport.ask(
            type(None), "DELETE", f"/v1/conversations/{conversation_id}/scheduled/{schedule_id}"
        )

    async def cast_vote(
        self, conversation_id: UUID, seq: int, *, client_id: UUID, choices: list[int]
    ) -> None:
        """Vote in a poll. A named vote replaces the one before it; an anonymous one is final.

        API tokens need the scope `messages:write`.
        """
        await self._transport.ask(
            type(None),
            "POST",
            f"/v1/conversations/{conversation_id}/messages/{seq}/poll/votes",
            {"client_id": client_id, "choices": choices},
        )

    async def change_conversation(
        self,
        conversation_id: UUID,
        *,
        title: str | UnsetType | None = UNSET,
        purpose: str | UnsetType | None = UNSET,
        retention_days: int | UnsetType | None = UNSET,
        history: HistoryWanted | UnsetType | None = UNSET,
        rules: RulesWanted | UnsetType = UNSET,
    ) -> Summary:
        """Change a room's title, purpose, rules, history for those who join later, or how long
        messages stay.

        Rules need `conversation.rules`, the retention `conversation.retention`.

        Needs the capability `conversation.rename`.

        API tokens need the scope `rooms:manage`.
        """
        return await self._transport.ask(
            Summary,
            "PATCH",
            f"/v1/conversations/{conversation_id}",
            {
                "title": title,
                "purpose": purpose,
                "retention_days": retention_days,
                "history": history,
                "rules": rules,
            },
        )

    async def change_log_policy(
        self, *, policy: str, current_password: str | UnsetType | None = UNSET
    ) -> PolicyAnswer:
        """Replace the policy. Needs a fresh proof, and becomes an entry of the log itself.

        Needs the capability `log.witnesses`.

        API tokens need the scope `admin`.
        """
        return await self._transport.ask(
            PolicyAnswer, "PUT", "/v1/log/policy", {"policy": policy, "current_password": current_password}
        )

    async def change_me(
        self,
        *,
        display_name: str | UnsetType = UNSET,
        language: Literal["en", "de", "et", "ar"] | UnsetType = UNSET,
    ) -> MeAnswer:
        """Change one's own name or language.

        API tokens need the scope `account`.
        """
        return await self._transport.ask(
            MeAnswer, "PATCH", "/v1/me", {"display_name": display_name, "language": language}
        )

    async def change_member_role(
        self, conversation_id: UUID, user_id: UUID, *, role: Literal["member", "deputy", "poster"]
    ) -> None:
        """Make a member a deputy, a poster or an ordinary one.

        Needs `member.posters`, where somebody becomes or no longer is a deputy `member.deputies`.

        API tokens need the scope `rooms:manage`.
        """
        await self._transport.ask(
            type(None), "PUT", f"/v1/conversations/{conversation_id}/members/{user_id}/role", {"role": role}
        )

    async def change_my_side(
        self,
        conversation_id: UUID,
        *,
        muted_until: int | UnsetType | None = UNSET,
        archived: bool | UnsetType = UNSET,
        unread: bool | UnsetType = UNSET,
        pinned: bool | UnsetType = UNSET,
        section_id: UUID | UnsetType | None = UNSET,
    ) -> MySide:
        """Mute, archive, mark as unread, put on top, put into a folder: for oneself only.

        API tokens need the scope `personal`.
        """
        return await self._transport.ask(
            MySide,
            "PATCH",
            f"/v1/conversations/{conversation_id}/mine",
            {
                "muted_until": muted_until,
                "archived": archived,
                "unread": unread,
                "pinned": pinned,
                "section_id": section_id,
            },
        )

    async def change_owner(self, conversation_id: UUID, *, user_id: UUID) -> None:
        """Make another member the owner of the group.

        Needs the capability `owner.change`.

        API tokens need the scope `rooms:manage`.
        """
        await self._transport.ask(
            type(None), "PUT", f"/v1/conversations/{conversation_id}/owner", {"user_id": user_id}
        )

    async def change_password(self, *, new: str, current: str | UnsetType | None = UNSET) -> None:
        """Set or change one's own password; all other devices are signed out.

        API tokens need the scope `account`.
        """
        await self._transport.ask(type(None), "PUT", "/v1/me/password", {"new": new, "current": current})

    async def change_policy(self, *, ask_before_adding: bool | UnsetType = UNSET) -> OrganisationPolicy:
        """Choose what holds for the whole organisation.

        Needs the capability `organisation.policy`.

        API tokens need the scope `admin`.
        """
        return await self._transport.ask(
            OrganisationPolicy, "PATCH", "/v1/organisation/policy", {"ask_before_adding": ask_before_adding}
        )

    async def change_preferences(
        self,
        *,
        receipts: bool | UnsetType = UNSET,
        typing: bool | UnsetType = UNSET,
        presence: bool | UnsetType = UNSET,
    ) -> Preferences:
        """Change what others may know of the person, on all devices.

        API tokens need the scope `personal`.
        """
        return await self._transport.ask(
            Preferences,
            "PATCH",
            "/v1/preferences",
            {"receipts": receipts, "typing": typing, "presence": presence},
        )

    async def change_role(
        self, user_id: UUID, *, role: Literal["guest", "member", "admin", "owner"]
    ) -> Person:
        """Give somebody another role.

        Needs the capability `people.roles`.

        API tokens need the scope `admin`.
        """
        return await self._transport.ask(Person, "PUT", f"/v1/people/{user_id}/role", {"role": role})

    async def change_scheduled(
        self,
        conversation_id: UUID,
        schedule_id: UUID,
        *,
        client_id: UUID,
        text: str,
        reply_to: int | UnsetType | None = UNSET,
        thread: int | UnsetType | None = UNSET,
        mentions: list[Naming] | UnsetType = UNSET,
        everyone: int | UnsetType | None = UNSET,
        silent: bool | UnsetType = UNSET,
        poll: Poll | UnsetType | None = UNSET,
        at: int | UnsetType | None = UNSET,
        repeat: RepeatWanted | UnsetType | None = UNSET,
    ) -> ScheduledLine:
        """Replace text and time of one's own; one that had failed waits again. `client_id` is not
        looked at.

        API tokens need the scope `messages:write`.
        """
        return await self._transport.ask(
            ScheduledLine,
            "PUT",
            f"/v1/conversations/{conversation_id}/scheduled/{schedule_id}",
            {
                "client_id": client_id,
                "text": text,
                "reply_to": reply_to,
                "thread": thread,
                "mentions": mentions,
                "everyone": everyone,
                "silent": silent,
                "poll": poll,
                "at": at,
                "repeat": repeat,
            },
        )

    async def close_poll(self, conversation_id: UUID, seq: int, *, client_id: UUID) -> Posted:
        """Close a poll: its author may, and whoever may remove messages of others.

        API tokens need the scope `messages:write`.
        """
        return await self._transport.ask(
            Posted,
            "POST",
            f"/v1/conversations/{conversation_id}/messages/{seq}/poll/closing",
            {"client_id": client_id},
        )

    async def close_room(self, conversation_id: UUID, *, archived: bool | UnsetType = UNSET) -> None:
        """Let nobody write in a room any more; members read on.

        Needs `conversation.close`, or `conversation.archive` for `archived`: also from outside.

        API tokens need the scope `rooms:manage`.
        """
        await self._transport.ask(
            type(None), "PUT", f"/v1/conversations/{conversation_id}/closed", {"archived": archived}
        )

    async def create_conversation(
        self,
        *,
        client_id: UUID,
        kind: Literal["group", "channel", "announcement"] | UnsetType = UNSET,
        title: str | UnsetType = UNSET,
        purpose: str | UnsetType = UNSET,
        member_ids: list[UUID] | UnsetType = UNSET,
        history: HistoryWanted | UnsetType | None = UNSET,
        rules: RulesWanted | UnsetType = UNSET,
    ) -> Summary:
        """Create a group, a channel or an announcement room.

        Repeating it with the same `client_id` gives the first one.

        Needs the capability `conversation.create`.

        API tokens need the scope `rooms:manage`.
        """
        return await self._transport.ask(
            Summary,
            "POST",
            "/v1/conversations",
            {
                "client_id": client_id,
                "kind": kind,
                "title": title,
                "purpose": purpose,
                "member_ids": member_ids,
                "history": history,
                "rules": rules,
            },
        )

    async def create_invitation(
        self,
        *,
        conversation_id: UUID | UnsetType | None = UNSET,
        role: Literal["guest", "member", "admin"] | UnsetType = UNSET,
        max_uses: int | UnsetType = UNSET,
        expires_in_s: int | UnsetType = UNSET,
    ) -> IssuedAnswer:
        """Make an invitation link and its QR code.

        Needs the capability `people.invite`.

        API tokens need the scope `admin`.
        """
        return await self._transport.ask(
            IssuedAnswer,
            "POST",
            "/v1/invitations",
            {
                "conversation_id": conversation_id,
                "role": role,
                "max_uses": max_uses,
                "expires_in_s": expires_in_s,
            },
        )

    async def create_room_link(
        self,
        conversation_id: UUID,
        *,
        uses: int | UnsetType = UNSET,
        expires_at: int | UnsetType | None = UNSET,
        approval: bool | UnsetType | None = UNSET,
    ) -> NewLink:
        """Make a link by which people of the organisation come into a room, and its QR code.

        Needs the capability `member.add`.

        API tokens need the scope `rooms:manage`.
        """
        return await self._transport.ask(
            NewLink,
            "POST",
            f"/v1/conversations/{conversation_id}/links",
            {"uses": uses, "expires_at": expires_at, "approval": approval},
        )

    async def create_token(
        self,
        *,
        name: str,
        scopes: list[
            Literal[
                "messages:read",
                "messages:write",
                "rooms:manage",
                "people:read",
                "personal",
                "account",
                "admin",
            ]
        ],
        expires_in_s: int | UnsetType = UNSET,
        current_password: str | UnsetType | None = UNSET,
    ) -> IssuedTokenAnswer:
        """Make a token for one's own programs; needs a fresh proof of who asks.

        API tokens need the scope `account`.
        """
        return await self._transport.ask(
            IssuedTokenAnswer,
            "POST",
            "/v1/tokens",
            {
                "name": name,
                "scopes": scopes,
                "expires_in_s": expires_in_s,
                "current_password": current_password,
            },
        )

    async def edit_message(
        self,
        conversation_id: UUID,
        seq: int,
        *,
        client_id: UUID,
        text: str,
        mentions: list[Naming] | UnsetType | None = UNSET,
    ) -> Posted:
        """Replace the text of one's own message.

        API tokens need the scope `messages:write`.
        """
        return await self._transport.ask(
            Posted,
            "PUT",
            f"/v1/conversations/{conversation_id}/messages/{seq}",
            {"client_id": client_id, "text": text, "mentions": mentions},
        )

    async def erase_person(
        self, user_id: UUID, *, current_password: str | UnsetType | None = UNSET
    ) -> Certificate:
        """Erase a person, oneself or (with `people.erase`) somebody else. Cannot be undone.

        API tokens need the scope `admin`.
        """
        return await self._transport.ask(
            Certificate, "POST", f"/v1/people/{user_id}/erasure", {"current_password": current_password}
        )

    async def follow_thread(self, conversation_id: UUID, seq: int) -> None:
        """Hear of new answers in a thread.

        API tokens need the scope `messages:write`.
        """
        await self._transport.ask(
            type(None), "PUT", f"/v1/conversations/{conversation_id}/threads/{seq}/follow"
        )

    async def forward_message(
        self, conversation_id: UUID, seq: int, *, targets: list[Target]
    ) -> ForwardOutcomes:
        """Say a message again in other conversations, with whose words they are.

        API tokens need the scope `messages:write`.
        """
        return await self._transport.ask(
            ForwardOutcomes,
            "POST",
            f"/v1/conversations/{conversation_id}/messages/{seq}/forwards",
            {"targets": targets},
        )

    async def get_conversation(self, conversation_id: UUID) -> Summary:
        """Give one conversation as it stands in the list.

        API tokens need the scope `messages:read`.
        """
        return await self._transport.ask(Summary, "GET", f"/v1/conversations/{conversation_id}")

    async def get_draft(self, conversation_id: UUID, *, thread: int | None = None) -> Draft:
        """Give what the person began to write here; `revision` 0 when there never was anything.

        API tokens need the scope `personal`.
        """
        return await self._transport.ask(
            Draft, "GET", f"/v1/conversations/{conversation_id}/draft", query={"thread": thread}
        )

    async def get_me(self) -> MeAnswer:
        """Who is signed in."""
        return await self._transport.ask(MeAnswer, "GET", "/v1/me")

    async def get_message(self, conversation_id: UUID, seq: int) -> Entry:
        """Give one entry in its current state, for example what a message answers.

        API tokens need the scope `messages:read`.
        """
        return await self._transport.ask(Entry, "GET", f"/v1/conversations/{conversation_id}/messages/{seq}")

    async def get_my_vote(self, conversation_id: UUID, seq: int) -> OwnVote:
        """Give one's own vote; of an open anonymous poll only whether there is one.

        API tokens need the scope `messages:read`.
        """
        return await self._transport.ask(
            OwnVote, "GET", f"/v1/conversations/{conversation_id}/messages/{seq}/poll/mine"
        )

    async def get_thread(
        self, conversation_id: UUID, seq: int, *, before: int | None = None, limit: int | None = None
    ) -> ThreadPage:
        """Give a message and the newest answers in its thread before `before`.

        API tokens need the scope `messages:read`.
        """
        return await self._transport.ask(
            ThreadPage,
            "GET",
            f"/v1/conversations/{conversation_id}/threads/{seq}",
            query={"before": before, "limit": limit},
        )

    async def give_up_joining(self, conversation_id: UUID) -> None:
        """Decline what one is asked, or withdraw what one asked.

        API tokens need the scope `personal`.
        """
        await self._transport.ask(type(None), "DELETE", f"/v1/joining/{conversation_id}")

    async def join(
        self,
        *,
        secret: str,
        display_name: str,
        language: Literal["en", "de", "et", "ar"],
        password: str | UnsetType | None = UNSET,
        passkey: NewPasskey | UnsetType | None = UNSET,
    ) -> SignedInAnswer:
        """Join with an invitation and sign in.

        Not for API tokens.
        """
        return await self._transport.ask(
            SignedInAnswer,
            "POST",
            "/v1/join",
            {
                "secret": secret,
                "display_name": display_name,
                "language": language,
                "password": password,
                "passkey": passkey,
            },
        )

    async def join_by_room_link(self, *, secret: str) -> CameIn:
        """Come into a room by a link, or ask to. Repeating it changes nothing.

        API tokens need the scope `personal`.
        """
        return await self._transport.ask(CameIn, "POST", "/v1/room-links/join", {"secret": secret})

    async def join_room(self, conversation_id: UUID) -> CameIn:
        """Come into a room that lets people in, or ask to. Repeating it changes nothing.

        API tokens need the scope `personal`.
        """
        return await self._transport.ask(CameIn, "POST", f"/v1/conversations/{conversation_id}/join")

    async def list_drafts(
        self, *, after: UUID | None = None, after_thread: int | None = None, limit: int | None = None
    ) -> Drafts:
        """List what the person began to write, by conversation and thread.

        API tokens need the scope `personal`.
        """
        return await self._transport.ask(
            Drafts, "GET", "/v1/drafts", query={"after": after, "after_thread": after_thread, "limit": limit}
        )

    async def list_events(
        self, conversation_id: UUID, *, after: int | None = None, limit: int | None = None
    ) -> EventPage:
        """Give the first events after `after`: how a device catches up.

        API tokens need the scope `messages:read`.
        """
        return await self._transport.ask(
            EventPage,
            "GET",
            f"/v1/conversations/{conversation_id}/events",
            query={"after": after, "limit": limit},
        )

    async def list_invitations(self) -> InvitationsAnswer:
        """Invitations that still work, newest first.

        Needs the capability `people.invite`.

        API tokens need the scope `admin`.
        """
        return await self._transport.ask(InvitationsAnswer, "GET", "/v1/invitations")

    async def list_members(
        self, conversation_id: UUID, *, after: UUID | None = None, limit: int | None = None
    ) -> Members:
        """List who is in the conversation now.

        API tokens need the scope `messages:read`.
        """
        return await self._transport.ask(
            Members,
            "GET",
            f"/v1/conversations/{conversation_id}/members",
            query={"after": after, "limit": limit},
        )

    async def list_mentions(self, *, before: str | None = None, limit: int | None = None) -> MentionPage:
        """Give the messages that name the person, in all conversations, the newest first.

        API tokens need the scope `messages:read`.
        """
        return await self._transport.ask(
            MentionPage, "GET", "/v1/mentions", query={"before": before, "limit": limit}
        )

    async def list_messages(
        self, conversation_id: UUID, *, before: int | None = None, limit: int | None = None
    ) -> EntryPage:
        """Give the newest entries before `before`, each in its current state.

        API tokens need the scope `messages:read`.
        """
        return await self._transport.ask(
            EntryPage,
            "GET",
            f"/v1/conversations/{conversation_id}/messages",
            query={"before": before, "limit": limit},
        )

    async def list_my_joining(self) -> MyJoining:
        """List the rooms that the person asks to come into, and those that they are asked to.

        API tokens need the scope `personal`.
        """
        return await self._transport.ask(MyJoining, "GET", "/v1/joining")

    async def list_passkeys(self) -> PasskeysAnswer:
        """One's own passkeys.

        API tokens need the scope `account`.
        """
        return await self._transport.ask(PasskeysAnswer, "GET", "/v1/passkeys")

    async def list_people(self, *, after: UUID | None = None, limit: int | None = None) -> PeopleAnswer:
        """The directory, page by page; guests see whom they share a conversation with.

        API tokens need the scope `people:read`.
        """
        return await self._transport.ask(
            PeopleAnswer, "GET", "/v1/people", query={"after": after, "limit": limit}
        )

    async def list_pins(self, conversation_id: UUID) -> Pins:
        """Give every pinned message in its current state.

        API tokens need the scope `messages:read`.
        """
        return await self._transport.ask(Pins, "GET", f"/v1/conversations/{conversation_id}/pins")

    async def list_reactors(
        self,
        conversation_id: UUID,
        seq: int,
        since: int,
        *,
        after: int | None = None,
        limit: int | None = None,
    ) -> Reactors:
        """Give who chose the emoji that `since` names (see `Entry.reactions`).

        API tokens need the scope `messages:read`.
        """
        return await self._transport.ask(
            Reactors,
            "GET",
            f"/v1/conversations/{conversation_id}/messages/{seq}/reactions/{since}",
            query={"after": after, "limit": limit},
        )

    async def list_reminders(self) -> Reminders:
        """List what the person wants to be reminded of, and what they were reminded of and did not
        end.

        API tokens need the scope `personal`.
        """
        return await self._transport.ask(Reminders, "GET", "/v1/reminders")

    async def list_room_links(self, conversation_id: UUID) -> RoomLinkList:
        """List a room's links that still work, without their secrets.

        Needs the capability `member.add`.

        API tokens need the scope `rooms:manage`.
        """
        return await self._transport.ask(RoomLinkList, "GET", f"/v1/conversations/{conversation_id}/links")

    async def list_rooms_in_custody(self) -> RoomsInCustody:
        """List rooms whose owner is gone and in which nobody could follow: they wait for `…/owner`.

        Needs the capability `owner.change`.

        API tokens need the scope `rooms:manage`.
        """
        return await self._transport.ask(RoomsInCustody, "GET", "/v1/rooms-in-custody")

    async def list_scheduled(self) -> ScheduledList:
        """Give all my scheduled messages that wait or have failed.

        API tokens need the scope `personal`.
        """
        return await self._transport.ask(ScheduledList, "GET", "/v1/scheduled")

    async def list_scheduled_here(self, conversation_id: UUID) -> ScheduledList:
        """Give mine of one conversation; for its owners also what recurs there of others, without its
        text.

        API tokens need the scope `personal`.
        """
        return await self._transport.ask(
            ScheduledList, "GET", f"/v1/conversations/{conversation_id}/scheduled"
        )

    async def list_sections(self) -> Sections:
        """List the person's own folders.

        API tokens need the scope `personal`.
        """
        return await self._transport.ask(Sections, "GET", "/v1/sections")

    async def list_sessions(self) -> SessionsAnswer:
        """The devices that are signed in as oneself.

        API tokens need the scope `account`.
        """
        return await self._transport.ask(SessionsAnswer, "GET", "/v1/sessions")

    async def list_stars(self, *, before: int | None = None, limit: int | None = None) -> Stars:
        """List the messages that the person gave a star; those that are not visible any more without
        content.

        API tokens need the scope `personal`.
        """
        return await self._transport.ask(Stars, "GET", "/v1/stars", query={"before": before, "limit": limit})

    async def list_threads(self, *, before: str | None = None, limit: int | None = None) -> ThreadList:
        """Give the threads that the person follows, in all conversations, the newest answer first.

        API tokens need the scope `messages:read`.
        """
        return await self._transport.ask(
            ThreadList, "GET", "/v1/threads", query={"before": before, "limit": limit}
        )

    async def list_tokens(self) -> TokensAnswer:
        """One's own tokens that work, with their last use.

        API tokens need the scope `account`.
        """
        return await self._transport.ask(TokensAnswer, "GET", "/v1/tokens")

    async def list_versions(self, conversation_id: UUID, seq: int) -> VersionList:
        """Give every wording of one's own message, the first one first, as long as a trace of it is
        kept.

        API tokens need the scope `messages:read`.
        """
        return await self._transport.ask(
            VersionList, "GET", f"/v1/conversations/{conversation_id}/messages/{seq}/versions"
        )

    async def list_voters(
        self, conversation_id: UUID, seq: int, *, after: int | None = None, limit: int | None = None
    ) -> PollVoters:
        """Give who chose what in a named poll.

        API tokens need the scope `messages:read`.
        """
        return await self._transport.ask(
            PollVoters,
            "GET",
            f"/v1/conversations/{conversation_id}/messages/{seq}/poll/votes",
            query={"after": after, "limit": limit},
        )

    async def list_waiting(self, conversation_id: UUID) -> WaitingPeople:
        """List who asks to come into a room, and who is asked to.

        Needs the capability `member.add`.

        API tokens need the scope `rooms:manage`.
        """
        return await self._transport.ask(WaitingPeople, "GET", f"/v1/conversations/{conversation_id}/joining")

    async def mark_read(self, conversation_id: UUID, *, seq: int) -> None:
        """Note how far the person has read; going back changes nothing.

        API tokens need the scope `messages:write`.
        """
        await self._transport.ask(
            type(None), "PUT", f"/v1/conversations/{conversation_id}/read", {"seq": seq}
        )

    async def mark_thread_read(self, conversation_id: UUID, seq: int, *, seq_: int) -> None:
        """Note how far the person has read a thread they follow; going back changes nothing.

        API tokens need the scope `messages:write`.
        """
        await self._transport.ask(
            type(None), "PUT", f"/v1/conversations/{conversation_id}/threads/{seq}/read", {"seq": seq_}
        )

    async def open_direct(self, user_id: UUID) -> Summary:
        """Give the conversation with another person, made now if there is none yet.

        API tokens need the scope `messages:write`.
        """
        return await self._transport.ask(Summary, "PUT", f"/v1/conversations/direct/{user_id}")

    async def open_passkey(
        self,
        *,
        secret: str | UnsetType | None = UNSET,
        display_name: str | UnsetType | None = UNSET,
        current_password: str | UnsetType | None = UNSET,
    ) -> Opened:
        """Begin a new passkey: options for `navigator.credentials.create()`.

        API tokens need the scope `account`.
        """
        return await self._transport.ask(
            Opened,
            "POST",
            "/v1/passkeys/options",
            {"secret": secret, "display_name": display_name, "current_password": current_password},
        )

    async def open_sign_in(self) -> Opened:
        """Begin signing in with a passkey: options for `navigator.credentials.get()`.

        Not for API tokens.
        """
        return await self._transport.ask(Opened, "POST", "/v1/sign-in/options")

    async def order_sections(self, *, section_ids: list[UUID]) -> Sections:
        """Put the folders in another order.

        API tokens need the scope `personal`.
        """
        return await self._transport.ask(Sections, "PUT", "/v1/sections", {"section_ids": section_ids})

    async def pin_message(self, conversation_id: UUID, seq: int) -> None:
        """Pin a message for everybody in the room.

        API tokens need the scope `messages:write`.
        """
        await self._transport.ask(
            type(None), "PUT", f"/v1/conversations/{conversation_id}/messages/{seq}/pin"
        )

    async def preview_invitation(self, *, secret: str) -> InvitationPreview:
        """What the holder of an invitation would join.

        Not for API tokens.
        """
        return await self._transport.ask(
            InvitationPreview, "POST", "/v1/invitations/preview", {"secret": secret}
        )

    async def preview_room_link(self, *, secret: str) -> RoomPreview:
        """Say what the holder of a link would come into.

        API tokens need the scope `personal`.
        """
        return await self._transport.ask(RoomPreview, "POST", "/v1/room-links/preview", {"secret": secret})

    async def preview_setup(self, *, secret: str) -> SetupPreview:
        """Whether a set-up link works, and how long.

        Not for API tokens.
        """
        return await self._transport.ask(SetupPreview, "POST", "/v1/setup/preview", {"secret": secret})

    async def put_reminder(
        self,
        reminder_id: UUID,
        *,
        conversation_id: UUID,
        due_at: int,
        seq: int | UnsetType | None = UNSET,
        note: str | UnsetType = UNSET,
    ) -> None:
        """Set a reminder under an id that the client makes, or give one another time.

        API tokens need the scope `personal`.
        """
        await self._transport.ask(
            type(None),
            "PUT",
            f"/v1/reminders/{reminder_id}",
            {"conversation_id": conversation_id, "due_at": due_at, "seq": seq, "note": note},
        )

    async def put_section(
        self, section_id: UUID, *, name: str, collapsed: bool | UnsetType = UNSET
    ) -> Sections:
        """Make a folder at the end of the list, or change one.

        API tokens need the scope `personal`.
        """
        return await self._transport.ask(
            Sections, "PUT", f"/v1/sections/{section_id}", {"name": name, "collapsed": collapsed}
        )

    async def read_log_checkpoint(self, log_no: int) -> str:
        """A signed note of c2sp.org/tlog-checkpoint with the cosignatures that there are."""
        return await self._transport.ask(str, "GET", f"/log/{log_no}/checkpoint")

    async def read_log_policy(self) -> PolicyAnswer:
        """The policy in the text format of c2sp.org/tlog-policy."""
        return await self._transport.ask(PolicyAnswer, "GET", "/v1/log/policy")

    async def read_log_state(self) -> LogState:
        """The origin and public key of the newest log, its size, and how far each witness has
        followed.
        """
        return await self._transport.ask(LogState, "GET", "/v1/log")

    async def read_log_tile(self, log_no: int, place: str) -> str:
        """`<level>/<index>[.p/<width>]` or `entries/<index>[.p/<width>]` as in c2sp.org/tlog-tiles."""
        return await self._transport.ask(str, "GET", f"/log/{log_no}/tile/{place}")

    async def refuse_joining(self, conversation_id: UUID, user_id: UUID) -> None:
        """Decline what somebody asks, or take back what they are asked.

        Needs the capability `member.add`.

        API tokens need the scope `rooms:manage`.
        """
        await self._transport.ask(
            type(None), "DELETE", f"/v1/conversations/{conversation_id}/joining/{user_id}"
        )

    async def remove_member(self, conversation_id: UUID, user_id: UUID) -> None:
        """Leave a group, or take somebody out of it (needs `member.remove`).

        API tokens need the scope `rooms:manage`.
        """
        await self._transport.ask(
            type(None), "DELETE", f"/v1/conversations/{conversation_id}/members/{user_id}"
        )

    async def remove_message(self, conversation_id: UUID, seq: int, *, client_id: UUID) -> Posted:
        """Take one's own message back, or remove another one's (needs `message.remove_any`).

        API tokens need the scope `messages:write`.
        """
        return await self._transport.ask(
            Posted,
            "POST",
            f"/v1/conversations/{conversation_id}/messages/{seq}/removal",
            {"client_id": client_id},
        )

    async def remove_passkey(self, credential_id: str) -> None:
        """Forget one of one's own passkeys, but never the last way to sign in.

        API tokens need the scope `account`.
        """
        await self._transport.ask(type(None), "DELETE", f"/v1/passkeys/{credential_id}")

    async def remove_reaction(
        self, conversation_id: UUID, seq: int, *, client_id: UUID, emoji: str
    ) -> Posted:
        """Take one's own emoji back.

        API tokens need the scope `messages:write`.
        """
        return await self._transport.ask(
            Posted,
            "POST",
            f"/v1/conversations/{conversation_id}/messages/{seq}/reactions/removal",
            {"client_id": client_id, "emoji": emoji},
        )

    async def reopen_room(self, conversation_id: UUID) -> None:
        """Let people write again; an end date that is over goes.

        Needs `conversation.close`, where the room is archived `conversation.archive`.

        API tokens need the scope `rooms:manage`.
        """
        await self._transport.ask(type(None), "DELETE", f"/v1/conversations/{conversation_id}/closed")

    async def revoke_invitation(self, invitation_id: UUID) -> None:
        """Withdraw an invitation; its link stops working at once.

        Needs the capability `people.invite`.

        API tokens need the scope `admin`.
        """
        await self._transport.ask(type(None), "DELETE", f"/v1/invitations/{invitation_id}")

    async def revoke_other_sessions(self) -> EndedAnswer:
        """Sign all other devices out; their sockets close.

        API tokens need the scope `account`.
        """
        return await self._transport.ask(EndedAnswer, "DELETE", "/v1/sessions/others")

    async def revoke_room_link(self, conversation_id: UUID, link_id: UUID) -> None:
        """Withdraw a link; it stops working at once.

        Needs the capability `member.add`.

        API tokens need the scope `rooms:manage`.
        """
        await self._transport.ask(
            type(None), "DELETE", f"/v1/conversations/{conversation_id}/links/{link_id}"
        )

    async def revoke_session(self, session_id: UUID) -> None:
        """Sign one of one's own devices out; its sockets close.

        API tokens need the scope `account`.
        """
        await self._transport.ask(type(None), "DELETE", f"/v1/sessions/{session_id}")

    async def revoke_token(self, token_id: UUID) -> None:
        """End one of one's own tokens; its sockets close.

        API tokens need the scope `account`.
        """
        await self._transport.ask(type(None), "DELETE", f"/v1/tokens/{token_id}")

    async def save_draft(
        self,
        conversation_id: UUID,
        *,
        text: str,
        revision: int,
        thread: int | UnsetType = UNSET,
        reply_to: int | UnsetType | None = UNSET,
        settled: bool | UnsetType = UNSET,
    ) -> Draft:
        """Keep what a device has; empty text ends it. The answer is what all devices have now.

        API tokens need the scope `personal`.
        """
        return await self._transport.ask(
            Draft,
            "PUT",
            f"/v1/conversations/{conversation_id}/draft",
            {"text": text, "revision": revision, "thread": thread, "reply_to": reply_to, "settled": settled},
        )

    async def schedule_message(
        self,
        conversation_id: UUID,
        *,
        client_id: UUID,
        text: str,
        reply_to: int | UnsetType | None = UNSET,
        thread: int | UnsetType | None = UNSET,
        mentions: list[Naming] | UnsetType = UNSET,
        everyone: int | UnsetType | None = UNSET,
        silent: bool | UnsetType = UNSET,
        poll: Poll | UnsetType | None = UNSET,
        at: int | UnsetType | None = UNSET,
        repeat: RepeatWanted | UnsetType | None = UNSET,
    ) -> ScheduledLine:
        """Have a message said at a time, or again and again. The same `client_id` again gives the same
        one.

        API tokens need the scope `messages:write`.
        """
        return await self._transport.ask(
            ScheduledLine,
            "POST",
            f"/v1/conversations/{conversation_id}/scheduled",
            {
                "client_id": client_id,
                "text": text,
                "reply_to": reply_to,
                "thread": thread,
                "mentions": mentions,
                "everyone": everyone,
                "silent": silent,
                "poll": poll,
                "at": at,
                "repeat": repeat,
            },
        )

    async def send_message(
        self,
        conversation_id: UUID,
        *,
        client_id: UUID,
        text: str,
        reply_to: int | UnsetType | None = UNSET,
        thread: int | UnsetType | None = UNSET,
        mentions: list[Naming] | UnsetType = UNSET,
        everyone: int | UnsetType | None = UNSET,
        silent: bool | UnsetType = UNSET,
        poll: Poll | UnsetType | None = UNSET,
        undo_s: int | UnsetType | None = UNSET,
    ) -> Posted:
        """Send a message. Answered after it is stored; repeating it with the same `client_id` is safe.

        API tokens need the scope `messages:write`.
        """
        return await self._transport.ask(
            Posted,
            "POST",
            f"/v1/conversations/{conversation_id}/messages",
            {
                "client_id": client_id,
                "text": text,
                "reply_to": reply_to,
                "thread": thread,
                "mentions": mentions,
                "everyone": everyone,
                "silent": silent,
                "poll": poll,
                "undo_s": undo_s,
            },
        )

    async def set_up(
        self,
        *,
        secret: str,
        organisation: str,
        display_name: str,
        language: Literal["en", "de", "et", "ar"],
        password: str | UnsetType | None = UNSET,
        passkey: NewPasskey | UnsetType | None = UNSET,
    ) -> SignedInAnswer:
        """Make the organisation and its owner, and sign the owner in.

        Not for API tokens.
        """
        return await self._transport.ask(
            SignedInAnswer,
            "POST",
            "/v1/setup",
            {
                "secret": secret,
                "organisation": organisation,
                "display_name": display_name,
                "language": language,
                "password": password,
                "passkey": passkey,
            },
        )

    async def show_erasure(self, user_id: UUID) -> Certificate:
        """How far the erasure of a person is; when it is done, its certificate.

        Needs the capability `people.erase`.

        API tokens need the scope `admin`.
        """
        return await self._transport.ask(Certificate, "GET", f"/v1/people/{user_id}/erasure")

    async def show_policy(self) -> OrganisationPolicy:
        """Give what holds for the whole organisation."""
        return await self._transport.ask(OrganisationPolicy, "GET", "/v1/organisation/policy")

    async def show_preferences(self) -> Preferences:
        """Give the person's own preferences.

        API tokens need the scope `personal`.
        """
        return await self._transport.ask(Preferences, "GET", "/v1/preferences")

    async def show_receipts(self, conversation_id: UUID, seq: int) -> MessageReceipts:
        """Say who has got and who has read a message, as far as the room's rule and each person allow.

        API tokens need the scope `messages:read`.
        """
        return await self._transport.ask(
            MessageReceipts, "GET", f"/v1/conversations/{conversation_id}/messages/{seq}/receipts"
        )

    async def sign_in_with_passkey(self, *, challenge_id: UUID, credential: UsedCredential) -> SignedInAnswer:
        """Sign in with the authenticator's answer.

        Not for API tokens.
        """
        return await self._transport.ask(
            SignedInAnswer,
            "POST",
            "/v1/sign-in/passkey",
            {"challenge_id": challenge_id, "credential": credential},
        )

    async def sign_in_with_password(self, *, handle: str, password: str) -> SignedInAnswer:
        """Sign in with handle and password.

        Not for API tokens.
        """
        return await self._transport.ask(
            SignedInAnswer, "POST", "/v1/sign-in/password", {"handle": handle, "password": password}
        )

    async def sign_out(self) -> None:
        """Sign this device out.

        Not for API tokens.
        """
        await self._transport.ask(type(None), "DELETE", "/v1/sessions/current")

    async def sync(self, *, limit: int | None = None, after: str | None = None) -> Sync:
        """Give the conversations of the person, the one with the newest event first.

        With `limit` a part of them: go on with `after` = `next`. Without it all of them.

        API tokens need the scope `messages:read`.
        """
        return await self._transport.ask(Sync, "GET", "/v1/sync", query={"limit": limit, "after": after})

    async def take_reminder_away(self, reminder_id: UUID) -> None:
        """End a reminder: done, or not wanted any more.

        API tokens need the scope `personal`.
        """
        await self._transport.ask(type(None), "DELETE", f"/v1/reminders/{reminder_id}")

    async def take_section_away(self, section_id: UUID) -> None:
        """Take a folder away; the conversations in it stay.

        API tokens need the scope `personal`.
        """
        await self._transport.ask(type(None), "DELETE", f"/v1/sections/{section_id}")

    async def take_star_away(self, conversation_id: UUID, seq: int) -> None:
        """Take a star away, also from a message that is gone.

        API tokens need the scope `personal`.
        """
        await self._transport.ask(
            type(None), "DELETE", f"/v1/conversations/{conversation_id}/messages/{seq}/star"
        )

    async def undo_send(self, conversation_id: UUID, client_id: UUID) -> Undone:
        """Take back a message that was sent with `undo_s` and is still held back. Nobody ever gets it.

        API tokens need the scope `messages:write`.
        """
        return await self._transport.ask(
            Undone, "DELETE", f"/v1/conversations/{conversation_id}/held/{client_id}"
        )

    async def unfollow_thread(self, conversation_id: UUID, seq: int) -> None:
        """Hear no more of a thread, until one answers there or is named.

        API tokens need the scope `messages:write`.
        """
        await self._transport.ask(
            type(None), "DELETE", f"/v1/conversations/{conversation_id}/threads/{seq}/follow"
        )

    async def unpin_message(self, conversation_id: UUID, seq: int) -> None:
        """Take a pinned message off.

        API tokens need the scope `messages:write`.
        """
        await self._transport.ask(
            type(None), "DELETE", f"/v1/conversations/{conversation_id}/messages/{seq}/pin"
        )

    async def who_could_see(
        self, conversation_id: UUID, *, seq: int | None = None, at: int | None = None
    ) -> CouldSee:
        """Say who could see event `seq` at the moment `at` (Unix milliseconds).

        API tokens need the scope `messages:read`.
        """
        return await self._transport.ask(
            CouldSee, "GET", f"/v1/conversations/{conversation_id}/membership", query={"seq": seq, "at": at}
        )
