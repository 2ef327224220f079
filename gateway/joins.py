"""The joins: people, tracks and playlists by ids, follows among ids. What is missing is None, a failed call raises."""

import asyncio
from collections.abc import Iterable

from soundstage.audience.v1.follows_pb2 import ListFollowsAmongRequest
from soundstage.catalog.v1.people_pb2 import Person
from soundstage.catalog.v1.playlists_pb2 import GetPlaylistBatchRequest, Playlist
from soundstage.catalog.v1.tracks_pb2 import GetTrackBatchRequest, GetTrackItem, Track

from gateway.calls import Calls
from gateway.calls.wire import ref


class Joins:
    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def people(self, ids: Iterable[str]) -> dict[str, Person | None]:
        """The cards of these accounts; None for one that is gone. One call, shared with whoever asks now."""
        wanted = list(dict.fromkeys(ids))
        found = await asyncio.gather(*map(self._calls.catalog.person, wanted))
        return dict(zip(wanted, found, strict=True))

    async def tracks(self, ids: Iterable[str], *, public_only: bool = False) -> dict[str, Track | None]:
        """These tracks as the caller may see them; None for one that is gone or hidden. One call."""
        wanted = list(dict.fromkeys(ids))
        if not wanted:
            return {}
        items = [GetTrackItem(track=ref(track_id), public_only=public_only) for track_id in wanted]
        answer = await self._calls.catalog.get_tracks(GetTrackBatchRequest(items=items))
        return {
            track_id: outcome.track if outcome.HasField("track") else None
            for track_id, outcome in zip(wanted, answer.outcomes, strict=True)
        }

    async def playlists(self, ids: Iterable[str]) -> dict[str, Playlist | None]:
        """Those of these playlists that anybody may see, with their entries; None for the others. One call."""
        wanted = list(dict.fromkeys(ids))
        if not wanted:
            return {}
        answer = await self._calls.catalog.get_playlists(GetPlaylistBatchRequest(ids=wanted))
        found = {playlist.id: playlist for playlist in answer.playlists}
        return {playlist_id: found.get(playlist_id) for playlist_id in wanted}

    async def follows_among(self, ids: Iterable[str]) -> set[str]:
        """Which of these accounts the caller follows."""
        wanted = list(dict.fromkeys(ids))
        if not wanted:
            return set()
        answer = await self._calls.audience.list_follows_among(ListFollowsAmongRequest(account_ids=wanted))
        return set(answer.followed_ids)
