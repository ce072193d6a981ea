"""Trying every wrap without showing what it protects: for ``amana verify`` on the server itself."""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import asyncpg

from amana.kernel.ids import OrgId, UserId
from amana.storage.cursor import pages
from amana.storage.database import Tx
from amana.vault import queries, user_keys
from amana.vault.erasure import Cause
from amana.vault.errors import CannotUnwrap
from amana.vault.grounds import Ground
from amana.vault.keychain import KeyChain, OrganisationKeys, unwrap_user
from amana.vault.model import DamagedPart, Stored
from amana.vault.proofs import READABLE, SystemProof, check_cover
from amana.vault.unwrapping import Opened, open_wrap
from amana.vault.user_keys import UserKeyRow

T = TypeVar("T")

_ENDED = """
SELECT conversation_id, seq_first, seq_last, at FROM keyring.erasure
 WHERE org_id = $1 AND $2 = ANY(grounds) ORDER BY conversation_id, seq_first
"""


@dataclass(frozen=True, slots=True)
class ExaminedPerson:
    """One generation of a person's key.

    Attributes:
        holds: it opens, for this person and under this number.
        erased: the journal says that the person was erased, so there should be none.
    """

    user_id: UserId
    generation: int
    holds: bool
    erased: bool


@dataclass(frozen=True, slots=True)
class Examined(Generic[T]):
    """What became of one row.

    Attributes:
        grounds: each ground that has a wrap → what is damaged about it; None when all of it holds.
        seen: what ``look`` made of the content; None where the proof may not read it.
    """

    grounds: dict[Ground, DamagedPart | None]
    seen: T | None


class Examiner:
    """Opens what is stored, ground by ground, and tells only whether it holds."""

    def __init__(self, keys: KeyChain) -> None:
        self._keys = keys

    async def examine(
        self, tx: Tx, proof: SystemProof, items: Sequence[Stored], look: Callable[[bytes], T]
    ) -> list[Examined[T]]:
        """Try every wrap of these rows; same order.

        Args:
            look: called with content that ``proof`` may read, to take a fact out of it that is no text of
                people: what an edit says it edits. Nothing else leaves the vault.

        Raises:
            ProofMismatch: a row lies outside of what ``proof`` covers.
        """
        for item in items:
            check_cover(proof, item)
        places = [(item.address.conversation_id, item.seq, item.bucket) for item in items]
        wraps: dict[tuple[object, int, int], list[queries.WrapRow]] = {}
        for row in await queries.wraps(tx, places, sorted(Ground)):
            wraps.setdefault((row.conversation_id, row.seq, row.bucket), []).append(row)
        rooms = list(dict.fromkeys(item.address.conversation_id for item in items))
        keys = await self._keys.conversations(tx, proof.org_id, rooms)
        readable = READABLE[type(proof)]
        result: list[Examined[T]] = []
        for item, place in zip(items, places, strict=True):
            grounds: dict[Ground, DamagedPart | None] = {}
            seen: T | None = None
            for wrap in wraps.get(place, ()):
                known = keys.get(item.address.conversation_id)
                opened = open_wrap(known.by_generation.get(wrap.key_ref) if known else None, item, wrap)
                grounds[wrap.ground] = opened if isinstance(opened, DamagedPart) else None
                if isinstance(opened, Opened) and wrap.ground in readable:
                    seen = look(opened.content)
            result.append(Examined(grounds, seen))
        return result

    async def examine_people(
        self, tx: Tx, org_id: OrgId, *, size: int
    ) -> AsyncIterator[list[ExaminedPerson]]:
        """Try every key of a person.

        Raises:
            KeyUnavailable: the organisation has no usable key.
        """
        async for rows in user_keys.every(tx, org_id, erased=int(Cause.ACCOUNT), size=size):
            organisation = await self._keys.covering(tx, org_id, {row["epoch"] for row in rows})
            yield [_person(organisation, org_id, row) for row in rows]


def _person(organisation: OrganisationKeys, org_id: OrgId, row: asyncpg.Record) -> ExaminedPerson:
    *stored, erased = row
    key = UserKeyRow(*stored)
    try:
        unwrap_user(organisation, org_id, key)
    except CannotUnwrap:
        return ExaminedPerson(key.user_id, key.generation, holds=False, erased=erased)
    return ExaminedPerson(key.user_id, key.generation, holds=True, erased=erased)


def ended(tx: Tx, ground: Ground, *, size: int) -> AsyncIterator[list[asyncpg.Record]]:
    """(conversation_id, seq_first, seq_last, at): where the journal says that this ground ended, in order."""
    return pages(tx, "verified_erasures", _ENDED, tx.org_id, int(ground), size=size)
