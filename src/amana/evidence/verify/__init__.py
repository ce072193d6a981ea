"""The verifier: what is stored against what was signed. ``amana verify``, the drill and ``doctor`` use it.

Example::

    report = await verify_database(database, org_id, trust=Trust.of(vkeys=[…]))
    report.holds, report.findings[0].sentence
"""

from amana.evidence.verify.checks import verify
from amana.evidence.verify.findings import Area, Code, Finding, Place, Report
from amana.evidence.verify.source import Source, SourceDamaged
from amana.evidence.verify.trust import NotATrust, Trust
from amana.evidence.verify.whole import verify_database

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
    "verify_database",
]
