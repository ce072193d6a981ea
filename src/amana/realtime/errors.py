"""Refusals of the gateway."""

from amana.kernel.errors import Busy, Invalid, NotFound, Refusal


class FrameInvalid(Invalid):
    """JSON, but not a frame of this protocol."""

    code = "frame_invalid"


class TooManyFrames(Busy):
    """This socket sends faster than a server for many can allow one."""

    code = "too_many_frames"


class NotReadable(NotFound):
    """No such conversation for this person."""

    code = "unknown_conversation"


class ServerStopping(Busy):
    """The server is about to stop: repeat on the next connection."""

    code = "server_stopping"


class InternalError(Refusal):
    """A mistake of ours; ``reference`` finds it in the server's log."""

    code = "internal_error"
