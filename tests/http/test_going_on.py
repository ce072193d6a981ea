"""While the disk is nearly full nobody is locked out, kept in, or kept from erasing; nothing new is taken."""

import pytest

from amana.http.asgi import Receive, Scope, Send
from amana.http.going_on import GoingOn
from amana.storage.errors import StorageFull
from amana.storage.space import Gate


async def passes(path: str) -> bool:
    """Whether a change asked for at ``path`` gets through a closed gate."""
    gate = Gate()
    gate.is_closed = True

    async def change(_scope: Scope, _receive: Receive, _send: Send) -> None:
        gate.require_open()

    try:
        await GoingOn(change)({"type": "http", "path": path}, None, None)  # type: ignore[arg-type]
    except StorageFull:
        return False
    return True


@pytest.mark.parametrize(
    ("path", "goes_on"),
    [
        ("/v1/sign-in/password", True),
        ("/v1/sessions/current", True),
        ("/v1/people/4a/erasure", True),
        ("/v1/conversations/4a/messages/7/removal", True),
        ("/v1/conversations/4a/read", True),
        ("/v1/conversations/4a/messages", False),
        ("/v1/conversations", False),
        ("/v1/invitations", False),
    ],
)
async def test_what_goes_on_while_the_disk_is_nearly_full(path: str, goes_on: bool) -> None:
    assert await passes(path) is goes_on
