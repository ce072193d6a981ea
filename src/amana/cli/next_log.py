"""`amana admin next-log`: end a transparency log that cannot go on, and begin the next one."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from amana.cli.running import DataDir, run, settings_for
from amana.cli.serve import say
from amana.kernel.errors import StartFailure

if TYPE_CHECKING:
    from amana.app.settings import Settings


def next_log(
    *,
    yes: Annotated[bool, Parameter(negative="", help="Really do it: the old log ends for good.")] = False,
    prior: Annotated[
        Path | None,
        Parameter(help="File with a newer checkpoint of the old log, from a witness for example."),
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """End the transparency log and begin the next one, after a restore by other means than `amana restore`.

    Everybody who follows the log sees it, with the last checkpoint of the old one. Run `amana verify` first:
    what is wrong is not mended by this. The server may run.
    """
    if not yes:
        raise StartFailure(
            "this ends the transparency log for good, and everybody who follows it sees that. "
            "Run amana verify first, tell your witnesses why, and then type: amana admin next-log --yes"
        )
    note = _read(prior) if prior is not None else None
    run(_next_log(settings_for(data_dir), note))


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeError):
        raise StartFailure(f"{path} cannot be read as a checkpoint.") from None


async def _next_log(settings: "Settings", prior: str | None) -> None:
    from amana.app.offline import reached
    from amana.evidence import Sequencer, log_queries

    async with reached(settings) as here:
        org_id = (await here.organisation()).org_id
        vault = await here.vault()
        async with here.database.write(org_id) as tx:
            old = await log_queries.newest_log(tx, org_id)
            if old is None:
                raise StartFailure("there is no log yet: the server begins one by itself.")
            host = old.origin.rpartition("/log/")[0]
            sequencer = Sequencer(here.database, vault, here.clock, here.entropy, host=host)
            try:
                await sequencer.begin_next_log(tx, org_id, "administrator", prior=prior)
            except ValueError:
                raise StartFailure(
                    "this is not a newer checkpoint of the log that ends, or it was changed."
                ) from None
            new = await log_queries.newest_log(tx, org_id)
        if new is not None:
            say(f"The log is now {new.origin}. Give its key to everybody who follows it:")
            say(new.verifier.vkey)
