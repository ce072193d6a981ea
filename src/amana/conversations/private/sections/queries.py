"""The SQL of folders. Every statement is about one person's own."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from amana.kernel.ids import OrgId, UserId
from amana.storage.database import Tx


@dataclass(frozen=True, slots=True)
class SectionRow:
    """One folder, its name sealed."""

    section_id: UUID
    sealed: bytes
    place: int
    collapsed: bool


_COLUMNS = "section_id, sealed, place, collapsed"


async def list_sections(tx: Tx, user_id: UserId) -> list[SectionRow]:
    """All folders in their order."""
    rows = await tx.all(
        f"SELECT {_COLUMNS} FROM private_section WHERE user_id = :user_id ORDER BY place, section_id",  # noqa: S608
        user_id=user_id,
    )
    return [SectionRow(*row) for row in rows]


async def lock_sections(tx: Tx, user_id: UserId) -> list[SectionRow]:
    """All folders in their order; nobody else changes them meanwhile."""
    rows = await tx.all(
        f"""
        SELECT {_COLUMNS} FROM private_section
         WHERE user_id = :user_id ORDER BY place, section_id FOR UPDATE
        """,  # noqa: S608  constant columns
        user_id=user_id,
    )
    return [SectionRow(*row) for row in rows]


async def put_section(tx: Tx, org_id: OrgId, user_id: UserId, section: SectionRow) -> None:
    """Store a folder, new or changed."""
    await tx.run(
        """
        INSERT INTO private_section (org_id, user_id, section_id, sealed, place, collapsed)
        VALUES (:org_id, :user_id, :section_id, :sealed, :place, :collapsed)
        ON CONFLICT (user_id, section_id) DO UPDATE
           SET sealed = excluded.sealed, collapsed = excluded.collapsed
        """,
        org_id=org_id,
        user_id=user_id,
        section_id=section.section_id,
        sealed=section.sealed,
        place=section.place,
        collapsed=section.collapsed,
    )


async def put_order(tx: Tx, user_id: UserId, section_ids: Sequence[UUID]) -> None:
    """Store the order of all folders; the caller holds them."""
    await tx.run(
        """
        UPDATE private_section s SET place = o.place
          FROM unnest(:ids::uuid[]) WITH ORDINALITY AS o (section_id, place)
         WHERE s.user_id = :user_id AND s.section_id = o.section_id
        """,
        user_id=user_id,
        ids=list(section_ids),
    )


async def delete_section(tx: Tx, user_id: UserId, section_id: UUID) -> bool:
    """Take a folder away; False when there was none."""
    gone = await tx.run(
        "DELETE FROM private_section WHERE user_id = :user_id AND section_id = :section_id",
        user_id=user_id,
        section_id=section_id,
    )
    return gone == 1
