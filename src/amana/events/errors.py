"""Refusals of the log."""

from amana.kernel.errors import Busy, Conflict, Invalid, NotFound


class ClientIdInvalid(Invalid):
    """The retry key is no UUIDv7, so it has no month and no place."""

    code = "client_id_invalid"


class ClientIdFromFuture(Invalid):
    """The client's clock is more than five minutes ahead; it should ask for the time and retry."""

    code = "client_id_from_future"


class ClientIdTooOld(Invalid):
    """The message was written so long ago that the person should decide whether it still goes out."""

    code = "client_id_too_old"


class ClientIdReused(Conflict):
    """The same retry key came with other content."""

    code = "client_id_reused"


class UnknownConversation(NotFound):
    """There is no log of that id."""

    code = "unknown_conversation"


class EventRejected(Invalid):
    """The database refused this one event; its neighbours in the batch were stored."""

    code = "event_rejected"


class LogBusy(Busy):
    """The queue is full; nothing was done."""

    code = "busy"


class OutcomeUnknown(Busy):
    """The connection broke while committing: repeat with the same client id to learn the answer."""

    code = "outcome_unknown"
