"""Deletes what auth must not keep any longer."""

from chassis import idempotency
from chassis.postgres import Database
from services.auth.sessions import store
from services.auth.sessions.domain import REPEAT_SECONDS


class Sweeper:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def sweep(self) -> None:
        async with self._database.connection() as conn:
            await store.forget_successors(conn, REPEAT_SECONDS)
            await store.forget_sessions(conn)
            await idempotency.forget_old(conn)
