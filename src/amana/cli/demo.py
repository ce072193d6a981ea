"""`amana demo`: a throw-away company of twenty people."""

import asyncio
import shutil
import signal
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from amana.cli.serve import port_moved, read_settings, say

if TYPE_CHECKING:
    from amana.app.demo import DemoAccess
    from amana.app.settings import Settings


def demo(
    *,
    port: Annotated[int, Parameter(help="Port; a busy one gives way to the next.")] = 8080,
) -> None:
    """Start a made-up company of twenty people in four languages; Ctrl+C throws it away."""
    import uvloop

    from amana.app.logs import configure_logs

    folder = Path(tempfile.mkdtemp(prefix="amana-demo-"))
    # Started as root, the database runs under an account of its own that must get through.
    folder.chmod(0o711)
    try:
        settings = _settings(folder / "data", port)
        configure_logs(settings.log_level)
        uvloop.run(_demo_until_stopped(settings))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _settings(data_dir: Path, port: int) -> "Settings":
    """Every setting named, so that nothing in the environment leads the demo to a real server's data."""
    from amana.app.settings import Settings

    defaults: dict[str, object] = {name: field.default for name, field in Settings.model_fields.items()}
    return read_settings({**defaults, "data_dir": data_dir, "port": port, "log_level": "error"})


async def _demo_until_stopped(settings: "Settings") -> None:
    from amana.app.demo import DemoClock, fill
    from amana.app.process import running

    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    clock = DemoClock()
    say("Filling a made-up company, a few seconds …")
    async with running(settings, clock) as runtime:
        access = await fill(runtime, clock)
        if runtime.port != settings.port:
            say(port_moved(settings.port, runtime.port))
        _explain(runtime.public_url, access)
        await stop.wait()


def _explain(public_url: str, access: "DemoAccess") -> None:
    say(f"\nThe demo is ready at {public_url}/sign-in\n")
    say(f"Everybody's password is  {access.password}\n")
    for name, handle, language in access.handles:
        say(f"  {language}  {handle:24} {name}")
    say(f"\nOr join as somebody new:\n\n  {access.invitation}\n\nCtrl+C throws everything away.")
