"""Refusals around reactions."""

from amana.kernel.errors import Conflict, Invalid, NotFound


class EmojiInvalid(Invalid):
    """Anything but one emoji."""

    code = "emoji_invalid"

    def __init__(self) -> None:
        super().__init__("Choose one emoji.", field="emoji")


class TooManyReactions(Conflict):
    """The message has as many different emojis as are shown."""

    code = "too_many_reactions"

    def __init__(self, *, limit: int) -> None:
        super().__init__(f"A message has at most {limit} different emojis. Choose one of them.", limit=limit)


class ReactionNotFound(NotFound):
    """The caller has not put this emoji to the message, or nobody has."""

    code = "reaction_not_found"

    def __init__(self) -> None:
        super().__init__("There is no such reaction.")


ALL: tuple[type[Exception], ...] = (EmojiInvalid, TooManyReactions, ReactionNotFound)
