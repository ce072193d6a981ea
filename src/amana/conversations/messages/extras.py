"""What stands beside a message without being part of it: each feature adds its own to a page."""

from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec

from amana.conversations.messages.model import Entry
from amana.conversations.model import Member
from amana.kernel.ids import OrgId, Seq
from amana.storage.database import Tx


class Extra(Protocol):
    """One kind of addition.

    Attributes:
        field: the field of ``Entry`` that it fills.
    """

    field: str

    async def of(self, tx: Tx, org_id: OrgId, member: Member, seqs: Sequence[Seq]) -> Mapping[Seq, object]:
        """What belongs to those of the messages ``seqs`` that have any, as ``member`` may see it."""


async def with_extras(
    tx: Tx, org_id: OrgId, member: Member, entries: Sequence[Entry], extras: Sequence[Extra]
) -> list[Entry]:
    """Add to the messages that can be read what stands beside them; one look-up per kind and page."""
    seqs = [Seq(entry.seq) for entry in entries if entry.kind == "message.created" and entry.removed is None]
    if not seqs:
        return list(entries)
    found = {extra.field: await extra.of(tx, org_id, member, seqs) for extra in extras}
    result = []
    for entry in entries:
        mine = {field: of[Seq(entry.seq)] for field, of in found.items() if Seq(entry.seq) in of}
        result.append(msgspec.structs.replace(entry, **mine) if mine else entry)
    return result
