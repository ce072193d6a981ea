"""Who edits and removes what, and who sees it: random rooms against a model that is written apart."""

import random
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from amana.conversations.errors import (
    ConversationClosed,
    MessageNotFound,
    MessageRemoved,
    NotTheAuthor,
    PostingNotAllowed,
)
from amana.conversations.messages import service, targets
from amana.conversations.messages.errors import EditWindowOver, RemovalRestricted
from amana.conversations.model import History, HistoryPolicy
from amana.conversations.rules import Posting, Removal
from amana.kernel.actor import Role
from amana.kernel.errors import Refusal
from amana.kernel.ids import ConversationId, Seq
from amana.people.errors import NotPermitted
from tests.conversations.marking import chips, pin, react, unreact
from tests.conversations.world import World
from tests.vault.room import Intruder

OWNER, ADMIN, MEMBER, LATER = "bo", "ana", "eve", "kim"
PEOPLE = (OWNER, ADMIN, MEMBER, LATER)


@dataclass
class Said:
    """A message as the model knows it."""

    author: str
    text: str
    at: datetime
    versions: int = 1
    removed: bool = False
    reactions: set[str] = field(default_factory=set)
    pinned: bool = False


@dataclass(frozen=True)
class Chosen:
    """What holds in the model's room; ``window_s`` None: always."""

    window_s: int | None = None
    removal: str = "author_and_owners"
    posting: str = "all"
    closed: bool = False


@dataclass
class Model:
    """The rules once more, in the simplest words; nothing of the product's code is asked.

    Attributes:
        sees_from: the first place that each person may see; who is not in it is no member.
    """

    rules: Chosen = Chosen()
    messages: dict[int, Said] = field(default_factory=dict)
    sees_from: dict[str, int] = field(default_factory=dict)

    def sees(self, who: str, seq: int) -> bool:
        return seq in self.messages and seq >= self.sees_from[who]

    def refusal_of_edit(self, who: str, seq: int, now: datetime) -> str | None:
        if not self.sees(who, seq):
            return "message_not_found"
        said, rules = self.messages[seq], self.rules
        if said.author != who:
            return "not_the_author"
        if rules.closed:
            return "conversation_closed"
        if rules.posting == "posters" and who != OWNER:
            return "posting_not_allowed"
        if rules.window_s is not None and (now - said.at).total_seconds() >= rules.window_s:
            return "edit_window_over"
        return "message_removed" if said.removed else None

    def refusal_of_removal(self, who: str, seq: int) -> str | None:
        if not self.sees(who, seq):
            return "message_not_found"
        said = self.messages[seq]
        governs, wrote = who in (OWNER, ADMIN), said.author == who
        match self.rules.removal:
            case "author" if not wrote:
                return "removal_restricted"
            case "owners" if not governs:
                return "removal_restricted"
            case "author_and_owners" if not wrote and not governs:
                return "not_permitted"
        return "message_removed" if said.removed else None

    def refusal_of_mark(self, who: str, seq: int) -> str | None:
        if not self.sees(who, seq):
            return "message_not_found"
        if self.rules.closed:
            return "conversation_closed"
        return "message_removed" if self.messages[seq].removed else None

    def refusal_of_pin(self, who: str, seq: int) -> str | None:
        refusal = self.refusal_of_mark(who, seq)
        if refusal in (None, "message_removed") and self.rules.posting == "posters" and who != OWNER:
            return "pinning_restricted"
        return refusal


class Street:
    """One real room and its model, and random steps through both."""

    def __init__(self, world: World, room: ConversationId, intruder: Intruder, seed: int) -> None:
        self.world, self.room, self.intruder = world, room, intruder
        self.random = random.Random(seed)
        self.model = Model()
        self.outcomes: set[tuple[str, str | None]] = set()

    async def choose(self) -> None:
        """Other rules from now on."""
        pick = self.random
        rules = Chosen(
            pick.choice((None, None, 0, 5, 60)),
            pick.choice(("author", "author_and_owners", "owners")),
            pick.choice(("all", "all", "all", "posters")),
            pick.random() < 0.1,
        )
        self.model.rules = rules
        await self.intruder.run(
            """
            UPDATE conversation SET edit_window_s = $2, removal = $3, posting = $4,
                   closed_at = CASE WHEN $5 THEN now() END, closed_by = CASE WHEN $5 THEN created_by END,
                   closed_reason = CASE WHEN $5 THEN 1 END
             WHERE conversation_id = $1
            """,
            self.room,
            rules.window_s,
            int(Removal[rules.removal.upper()]),
            int(Posting[rules.posting.upper()]),
            rules.closed,
        )

    async def say(self, who: str) -> None:
        try:
            sent = await self.world.say(who, self.room, f"word {len(self.model.messages)}")
        except (ConversationClosed, PostingNotAllowed):
            assert self.model.rules.closed or self.model.rules.posting == "posters"
            return
        now = self.world.clock.now() - timedelta(seconds=1)  # ``say`` lets a second pass
        self.model.messages[sent.seq] = Said(who, f"word {len(self.model.messages)}", now)

    async def edit(self, who: str, seq: int) -> None:
        expected = self.model.refusal_of_edit(who, seq, self.world.clock.now())
        text = f"edited {self.random.randint(0, 999)}"
        if await self._met("edit", expected, self.world.edit(who, self.room, seq, text)):
            self.model.messages[seq].text = text
            self.model.messages[seq].versions += 1

    async def remove(self, who: str, seq: int) -> None:
        expected = self.model.refusal_of_removal(who, seq)
        if await self._met("remove", expected, self.world.remove(who, self.room, seq)):
            said = self.model.messages[seq]
            self.model.messages[seq] = replace(said, removed=True, reactions=set(), pinned=False)

    async def react(self, who: str, seq: int) -> None:
        expected = self.model.refusal_of_mark(who, seq)
        if await self._met("react", expected, react(self.world, who, self.room, seq)):
            self.model.messages[seq].reactions.add(who)

    async def unreact(self, who: str, seq: int) -> None:
        expected = None if self.model.sees(who, seq) else "message_not_found"
        if expected is None and who not in self.model.messages[seq].reactions:
            expected = "reaction_not_found"
        if await self._met("unreact", expected, unreact(self.world, who, self.room, seq)):
            self.model.messages[seq].reactions.discard(who)

    async def pin(self, who: str, seq: int) -> None:
        expected = self.model.refusal_of_pin(who, seq)
        if await self._met("pin", expected, pin(self.world, who, self.room, seq)):
            self.model.messages[seq].pinned = True

    async def _met(self, act: str, expected: str | None, doing: Any) -> bool:
        """Do it; the outcome is what the model says. True when it was done."""
        outcome: str | None = None
        try:
            await doing
        except Refusal as refusal:
            outcome = refusal.code
        assert outcome == expected, act
        self.outcomes.add((act, outcome))
        return outcome is None

    async def step(self) -> None:
        pick = self.random
        self.world.clock.advance(seconds=pick.choice((0, 0, 1, 4, 30)))
        who = pick.choice(tuple(self.model.sees_from))
        newest = max(self.model.messages, default=1)
        seq = pick.choice((*list(self.model.messages)[-6:], *list(self.model.messages)[:3], newest + 1))
        acts = (self.edit, self.remove, self.react, self.unreact, self.pin)
        kind = pick.choices(range(7), (6, 8, 3, 5, 3, 3, 2))[0]
        if kind == 0:
            await self.say(who)
        elif kind == 6:
            await self.choose()
        else:
            await acts[kind - 1](who, seq)

    async def check(self) -> None:
        """Everybody sees exactly what the model says they see, and authors their wordings."""
        for who, first in self.model.sees_from.items():
            page = await self.world.page(who, self.room, limit=200)
            assert not page["more"]
            seen = {one["seq"]: one for one in page["entries"] if one["kind"] == "message.created"}
            assert seen.keys() == {seq for seq in self.model.messages if seq >= first}, who
            for seq, entry in seen.items():
                self._compare(who, entry, self.model.messages[seq])
        await self._check_versions()

    def _compare(self, who: str, entry: Any, said: Said) -> None:
        assert (entry["removed"] is not None) == said.removed
        assert (entry["content"]["text"] if entry["content"] else None) == (
            None if said.removed else said.text
        )
        count = len(said.reactions)
        assert chips(entry) == ([("👍", count, who in said.reactions)] if count else [])
        assert ("pinned" in entry) == said.pinned

    async def _check_versions(self) -> None:
        for seq, said in self.model.messages.items():
            for who in self.model.sees_from:
                try:
                    found = await self.versions(who, seq)
                except MessageNotFound:
                    found = None
                    assert said.author != who
                if found is not None:
                    assert said.author == who
                    assert [one.revision for one in found] == list(range(said.versions))
                    assert said.text.encode() in bytes(found[-1].content)

    async def versions(self, who: str, seq: int) -> Any:
        async with self.world.database.read(self.world.org_id) as tx:
            return await self.world.domain.versions.of(tx, self.world[who], self.room, Seq(seq))


@pytest.fixture
async def street(world: World, database_dsn: str, own_seed: int) -> Street:
    await world.person(LATER, Role.GUEST)
    room = await world.room(ADMIN, MEMBER, owner=OWNER, history=HistoryPolicy(History.SINCE_JOINING))
    street = Street(world, room, Intruder(database_dsn), own_seed)
    street.model.sees_from = dict.fromkeys((OWNER, ADMIN, MEMBER), 1)
    for who in (OWNER, ADMIN, MEMBER):
        await street.say(who)
    await world.add(OWNER, room, LATER)
    head = (await world.line(OWNER, room))["head_seq"]
    street.model.sees_from[LATER] = head
    return street


async def test_whatever_people_try_only_what_the_rules_allow_happens(street: Street) -> None:
    for number in range(150):
        await street.step()
        if number % 25 == 0:
            await street.check()
    await street.check()


async def test_every_rule_refuses_and_allows_something(street: Street) -> None:
    """The walk above would prove nothing if it never came to a rule."""
    wanted = {
        ("edit", code)
        for code in ("message_not_found", "not_the_author", "edit_window_over", "message_removed", None)
    }
    wanted |= {
        ("remove", code)
        for code in ("message_not_found", "removal_restricted", "not_permitted", "message_removed", None)
    }
    wanted |= {("react", code) for code in ("message_not_found", "message_removed", None)}
    for _ in range(1500):
        await street.step()
        if wanted <= street.outcomes:
            return
    assert wanted - street.outcomes == set()


@pytest.mark.parametrize("broken", ["window", "removal", "visibility"])
async def test_a_rule_that_is_not_kept_is_noticed(
    street: Street, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    if broken == "window":
        monkeypatch.setattr(service, "may_edit", lambda *_, **__: True)
    elif broken == "removal":
        monkeypatch.setattr(service, "may_remove", lambda *_, **__: True)
    else:
        real = targets.Targets.readable

        async def pinned_for_all(self: Any, tx: Any, actor: Any, target: Any) -> bytes:
            await tx.run("UPDATE member SET visible_from = 1")
            return await real(self, tx, actor, target)

        monkeypatch.setattr(targets.Targets, "readable", pinned_for_all)

    with pytest.raises(AssertionError):
        for _ in range(600):
            await street.step()
            if broken == "visibility":
                await street.check()


async def test_an_edit_in_time_is_answered_again_after_the_window(world: World, database_dsn: str) -> None:
    room = await world.room("bo")
    await Intruder(database_dsn).run(
        "UPDATE conversation SET edit_window_s = 60 WHERE conversation_id = $1", room
    )
    sent = await world.say("bo", room)
    client_id = world.client_id()
    world.clock.advance(seconds=58)
    edited = await world.edit("bo", room, sent.seq, "other", client_id=client_id)
    world.clock.advance(seconds=60)

    assert (await world.edit("bo", room, sent.seq, "other", client_id=client_id)).seq == edited.seq
    with pytest.raises(EditWindowOver) as refused:
        await world.edit("bo", room, sent.seq, "third")
    assert refused.value.fields == {"limit_s": 60}


async def test_between_two_people_only_the_author_removes(world: World) -> None:
    room = await world.direct("ana", "bo")
    theirs = await world.say("bo", room)

    with pytest.raises(RemovalRestricted):
        await world.remove("ana", room, theirs.seq)  # an administrator everywhere else
    await world.remove("bo", room, theirs.seq)


async def test_the_first_refusals_are_as_ever(world: World) -> None:
    room = await world.room("bo", "eve")
    sent = await world.say("bo", room)

    with pytest.raises(NotTheAuthor):
        await world.edit("eve", room, sent.seq, "x")
    with pytest.raises(NotPermitted):
        await world.remove("eve", room, sent.seq)
    await world.remove("ana", room, sent.seq)
    with pytest.raises(MessageRemoved):
        await world.edit("bo", room, sent.seq, "x")


async def test_wordings_end_with_their_trace(world: World) -> None:
    room = await world.room("bo")
    sent = await world.say("bo", room, "first")
    await world.edit("bo", room, sent.seq, "second")
    world.clock.advance(days=31)
    async with world.database.write(world.org_id) as tx:
        await world.vault.end_due_traces(tx, world.clock.now())

    async with world.database.read(world.org_id) as tx:
        found = await world.domain.versions.of(tx, world["bo"], room, Seq(sent.seq))

    assert [(one.revision, one.unreadable, b"second" in bytes(one.content)) for one in found] == [
        (0, "erased", False),
        (1, found[1].unreadable, True),
    ]
