"""Refusals about tokens."""

from amana.kernel.errors import Conflict, Forbidden, NotFound


class ApiTokenNotFound(NotFound):
    """None of the person's own, or it ended already."""

    code = "api_token_not_found"

    def __init__(self) -> None:
        super().__init__("There is no such token.")


class TooManyApiTokens(Conflict):
    code = "too_many_api_tokens"

    def __init__(self, *, limit: int) -> None:
        super().__init__("End a token first.", limit=limit)


class ScopeTooWide(Forbidden):
    """A token makes none that may do more than itself."""

    code = "scope_too_wide"

    def __init__(self, *, scopes: list[str]) -> None:
        super().__init__("This token cannot give these scopes.", scopes=scopes)


REFUSALS = (ApiTokenNotFound, TooManyApiTokens, ScopeTooWide)
