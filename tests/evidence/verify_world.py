"""A small company on a database of its own: people talk in two rooms, the log is written, somebody looks."""

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from amana.evidence import Sequencer
from amana.evidence.verify import Report, Trust, verify
from amana.evidence.verify.content import ContentCheck
from amana.evidence.verify.database import DatabaseSource
from amana.kernel.entropy import SeededEntropy
from amana.kernel.ids import ConversationId, OrgId
from amana.storage.database import Database
from amana.vault import KeyFile, Vault
from tests.conversations.world import World
from tests.support.clock import FakeClock

HOST = "chat.example.org"


@dataclass
class Company:
    """What the tests need to know of the company.

    Attributes:
        dsn: of the database with everything in it.
        key_folder: holds its root key.
        first: *ana* and *bo* talk: 1 created, 2–4 said, 5 edits 2, 6 said, 7 removes 3, 8–10 said later.
        second: the same people, 1 created, 2–6 said.
        checkpoints: every signed checkpoint as a witness elsewhere would have kept it.
        vkey: of the log, as an auditor would have kept it.
    """

    dsn: str
    key_folder: Path
    org_id: OrgId
    first: ConversationId
    second: ConversationId
    vkey: str = ""
    checkpoints: list[str] = field(default_factory=list)

    @property
    def trust(self) -> Trust:
        """What an auditor has who kept the key and every checkpoint."""
        return Trust.of(
            vkeys=[self.vkey],
            checkpoints=[(f"checkpoint-{number}", note) for number, note in enumerate(self.checkpoints, 1)],
        )


async def found_company(dsn: str, key_folder: Path, clock: FakeClock, entropy: SeededEntropy) -> Company:
    """Let people talk for a quarter of an hour, with the log written in between."""
    database = await Database.connect(dsn)
    try:
        world = await World(database, clock, entropy).start(key_folder)
        sequencer = Sequencer(database, world.vault, clock, entropy, host=HOST)
        company = Company(dsn, key_folder, world.org_id, await world.room("bo"), await world.room("bo"))

        async def log() -> None:
            checkpoint = await sequencer.run_once(world.org_id)
            assert checkpoint is not None
            assert not sequencer.stopped
            clock.advance(timedelta(minutes=5))

        for text in ("six o'clock", "bring tea", "I will come"):
            await world.say("ana", company.first, text)
        await world.say("bo", company.second, "the other room")
        await world.edit("ana", company.first, 2, "seven o'clock")
        await log()
        await world.say("bo", company.first, "fine")
        await world.remove("ana", company.first, 3)
        await world.say("ana", company.second, "as ever")
        await world.say("bo", company.second, "and again")
        await log()
        for text in ("one", "two", "three"):
            await world.say("bo", company.first, text)
        for text in ("four", "five"):
            await world.say("ana", company.second, text)
        await log()
        async with database.read(world.org_id) as tx:
            notes = await tx.all("SELECT note FROM evidence_checkpoint ORDER BY size")
            (row,) = await tx.all("SELECT origin, public_key FROM evidence_log")
        company.checkpoints = [row["note"] for row in notes]
        company.vkey = vkey_of(row["origin"], row["public_key"])
        return company
    finally:
        await database.close()


async def more_talk(dsn: str, company: Company, clock: FakeClock, entropy: SeededEntropy) -> None:
    """A new group, after the log was last written."""
    database = await Database.connect(dsn)
    try:
        clock.advance(timedelta(minutes=20))
        world = World(database, clock, entropy)
        world.org_id = company.org_id
        await world.start(company.key_folder)
        room = await world.room("bo")
        await world.say("ana", room, "the log does not know this yet")
    finally:
        await database.close()


def vkey_of(origin: str, public_key: bytes) -> str:
    from amana.evidence.tlog.notes import Verifier

    return Verifier(origin, public_key).vkey


async def examine(
    dsn: str, company: Company, trust: Trust | None = None, *, opens: bool = True, entropy: SeededEntropy
) -> Report:
    """Verify like `amana verify --open` does; ``trust`` is everything kept elsewhere unless it is given."""
    database = await Database.connect(dsn)
    try:
        vault = Vault(database, KeyFile(company.key_folder / "root.key"), entropy)
        await vault.start()
        async with database.read(company.org_id) as tx:
            source = DatabaseSource(tx, company.org_id)
            report = await verify(source, company.trust if trust is None else trust, opens=opens)
            if opens:
                await ContentCheck(source, vault, report).run()
        return report
    finally:
        await database.close()
