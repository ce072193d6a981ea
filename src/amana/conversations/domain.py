"""The conversations domain put together: every service with what it needs, the same for server and tests."""

from dataclasses import dataclass

from amana.conversations.following import Following
from amana.conversations.membership.service import MembershipService
from amana.conversations.messages.extras import Extra
from amana.conversations.messages.flood import Flood
from amana.conversations.messages.pages import Pages
from amana.conversations.messages.posting import Posting, Step
from amana.conversations.messages.queries import POST_MESSAGES
from amana.conversations.messages.sending import Sending, refusal_of
from amana.conversations.messages.service import MessageService
from amana.conversations.reading.service import ReadingService
from amana.conversations.service import ConversationService
from amana.conversations.socket import SocketOperations
from amana.conversations.summaries import Summaries
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
    messages: MessageService
    posting: Posting
    sending: Sending
    pages: Pages
    reading: ReadingService
    summaries: Summaries
    following: Following
    operations: SocketOperations
    jobs: Jobs

    @property
    def services(self) -> tuple[object, ...]:
        """What endpoints ask for by type."""
        return (
            self.desk,
            self.desk.log,
            self.conversations,
            self.membership,
            self.messages,
            self.posting,
            self.sending,
            self.pages,
            self.reading,
            self.summaries,
            self.jobs,
        )


def assemble(database: Database, desk: Desk, *, kinds: dict[int, str], flood: Flood | None = None) -> Domain:
    """Build every service once.

    Args:
        kinds: names of the event kinds, as the log knows them.
        flood: who sends too fast; by default with the limits of the product.
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
    steps: tuple[Step, ...] = ()
    extras: tuple[Extra, ...] = ()
    posting = Posting(desk, steps)
    sending = Sending(database, desk, batcher, posting, flood or Flood(desk.clock))
    pages = Pages(desk, extras)
    conversations, messages, reading = ConversationService(desk), MessageService(desk), ReadingService(desk)
    jobs = Jobs(database, desk.clock)
    return Domain(
        desk=desk,
        jobs=jobs,
        conversations=conversations,
        membership=MembershipService(desk),
        messages=messages,
        posting=posting,
        sending=sending,
        pages=pages,
        reading=reading,
        summaries=Summaries(desk, conversations, pages),
        following=Following(database, desk, pages),
        operations=SocketOperations(database, sending, messages, reading),
    )
