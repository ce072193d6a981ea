"""`amana serve`: the whole server, in one process or with several workers behind one port."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from amana.kernel.errors import StartFailure

if TYPE_CHECKING:
    from amana.app.process import Served
    from amana.app.settings import Settings


def serve(
    *,
    data_dir: Annotated[Path | None, Parameter(help="Folder of everything Amana keeps.")] = None,
    host: Annotated[str | None, Parameter(help="Address to listen on.")] = None,
    port: Annotated[int | None, Parameter(help="Port; a busy one gives way to the next.")] = None,
    workers: Annotated[int | None, Parameter(help="Processes that serve people behind the port.")] = None,
    public_url: Annotated[str | None, Parameter(help="The one address people use.")] = None,
    tls: Annotated[
        Literal["off", "acme", "files", "internal"] | None, Parameter(help="Where TLS ends.")
    ] = None,
    tls_certificate: Annotated[Path | None, Parameter(help="PEM chain for --tls files.")] = None,
    tls_key: Annotated[Path | None, Parameter(help="PEM key for --tls files.")] = None,
) -> None:
    """Start the server and print its address, on the first start with the set-up link.

    Every flag has a setting AMANA_<NAME> in the environment; the flag wins.
    """
    # Here and not above: a wrong flag or --help should not wait for the whole server to load.
    import uvloop

    from amana.app.data_folder import with_reachable_data
    from amana.app.logs import configure_logs
    from amana.app.process import serve_until_stopped

    flags = {
        "data_dir": data_dir,
        "host": host,
        "port": port,
        "workers": workers,
        "public_url": public_url,
        "tls": tls,
        "tls_certificate": tls_certificate,
        "tls_key": tls_key,
    }
    chosen = read_settings({name: value for name, value in flags.items() if value is not None})
    settings = with_reachable_data(chosen)
    if settings.data_dir != chosen.data_dir:
        say(f"The data are in {settings.data_dir}: the database's account may not enter this folder.")
    configure_logs(settings.log_level)
    uvloop.run(serve_until_stopped(settings, lambda runtime: announce(runtime, settings)))


def read_settings(flags: dict[str, object]) -> "Settings":
    """Flags over environment over defaults; a wrong one is named in one sentence."""
    from pydantic import ValidationError

    from amana.app.settings import Settings

    try:
        return Settings(**flags)  # type: ignore[arg-type]  # pydantic checks every value
    except ValidationError as error:
        first = error.errors()[0]
        if not first["loc"]:
            raise StartFailure(f"{first['ctx']['error']}.") from None
        name = "AMANA_" + "_".join(str(part) for part in first["loc"]).upper()
        raise StartFailure(f"the setting {name} is wrong: {first['msg']}.") from None


async def announce(runtime: "Served", settings: "Settings") -> None:
    """Say where the server is reached and, while there is no organisation, how to begin."""
    lines = [f"Amana is ready at {runtime.public_url}"]
    if settings.public_url is None and runtime.port != settings.port:
        lines.append(port_moved(settings.port, runtime.port))
    lines += runtime.notices
    secret = await runtime.issue_setup_secret()
    if secret is not None:
        lines.append(setup_offer(f"{runtime.public_url}/setup#{secret}", settings.data_dir))
    elif settings.database_url is None:
        lines.append(f"Your organisation is in {settings.data_dir.absolute()}")
    else:
        lines.append("Your organisation is in the database of AMANA_DATABASE_URL")
    say("\n".join(lines))


def port_moved(wanted: int, taken: int) -> str:
    """Say that another port than the wanted one is used."""
    return f"(Port {wanted} is taken, so it is {taken} this time.)"


def setup_offer(link: str, data_dir: Path) -> str:
    """Say how to begin: the link itself to a person, its place where nobody looks."""
    if sys.stdout.isatty():
        return f"\nOpen this link to set up your organisation (once, within 30 minutes):\n\n  {link}\n"
    # Not a terminal: what is printed may end up in a log, and the link is a key.
    path = data_dir / "setup-link"
    write_private(path, link + "\n")
    return f"The set-up link (once, within 30 minutes) is in {path}"


def say(line: str) -> None:
    """Print for the person at the terminal, at once even into a pipe."""
    print(line, flush=True)


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read, also while it is being written."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
