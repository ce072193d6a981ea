"""Rotation: newer keys for what comes, without touching what was sealed before.

A conversation gets a new *generation*: what is sealed from then on hangs on it, older generations keep
opening. An organisation gets a new *epoch*: keys of conversations and of people are wrapped again under it,
in steps that may be interrupted and repeated, and nothing below them changes. Numbers are only ever added;
see decision 0017.
"""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial

import structlog

from amana.kernel.ids import ConversationId, OrgId
from amana.storage.database import Tx
from amana.vault import queries, user_keys
from amana.vault.errors import CannotUnwrap, KeyUnavailable
from amana.vault.keychain import KeyChain, OrganisationKeys, unwrap_conversation, unwrap_user
from amana.vault.user_keys import UserKeyRow

log = structlog.get_logger()

GENERATION_AGE = timedelta(days=90)
GENERATION_EVENTS = 2**20
REWRAP_STEP = 500
"""Conversation keys that are wrapped again in one transaction: a few milliseconds."""

# Two processes' clocks may differ by less than this; what is looked at twice costs nothing.
_CLOCKS_DIFFER = timedelta(minutes=5)


class Rotation:
    """Makes newer keys and brings older wraps up to them."""

    def __init__(self, keys: KeyChain) -> None:
        self._keys = keys
        self._seen: dict[OrgId, datetime] = {}

    async def rotate_conversation(
        self, tx: Tx, org_id: OrgId, conversation_id: ConversationId, *, now: datetime
    ) -> int:
        """Give a conversation a new generation; it seals after this transaction's commit. Gives its number.

        Two rotations at once make one generation.

        Raises:
            KeyUnavailable: the organisation has no usable key.
        """
        generation = await queries.newest_generation(tx, conversation_id) + 1
        await self._keys.create_conversations(tx, org_id, {conversation_id: generation}, now=now)
        await self._keys.reload(tx, org_id, conversation_id)
        return generation

    async def rotate_due(
        self, tx: Tx, org_id: OrgId, *, after: ConversationId, limit: int, now: datetime
    ) -> tuple[int, ConversationId | None]:
        """Look at the next ``limit`` conversations and rotate those whose generation is old or used up.

        Returns:
            How many were rotated, and where to go on; None at the end.
        """
        looked = await queries.list_generation_use(tx, org_id, after=after, limit=limit)
        due = {
            use.conversation_id: use.generation + 1
            for use in looked
            if now - use.made_at >= GENERATION_AGE or use.sealed >= GENERATION_EVENTS
        }
        if due:
            await self._keys.create_conversations(tx, org_id, due, now=now)
            tx.after_commit(partial(self._keys.forget_older, due))
        return len(due), looked[-1].conversation_id if len(looked) == limit else None

    async def rotate_organisation(self, tx: Tx, org_id: OrgId) -> int:
        """Give an organisation a new epoch; texts and new conversations use it from the commit on.

        Conversation keys stay under older epochs until ``rewrap`` has been there. Gives the epoch.

        Raises:
            KeyUnavailable: the organisation has no usable key.
            RootKeyUnreachable: the key service does not answer.
        """
        await self._keys.organisation(tx, org_id)
        epoch = await queries.newest_epoch(tx, org_id) + 1
        await self._keys.create_organisation(tx, org_id, epoch=epoch)
        await self._keys.reload_organisation(tx, org_id)
        return epoch

    async def rewrap(self, tx: Tx, org_id: OrgId, *, limit: int = REWRAP_STEP) -> int:
        """Wrap the next keys of conversations, then of people, under the newest epoch; 0 when none is left.

        Each transaction leaves every key either under its old epoch or under the new one, both of
        which open. A key that does not open is reported and left as it is: nothing is made worse.
        """
        epoch = await queries.newest_epoch(tx, org_id)
        organisation = await self._keys.covering(tx, org_id, [epoch])
        if organisation.current != epoch:
            return 0
        rows = await queries.lock_older_conversation_keys(tx, org_id, epoch, limit=limit)
        old, new = self._wrap_again(organisation, org_id, rows)
        if old:
            return await queries.rewrap_conversation_keys(tx, org_id, old, new, epoch)
        people = await user_keys.lock_older(tx, org_id, epoch, limit=limit)
        before, after = self._wrap_people_again(organisation, org_id, people)
        return await user_keys.rewrap(tx, org_id, before, after, epoch) if before else 0

    async def warm(self, tx: Tx, org_id: OrgId) -> None:
        """Open the organisation's keys now, while the root key is at hand. Without a usable one: nothing."""
        with suppress(KeyUnavailable):
            await self._keys.organisation(tx, org_id)

    async def refresh(self, tx: Tx, org_id: OrgId) -> None:
        """Notice what another process rotated: the next use of such a conversation reads its keys again.

        A few index look-ups. Until this has run, this process seals under the older generation: valid.
        """
        since = self._seen.get(org_id)
        newest, latest = await queries.generations_since(tx, org_id, since)
        if latest is not None:
            self._seen[org_id] = latest - _CLOCKS_DIFFER
        known = self._keys.cached_organisation(org_id)
        if known is not None and await queries.newest_epoch(tx, org_id) > known.current:
            await self._keys.reload_organisation(tx, org_id)
        self._keys.forget_older(newest)

    def _wrap_again(
        self, organisation: OrganisationKeys, org_id: OrgId, rows: Sequence[queries.ConversationKeyRow]
    ) -> tuple[list[queries.ConversationKeyRow], list[queries.ConversationKeyRow]]:
        old: list[queries.ConversationKeyRow] = []
        new: list[queries.ConversationKeyRow] = []
        for row in rows:
            try:
                key = unwrap_conversation(organisation, org_id, row)
            except CannotUnwrap:
                log.error(
                    "vault_key_damaged",
                    org_id=str(org_id),
                    conversation_id=str(row.conversation_id),
                    generation=row.generation,
                )
                continue
            old.append(row)
            new.append(self._keys.wrap_conversation(organisation, org_id, row, key))
        return old, new

    def _wrap_people_again(
        self, organisation: OrganisationKeys, org_id: OrgId, rows: Sequence[UserKeyRow]
    ) -> tuple[list[UserKeyRow], list[UserKeyRow]]:
        old: list[UserKeyRow] = []
        new: list[UserKeyRow] = []
        for row in rows:
            try:
                key = unwrap_user(organisation, org_id, row)
            except CannotUnwrap:
                log.error(
                    "vault_user_key_damaged",
                    org_id=str(org_id),
                    user_id=str(row.user_id),
                    generation=row.generation,
                )
                continue
            old.append(row)
            new.append(self._keys.wrap_user(organisation, org_id, row, key))
        return old, new
