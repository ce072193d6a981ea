"""All checks in the order in which they are shown."""

from collections.abc import Callable, Sequence

from amana.app.doctor import crew, machine, server
from amana.app.doctor.model import Finding, Probe

Check = Callable[[Probe], Finding]

CHECKS: Sequence[Check] = (
    server.database,
    server.backup,
    machine.disk,
    machine.root_key,
    machine.folder,
    machine.memory,
    machine.clock,
    machine.open_files,
    crew.crew,
    server.public_url,
    server.tls,
    server.proxies,
    server.fork,
    server.witness,
)


def examine(probe: Probe) -> list[Finding]:
    """Every check's finding."""
    return [check(probe) for check in CHECKS]
