"""What Prometheus reads: every number of the dashboard is there, and no label leads to anybody."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from pyrage import x25519

from amana.app.metrics import MetricsPage, metrics_token
from amana.app.settings import Settings
from amana.kernel.errors import StartFailure
from tests.contracts.repository import ROOT
from tests.support.client import Person, Refused, connected, join, set_up
from tests.support.server import ServerProcess, free_port

DASHBOARD = ROOT / "deploy" / "grafana" / "amana.json"
LABELS = {"le", "code", "job", "part", "witness", "version", "generation"}
# PlatformCollector's own: about the machine's Python and nothing else.
LABELS |= {"implementation", "major", "minor", "patchlevel"}
ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}|[0-9a-f]{16}|[A-Za-z0-9_-]{22}")
# Only there once it has happened, and then with a label each.
BY_LABEL = {"amana_failed_jobs_total", "amana_witness_delay_seconds"}


class Scraped:
    """A server with metrics, and what one reading of them gives."""

    def __init__(self, server: ServerProcess, port: int) -> None:
        self.server = server
        self.address = f"http://127.0.0.1:{port}/metrics"

    async def samples(self) -> dict[str, list[tuple[dict[str, str], float]]]:
        async with httpx.AsyncClient() as client:
            answer = await client.get(self.address)
        assert answer.status_code == 200
        found: dict[str, list[tuple[dict[str, str], float]]] = {}
        for family in text_string_to_metric_families(answer.text):
            for sample in family.samples:
                found.setdefault(sample.name, []).append((sample.labels, sample.value))
        return found


@pytest.fixture(scope="module")
async def scraped(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Scraped]:
    port = free_port()
    target = tmp_path_factory.mktemp("target")
    for name in ("base/20261122T100000Z/info.json", "wal/0001.gz.age", "keyring/20261122T101500Z.gz.age"):
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        (target / name).write_bytes(b"x")
    server = ServerProcess(
        AMANA_METRICS_PORT=str(port),
        AMANA_BACKUP_TARGET=str(target),
        AMANA_BACKUP_RECIPIENT=str(x25519.Identity.generate().to_public()),
    )
    await server.start()
    yield Scraped(server, port)
    await server.remove()


def metrics_of(dashboard: str) -> set[str]:
    """The names that the dashboard's queries ask for."""
    panels = json.loads(dashboard)["panels"]
    queries = [target["expr"] for panel in panels for target in panel["targets"]]
    return {name for query in queries for name in re.findall(r"\b(?:amana|process)_[a-z_]+", query)}


async def talk(server: ServerProcess) -> tuple[Person, Person, UUID]:
    ana = await set_up(server.base_url, server.setup_secret())
    bo = await join(server.base_url, await ana.invite(), "Bo")
    room = await ana.create_group("Room", [bo])
    async with connected(bo) as socket:
        for number in range(5):
            assert (await socket.acknowledged(await socket.post(room, f"hello {number}")))["t"] == "ack"
    with pytest.raises(Refused):
        await ana.post(room, "")
    return ana, bo, room


async def test_everything_the_dashboard_shows_is_there_and_nothing_names_anybody(scraped: Scraped) -> None:
    ana, bo, room = await talk(scraped.server)
    async with connected(ana):
        async with asyncio.timeout(60):  # the log signs every ten seconds, the page remembers for five
            while "amana_log_entries" not in (found := await scraped.samples()):
                await asyncio.sleep(0.5)

    missing = metrics_of(DASHBOARD.read_text(encoding="utf-8")) - set(found) - BY_LABEL
    assert missing == set()
    assert found["amana_sockets"] == [({}, 1.0)]
    assert found["amana_messages_total"] == [({}, 5.0)]
    assert ({"code": "text_empty"}, 1.0) in found["amana_refusals_total"]
    assert sum(value for _, value in found["amana_batch_messages_sum"]) >= 5
    assert {labels["part"] for labels, _ in found["amana_backup_age_seconds"]} == {"base", "wal", "keyring"}
    labels = {
        (name, value) for samples in found.values() for one, _ in samples for name, value in one.items()
    }
    assert {name for name, _ in labels} <= LABELS
    ids = {str(ana.user_id), str(bo.user_id), str(room)}
    assert [value for _, value in labels if value in ids or ID.search(value)] == []


async def test_the_metrics_are_not_on_the_address_that_people_use(scraped: Scraped) -> None:
    async with httpx.AsyncClient(base_url=scraped.server.base_url) as client:
        answer = await client.get("/metrics")

    assert "amana_" not in answer.text


def test_a_panel_without_its_metric_is_caught() -> None:
    seeded = json.dumps({"panels": [{"targets": [{"expr": "rate(amana_imagined_total[1m])"}]}]})

    assert metrics_of(seeded) == {"amana_imagined_total"}


def test_metrics_beyond_this_machine_need_a_token(tmp_path: Path) -> None:
    with pytest.raises(StartFailure, match="AMANA_METRICS_TOKEN_FILE"):
        metrics_token(Settings(metrics_host="0.0.0.0"))
    short = tmp_path / "short"
    short.write_text("abc\n")
    with pytest.raises(StartFailure, match="too short"):
        metrics_token(Settings(metrics_host="0.0.0.0", metrics_token_file=short))
    long = tmp_path / "long"
    long.write_text("0123456789abcdef\n")

    assert metrics_token(Settings(metrics_host="0.0.0.0", metrics_token_file=long)) == "0123456789abcdef"
    assert metrics_token(Settings()) is None


@pytest.mark.parametrize(("sent", "status"), [(None, 401), ("Bearer wrong", 401), ("Bearer right", 200)])
async def test_the_token_opens_the_page(sent: str | None, status: int) -> None:
    from amana.app.metrics import Facts, Look
    from amana.kernel.clock import SystemClock

    page = MetricsPage(Look(Facts, []), SystemClock(), token="right")
    transport = httpx.ASGITransport(app=page)  # type: ignore[arg-type]  # our ASGI types are closer
    async with httpx.AsyncClient(transport=transport, base_url="http://m") as client:
        answer = await client.get("/metrics", headers={"Authorization": sent} if sent else {})

    assert answer.status_code == status
