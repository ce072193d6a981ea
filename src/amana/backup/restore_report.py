"""What a restore did, as sentences for the person who ran it and as detail for the record."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from amana.backup.restore_overlay import Overlaid
from amana.backup.restore_recovery import Recovered
from amana.backup.restore_source import Source
from amana.kernel.ids import ConversationId, UserId

ROOMS_NAMED = 20


@dataclass(slots=True)
class Report:
    """The outcome.

    Attributes:
        base: stamp of the base backup.
        state_of: when the last change in the restored database was made; None when it is the base's own.
        until: the time that was asked for.
        reached: False when the backup ended before ``until``.
        hole: first missing piece of the log; what came after it is not restored.
        laid: None when there was no organisation yet.
        members_again: who was removed, or left, after ``until`` and is a member again by the restore.
        not_erased: who was erased after ``until`` and cannot be erased again: the only owner then.
    """

    base: str
    state_of: datetime | None
    until: datetime | None
    reached: bool
    hole: str | None
    segments: int
    laid: Overlaid | None
    members_again: Sequence[tuple[ConversationId, UserId]] = ()
    not_erased: Sequence[UserId] = ()

    @classmethod
    def of(cls, source: Source, up: Recovered, laid: Overlaid | None, until: datetime | None) -> Self:
        return cls(source.base.stamp, up.last_change, until, up.reached, source.hole, up.segments, laid)

    @property
    def lost(self) -> Mapping[ConversationId, int]:
        """Messages after the restored state, by conversation, as far as their keys tell."""
        return {} if self.laid is None else self.laid.lost

    @property
    def needs_attention(self) -> bool:
        """Whether somebody has to do something after it."""
        return bool(self.hole or self.members_again or self.not_erased)

    def detail(self) -> dict[str, object]:
        """For the record: numbers, times and ids."""
        laid = self.laid
        return {
            "base": self.base,
            "state_of": None if self.state_of is None else self.state_of.isoformat(),
            "until": None if self.until is None else self.until.isoformat(),
            "hole": self.hole,
            "lost_messages": sum(self.lost.values()),
            "lost_in_conversations": len(self.lost),
            "ended_again": 0 if laid is None else laid.ended_again,
            "devices_signed_out": 0 if laid is None else laid.devices,
        }

    def sentences(self) -> list[str]:
        """In the order a tired person wants to read them."""
        told = [f"Restored from the base backup {self.base} and {self.segments} pieces of the log after it."]
        if self.state_of is not None:
            told.append(f"The newest change in it was made at {_utc(self.state_of)}.")
        if not self.reached and self.until is not None:
            told.append(f"The backup ends before {_utc(self.until)}: everything in it was restored.")
        if self.hole is not None:
            told.append(
                f"ATTENTION: the log has a hole at {self.hole}. What was written after it is not restored. "
                "Look for that piece in a second target and restore again."
            )
        if self.laid is None:
            return [*told, "There was no organisation in it yet."]
        told += self._about_keys(self.laid)
        told += self._about_losses()
        told += self._about_members()
        devices, rooms = _many(self.laid.devices, "device"), _many(self.laid.conversations, "conversation")
        told.append(f"{devices} signed out; {rooms} will be loaded anew by every device.")
        return told

    def _about_keys(self, laid: Overlaid) -> list[str]:
        if laid.keys_replaced:
            first = "The newest keys from the backup were put in place of the older ones."
        else:
            first = "The keys in the log were the newest."
        ended = _many(laid.ended_again, "key")
        return [first, f"{ended} of erased content ended again: erased stays erased."]

    def _about_losses(self) -> list[str]:
        if not self.lost:
            return ["No message is known to be lost."]
        total = sum(self.lost.values())
        what, rooms = ("entry", "messages and other entries"), _many(len(self.lost), "conversation")
        first = (
            f"LOST: {_many(total, *what)} in {rooms}, written after the restored state. Their keys were in "
            "the backup, they were not."
        )
        told = [first]
        most = sorted(self.lost.items(), key=lambda item: -item[1])
        told += [f"  {count:6} in conversation {room}" for room, count in most[:ROOMS_NAMED]]
        if len(most) > ROOMS_NAMED:
            told.append(f"  … and in {len(most) - ROOMS_NAMED} more.")
        return told

    def _about_members(self) -> list[str]:
        told = [
            f"ATTENTION: person {user} was erased after that moment and was the only owner at it. Make "
            "somebody else an owner, then erase the person again."
            for user in self.not_erased
        ]
        if not self.members_again:
            return told
        number = len(self.members_again)
        lines = [f"  person {user} in conversation {room}" for room, user in self.members_again]
        first = f"ATTENTION: {_many(number, 'membership')} had ended after that moment and came back."
        return [*told, first, "Remove these people once more:", *lines]


def _many(number: int, one: str, more: str | None = None) -> str:
    return f"{number} {one if number == 1 else more or one + 's'}"


def _utc(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"
