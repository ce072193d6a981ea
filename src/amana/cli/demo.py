"""`amana demo`: a throw-away company of twenty people."""

import asyncio
import shutil
import signal
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from amana.cli.serve import read_settings, say

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
        settings = read_settings({"data_dir": folder / "data", "port": port, "log_level": "error"})
        configure_logs(settings.log_level)
        uvloop.run(_demo_until_stopped(settings))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


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
        _explain(runtime.public_url, access)
        await stop.wait()


def _explain(public_url: str, access: "DemoAccess") -> None:
    say(f"\nThe demo is ready at {public_url}/sign-in\n")
    say(f"Everybody's password is  {access.password}\n")
    for name, handle, language in access.handles:
        say(f"  {language}  {handle:24} {name}")
    say(f"\nOr join as somebody new:\n\n  {access.invitation}\n\nCtrl+C throws everything away.")
