"""The conversations domain put together: every service with what it needs, the same for server and tests."""

from dataclasses import dataclass

from amana.conversations.closing.custody import Custody
from amana.conversations.closing.service import ClosingService
from amana.conversations.following import Following
from amana.conversations.forwarding.service import Forwarding, ForwardingStep
from amana.conversations.joining.links import RoomLinks
from amana.conversations.joining.service import JoinService
from amana.conversations.membership.service import MembershipService
from amana.conversations.mentions.mentioned import Mentioned
from amana.conversations.mentions.service import Mentions, MentionStep
from amana.conversations.messages.extras import Extra
from amana.conversations.messages.flood import Flood
from amana.conversations.messages.pages import Pages
from amana.conversations.messages.posting import Posting, Step
from amana.conversations.messages.queries import POST_MESSAGES
from amana.conversations.messages.sending import Sending, refusal_of
from amana.conversations.messages.service import MessageService
from amana.conversations.messages.versions import Versions
from amana.conversations.pins.service import PinService, ShownPins
from amana.conversations.polls.closing import ClosingAtTime
from amana.conversations.polls.counts import ShownPolls
from amana.conversations.polls.model import CLOSE_JOB
from amana.conversations.polls.service import PollService, PollStep
from amana.conversations.private.assembly import Private
from amana.conversations.private.stars.extra import StarExtra
from amana.conversations.reactions.service import ReactionService
from amana.conversations.reactions.shown import ShownReactions
from amana.conversations.reactions.socket import ReactionOperations
from amana.conversations.reading.service import ReadingService
from amana.conversations.receipts.delivery import Deliveries
from amana.conversations.receipts.service import ReceiptService
from amana.conversations.receipts.socket import ReceiptOperations
from amana.conversations.receipts.typing import Typing
from amana.conversations.scheduling.holding import Holding
from amana.conversations.scheduling.model import DUE_JOB, HEIRS_JOB
from amana.conversations.scheduling.saying import Saying
from amana.conversations.scheduling.service import Scheduling
from amana.conversations.scheduling.succession import Succession
from amana.conversations.service import ConversationService
from amana.conversations.socket import SocketOperations
from amana.conversations.summaries import Summaries
from amana.conversations.threads.service import ThreadExtra, Threads, ThreadStep
from amana.conversations.writing import Desk
from amana.events.batcher import Batcher
from amana.storage.database import Database
from amana.storage.jobs import Jobs


@dataclass(frozen=True, slots=True)
class Domain:
    """The services of conversations. A new one is one attribute, and one line in ``assemble``."""

    desk: Desk
    conversations: ConversationService
    membership: MembershipService
    closing: ClosingService
    custody: Custody
    messages: MessageService
    posting: Posting
    sending: Sending
    pages: Pages
    reading: ReadingService
    receipts: ReceiptService
    deliveries: Deliveries
    reactions: ReactionService
    pins: PinService
    polls: PollService
    versions: Versions
    forwarding: Forwarding
    threads: Threads
    mentioned: Mentioned
    summaries: Summaries
    following: Following
    operations: SocketOperations
    jobs: Jobs
    holding: Holding
    scheduling: Scheduling
    private: Private
    links: RoomLinks
    joining: JoinService

    @property
    def services(self) -> tuple[object, ...]:
        """What endpoints ask for by type."""
        return (
            self.desk,
            self.desk.log,
            self.conversations,
            self.membership,
            self.closing,
            self.custody,
            self.messages,
            self.posting,
            self.sending,
            self.pages,
            self.reading,
            self.receipts,
            self.deliveries,
            self.reactions,
            self.pins,
            self.polls,
            self.versions,
            self.forwarding,
            self.threads,
            self.mentioned,
            self.summaries,
            self.jobs,
            self.holding,
            self.scheduling,
            self.links,
            self.joining,
            *self.private.services,
        )


def assemble(
    database: Database,
    desk: Desk,
    *,
    kinds: dict[int, str],
    flood: Flood | None = None,
    public_url: str = "http://localhost:8080",
) -> Domain:
    """Build every service once.

    Args:
        kinds: names of the event kinds, as the log knows them.
        flood: who sends too fast; by default with the limits of the product.
        public_url: base of links, without a trailing slash.
    """
    batcher = Batcher(
        database,
        desk.vault,
        desk.doorbell,
        desk.clock,
        kinds=kinds,
        statement=POST_MESSAGES,
        refusal_of=refusal_of,
    )
    threads = Threads(desk)
    steps: tuple[Step, ...] = (
        ForwardingStep(),
        ThreadStep(desk, threads),
        MentionStep(Mentions(desk, threads)),
        PollStep(desk),
    )
    extras: tuple[Extra, ...] = (
        ShownReactions(desk),
        ShownPins(),
        ShownPolls(desk),
        ThreadExtra(),
        StarExtra(),
    )
    posting = Posting(desk, steps)
    flood = flood or Flood(desk.clock)
    sending = Sending(database, desk, batcher, posting, flood)
    holding = Holding(database, desk, posting, flood)
    pages = Pages(desk, extras)
    reactions = ReactionService(desk)
    conversations, messages, reading = ConversationService(desk), MessageService(desk), ReadingService(desk)
    deliveries, typing = Deliveries(database, desk), Typing(database, desk)
    jobs = Jobs(database, desk.clock)
    jobs.register(DUE_JOB, Saying(desk, posting))
    jobs.register(HEIRS_JOB, Succession(desk))
    jobs.register(CLOSE_JOB, ClosingAtTime(desk))
    return Domain(
        desk=desk,
        jobs=jobs,
        holding=holding,
        scheduling=Scheduling(desk, posting),
        private=Private(desk, pages, jobs),
        links=RoomLinks(desk, conversations, public_url=public_url),
        joining=JoinService(desk, conversations),
        conversations=conversations,
        membership=MembershipService(desk),
        closing=ClosingService(desk),
        custody=Custody(desk),
        messages=messages,
        posting=posting,
        sending=sending,
        pages=pages,
        reading=reading,
        receipts=ReceiptService(pages),
        deliveries=deliveries,
        reactions=reactions,
        pins=PinService(desk, pages),
        polls=PollService(desk),
        versions=Versions(desk),
        forwarding=Forwarding(database, desk, pages, sending),
        threads=threads,
        mentioned=Mentioned(pages),
        summaries=Summaries(desk, conversations, pages),
        following=Following(database, desk, pages),
        operations=SocketOperations(
            database,
            sending,
            messages,
            reading,
            [ReactionOperations(database, sending, reactions), ReceiptOperations(deliveries, typing)],
            holding=holding,
        ),
    )
