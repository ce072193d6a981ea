"""Every endpoint and every frame says what an API token needs for it."""

from collections.abc import Iterable, Mapping

from litestar.handlers import HTTPRouteHandler

from amana.app.features import FEATURES
from amana.app.scopes import ACCOUNT, ADMIN, FRAMES, NO_TOKEN, OPERATIONS
from amana.http import endpoint, public
from amana.http.scopes import ANY_TOKEN
from amana.people.api_tokens.model import SCOPES
from scripts.asyncapi import socket_operations
from tests.contracts.repository import expect_none

# What gives or takes a way in, or power over others: at most for tokens that were made for just that.
SECURITY = {
    "createToken", "listTokens", "revokeToken", "openPasskey", "addPasskey", "listPasskeys", "removePasskey",
    "changePassword", "listSessions", "revokeSession", "revokeOtherSessions", "createInvitation",
    "changeRole", "erasePerson", "changeLogPolicy", "setUp", "join",
    "signInWithPasskey", "signInWithPassword", "signOut",
}  # fmt: skip


def operations() -> set[str]:
    return {
        str(route.operation_id)
        for feature in FEATURES
        for route in feature.routes
        if isinstance(route, HTTPRouteHandler)
    }


def frames() -> set[str]:
    return set(socket_operations())


def undecided(names: Iterable[str], table: Mapping[str, str | None]) -> list[str]:
    return [f"{name}: add a line to app/scopes.py" for name in sorted(set(names) - table.keys())]


def test_every_endpoint_is_in_the_table_and_nothing_else() -> None:
    expect_none(undecided(operations(), OPERATIONS))
    assert OPERATIONS.keys() - operations() == set()


def test_every_frame_is_in_the_table_and_nothing_else() -> None:
    expect_none(undecided(frames(), FRAMES))
    assert FRAMES.keys() - frames() == set()


def test_every_scope_exists_says_what_it_allows_and_is_used() -> None:
    used = {scope for table in (OPERATIONS, FRAMES) for scope in table.values()} - {NO_TOKEN, ANY_TOKEN}

    assert used <= SCOPES.keys()
    expect_none(name for name, sentence in SCOPES.items() if not sentence.endswith("."))


def test_what_gives_power_is_only_for_tokens_that_were_made_for_it() -> None:
    assert operations() >= SECURITY
    expect_none(name for name in SECURITY if OPERATIONS[name] not in (ACCOUNT, ADMIN, NO_TOKEN))


def test_a_forgotten_endpoint_is_caught() -> None:
    @endpoint("POST", "/v1/forgotten", operation="forgotten", access=public("only for this test"))
    async def forgotten() -> None: ...

    assert len(undecided([str(forgotten.operation_id), "sync"], OPERATIONS)) == 1
