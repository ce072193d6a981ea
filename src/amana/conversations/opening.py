"""Opening events for a member: the one place in this domain that makes a reader proof.

A seal covers who wrote it and as which revision, but not the row's ``target_seq``. So edits and removals say
in their content as well what they change, and answers in which thread they stand; whoever opens them here
gets ``DAMAGED`` where both differ.
"""

from collections.abc import Sequence

import msgspec
import structlog

from amana.conversations.events import CHANGES, MESSAGE_CREATED
from amana.conversations.model import Member
from amana.events.model import StoredEvent
from amana.kernel.actor import Actor
from amana.kernel.ids import OrgId, Seq
from amana.storage.database import Tx
from amana.vault import Vault, issue
from amana.vault.model import Unreadable
from amana.vault.proofs import MemberProof, SystemProof

log = structlog.get_logger()


class _Change(msgspec.Struct):
    """The part of an edit or a removal that says which message it changes; of an answer, its thread."""

    target: int | None = None
    thread: int | None = None


_change = msgspec.json.Decoder(_Change).decode
# In a text the quotation marks would be escaped.
_IN_THREAD = b'"thread":'


def proof_of(org_id: OrgId, member: Member) -> MemberProof:
    """The proof for a member whose row was read in this transaction."""
    return issue.member(
        org_id=org_id,
        user_id=member.user_id,
        conversation_id=member.conversation_id,
        visible_from=member.visible_from,
    )


async def open_content(
    vault: Vault, tx: Tx, proof: MemberProof | SystemProof, stored: Sequence[StoredEvent]
) -> dict[Seq, bytes | Unreadable]:
    """Content by ``seq``; events before what the member may see must not be passed."""
    if not stored:
        return {}
    opened = await vault.open(tx, proof, [event.sealed for event in stored])
    return {event.seq: _checked(event, content) for event, content in zip(stored, opened, strict=True)}


async def open_own(
    vault: Vault, tx: Tx, actor: Actor, stored: Sequence[StoredEvent]
) -> dict[Seq, bytes | Unreadable]:
    """What ``actor`` wrote, also wordings that are only traces now; nothing of others may be passed."""
    if not stored:
        return {}
    proof = issue.export(org_id=actor.org_id, user_id=actor.user_id)
    opened = await vault.open(tx, proof, [event.sealed for event in stored])
    return {event.seq: _checked(event, content) for event, content in zip(stored, opened, strict=True)}


async def open_many(
    vault: Vault, tx: Tx, pages: Sequence[tuple[MemberProof, Sequence[StoredEvent]]]
) -> list[list[bytes | Unreadable]]:
    """Content of a few events in each of many conversations, in as many statements as for one."""
    if not any(stored for _, stored in pages):
        return [[] for _ in pages]
    opened = await vault.open_pages(
        tx, [(proof, [event.sealed for event in stored]) for proof, stored in pages]
    )
    return [
        [_checked(event, content) for event, content in zip(stored, contents, strict=True)]
        for (_, stored), contents in zip(pages, opened, strict=True)
    ]


def report_damage(event: StoredEvent, part: str) -> None:
    """Tell the operator where rows contradict each other; places only, never content.

    Args:
        part: ``target`` of an edit or removal, or ``state`` of a message.
    """
    log.error(
        "message_rows_damaged",
        org_id=str(event.org_id),
        conversation_id=str(event.conversation_id),
        seq=event.seq,
        part=part,
    )


def _checked(event: StoredEvent, content: bytes | Unreadable) -> bytes | Unreadable:
    """The content, unless the row says that it changes something else than the seal does."""
    if isinstance(content, Unreadable):
        return content
    if event.kind in CHANGES:
        sound = event.target_seq is not None and _change(content).target == event.target_seq
    elif event.kind == MESSAGE_CREATED:
        # Most messages stand in no thread and need not be read for it.
        thread = _change(content).thread if _IN_THREAD in content else None
        sound = event.target_seq == thread and event.revision == 0
    else:
        sound = event.target_seq is None and event.revision == 0
    if sound:
        return content
    report_damage(event, "target")
    return Unreadable.DAMAGED
