"""The verifier: what is stored against what was signed. ``amana verify``, the drill and ``doctor`` use it.

Example::

    report = await verify(DatabaseSource(tx, "this server"), Trust.of(vkeys=[…]))
    report.holds, report.findings[0].sentence
"""

from amana.evidence.verify.checks import verify
from amana.evidence.verify.findings import Area, Code, Finding, Place, Report
from amana.evidence.verify.source import Source, SourceDamaged
from amana.evidence.verify.trust import NotATrust, Trust

__all__ = [
    "Area",
    "Code",
    "Finding",
    "NotATrust",
    "Place",
    "Report",
    "Source",
    "SourceDamaged",
    "Trust",
    "verify",
]
