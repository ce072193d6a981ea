"""Fills an empty server with a made-up company, through the same use cases that people go through."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from amana.app.demo_content import DIRECT, GROUPS, ORGANISATION, PEOPLE, DemoGroup, DemoPerson
from amana.app.wiring import Runtime
from amana.conversations.messages.draft import Draft
from amana.conversations.messages.sending import Sending
from amana.conversations.model import History, HistoryPolicy
from amana.conversations.reading.service import ReadingService
from amana.conversations.service import ConversationService, NewGroup
from amana.kernel.actor import Actor, Role
from amana.kernel.clock import SystemClock
from amana.kernel.ids import ClientId, ConversationId, Ids, Seq
from amana.people import invitations, setup
from amana.people.desk import Desk
from amana.people.model import SignedIn, Visitor

DEMO_SPAN = timedelta(days=5)
INVITATION_LIFE = timedelta(days=30)
WORKDAY_START, WORKDAY_END = 7, 18


class DemoClock:
    """Starts some days ago and is moved on by hand, so that the talk has a past; then it is real."""

    def __init__(self) -> None:
        self._real = SystemClock()
        self._behind = DEMO_SPAN

    def now(self) -> datetime:
        return self._real.now() - self._behind

    def monotonic_s(self) -> float:
        return self._real.monotonic_s()

    def advance(self, by: timedelta) -> None:
        """Let time pass, never beyond the present."""
        self._behind = max(timedelta(0), self._behind - by)

    def next_workday(self) -> None:
        """Go to the next morning when the day is over."""
        now = self.now()
        if now.hour >= WORKDAY_END or now.hour < WORKDAY_START:
            morning = now.replace(hour=WORKDAY_START, minute=12)
            self.advance((morning if morning > now else morning + timedelta(days=1)) - now)

    def arrive(self) -> None:
        """Be in the present from now on."""
        self._behind = timedelta(0)


@dataclass(frozen=True, slots=True)
class DemoAccess:
    """How to look at the company: one password for everybody in it."""

    password: str
    handles: Sequence[tuple[str, str, str]]
    invitation: str


async def fill(runtime: Runtime, clock: DemoClock) -> DemoAccess:
    """Create the organisation, its people, groups and messages."""
    demo = _Demo(runtime, clock)
    people = await demo.found()
    for group in GROUPS:
        await demo.talk_in_group(group, people)
    for first, second, lines in DIRECT:
        await demo.talk_in_private(people[first], people[second], lines)
    clock.arrive()
    return DemoAccess(
        demo.password,
        [(one.person.display_name, one.person.handle, one.person.language) for one in people],
        await demo.invite(people[0].actor, max_uses=25),
    )


class _Demo:
    def __init__(self, runtime: Runtime, clock: DemoClock) -> None:
        self._runtime = runtime
        self._clock = clock
        self._desk = runtime.services.get(Desk)
        self._ids = Ids(clock, runtime.entropy)
        self.password = runtime.entropy.token_bytes(6).hex()

    async def found(self) -> list[SignedIn]:
        """The owner by set-up link, everybody else by an invitation."""
        secret = await self._runtime.issue_setup_secret()
        if secret is None:
            raise RuntimeError("a demo starts with an empty folder")
        first = PEOPLE[0]
        wish = setup.SetUp(secret, ORGANISATION, first.name, first.language, self.password, None)
        owner = await setup.set_up(self._desk, wish, _visitor())
        link = await self.invite(owner.actor, max_uses=len(PEOPLE) - 1)
        return [owner, *[await self._join(person, link.partition("#")[2]) for person in PEOPLE[1:]]]

    async def invite(self, actor: Actor, *, max_uses: int) -> str:
        """An invitation link to the organisation."""
        async with self._desk.db.write(actor.org_id) as tx:
            issued = await invitations.create(
                self._desk,
                tx,
                actor,
                role=Role.MEMBER,
                conversation_id=None,
                max_uses=max_uses,
                life=INVITATION_LIFE,
            )
        return issued.url

    async def talk_in_group(self, group: DemoGroup, people: Sequence[SignedIn]) -> None:
        members = [people[place] for place in group.members]
        owner = members[0].actor
        wanted = NewGroup(
            ClientId(self._ids.new()),
            group.title,
            group.purpose,
            tuple(member.actor.user_id for member in members[1:]),
            HistoryPolicy(History.ALL),
        )
        async with self._desk.db.write(owner.org_id) as tx:
            service = self._runtime.services.get(ConversationService)
            conversation_id = await service.create_group(tx, owner, wanted)
        await self._talk(conversation_id, members, group.lines)

    async def talk_in_private(self, first: SignedIn, second: SignedIn, lines: Sequence[str]) -> None:
        async with self._desk.db.write(first.actor.org_id) as tx:
            service = self._runtime.services.get(ConversationService)
            conversation_id = await service.create_direct(tx, first.actor, second.actor.user_id)
        await self._talk(conversation_id, [first, second], lines)

    async def _talk(
        self, conversation_id: ConversationId, members: Sequence[SignedIn], lines: Sequence[str]
    ) -> None:
        """Let the members speak in turn; the last lines stay unread for some of them."""
        sending = self._runtime.services.get(Sending)
        for place, line in enumerate(lines):
            speaker = members[place % len(members)].actor
            self._clock.advance(timedelta(minutes=3 + 7 * (place % 5)))
            self._clock.next_workday()
            draft = Draft(conversation_id, ClientId(self._ids.new()), line)
            appended = await sending.send(speaker, draft)
            if place == len(lines) - 3:
                await self._read_by_all(conversation_id, members, appended.seq)

    async def _read_by_all(
        self, conversation_id: ConversationId, members: Sequence[SignedIn], seq: Seq
    ) -> None:
        reading = self._runtime.services.get(ReadingService)
        for member in members:
            async with self._desk.db.write(member.actor.org_id) as tx:
                await reading.mark_read(tx, member.actor, conversation_id, seq)

    async def _join(self, person: DemoPerson, secret: str) -> SignedIn:
        wish = invitations.Join(secret, person.name, person.language, self.password, None)
        signed_in, _ = await invitations.join(self._desk, wish, _visitor())
        return signed_in


def _visitor() -> Visitor:
    return Visitor(network="127.0.0.1", device_pass="", user_agent="Amana demo", actor=None)
