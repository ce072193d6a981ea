"""Creating and naming conversations."""

from dataclasses import dataclass, field, fields, replace
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from amana.conversations import events, permissions, queries
from amana.conversations.errors import DirectIsFixed, DirectWithSelf, TooManyMembers
from amana.conversations.membership import people
from amana.conversations.membership.bringing import offer
from amana.conversations.model import (
    MAX_ADDED_AT_ONCE,
    HistoryPolicy,
    Kind,
    Member,
    MemberRole,
    check_purpose,
    check_title,
    direct_id,
    group_id,
)
from amana.conversations.room import Conversation
from amana.conversations.rules import RoomRules, default_rules
from amana.conversations.rules_wire import RulesWanted, changed_rules, rules_body
from amana.conversations.writing import Desk
from amana.events.errors import ClientIdReused
from amana.events.log import check_client_id
from amana.events.model import Appended
from amana.kernel.actor import Actor
from amana.kernel.clock import from_unix_ms
from amana.kernel.ids import ClientId, ConversationId, Seq, UserId
from amana.people.policy.queries import asks_before_adding
from amana.storage.database import Tx

TITLE = "conversation.title"
PURPOSE = "conversation.purpose"
NAMES = ("title", "purpose")


@dataclass(frozen=True, slots=True)
class NewGroup:
    """What somebody asks for when they create a group, a channel or an announcement room.

    Attributes:
        history: None: as is usual for the kind.
        rules: what is to differ from the usual rules of the kind.
    """

    client_id: ClientId
    title: str
    purpose: str
    member_ids: tuple[UserId, ...]
    history: HistoryPolicy | None
    kind: Kind = Kind.GROUP
    rules: RulesWanted = field(default_factory=RulesWanted)

    def chosen(self) -> RoomRules:
        """The rules the room begins with; not checked yet."""
        rules = changed_rules(default_rules(self.kind), self.rules)
        return rules if self.history is None else replace(rules, history=self.history)


@dataclass(frozen=True, slots=True)
class Changes:
    """What somebody wants to be different: None keeps, ``UNSET`` keeps the retention."""

    title: str | None = None
    purpose: str | None = None
    retention_days: int | UnsetType | None = UNSET
    history: HistoryPolicy | None = None
    rules: RulesWanted = field(default_factory=RulesWanted)

    def applied_to(self, rules: RoomRules) -> RoomRules:
        """The rules that would follow; not checked yet."""
        changed = changed_rules(rules, self.rules)
        if self.history is not None:
            changed = replace(changed, history=self.history)
        if not isinstance(self.retention_days, UnsetType):
            changed = replace(changed, retention_days=self.retention_days)
        return changed


class ConversationService:
    """Use cases around whole conversations; membership and messages have their own."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def create_group(self, tx: Tx, actor: Actor, wanted: NewGroup) -> ConversationId:
        """Create a group with its first members; ``actor`` owns it.

        Where the organisation asks before adding, the others are asked to come in.

        Repeating it with the same ``client_id`` gives the first one, so a client may retry.

        Raises:
            NotPermitted: guests create no groups.
            TitleRequired, PurposeRequired, TextTooLong, TextInvalid, TooManyMembers
            RuleFixed, EditWindowInvalid, EndDateInvalid, HistoryDaysInvalid
            UnknownPerson: one of the members does not exist, or may not be known to ``actor``.
            ClientIdReused: the same retry key came with other settings before.
        """
        permissions.require(permissions.CREATE, role=actor.role, standing=None)
        check_client_id(wanted.client_id, self._desk.clock.now())
        title, purpose = check_title(wanted.title), check_purpose(wanted.purpose)
        rules = wanted.chosen()
        rules.check(wanted.kind, now=self._desk.clock.now())
        if len(wanted.member_ids) > MAX_ADDED_AT_ONCE:
            raise TooManyMembers(limit=MAX_ADDED_AT_ONCE)
        conversation_id = group_id(actor.org_id, actor.user_id, wanted.client_id)
        others = sorted(set(wanted.member_ids) - {actor.user_id})
        await people.require_known(tx, actor, others)
        to_ask = others if await asks_before_adding(tx) else []
        others = [] if to_ask else others
        payload = events.ConversationCreated(
            by=actor.user_id,
            kind=wanted.kind.name.lower(),
            title=title,
            purpose=purpose,
            owner_id=actor.user_id,
            history=events.history_body(rules.history),
            member_ids=[actor.user_id, *others],
            rules=rules_body(rules),
        )
        conversation = Conversation(
            org_id=actor.org_id,
            conversation_id=conversation_id,
            kind=wanted.kind,
            title=await self._sealed(tx, actor, TITLE, conversation_id, title),
            purpose=await self._sealed(tx, actor, PURPOSE, conversation_id, purpose),
            owner_id=actor.user_id,
            members_count=1 + len(others),
            created_at=self._desk.clock.now(),
            rules=rules,
        )
        appended = await self._create(tx, actor, conversation, payload, client_id=wanted.client_id)
        if appended is None:
            await self._require_same(tx, actor, conversation_id, payload)
            return conversation_id
        roles = {actor.user_id: MemberRole.OWNER}
        await self._first_members(tx, conversation, appended, [actor.user_id, *others], roles)
        await offer(self._desk, tx, actor, conversation_id, to_ask)
        return conversation_id

    async def create_direct(self, tx: Tx, actor: Actor, peer_id: UserId) -> ConversationId:
        """Give the conversation between ``actor`` and ``peer_id``, made now if there is none yet.

        Raises:
            DirectWithSelf, UnknownPerson
        """
        if peer_id == actor.user_id:
            raise DirectWithSelf
        conversation_id = direct_id(actor.org_id, actor.user_id, peer_id)
        if await queries.find_member(tx, conversation_id, actor.user_id) is not None:
            return conversation_id
        await people.require_known(tx, actor, [peer_id])
        pair = sorted([actor.user_id, peer_id])
        rules = default_rules(Kind.DIRECT)
        payload = events.ConversationCreated(
            by=actor.user_id,
            kind="direct",
            title=None,
            purpose=None,
            owner_id=None,
            history=events.history_body(rules.history),
            member_ids=[*pair],
            rules=rules_body(rules),
        )
        conversation = Conversation(
            org_id=actor.org_id,
            conversation_id=conversation_id,
            kind=Kind.DIRECT,
            title=None,
            purpose=None,
            owner_id=None,
            members_count=2,
            created_at=self._desk.clock.now(),
            rules=rules,
        )
        appended = await self._create(tx, actor, conversation, payload, client_id=None)
        if appended is not None:
            await self._first_members(tx, conversation, appended, pair, {})
        return conversation_id

    async def change(self, tx: Tx, actor: Actor, conversation_id: ConversationId, wanted: Changes) -> None:
        """Change title, purpose or the rules of a room. Changing nothing is no event.

        Raises:
            ConversationNotFound, NotPermitted, DirectIsFixed
            TitleRequired, PurposeRequired, TextTooLong, TextInvalid
            RetentionInvalid, HistoryDaysInvalid, RuleFixed, EditWindowInvalid, EndDateInvalid
        """
        new_title = None if wanted.title is None else check_title(wanted.title)
        new_purpose = None if wanted.purpose is None else check_purpose(wanted.purpose)
        mine, _ = await self._desk.enter(tx, actor, conversation_id)
        if mine.conversation.kind is Kind.DIRECT:
            raise DirectIsFixed
        before, rules = mine.rules, wanted.applied_to(mine.rules)
        old = await self.names(tx, mine.conversation)
        title, purpose = new_title or old[0] or "", new_purpose or old[1] or ""
        named = [name for name, one, other in zip(NAMES, (title, purpose), old, strict=True) if one != other]
        ruled = changed_fields(before, rules)
        for capability in _needed(named, ruled):
            permissions.require(capability, role=actor.role, standing=mine.member.role)
        rules.check(mine.conversation.kind, now=self._desk.clock.now(), before=before)
        if not named and not ruled:
            return
        await queries.update_settings(
            tx,
            conversation_id,
            title=await self._sealed(tx, actor, TITLE, conversation_id, title),
            purpose=await self._sealed(tx, actor, PURPOSE, conversation_id, purpose),
            rules=rules,
        )
        changed = events.ConversationChanged(
            by=actor.user_id,
            title=title,
            purpose=purpose,
            retention_days=rules.retention_days,
            changed=[*named, *ruled],
            history=events.history_body(rules.history),
            rules=rules_body(rules),
        )
        await self._desk.append(tx, actor, conversation_id, events.CONVERSATION_CHANGED, changed)
        await self._record_change(tx, actor, conversation_id, before, rules)

    async def _record_change(
        self, tx: Tx, actor: Actor, conversation_id: ConversationId, before: RoomRules, rules: RoomRules
    ) -> None:
        """Every rule with what it was; of the names only that they changed."""
        ruled = changed_fields(before, rules)
        detail = {name: shown(rules, name) for name in ruled if name != "retention_days"}
        detail |= {f"{name}_before": shown(before, name) for name in detail}
        await self._desk.record(tx, actor, "conversation.changed", conversation_id, **detail)
        if "retention_days" in ruled:
            days, former = rules.retention_days, before.retention_days
            await self._desk.record(
                tx, actor, "conversation.retention_set", conversation_id, days=days, before=former
            )

    async def names(self, tx: Tx, conversation: Conversation) -> tuple[str | None, str | None]:
        """Title and purpose in clear; None for direct conversations and for what cannot be opened."""
        return (
            await self._opened(tx, conversation, TITLE, conversation.title),
            await self._opened(tx, conversation, PURPOSE, conversation.purpose),
        )

    async def _sealed(self, tx: Tx, actor: Actor, purpose: str, subject: UUID, text: str) -> bytes:
        return await self._desk.vault.seal_text(tx, actor.org_id, purpose, subject, text)

    async def _opened(
        self, tx: Tx, conversation: Conversation, purpose: str, sealed: bytes | None
    ) -> str | None:
        if sealed is None:
            return None
        opened = await self._desk.vault.open_text(
            tx, conversation.org_id, purpose, conversation.conversation_id, sealed
        )
        return opened if isinstance(opened, str) else None

    async def _create(
        self,
        tx: Tx,
        actor: Actor,
        conversation: Conversation,
        payload: events.ConversationCreated,
        *,
        client_id: ClientId | None,
    ) -> Appended | None:
        """Store the conversation, its key and its first event; None when it exists already."""
        if not await queries.insert_conversation(tx, conversation, created_by=actor.user_id):
            return None
        conversation_id = conversation.conversation_id
        await self._desk.log.create_head(tx, conversation_id)
        await self._desk.vault.create_conversation_key(tx, actor.org_id, conversation_id)
        appended = await self._desk.append(
            tx, actor, conversation_id, events.CONVERSATION_CREATED, payload, client_id=client_id
        )
        await self._desk.record(
            tx, actor, "conversation.created", conversation_id, members=conversation.members_count
        )
        return appended

    async def _first_members(
        self,
        tx: Tx,
        conversation: Conversation,
        appended: Appended,
        users: list[UserId],
        roles: dict[UserId, MemberRole],
    ) -> None:
        members = [
            Member(
                conversation_id=conversation.conversation_id,
                user_id=user,
                role=roles.get(user, MemberRole.MEMBER),
                visible_from=Seq(1),
                joined_seq=appended.seq,
                joined_at=from_unix_ms(appended.ts_ms),
                read_seq=appended.seq,
                read_no=appended.msg_no,
            )
            for user in users
        ]
        peers = dict(zip(users, reversed(users), strict=True)) if conversation.kind is Kind.DIRECT else {}
        await people.welcome(self._desk, tx, conversation, members, peers=peers)

    async def _require_same(
        self, tx: Tx, actor: Actor, conversation_id: ConversationId, payload: events.ConversationCreated
    ) -> None:
        """A retry must ask for what was made. Compared with the first event: names may have changed since."""
        original = await people.first_content(self._desk, tx, actor, conversation_id)
        if original is None:
            return
        made = _created(original)
        if made.rules is None:  # the first release said nothing of rules
            payload = msgspec.structs.replace(payload, rules=None)
        if made != payload:
            raise ClientIdReused("This id was already used for something else.", field="client_id")


_created = msgspec.json.Decoder(events.ConversationCreated).decode


def changed_fields(before: RoomRules, after: RoomRules) -> list[str]:
    """Names of the rules that differ."""
    return [one.name for one in fields(after) if getattr(before, one.name) != getattr(after, one.name)]


def shown(rules: RoomRules, name: str) -> str | int | None:
    """One rule as the record of changes has it."""
    if name == "history":
        history = rules.history
        return (
            f"{history.policy.name.lower()} {history.days}" if history.days else history.policy.name.lower()
        )
    value: str | int | None = getattr(rules_body(rules), name)
    return value


def _needed(named: list[str], ruled: list[str]) -> set[str]:
    """What somebody must be allowed for these changes, and also where nothing would change."""
    needed = {permissions.RETENTION} if "retention_days" in ruled else set()
    if set(ruled) - {"retention_days"}:
        needed.add(permissions.RULES)
    if named or not needed:
        needed.add(permissions.CHANGE)
    return needed
