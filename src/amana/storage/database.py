"""The pool and its transactions. Every statement of every domain passes through here."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from typing import Self

import asyncpg

from amana.kernel.errors import Busy
from amana.kernel.ids import OrgId
from amana.kernel.tally import TALLY
from amana.storage.connections import CONNECT_TIMEOUT_S, Connections
from amana.storage.dialing import Dialer
from amana.storage.errors import OutcomeUnknown, StorageUnavailable
from amana.storage.faults import DRIVER_ERRORS, as_busy, as_unknown
from amana.storage.named import bind
from amana.storage.space import Gate

APP_ROLE = "amana_app"
SEARCH_PATH = "amana"
# One batch of messages is under way per organisation and process; the second is for several organisations.
LANE_SIZE = 2
SESSION_SETTINGS = {
    "search_path": SEARCH_PATH,
    "statement_timeout": "10s",
    "lock_timeout": "4s",
    "idle_in_transaction_session_timeout": "30s",
    "timezone": "UTC",
    "application_name": "amana",
    # Rows are few and plans short: compiling them costs more than it saves.
    "jit": "off",
}
# Said with a commit that is on this server but not on the standby that was asked to confirm it.
_STANDBY_SILENT = "canceling wait for synchronous replication"


class Tx:
    """One connection in one transaction. Not for two tasks at once.

    Attributes:
        org_id: the organisation whose rows are visible; None in ``Database.system``.
    """

    __slots__ = ("_after_commit", "_connection", "org_id")

    def __init__(self, connection: asyncpg.Connection, org_id: OrgId | None) -> None:
        self._connection = connection
        self._after_commit: list[Callable[[], None]] = []
        self.org_id = org_id

    async def one(self, sql: str, **params: object) -> asyncpg.Record | None:
        """Give the first row, or None. Parameters are written ``:name``."""
        compiled, values = bind(sql, params)
        with _refusing(self._connection):
            return await self._connection.fetchrow(compiled, *values)

    async def all(self, sql: str, **params: object) -> list[asyncpg.Record]:
        """Give every row."""
        compiled, values = bind(sql, params)
        with _refusing(self._connection):
            return list(await self._connection.fetch(compiled, *values))

    async def value(self, sql: str, **params: object) -> object | None:
        """Give the first column of the first row; None when there is no row."""
        compiled, values = bind(sql, params)
        with _refusing(self._connection):
            found: object | None = await self._connection.fetchval(compiled, *values)
            return found

    async def run(self, sql: str, **params: object) -> int:
        """Execute a change and give the number of rows it touched."""
        compiled, values = bind(sql, params)
        with _refusing(self._connection):
            tag: str = await self._connection.execute(compiled, *values)
        count = tag.rpartition(" ")[2]
        return int(count) if count.isdigit() else 0

    async def fetch(self, sql: str, *args: object) -> list[asyncpg.Record]:
        """Give every row of a statement written with ``$1``, ``$2``: for hot paths."""
        with _refusing(self._connection):
            return list(await self._connection.fetch(sql, *args))

    def after_commit(self, callback: Callable[[], None]) -> None:
        """Call ``callback`` once the change is durable, in the order given; never after a rollback."""
        self._after_commit.append(callback)

    def run_after_commit(self) -> None:
        """Call what was asked for. Only ``Database`` does this.

        The change is stored by now. A callback that fails must neither hide that from the
        caller nor keep the others from running, so its error goes to the loop's handler.
        """
        loop = asyncio.get_running_loop()
        for callback in self._after_commit:
            try:
                callback()
            except Exception as error:  # noqa: BLE001  outermost: the transaction is over
                loop.call_exception_handler({"message": "after_commit callback failed", "exception": error})


class Database:
    """A pool of connections to one PostgreSQL.

    Every refusal it raises is a ``Busy``: ``storage_unavailable``, ``storage_busy``,
    ``storage_full``, or ``storage_outcome_unknown`` when a commit was sent and not answered.
    """

    def __init__(
        self, dsn: str, *, settings: Mapping[str, str], pool_size: int, gate: Gate, is_pooled: bool = False
    ) -> None:
        """Prepare; ``connect`` is the way to get one."""
        self._gate = gate
        self._unconfirmed: set[asyncpg.Connection] = set()
        # Through a pooler the next transaction may meet another session: each says all of it again.
        self._each_time = _locally(settings) if is_pooled else ""
        of_session = {"application_name": settings["application_name"]} if is_pooled else settings
        dialer = Dialer(dsn)
        self._pool, self._lane = (
            Connections(
                dialer, settings=of_session, size=size, on_notice=self._on_notice, is_pooled=is_pooled
            )
            for size in (pool_size, LANE_SIZE)
        )

    @classmethod
    async def connect(
        cls, dsn: str, *, pool_size: int = 8, gate: Gate | None = None, pooler: str | None = None
    ) -> Self:
        """Reach the server. Connections act as role ``amana_app`` where that role may be used.

        Args:
            gate: closed while the disk is nearly full: then every change raises ``StorageFull``.
            pooler: the same database through a pooler in transaction mode, for all transactions.

        Raises:
            StorageUnavailable: the server does not answer.
        """
        try:
            settings = await _session_settings(dsn)
        except DRIVER_ERRORS as error:
            raise (as_busy(error, closed=True) or error) from error
        return cls(
            pooler or dsn,
            settings=settings,
            pool_size=pool_size,
            gate=gate or Gate(),
            is_pooled=pooler is not None,
        )

    def write(self, org_id: OrgId) -> AbstractAsyncContextManager[Tx]:
        """Open a transaction that sees and changes rows of one organisation; commits at the end.

        Raises:
            StorageFull: the disk is nearly full, and this is not ``essential``.
        """
        self._gate.require_open()
        begin = f"BEGIN; {self._each_time}SET LOCAL amana.org = '{org_id}'"
        return self._transaction(begin, org_id, counts=1)

    def read(self, org_id: OrgId) -> AbstractAsyncContextManager[Tx]:
        """Open a transaction that can only read rows of one organisation.

        All its statements see one snapshot, that of the first: who may read and what there is to
        read belong together, even when somebody is removed between two statements.
        """
        begin = "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY"
        return self._transaction(f"{begin}; {self._each_time}SET LOCAL amana.org = '{org_id}'", org_id)

    def system(self) -> AbstractAsyncContextManager[Tx]:
        """Open a transaction of no organisation: it sees only ``protect_entry_table`` tables."""
        return self._transaction(f"BEGIN; {self._each_time}", None)

    async def call(self, org_id: OrgId, sql: str, *args: object) -> list[asyncpg.Record]:
        """Run one statement that is its own transaction: one round trip, for the hottest path.

        The statement calls an SQL function whose first argument, ``$1``, is the organisation
        and which sets ``amana.org`` itself. It has connections of its own, so that slow readers
        cannot hold up what people send. When this returns, the change is durable.

        Args:
            args: values of ``$1``, ``$2``, …; the first one is ``org_id``.
        """
        if not args or args[0] != org_id:
            raise ValueError("The first argument of the statement must be the organisation.")
        self._gate.require_open()
        connection = await self._lane.lend()
        try:
            if self._each_time:
                rows = await self._call_through_pooler(connection, sql, args)
            else:
                with _refusing(connection, as_unknown):
                    rows = list(await connection.fetch(sql, *args))
                self._require_confirmed(connection)
            TALLY.commits += 1
            return rows
        except (asyncio.CancelledError, OutcomeUnknown):
            connection.terminate()
            raise
        finally:
            self._lane.give_back(connection)

    async def _call_through_pooler(
        self, connection: asyncpg.Connection, sql: str, args: Sequence[object]
    ) -> list[asyncpg.Record]:
        """The same as a whole transaction: only inside one does a pooler keep to one session."""
        try:
            with _refusing(connection):
                await connection.execute(f"BEGIN; {self._each_time}")
                rows = list(await connection.fetch(sql, *args))
        except BaseException:
            await _roll_back(connection)
            raise
        await self._commit(connection)
        return rows

    async def close(self) -> None:
        """Close every connection; waits a little for open transactions."""
        await self._lane.close()
        await self._pool.close()

    @asynccontextmanager
    async def _transaction(self, begin: str, org_id: OrgId | None, counts: int = 0) -> AsyncIterator[Tx]:
        connection = await self._pool.lend()
        tx = Tx(connection, org_id)
        try:
            try:
                with _refusing(connection):
                    await connection.execute(begin)
                yield tx
            except BaseException:
                await _roll_back(connection)
                raise
            await self._commit(connection)
            TALLY.commits += counts
        finally:
            self._pool.give_back(connection)
        tx.run_after_commit()

    async def _commit(self, connection: asyncpg.Connection) -> None:
        try:
            with _refusing(connection, as_unknown):
                tag = await connection.execute("COMMIT")
        except BaseException:
            # Cancelled or lost in the middle: whatever this connection says next is not trusted.
            connection.terminate()
            raise
        if tag != "COMMIT":
            # PostgreSQL answers COMMIT of a failed transaction with a friendly ROLLBACK.
            raise RuntimeError("A statement failed, its error was caught, and the transaction went on.")
        self._require_confirmed(connection)

    def _require_confirmed(self, connection: asyncpg.Connection) -> None:
        if connection in self._unconfirmed:
            self._unconfirmed.discard(connection)
            raise OutcomeUnknown

    def _on_notice(self, connection: asyncpg.Connection, notice: asyncpg.PostgresLogMessage) -> None:
        # The driver calls this before the statement's own answer reaches whoever waits for it.
        if _STANDBY_SILENT in (notice.message or ""):
            self._unconfirmed.add(connection)


@contextmanager
def _refusing(
    connection: asyncpg.Connection, translate: Callable[..., Busy | None] = as_busy
) -> Iterator[None]:
    try:
        yield
    except DRIVER_ERRORS as error:
        refusal = translate(error, closed=connection.is_closed() or _is_standby(connection))
        if refusal is None:
            raise
        if isinstance(refusal, StorageUnavailable | OutcomeUnknown):
            connection.terminate()  # it may not look closed yet; nobody must get it again
        raise refusal from error


def _is_standby(connection: asyncpg.Connection) -> bool:
    """Whether this server was the primary and is not any more: nothing can be changed there."""
    return getattr(connection.get_settings(), "in_hot_standby", "off") == "on"


def _locally(settings: Mapping[str, str]) -> str:
    """The settings of a session as the beginning of a transaction."""
    own = {name: value for name, value in settings.items() if name != "application_name"}
    return "".join(f"SET LOCAL {name} = '{value}'; " for name, value in own.items())


async def _roll_back(connection: asyncpg.Connection) -> None:
    if connection.is_closed():
        return
    try:
        await connection.execute("ROLLBACK", timeout=5)
    except DRIVER_ERRORS:
        connection.terminate()
    except BaseException:
        connection.terminate()
        raise


async def _session_settings(dsn: str) -> dict[str, str]:
    """Settings of every connection, with the role that row-level security binds, if it can be taken."""
    connection = await Dialer(dsn).dial(timeout_s=CONNECT_TIMEOUT_S)
    try:
        may_use = await connection.fetchval(
            "SELECT pg_has_role(current_user, oid, 'MEMBER') FROM pg_roles WHERE rolname = $1", APP_ROLE
        )
    finally:
        await connection.close()
    return {**SESSION_SETTINGS, "role": APP_ROLE} if may_use else dict(SESSION_SETTINGS)
