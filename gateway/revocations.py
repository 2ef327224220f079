"""What must be refused though its signature is good: ended sessions, and tokens older than their account's not-before.

Asked every 2 s with 60 s of overlap, because moments commit out of order. Auth away: the last list stands.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime, timedelta
from uuid import UUID

from soundstage.auth.v1.sessions_pb2 import ListRevocationsRequest, ListRevocationsResponse

from chassis import clock, errors, telemetry

log = telemetry.logger(__name__)

POLL_SECONDS = 2.0
OVERLAP = timedelta(seconds=60)
# A day's ended sessions may be more than a message can hold; this many are about 2 MB.
PAGE_SIZE = 50_000
# Fetch the whole list now and then, so that expired entries are dropped.
WHOLE_AFTER = timedelta(hours=1)


class Revocations:
    def __init__(self, fetch: Callable[[ListRevocationsRequest], Awaitable[ListRevocationsResponse]]) -> None:
        self._fetch = fetch
        self._sessions: set[UUID] = set()
        self._not_before: dict[UUID, float] = {}
        self._as_of: datetime | None = None
        self._whole_at: datetime | None = None
        self._heard_at = clock.utc_now()

    @property
    def is_ready(self) -> bool:
        """Whether the whole list was fetched at least once."""
        return self._whole_at is not None

    def refuse(self, session_id: UUID | None, account_id: UUID | None, issued_at: float) -> bool:
        if session_id is not None and session_id in self._sessions:
            return True
        return account_id is not None and issued_at < self._not_before.get(account_id, 0.0)

    async def run(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            try:
                await self.poll()
            except errors.Error as failure:
                log.warning("revocations.auth_down", error=failure.reason)
            telemetry.REVOCATIONS_AGE_SECONDS.set((clock.utc_now() - self._heard_at).total_seconds())
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), POLL_SECONDS if self.is_ready else 0.2)

    async def poll(self) -> None:
        request = ListRevocationsRequest(page_size=PAGE_SIZE)
        whole = self._as_of is None or self._is_due()
        if not whole and self._as_of is not None:
            request.since.FromDatetime(self._as_of - OVERLAP)
        sessions: set[UUID] = set()
        moments: dict[UUID, float] = {}
        as_of = None
        while as_of is None or request.page:
            answer = await self._fetch(request)
            sessions |= {UUID(session) for session in answer.session_ids}
            moments |= {UUID(n.account_id): n.moment.ToMicroseconds() / 1e6 for n in answer.not_before}
            as_of = as_of or answer.as_of.ToDatetime()  # the first page's: later ones may miss what came meanwhile
            request.page = answer.next_page
        now = clock.utc_now()
        if whole:
            self._sessions, self._not_before, self._whole_at = sessions, moments, now
        else:
            self._sessions |= sessions
            self._not_before |= moments
        self._as_of, self._heard_at = as_of, now

    def _is_due(self) -> bool:
        return self._whole_at is None or clock.utc_now() - self._whole_at > WHOLE_AFTER
