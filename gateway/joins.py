"""The three joins: people by ids, tracks by ids, follows among ids. What is missing is None, a failed call raises."""

import asyncio
from collections.abc import Iterable

from soundstage.audience.v1.follows_pb2 import ListAmongRequest
from soundstage.catalog.v1.people_pb2 import Person
from soundstage.catalog.v1.tracks_pb2 import Track

from chassis import errors
from gateway.calls import Calls


class Joins:
    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def people(self, ids: Iterable[str]) -> dict[str, Person | None]:
        """The cards of these accounts; None for one that is gone. One call, shared with whoever asks now."""
        wanted = list(dict.fromkeys(ids))
        found = await asyncio.gather(*map(self._calls.catalog.person, wanted))
        return dict(zip(wanted, found, strict=True))

    async def tracks(self, ids: Iterable[str], *, public_only: bool = False) -> dict[str, Track | None]:
        """These tracks as the caller may see them; None for one that is gone or hidden."""
        wanted = list(dict.fromkeys(ids))
        found = await asyncio.gather(*(self._track(track_id, public_only) for track_id in wanted))
        return dict(zip(wanted, found, strict=True))

    async def follows_among(self, ids: Iterable[str]) -> set[str]:
        """Which of these accounts the caller follows."""
        wanted = list(dict.fromkeys(ids))
        if not wanted:
            return set()
        answer = await self._calls.audience.list_follows_among(ListAmongRequest(account_ids=wanted))
        return set(answer.followed_ids)

    async def _track(self, track_id: str, public_only: bool) -> Track | None:
        try:
            return await self._calls.catalog.get_track(track_id, public_only=public_only)
        except (errors.NotFound, errors.Forbidden):
            return None
