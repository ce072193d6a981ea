"""Somebody with every right in the database and the root key in hand: can seal, chain, log and sign anew."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any, Self
from uuid import UUID

import asyncpg

from amana.evidence import log_queries
from amana.evidence.chain import CHAIN_START, Leaf, fold
from amana.evidence.log_keys import LogKeys
from amana.evidence.tlog import growth, leaves, merkle
from amana.evidence.tlog.notes import Checkpoint, Signer, sign_note
from amana.kernel.entropy import SeededEntropy
from amana.kernel.ids import ConversationId, Seq, uuid7
from amana.storage.database import Database
from amana.vault import Address, Ground, KeyFile, Vault, formats
from amana.vault.keychain import ConversationKeys
from tests.evidence.verify_world import Company

EVENT = "UPDATE event SET {} WHERE conversation_id = $1 AND seq = $2"
WRAP = "UPDATE keyring.wrap SET {} WHERE conversation_id = $1 AND seq = $2 AND ground = $3"


@dataclass
class Attacker:
    """Acts on one database. Every trigger is off, no policy binds a superuser."""

    dsn: str
    company: Company
    entropy: SeededEntropy = field(default_factory=lambda: SeededEntropy(666))

    async def __aenter__(self) -> Self:
        self.connection = await asyncpg.connect(
            self.dsn, server_settings={"search_path": "amana", "session_replication_role": "replica"}
        )
        self.database = await Database.connect(self.dsn, pool_size=2)
        self.vault = Vault(self.database, KeyFile(self.company.key_folder / "root.key"), self.entropy)
        await self.vault.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.connection.close()
        await self.database.close()

    @property
    def first(self) -> ConversationId:
        return self.company.first

    @property
    def second(self) -> ConversationId:
        return self.company.second

    async def sql(self, statement: str, *args: object) -> int:
        tag: str = await self.connection.execute(statement, *args)
        count = int(tag.rpartition(" ")[2])
        assert count > 0, f"the attack missed: {statement}"
        return count

    async def rows(self, statement: str, *args: object) -> list[Any]:
        return list(await self.connection.fetch(statement, *args))

    async def event(self, room: UUID, seq: int) -> Any:
        (row,) = await self.rows("SELECT * FROM event WHERE conversation_id = $1 AND seq = $2", room, seq)
        return row

    async def keys(self, room: ConversationId) -> ConversationKeys:
        async with self.database.read(self.company.org_id) as tx:
            return (await self.vault._keys.conversations(tx, self.company.org_id, [room]))[room]

    async def data_key(self, room: ConversationId, seq: int, ground: Ground = Ground.LIVE) -> bytes:
        """The data key of an entry, out of its wrap."""
        (wrap,) = await self.rows(
            "SELECT * FROM keyring.wrap WHERE conversation_id = $1 AND seq = $2 AND ground = $3",
            room, seq, int(ground),
        )  # fmt: skip
        cipher = (await self.keys(room)).by_generation[wrap["key_ref"]]
        place = formats.address_bytes(address_of(await self.event(room, seq)))
        return formats.unwrap_key(cipher, place, wrap["wrapped"], ground=ground, key_ref=wrap["key_ref"])

    async def put_wrap(
        self, room: ConversationId, seq: int, data_key: bytes, ground: Ground = Ground.LIVE
    ) -> None:
        """Wrap a data key for an entry, as good as any."""
        keys, row = await self.keys(room), await self.event(room, seq)
        wrapped = formats.wrap_key(
            keys.current_cipher,
            formats.address_bytes(address_of(row)),
            data_key,
            ground=ground,
            key_ref=keys.current,
            nonce=self.entropy.token_bytes(12),
        )
        await self.connection.execute(
            "DELETE FROM keyring.wrap WHERE conversation_id = $1 AND seq = $2 AND ground = $3",
            room, seq, int(ground),
        )  # fmt: skip
        await self.sql(
            "INSERT INTO keyring.wrap (org_id, conversation_id, seq, ground, bucket, key_ref, wrapped)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7)",
            self.company.org_id, room, seq, int(ground), row["bucket"], keys.current, wrapped,
        )  # fmt: skip

    async def plain(self, room: ConversationId, seq: int) -> bytes:
        row = await self.event(room, seq)
        place = formats.address_bytes(address_of(row))
        return formats.open_body(place, await self.data_key(room, seq), row["body"])[1]

    async def reseal(self, room: ConversationId, seq: int, content: bytes) -> None:
        """Seal an entry anew as the row says now: it opens as if it had always been so."""
        random = self.entropy.token_bytes(formats.ENTROPY_BYTES)
        place = formats.address_bytes(address_of(await self.event(room, seq)))
        body, commitment = formats.seal_body(place, content, random)
        await self.sql(EVENT.format("body = $3, commitment = $4"), room, seq, body, commitment)
        await self.put_wrap(room, seq, random[:32])

    async def copy_event(self, room: UUID, seq: int, *, to: int) -> None:
        """An entry once more, at another place."""
        row = dict(await self.event(room, seq))
        row |= {"seq": to, "client_id": uuid7(row["ts"], self.entropy.token_bytes(10))}
        await self.insert("event", row)

    async def insert(self, table: str, row: dict[str, object]) -> None:
        values = ", ".join(f"${number}" for number in range(1, len(row) + 1))
        await self.sql(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({values})", *row.values())

    async def rechain(self, room: UUID) -> dict[int, bytes]:
        """Compute the chain anew and put it into the head; gives the value at every place."""
        chain, values = CHAIN_START, {}
        rows = await self.rows("SELECT * FROM event WHERE conversation_id = $1 ORDER BY seq", room)
        for row in rows:
            chain = fold(chain, Leaf(row["kind"], Seq(row["seq"]), row["ts"] // 60_000, row["commitment"]))
            values[row["seq"]] = chain
        await self.sql(
            "UPDATE conversation_head SET seq = $2, chain = $3, last_ts = $4 WHERE conversation_id = $1",
            room, rows[-1]["seq"], chain, rows[-1]["ts"],
        )  # fmt: skip
        return values

    async def relog_room(self, room: UUID) -> None:
        """Make the stored heads of the log say what the room says now."""
        values = await self.rechain(room)
        for row in await self.rows("SELECT seq FROM evidence_room WHERE conversation_id = $1", room):
            if row["seq"] in values:
                await self.sql(
                    "UPDATE evidence_room SET chain = $3 WHERE conversation_id = $1 AND seq = $2",
                    room, row["seq"], values[row["seq"]],
                )  # fmt: skip
            else:
                await self.sql(
                    "DELETE FROM evidence_room WHERE conversation_id = $1 AND seq = $2", room, row["seq"]
                )

    async def rewrite_leaves(self) -> None:
        """Make every leaf about rooms fit the stored heads."""
        for row in await self.rows("SELECT * FROM evidence_leaf WHERE entry_id IS NULL ORDER BY idx"):
            heads = await self.rows("SELECT * FROM evidence_room WHERE idx = $1", row["idx"])
            data = leaves.rooms_leaf(
                [leaves.RoomHead(head["pseudonym"], head["seq"], head["chain"]) for head in heads],
                minute_as_time(row["data"]),
            )
            await self.sql("UPDATE evidence_leaf SET data = $2 WHERE idx = $1", row["idx"], data)

    async def rebuild_log(self, signer: Signer | None = None) -> None:
        """Compute tiles and roots anew and sign everything, with the log's own key or another one."""
        signer = signer or await self.signer()
        data = [row["data"] for row in await self.rows("SELECT data FROM evidence_leaf ORDER BY idx")]
        hashes = [merkle.leaf_hash(leaf) for leaf in data]
        await self.connection.execute("DELETE FROM evidence_tile")
        for (level, n), tile in growth.grown(0, {}, hashes).items():
            await self.sql(
                "INSERT INTO evidence_tile VALUES ($1, 1, $2, $3, $4)", self.company.org_id, level, n, tile
            )
        (log,) = await self.rows("SELECT origin FROM evidence_log")
        for row in await self.rows("SELECT size FROM evidence_checkpoint"):
            if row["size"] > len(hashes):
                await self.sql("DELETE FROM evidence_checkpoint WHERE size = $1", row["size"])
                continue
            root = merkle.root(hashes[: row["size"]])
            note = sign_note(Checkpoint(log["origin"], row["size"], root).text(), [signer])
            await self.sql(
                "UPDATE evidence_checkpoint SET root = $2, note = $3 WHERE size = $1", row["size"], root, note
            )

    async def rewrite_everything(self, *rooms: UUID) -> None:
        """Everything that can be made to fit from inside."""
        for room in rooms:
            await self.relog_room(room)
        await self.rewrite_leaves()
        await self.rebuild_log()

    async def signer(self) -> Signer:
        """The log's signing key, unsealed."""
        async with self.database.read(self.company.org_id) as tx:
            log = await log_queries.newest_log(tx, self.company.org_id)
            assert log is not None
            found = await LogKeys(self.vault, self.entropy).signer(tx, self.company.org_id, log)
        assert found is not None
        return found

    async def shift(self, room: UUID, first: int, by: int) -> None:
        """Renumber the entries from ``first`` on, with their wraps."""
        seqs = [row["seq"] for row in await self._seqs(room, first)]
        for seq in sorted(seqs, reverse=by > 0):
            await self.renumber(room, seq, seq + by)

    async def renumber(self, room: UUID, seq: int, to: int) -> None:
        """Give an entry another place, with its wraps."""
        await self.sql(EVENT.format("seq = $3"), room, seq, to)
        await self.connection.execute(
            "UPDATE keyring.wrap SET seq = $3 WHERE conversation_id = $1 AND seq = $2", room, seq, to
        )

    async def _seqs(self, room: UUID, first: int) -> Sequence[Any]:
        return await self.rows("SELECT seq FROM event WHERE conversation_id = $1 AND seq >= $2", room, first)


def address_of(row: Any) -> Address:
    return Address(
        row["org_id"],
        row["conversation_id"],
        row["sender_id"],
        row["device_id"],
        row["client_id"],
        row["revision"],
    )


def minute_as_time(leaf: bytes) -> datetime:
    minute = leaves.parse_leaf(leaf)["at"]
    assert isinstance(minute, int)
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(minutes=minute)
