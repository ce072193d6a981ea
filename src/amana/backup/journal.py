"""The erasure journal in a target: ids and times of what has ended, only ever added to.

One object holds what was new at one time, inside the usual envelope::

    {"format": "amana/erasure-journal/v1", "at": …, "entries": [
      {"org_id": …, "id": …, "at": …, "conversation_id": …, "seq_first": 3, "seq_last": 9,
       "grounds": [1, 2], "cause": 3}, …]}

The same entry may be in several objects; replaying it twice changes nothing. Objects are never deleted:
an old base would otherwise bring back what was erased after it.
"""

import asyncio
import json
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from amana.backup import layout
from amana.backup.envelope import open_whole, seal
from amana.backup.errors import ObjectDamaged, TargetForeign, WrongIdentity
from amana.backup.keys import Identity, Recipient
from amana.backup.target import Target
from amana.kernel.ids import ConversationId, OrgId, Seq
from amana.storage.database import Database
from amana.vault.erasure import Erasure, Mark, journal_after

FORMAT = "amana/erasure-journal/v1"
PIECE = 10_000


async def ship(
    database: Database,
    org_id: OrgId,
    target: Target,
    mark: Mark,
    *,
    recipients: Sequence[Recipient],
    now: datetime,
) -> tuple[int, Mark]:
    """Add what the journal got after ``mark``; gives how many entries, and the mark for the next time.

    At most ``PIECE`` entries: call again while it gives that many.

    Raises:
        TargetUnusable: nothing was added; ``mark`` still counts.
    """
    async with database.read(org_id) as tx:
        entries, after = await journal_after(tx, mark, limit=PIECE)
    if entries:
        path = layout.journal_object(layout.stamp_of(now), entries[-1].id)
        await asyncio.to_thread(lambda: target.put(path, [seal(_encode(entries, now), recipients)]))
    return len(entries), after


def read_journal(target: Target, identities: Sequence[Identity], *, own_only: bool = False) -> list[Erasure]:
    """Every entry that a target holds, each once, in the order of their ids.

    Args:
        own_only: pass over what was sealed for other keys: for the drill of a server whose own key is
            younger than the target. It has put its whole journal there once more.

    Raises:
        ObjectDamaged: an object cannot be read; a restore without it could bring back what was erased.
        WrongIdentity: sealed for other keys.
    """
    found: dict[UUID, Erasure] = {}
    for named in layout.list_journal(target):
        try:
            data = open_whole(b"".join(target.get(named.path)), identities)
        except WrongIdentity:
            if own_only:
                continue
            raise
        for entry in _decode(data, named.path):
            found[entry.id] = entry
    return [found[key] for key in sorted(found)]


def _encode(entries: Sequence[Erasure], now: datetime) -> bytes:
    lines = [
        {
            "org_id": str(entry.org_id),
            "id": str(entry.id),
            "at": entry.at.isoformat(),
            "conversation_id": str(entry.conversation_id),
            "seq_first": entry.seq_first,
            "seq_last": entry.seq_last,
            "grounds": list(entry.grounds),
            "cause": entry.cause,
        }
        for entry in entries
    ]
    fields = {"format": FORMAT, "at": now.isoformat(), "entries": lines}
    return json.dumps(fields, separators=(",", ":")).encode() + b"\n"


def _decode(data: bytes, path: str) -> list[Erasure]:
    try:
        fields = json.loads(data)
        if fields["format"] != FORMAT:
            raise TargetForeign(f"{path} has a format that this Amana does not know. Use a newer one.")
        return [
            Erasure(
                OrgId(UUID(line["org_id"])),
                UUID(line["id"]),
                datetime.fromisoformat(line["at"]),
                ConversationId(UUID(line["conversation_id"])),
                Seq(int(line["seq_first"])),
                Seq(int(line["seq_last"])),
                tuple(int(ground) for ground in line["grounds"]),
                int(line["cause"]),
            )
            for line in fields["entries"]
        ]
    except (ValueError, KeyError, TypeError) as error:
        raise ObjectDamaged(f"{path} is damaged.") from error
