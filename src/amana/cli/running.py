"""How a command that is not the server runs: settings, logs, event loop."""

from collections.abc import Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from cyclopts import Parameter

from amana.cli.serve import read_settings

if TYPE_CHECKING:
    from amana.app.settings import Settings

DataDir = Annotated[Path | None, Parameter(help="Folder of the server's data (AMANA_DATA_DIR).")]
T = TypeVar("T")

EXIT_FOUND = 3


def settings_for(data_dir: Path | None) -> "Settings":
    """The settings of the server whose data these are: the same environment, the same default folder."""
    from amana.app.data_folder import with_reachable_data

    return with_reachable_data(read_settings({} if data_dir is None else {"data_dir": data_dir}))


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run ``work`` to its end. Only warnings are logged, to stderr: stdout is the command's answer."""
    import uvloop

    from amana.app.logs import configure_logs
    from amana.app.settings import LogLevel

    configure_logs(LogLevel.WARNING)
    return uvloop.run(work)
