"""Refusals of naming people."""

from collections.abc import Iterable
from uuid import UUID

from amana.kernel.errors import Conflict, Forbidden, Invalid


class MentionInvalid(Invalid):
    """A name does not stand in the text, in the order given, or does not begin with @."""

    code = "mention_invalid"

    def __init__(self) -> None:
        super().__init__("A name does not stand in the text.", field="mentions")


class TooManyMentions(Invalid):
    code = "too_many_mentions"

    def __init__(self, *, limit: int) -> None:
        super().__init__(f"Name at most {limit} people.", field="mentions", limit=limit)


class MentionNotMember(Conflict):
    """Some of those named are not in the room, or do not exist: one answer for both.

    ``user_ids`` says who, so that a client can offer to invite them.
    """

    code = "mention_not_member"

    def __init__(self, users: Iterable[UUID]) -> None:
        found = sorted(str(user) for user in users)
        super().__init__("Not everybody you name is here.", user_ids=found, count=len(found))


class MentionCountChanged(Conflict):
    """Calling everybody would reach more people than the client has shown; ``count`` says how many."""

    code = "mention_count_changed"

    def __init__(self, *, count: int) -> None:
        super().__init__(f"This tells {count} people.", count=count)


class MentionAllRestricted(Forbidden):
    """The room lets only its owner and deputies call everybody."""

    code = "mention_all_restricted"

    def __init__(self) -> None:
        super().__init__("Only the owner and deputies can call everybody here.")


class MentionAllMisplaced(Invalid):
    """In a thread or by an edit nobody calls everybody: only a new message in the room does."""

    code = "mention_all_misplaced"

    def __init__(self) -> None:
        super().__init__("Call everybody with a new message in the room.", field="everyone")


ALL: tuple[type[Exception], ...] = (
    MentionInvalid,
    TooManyMentions,
    MentionNotMember,
    MentionCountChanged,
    MentionAllRestricted,
    MentionAllMisplaced,
)
