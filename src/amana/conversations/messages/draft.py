"""A message as it arrives from a client, before anything was checked."""

from dataclasses import dataclass

from amana.conversations.forwarding.model import Origin
from amana.conversations.mentions.model import Naming
from amana.conversations.polls.model import Poll
from amana.kernel.ids import ClientId, ConversationId, Seq


@dataclass(frozen=True, slots=True)
class Draft:
    """What somebody wants to say.

    Attributes:
        client_id: the retry key, made once per message.
        reply_to: the message that is answered.
        thread: the message under which this one stands, instead of in the stream of the room.
        mentions: who is named, in the order of the text.
        poll: what is asked; the text is the question.
        silent: nobody's device makes a sound for it, or shows it on a locked screen.
        everyone: everybody is called; as many others as the writer was told this would reach.
        origin: it is a forwarded message, and these are its first place and whose words they are.
    """

    conversation_id: ConversationId
    client_id: ClientId
    text: str
    reply_to: Seq | None = None
    thread: Seq | None = None
    mentions: tuple[Naming, ...] = ()
    everyone: int | None = None
    origin: Origin | None = None
    silent: bool = False
    poll: Poll | None = None

    @property
    def only_words(self) -> bool:
        """Nothing but text: stored by the batch, together with what others send. Else see ``posting``."""
        return self._said_here and self.poll is None

    @property
    def _said_here(self) -> bool:
        """Somebody's own words, to the whole room, and nobody named."""
        return self.thread is None and not self.mentions and self.everyone is None and self.origin is None
