"""Opens the root key of a database, and explains at the terminal what it means when that fails."""

from datetime import datetime

from amana.storage.database import Database
from amana.vault import queries
from amana.vault.errors import CannotUnwrap, RootKeyFailure, RootKeyLost, RootKeyUnreachable
from amana.vault.formats import KEY_BYTES
from amana.vault.rootkey import RootKey

ROOT_CHECK_CONTEXT = b"amana/root-check/v1\0"


async def open_root(database: Database, root: RootKey) -> None:
    """Unlock the root key and check that it is the one of this database; a new database takes it as its own.

    Raises:
        RootKeyFailure: missing, unsafe, locked, or the key of another database.
    """
    async with database.system() as tx:
        row = await queries.root_row(tx)
    if row is None:
        await root.unlock(may_create=True)
        row = await _adopt(database, root)
    else:
        await _unlock_right_one(root, row)
        return
    if not await opens(root, row.check_value):
        raise _explained(_another_ones(root), row)


async def opens(root: RootKey, check_value: bytes) -> bool:
    """Whether this root key is the one that the check value was made with."""
    try:
        return await root.unwrap(check_value, ROOT_CHECK_CONTEXT) == bytes(KEY_BYTES)
    except CannotUnwrap:
        return False


async def make_check(root: RootKey) -> bytes:
    """A value that only this root key opens."""
    return await root.wrap(bytes(KEY_BYTES), ROOT_CHECK_CONTEXT)


async def describe(database: Database, root: RootKey, *, now: datetime) -> None:
    """Note in the database which root key it hangs on, for the day when that one is looked for."""
    found = root.description
    async with database.system() as tx:
        row = await queries.root_row(tx)
        if row is not None and (row.kind, row.place, row.key_id) != (found.kind, found.place, found.key_id):
            await queries.describe_root(
                tx, kind=found.kind, place=found.place, key_id=found.key_id, since=now
            )


async def _adopt(database: Database, root: RootKey) -> queries.RootRow:
    fresh = await make_check(root)
    async with database.system() as tx:
        await queries.insert_root_check(tx, fresh)
        row = await queries.root_row(tx)
    if row is None:
        raise RootKeyFailure("The database did not keep the root key's check value.")
    return row


async def _unlock_right_one(root: RootKey, row: queries.RootRow) -> None:
    failure: RootKeyFailure
    try:
        await root.unlock(may_create=False)
        if await opens(root, row.check_value):
            return
        failure = _another_ones(root)
    except RootKeyFailure as not_this:
        failure = not_this
    except RootKeyUnreachable as busy:
        raise RootKeyFailure("The key service went away during the start. Start again.") from busy
    # A move that was cut off after its commit: the new key waits beside this one.
    try:
        if await root.take_pending(lambda pending: opens(pending, row.check_value)):
            return
    except RootKeyFailure as not_that:
        failure = not_that
    raise (_explained(failure, row) if isinstance(failure, RootKeyLost) else failure)


def _another_ones(root: RootKey) -> RootKeyLost:
    key_id = root.description.key_id
    return RootKeyLost(
        f"This root key ({key_id}) belongs to another database.",
        look_for="Put back the root key that was made together with this database.",
    )


def _explained(lost: RootKeyLost, row: queries.RootRow) -> RootKeyFailure:
    """The whole explanation: what happened, what it means, what still works, what to look for."""
    return RootKeyFailure(
        f"{lost.reason} {lost.look_for}\n\n"
        "What is lost without the root key: every message, title and record detail in this database\n"
        "and in its backups. Nobody can read them without it, Amana's makers included.\n"
        "What still works: nothing has been changed. Everything opens again as soon as the right key is\n"
        "back; nothing has to be restored. Until then backups go on, and `amana admin keys show` says\n"
        "which key this database wants.\n"
        f"What to look for: {_wanted(row)}"
    )


def _wanted(row: queries.RootRow) -> str:
    if row.kind is None or row.place is None:
        return "the file root.key that was made at the first start: a password safe, a sealed envelope."
    since = "" if row.since is None else f", in use since {row.since:%Y-%m-%d}"
    if row.kind == "transit":
        return (
            f"the key {row.place} of your OpenBao or Vault{since}.\n"
            "Unseal the service, or restore its storage when that is gone, and set AMANA_ROOT_KEY=transit\n"
            "with its address and a token that may use the key."
        )
    return (
        f"the key file with the name {row.key_id}{since}, last seen at\n{row.place}:\n"
        "on older disks, in your password safe, in a sealed envelope. AMANA_ROOT_KEY=file and\n"
        "AMANA_ROOT_KEY_FILE say where Amana looks."
    )
