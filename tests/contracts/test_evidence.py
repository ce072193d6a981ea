"""Evidence coverage: every route that may change something says what it records, and does so.

A route that is in neither table fails: whoever adds one decides here, where the review sees it.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from litestar.handlers import HTTPRouteHandler

from amana.app.wiring import Runtime
from amana.evidence import Sequencer
from amana.http import Application, endpoint, public
from amana.http.authentication import SESSION_COOKIE
from amana.kernel.clock import SystemClock, unix_ms
from amana.kernel.entropy import SystemEntropy
from amana.kernel.ids import Ids, OrgId
from amana.people.desk import Desk
from tests.contracts.repository import expect_none
from tests.evidence import independent
from tests.http.conftest import PASSWORD, whole_application
from tests.support.passkey import Authenticator

URL = "http://localhost:8080"
READS = {"GET", "HEAD", "OPTIONS"}
# Operation → what it writes into the record of administrative changes.
RECORDS: Mapping[str, frozenset[str]] = {
    "setUp": frozenset({"organisation.created", "session.begun"}),
    "createInvitation": frozenset({"invitation.created"}),
    "revokeInvitation": frozenset({"invitation.revoked"}),
    "join": frozenset({"person.joined", "session.begun"}),
    "changeMe": frozenset({"person.renamed"}),
    "changeRole": frozenset({"role.changed"}),
    "erasePerson": frozenset({"person.erasure_requested"}),
    "signInWithPasskey": frozenset({"session.begun"}),
    "signInWithPassword": frozenset({"session.begun"}),
    "addPasskey": frozenset({"passkey.added"}),
    "removePasskey": frozenset({"passkey.removed"}),
    "changePassword": frozenset({"password.changed", "session.ended"}),
    "signOut": frozenset({"session.ended"}),
    "revokeOtherSessions": frozenset({"session.ended"}),
    "revokeSession": frozenset({"session.ended"}),
    "createToken": frozenset({"token.created"}),
    "revokeToken": frozenset({"token.revoked"}),
    "createConversation": frozenset({"conversation.created"}),
    "openDirect": frozenset({"conversation.created"}),
    "changeConversation": frozenset({"conversation.changed"}),
    "addMember": frozenset({"member.added"}),
    "addMembers": frozenset({"join.offered"}),
    "createRoomLink": frozenset({"link.created"}),
    "revokeRoomLink": frozenset({"link.revoked"}),
    "joinByRoomLink": frozenset({"join.requested"}),
    "joinRoom": frozenset({"join.requested"}),
    "approveJoining": frozenset({"member.added"}),
    "refuseJoining": frozenset({"join.settled"}),
    "acceptOffer": frozenset({"member.added"}),
    "giveUpJoining": frozenset({"join.settled"}),
    "changePolicy": frozenset({"organisation.policy_changed"}),
    "removeMember": frozenset({"key.rotated", "member.removed"}),
    "changeOwner": frozenset({"owner.changed"}),
    "changeMemberRole": frozenset({"member.role_changed"}),
    "closeRoom": frozenset({"conversation.closed"}),
    "reopenRoom": frozenset({"conversation.reopened"}),
    "removeMessage": frozenset({"message.removed"}),
    "scheduleMessage": frozenset({"schedule.created"}),
    "changeScheduled": frozenset({"schedule.changed"}),
    "cancelScheduled": frozenset({"schedule.cancelled"}),
    "changeLogPolicy": frozenset({"witness.policy_changed"}),
}
# Operation → why it records nothing.
RECORDS_NOTHING: Mapping[str, str] = {
    "previewSetup": "It only looks.",
    "previewInvitation": "It only looks.",
    "previewRoomLink": "It only looks.",
    "openPasskey": "A ceremony that is only begun gives nobody anything.",
    "openSignIn": "A ceremony that is only begun gives nobody anything.",
    "sendMessage": "The conversation's own hash chain holds it.",
    "editMessage": "The conversation's own hash chain holds it.",
    "undoSend": "It was not said to anybody; nothing of it is to be left.",
    "forwardMessage": "The conversation's own hash chain holds it; a refusal by the room's rule is recorded.",
    "addReaction": "The conversation's own hash chain holds it.",
    "removeReaction": "The conversation's own hash chain holds it.",
    "pinMessage": "The conversation's own hash chain holds it.",
    "unpinMessage": "The conversation's own hash chain holds it.",
    "castVote": "The conversation's own hash chain holds it; of an anonymous vote nothing is to be left.",
    "closePoll": "The conversation's own hash chain holds it.",
    "saveDraft": "What somebody has not said yet is nobody's business.",
    "addStar": "What somebody wants to find again is nobody's business.",
    "takeStarAway": "What somebody wants to find again is nobody's business.",
    "changeMySide": "A person's own list concerns nobody else.",
    "orderSections": "A person's own folders concern nobody else.",
    "putSection": "A person's own folders concern nobody else.",
    "takeSectionAway": "A person's own folders concern nobody else.",
    "putReminder": "What somebody wants to be reminded of is nobody's business.",
    "takeReminderAway": "What somebody wants to be reminded of is nobody's business.",
    "changePreferences": "They only take away from what others may know, and only about oneself.",
    "markRead": "How far people have read is nobody's business but the room's.",
    "followThread": "Which threads people follow is their own business.",
    "unfollowThread": "Which threads people follow is their own business.",
    "markThreadRead": "How far people have read is nobody's business but their own.",
}


def changing_operations(app: Application) -> set[str]:
    """Every route of the wired application that does more than read."""
    handlers = [
        handler
        for route in app.litestar.routes
        for handler in getattr(route, "route_handlers", ())
        if isinstance(handler, HTTPRouteHandler)
    ]
    return {str(handler.operation_id) for handler in handlers if handler.http_methods - READS}


def undecided(operations: Iterable[str]) -> list[str]:
    return sorted(set(operations) - RECORDS.keys() - RECORDS_NOTHING.keys())


def untrue(wrote: Mapping[str, frozenset[str]]) -> list[str]:
    """Operations that wrote something else than the tables say."""
    return [
        f"{operation} recorded {sorted(actions)}, and is to record {sorted(RECORDS.get(operation, ()))}"
        for operation, actions in wrote.items()
        if actions != RECORDS.get(operation, frozenset())
    ]


@dataclass
class Recorder:
    """Calls routes and notes what each of them added to the record.

    Attributes:
        wrote: operation → actions of its newest call.
        entries: operation → the entries that all its calls wrote.
    """

    client: httpx.AsyncClient
    desk: Desk
    seen: set[UUID] = field(default_factory=set)
    wrote: dict[str, frozenset[str]] = field(default_factory=dict)
    entries: dict[str, set[UUID]] = field(default_factory=dict)

    async def call(
        self, operation: str, method: str, path: str, token: str | None = None, **body: Any
    ) -> httpx.Response:
        self.client.cookies.clear()
        headers = {"authorization": f"Bearer {token}"} if token else {}
        answer = await self.client.request(method, path, json=body, headers=headers)
        assert answer.is_success, f"{operation}: {answer.text}"
        if operation:
            fresh = await self._new_entries()
            self.wrote[operation] = frozenset(fresh.values())
            self.entries.setdefault(operation, set()).update(fresh)
        return answer

    async def enter(self, operation: str, path: str, **body: Any) -> str:
        """A call that signs in; gives the token."""
        return (await self.call(operation, "POST", path, **body)).cookies[SESSION_COOKIE]

    async def me(self, token: str) -> dict[str, Any]:
        answer = await self.client.get("/v1/me", headers={"authorization": f"Bearer {token}"})
        return dict(answer.json())

    async def read(self, sql: str) -> list[dict[str, Any]]:
        """Rows of the organisation's; none before there is one."""
        async with self.desk.db.system() as tx:
            org_id = await tx.value("SELECT org_id FROM organisation")
        if org_id is None:
            return []
        async with self.desk.db.read(OrgId(org_id)) as tx:  # type: ignore[arg-type]  # the column's type
            return [dict(row) for row in await tx.all(sql)]

    async def _new_entries(self) -> dict[UUID, str]:
        rows = await self.read("SELECT id, action FROM evidence_entry")
        fresh = {row["id"]: row["action"] for row in rows if row["id"] not in self.seen}
        self.seen |= fresh.keys()
        return fresh


def unlogged(
    entries: Mapping[str, set[UUID]], rows: Iterable[Mapping[str, Any]], leaves: Iterable[bytes]
) -> list[str]:
    """Operations whose entries are not each exactly one leaf, known by its commitment."""
    logged = Counter((fields["t"], fields.get("c")) for fields in map(json.loads, leaves))
    times = {row["id"]: logged[row["action"], independent.commitment_of(dict(row))] for row in rows}
    return [
        f"{operation} is in the log {times.get(entry, 0)} times"
        for operation, written in entries.items()
        for entry in written
        if times.get(entry) != 1
    ]


async def enter_and_sign_in(recorder: Recorder, runtime: Runtime) -> dict[str, str]:
    """Use every route about people; gives the tokens of *ana* (owner) and *cem* (member) and *bo*'s id."""
    call = recorder.call
    secret = await runtime.issue_setup_secret()
    await call("previewSetup", "POST", "/v1/setup/preview", secret=secret)
    person = {"language": "en", "password": PASSWORD}
    ana = await recorder.enter(
        "setUp", "/v1/setup", secret=secret, organisation="Tamm", display_name="Ana", **person
    )
    made = (await call("createInvitation", "POST", "/v1/invitations", ana, max_uses=2)).json()
    secret = made["url"].partition("#")[2]
    await call("previewInvitation", "POST", "/v1/invitations/preview", secret=secret)
    cem = await recorder.enter("join", "/v1/join", secret=secret, display_name="Cem", **person)
    bo = await recorder.enter("join", "/v1/join", secret=secret, display_name="Bo", **person)
    made = (await call("createInvitation", "POST", "/v1/invitations", ana)).json()
    await call("revokeInvitation", "DELETE", f"/v1/invitations/{made['invitation_id']}", ana)
    await call("changeMe", "PATCH", "/v1/me", bo, display_name="Bo Sepp")
    await call("changeLogPolicy", "PUT", "/v1/log/policy", ana, policy="quorum none\n")
    about_bo = (await recorder.me(bo))["person"]
    await call("changeRole", "PUT", f"/v1/people/{about_bo['user_id']}/role", ana, role="admin")
    await come_and_go(recorder, bo, about_bo["handle"])
    return {"ana": ana, "cem": cem, "bo_id": about_bo["user_id"]}


async def come_and_go(recorder: Recorder, bo: str, handle: str) -> None:
    """Use every way to sign in and out."""
    call, key = recorder.call, Authenticator(URL)
    opened = (await call("openPasskey", "POST", "/v1/passkeys/options", bo)).json()
    answered = {"challenge_id": opened["challenge_id"], "credential": key.create(opened["options"])}
    await call("addPasskey", "POST", "/v1/passkeys", bo, **answered)
    opened = (await call("openSignIn", "POST", "/v1/sign-in/options")).json()
    answered = {"challenge_id": opened["challenge_id"], "credential": key.get(opened["options"])}
    await recorder.enter("signInWithPasskey", "/v1/sign-in/passkey", **answered)
    await call("removePasskey", "DELETE", f"/v1/passkeys/{answered['credential']['id']}", bo)
    wish = {"name": "Notes", "scopes": ["messages:read"]}
    token = (await call("createToken", "POST", "/v1/tokens", bo, **wish)).json()["token"]
    await call("revokeToken", "DELETE", f"/v1/tokens/{token['token_id']}", bo)
    known = {"handle": handle, "password": PASSWORD}
    await recorder.enter("signInWithPassword", "/v1/sign-in/password", **known)
    await call("revokeOtherSessions", "DELETE", "/v1/sessions/others", bo)
    other = await recorder.enter("signInWithPassword", "/v1/sign-in/password", **known)
    session_id = (await recorder.me(other))["session_id"]
    await call("revokeSession", "DELETE", f"/v1/sessions/{session_id}", bo)
    await recorder.enter("signInWithPassword", "/v1/sign-in/password", **known)
    await call("changePassword", "PUT", "/v1/me/password", bo, current=PASSWORD, new="eleven blue trams")
    await call("signOut", "DELETE", "/v1/sessions/current", bo)


async def talk(recorder: Recorder, ana: str, cem: str, bo_id: str) -> None:
    """Use every route about conversations."""
    call, ids = recorder.call, Ids(SystemClock(), SystemEntropy())

    def once() -> str:
        return str(ids.new())

    cem_id = (await recorder.me(cem))["person"]["user_id"]
    group = {
        "client_id": once(),
        "kind": "group",
        "title": "Tram",
        "purpose": "Rails.",
        "member_ids": [cem_id],
    }
    made = (await call("createConversation", "POST", "/v1/conversations", ana, **group)).json()
    room = f"/v1/conversations/{made['conversation_id']}"
    await call("openDirect", "PUT", f"/v1/conversations/direct/{cem_id}", ana)
    await call("changeConversation", "PATCH", room, ana, title="Trams")
    await call("addMember", "PUT", f"{room}/members/{bo_id}", ana)
    said = await call("sendMessage", "POST", f"{room}/messages", cem, client_id=once(), text="Hello")
    message = f"{room}/messages/{said.json()['seq']}"
    await call("editMessage", "PUT", message, cem, client_id=once(), text="Hello all")
    await call("markRead", "PUT", f"{room}/read", ana, seq=said.json()["seq"])
    await call("followThread", "PUT", message.replace("/messages/", "/threads/") + "/follow", ana)
    await call("markThreadRead", "PUT", message.replace("/messages/", "/threads/") + "/read", ana, seq=1)
    await call("unfollowThread", "DELETE", message.replace("/messages/", "/threads/") + "/follow", ana)
    await keep_for_oneself(recorder, cem, room, message)
    await mark(recorder, cem, made["conversation_id"], message)
    await call("removeMessage", "POST", f"{message}/removal", ana, client_id=once())
    await say_later(recorder, ana, room)
    await say_later(recorder, ana, room)
    await call("changeMemberRole", "PUT", f"{room}/members/{cem_id}/role", ana, role="deputy")
    await come_in(recorder, ana, cem, bo_id)
    await call("closeRoom", "PUT", f"{room}/closed", ana, archived=True)
    await call("reopenRoom", "DELETE", f"{room}/closed", ana)
    await call("changeOwner", "PUT", f"{room}/owner", ana, user_id=cem_id)
    await call("removeMember", "DELETE", f"{room}/members/{bo_id}", cem)


async def mark(recorder: Recorder, cem: str, conversation_id: str, message: str) -> None:
    """Use every route that puts something beside a message, and forward it."""
    call, ids = recorder.call, Ids(SystemClock(), SystemEntropy())
    emoji = {"emoji": "👍"}
    await call("addReaction", "POST", f"{message}/reactions", cem, client_id=str(ids.new()), **emoji)
    removal = f"{message}/reactions/removal"
    await call("removeReaction", "POST", removal, cem, client_id=str(ids.new()), **emoji)
    await call("pinMessage", "PUT", f"{message}/pin", cem)
    await call("unpinMessage", "DELETE", f"{message}/pin", cem)
    target = {"conversation_id": conversation_id, "client_id": str(ids.new())}
    await call("forwardMessage", "POST", f"{message}/forwards", cem, targets=[target])
    asked = {"client_id": str(ids.new()), "text": "Tea?", "poll": {"options": ["Yes", "No"]}}
    room = message.partition("/messages/")[0]
    poll = (await call("sendMessage", "POST", f"{room}/messages", cem, **asked)).json()["seq"]
    votes = f"{room}/messages/{poll}/poll/votes"
    await call("castVote", "POST", votes, cem, client_id=str(ids.new()), choices=[1])
    closing = f"{room}/messages/{poll}/poll/closing"
    await call("closePoll", "POST", closing, cem, client_id=str(ids.new()))


async def come_in(recorder: Recorder, ana: str, cem: str, bo_id: str) -> None:
    """Use every route about coming in."""
    call, cem_id = recorder.call, (await recorder.me(cem))["person"]["user_id"]
    client_id, rules = str(Ids(SystemClock(), SystemEntropy()).new()), {"joining": "approval"}
    group = {"client_id": client_id, "title": "Stop", "purpose": "Wait.", "rules": rules}
    made = (await call("createConversation", "POST", "/v1/conversations", ana, **group)).json()
    room, mine = f"/v1/conversations/{made['conversation_id']}", f"/v1/joining/{made['conversation_id']}"
    link = (await call("createRoomLink", "POST", f"{room}/links", ana)).json()
    secret = {"secret": link["url"].partition("#")[2]}
    await call("previewRoomLink", "POST", "/v1/room-links/preview", cem, **secret)
    await call("joinByRoomLink", "POST", "/v1/room-links/join", cem, **secret)
    await call("giveUpJoining", "DELETE", mine, cem)
    await call("revokeRoomLink", "DELETE", f"{room}/links/{link['link']['link_id']}", ana)
    await call("joinRoom", "POST", f"{room}/join", cem)
    await call("approveJoining", "PUT", f"{room}/joining/{cem_id}", ana)
    await call("changePolicy", "PATCH", "/v1/organisation/policy", ana, ask_before_adding=True)
    await call("addMembers", "POST", f"{room}/members", ana, user_ids=[bo_id])
    await call("refuseJoining", "DELETE", f"{room}/joining/{bo_id}", ana)
    await call("removeMember", "DELETE", f"{room}/members/{cem_id}", ana)
    await call("addMembers", "POST", f"{room}/members", ana, user_ids=[cem_id])
    await call("acceptOffer", "PUT", mine, cem)
    await call("changePolicy", "PATCH", "/v1/organisation/policy", ana, ask_before_adding=False)


async def say_later(recorder: Recorder, ana: str, room: str) -> None:
    """Hold a message back and take it back, schedule one, change and cancel it."""
    call, ids = recorder.call, Ids(SystemClock(), SystemEntropy())
    client_id, at = str(ids.new()), unix_ms(SystemClock().now() + timedelta(days=1))
    await call("sendMessage", "POST", f"{room}/messages", ana, client_id=client_id, text="No", undo_s=10)
    await call("undoSend", "DELETE", f"{room}/held/{client_id}", ana)
    words = {"client_id": str(ids.new()), "text": "Tomorrow", "at": at}
    line = (await call("scheduleMessage", "POST", f"{room}/scheduled", ana, **words)).json()
    scheduled = f"{room}/scheduled/{line['schedule_id']}"
    await call("changeScheduled", "PUT", scheduled, ana, **{**words, "text": "Still tomorrow"})
    await call("cancelScheduled", "DELETE", scheduled, ana)


async def keep_for_oneself(recorder: Recorder, cem: str, room: str, message: str) -> None:
    """Use every route about what only the person sees."""
    call, ids = recorder.call, Ids(SystemClock(), SystemEntropy())
    section, reminder = f"/v1/sections/{ids.new()}", f"/v1/reminders/{ids.new()}"
    await call("saveDraft", "PUT", f"{room}/draft", cem, text="Dear", revision=0)
    await call("addStar", "PUT", f"{message}/star", cem)
    await call("takeStarAway", "DELETE", f"{message}/star", cem)
    await call("changeMySide", "PATCH", f"{room}/mine", cem, archived=True)
    await call("putSection", "PUT", section, cem, name="Mine")
    await call("orderSections", "PUT", "/v1/sections", cem, section_ids=[section.rpartition("/")[2]])
    await call("takeSectionAway", "DELETE", section, cem)
    about = {"conversation_id": room.rpartition("/")[2], "due_at": 4_000_000_000_000}
    await call("putReminder", "PUT", reminder, cem, **about)
    await call("takeReminderAway", "DELETE", reminder, cem)
    await call("changePreferences", "PATCH", "/v1/preferences", cem, receipts=False)


async def test_every_route_that_changes_something_records_what_it_says(
    empty_dsn: str, tmp_path: Path
) -> None:
    async with whole_application(empty_dsn, tmp_path) as (app, runtime):
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url=URL) as client:
            recorder = Recorder(client, runtime.services.get(Desk))
            cast = await enter_and_sign_in(recorder, runtime)
            await talk(recorder, cast["ana"], cast["cem"], cast["bo_id"])
            erasing = f"/v1/people/{cast['bo_id']}/erasure"
            await recorder.call("erasePerson", "POST", erasing, cast["ana"], current_password=PASSWORD)
            missing = await missing_in_the_log(recorder, runtime)
        operations = changing_operations(app)

    expect_none(undecided(operations))
    assert operations == RECORDS.keys() | RECORDS_NOTHING.keys()
    assert operations == recorder.wrote.keys(), "each of them is used above"
    expect_none(untrue(recorder.wrote))
    expect_none(missing)


async def missing_in_the_log(recorder: Recorder, runtime: Runtime) -> list[str]:
    """What was recorded and is no leaf of the signed tree; every conversation's chain is in there too."""
    organisation = await recorder.desk.organisation()
    await runtime.services.get(Sequencer).run_once(organisation.org_id)
    leaves = [row["data"] for row in await recorder.read("SELECT data FROM evidence_leaf ORDER BY idx")]
    (newest,) = await recorder.read("SELECT * FROM evidence_checkpoint ORDER BY size DESC LIMIT 1")
    assert (newest["size"], newest["root"]) == (
        len(leaves),
        independent.mth([independent.leaf(data) for data in leaves]),
    )
    rows = await recorder.read("SELECT * FROM evidence_entry")
    heads = await recorder.read("SELECT conversation_id, seq, chain FROM conversation_head WHERE seq > 0")
    rooms = await recorder.read("SELECT conversation_id, seq, chain FROM evidence_room")
    assert heads
    assert [head for head in heads if head not in rooms] == []
    return unlogged(recorder.entries, rows, leaves)


def test_no_route_is_in_both_tables_and_each_has_an_action_or_a_reason() -> None:
    assert RECORDS.keys() & RECORDS_NOTHING.keys() == set()
    assert [operation for operation, actions in RECORDS.items() if not actions] == []
    assert [operation for operation, why in RECORDS_NOTHING.items() if not why.endswith(".")] == []


def test_a_forgotten_route_is_caught() -> None:
    @endpoint("POST", "/v1/forgotten", operation="forgotten", access=public("only for this test"))
    async def forgotten() -> None: ...

    assert undecided([str(forgotten.operation_id), "setUp", "markRead"]) == ["forgotten"]


@pytest.mark.parametrize(
    ("operation", "actions"),
    [("changeRole", frozenset[str]()), ("changeRole", frozenset({"x"})), ("markRead", frozenset({"x"}))],
)
def test_a_route_that_records_something_else_is_caught(operation: str, actions: frozenset[str]) -> None:
    assert len(untrue({operation: actions})) == 1


def test_an_entry_that_is_no_leaf_or_two_is_caught() -> None:
    entry, other = UUID(int=1), UUID(int=2)
    row = {"id": entry, "at": datetime(2026, 11, 22, tzinfo=UTC), "action": "role.changed", "detail": b"x"}
    row |= {"org_id": other, "actor_id": None, "subject": None, "blind": bytes(32)}
    leaf = json.dumps({"t": "role.changed", "c": independent.commitment_of(row)}).encode()

    assert unlogged({"changeRole": {entry}}, [row], [leaf]) == []
    assert len(unlogged({"changeRole": {entry}}, [row], [leaf, leaf])) == 1
    assert len(unlogged({"changeRole": {entry}}, [row], [leaf.replace(b"role.", b"roll.")])) == 1
    assert len(unlogged({"changeRole": {entry, other}}, [row], [leaf])) == 1
    assert len(unlogged({"changeRole": {entry}}, [{**row, "subject": entry}], [leaf])) == 1


def test_a_route_that_records_as_it_says_is_not_caught() -> None:
    assert untrue({"changeRole": RECORDS["changeRole"], "markRead": frozenset()}) == []
