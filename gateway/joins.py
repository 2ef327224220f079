"""The joins: people, tracks and playlists by ids, follows among ids. What is missing is None, a failed call raises."""

import asyncio
from collections.abc import Iterable

from soundstage.audience.v1.follows_pb2 import ListFollowsAmongRequest
from soundstage.catalog.v1.people_pb2 import Person
from soundstage.catalog.v1.playlists_pb2 import GetPlaylistBatchRequest, Playlist
from soundstage.catalog.v1.tracks_pb2 import GetTrackBatchRequest, GetTrackItem, Track

from chassis import errors
from gateway.calls.batched import Batched
from gateway.calls.services import Services
from gateway.calls.wire import ask, ref


class Joins:
    def __init__(self, services: Services, batched: Batched) -> None:
        self._services = services
        self._batched = batched

    async def people(self, ids: Iterable[str]) -> dict[str, Person | None]:
        """The cards of these accounts; None for one that is gone. One call, shared with other requests."""
        wanted = list(dict.fromkeys(ids))
        found = await asyncio.gather(*map(self._batched.get_person, wanted))
        return dict(zip(wanted, found, strict=True))

    async def tracks(self, ids: Iterable[str], *, public_only: bool = False) -> dict[str, Track | None]:
        """These tracks as the caller may see them; None for one that is gone or hidden. One call.

        Unavailable if one of them is: a page never silently lacks a track.
        """
        wanted = list(dict.fromkeys(ids))
        if not wanted:
            return {}
        items = [GetTrackItem(track=ref(track_id), public_only=public_only) for track_id in wanted]
        answer = await ask(self._services.tracks.GetBatch, GetTrackBatchRequest(items=items))
        if any(outcome.refused == errors.Unavailable.default_reason for outcome in answer.outcomes):
            raise errors.Unavailable(retry_after_seconds=1)
        return {
            track_id: outcome.track if outcome.HasField("track") else None
            for track_id, outcome in zip(wanted, answer.outcomes, strict=True)
        }

    async def playlists(self, ids: Iterable[str]) -> dict[str, Playlist | None]:
        """The public ones of these playlists, with their entries; None for the others. One call."""
        wanted = list(dict.fromkeys(ids))
        if not wanted:
            return {}
        answer = await ask(self._services.playlists.GetBatch, GetPlaylistBatchRequest(ids=wanted))
        found = {playlist.id: playlist for playlist in answer.playlists}
        return {playlist_id: found.get(playlist_id) for playlist_id in wanted}

    async def follows_among(self, ids: Iterable[str]) -> set[str]:
        """Which of these accounts the caller follows."""
        wanted = list(dict.fromkeys(ids))
        if not wanted:
            return set()
        answer = await ask(self._services.follows.ListAmong, ListFollowsAmongRequest(account_ids=wanted))
        return set(answer.followed_ids)
