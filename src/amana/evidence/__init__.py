"""What can be shown later: hash chains of conversations and the record of administrative changes."""

from pathlib import Path

from amana.evidence.chain import CHAIN_START, Broken, Fault, Leaf, fold, leaf_bytes, verify_chain
from amana.evidence.errors import NotInLog
from amana.evidence.fork_guard import LogStopped, Stop
from amana.evidence.http import ROUTES
from amana.evidence.model import Entry
from amana.evidence.sequencer import Sequencer
from amana.evidence.service import Evidence
from amana.kernel.feature import Feature

FEATURE = Feature(
    name="evidence", routes=ROUTES, refusals=(NotInLog,), schema=Path(__file__).parent / "schema"
)

__all__ = [
    "CHAIN_START",
    "FEATURE",
    "Broken",
    "Entry",
    "Evidence",
    "Fault",
    "Leaf",
    "LogStopped",
    "NotInLog",
    "Sequencer",
    "Stop",
    "fold",
    "leaf_bytes",
    "verify_chain",
]
