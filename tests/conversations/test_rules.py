"""The rules of rooms: pure, over everything that can be chosen, and as the database keeps them."""

import itertools
import random
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta

import pytest

from amana.conversations.errors import (
    DirectIsFixed,
    EditWindowInvalid,
    EndDateInvalid,
    HistoryDaysInvalid,
    RuleFixed,
)
from amana.conversations.model import History, HistoryPolicy, Kind, MemberRole
from amana.conversations.rules import (
    OWNERS,
    POSTERS,
    Joining,
    MentionAll,
    Posting,
    Receipts,
    Removal,
    RoomRules,
    Threads,
    default_rules,
    may_edit,
    may_mention_all,
    may_post,
    may_remove,
)
from amana.conversations.rules_wire import RulesWanted, changed_rules, rules_body
from amana.kernel.clock import unix_ms
from amana.kernel.errors import Refusal
from amana.people.errors import NotPermitted
from tests.conversations import ruling
from tests.conversations.world import World

NOW = datetime(2026, 11, 24, 8, tzinfo=UTC)
KINDS = (Kind.GROUP, Kind.CHANNEL, Kind.ANNOUNCEMENT)


def any_rules(chance: random.Random) -> RoomRules:
    """Rules that somebody might choose, also such that cannot be had."""
    return RoomRules(
        posting=chance.choice([*Posting]),
        threads=chance.choice([*Threads]),
        edit_window_s=chance.choice((None, 0, 1, 900, 86_400 * 365, 86_400 * 366, -1)),
        removal=chance.choice([*Removal]),
        receipts=chance.choice([*Receipts]),
        mention_all=chance.choice([*MentionAll]),
        forwarding=chance.random() < 0.5,
        history=HistoryPolicy(chance.choice([*History]), chance.choice((0, 1, 30))),
        retention_days=chance.choice((None, 1, 3_650)),
        joining=chance.choice([*Joining]),
        ends_at=chance.choice((None, NOW, NOW + timedelta(milliseconds=1), NOW + timedelta(days=4_000))),
    )


def test_every_right_to_write_or_call_is_kept_by_whoever_stands_higher(own_seed: int) -> None:
    chance = random.Random(own_seed)
    for _ in range(300):
        rules = any_rules(chance)
        writers = {role for role in MemberRole if may_post(rules, role)}
        callers = {role for role in MemberRole if may_mention_all(rules, role)}

        assert writers in ({*MemberRole}, {*POSTERS})
        assert callers in ({*MemberRole}, {*OWNERS})
        assert (MemberRole.MEMBER in writers) == (rules.posting is Posting.ALL)


def test_nobody_but_the_author_edits_and_only_inside_the_window(own_seed: int) -> None:
    chance = random.Random(own_seed)
    for _ in range(300):
        rules = replace(any_rules(chance), edit_window_s=chance.choice((None, 0, 1, 900)))
        age = timedelta(seconds=chance.choice((0, 0.5, 1, 899, 900, 10_000_000)))
        edits = may_edit(rules, is_author=True, sent_at=NOW - age, now=NOW)

        assert not may_edit(rules, is_author=False, sent_at=NOW - age, now=NOW)
        assert edits == (rules.edit_window_s is None or age.total_seconds() < rules.edit_window_s)
        # Time never opens what it has closed.
        later = NOW + timedelta(seconds=chance.choice((1, 1_000)))
        assert edits or not may_edit(rules, is_author=True, sent_at=NOW - age, now=later)


@pytest.mark.parametrize(("is_author", "governs"), itertools.product((False, True), repeat=2))
def test_a_removal_needs_what_the_rule_names(is_author: bool, governs: bool) -> None:
    may = {
        removal: may_remove(RoomRules(removal=removal), is_author=is_author, governs=governs)
        for removal in Removal
    }

    assert may == {
        Removal.AUTHOR: is_author,
        Removal.AUTHOR_AND_OWNERS: is_author or governs,
        Removal.OWNERS: governs,
    }


def test_what_cannot_be_had_is_refused_and_the_rest_is_taken(own_seed: int) -> None:
    chance = random.Random(own_seed)
    refused = {RuleFixed, EditWindowInvalid, EndDateInvalid, HistoryDaysInvalid}
    met: set[type[Exception]] = set()
    for _ in range(600):
        kind, rules = chance.choice(KINDS), any_rules(chance)
        window, history, end = rules.edit_window_s, rules.history, rules.ends_at
        wrong = {
            RuleFixed: kind is Kind.ANNOUNCEMENT and rules.posting is Posting.ALL,
            EditWindowInvalid: window is not None and not 0 <= window <= 86_400 * 365,
            HistoryDaysInvalid: history.policy is History.DAYS and history.days == 0,
            EndDateInvalid: end is not None and not NOW < end <= NOW + timedelta(days=3_650),
        }
        try:
            rules.check(kind, now=NOW)
        except Refusal as refusal:
            met.add(type(refusal))
            assert wrong[type(refusal)]
        else:
            assert not any(wrong.values())
        if end is not None and wrong[EndDateInvalid]:
            others = replace(rules, ends_at=None)
            assert _holds(others, kind) == _holds(rules, kind, before=rules), "an old end date may stay"
    assert met == refused


def _holds(rules: RoomRules, kind: Kind, before: RoomRules | None = None) -> bool:
    try:
        rules.check(kind, now=NOW, before=before)
    except (RuleFixed, EditWindowInvalid, HistoryDaysInvalid, EndDateInvalid):
        return False
    return True


def test_the_usual_rules_of_every_kind_can_be_had() -> None:
    for kind in Kind:
        default_rules(kind).check(kind, now=NOW)


def test_asking_for_nothing_changes_nothing_and_asking_for_what_is_too(own_seed: int) -> None:
    chance = random.Random(own_seed)
    for _ in range(200):
        rules, other = any_rules(chance), any_rules(chance)
        asked = rules_body(rules)

        assert changed_rules(rules, RulesWanted()) == rules
        taken = changed_rules(
            other, RulesWanted(**{name: getattr(asked, name) for name in asked.__struct_fields__})
        )
        assert rules_body(taken) == asked
        assert (taken.history, taken.retention_days) == (other.history, other.retention_days)


@pytest.mark.parametrize("kind", KINDS)
async def test_a_new_room_has_the_usual_rules_of_its_kind(world: World, kind: Kind) -> None:
    room = await ruling.make(world, kind, "bo")

    line = await world.line("bo", room)
    usual = default_rules(kind)
    body = rules_body(usual)
    assert line["kind"] == kind.name.lower()
    assert line["rules"] == {name: getattr(body, name) for name in body.__struct_fields__}
    assert line["history"]["policy"] == usual.history.policy.name.lower()
    assert (line["my_role"], line["closed"]) == ("member", None)


async def test_every_rule_is_stored_and_given_back(world: World, own_seed: int) -> None:
    chance = random.Random(own_seed)
    room = await ruling.make(world, Kind.GROUP, "bo")
    for _ in range(12):
        rules = any_rules(chance)
        end = None if rules.ends_at is None else unix_ms(world.clock.now()) + chance.randint(1, 10**9)
        body = rules_body(replace(rules, edit_window_s=chance.choice((None, 0, 60)), ends_at=None))
        wanted = {name: getattr(body, name) for name in body.__struct_fields__} | {"ends_at": end}

        await ruling.rule(world, "ana", room, history=HistoryPolicy(History.DAYS, 3), **wanted)

        line = await world.line("bo", room)
        assert line["rules"] == wanted
        assert line["history"] == {"policy": "days", "days": 3}


async def test_members_choose_no_rules_and_deputies_do(world: World) -> None:
    room = await ruling.make(world, Kind.GROUP, "bo", "eve")
    with pytest.raises(NotPermitted):
        await ruling.rule(world, "bo", room, forwarding=False)
    await ruling.make_role(world, "ana", room, "bo", MemberRole.DEPUTY)

    await ruling.rule(world, "bo", room, forwarding=False)

    assert (await world.line("eve", room))["rules"]["forwarding"] is False


async def test_between_two_people_nothing_can_be_chosen(world: World) -> None:
    room = await world.direct("ana", "bo")

    with pytest.raises(DirectIsFixed):
        await ruling.rule(world, "ana", room, receipts="off")


async def test_everybody_writes_in_no_announcement_room(world: World) -> None:
    room = await ruling.make(world, Kind.ANNOUNCEMENT, "bo")

    with pytest.raises(RuleFixed):
        await ruling.rule(world, "ana", room, posting="all")
    with pytest.raises(RuleFixed):
        await ruling.make(world, Kind.ANNOUNCEMENT, rules=RulesWanted(posting="all"))


async def test_a_change_of_rules_is_recorded_with_what_was(world: World) -> None:
    room = await ruling.make(world, Kind.GROUP, "bo")
    await ruling.rule(world, "ana", room, receipts="off", edit_window_s=900)

    async with world.database.read(world.org_id) as tx:
        entries = await world.evidence.entries(tx, world.org_id)

    (changed,) = [entry for entry in entries if entry.action == "conversation.changed"]
    assert changed.detail == {
        "receipts": "off",
        "receipts_before": "named",
        "edit_window_s": 900,
        "edit_window_s_before": None,
    }


async def test_a_history_chosen_later_holds_for_those_who_come_later(world: World) -> None:
    room = await ruling.make(world, Kind.CHANNEL, "bo")
    old = await world.say("ana", room, "before")
    await ruling.rule(world, "ana", room, history=HistoryPolicy(History.SINCE_JOINING))

    await world.add("ana", room, "eve")

    assert (await world.line("eve", room))["visible_from"] > old.seq
    assert (await world.line("bo", room))["visible_from"] == 1


def test_no_rule_is_forgotten_on_the_wire() -> None:
    assert {one.name for one in fields(RoomRules)} == {*RulesWanted.__struct_fields__} | {
        "history",
        "retention_days",
    }
