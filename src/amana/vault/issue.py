"""Makes reader proofs. Import this only where a permission has just been decided.

Each function says what its caller must have established first, in the same transaction.
``tests/vault/test_proofs.py`` lists the domains that may import this module.
"""

from uuid import UUID

from amana.kernel.ids import ConversationId, OrgId, Seq, UserId
from amana.vault.proofs import (
    CaseProof,
    ExportProof,
    IssuerSeal,
    MemberProof,
    PersonProof,
    SystemProof,
)


def member(
    *, org_id: OrgId, user_id: UserId, conversation_id: ConversationId, visible_from: Seq
) -> MemberProof:
    """For a person whose active row in ``member`` was read just now; ``visible_from`` is from that row."""
    return MemberProof(org_id, user_id, conversation_id, visible_from, IssuerSeal.ISSUED)


def person(*, org_id: OrgId, user_id: UserId) -> PersonProof:
    """For a signed-in person and their own private state."""
    return PersonProof(org_id, user_id, IssuerSeal.ISSUED)


def case(
    *, org_id: OrgId, case_id: UUID, conversation_id: ConversationId, first: Seq, last: Seq
) -> CaseProof:
    """For an access case that two people approved and that is logged."""
    return CaseProof(org_id, case_id, conversation_id, first, last, IssuerSeal.ISSUED)


def export(*, org_id: OrgId, user_id: UserId) -> ExportProof:
    """For a signed-in person who asked for their own data."""
    return ExportProof(org_id, user_id, IssuerSeal.ISSUED)


def system(*, org_id: OrgId, job: str) -> SystemProof:
    """For a job of the server that shows nothing to anybody who may not read it themselves."""
    return SystemProof(org_id, job, IssuerSeal.ISSUED)
