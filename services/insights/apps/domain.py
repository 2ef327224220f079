"""Requests by the names that apps give themselves, each report counted once; and registered apps."""

import asyncio
import secrets
from collections import Counter
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from time import monotonic
from uuid import UUID

from chassis import clock
from chassis.errors import FieldError, Invalid, NotFound
from chassis.postgres import Database
from services.insights.apps import store
from services.insights.apps.app import App, Trailing

MAX_LISTED = 100
LIST_KEPT_SECONDS = 10.0
# The longest range, and a day more for whoever reports late.
KEPT = timedelta(days=31)
MAX_NAME_CHARACTERS = 128
# Anybody may invent names, so tables keep those with most requests and the rest as OTHER.
OTHER = "other"
MAX_NAMES_OF_HOUR, KEPT_OF_HOUR, KEPT_NAMES = 5_000, 200, 10_000


class Apps:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._asking = asyncio.Lock()
        self._listed: dict[Trailing, tuple[float, list[tuple[str, int]]]] = {}

    async def record(self, id: UUID, counts: Mapping[str, int], counted_at: datetime) -> None:
        """A report of requests by name; the same one again counts nothing. Raises Invalid."""
        if not all(_is_name(name) and count > 0 for name, count in counts.items()):
            raise Invalid(fields=[FieldError("counts", "must name apps, each with a count above 0")])
        now = clock.utc_now()
        async with self._database.transaction() as conn:
            if await store.add_report(conn, id, now):
                at = min(counted_at, now)
                await store.count(conn, _bounded(counts, *await store.names_of_hour(conn, list(counts), at)), at)

    async def list_trailing(self, trailing: Trailing) -> list[tuple[str, int]]:
        """Names and requests, most first, equal ones by name; as they were some seconds ago."""
        # Anybody may ask, and it is a sum over a month: one at a time, and not for each anew.
        async with self._asking:
            listed = self._listed.get(trailing)
            if listed is None or listed[0] + LIST_KEPT_SECONDS < monotonic():
                self._listed[trailing] = listed = (monotonic(), await self._list(trailing))
        return listed[1]

    async def _list(self, trailing: Trailing) -> list[tuple[str, int]]:
        async with self._database.connection() as conn:
            if trailing.value is None:
                return await store.list_totals(conn, MAX_LISTED)
            return await store.list_since(conn, clock.utc_now() - trailing.value, MAX_LISTED)

    async def get(self, address: str) -> App:
        """A registered one, its address in any case. Raises NotFound."""
        async with self._database.connection() as conn:
            app = await store.get(conn, address.lower().replace("\0", " "))
        if app is None:
            raise NotFound("App not found")
        return app

    async def add(self, name: str, owner_number: int, description: str | None) -> App:
        """Registers one under a new address. Raises Invalid."""
        if not _is_name(name):
            raise Invalid(f"The name must have 1 to {MAX_NAME_CHARACTERS} characters")
        if owner_number < 1:
            raise Invalid("The owner is an account's number, from 1")
        app = App(f"0x{secrets.token_hex(20)}", owner_number, name, description)
        async with self._database.transaction() as conn:
            await store.add(conn, app, clock.utc_now())
        return app

    async def prune(self) -> None:
        """Forgets the hours that no range looks back to, reports that nobody sends again, and names of few requests."""
        now = clock.utc_now()
        async with self._database.transaction() as conn:
            await store.prune(conn, now - KEPT)
            await store.fold(conn, now, OTHER, KEPT_OF_HOUR, KEPT_NAMES)


def _bounded(counts: Mapping[str, int], names: int, known: Collection[str]) -> Counter[str]:
    """Counts of an hour that has so many names, some of these among them: new ones while there is room, then OTHER."""
    bounded: Counter[str] = Counter()
    for name, count in sorted(counts.items(), key=lambda item: -item[1]):
        if name not in known:
            names += 1
        bounded[name if name in known or names <= MAX_NAMES_OF_HOUR else OTHER] += count
    return bounded


def _is_name(text: str) -> bool:
    return 0 < len(text) <= MAX_NAME_CHARACTERS and "\0" not in text
