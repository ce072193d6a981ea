"""Transactions on the real server."""

from amana.kernel.ids import OrgId
from amana.storage.database import Database


async def test_a_named_parameter_arrives(database: Database, org_id: OrgId) -> None:
    async with database.write(org_id) as tx:
        assert await tx.value("SELECT :a::int + 1", a=1) == 2
        assert await tx.value("SELECT amana_org()") == org_id


async def test_pooled_connections_act_as_the_application_role(database: Database) -> None:
    async with database.system() as tx:
        assert await tx.value("SELECT current_user") == "amana_app"
        assert await tx.value("SELECT amana_org()") is None
