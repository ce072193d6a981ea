"""Drafts: what is kept when several devices write at once. Pure."""

from uuid import UUID

import msgspec

from amana.conversations.private.model import MAX_OTHERS


class Other(msgspec.Struct, frozen=True):
    """Words of another device that were written over unseen."""

    by: UUID
    text: str


class Wording(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The sealed content of a draft.

    Attributes:
        by: the device that wrote it; None before anything was written.
        reply_to: the message that is to be answered.
        others: what other devices had written when this one wrote over it unseen; the newest first.
    """

    text: str = ""
    by: UUID | None = None
    reply_to: int | None = None
    others: list[Other] = msgspec.field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        """Nothing is left to keep."""
        return not self.text and not self.others


def merged(stored: Wording, wanted: Wording, *, knows: bool, settled: bool) -> Wording:
    """What is kept when a device saves.

    The last writer's words become the draft. Words of another device that the writer had not seen stay beside
    them, the newest of each device, until somebody who sees them says that they are settled. What the new
    text begins with says nothing more.

    Args:
        stored: what is there.
        wanted: what the device saves; its ``others`` do not count.
        knows: the device had seen ``stored``.
        settled: the device's person has dealt with ``stored.others``.
    """
    # Its own words it knows, even where the answer to the last saving was lost.
    overwrites = not knows and stored.by != wanted.by and bool(stored.text)
    if overwrites and not wanted.text:
        return stored  # sent or cleared here: what was written elsewhere since stays
    others = [] if knows and settled else stored.others
    if overwrites and stored.by is not None:
        others = [Other(stored.by, stored.text), *others]
    newest: dict[UUID | None, Other] = {}
    for one in others:
        if one.by != wanted.by and not wanted.text.startswith(one.text):
            newest.setdefault(one.by, one)
    kept = list(newest.values())[:MAX_OTHERS]
    return Wording(text=wanted.text, by=wanted.by, reply_to=wanted.reply_to, others=kept)
