"""`amana admin witness …`: the server's side of witnesses: who must sign, and how far they have followed."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from amana.cli.running import EXIT_FOUND, DataDir, run, settings_for
from amana.cli.serve import say
from amana.kernel.errors import StartFailure

if TYPE_CHECKING:
    from amana.evidence.cosigning_coverage import WitnessState
    from amana.evidence.timestamps import Stamp

admin_witness = App(
    name="witness",
    help="Say who must cosign the log, and see how far they have followed.",
    help_format="plaintext",
)

PROBLEMS = {
    "no_address": "the policy names no address for it",
    "unreachable": "nobody answers at its address",
    "certificate": "its certificate is not trusted here: set AMANA_WITNESS_CA",
    "unknown_log": "it does not follow this log: its operator types amana witness add-log",
    "signature_refused": "it follows this log under another key",
    "busy": "it says that it is busy",
    "unexpected_answer": "what answers at its address is no witness",
    "wrong_cosignature": "what answers at its address signs with another key than the policy names",
    "own_log_damaged": "the stored log is damaged: type amana verify",
    "rolled_back": "it has seen more entries than are stored here",
    "forked": "it has seen other entries than are stored here",
}


@admin_witness.command
def policy(
    file: Annotated[
        Path,
        Parameter(
            help="File with the policy; - reads it from the standard input.", allow_leading_hyphen=True
        ),
    ],
    *,
    data_dir: DataDir = None,
) -> None:
    """Make the text in FILE the policy. The change becomes an entry of the log."""
    try:
        text = sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise StartFailure(f"{file} cannot be read: {error}.") from None
    run(_set_policy(text, data_dir))


@admin_witness.command
def show(*, data_dir: DataDir = None) -> None:
    """Print the policy that counts."""
    run(_show(data_dir))


@admin_witness.command
def status(*, data_dir: DataDir = None) -> None:
    """Print the log's key for the witnesses, and how far each of them has followed.

    Ends with 3 when a witness knows another past, or when signatures that the policy asks for are missing.
    """
    if not run(_status(data_dir)):
        sys.exit(EXIT_FOUND)


@admin_witness.command
def timestamp(
    folder: Annotated[Path, Parameter(help="Folder to write checkpoint.txt and checkpoint.tsr into.")],
    *,
    data_dir: DataDir = None,
) -> None:
    """Write the newest time stamp and what it is of into files, for an auditor."""
    stamp = run(_newest_stamp(data_dir))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "checkpoint.txt").write_text(stamp.note, encoding="utf-8")
    (folder / "checkpoint.tsr").write_bytes(stamp.response)
    say(f"{stamp.size} entries of log {stamp.log_no}, stamped at {stamp.at:%Y-%m-%d %H:%M:%S} UTC.")
    say(f"Check it with:\n\n  cd {folder}")
    say("  openssl ts -verify -data checkpoint.txt -in checkpoint.tsr -CAfile AUTHORITY.pem")


async def _set_policy(text: str, data_dir: DataDir) -> None:
    from amana.app.offline import reached
    from amana.evidence import Evidence
    from amana.evidence.cosigning_policy import set_policy
    from amana.evidence.errors import PolicyWrong

    async with reached(settings_for(data_dir)) as here:
        organisation = await here.organisation()
        evidence = Evidence(await here.vault(), here.ids)
        try:
            async with here.database.write(organisation.org_id) as tx:
                await set_policy(tx, evidence, organisation.org_id, text, actor_id=None, now=here.clock.now())
        except PolicyWrong as wrong:
            raise StartFailure(str(wrong)) from None
    say("The policy is set. A running server asks its witnesses within seconds.")


async def _show(data_dir: DataDir) -> None:
    from amana.app.offline import reached
    from amana.evidence.cosigning_queries import newest_policy

    async with reached(settings_for(data_dir)) as here:
        organisation = await here.organisation()
        async with here.database.read(organisation.org_id) as tx:
            row = await newest_policy(tx, organisation.org_id)
    if row is None:
        raise StartFailure("there is no policy yet. Set one with: amana admin witness policy FILE")
    say(f"# since {row.set_at:%Y-%m-%d %H:%M:%S} UTC\n{row.policy.rstrip()}")


async def _status(data_dir: DataDir) -> bool:
    from amana.app.offline import reached
    from amana.evidence import log_reader
    from amana.evidence.cosigning_coverage import coverage, current_policy, quorum_size
    from amana.evidence.errors import NotInLog

    async with reached(settings_for(data_dir)) as here:
        organisation = await here.organisation()
        async with here.database.read(organisation.org_id) as tx:
            try:
                log = await log_reader.status(tx, organisation.org_id)
            except NotInLog:
                raise StartFailure("there is no log yet. It begins seconds after the set-up.") from None
            states = await coverage(tx, organisation.org_id)
            covered = quorum_size(await current_policy(tx, organisation.org_id), states)
        now = here.clock.now()
    size = log.last.size if log.last is not None else 0
    say(f"The log {log.log.origin} has {size} entries. Its key, for the witnesses:\n")
    say(f"  {log.log.verifier.vkey}\n")
    if covered is None:
        say("The policy asks for nobody's signature.")
    else:
        say(f"{covered} entries have all the signatures that the policy asks for.")
    for state in states:
        say(_sentence(state, size, int(state.delay(now).total_seconds())))
    return covered != 0 and not any(state.alarm for state in states)


def _sentence(state: "WitnessState", size: int, delay_s: int) -> str:
    line = f"{state.name}: covers {state.size} of {size} entries"
    if state.size < size:
        line += f", late by {delay_s} s"
    if state.last_error is not None:
        line += f"; {PROBLEMS.get(state.last_error, state.last_error)}"
    if state.alarm is not None:
        seen = f"{state.alarm_size} entries, at {state.rollback_seen:%Y-%m-%d %H:%M:%S} UTC"
        line += f"\n  ALARM ({state.alarm}): it has seen {seen}. See docs/operating/witness.md."
    return line


async def _newest_stamp(data_dir: DataDir) -> "Stamp":
    from amana.app.offline import reached
    from amana.evidence.timestamps import newest_stamp

    async with reached(settings_for(data_dir)) as here:
        organisation = await here.organisation()
        async with here.database.read(organisation.org_id) as tx:
            stamp = await newest_stamp(tx, organisation.org_id)
    if stamp is None:
        raise StartFailure("there is no time stamp yet. AMANA_TIMESTAMP_URL names who gives them.")
    return stamp
