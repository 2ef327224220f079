"""SQL of tenants and their credentials."""

from uuid import UUID

from chassis.postgres import Connection
from services.auth.tenants.tenant import Credentials

ADD = """
INSERT INTO tenants (name, client_id, secret_hash) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING RETURNING name
"""
GET_CREDENTIALS = """
SELECT name, client_id, secret_hash, clock_timestamp() AS read_at FROM tenants WHERE client_id = $1
"""


async def add(conn: Connection, name: str, client_id: UUID, secret_hash: bytes) -> bool:
    """False if the tenant exists."""
    return await conn.fetchval(ADD, name, client_id, secret_hash) is not None


async def get_credentials(conn: Connection, client_id: UUID) -> Credentials | None:
    row = await conn.fetchrow(GET_CREDENTIALS, client_id)
    return None if row is None else Credentials(**row)
