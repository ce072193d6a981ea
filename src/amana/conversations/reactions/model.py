"""What a reaction is, and what counts as one emoji. Pure."""

import re
from dataclasses import dataclass
from typing import Final

import msgspec

from amana.conversations.reactions.errors import EmojiInvalid
from amana.kernel.ids import Seq, UserId
from amana.kernel.limits import Limit

MAX_EMOJIS: Final = 20
MAX_REACTORS: Final = 200

LIMITS = (
    Limit("reactions.emojis", MAX_EMOJIS, "different emojis on a message", "They stand in a row or two."),
    Limit("reactions.page", MAX_REACTORS, "people in one answer", "A list that long is read in parts."),
)

# Blocks of emojis, so that those of coming years are in; and the few that are older than the blocks.
_BASE = (
    "[\u00a9\u00ae\u203c\u2049\u2122\u2139\u2190-\u21ff\u2300-\u27bf\u2900-\u297f\u2b00-\u2bff\u3030\u303d"
    "\u3297\u3299\U0001f000-\U0001f1e5\U0001f200-\U0001f3fa\U0001f400-\U0001faff]"
)
_AS_PICTURE = "\ufe0f"
_SKIN = "[\U0001f3fb-\U0001f3ff]"
_ONE = rf"{_BASE}(?:{_AS_PICTURE}|{_SKIN})?(?:[\U000e0020-\U000e007e]+\U000e007f)?"
_FLAG = "[\U0001f1e6-\U0001f1ff]{2}"
_KEYCAP = f"[0-9#*]{_AS_PICTURE}?\u20e3"
_EMOJI = re.compile(rf"{_FLAG}|{_KEYCAP}|{_ONE}(?:\u200d{_ONE})*")
# Signs that are shown as text unless they are asked to be a picture (Unicode: no Emoji_Presentation). Below
# U+10000 these are all but the listed ones; above it the listed ones are.
_OLD_PICTURES = (
    "\u231a\u231b\u23e9-\u23ec\u23f0\u23f3\u25fd\u25fe\u2614\u2615\u2648-\u2653\u267f\u2693\u26a1\u26aa\u26ab"
    "\u26bd\u26be\u26c4\u26c5\u26ce\u26d4\u26ea\u26f2\u26f3\u26f5\u26fa\u26fd\u2705\u270a\u270b\u2728\u274c"
    "\u274e\u2753-\u2755\u2757\u2795-\u2797\u27b0\u27bf\u2b1b\u2b1c\u2b50\u2b55"
)
_NEW_TEXTS = (
    "\U0001f170\U0001f171\U0001f17e\U0001f17f\U0001f202\U0001f237\U0001f321\U0001f324-\U0001f32c\U0001f336"
    "\U0001f37d\U0001f396\U0001f397\U0001f399-\U0001f39b\U0001f39e\U0001f39f\U0001f3cb-\U0001f3ce"
    "\U0001f3d4-\U0001f3df\U0001f3f3\U0001f3f5\U0001f3f7\U0001f43f\U0001f441\U0001f4fd\U0001f549\U0001f54a"
    "\U0001f56f\U0001f570\U0001f573-\U0001f579\U0001f587\U0001f58a-\U0001f58d\U0001f590\U0001f5a5\U0001f5a8"
    "\U0001f5b1\U0001f5b2\U0001f5bc\U0001f5c2-\U0001f5c4\U0001f5d1-\U0001f5d3\U0001f5dc-\U0001f5de\U0001f5e1"
    "\U0001f5e3\U0001f5e8\U0001f5ef\U0001f5f3\U0001f5fa\U0001f6cb\U0001f6cd-\U0001f6cf\U0001f6e0-\U0001f6e5"
    "\U0001f6e9\U0001f6f0\U0001f6f3"
)
_TEXT = re.compile(rf"((?![{_OLD_PICTURES}\u200d\u20e3])[\u0023-\uffff]|[{_NEW_TEXTS}])(?!{_SKIN})")
# Two people with their skins and what is between them have ten; the flags of regions seven.
_MAX_CHARACTERS = 16


class Reaction(msgspec.Struct, frozen=True, kw_only=True):
    """One emoji at a message.

    Attributes:
        since: names it: the event with which it came.
        count: how many people chose it.
        mine: whether the reader is one of them.
    """

    emoji: str
    since: int
    count: int
    mine: bool


@dataclass(frozen=True, slots=True)
class Total:
    """The row behind a ``Reaction``.

    Attributes:
        shown_seq: the event that is opened for the emoji.
    """

    seq: Seq
    token: bytes
    since: Seq
    shown_seq: Seq
    count: int
    mine: bool = False


@dataclass(frozen=True, slots=True)
class Reacted:
    """One person's reaction, as stored; ``ts_ms`` in Unix milliseconds."""

    seq: Seq
    token: bytes
    user_id: UserId
    event_seq: Seq
    ts_ms: int


def check_emoji(emoji: str) -> str:
    """Give ``emoji`` when it is one and nothing else, in the one form in which it is counted.

    Keyboards differ in whether they ask for a picture: here every sign that can be a text does.

    Raises:
        EmojiInvalid
    """
    if len(emoji) > _MAX_CHARACTERS or _EMOJI.fullmatch(emoji) is None:
        raise EmojiInvalid
    return _TEXT.sub(rf"\1{_AS_PICTURE}", emoji.replace(_AS_PICTURE, ""))
