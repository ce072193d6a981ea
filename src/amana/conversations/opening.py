"""Opening events for a member: the one place in this domain that makes a reader proof."""

from collections.abc import Sequence

from amana.conversations.model import Member
from amana.events.model import StoredEvent
from amana.kernel.ids import OrgId, Seq
from amana.storage.database import Tx
from amana.vault import Vault, issue
from amana.vault.model import Address, Stored, Unreadable
from amana.vault.proofs import MemberProof


def proof_of(org_id: OrgId, member: Member) -> MemberProof:
    """The proof for a member whose row was read in this transaction."""
    return issue.member(
        org_id=org_id,
        user_id=member.user_id,
        conversation_id=member.conversation_id,
        visible_from=member.visible_from,
    )


def stored_of(event: StoredEvent) -> Stored:
    """The row as the vault wants it."""
    return Stored(
        seq=event.seq,
        bucket=event.bucket,
        address=Address(
            org_id=event.org_id,
            conversation_id=event.conversation_id,
            sender_id=event.sender_id,
            device_id=event.device_id,
            client_id=event.client_id,
            revision=event.revision,
        ),
        body=event.body,
        commitment=event.commitment,
    )


async def open_content(
    vault: Vault, tx: Tx, proof: MemberProof, stored: Sequence[StoredEvent]
) -> dict[Seq, bytes | Unreadable]:
    """Content by ``seq``; events before what the member may see must not be passed."""
    if not stored:
        return {}
    opened = await vault.open(tx, proof, [stored_of(event) for event in stored])
    return {event.seq: content for event, content in zip(stored, opened, strict=True)}


async def open_many(
    vault: Vault, tx: Tx, pages: Sequence[tuple[MemberProof, Sequence[StoredEvent]]]
) -> list[list[bytes | Unreadable]]:
    """Content of a few events in each of many conversations, in as many statements as for one."""
    if not any(stored for _, stored in pages):
        return [[] for _ in pages]
    return await vault.open_pages(
        tx, [(proof, [stored_of(event) for event in stored]) for proof, stored in pages]
    )
