"""`amana witness …`: a small program that the works council, an auditor or a partner runs elsewhere."""

import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from amana.cli.running import EXIT_FOUND
from amana.cli.serve import say
from amana.kernel.errors import StartFailure

DEFAULT_PORT = 8990
PASSPHRASE = "AMANA_WITNESS_PASSPHRASE"  # noqa: S105  the name of a setting
ADDRESS = "witness.example.org:8990"

Folder = Annotated[
    Path, Parameter(name="--data-dir", env_var="AMANA_WITNESS_DIR", help="Folder of the witness.")
]
DEFAULT_FOLDER = Path("var/amana-witness")

witness = App(
    name="witness",
    help="Watch over the log of somebody else's server: sign it only as long as it merely grows.",
    help_format="plaintext",
)


@witness.command
def init(
    name: Annotated[
        str, Parameter(help="What its signatures are called: an address, witness.example.org/council.")
    ],
    *,
    data_dir: Folder = DEFAULT_FOLDER,
) -> None:
    """Make a new witness with a key of its own. AMANA_WITNESS_PASSPHRASE seals the key file."""
    import asyncio

    from amana.evidence.witness import identity
    from amana.kernel.entropy import SystemEntropy

    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    store = asyncio.run(identity.create(data_dir, name, _passphrase(), SystemEntropy()))
    vkey = store.vkey
    store.close()
    say(f"The witness {name} is in {data_dir.absolute()}")
    if _passphrase() is None:
        say(f"Its key lies open in that folder. {PASSPHRASE} would have sealed it.")
    say(f"Its line for the policy of the server:\n\n  witness {_short(name)} {vkey} https://{ADDRESS}\n")
    say("Follow a log with: amana witness add-log <vkey of the log>")


@witness.command
def serve(
    *,
    data_dir: Folder = DEFAULT_FOLDER,
    host: Annotated[str, Parameter(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, Parameter(help="Port to listen on.")] = DEFAULT_PORT,
    tls_host: Annotated[str | None, Parameter(help="Make an own certificate for this host name.")] = None,
    tls_certificate: Annotated[Path | None, Parameter(help="PEM chain, if there is one.")] = None,
    tls_key: Annotated[Path | None, Parameter(help="PEM key of the chain.")] = None,
) -> None:
    """Answer the servers whose logs this witness follows, until it is stopped."""
    import uvloop

    from amana.app.logs import configure_logs
    from amana.app.settings import LogLevel
    from amana.app.witness_server import WitnessChoices, witness_until_stopped

    choices = WitnessChoices(data_dir, host, port, _passphrase(), tls_host, tls_certificate, tls_key)
    configure_logs(LogLevel.INFO)
    uvloop.run(witness_until_stopped(choices, lambda lines: say("\n".join(lines))))


@witness.command
def add_log(
    vkey: Annotated[str, Parameter(help="Verifier key of the log, from the server's administrator.")],
    origin: Annotated[
        str | None, Parameter(help="First line of its checkpoints; by default its name.")
    ] = None,
    *,
    data_dir: Folder = DEFAULT_FOLDER,
) -> None:
    """Follow one more log. A running witness takes it up at once."""
    from amana.evidence.tlog.notes import ED25519, Verifier
    from amana.evidence.witness.store import Store

    try:
        verifier = Verifier.parse(vkey)
    except ValueError as wrong:
        raise StartFailure(f"this is no verifier key of a log: {wrong}") from None
    if verifier.kind != ED25519:
        raise StartFailure("this is the verifier key of a witness, not that of a log.")
    store = Store(data_dir)
    is_new = store.add_log(origin or verifier.name, verifier)
    store.close()
    say(f"{'Follows' if is_new else 'Already follows'} {origin or verifier.name}")


@witness.command(name="list")
def list_logs(*, data_dir: Folder = DEFAULT_FOLDER) -> None:
    """Say which logs are followed, how far they were seen, and what contradicted itself (it ends with 3)."""
    from amana.evidence.witness.store import Store

    store = Store(data_dir)
    for origin, verifier, latest in store.logs():
        seen = (
            f"{latest.size} entries, last signed {_when(latest.cosigned_at)}"
            if latest.cosigned_at
            else "not seen yet"
        )
        say(f"{origin}\n  {seen}\n  {verifier.vkey}")
    contradictions = store.contradictions()
    store.close()
    for one in contradictions:
        say(f"\nNOT SIGNED: {one.origin}, {one.size} entries, {_when(one.seen_at)}: {_REASONS[one.reason]}")
        say(f"\nWhat the log signed:\n\n{one.note}")
        if one.known_note is not None:
            say(f"What it had signed before:\n\n{one.known_note}")
    if contradictions:
        sys.exit(EXIT_FOUND)


@witness.command
def checkpoint(
    origin: Annotated[str | None, Parameter(help="Which log; needed when several are followed.")] = None,
    *,
    data_dir: Folder = DEFAULT_FOLDER,
) -> None:
    """Print the newest checkpoint that was signed, as the log sent it: for `amana verify --checkpoint`."""
    from amana.evidence.witness.store import Store

    store = Store(data_dir)
    notes = store.notes()
    store.close()
    if origin is None and len(notes) == 1:
        (origin,) = notes
    if origin is None or origin not in notes:
        known = ", ".join(notes) or "none so far"
        raise StartFailure(f"name one of the logs of which something was signed: {known}.")
    say(notes[origin].removesuffix("\n"))


@witness.command
def vkey(*, data_dir: Folder = DEFAULT_FOLDER) -> None:
    """Print the witness's own verifier key."""
    from amana.evidence.witness.store import Store

    store = Store(data_dir)
    say(store.vkey)
    store.close()


_REASONS = {
    "other_root": "the log signed two different histories of the same length. These two notes prove it.",
    "inconsistent": "it was not shown to continue what had been signed before.",
}


def _passphrase() -> str | None:
    return os.environ.get(PASSPHRASE) or None


def _short(name: str) -> str:
    """A name for inside the policy: the last part of the witness's own."""
    return name.rstrip("/").rpartition("/")[2]


def _when(unix_s: int) -> str:
    return datetime.fromtimestamp(unix_s, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
