"""Several workers and the doorbell between them: looked at, and judged."""

import asyncio
import os
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

from amana.app.doctor.model import CrewFacts, Finding, Level, Probe
from amana.app.settings import Settings

DOORBELL_TIMEOUT_S = 5.0
NATS_PORT = 4222
WORKER = b"amana.app.worker"


async def look_at_crew(settings: Settings, pid: int | None) -> CrewFacts:
    """See which workers there are and whether the doorbell's servers take connections.

    Args:
        pid: of the supervisor, where it can be known.
    """
    hosts = [urlsplit(one.get_secret_value()) for one in settings.nats_url]
    places = [(one.hostname or "", one.port or NATS_PORT) for one in hosts]
    silent = [f"{host}:{port}" for host, port in places if not await _answers(host, port)]
    alive = None if pid is None else _workers_of(pid)
    return CrewFacts(settings.workers, alive, len(os.sched_getaffinity(0)), len(places), silent)


def crew(probe: Probe) -> Finding:
    """Everybody who should serve does, and they can tell each other."""
    name, facts = "workers", probe.crew
    if facts is None:
        return Finding(name, Level.UNKNOWN, "The workers could not be looked at.")
    if facts.silent:
        level = Level.BAD if len(facts.silent) == facts.servers else Level.WARN
        return Finding(
            name,
            level,
            f"No NATS server answers at {', '.join(facts.silent)}: without any, what one worker learns "
            "takes seconds to reach the others.",
            "start it, or correct AMANA_NATS_URL   # docs/operating/scaling.md",
        )
    if probe.is_serving and facts.alive is not None and facts.wanted > 1 and facts.alive < facts.wanted:
        return Finding(
            name,
            Level.BAD,
            f"Only {facts.alive} of {facts.wanted} workers serve.",
            "look into the log for worker.died and worker.not_restarted",
        )
    if facts.wanted > facts.cores:
        return Finding(
            name,
            Level.WARN,
            f"{facts.wanted} workers share {facts.cores} cores: more than one for each only costs memory.",
            f"set AMANA_WORKERS={facts.cores}",
        )
    serving = "One process serves" if facts.wanted == 1 else f"{facts.wanted} workers serve"
    return Finding(name, Level.OK, f"{serving}, on {facts.cores} cores.")


async def _answers(host: str, port: int) -> bool:
    try:
        async with asyncio.timeout(DOORBELL_TIMEOUT_S):
            _, writer = await asyncio.open_connection(host, port)
    except OSError:  # TimeoutError is one of them
        return False
    writer.close()
    return True


def _workers_of(pid: int) -> int | None:
    """How many of a process' children are workers; None where the system does not say."""
    count = 0
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    except OSError:
        return None
    for child in children:
        with suppress(OSError):
            count += WORKER in Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0")
    return count
