"""Reader proofs: who asks to read, and what that lets them open.

``Vault.open`` takes one of these and nothing else, so a read without a proof does not
type-check. A proof holds its issuer's seal as a required field, so it cannot be built from
ids alone: the functions in ``amana.vault.issue`` make them, and a test names the few modules
that may import those.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType
from uuid import UUID

from amana.kernel.ids import ConversationId, OrgId, Seq, UserId
from amana.vault.grounds import Ground
from amana.vault.model import Stored


class IssuerSeal(Enum):
    """Shown by ``amana.vault.issue`` when it makes a proof; nobody else has a reason to hold it."""

    ISSUED = "issued"


@dataclass(frozen=True, slots=True)
class MemberProof:
    """A member of one conversation, from the first event that is visible to them."""

    org_id: OrgId
    user_id: UserId
    conversation_id: ConversationId
    visible_from: Seq
    seal: IssuerSeal = field(repr=False)

    def covers(self, item: Stored) -> bool:
        """Whether the row lies in this member's conversation and visible range."""
        address = item.address
        return (
            item.seq >= self.visible_from
            and address.conversation_id == self.conversation_id
            and address.org_id == self.org_id
        )


@dataclass(frozen=True, slots=True)
class CaseProof:
    """An approved access case: one conversation, from ``first`` to ``last`` inclusive."""

    org_id: OrgId
    case_id: UUID
    conversation_id: ConversationId
    first: Seq
    last: Seq
    seal: IssuerSeal = field(repr=False)

    def covers(self, item: Stored) -> bool:
        """Whether the row lies in the range that was approved."""
        address = item.address
        return (
            self.first <= item.seq <= self.last
            and address.conversation_id == self.conversation_id
            and address.org_id == self.org_id
        )


@dataclass(frozen=True, slots=True)
class ExportProof:
    """A person's own export: only what they wrote themselves, in any conversation."""

    org_id: OrgId
    user_id: UserId
    seal: IssuerSeal = field(repr=False)

    def covers(self, item: Stored) -> bool:
        """Whether this person is the sender."""
        return item.address.sender_id == self.user_id and item.address.org_id == self.org_id


@dataclass(frozen=True, slots=True)
class SystemProof:
    """A named job of the server, such as indexing; it works for members and sees what they see."""

    org_id: OrgId
    job: str
    seal: IssuerSeal = field(repr=False)

    def covers(self, item: Stored) -> bool:
        """Whether the row belongs to the organisation."""
        return item.address.org_id == self.org_id


@dataclass(frozen=True, slots=True)
class PersonProof:
    """A signed-in person who asks for what they keep for themselves; opens private state, no message."""

    org_id: OrgId
    user_id: UserId
    seal: IssuerSeal = field(repr=False)


ReaderProof = MemberProof | CaseProof | ExportProof | SystemProof

READABLE: Mapping[type, frozenset[Ground]] = MappingProxyType(
    {
        MemberProof: frozenset({Ground.LIVE}),
        CaseProof: frozenset({Ground.LIVE, Ground.TRACE, Ground.RESTRICTED, Ground.HOLD, Ground.RECORD}),
        ExportProof: frozenset({Ground.LIVE, Ground.TRACE, Ground.RESTRICTED}),
        SystemProof: frozenset({Ground.LIVE}),
    }
)
"""The one table: which proof may use which ground."""


class ProofMismatch(Exception):
    """A row was passed with a proof that does not cover it. A bug in the caller, no refusal."""


def check_issued(proof: PersonProof) -> None:
    """Raise ``ProofMismatch`` unless ``proof`` was issued."""
    if type(proof) is not PersonProof or not isinstance(proof.seal, IssuerSeal):
        raise ProofMismatch("This is not an issued proof.")


def check_cover(proof: ReaderProof, item: Stored) -> None:
    """Raise ``ProofMismatch`` unless ``proof`` covers ``item``."""
    if type(proof) not in READABLE or not isinstance(proof.seal, IssuerSeal):
        raise ProofMismatch("This is not an issued proof.")
    if not proof.covers(item):
        raise ProofMismatch(f"The proof does not cover seq {item.seq}.")
