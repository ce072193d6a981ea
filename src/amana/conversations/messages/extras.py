"""What stands beside a message without being part of it: each feature adds its own to a page."""

from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec

from amana.conversations.messages.model import Entry
from amana.conversations.model import Member
from amana.kernel.ids import OrgId, Seq
from amana.storage.database import Tx

# A thread goes on under a message that was removed; everything else ends with it.
STAYS = frozenset({"thread"})


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
    """Add to messages what stands beside them; one look-up per kind and page."""
    messages = [entry for entry in entries if entry.kind == "message.created"]
    there = [Seq(entry.seq) for entry in messages if entry.removed is None]
    every = [Seq(entry.seq) for entry in messages]
    found = {}
    for extra in extras:
        seqs = every if extra.field in STAYS else there
        found[extra.field] = await extra.of(tx, org_id, member, seqs) if seqs else {}
    result = []
    for entry in entries:
        mine = {field: of[Seq(entry.seq)] for field, of in found.items() if Seq(entry.seq) in of}
        result.append(msgspec.structs.replace(entry, **mine) if mine else entry)
    return result
