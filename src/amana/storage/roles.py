"""Roles and schemas: what has to be there before the first migration."""

import asyncpg

from amana.storage.database import APP_ROLE

KEYRING_ROLE = "amana_keyring"
SCHEMAS = ("amana", "keyring")

_RIGHTS = """
GRANT USAGE ON SCHEMA amana, keyring TO {role};
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA amana, keyring TO {role};
ALTER DEFAULT PRIVILEGES IN SCHEMA amana, keyring GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {role};
"""
_READ_ONLY = "REVOKE INSERT, UPDATE, DELETE ON amana.schema_migration, amana.schema_addition FROM {role}"


async def ensure_roles(connection: asyncpg.Connection) -> bool:
    """Make the roles and schemas; True when the server lets us have the roles.

    ``amana_app`` is who every pooled connection becomes: it owns nothing and row-level security
    binds it. ``amana_keyring`` owns the schema of the keys, so that they can be backed up apart.
    On a server where this account may not create roles Amana works as that account alone: row-level
    security is forced for owners too, so only a superuser or BYPASSRLS account would escape it,
    and those may create roles.
    """
    for schema in SCHEMAS:
        if not await connection.fetchval("SELECT to_regnamespace($1) IS NOT NULL", schema):
            await connection.execute(f"CREATE SCHEMA {schema}")
    try:
        async with connection.transaction():
            for role in (APP_ROLE, KEYRING_ROLE):
                await _ensure_role(connection, role)
            await _ensure_keyring_owner(connection)
    except (asyncpg.InsufficientPrivilegeError, asyncpg.InvalidGrantOperationError):
        return False
    return True


async def grant_rights(connection: asyncpg.Connection) -> None:
    """Let the application's role use what exists and what migrations of this account will add.

    Once only: a migration may take rights away again (append-only tables), and they stay away.
    """
    if await connection.fetchval("SELECT has_schema_privilege($1, 'amana', 'USAGE')", APP_ROLE):
        return
    await connection.execute(_RIGHTS.format(role=APP_ROLE))


async def protect_records(connection: asyncpg.Connection) -> None:
    """Keep the application's role from writing what ran; safe to repeat."""
    await connection.execute(_READ_ONLY.format(role=APP_ROLE))


async def _ensure_role(connection: asyncpg.Connection, role: str) -> None:
    if not await connection.fetchval("SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)", role):
        await connection.execute(f"CREATE ROLE {role} NOLOGIN NOSUPERUSER NOBYPASSRLS")
    if not await connection.fetchval("SELECT pg_has_role(current_user, $1, 'MEMBER')", role):
        await connection.execute(f"GRANT {role} TO CURRENT_USER")


async def _ensure_keyring_owner(connection: asyncpg.Connection) -> None:
    owner = await connection.fetchval(
        "SELECT nspowner::regrole::text FROM pg_namespace WHERE nspname = 'keyring'"
    )
    if owner != KEYRING_ROLE:
        # The new owner needs the right to create in the database while ownership changes hands.
        database = await connection.fetchval("SELECT quote_ident(current_database())")
        await connection.execute(f"GRANT CREATE ON DATABASE {database} TO {KEYRING_ROLE}")
        await connection.execute(f"ALTER SCHEMA keyring OWNER TO {KEYRING_ROLE}")
        await connection.execute(f"REVOKE CREATE ON DATABASE {database} FROM {KEYRING_ROLE}")
        await connection.execute("GRANT ALL ON SCHEMA keyring TO CURRENT_USER")
