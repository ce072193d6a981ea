"""Naming people in a message: pure rules over its text."""

from collections.abc import Iterable, Sequence
from typing import Final
from uuid import UUID

import msgspec

from amana.conversations.mentions.errors import MentionInvalid, TooManyMentions
from amana.kernel.ids import UserId
from amana.kernel.limits import Limit

MAX_NAMED: Final = 50
MAX_LABEL: Final = 200
# As many people get a line of their own when everybody is called; beyond it one line stands for all.
MAX_TOLD: Final = 256

LIMITS = (
    Limit("mentions.named", MAX_NAMED, "names in a message", "Whoever means more people calls everybody."),
    Limit("mentions.label_characters", MAX_LABEL, "characters", "A name as it stands in the text."),
    Limit(
        "mentions.told_singly",
        MAX_TOLD,
        "people",
        "Calling everybody in a larger room writes one line for all, not one for each.",
    ),
)


class Naming(msgspec.Struct, frozen=True, omit_defaults=True):
    """One place in a text where somebody is named.

    Attributes:
        text: what stands there: ``@Ana Tamm``.
        user_id: who is meant; without it everybody.
    """

    text: str
    user_id: UUID | None = None


# A naming and where it stands: first character and the one after its last.
Found = tuple[int, int, Naming]


def find(text: str, namings: Iterable[Naming]) -> list[Found]:
    """Where each stands, each behind the one before it; those that do not stand there are left out.

    Texts instead of numbers: languages count characters differently, and two people of one name are told
    apart by their order.
    """
    found: list[Found] = []
    place = 0
    for naming in namings:
        start = text.find(naming.text, place) if naming.text else -1
        if start >= 0:
            place = start + len(naming.text)
            found.append((start, place, naming))
    return found


def check(text: str, namings: Sequence[Naming]) -> list[Found]:
    """Find all of them.

    Raises:
        TooManyMentions
        MentionInvalid: one does not stand in the text behind those before it, or is no name.
    """
    if len(namings) > MAX_NAMED:
        raise TooManyMentions(limit=MAX_NAMED)
    for naming in namings:
        if not naming.text.startswith("@") or "\n" in naming.text or len(naming.text) > MAX_LABEL:
            raise MentionInvalid
    found = find(text, namings)
    if len(found) != len(namings):
        raise MentionInvalid
    return found


def named(namings: Iterable[Naming]) -> frozenset[UserId]:
    """The people who are meant one by one."""
    return frozenset(UserId(naming.user_id) for naming in namings if naming.user_id is not None)


def calls_everybody(namings: Iterable[Naming]) -> bool:
    """Whether everybody is meant at one of the places."""
    return any(naming.user_id is None for naming in namings)
