"""Routes of folders: parse, call, answer."""

from uuid import UUID

import msgspec

from amana.conversations.private.sections.service import Section, SectionService
from amana.http import SELF, Body, Context, endpoint


class SectionBody(Body):
    """A folder; its id is made by the client, once."""

    name: str
    collapsed: bool = False


class OrderBody(Body):
    """Every folder of the person, in the order in which they are to stand."""

    section_ids: list[UUID]


class Sections(msgspec.Struct, frozen=True):
    """Every folder of the person, in its order."""

    sections: list[Section]


@endpoint("GET", "/v1/sections", operation="listSections", access=SELF)
async def list_sections(ctx: Context) -> Sections:
    """List the person's own folders."""
    async with ctx.db.read(ctx.actor.org_id) as tx:
        return Sections(await ctx.services.get(SectionService).all(tx, ctx.actor))


@endpoint("PUT", "/v1/sections", operation="orderSections", access=SELF)
async def order_sections(ctx: Context, data: OrderBody) -> Sections:
    """Put the folders in another order."""
    async with ctx.db.write(ctx.actor.org_id) as tx:
        return Sections(await ctx.services.get(SectionService).order(tx, ctx.actor, data.section_ids))


@endpoint("PUT", "/v1/sections/{section_id:uuid}", operation="putSection", access=SELF)
async def put_section(ctx: Context, section_id: UUID, data: SectionBody) -> Sections:
    """Make a folder at the end of the list, or change one."""
    async with ctx.db.write(ctx.actor.org_id) as tx:
        found = await ctx.services.get(SectionService).put(
            tx, ctx.actor, section_id, name=data.name, collapsed=data.collapsed
        )
    return Sections(found)


@endpoint("DELETE", "/v1/sections/{section_id:uuid}", operation="takeSectionAway", access=SELF, status=204)
async def take_section_away(ctx: Context, section_id: UUID) -> None:
    """Take a folder away; the conversations in it stay."""
    async with ctx.db.write(ctx.actor.org_id) as tx:
        await ctx.services.get(SectionService).take_away(tx, ctx.actor, section_id)


ROUTES = (list_sections, order_sections, put_section, take_section_away)
