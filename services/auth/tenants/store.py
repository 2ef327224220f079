"""Tenants and their credentials in Postgres."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from chassis.postgres import Connection

ADD = """
INSERT INTO tenants (name, client_id, secret_hash) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING RETURNING name
"""
GET_CREDENTIALS = """
SELECT name, client_id, secret_hash, clock_timestamp() AS read_at FROM tenants WHERE client_id = $1
"""


@dataclass(frozen=True, slots=True)
class Credentials:
    """A tenant's client, what its secret hashes to, and the database's time."""

    name: str
    client_id: UUID
    secret_hash: bytes
    read_at: datetime


async def add(conn: Connection, name: str, client_id: UUID, secret_hash: bytes) -> bool:
    """False when the tenant exists."""
    return await conn.fetchval(ADD, name, client_id, secret_hash) is not None


async def get_credentials(conn: Connection, client_id: UUID) -> Credentials | None:
    row = await conn.fetchrow(GET_CREDENTIALS, client_id)
    return None if row is None else Credentials(**row)
