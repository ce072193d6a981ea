"""A program that runs beside the server: started with it, started again when it dies, ended with it.

One that outlived a killed Amana still holds its ports and is ended by the next start.
"""

import asyncio
import os
import signal
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import structlog

log = structlog.get_logger("amana.kept")

STOP_TIMEOUT_S = 10.0
RETRY_LIMIT_S = 60.0
# A program that ran this long was well: the next trouble is a new one.
STEADY_S = 60.0
POLL_S = 0.05


class KeptProcess:
    """One such program.

    Args:
        name: for the log.
        command: program and arguments. The arguments must be like no other program's: a survivor is known
            by them. No secrets: everybody on the machine can read a command line.
        environment: all that the program gets of it.
        folder: where it works.
    """

    def __init__(
        self, name: str, command: Sequence[str], *, environment: Mapping[str, str], folder: Path
    ) -> None:
        self._name = name
        self._command = [str(part) for part in command]
        self._environment = dict(environment)
        self._folder = folder
        self._child: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int | None:
        """Its process id while it runs."""
        child = self._child
        return child.pid if child is not None and child.returncode is None else None

    async def start(self) -> None:
        """End a survivor, then start."""
        await self._end_survivors()
        self._child = await self._spawn()

    async def ended_within(self, seconds: float) -> bool:
        """Whether it ends by itself in this time: what is set wrong shows right after a start."""
        if self._child is None:
            return True
        try:
            await asyncio.wait_for(self._child.wait(), timeout=seconds)
        except TimeoutError:
            return False
        return True

    async def watch(self) -> None:
        """Start it again whenever it ends by itself.

        Run it as a task of its own after ``start``; cancel it before ``stop``.
        """
        loop = asyncio.get_running_loop()
        delay_s = 0.0
        while self._child is not None:
            begun = loop.time()
            code = await self._child.wait()
            delay_s = 0.0 if loop.time() - begun > STEADY_S else delay_s
            log.error("kept.died", program=self._name, code=code, again_in_s=delay_s)
            await asyncio.sleep(delay_s)
            delay_s = min(RETRY_LIMIT_S, delay_s * 2 + 1)
            try:
                self._child = await self._spawn()
            except OSError as error:
                log.error("kept.not_restarted", program=self._name, reason=type(error).__name__)

    async def stop(self) -> None:
        """Ask it to end, and see to it."""
        child = self._child
        if child is None or child.returncode is not None:
            return
        child.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(child.wait(), STOP_TIMEOUT_S)
        except TimeoutError:
            child.kill()
            await child.wait()

    async def _spawn(self) -> asyncio.subprocess.Process:
        # A session of its own: Ctrl+C in the terminal is for Amana, which then stops it in order.
        return await asyncio.create_subprocess_exec(
            *self._command, env=self._environment, cwd=self._folder, start_new_session=True
        )

    async def _end_survivors(self) -> None:
        for wanted in (signal.SIGTERM, signal.SIGKILL):
            for pid in self._running():
                log.warning("kept.taken_over", program=self._name, pid=pid)
                with suppress(ProcessLookupError):
                    os.kill(pid, wanted)
            for _ in range(int(STOP_TIMEOUT_S / POLL_S)):
                if not self._running():
                    return
                await asyncio.sleep(POLL_S)

    def _running(self) -> list[int]:
        """Processes with these arguments; none where there is no /proc.

        Preferred to a death signal from the parent: the kernel drops that for a program which was given
        rights of its own (setcap).
        """
        wanted = [os.fsencode(part) for part in self._command[1:]]
        found = []
        for entry in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                if (entry / "cmdline").read_bytes().rstrip(b"\0").split(b"\0")[1:] == wanted:
                    found.append(int(entry.name))
        return found
