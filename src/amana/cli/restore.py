"""`amana restore`: everything onto an empty machine, or one conversation on the running server."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from amana.cli.progress import Progress
from amana.cli.running import EXIT_FOUND, DataDir, run, settings_for
from amana.cli.serve import say
from amana.kernel.errors import StartFailure

if TYPE_CHECKING:
    from amana.app.settings import Settings
    from amana.backup.keys import Identity
    from amana.backup.restore_bringup import Workshop
    from amana.backup.target import Target

Place = Annotated[
    str | None,
    Parameter(
        name="--from",
        help="Where the backups are: a folder or s3://bucket/prefix. Default: AMANA_BACKUP_TARGET's first.",
    ),
]
IdentityFile = Annotated[
    Path,
    Parameter(
        allow_leading_hyphen=True,
        help="File with the offline key that opens the backups; - reads it from standard input.",
    ),
]
Moment = Annotated[
    str | None,
    Parameter(help="Moment to go back to, UTC: 2026-11-22T14:30. Default: the newest there is."),
]

restore = App(
    name="restore",
    help="Restore everything into an empty folder, or one conversation on the running server.",
    help_format="plaintext",
)


@restore.default
def everything(
    *,
    place: Place = None,
    identity: IdentityFile,
    to: Moment = None,
    data_dir: DataDir = None,
    checkpoint: Annotated[
        Path | None,
        Parameter(help="File with the newest checkpoint that a witness has of the lost server's log."),
    ] = None,
) -> None:
    """Restore everything into an empty data folder; the server is started on it afterwards.

    The root key must be in its place first: keys/root.key in the data folder, or where
    AMANA_ROOT_KEY_FILE says. Nothing is ever written over. Broken off, it can simply be run again.
    """
    from amana.app.root import root_key
    from amana.backup.restore import Order
    from amana.backup.restore import restore as restore_everything

    settings = settings_for(data_dir)
    workshop = _workshop(settings)
    order = Order(
        target=_target(settings, place),
        identities=_identities(identity),
        data_dir=settings.data_dir,
        root=root_key(settings, workshop.entropy),
        until=_moment(to),
        prior=None if checkpoint is None else _text(checkpoint),
    )
    report = run(restore_everything(order, workshop))
    for sentence in report.sentences():
        say(sentence)
    say(f"\nThe data are in {settings.data_dir.absolute()}. Start the server with the settings it had.")
    if report.needs_attention:
        sys.exit(EXIT_FOUND)


@restore.command
def conversation(
    room: Annotated[str, Parameter(help="Id of the conversation.")],
    *,
    to: Annotated[str, Parameter(help="Moment to go back to, UTC: 2026-11-22T14:30.")],
    place: Place = None,
    identity: IdentityFile,
    data_dir: DataDir = None,
    apply: Annotated[bool, Parameter(negative=(), help="Do it; without this it is only said.")] = False,
) -> None:
    """Put one conversation back as it was, beside the running server; all others stay as they are.

    Without --apply it is a rehearsal that changes nothing. Entries written later stay, and what was
    erased stays erased.
    """
    run(_conversation(room, to, place, identity, data_dir, really=apply))


async def _conversation(
    room: str, to: str, place: str | None, identity: Path, data_dir: DataDir, *, really: bool
) -> None:
    from amana.app.offline import reached
    from amana.backup.conversation import RoomOrder, restore_conversation, room_of, sentences

    settings = settings_for(data_dir)
    conversation_id, until = room_of(room), _moment(to)
    if conversation_id is None or until is None:
        raise StartFailure(f"{room} is no id of a conversation. An address of the web client ends with it.")
    target, identities = _target(settings, place), _identities(identity)
    async with reached(settings) as here:
        order = RoomOrder(
            target=target,
            identities=identities,
            live_dsn=here.dsn,
            database=here.database,
            vault=await here.vault(),
            data_dir=settings.data_dir,
            org_id=(await here.organisation()).org_id,
            conversation_id=conversation_id,
            until=until,
            apply=really,
        )
        report = await restore_conversation(order, _workshop(settings))
    for sentence in sentences(report):
        say(sentence)
    if not report.chain_holds:
        sys.exit(EXIT_FOUND)


def _workshop(settings: "Settings") -> "Workshop":
    from amana.app.features import SCHEMAS
    from amana.backup.restore_bringup import Workshop
    from amana.kernel.clock import SystemClock
    from amana.kernel.entropy import SystemEntropy

    return Workshop(SystemClock(), SystemEntropy(), SCHEMAS, user=settings.database_user, begin=Progress)


def _target(settings: "Settings", place: str | None) -> "Target":
    from amana.backup.target import open_target

    place = place or next(iter(settings.backup_target), None)
    if place is None:
        raise StartFailure("say where the backups are: --from FOLDER, or --from s3://bucket/prefix.")
    return open_target(place, s3_endpoint=settings.backup_s3_endpoint)


def _identities(path: Path) -> "list[Identity]":
    from amana.backup.keys import read_identities

    return read_identities(Path("/dev/stdin") if path == Path("-") else path)


def _moment(text: str | None) -> datetime | None:
    """A time of the command line; without a zone it is UTC."""
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise StartFailure(f"--to {text} is no time. Write it like 2026-11-22T14:30 (UTC).") from None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise StartFailure(f"the file {path} cannot be read: {error.strerror}.") from None
