"""Role × endpoint: every route says who may use it, and keeps to it."""

import uuid
from typing import Any

import httpx
import pytest
from litestar.handlers import HTTPRouteHandler

from amana.app.features import FEATURES
from amana.conversations import permissions as rooms
from amana.http import Access, endpoint, public
from amana.kernel.actor import Role
from amana.kernel.clock import SystemClock
from amana.kernel.entropy import SystemEntropy
from amana.kernel.ids import Ids
from amana.people.permissions import MINIMUM_ROLE
from tests.http.conftest import Served

ROUTES: list[HTTPRouteHandler] = [
    route for feature in FEATURES for route in feature.routes if isinstance(route, HTTPRouteHandler)
]
CAPABILITIES = {name for feature in FEATURES for name in feature.permissions}
NOBODY = str(uuid.UUID(int=7))


def access_of(route: HTTPRouteHandler) -> Access:
    """Who may use a route.

    Raises:
        LookupError: the route does not say.
    """
    access = route.opt.get("access")
    if isinstance(access, Access):
        return access
    raise LookupError(f"{route.operation_id} does not say who may use it")


def path_of(route: HTTPRouteHandler) -> str:
    (path,) = route.paths
    parts = []
    for part in path.split("/"):
        kind = part.strip("{}").partition(":")[2]
        made_up = {"uuid": NOBODY, "int": "1", "str": "AAAA", "path": "0/000"}
        parts.append(made_up[kind] if part.startswith("{") else part)
    return "/".join(parts)


def method_of(route: HTTPRouteHandler) -> str:
    (method,) = route.http_methods - {"OPTIONS"}
    return str(method)


def ask(served: Served, route: HTTPRouteHandler, token: str | None, body: Any = None) -> httpx.Response:
    headers = {"authorization": f"Bearer {token}"} if token else {}
    return httpx.request(
        method_of(route), served.url + path_of(route), headers=headers, json=body, timeout=20
    )


def route_ids() -> list[str]:
    return [str(route.operation_id) for route in ROUTES]


@pytest.mark.parametrize("route", ROUTES, ids=route_ids())
def test_every_route_names_its_capability_or_says_why_it_needs_none(route: HTTPRouteHandler) -> None:
    access = access_of(route)

    assert route.operation_id
    if access.kind == "capability":
        assert access.name in CAPABILITIES
    if access.kind == "public":
        assert len(access.name) > 10, "a public route says why"


def test_the_check_itself_finds_a_route_that_says_nothing() -> None:
    @endpoint("GET", "/v1/forgotten", operation="forgotten", access=public("only for this test"))
    async def forgotten() -> None: ...

    forgotten.opt.pop("access")

    with pytest.raises(LookupError):
        access_of(forgotten)


@pytest.mark.parametrize("route", ROUTES, ids=route_ids())
def test_nobody_uses_a_route_without_being_signed_in_unless_it_is_public(
    served: Served, route: HTTPRouteHandler
) -> None:
    answer = ask(served, route, None)

    if access_of(route).kind == "public":
        # openPasskey serves both kinds of callers and decides by the body.
        assert answer.status_code != 401 or route.operation_id == "openPasskey"
    else:
        assert (answer.status_code, answer.json()["error"]["code"]) == (401, "unauthenticated")


ORGANISATION_WIDE = [route for route in ROUTES if access_of(route).name in MINIMUM_ROLE]
BODIES: dict[str, Any] = {
    "createInvitation": {"role": "guest"},
    "changeRole": {"role": "guest"},
    "changeLogPolicy": {"policy": "quorum none"},
    "changePolicy": {"ask_before_adding": False},
}


@pytest.mark.parametrize("role", ["guest", "member", "admin", "owner"])
@pytest.mark.parametrize("route", ORGANISATION_WIDE, ids=lambda route: route.operation_id)
def test_a_capability_is_refused_below_its_role_and_never_from_it_upwards(
    served: Served, route: HTTPRouteHandler, role: str
) -> None:
    answer = ask(served, route, served.tokens[role], BODIES.get(str(route.operation_id)))

    is_enough = Role[role.upper()] >= MINIMUM_ROLE[access_of(route).name]
    code = answer.json()["error"]["code"] if answer.status_code >= 400 else None
    assert (code == "not_permitted") is not is_enough
    assert answer.status_code < 500


ROLES = ("guest", "member", "admin", "owner")
IDS = Ids(SystemClock(), SystemEntropy())
# What a room asks of those who are in it: capability → the request, {room} and {message} filled in.
IN_A_ROOM: dict[str, tuple[str, str, dict[str, Any]]] = {
    rooms.CHANGE: ("PATCH", "{room}", {"title": "Trams"}),
    rooms.RETENTION: ("PATCH", "{room}", {"retention_days": 30}),
    rooms.MEMBER_ADD: ("PUT", "{room}/members/" + NOBODY, {}),
    rooms.MEMBER_REMOVE: ("DELETE", "{room}/members/" + NOBODY, {}),
    rooms.OWNER_CHANGE: ("PUT", "{room}/owner", {"user_id": NOBODY}),
    rooms.REMOVE_ANY: ("POST", "{message}/removal", {"client_id": ""}),
    rooms.RULES: ("PATCH", "{room}", {"rules": {"receipts": "count"}}),
    rooms.POSTERS: ("PUT", "{room}/members/" + NOBODY + "/role", {"role": "poster"}),
    rooms.DEPUTIES: ("PUT", "{room}/members/" + NOBODY + "/role", {"role": "deputy"}),
    # Last: nothing can be written in the room after them.
    rooms.CLOSE: ("PUT", "{room}/closed", {}),
    rooms.ARCHIVE: ("PUT", "{room}/closed", {"archived": True}),
}
REFUSALS = {"not_permitted", "conversation_not_found"}


def outcome(served: Served, role: str, method: str, path: str, body: dict[str, Any]) -> str:
    """``permitted``, or the code of the refusal: that there is nobody of this id is said only afterwards."""
    if "client_id" in body:
        body = {**body, "client_id": str(IDS.new())}
    headers = {"authorization": f"Bearer {served.tokens[role]}"}
    answer = httpx.request(method, served.url + path, headers=headers, json=body, timeout=20)
    assert answer.status_code < 500
    code = answer.json()["error"]["code"] if answer.status_code >= 400 else "permitted"
    return code if code in REFUSALS else "permitted"


def made(served: Served, role: str, method: str, path: str, **body: Any) -> Any:
    headers = {"authorization": f"Bearer {served.tokens[role]}"}
    answer = httpx.request(method, served.url + path, headers=headers, json=body, timeout=20)
    assert answer.is_success, answer.text
    return answer.json() if answer.content else None


def room_with(served: Served, role: str, standing: str) -> tuple[str, str]:
    """A group with somebody of ``role`` as owner, member or outside it: (its path, another one's message)."""
    other = "admin" if role == "owner" else "owner"
    person_id = made(served, role, "GET", "/v1/me")["person"]["user_id"]
    group = {"client_id": str(IDS.new()), "kind": "group", "title": "Tram", "purpose": "Rails."}
    inside = [] if standing == "outside" else [person_id]
    group_id = made(served, other, "POST", "/v1/conversations", **group, member_ids=inside)["conversation_id"]
    room = f"/v1/conversations/{group_id}"
    said = made(served, other, "POST", f"{room}/messages", client_id=str(IDS.new()), text="Hello")
    if standing == "owner":
        made(served, other, "PUT", f"{room}/owner", user_id=person_id)
    return room, f"{room}/messages/{said['seq']}"


def expected(capability: str, role: str, standing: str) -> str:
    is_enough = Role[role.upper()] >= Role.ADMIN
    if standing == "outside":
        # From outside an administrator names an owner and archives, and nothing else.
        reaches = capability in {rooms.OWNER_CHANGE, rooms.ARCHIVE}
        return "permitted" if reaches and is_enough else "conversation_not_found"
    # Archiving is the organisation's; all else is the owner's as well.
    owns = standing == "owner" and capability != rooms.ARCHIVE
    return "permitted" if owns or is_enough else "not_permitted"


@pytest.mark.parametrize("standing", ["outside", "member", "owner"])
@pytest.mark.parametrize("role", ROLES)
def test_what_may_be_done_in_a_room_follows_from_role_and_standing(
    served: Served, role: str, standing: str
) -> None:
    room, message = room_with(served, role, standing)

    answers = {
        capability: outcome(served, role, method, path.format(room=room, message=message), body)
        for capability, (method, path, body) in IN_A_ROOM.items()
    }

    assert answers == {capability: expected(capability, role, standing) for capability in IN_A_ROOM}


@pytest.mark.parametrize("role", ROLES)
def test_everybody_but_guests_makes_groups(served: Served, role: str) -> None:
    group = {"client_id": "", "kind": "group", "title": "Tram", "purpose": "Rails."}

    answer = outcome(served, role, "POST", "/v1/conversations", group)

    assert answer == ("not_permitted" if role == "guest" else "permitted")


def test_every_capability_is_in_a_matrix() -> None:
    assert set(MINIMUM_ROLE) | set(IN_A_ROOM) | {rooms.CREATE} == CAPABILITIES


def test_the_matrix_is_not_empty() -> None:
    assert len(ROUTES) > 20
    assert len(ORGANISATION_WIDE) >= 4
