"""Creates one database and one role per service, as an administrator."""

from collections.abc import Mapping
from urllib.parse import quote, urlsplit, urlunsplit

import asyncpg

from deploy.local.errors import LocalError

ROLE_EXISTS = "SELECT true FROM pg_roles WHERE rolname = $1"
SET_ROLE = "SELECT format('%s ROLE %I LOGIN PASSWORD %L', $1::text, $2::text, $3::text)"
DATABASE_EXISTS = "SELECT true FROM pg_database WHERE datname = $1"
IS_SUPERUSER = "SELECT rolsuper FROM pg_roles WHERE rolname = current_user"


async def provision(admin_url: str, passwords: Mapping[str, str]) -> None:
    """Names both after the service. Sets the password each time, so that home and server agree."""
    try:
        connection = await asyncpg.connect(admin_url, timeout=10)
    except (OSError, TimeoutError, asyncpg.PostgresError) as error:
        raise LocalError(f"cannot connect to DATABASE_URL: {error}") from error
    try:
        for service, password in passwords.items():
            await _add(connection, service, password)
    except asyncpg.InsufficientPrivilegeError as error:
        raise LocalError(f"DATABASE_URL must be an administrator's address: {error}") from error
    finally:
        await connection.close()


async def _add(connection: asyncpg.Connection, name: str, password: str) -> None:
    verb = "ALTER" if await connection.fetchval(ROLE_EXISTS, name) else "CREATE"
    await connection.execute(await connection.fetchval(SET_ROLE, verb, name, password))
    if await connection.fetchval(DATABASE_EXISTS, name):
        return
    if not await connection.fetchval(IS_SUPERUSER):
        await connection.execute(f'GRANT "{name}" TO CURRENT_USER')  # otherwise it may not set the database's owner
    await connection.execute(f'CREATE DATABASE "{name}" OWNER "{name}"')
    await connection.execute(f'REVOKE ALL ON DATABASE "{name}" FROM PUBLIC')


def service_url(admin_url: str, service: str, password: str) -> str:
    """The administrator's address, with the service's role and database instead."""
    parts = urlsplit(admin_url)
    user, host = f"{quote(service)}:{quote(password, safe='')}", parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{user}@{host}", path=f"/{service}"))
