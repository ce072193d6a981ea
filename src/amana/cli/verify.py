"""`amana verify`: is everything as it was when it was written? Exit code 3 when it is not."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from amana.cli.progress import Progress
from amana.cli.running import EXIT_FOUND, DataDir, run, settings_for
from amana.cli.serve import say
from amana.kernel.errors import Busy, StartFailure

if TYPE_CHECKING:
    from amana.evidence.verify import Report, Trust

LISTED = 20
"""Findings that are told one by one; --json has up to a thousand."""


def verify(
    export: Annotated[
        Path | None, Parameter(help="An evidence export, folder or zip. Default: the server on this machine.")
    ] = None,
    *,
    backup: Annotated[
        str | None, Parameter(help="A backup instead: a folder or s3://bucket/prefix; needs --identity.")
    ] = None,
    identity: Annotated[
        Path | None,
        Parameter(
            allow_leading_hyphen=True, help="File with the offline key of the backup; - reads standard input."
        ),
    ] = None,
    open_content: Annotated[
        bool,
        Parameter(
            name="--open", negative="", help="Open every seal too, with the root key. Shows no content."
        ),
    ] = False,
    vkey: Annotated[
        Sequence[str],
        Parameter(help="The log's key as you kept it elsewhere, or a file with it. Repeatable."),
    ] = (),
    policy: Annotated[
        Path | None, Parameter(help="File with the witness policy that must be satisfied.")
    ] = None,
    checkpoint: Annotated[
        Sequence[Path],
        Parameter(
            negative="", help="File with a checkpoint kept elsewhere, by a witness for example. Repeatable."
        ),
    ] = (),
    as_json: Annotated[
        bool, Parameter(name="--json", negative="", help="Answer in JSON, for programs.")
    ] = False,
    data_dir: DataDir = None,
) -> None:
    """Check the server on this machine, a backup or an export, and name the first bad entry.

    Bring along what was kept elsewhere: without --vkey, --policy or --checkpoint only contradictions
    inside are found. Exit code 0: nothing is wrong; 3: something is; 1: it could not be checked.
    """
    if (export is not None) + (backup is not None) > 1 or (backup is None) != (identity is None):
        raise StartFailure("name an export, or --backup together with --identity, or neither.")
    if export is not None and open_content:
        raise StartFailure("an export holds no content and no keys: --open works on a server or a backup.")
    trust = _trust(vkey, policy, checkpoint)
    try:
        report = _report(export, backup, identity, trust, data_dir, opens=open_content)
    except Busy as busy:
        raise StartFailure(f"the database cannot be read: {busy.message}") from busy
    if as_json:
        say(json.dumps(report.fields(), ensure_ascii=False, indent=1))
    else:
        for line in _told(report):
            say(line)
    if not report.holds:
        sys.exit(EXIT_FOUND)


def evidence_export(
    place: Annotated[Path, Parameter(help="A new folder, or a new file that ends in .zip.")],
    *,
    data_dir: DataDir = None,
) -> None:
    """Write the evidence for somebody outside: no content, no key. They check it with `amana verify`."""
    from amana.app.verifying import export_evidence

    with Progress(None, "Writing the evidence") as steps:
        run(export_evidence(settings_for(data_dir), place, steps=steps))
    say(f"The evidence is in {place}. Hand it over together with nothing else; it is checked with:")
    say(f"\n  amana verify {place} --vkey <the log's key, which the auditor keeps>\n")


def _report(
    export: Path | None,
    backup: str | None,
    identity: Path | None,
    trust: "Trust",
    data_dir: Path | None,
    *,
    opens: bool,
) -> "Report":
    from amana.app.verifying import verify_backup, verify_export, verify_server

    if backup is not None and identity is not None:
        from amana.backup.keys import read_identities
        from amana.backup.target import open_target

        identities = read_identities(Path("/dev/stdin") if identity == Path("-") else identity)
        settings, target = settings_for(data_dir), open_target(backup)
        return run(verify_backup(settings, target, identities, trust, opens=opens, begin=Progress))
    with Progress(None, "Checking") as steps:
        if export is not None:
            return run(verify_export(export, trust, steps=steps))
        return run(verify_server(settings_for(data_dir), trust, opens=opens, steps=steps))


def _trust(vkeys: Sequence[str], policy: Path | None, checkpoints: Sequence[Path]) -> "Trust":
    from amana.evidence.verify import NotATrust, Trust

    try:
        return Trust.of(
            vkeys=[_vkey(vkey) for vkey in vkeys],
            policy=None if policy is None else _text(policy),
            checkpoints=[(str(path), _text(path)) for path in checkpoints],
        )
    except NotATrust as wrong:
        raise StartFailure(str(wrong)) from wrong


def _vkey(vkey: str) -> str:
    """The key itself, or what is in the file of that name."""
    return vkey if "+" in vkey and not Path(vkey).is_file() else _text(Path(vkey)).strip()


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise StartFailure(f"the file {path} cannot be read: {error}.") from None


def _told(report: "Report") -> list[str]:
    """The report as lines for people."""
    findings = report.findings
    lines = [f"Checked {report.source}:"]
    lines += [f"  {number:>12,} {what}" for what, number in report.counts.items() if number]
    if not findings:
        lines += ["", "Nothing is wrong."]
    else:
        number = len(findings) + report.unlisted
        lines += [
            "",
            f"SOMETHING IS WRONG ({number} finding{'s' if number > 1 else ''}). The first bad entry:",
            "",
        ]
        lines += [f"  {findings[0].sentence}  [{findings[0].code.value}]"]
    if len(findings) > 1:
        lines += ["", "Further:"]
        lines += [f"  - {finding.sentence}  [{finding.code.value}]" for finding in findings[1:LISTED]]
    if number_left := max(0, len(findings) - LISTED) + report.unlisted:
        lines.append(f"  … and {number_left} more (--json lists up to a thousand)")
    for title, texts in (("Worth knowing:", report.notes), ("Not checked:", report.unchecked)):
        if texts:
            lines += ["", title, *(f"  - {text}" for text in texts)]
    return lines
