"""`amana admin keys …`: which root key there is, where it is kept, and newer keys below it."""

import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal
from uuid import UUID

from cyclopts import App, Parameter

from amana.cli.running import DataDir, run, settings_for
from amana.cli.serve import say
from amana.kernel.errors import StartFailure

if TYPE_CHECKING:
    from amana.app.offline import Reached
    from amana.app.settings import Settings
    from amana.kernel.ids import OrgId
    from amana.storage.database import Tx
    from amana.vault import KeyFile, RootDescription, RootKey
    from amana.vault.moving import Moved

keys = App(name="keys", help="The root key and what hangs on it.", help_format="plaintext")

NEW_PASSPHRASE = "AMANA_NEW_ROOT_PASSPHRASE"  # noqa: S105  the name of a setting
MIN_PASSPHRASE_CHARACTERS = 12


@keys.command
def show(*, data_dir: DataDir = None) -> None:
    """Say which root key the database wants, which one the settings lead to, and whether they fit."""
    run(_show(settings_for(data_dir)))


@keys.command
def seal(*, data_dir: DataDir = None) -> None:
    """Put the key file under a passphrase: a new root key, sealed. The server must be stopped.

    Asks for the passphrase; without a terminal it is read from AMANA_NEW_ROOT_PASSPHRASE.
    """
    settings = settings_for(data_dir)
    run(_move(settings, lambda: _sealed_file(_file_settings(settings))))


@keys.command(name="open")
def open_(*, data_dir: DataDir = None) -> None:
    """Take the passphrase off the key file: a new root key, open on the disk. The server must be stopped."""
    settings = settings_for(data_dir)
    run(_move(settings, lambda: _open_file(_file_settings(settings))))


@keys.command
def move(
    *,
    to: Annotated[Literal["file", "transit"], Parameter(help="A key file, or OpenBao or Vault transit.")],
    key_file: Annotated[Path | None, Parameter(help="Place of the new file. Default: as set.")] = None,
    passphrase: Annotated[bool, Parameter(help="Seal the new file with a passphrase.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Move the root key to another place; the old key file is set aside. The server must be stopped.

    `--to transit` takes the service from AMANA_TRANSIT_URL, _KEY, _TOKEN_FILE and _CA.
    """
    settings = settings_for(data_dir)

    def target() -> "RootKey":
        if to == "transit":
            from amana.app.root import transit_key

            return transit_key(settings)
        there = settings if key_file is None else settings.model_copy(update={"root_key_file": key_file})
        return _sealed_file(there) if passphrase else _open_file(there)

    run(_move(settings, target))


@keys.command
def rotate(
    *,
    conversation: Annotated[
        UUID | None, Parameter(help="Id of one conversation. Default: the organisation's key.")
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """Make a newer key: for what one conversation gets from now on, or for the whole organisation.

    Nothing that is stored is sealed again, and everything stays readable. The server may run.
    """
    run(_rotate(settings_for(data_dir), conversation))


async def _show(settings: "Settings") -> None:
    from amana.app.offline import reached
    from amana.app.root import root_key
    from amana.vault import queries
    from amana.vault.opening import opens

    async with reached(settings) as here:
        async with here.database.system() as tx:
            row = await queries.root_row(tx)
        if row is None:
            raise StartFailure("this database has no root key yet: it gets one at the server's first start.")
        since = "an unknown day" if row.since is None else f"{row.since:%Y-%m-%d}"
        say(f"The database wants  {row.kind or 'a key'} {row.key_id or '(not named yet)'} since {since}")
        say(f"last seen at        {row.place or 'an unknown place'}")
        root = root_key(_with_passphrase(settings), here.entropy)
        await root.unlock(may_create=False)
        found = root.description
        say(f"The settings lead to {found.kind} {found.key_id}")
        say(f"at                  {found.place}")
        fits = await opens(root, row.check_value)
    if not fits:
        raise StartFailure("these two do not fit: the server will not start with this key.")
    say("They fit." if root.sealed else "They fit. The key lies open on this disk: amana admin keys seal")


async def _move(settings: "Settings", target: "Callable[[], RootKey]") -> None:
    from amana.app.root import root_key
    from amana.evidence import Evidence
    from amana.vault import Vault
    from amana.vault.moving import RootMove

    async with _stopped(settings) as here:
        source = root_key(_with_passphrase(settings), here.entropy)
        vault = Vault(here.database, source, here.entropy)
        await vault.start()
        evidence = Evidence(vault, here.ids)

        async def record(tx: "Tx", org_id: "OrgId", to: "RootDescription") -> None:
            await evidence.record(
                tx,
                org_id=org_id,
                actor_id=None,
                action="key.moved",
                subject=None,
                now=here.clock.now(),
                detail={"to": to.kind, "place": to.place, "key": to.key_id},
            )

        organisations = await _organisations(here)
        moving = RootMove(here.database, source, target(), here.entropy, record, said=say)
        moved = await moving.run(organisations, now=here.clock.now())
        await _clean_up(here.dsn)
    _explain(moved)


async def _rotate(settings: "Settings", conversation: UUID | None) -> None:
    from amana.app.keys import KeyCare
    from amana.app.offline import reached
    from amana.cli.progress import Progress
    from amana.evidence import Evidence
    from amana.kernel.ids import ConversationId

    async with reached(_with_passphrase(settings)) as here:
        organisation = await here.organisation()
        vault = await here.vault()
        care = KeyCare(here.database, vault, Evidence(vault, here.ids), here.clock)
        if conversation is not None:
            await care.require_conversation(organisation.org_id, ConversationId(conversation))
            number = await care.rotate_conversation(organisation.org_id, ConversationId(conversation))
            say(f"The conversation seals with generation {number} from now on.")
            return
        with Progress(await care.wrapped_keys(organisation.org_id), "keys") as progress:
            epoch = await care.rotate_organisation(organisation.org_id, said=progress.advance)
    say(f"The organisation's key is of epoch {epoch} now, and every key below hangs on it.")


@asynccontextmanager
async def _stopped(settings: "Settings") -> "AsyncIterator[Reached]":
    """The database while no server works on it, and none can begin to lead until we are done."""
    import asyncpg

    from amana.app.offline import reached
    from amana.storage.leader import LEADER_LOCK

    running = StartFailure(
        "a server is running on these data. Stop it first: it would go on with the old key."
    )
    async with reached(settings) as here:
        if here.is_serving:
            raise running
        connection = await asyncpg.connect(here.dsn, timeout=10)
        try:
            if not await connection.fetchval("SELECT pg_try_advisory_lock($1)", LEADER_LOCK):
                raise running
            yield here
        finally:
            await connection.close()


async def _organisations(here: "Reached") -> "list[OrgId]":
    from amana.people.queries import find_organisation

    async with here.database.system() as tx:
        found = await find_organisation(tx)
    return [] if found is None else [found.org_id]


async def _clean_up(dsn: str) -> None:
    """What the old key opens shall not lie about in freed space: the keys' tables are small."""
    import asyncpg

    connection = await asyncpg.connect(dsn, timeout=10)
    try:
        await connection.execute("VACUUM keyring.root_key, keyring.organisation_key")
    finally:
        await connection.close()


def _explain(moved: "Moved") -> None:
    to = moved.now_at
    say(f"\nThe root key is now {to.kind} {to.key_id} at {to.place}.")
    if to.kind == "transit":
        say("Start the server with AMANA_ROOT_KEY=transit and the same AMANA_TRANSIT_ settings.")
    else:
        say("Start the server with AMANA_ROOT_KEY=file (or without it) and this AMANA_ROOT_KEY_FILE.")
        say("Keep a copy of the new file apart, as you did with the old one.")
    if moved.retired is not None:
        say(
            f"The old key is in {moved.retired}: it opens backups from before today. "
            "Put it where those backups' key is kept, and delete it here."
        )


def _file_settings(settings: "Settings") -> "Settings":
    from amana.app.settings import RootPlace

    if settings.root_key is not RootPlace.FILE:
        raise StartFailure("the root key is in a key service now. Type: amana admin keys move --to file")
    return settings


def _sealed_file(settings: "Settings") -> "KeyFile":
    from amana.app.root import key_file
    from amana.kernel.entropy import SystemEntropy

    return key_file(settings, SystemEntropy(), _new_passphrase())


def _open_file(settings: "Settings") -> "KeyFile":
    from amana.app.root import key_file
    from amana.kernel.entropy import SystemEntropy

    return key_file(settings, SystemEntropy(), None)


def _new_passphrase() -> str:
    from getpass import getpass

    chosen = os.environ.get(NEW_PASSPHRASE)
    if chosen is None:
        if not sys.stdin.isatty():
            raise StartFailure(f"there is no terminal to ask for the new passphrase: set {NEW_PASSPHRASE}.")
        chosen = getpass("New passphrase: ")
        if getpass("The same again: ") != chosen:
            raise StartFailure("the two passphrases differ. Nothing was changed.")
    if len(chosen) < MIN_PASSPHRASE_CHARACTERS:
        raise StartFailure(f"the passphrase is shorter than {MIN_PASSPHRASE_CHARACTERS} characters.")
    return chosen


def _with_passphrase(settings: "Settings") -> "Settings":
    """Ask for the present passphrase where one is needed, none is set and somebody is there to answer."""
    from getpass import getpass

    from pydantic import SecretStr

    from amana.app.settings import RootPlace
    from amana.vault.keyfile import is_sealed

    if settings.root_key is not RootPlace.FILE or settings.root_passphrase is not None:
        return settings
    if not sys.stdin.isatty() or not is_sealed(settings.key_file):
        return settings
    return settings.model_copy(update={"root_passphrase": SecretStr(getpass("Passphrase: "))})
