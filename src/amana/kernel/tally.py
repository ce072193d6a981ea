"""Numbers about this process for whoever watches it: counted where things happen, shown by `app/metrics.py`.

One object for the process, as with logs: metrics are about the process and not about one database.
Labels are names from the code (a refusal's code, a job), never ids of people, rooms or messages.
Counting costs a tenth of a microsecond; distributions are meant for once a commit, not once a message.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
SIZES = (1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 400.0)


class Distribution:
    """How often values fell below each of some bounds; the last cell is for what is above all of them."""

    __slots__ = ("bounds", "cells", "total")

    def __init__(self, bounds: Sequence[float]) -> None:
        self.bounds = bounds
        self.cells = [0] * (len(bounds) + 1)
        self.total = 0.0

    def observe(self, value: float) -> None:
        self.cells[bisect_left(self.bounds, value)] += 1
        self.total += value

    def add(self, cells: Sequence[int], total: float) -> None:
        """Add what another process has seen, in the same cells."""
        self.cells = [mine + theirs for mine, theirs in zip(self.cells, cells, strict=True)]
        self.total += total


class Tally:
    """Everything that is counted.

    Attributes:
        messages: stored for the first time; replays of a retry are not counted.
        commits: transactions that changed something, batches of messages among them.
        batches: events in a commit of messages.
        commit_s: how long such a commit took, in seconds.
        ack_s: how long the first message of a batch waited until it was durable.
        refusals: by code, whether said over HTTP or on a socket.
        overflows: sockets that were closed because they read too slowly.
        damage: stored contents or texts that could not be opened because something was changed.
        clock_jumps: leaps of the machine's clock by more than the alarm's limit.
        clock_offset_s: by how much it leapt the last time.
        postgres_restarts: how often the embedded database died and was brought back.
        failed_jobs: by name of the leader's job.
        doorbell_sent, doorbell_heard: letters to and from other workers.
        doorbell_lost: what they could not be told; the digest finds it.
    """

    def __init__(self) -> None:
        self.messages = 0
        self.commits = 0
        self.batches = Distribution(SIZES)
        self.commit_s = Distribution(SECONDS)
        self.ack_s = Distribution(SECONDS)
        self.refusals: Counter[str] = Counter()
        self.overflows = 0
        self.damage = 0
        self.clock_jumps = 0
        self.clock_offset_s = 0.0
        self.postgres_restarts = 0
        self.failed_jobs: Counter[str] = Counter()
        self.doorbell_sent = 0
        self.doorbell_heard = 0
        self.doorbell_lost = 0


TALLY = Tally()
