"""Moves a database to another root key: another file, a passphrase, a key service, and back.

The move makes a new key; the old one opens nothing of this database afterwards, only older backups of it.
Order of the steps, each of which may be the last one before a crash:

1. The new key is made beside everything else (a file with the ending ``.next``; in a service it is there).
2. It is tried: read again from its place, wraps and opens.
3. One transaction puts every organisation's epochs and the check value under it. Its commit is the move.
4. The old file is set aside under another name, the new one takes its place.

Until the commit the old key works, and the next move makes a new file that is lying about again. After it
the new key works: a start that finds the old file in its place takes the one with ``.next`` (``opening``).
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from amana.kernel.entropy import Entropy
from amana.kernel.ids import OrgId
from amana.storage.database import Database, Tx
from amana.vault import queries
from amana.vault.errors import CannotUnwrap, RootKeyFailure
from amana.vault.formats import KEY_BYTES
from amana.vault.keychain import organisation_context
from amana.vault.keyfile import KeyFile
from amana.vault.opening import make_check, opens
from amana.vault.rootkey import RootDescription, RootKey

_TRY = b"amana/root-try/v1\0"


@dataclass(frozen=True, slots=True)
class Moved:
    """What became of a move.

    Attributes:
        epochs: organisation keys that were wrapped again.
        retired: where the old key file is now; None when the old key was in a service.
    """

    now_at: RootDescription
    epochs: int
    retired: Path | None


@dataclass(frozen=True, slots=True)
class RootMove:
    """One move. Nothing else may work on the database meanwhile.

    Args:
        source: the present root key, unlocked and checked.
        target: where the key shall be. A ``KeyFile`` gets a new key, a service has one.
        record: writes the evidence in the transaction of the move, once per organisation.
        said: told of every step that is done, in words for the terminal.
    """

    database: Database
    source: RootKey
    target: RootKey
    entropy: Entropy
    record: Callable[[Tx, OrgId, RootDescription], Awaitable[None]]
    said: Callable[[str], None] = lambda _: None

    async def run(self, organisations: Sequence[OrgId], *, now: datetime) -> Moved:
        """Do it.

        Raises:
            RootKeyFailure: the target cannot hold a key, or a file lies there already. Nothing was changed.
        """
        new = await self._make()
        self.said("The new root key is made.")
        await self._try(new)
        self.said("The new root key was tried: it wraps and opens.")
        async with self.database.system() as tx:
            epochs = [await self._rewrap(tx, org_id, new) for org_id in organisations]
            await self._name(tx, new, now)
            self.said(f"{sum(epochs)} organisation keys are wrapped again, not yet committed.")
        self.said("The database hangs on the new root key.")
        retired = self._take_place(new, now)
        return Moved(self._destination(new), sum(epochs), retired)

    async def _make(self) -> RootKey:
        if not isinstance(self.target, KeyFile):
            await self.target.unlock(may_create=False)
            return self.target
        if self.target.path.exists() and not self._same_place():
            raise RootKeyFailure(
                f"There is a file {self.target.path} already. Name another place, or move that file away."
            )
        new = self.target.pending()
        new.create()
        return new

    async def _try(self, new: RootKey) -> None:
        if isinstance(new, KeyFile):
            await new.unlock(may_create=False)
        secret = self.entropy.token_bytes(KEY_BYTES)
        try:
            back = await new.unwrap(await new.wrap(secret, _TRY), _TRY)
        except CannotUnwrap:
            back = b""
        if back != secret:
            raise RootKeyFailure("The new root key does not open what it wrapped. Nothing was changed.")

    async def _rewrap(self, tx: Tx, org_id: OrgId, new: RootKey) -> int:
        await tx.value("SELECT set_config('amana.org', :org, true)", org=str(org_id))
        old_rows = await queries.organisation_keys(tx, org_id)
        new_rows = []
        for row in old_rows:
            context = organisation_context(org_id, row.epoch)
            try:
                key = await self.source.unwrap(row.wrapped, context)
            except CannotUnwrap as damaged:
                raise RootKeyFailure(
                    f"The organisation key of epoch {row.epoch} is damaged and would be lost. "
                    "Restore the keyring first. Nothing was changed."
                ) from damaged
            wrapped = await new.wrap(key, context)
            if await new.unwrap(wrapped, context) != key:
                raise RootKeyFailure("The new root key does not open what it wrapped. Nothing was changed.")
            new_rows.append(queries.OrganisationKeyRow(row.epoch, wrapped))
        # The record is sealed with a key that is still under the old root here.
        await self.record(tx, org_id, self._destination(new))
        await queries.rewrap_organisation_keys(tx, org_id, old_rows, new_rows)
        return len(new_rows)

    async def _name(self, tx: Tx, new: RootKey, now: datetime) -> None:
        row = await queries.root_row(tx)
        if row is None or not await opens(self.source, row.check_value):
            raise RootKeyFailure("The root key of this database changed meanwhile. Nothing was changed.")
        found = self._destination(new)
        check = await make_check(new)
        await queries.replace_root(
            tx, row.check_value, queries.RootRow(check, found.kind, found.place, found.key_id, now)
        )

    def _take_place(self, new: RootKey, now: datetime) -> Path | None:
        retired = None
        if isinstance(self.source, KeyFile):
            name = f"{self.source.path.name}.retired-{now:%Y%m%d}-{self.source.description.key_id}"
            retired = self.source.retire(name, keep_place=self._same_place())
            self.said(f"The old key file is set aside as {retired}.")
        if isinstance(self.target, KeyFile) and isinstance(new, KeyFile):
            new.settle(self.target)
            self.said(f"The new key file is in place: {self.target.path}.")
        return retired

    def _destination(self, new: RootKey) -> RootDescription:
        return replace(self.target.description, key_id=new.description.key_id)

    def _same_place(self) -> bool:
        return (
            isinstance(self.source, KeyFile)
            and isinstance(self.target, KeyFile)
            and self.source.path.absolute() == self.target.path.absolute()
        )
