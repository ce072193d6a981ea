"""Refusals around coming in."""

from amana.kernel.errors import Conflict, Gone, Invalid, NotFound


class RoomLinkNotFound(NotFound):
    """Nobody's secret, or another organisation's: the same answer on purpose."""

    code = "room_link_not_found"

    def __init__(self) -> None:
        super().__init__("There is no such link.")


class LinkUsedUp(Gone):
    code = "link_used_up"

    def __init__(self) -> None:
        super().__init__("This link has been used up.")


class LinkExpired(Gone):
    code = "link_expired"

    def __init__(self) -> None:
        super().__init__("This link has expired.")


class LinkRevoked(Gone):
    """Withdrawn; or its maker may invite no longer, or the room is closed: its holder need not know which."""

    code = "link_revoked"

    def __init__(self) -> None:
        super().__init__("This link does not work any more.")


class LinkExpiryInvalid(Invalid):
    code = "link_expiry_invalid"

    def __init__(self, *, limit: int) -> None:
        super().__init__(f"Choose a time in the next {limit} days.", field="expires_at", limit=limit)


class TooManyLinks(Conflict):
    code = "too_many_links"

    def __init__(self, *, limit: int) -> None:
        super().__init__(f"This room has {limit} links already. Revoke one first.", limit=limit)


class JoinNotFound(NotFound):
    """Nobody asks, or nobody is asked: it was answered, or taken back."""

    code = "join_not_found"

    def __init__(self) -> None:
        super().__init__("There is nothing to answer any more.")


ALL: tuple[type[Exception], ...] = (
    RoomLinkNotFound,
    LinkUsedUp,
    LinkExpired,
    LinkRevoked,
    LinkExpiryInvalid,
    TooManyLinks,
    JoinNotFound,
)
