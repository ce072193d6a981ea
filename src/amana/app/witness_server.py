"""The witness as a process: its folder, its key, one listening socket. Nothing of the server is loaded."""

import asyncio
import signal
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import structlog

from amana.app.certificates import CompanyAuthority, ReloadingContext
from amana.app.listening import listen
from amana.app.serving import reloading, serving
from amana.app.settings import LOCAL_HOSTS
from amana.evidence.witness import identity
from amana.evidence.witness.cosigner import Cosigner
from amana.evidence.witness.http import WitnessPages
from amana.evidence.witness.store import Store
from amana.kernel.clock import Clock, SystemClock
from amana.kernel.entropy import Entropy, SystemEntropy
from amana.kernel.errors import StartFailure

log = structlog.get_logger("amana.witness")


@dataclass(frozen=True, slots=True)
class WitnessChoices:
    """How a witness is reached.

    Attributes:
        passphrase: of the key file; None when it is not sealed.
        tls_host: the name for which an own authority makes the certificate; None without.
        certificate, key: PEM files; None without.
    """

    folder: Path
    host: str
    port: int
    passphrase: str | None = None
    tls_host: str | None = None
    certificate: Path | None = None
    key: Path | None = None


async def witness_until_stopped(choices: WitnessChoices, announce: Callable[[list[str]], None]) -> None:
    """Serve until SIGTERM or SIGINT.

    Args:
        announce: called with sentences for the person who started it, once the witness answers.

    Raises:
        StartFailure: something that the operator can mend.
    """
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    clock, entropy = SystemClock(), SystemEntropy()
    async with AsyncExitStack() as stack:
        store = Store(choices.folder)
        stack.callback(store.close)
        signer = await identity.unlock(choices.folder, store, choices.passphrase, entropy)
        tls = _tls(stack, choices, clock, entropy)
        sock = listen(choices.host, choices.port, fixed=True)
        stack.callback(sock.close)
        pages = WitnessPages(Cosigner(store, signer, clock), signer, clock)
        await stack.enter_async_context(serving(pages, sock, tls, name="witness"))
        scheme = "http" if tls is None else "https"
        announce(_sentences(choices, f"{scheme}://{choices.tls_host or choices.host}:{choices.port}", store))
        await stop.wait()
        log.info("witness.stopping")


def _tls(
    stack: AsyncExitStack, choices: WitnessChoices, clock: Clock, entropy: Entropy
) -> ReloadingContext | None:
    if choices.tls_host is not None and choices.certificate is not None:
        raise StartFailure("give either --tls-host or --tls-certificate and --tls-key.")
    if choices.tls_host is not None:
        authority = CompanyAuthority(choices.folder / "tls", choices.tls_host, entropy)
        authority.ensure(clock.now())
        return reloading(stack, authority.certificate, authority.key, lambda: authority.ensure(clock.now()))
    if (choices.certificate is None) != (choices.key is None):
        raise StartFailure("--tls-certificate and --tls-key belong together.")
    if choices.certificate is not None and choices.key is not None:
        return reloading(stack, choices.certificate, choices.key)
    return None


def _sentences(choices: WitnessChoices, address: str, store: Store) -> list[str]:
    lines = [f"The witness {store.identity.name} is ready at {address}"]
    if choices.tls_host is not None:
        lines.append(
            f"Its certificate is its own: give {choices.folder / 'tls' / 'authority.crt'} to whoever runs "
            "the server, for AMANA_WITNESS_CA."
        )
    elif choices.certificate is None and choices.host not in LOCAL_HOSTS:
        lines.append(
            "It speaks plain http: servers on other machines ask it over https only. See --tls-host."
        )
    if not store.logs():
        lines.append("It follows no log yet. Add one with: amana witness add-log <vkey>")
    return lines
