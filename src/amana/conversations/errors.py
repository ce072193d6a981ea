"""Refusals of the conversations domain."""

from amana.kernel.errors import Busy, Conflict, Forbidden, Invalid, NotFound, Refusal


class ConversationNotFound(NotFound):
    """No such conversation, or the caller is no member: the same answer on purpose."""

    code = "conversation_not_found"

    def __init__(self) -> None:
        super().__init__("There is no such conversation.")


class MessageNotFound(NotFound):
    """No such message, or it lies before what the caller may see."""

    code = "message_not_found"

    def __init__(self, *, seq: int) -> None:
        super().__init__("There is no such message.", seq=seq)


class MemberNotFound(NotFound):
    """The person is no member of this conversation."""

    code = "member_not_found"

    def __init__(self) -> None:
        super().__init__("This person is not in the conversation.")


class NotTheAuthor(Forbidden):
    """Only who wrote a message may change its text."""

    code = "not_the_author"

    def __init__(self) -> None:
        super().__init__("Only the author can edit a message.")


class PurposeRequired(Invalid):
    code = "purpose_required"

    def __init__(self) -> None:
        super().__init__("Say what the group is for.", field="purpose")


class TitleRequired(Invalid):
    code = "title_required"

    def __init__(self) -> None:
        super().__init__("Give the group a name.", field="title")


class TextEmpty(Invalid):
    code = "text_empty"

    def __init__(self) -> None:
        super().__init__("The message is empty.", field="text")


class TextTooLong(Invalid):
    code = "text_too_long"

    def __init__(self, *, field: str, limit: int, length: int) -> None:
        super().__init__(
            f"The text is too long: {length} characters, the limit is {limit}.",
            field=field,
            limit=limit,
            length=length,
        )


class TextInvalid(Invalid):
    """Lone surrogates or NUL: cannot be stored or shown faithfully."""

    code = "text_invalid"

    def __init__(self, *, field: str) -> None:
        super().__init__("The text contains characters that cannot be stored.", field=field)


class HistoryDaysInvalid(Invalid):
    code = "history_days_invalid"

    def __init__(self, *, limit: int) -> None:
        super().__init__(f"Choose between 1 and {limit} days.", field="history.days", limit=limit)


class RetentionInvalid(Invalid):
    code = "retention_invalid"

    def __init__(self, *, limit: int) -> None:
        super().__init__(f"Choose between 1 and {limit} days.", field="retention_days", limit=limit)


class EditWindowInvalid(Invalid):
    code = "edit_window_invalid"

    def __init__(self, *, limit: int) -> None:
        super().__init__(
            f"Choose between 0 and {limit} seconds, or no limit.", field="rules.edit_window_s", limit=limit
        )


class EndDateInvalid(Invalid):
    """In the past, or so far away that nobody would remember."""

    code = "end_date_invalid"

    def __init__(self, *, limit: int) -> None:
        super().__init__(
            f"Choose a date in the next {limit} days, or none.", field="rules.ends_at", limit=limit
        )


class RuleFixed(Conflict):
    """The kind of the room decides it."""

    code = "rule_fixed"

    def __init__(self, *, field: str) -> None:
        super().__init__("This cannot be chosen in a room of this kind.", field=f"rules.{field}")


class PostingNotAllowed(Forbidden):
    """Only the owner, deputies and posters write here."""

    code = "posting_not_allowed"

    def __init__(self) -> None:
        super().__init__("Only some people write here, and you are not one of them.")


class ConversationClosed(Conflict):
    """Members read on; nobody writes, and nobody comes in."""

    code = "conversation_closed"

    def __init__(self) -> None:
        super().__init__("This conversation is closed.")


class OwnerHasRole(Conflict):
    """The owner's standing ends only by naming another owner."""

    code = "owner_has_role"

    def __init__(self) -> None:
        super().__init__("Make somebody else the owner first.")


class TooManyMembers(Invalid):
    """More people in one request than may be added at once."""

    code = "too_many_members"

    def __init__(self, *, limit: int) -> None:
        super().__init__(f"Add at most {limit} people at once.", field="member_ids", limit=limit)


class ReplyInvalid(Invalid):
    """The answered message does not exist, is not visible, is removed or is no message."""

    code = "reply_invalid"

    def __init__(self, *, seq: int) -> None:
        super().__init__("The message you answer is not there any more.", field="reply_to", seq=seq)


class DirectWithSelf(Invalid):
    code = "direct_with_self"

    def __init__(self) -> None:
        super().__init__("Choose somebody else to talk to.", field="user_id")


class DirectIsFixed(Conflict):
    """A direct conversation has exactly two people, no title and no owner, for ever."""

    code = "direct_is_fixed"

    def __init__(self) -> None:
        super().__init__("A conversation between two people cannot be changed in this way.")


class OwnerMustTransfer(Conflict):
    """A group always has an owner: name the next one before leaving."""

    code = "owner_must_transfer"

    def __init__(self) -> None:
        super().__init__("Make somebody else the owner before you leave.")


class MessageRemoved(Conflict):
    code = "message_removed"

    def __init__(self, *, seq: int) -> None:
        super().__init__("The message was removed.", seq=seq)


class MessageErased(Conflict):
    """Retention or the erasure of a person ended it: there is nothing left to change."""

    code = "message_erased"

    def __init__(self, *, seq: int) -> None:
        super().__init__("The message was erased.", seq=seq)


class MessageDamaged(Conflict):
    """Its rows were changed outside of Amana, so it is not known which text a change would replace."""

    code = "message_damaged"

    def __init__(self, *, seq: int) -> None:
        super().__init__("The stored message is damaged.", seq=seq)


class CursorInvalid(Invalid):
    """Not the words that the page before gave."""

    code = "cursor_invalid"

    def __init__(self) -> None:
        super().__init__("Begin this list again.", field="before")


class SendingTooFast(Busy):
    """One person sends faster than any person writes."""

    code = "sending_too_fast"

    def __init__(self, *, retry_after_s: float) -> None:
        super().__init__("You are sending too fast.", retry_after_s=retry_after_s)


class SendingFailed(Refusal):
    """A mistake of ours; ``reference`` finds it in the server's log."""

    code = "internal_error"

    def __init__(self, *, reference: str) -> None:
        super().__init__("Something broke on our side.", reference=reference)


ALL: tuple[type[Exception], ...] = (
    ConversationNotFound,
    MessageNotFound,
    MemberNotFound,
    NotTheAuthor,
    PurposeRequired,
    TitleRequired,
    TextEmpty,
    TextTooLong,
    TextInvalid,
    HistoryDaysInvalid,
    RetentionInvalid,
    EditWindowInvalid,
    EndDateInvalid,
    RuleFixed,
    PostingNotAllowed,
    ConversationClosed,
    OwnerHasRole,
    TooManyMembers,
    ReplyInvalid,
    DirectWithSelf,
    DirectIsFixed,
    OwnerMustTransfer,
    MessageRemoved,
    MessageErased,
    MessageDamaged,
    CursorInvalid,
    SendingTooFast,
    SendingFailed,
)
