"""A message as it arrives from a client, before anything was checked."""

from dataclasses import dataclass

from amana.kernel.ids import ClientId, ConversationId, Seq


@dataclass(frozen=True, slots=True)
class Draft:
    """What somebody wants to say.

    Attributes:
        client_id: the retry key, made once per message.
        reply_to: the message that is answered.
    """

    conversation_id: ConversationId
    client_id: ClientId
    text: str
    reply_to: Seq | None = None

    @property
    def only_words(self) -> bool:
        """Nothing but text: stored by the batch, together with what others send. Else see ``posting``."""
        return True
