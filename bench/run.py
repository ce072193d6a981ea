"""Runs Amana beside its peers on the same work and writes docs/performance.md.

    python -m bench.run [--rounds 3] [--seconds 4] [--only amana,reference] [--no-report]

Rounds alternate: every server runs every scenario once per round, so that a slow minute of the
machine hits all of them.
"""

import argparse
import json
import os
import platform
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import msgspec

from bench import peers, report
from bench.amana import AmanaProcess, members_needed
from bench.load import Job, Result
from bench.work import Scenario

SCENARIOS = (
    Scenario("pairs-rate", "10 pairs, 100 messages/s", rooms=10, size=2, rate=100),
    Scenario("pairs-closed", "10 pairs, 8 in flight each", rooms=10, size=2, inflight=8),
    Scenario("pairs-50", "50 pairs, 16 in flight each", rooms=50, size=2, inflight=16),
    Scenario("room-20", "room of 20, 10 senders × 2 in flight", rooms=1, size=20, senders=10, inflight=2),
    Scenario("room-20-rate", "room of 20, 50 messages/s", rooms=1, size=20, senders=10, rate=50),
    Scenario("room-100", "room of 100, 10 senders × 2 in flight", rooms=1, size=100, senders=10, inflight=2),
)
LARGE = Scenario(
    "room-1000", "room of 1,000, 10 senders × 2 in flight", rooms=1, size=1000, senders=10, inflight=2
)
# The others tell everybody of everybody who joins: a million stanzas before the first message.
IN_LARGE = frozenset({"reference", "amana"})
LOAD_TIMEOUT_S = 180
SERVERS = ("prosody", "prosody_pg", "ejabberd_pg", "reference", "amana")


def run_scenario(
    name: str, running: peers.Running, scenario: Scenario, *, seconds: float, number: int
) -> Result | None:
    """One scenario in a process of its own; None when the server could not do it."""
    options = {**running.options, "pairs": "1" if scenario.size == 2 else "0", "rooms": str(number)}
    job = Job(name, scenario, running.process_ids, options, seconds=seconds)
    command = [sys.executable, "-m", "bench.load", json.dumps(msgspec.to_builtins(job))]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=LOAD_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        print(f"{name:12} {scenario.name:13} took more than {LOAD_TIMEOUT_S} s", flush=True)
        return None
    if done.returncode != 0:
        print(f"{name:12} {scenario.name:13} failed: {done.stderr.strip().splitlines()[-1:]}", flush=True)
        return None
    result = msgspec.json.decode(done.stdout.splitlines()[-1], type=Result)
    print(
        f"{name:12} {scenario.name:13} {result.sent_per_s:9.0f} msg/s"
        f" {result.delivered_per_s:9.0f} deliveries/s"
        f"  ack {result.ack_ms}  deliver {result.deliver_ms} ms  {result.cpu_us_per_message:7.1f} µs/msg"
        f" (database {result.database_us_per_message:.1f})"
        f"  cores {result.server_cores} + {result.generator_cores}  {result.memory_mb:.0f} MB"
        f"  lost {result.lost} doubled {result.doubled} disordered {result.disordered} {result.errors or ''}",
        flush=True,
    )
    return result


def start(
    name: str, scratch: Path, database: peers.Database | None, scenarios: list[Scenario]
) -> peers.Running:
    if database is None or name == "amana":
        return AmanaProcess.start(scratch, members_needed(scenarios)).running()
    return peers.PEERS[name].start(scratch, database)


def is_installed(name: str) -> bool:
    """Whether a server can be started; says in one line what to install for one that cannot."""
    # All but Amana need the system's PostgreSQL, which the reference's package is.
    package = None if name == "amana" else peers.missing("reference") or peers.missing(name)
    if package is not None:
        print(f"{name} is left out: install the Debian package {package}", flush=True)
    return package is None


def compare(
    names: list[str], scenarios: list[Scenario], *, rounds: int, seconds: float, scratch: Path
) -> list[Result]:
    results = []
    # Amana brings its own.
    database = peers.Database(scratch) if set(names) - {"amana"} else None
    try:
        for number in range(rounds):
            print(f"round {number + 1} of {rounds}", flush=True)
            for name in names:
                began = time.monotonic()
                running = start(name, scratch, database, scenarios)
                print(f"{name:12} started in {time.monotonic() - began:.1f} s", flush=True)
                try:
                    for place, scenario in enumerate(scenarios):
                        if scenario is LARGE and name not in IN_LARGE:
                            continue
                        found = run_scenario(name, running, scenario, seconds=seconds, number=place)
                        results += [found] if found is not None else []
                finally:
                    running.stop()
    finally:
        if database is not None:
            database.stop()
    return results


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--only", default=",".join(SERVERS))
    parser.add_argument("--scenarios", default="", help="names, comma-separated; default all")
    parser.add_argument("--large", action="store_true", help="with the room of 1,000")
    parser.add_argument("--no-report", action="store_true", help="leave docs/performance.md as it is")
    parser.add_argument("--save", type=Path, help="write every single result to this JSON file")
    return parser.parse_args()


def main() -> None:
    options = arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    names = [name for name in options.only.split(",") if name]
    present = [name for name in names if is_installed(name)]
    scenarios = [*SCENARIOS, LARGE] if options.large else list(SCENARIOS)
    if options.scenarios:
        scenarios = [one for one in scenarios if one.name in options.scenarios.split(",")]
    with tempfile.TemporaryDirectory(prefix="amana-bench-") as folder:
        Path(folder).chmod(0o755)
        results = compare(
            present, scenarios, rounds=options.rounds, seconds=options.seconds, scratch=Path(folder)
        )
    if options.save:
        options.save.write_bytes(msgspec.json.encode(results))
    if not options.no_report:
        machine = f"{os.cpu_count()} cores ({platform.machine()}), Python {platform.python_version()}"
        if not report.is_left_alone(present, SERVERS):
            report.write(results, scenarios, rounds=options.rounds, seconds=options.seconds, machine=machine)


if __name__ == "__main__":
    main()
