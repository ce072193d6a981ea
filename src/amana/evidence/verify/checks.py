"""The whole verification: every check over one source, in an order that finds the first bad entry first."""

from amana.evidence.tlog.policy import Policy
from amana.evidence.verify.findings import Area, Code, Finding, Place, Report
from amana.evidence.verify.log import LogCheck, LogEnd, check_succession
from amana.evidence.verify.rooms import RoomsCheck
from amana.evidence.verify.source import LogRow, RecordRow, Source, SourceDamaged, Walk
from amana.evidence.verify.steps import Silent, Steps
from amana.evidence.verify.trust import Trust
from amana.evidence.verify.words import counted

_NO_BODIES = (
    "Senders, devices and bodies: the chain covers them only through their seals, and opening those needs "
    "the root key (--open on the server itself)."
)


async def verify(
    source: Source, trust: Trust | None = None, *, steps: Steps | None = None, opens: bool = False
) -> Report:
    """Check what is stored against what was signed.

    Bad data is a finding and never an error. Memory does not grow with what is checked.

    Args:
        source: a server, a restored backup or an export.
        trust: what was brought along from elsewhere.
        steps: told how far it is.
        opens: the caller will open the content too (``content.ContentCheck``).

    Raises:
        Busy: the database cannot be read.
    """
    run = _Run(source, trust or Trust(), steps or Silent())
    try:
        await run.everything()
    except SourceDamaged as damage:
        text = f"What is being checked cannot be read on: {damage} Nothing after that was checked."
        run.report.add([Finding(Code.SOURCE_DAMAGED, Place(Area.SOURCE), text)])
    if not opens:
        run.report.unchecked.append(_NO_BODIES)
    return run.report


class _Run:
    """One verification under way."""

    def __init__(self, source: Source, trust: Trust, steps: Steps) -> None:
        self.report = Report(source.name)
        self._source = source
        self._trust = trust
        self._steps = steps
        self._records: Walk[RecordRow] = Walk(source.records())

    async def everything(self) -> None:
        logs = await self._source.logs()
        newest = await self._check_logs(logs, await self._policy())
        self._say_strangers({log.origin for log in logs})
        await self._check_unlogged_records()
        await RoomsCheck(self._source, self.report, self._steps, newest_minute=newest).run()

    async def _check_logs(self, logs: list[LogRow], policy: Policy | None) -> int | None:
        """Every log and how it follows the one before; gives the newest time that one of them names."""
        newest: int | None = None
        before: tuple[LogRow, LogEnd] | None = None
        for number, log in enumerate(logs, 1):
            check = LogCheck(self._source, log, self._trust, self.report, self._records, self._steps)
            successor = logs[number] if number < len(logs) else None
            end = await check.run(policy, successor=successor, insists=self._trust.policy is not None)
            if log.log_no != number:
                self._miss(f"Log {number} was deleted: log {log.log_no} is there.", number)
            elif before is not None:
                self.report.add(check_succession(*before, log, end.first))
            if end.minute is not None:
                newest = max(end.minute, newest or 0)
            before = (log, end)
            self.report.count("logs")
        if not logs:
            self._miss("There is no log: nothing shows what this server once held.")
        return newest

    async def _policy(self) -> Policy | None:
        """The policy that was brought along, else the source's own."""
        if self._trust.policy is not None:
            return self._trust.policy
        text = await self._source.policy()
        if text is None:
            return None
        try:
            return Policy.parse(text)
        except ValueError as wrong:
            self.report.unchecked.append(f"Cosignatures: the stored witness policy cannot be read ({wrong}).")
            return None

    def _say_strangers(self, here: set[str]) -> None:
        """What was brought along and belongs to no log that is here."""
        for origin in sorted(self._trust.keys.keys() - here):
            self._miss(f"There is no log called {origin}, whose key you brought along: it was exchanged.")
        for known in self._trust.known:
            origin = known.checkpoint.origin
            if origin not in here:
                self._miss(f"There is no log called {origin}, but {known.label} is a checkpoint of it.")

    def _miss(self, text: str, log_no: int | None = None) -> None:
        self.report.add([Finding(Code.LOG_MISSING, Place(Area.LOG, log_no=log_no), text)])

    async def _check_unlogged_records(self) -> None:
        """Entries of the record that no leaf stands for: waiting, or slipped in."""
        waiting = 0
        while (record := await self._records.take()) is not None:
            self.report.count("entries of the record")
            if record.log_no is None and record.pending:
                waiting += 1
            else:
                self.report.add([_without_leaf(record)])
        if waiting:
            entries = counted(waiting, "entry", "entries")
            self.report.notes.append(f"Not yet in the log, waiting for a leaf: {entries} of the record.")


def _without_leaf(record: RecordRow) -> Finding:
    place = Place(Area.RECORD, record=record.row.id)
    if record.log_no is None:
        text = f"Record entry {record.row.id} ({record.row.at}) was inserted past the log: it has no leaf."
        return Finding(Code.RECORD_UNLOGGED, place, text)
    leaf = f"leaf {record.idx} of log {record.log_no}"
    return Finding(
        Code.RECORD_CHANGED, place, f"Record entry {record.row.id} names {leaf}, which is not there."
    )
