"""The vault: seals and opens content, and decides by grounds and proofs what may be read.

Batch-shaped and free of key bytes at its border, so that it can become a process of its own.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from uuid import UUID

import structlog
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from amana.kernel.entropy import Entropy
from amana.kernel.ids import ConversationId, OrgId, Seq, UserId
from amana.kernel.tally import TALLY
from amana.storage.database import Database, Tx
from amana.vault import erasure, formats, queries
from amana.vault.erasure import Cause
from amana.vault.errors import KeyUnavailable
from amana.vault.examining import Examiner
from amana.vault.grounds import Ground
from amana.vault.keychain import FIRST_GENERATION, ConversationKeys, KeyChain
from amana.vault.model import (
    Address,
    Damage,
    DamagedPart,
    Sealed,
    SealRequest,
    Stored,
    Unreadable,
)
from amana.vault.opening import open_root
from amana.vault.pending import Pending
from amana.vault.private import Private
from amana.vault.proofs import READABLE, ReaderProof, check_cover
from amana.vault.pseudonyms import Pseudonyms
from amana.vault.reaction_tokens import ReactionTokens
from amana.vault.rootkey import RootKey
from amana.vault.rotation import Rotation
from amana.vault.unwrapping import Opened, open_wrap

log = structlog.get_logger()

TRACES_AT_ONCE = 5_000
"""Traces that end in one transaction: it stays far below the statement time limit."""

Page = tuple[ReaderProof, Sequence[Stored]]
_Place = tuple[UUID, int, int]


class Vault:
    """Seals and opens for one database under one root key. Call ``start`` before anything else.

    Args:
        on_damage: called once for every row that was refused because something had been changed.
    """

    def __init__(
        self,
        database: Database,
        root: RootKey,
        entropy: Entropy,
        *,
        on_damage: Callable[[Damage], None] | None = None,
    ) -> None:
        self._database = database
        self._root = root
        self._entropy = entropy
        self._on_damage = on_damage
        self._keys = KeyChain(database, root, entropy)
        self.private = Private(self._keys, entropy)
        self.pseudonyms = Pseudonyms(self._keys)
        self.pending = Pending(self._keys, entropy)
        self.pending = Pending(self._keys, entropy)
        self.reaction_tokens = ReactionTokens(self._keys)
        self.rotation = Rotation(self._keys)
        self.examiner = Examiner(self._keys)

    async def start(self) -> None:
        """Unlock the root key and check that it is the one of this database.

        Raises:
            RootKeyFailure: missing, unsafe, locked, or the key of another database.
        """
        await open_root(self._database, self._root)

    async def create_organisation_key(self, tx: Tx, org_id: OrgId) -> None:
        """Make the key of a new organisation. Calling again changes nothing."""
        await self._keys.create_organisation(tx, org_id)

    async def create_conversation_key(self, tx: Tx, org_id: OrgId, conversation_id: ConversationId) -> None:
        """Make the key of a new conversation. Calling again changes nothing.

        Raises:
            KeyUnavailable: the organisation has no usable key.
        """
        await self._keys.create_conversations(tx, org_id, {conversation_id: FIRST_GENERATION})

    async def seal(self, requests: Sequence[SealRequest], *, tx: Tx | None = None) -> list[Sealed]:
        """Seal contents with a fresh data key each, wrapped for ``Ground.LIVE``; same order.

        With the conversation keys at hand this never suspends, so it fits between authorisation
        and the batcher. Keys that are not cached are loaded, through ``tx`` when one is given:
        pass it whenever the conversation may have been made in that same transaction.

        Raises:
            KeyUnavailable: a conversation has no usable key; nothing was sealed.
        """
        size = formats.ENTROPY_BYTES
        random = self._entropy.token_bytes(size * len(requests))
        result: list[Sealed] = []
        for index, request in enumerate(requests):
            conversation_id = request.address.conversation_id
            keys = self._keys.cached(conversation_id) or await self._load(tx, requests, conversation_id)
            result.append(_seal_one(keys, request, random[index * size : (index + 1) * size]))
        return result

    async def open(self, tx: Tx, proof: ReaderProof, items: Sequence[Stored]) -> list[bytes | Unreadable]:
        """Give each row's content, or why there is none; same order.

        A row that was tampered with is refused and reported, the others open as ever.

        Raises:
            ProofMismatch: a row lies outside of what ``proof`` covers (a bug, not a refusal).
        """
        return (await self.open_pages(tx, [(proof, items)]))[0]

    async def open_pages(self, tx: Tx, pages: Sequence[Page]) -> list[list[bytes | Unreadable]]:
        """Like ``open`` for many proofs in the same number of statements: a chat list's last messages.

        All pages belong to the organisation of ``tx``.
        """
        wraps = await self._wraps_of(tx, pages)
        keys = await self._keys_of(tx, pages)
        result: list[list[bytes | Unreadable]] = []
        for proof, items in pages:
            page: list[bytes | Unreadable] = []
            for item in items:
                allowed = _allowed(proof, wraps.get(_place(item), ()))
                page.append(_content_of(await self._open_one(tx, item, allowed, keys)))
            result.append(page)
        return result

    async def seal_text(self, tx: Tx, org_id: OrgId, purpose: str, subject: UUID, text: str) -> bytes:
        """Seal a title, purpose or detail under the organisation key, bound to ``purpose`` and ``subject``.

        Raises:
            KeyUnavailable: the organisation has no usable key.
        """
        keys = await self._keys.organisation(tx, org_id)
        return formats.seal_text(
            keys.text[keys.current],
            text,
            org_id=org_id,
            subject=subject,
            epoch=keys.current,
            purpose=purpose,
            nonce=self._entropy.token_bytes(formats.NONCE_BYTES),
        )

    async def open_text(
        self, tx: Tx, org_id: OrgId, purpose: str, subject: UUID, sealed: bytes
    ) -> str | Unreadable:
        """The inverse of ``seal_text``. Changed, moved or exchanged texts are ``DAMAGED`` and logged.

        So are all texts when the organisation's key itself does not open: a list of titles still loads.
        """
        try:
            epoch = formats.text_epoch(sealed)
            keys = await self._keys.covering(tx, org_id, [epoch])
            cipher = keys.text.get(epoch)
            if cipher is None:
                raise formats.Damaged("epoch")
            return formats.open_text(
                cipher, sealed, org_id=org_id, subject=subject, epoch=epoch, purpose=purpose
            )
        except (formats.Damaged, KeyUnavailable):
            TALLY.damage += 1
            log.error("vault_text_damaged", org_id=str(org_id), purpose=purpose, subject=str(subject))
            return Unreadable.DAMAGED

    async def move_to_trace(
        self, tx: Tx, proof: ReaderProof, items: Sequence[Stored], *, due: datetime, now: datetime
    ) -> None:
        """End ``live`` for these rows and keep them as ``trace`` until ``due``: an edit or a removal.

        A row whose live wrap has ended already stays as it is, so this may be repeated. One that
        was tampered with is reported and ends without a trace: removed must mean removed.

        Raises:
            ProofMismatch: a row lies outside of what ``proof`` covers.
        """
        if Ground.LIVE not in READABLE[type(proof)]:
            return
        live = {
            place: [row for row in rows if row.ground is Ground.LIVE]
            for place, rows in (await self._wraps_of(tx, [(proof, items)])).items()
        }
        keys = await self._keys_of(tx, [(proof, items)])
        traces: list[queries.WrapRow] = []
        for item in items:
            opened = await self._open_one(tx, item, live.get(_place(item), ()), keys)
            if isinstance(opened, Opened):
                traces.append(self._trace_of(item, opened, keys[item.address.conversation_id]))
        await queries.insert_wraps(tx, proof.org_id, traces, due)
        for conversation_id, seqs in _by_conversation(items).items():
            await self.end_grounds(tx, conversation_id, seqs, (Ground.LIVE,), cause=Cause.CHANGED, now=now)

    async def end_grounds(
        self,
        tx: Tx,
        conversation_id: ConversationId,
        seqs: Sequence[Seq],
        grounds: Iterable[Ground],
        *,
        cause: Cause,
        now: datetime,
    ) -> int:
        """Delete the wraps of these grounds; gives how many there were. Without any left, content is gone.

        The erasure journal gets its rows in the same transaction.
        """
        return await erasure.end_grounds(
            tx, self._entropy, conversation_id, seqs, grounds, cause=cause, now=now
        )

    async def note_erased_account(self, tx: Tx, user_id: UserId, now: datetime) -> None:
        """Write into the erasure journal that this person's account is erased in this transaction.

        The person's own key ends in it.
        """
        await erasure.note_account(tx, self._entropy, user_id, now=now)

    async def end_due_traces(self, tx: Tx, now: datetime, *, limit: int = TRACES_AT_ONCE) -> int:
        """Delete traces of this organisation that were due by ``now``, at most ``limit``; gives how many."""
        return await erasure.end_due(tx, self._entropy, now, limit=limit)

    async def _load(
        self, tx: Tx | None, requests: Sequence[SealRequest], conversation_id: ConversationId
    ) -> ConversationKeys:
        """Load what a batch lacks; one statement when the batch belongs to one organisation, as it should."""
        org_id = next(
            request.address.org_id
            for request in requests
            if request.address.conversation_id == conversation_id
        )
        wanted = [request.address.conversation_id for request in requests if request.address.org_id == org_id]
        keys = (await self._keys.conversations(tx, org_id, wanted)).get(conversation_id)
        if keys is None:
            raise KeyUnavailable("This conversation has no usable key.", conversation_id=str(conversation_id))
        return keys

    async def _wraps_of(self, tx: Tx, pages: Sequence[Page]) -> dict[_Place, list[queries.WrapRow]]:
        places: list[_Place] = []
        grounds: set[Ground] = set()
        for proof, items in pages:
            for item in items:
                check_cover(proof, item)
                places.append(_place(item))
            grounds |= READABLE[type(proof)]
        found: dict[_Place, list[queries.WrapRow]] = {}
        for row in await queries.wraps(tx, list(dict.fromkeys(places)), sorted(grounds)):
            found.setdefault((row.conversation_id, row.seq, row.bucket), []).append(row)
        return found

    async def _keys_of(self, tx: Tx, pages: Sequence[Page]) -> dict[ConversationId, ConversationKeys]:
        ids = [item.address.conversation_id for _, items in pages for item in items]
        if not ids:
            return {}
        return await self._keys.conversations(tx, pages[0][0].org_id, ids)

    async def _open_one(
        self,
        tx: Tx,
        item: Stored,
        wraps: Iterable[queries.WrapRow],
        keys: dict[ConversationId, ConversationKeys],
    ) -> Opened | Unreadable:
        result = Unreadable.ERASED
        for wrap in sorted(wraps, key=lambda row: row.ground):
            result = Unreadable.DAMAGED
            cipher = await self._cipher(tx, item.address, wrap.key_ref, keys)
            opened = open_wrap(cipher, item, wrap)
            if isinstance(opened, Opened):
                return opened
            self._report(item, wrap.ground, opened)
        return result

    async def _cipher(
        self, tx: Tx, address: Address, key_ref: int, keys: dict[ConversationId, ConversationKeys]
    ) -> AESGCM | None:
        known = keys.get(address.conversation_id)
        if known is None:
            return None
        if key_ref not in known.by_generation:
            known = await self._keys.reload(tx, address.org_id, address.conversation_id) or known
            keys[address.conversation_id] = known
        return known.by_generation.get(key_ref)

    def _trace_of(self, item: Stored, opened: Opened, keys: ConversationKeys) -> queries.WrapRow:
        wrapped = formats.wrap_key(
            keys.current_cipher,
            formats.address_bytes(item.address),
            opened.data_key,
            ground=Ground.TRACE,
            key_ref=keys.current,
            nonce=self._entropy.token_bytes(formats.NONCE_BYTES),
        )
        row = opened.wrap
        return queries.WrapRow(row.conversation_id, row.seq, row.bucket, Ground.TRACE, keys.current, wrapped)

    def _report(self, item: Stored, ground: Ground, part: DamagedPart) -> None:
        address = item.address
        TALLY.damage += 1
        log.error(
            "vault_content_damaged",
            org_id=str(address.org_id),
            conversation_id=str(address.conversation_id),
            seq=item.seq,
            ground=ground.name.lower(),
            part=part.value,
        )
        if self._on_damage is not None:
            self._on_damage(
                Damage(address.org_id, address.conversation_id, item.seq, item.bucket, ground, part)
            )


def _seal_one(keys: ConversationKeys, request: SealRequest, random: bytes) -> Sealed:
    place = formats.address_bytes(request.address)
    body, commitment = formats.seal_body(place, request.content, random)
    wrap = formats.wrap_key(
        keys.current_cipher,
        place,
        random[:32],
        ground=Ground.LIVE,
        key_ref=keys.current,
        nonce=random[76:],
    )
    return Sealed(body, commitment, wrap, keys.current)


def _allowed(proof: ReaderProof, wraps: Iterable[queries.WrapRow]) -> list[queries.WrapRow]:
    grounds = READABLE[type(proof)]
    return [wrap for wrap in wraps if wrap.ground in grounds]


def _content_of(opened: Opened | Unreadable) -> bytes | Unreadable:
    return opened.content if isinstance(opened, Opened) else opened


def _place(item: Stored) -> _Place:
    return (item.address.conversation_id, item.seq, item.bucket)


def _by_conversation(items: Sequence[Stored]) -> dict[ConversationId, list[Seq]]:
    result: dict[ConversationId, list[Seq]] = {}
    for item in items:
        result.setdefault(item.address.conversation_id, []).append(item.seq)
    return result
