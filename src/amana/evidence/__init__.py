"""What can be shown later: hash chains, the record of administrative changes, and the signed log of both."""

from amana.evidence.chain import CHAIN_START, Broken, Fault, Leaf, fold, leaf_bytes, verify_chain
from amana.evidence.errors import NotInLog
from amana.evidence.fork_guard import LogStopped, Stop, why_stopped
from amana.evidence.model import Entry
from amana.evidence.sequencer import Sequencer
from amana.evidence.service import Evidence

__all__ = [
    "CHAIN_START",
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
    "why_stopped",
]
