"""Backups as the leader takes them: in time, into every target, and with an alarm when one is away."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from structlog.testing import capture_logs

from amana.backup import keys, layout, segments, wal
from amana.backup.checking import damaged_objects
from amana.backup.errors import BackupFailure, NotAnAgeKey, NotConfigured, TargetForeign, TargetUnusable
from amana.backup.plan import Plan, make_plan
from amana.backup.service import Backups, is_due
from amana.backup.status import BackupStatus, status
from amana.evidence import Evidence
from amana.kernel.entropy import SeededEntropy
from amana.kernel.ids import Ids
from amana.storage.database import Database
from amana.vault import KeyFile, Vault
from tests.backup.world import Cluster, Flaky
from tests.support.clock import FakeClock


class Setup:
    """Backups of the module's cluster into two folders."""

    def __init__(
        self, cluster: Cluster, folder: Path, clock: FakeClock, entropy: SeededEntropy, database: Database
    ) -> None:
        self.cluster, self.clock, self.entropy, self.database = cluster, clock, entropy, database
        self.near, self.far = Flaky(folder / "near"), Flaky(folder / "far")
        self.plan = Plan(
            folder / "data", (self.near, self.far), tuple(cluster.recipients), timedelta(days=14)
        )
        self.backups = self.again()

    def again(self, plan: Plan | None = None, dsn: str | None = None) -> Backups:
        root = KeyFile(self.plan.data_dir / "keys" / "root.key", entropy=self.entropy)
        evidence = Evidence(Vault(self.database, root, self.entropy), Ids(self.clock, self.entropy))

        async def nobody() -> None:
            return None

        return Backups(
            plan or self.plan, dsn=dsn or self.cluster.dsn, database=self.database, evidence=evidence,
            organisation=nobody, clock=self.clock, entropy=self.entropy,
        )  # fmt: skip

    async def status(self) -> BackupStatus:
        return await status(
            self.plan, dsn=self.cluster.dsn, database=self.database, org_id=None, now=self.clock.now()
        )

    def counts(self) -> tuple[int, int]:
        return len(layout.list_stamps(self.near)), len(layout.list_stamps(self.far))


@pytest_asyncio.fixture
async def setup(
    cluster: Cluster, tmp_path: Path, clock: FakeClock, entropy: SeededEntropy
) -> AsyncIterator[Setup]:
    database = await Database.connect(cluster.dsn)
    made = Setup(cluster, tmp_path, clock, entropy, database)
    yield made
    await made.backups.close()
    await database.close()
    await wal.drop_slot(cluster.dsn)


async def test_a_base_is_taken_once_a_day_into_every_target(setup: Setup) -> None:
    for _ in range(2):
        await setup.backups.base_if_due()
        setup.clock.advance(hours=12)
    assert setup.counts() == (1, 1)

    await setup.backups.base_if_due()

    assert setup.counts() == (2, 2)
    assert not setup.backups.health.failing


async def test_a_target_that_is_away_is_an_alarm_and_gets_its_base_when_it_is_back(setup: Setup) -> None:
    setup.far.down = True
    with capture_logs() as said:
        await setup.backups.base_if_due()
        await setup.backups.keyring()
    assert len(layout.list_stamps(setup.near)) == 1
    assert (setup.far.name, "base") in setup.backups.health.failing
    assert any(line["event"] == "backup.failed" and line["log_level"] == "error" for line in said)
    assert any("cannot be reached" in problem for problem in (await setup.status()).problems)
    assert not is_due(setup.near, setup.clock.now())

    setup.far.down = False
    setup.clock.advance(minutes=5)
    with capture_logs() as said:
        await setup.backups.base_if_due()
        await setup.backups.keyring()
        await setup.backups.ship()
    assert not setup.backups.health.failing
    assert "backup.recovered" in {line["event"] for line in said}
    assert setup.counts() == (1, 1)


async def test_a_hole_in_the_log_forces_a_new_base(setup: Setup) -> None:
    await setup.backups.base_if_due()
    setup.clock.advance(minutes=10)
    for number in range(3):
        await setup.cluster.run("SELECT pg_logical_emit_message(true, 'test', $1::text)", f"{number}")
        await setup.cluster.run("SELECT pg_switch_wal()")
        await setup.backups.ship()
    lost = layout.list_wal(setup.near)[-2].key
    setup.near.delete(layout.wal_object(lost))
    assert (await setup.status()).targets[0].log_holes == 1

    await setup.backups.base_if_due()

    assert setup.counts() == (2, 1)
    assert (await setup.status()).targets[0].log_holes == 0


async def test_status_knows_when_something_is_late(setup: Setup) -> None:
    await setup.backups.base_if_due()
    await setup.backups.keyring()
    found = await setup.status()
    assert found.problems == ()
    assert all(one.base_at and one.keyring_at == setup.clock.now() for one in found.targets)

    setup.clock.advance(minutes=30)
    assert all("keyring" in problem for problem in (await setup.status()).problems)
    setup.clock.advance(days=2)
    problems = " ".join((await setup.status()).problems)
    assert "newest base" in problems
    setup.clock.advance(days=8)
    assert any("drill" in problem for problem in (await setup.status()).problems)


async def test_now_takes_a_whole_set(setup: Setup) -> None:
    seen: list[int] = []

    taken = await setup.backups.now(lambda target, about: seen.append)

    assert [target.name for target, _ in taken] == [setup.near.name, setup.far.name]
    assert sum(seen) == sum(info.plain_bytes for _, info in taken)
    for target, info in taken:
        assert len(layout.list_keyrings(target)) == 1
        held = layout.list_wal(target)
        assert not [name for name in wal.holes(info, held) if name <= info.last_wal]
        data = segments.read_segment(
            target, info.last_wal, [setup.cluster.identity], size_bytes=info.wal_segment_bytes
        )
        assert len(data) == info.wal_segment_bytes
        assert damaged_objects(target, [setup.cluster.identity], moved=lambda _: None) == []


async def test_a_base_whose_log_nobody_ships_is_said_to_be_useless(
    setup: Setup, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The server ships to other targets than the command's."""
    await setup.backups.ship()
    other = setup.again(replace(setup.plan, targets=(Flaky(tmp_path / "other"),)))
    monkeypatch.setattr("amana.backup.service.SHIPPED_WAIT_S", 0.0)

    with pytest.raises(BackupFailure, match=r"not shipped to .*other"):
        await other.now(lambda target, about: lambda moved: None)
    await other.close()


async def test_every_damaged_object_is_found_by_reading(setup: Setup) -> None:
    await setup.backups.now(lambda target, about: lambda moved: None)
    folder = Path(setup.near.name)
    paths = list(folder.rglob("*.age"))
    assert len(paths) >= 4
    for path in paths:
        good = path.read_bytes()
        path.write_bytes(good[:-30] + bytes([good[-30] ^ 4]) + good[-29:])
        found = damaged_objects(setup.near, [setup.cluster.identity], moved=lambda _: None)
        path.write_bytes(good)
        assert [line for line in found if path.name in line], path.name
    # Genuine, but another one: only the noted sum shows it.
    stamp = layout.list_stamps(setup.near)[0]
    tar = folder / layout.base_tar(stamp)
    tar.write_bytes((folder / layout.base_manifest(stamp)).read_bytes())
    assert any(
        "is not the one" in line
        for line in damaged_objects(setup.near, [setup.cluster.identity], moved=lambda _: None)
    )


async def test_the_backups_of_another_database_are_left_alone(setup: Setup) -> None:
    await setup.backups.keyring()
    found = layout.require_description(setup.near)
    setup.near.put(layout.DESCRIPTION, [replace(found, system_identifier="7").encode()])

    await setup.backups.keyring()
    with pytest.raises(TargetForeign, match="another database"):
        await setup.backups.now(lambda target, about: lambda moved: None)

    assert setup.backups.health.failing
    assert len(layout.list_keyrings(setup.near)) == 1


async def test_a_known_target_that_is_suddenly_empty_is_not_filled_anew(setup: Setup) -> None:
    await setup.backups.keyring()
    setup.near.delete(layout.DESCRIPTION)

    with pytest.raises(TargetForeign, match="mounted"):
        await setup.backups.now(lambda target, about: lambda moved: None)
    setup.backups.memory.forget(setup.near.name)
    await setup.backups.now(lambda target, about: lambda moved: None)
    assert layout.require_description(setup.near).id


async def test_a_new_offline_key_is_told_in_the_description(setup: Setup) -> None:
    await setup.backups.keyring()
    before = layout.require_description(setup.near)
    newer = keys.recipient_of(keys.new_identity())
    again = setup.again(replace(setup.plan, recipients=(newer,)))

    await again.keyring()

    after = layout.require_description(setup.near)
    assert (after.id, after.recipients) == (before.id, (str(newer),))
    await again.close()


def plan_from(data_dir: Path, clock: FakeClock, **changes: object) -> Plan | None:
    chosen: dict[str, object] = {
        "places": [str(data_dir.parent / "target")],
        "recipients": [str(keys.recipient_of(keys.new_identity()))],
        "keep_days": 14,
        "drill": True,
        "s3_endpoint": None,
        "now": clock.now(),
        "entropy": SeededEntropy(1),
    }
    return make_plan(data_dir, **{**chosen, **changes})  # type: ignore[arg-type]


def test_a_plan_that_cannot_work_is_refused_in_one_sentence(tmp_path: Path, clock: FakeClock) -> None:
    data = tmp_path / "data"
    wrong: list[tuple[dict[str, object], type[Exception], str]] = [
        ({"recipients": []}, NotConfigured, "keygen"),
        ({"recipients": ["age1zzz"]}, NotAnAgeKey, "age recipient"),
        ({"places": ["ftp://x"]}, TargetUnusable, "no place"),
        ({"places": [str(data / "backups")]}, NotConfigured, "inside the data"),
    ]
    for changes, kind, words in wrong:
        with pytest.raises(kind, match=words):
            plan_from(data, clock, **changes)
    assert plan_from(data, clock, places=[]) is None
    both, alone = plan_from(data, clock), plan_from(data, clock, drill=False)
    assert both is not None
    assert alone is not None
    assert (len(both.recipients), len(alone.recipients)) == (2, 1)
