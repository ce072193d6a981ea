"""`amana admin …`: what the person at the machine may do. Nobody becomes somebody else here.

Other commands hook in with ``admin.command(app, name="witness")`` in ``cli/__init__.py``. Each reaches
the storage through ``amana.app.offline.reached``, whether the server runs or not.
"""

from typing import Annotated

from cyclopts import App, Parameter

from amana.cli.running import DataDir, run, settings_for
from amana.cli.serve import say, setup_offer
from amana.kernel.errors import StartFailure

admin = App(name="admin", help="Look after a running or stopped server.", help_format="plaintext")
sessions = App(name="sessions", help="Signed-in devices.", help_format="plaintext")
admin.command(sessions)


@admin.command
def setup_link(*, data_dir: DataDir = None) -> None:
    """Make a new set-up link while nobody has set up the organisation; earlier links stop working."""
    run(_setup_link(data_dir))


@admin.command
def people(*, data_dir: DataDir = None) -> None:
    """List everybody: handle, role, name, and how many devices are signed in."""
    run(_people(data_dir))


@sessions.command
def end(
    handle: Annotated[str, Parameter(help="Whose devices; `amana admin people` lists the handles.")],
    *,
    data_dir: DataDir = None,
) -> None:
    """Sign all devices of one person out: after a lost laptop, or when somebody leaves.

    The person can sign in again. A running server closes the sockets within minutes.
    """
    run(_end_sessions(handle, data_dir))


async def _setup_link(data_dir: DataDir) -> None:
    from amana.app.offline import reached
    from amana.people.service import issue_setup_secret

    settings = settings_for(data_dir)
    async with reached(settings) as here:
        secret = await issue_setup_secret(here.database, here.clock, here.entropy)
    if secret is None:
        raise StartFailure(
            "the organisation is set up already. Somebody who is in it can invite others; "
            "the operator cannot."
        )
    public_url = settings.public_url or f"http://localhost:{settings.port}"
    say(setup_offer(f"{public_url}/setup#{secret}", settings.data_dir))


async def _people(data_dir: DataDir) -> None:
    from amana.app.administration import list_with_devices
    from amana.app.offline import reached

    async with reached(settings_for(data_dir)) as here:
        rows = await list_with_devices(here)
    for row in rows:
        say(f"{row.handle:24} {row.role.name.lower():8} {row.devices:3} devices  {row.display_name}")


async def _end_sessions(handle: str, data_dir: DataDir) -> None:
    from amana.app.administration import end_all_sessions
    from amana.app.offline import reached

    async with reached(settings_for(data_dir)) as here:
        ended = await end_all_sessions(here, handle)
    if ended is None:
        raise StartFailure(f"nobody has the handle {handle}. `amana admin people` lists them.")
    say(f"{ended} devices of {handle} are signed out.")
