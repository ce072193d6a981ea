"""The chain of keys: root → organisation (epoch) → conversation (generation) → data key.

Stored forms (all integers big-endian, every wrap is ``0x01 ‖ nonce 12 ‖ AES-256-GCM``)::

    organisation key    wrapped by the root key port, bound to
                        "amana/organisation-key/v1" 0x00 ‖ organisation 16 ‖ epoch u32
    conversation key    key HKDF(organisation key, "amana/conversation-wrap/v1"), bound to
                        "amana/conversation-key/v1" 0x00 ‖ organisation 16 ‖ conversation 16
                        ‖ generation u32 ‖ epoch u32
    person's key        key HKDF(organisation key, "amana/user-wrap/v1"), bound to
                        "amana/user-key/v1" 0x00 ‖ organisation 16 ‖ person 16 ‖ generation u32 ‖ epoch u32
    data key            key HKDF(conversation key, "amana/data-wrap/v1"), see ``formats``
    texts               key HKDF(organisation key, "amana/text-seal/v1"), see ``formats``
    private state       key HKDF(person's key, "amana/private-seal/v1"), see ``formats``

HKDF is HKDF-SHA-256 (RFC 5869) without salt, 32 bytes out. No key is used for two purposes.

A key that a transaction has just written may vanish with it, and a cached key without a row
would seal content that nobody can ever open. So what is read through a caller's transaction
enters the cache only after its commit.

Epochs and generations only grow, and an older one keeps opening what it sealed. So a process whose
cache is behind seals validly, and whoever meets a number it does not know reads the keys again.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from struct import Struct

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from amana.kernel.entropy import Entropy
from amana.kernel.ids import ConversationId, OrgId, UserId
from amana.storage.database import Database, Tx
from amana.vault import queries
from amana.vault.errors import CannotUnwrap, KeyUnavailable
from amana.vault.formats import KEY_BYTES, NONCE_BYTES, VERSION
from amana.vault.rootkey import RootKey
from amana.vault.user_keys import UserKeyRow

MAX_CACHED_CONVERSATIONS = 20_000
MAX_CACHED_ORGANISATIONS = 256

_U32 = Struct(">I").pack
FIRST_EPOCH = 1
FIRST_GENERATION = 1


def derive(key: bytes, label: bytes) -> bytes:
    """Make the key for one purpose out of a key that is never used itself."""
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=label).derive(key)


def organisation_context(org_id: OrgId, epoch: int) -> bytes:
    """What a wrapped organisation key is bound to."""
    return b"amana/organisation-key/v1\0" + org_id.bytes + _U32(epoch)


def conversation_context(
    org_id: OrgId, conversation_id: ConversationId, generation: int, epoch: int
) -> bytes:
    """What a wrapped conversation key is bound to."""
    place = org_id.bytes + conversation_id.bytes
    return b"amana/conversation-key/v1\0" + place + _U32(generation) + _U32(epoch)


def user_context(org_id: OrgId, user_id: UserId, generation: int, epoch: int) -> bytes:
    """What a wrapped key of a person is bound to."""
    return b"amana/user-key/v1\0" + org_id.bytes + user_id.bytes + _U32(generation) + _U32(epoch)


@dataclass(frozen=True, slots=True)
class OrganisationKeys:
    """Ciphers of one organisation by epoch; ``current`` seals."""

    current: int
    conversation_wrap: dict[int, AESGCM]
    user_wrap: dict[int, AESGCM]
    text: dict[int, AESGCM]


@dataclass(frozen=True, slots=True)
class ConversationKeys:
    """Ciphers of one conversation by generation; ``current`` seals. A generation is a ``key_ref``."""

    current: int
    current_cipher: AESGCM
    by_generation: dict[int, AESGCM]


class KeyChain:
    """Loads, makes and caches the ciphers of organisations and conversations."""

    def __init__(self, database: Database, root: RootKey, entropy: Entropy) -> None:
        self._database = database
        self._root = root
        self._entropy = entropy
        self._organisations: OrderedDict[OrgId, OrganisationKeys] = OrderedDict()
        self._conversations: OrderedDict[ConversationId, ConversationKeys] = OrderedDict()

    async def create_organisation(self, tx: Tx, org_id: OrgId, *, epoch: int = FIRST_EPOCH) -> None:
        """Make one epoch of an organisation's key. Does nothing when it exists."""
        if await queries.newest_epoch(tx, org_id) >= epoch:
            return
        key = self._entropy.token_bytes(KEY_BYTES)
        wrapped = await self._root.wrap(key, organisation_context(org_id, epoch))
        await queries.insert_organisation_key(tx, org_id, epoch, wrapped)

    async def create_conversations(
        self, tx: Tx, org_id: OrgId, generations: Mapping[ConversationId, int], *, now: datetime | None = None
    ) -> None:
        """Make one generation of each conversation's key, under the newest epoch; one that exists stays.

        Args:
            now: when they are made; the database's time when it is left out.
        """
        organisation = await self.organisation(tx, org_id)
        rows = []
        for conversation_id, generation in generations.items():
            key = self._entropy.token_bytes(KEY_BYTES)
            row = queries.ConversationKeyRow(conversation_id, generation, organisation.current, b"")
            rows.append(self.wrap_conversation(organisation, org_id, row, key))
        await queries.insert_conversation_keys(tx, org_id, rows, now)

    def wrap_conversation(
        self, organisation: OrganisationKeys, org_id: OrgId, row: queries.ConversationKeyRow, key: bytes
    ) -> queries.ConversationKeyRow:
        """Wrap a generation's key under the organisation's newest epoch."""
        epoch = organisation.current
        context = conversation_context(org_id, row.conversation_id, row.generation, epoch)
        wrapped = self._wrapped(organisation.conversation_wrap[epoch], key, context)
        return replace(row, epoch=epoch, wrapped=wrapped)

    def wrap_user(
        self, organisation: OrganisationKeys, org_id: OrgId, row: UserKeyRow, key: bytes
    ) -> UserKeyRow:
        """Wrap a generation of a person's key under the organisation's newest epoch."""
        epoch = organisation.current
        context = user_context(org_id, row.user_id, row.generation, epoch)
        return replace(row, epoch=epoch, wrapped=self._wrapped(organisation.user_wrap[epoch], key, context))

    def _wrapped(self, cipher: AESGCM, key: bytes, context: bytes) -> bytes:
        nonce = self._entropy.token_bytes(NONCE_BYTES)
        return VERSION + nonce + cipher.encrypt(nonce, key, context)

    def cached(self, conversation_id: ConversationId) -> ConversationKeys | None:
        """The keys if they are at hand; never suspends."""
        keys = self._conversations.get(conversation_id)
        if keys is not None:
            self._conversations.move_to_end(conversation_id)
        return keys

    async def organisation(self, tx: Tx | None, org_id: OrgId) -> OrganisationKeys:
        """The keys of an organisation.

        Raises:
            KeyUnavailable: there is none, or the stored one does not open.
        """
        found = self._organisations.get(org_id)
        if found is not None:
            self._organisations.move_to_end(org_id)
            return found
        return await self.reload_organisation(tx, org_id)

    async def reload_organisation(self, tx: Tx | None, org_id: OrgId) -> OrganisationKeys:
        """Read an organisation's keys again: a newer epoch may have been made, also by another process.

        Raises:
            KeyUnavailable: there is none, or the stored one does not open.
        """
        if tx is None:
            async with self._database.read(org_id) as own:
                rows = await queries.organisation_keys(own, org_id)
        else:
            rows = await queries.organisation_keys(tx, org_id)
        keys = await self._open_organisation(org_id, rows)
        self._remember(tx, lambda: self._keep_organisation(org_id, keys))
        return keys

    async def conversations(
        self, tx: Tx | None, org_id: OrgId, ids: Iterable[ConversationId]
    ) -> dict[ConversationId, ConversationKeys]:
        """The keys of several conversations, loaded in one statement where they are not cached.

        Conversations without a usable key are left out.
        """
        result: dict[ConversationId, ConversationKeys] = {}
        missing: list[ConversationId] = []
        for conversation_id in dict.fromkeys(ids):
            keys = self.cached(conversation_id)
            if keys is None:
                missing.append(conversation_id)
            else:
                result[conversation_id] = keys
        if missing:
            result.update(await self._load_conversations(tx, org_id, missing))
        return result

    async def covering(self, tx: Tx | None, org_id: OrgId, epochs: Iterable[int]) -> OrganisationKeys:
        """The organisation's keys, read again when an epoch is not among those in memory.

        Raises:
            KeyUnavailable: there is none, or the stored one does not open.
        """
        keys = await self.organisation(tx, org_id)
        if all(epoch in keys.text for epoch in epochs):
            return keys
        return await self.reload_organisation(tx, org_id)

    def cached_organisation(self, org_id: OrgId) -> OrganisationKeys | None:
        """The keys if they are at hand; never suspends."""
        return self._organisations.get(org_id)

    def forget_older(self, newest: Mapping[ConversationId, int]) -> None:
        """Drop what a newer generation has overtaken: the next use reads it."""
        behind = [
            conversation_id
            for conversation_id, generation in newest.items()
            if (keys := self._conversations.get(conversation_id)) and keys.current < generation
        ]
        for conversation_id in behind:
            del self._conversations[conversation_id]

    async def reload(self, tx: Tx, org_id: OrgId, conversation_id: ConversationId) -> ConversationKeys | None:
        """Read a conversation's keys again: another process may have added a generation."""
        loaded = await self._load_conversations(tx, org_id, [conversation_id])
        return loaded.get(conversation_id)

    async def _load_conversations(
        self, tx: Tx | None, org_id: OrgId, ids: Sequence[ConversationId]
    ) -> dict[ConversationId, ConversationKeys]:
        if tx is None:
            async with self._database.read(org_id) as own:
                rows = await queries.conversation_keys(own, ids)
        else:
            rows = await queries.conversation_keys(tx, ids)
        try:
            organisation = await self.covering(tx, org_id, {row.epoch for row in rows})
        except KeyUnavailable:
            return {}
        loaded = _open_conversations(organisation, org_id, rows)
        if loaded:
            self._remember(tx, lambda: self._keep_conversations(loaded))
        return loaded

    async def _open_organisation(
        self, org_id: OrgId, rows: Sequence[queries.OrganisationKeyRow]
    ) -> OrganisationKeys:
        known = self._organisations.get(org_id)
        # What is open stays open: a key service that is down for a while must not close it again.
        wraps = dict(known.conversation_wrap) if known else {}
        users = dict(known.user_wrap) if known else {}
        texts = dict(known.text) if known else {}
        for row in rows:
            if row.epoch in wraps:
                continue
            try:
                key = await self._root.unwrap(row.wrapped, organisation_context(org_id, row.epoch))
            except CannotUnwrap:
                continue
            wraps[row.epoch] = AESGCM(derive(key, b"amana/conversation-wrap/v1"))
            users[row.epoch] = AESGCM(derive(key, b"amana/user-wrap/v1"))
            texts[row.epoch] = AESGCM(derive(key, b"amana/text-seal/v1"))
        if not wraps:
            raise KeyUnavailable("This organisation has no usable key.")
        return OrganisationKeys(max(wraps), wraps, users, texts)

    def _remember(self, tx: Tx | None, keep: Callable[[], None]) -> None:
        if tx is None:
            keep()
        else:
            tx.after_commit(keep)

    def _keep_organisation(self, org_id: OrgId, keys: OrganisationKeys) -> None:
        known = self._organisations.get(org_id)
        if known is not None and known.current > keys.current:
            return  # read before, kept later
        self._organisations[org_id] = keys
        while len(self._organisations) > MAX_CACHED_ORGANISATIONS:
            self._organisations.popitem(last=False)

    def _keep_conversations(self, loaded: dict[ConversationId, ConversationKeys]) -> None:
        for conversation_id, keys in loaded.items():
            known = self._conversations.get(conversation_id)
            if known is None or known.current <= keys.current:
                self._conversations[conversation_id] = keys
        while len(self._conversations) > MAX_CACHED_CONVERSATIONS:
            self._conversations.popitem(last=False)


def unwrap_conversation(
    organisation: OrganisationKeys, org_id: OrgId, row: queries.ConversationKeyRow
) -> bytes:
    """Give a generation's key. Raises ``CannotUnwrap``."""
    context = conversation_context(org_id, row.conversation_id, row.generation, row.epoch)
    return _unwrapped(organisation.conversation_wrap.get(row.epoch), row.wrapped, context)


def unwrap_user(organisation: OrganisationKeys, org_id: OrgId, row: UserKeyRow) -> bytes:
    """Give a generation of a person's key. Raises ``CannotUnwrap``."""
    cipher = organisation.user_wrap.get(row.epoch)
    if cipher is None or row.generation < FIRST_GENERATION:
        raise CannotUnwrap("unknown epoch or number")
    return _unwrapped(cipher, row.wrapped, user_context(org_id, row.user_id, row.generation, row.epoch))


def _unwrapped(cipher: AESGCM | None, wrapped: bytes, context: bytes) -> bytes:
    if cipher is None or wrapped[:1] != VERSION:
        raise CannotUnwrap("unknown epoch or form")
    try:
        return cipher.decrypt(wrapped[1:13], wrapped[13:], context)
    except (InvalidTag, ValueError) as wrong:
        raise CannotUnwrap("changed bytes") from wrong


def _open_conversations(
    organisation: OrganisationKeys, org_id: OrgId, rows: Sequence[queries.ConversationKeyRow]
) -> dict[ConversationId, ConversationKeys]:
    """Unwrap rows; a generation that does not open is left out and its rows count as damaged."""
    generations: dict[ConversationId, dict[int, AESGCM]] = {}
    for row in rows:
        try:
            key = unwrap_conversation(organisation, org_id, row)
        except CannotUnwrap:
            continue
        cipher = AESGCM(derive(key, b"amana/data-wrap/v1"))
        generations.setdefault(row.conversation_id, {})[row.generation] = cipher
    return {
        conversation_id: ConversationKeys(max(ciphers), ciphers[max(ciphers)], ciphers)
        for conversation_id, ciphers in generations.items()
    }
