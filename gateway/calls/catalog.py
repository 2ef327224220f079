from collections.abc import Sequence
from typing import NamedTuple

from soundstage.catalog.v1 import people_pb2 as people
from soundstage.catalog.v1 import playlists_pb2 as playlists
from soundstage.catalog.v1 import search_pb2 as search
from soundstage.catalog.v1 import tracks_pb2 as tracks
from soundstage.catalog.v1.people_pb2_grpc import PeopleServiceStub
from soundstage.catalog.v1.playlists_pb2_grpc import PlaylistsServiceStub
from soundstage.catalog.v1.search_pb2_grpc import SearchServiceStub
from soundstage.catalog.v1.tracks_pb2_grpc import TracksServiceStub

from chassis import errors, principal
from chassis.client import Channel
from chassis.principal import ANONYMOUS, SERVICE
from gateway.batch import Coalescer
from gateway.calls.wire import ask, ref

_ANONYMOUS = principal.encode(ANONYMOUS)
# Why an item of a group was refused.
_REFUSALS = {kind.default_reason: kind for kind in (errors.NotFound, errors.Forbidden, errors.Unavailable)}


class _Wanted(NamedTuple):
    """One caller's track; equal ones of a group are asked for once."""

    track: str | int
    public_only: bool
    caller: bytes


class Catalog:
    def __init__(self, address: str) -> None:
        files = (tracks.DESCRIPTOR, people.DESCRIPTOR, playlists.DESCRIPTOR, search.DESCRIPTOR)
        channel = Channel(address, *(service for file in files for service in file.services_by_name.values()))
        self.close = channel.close
        self._tracks = TracksServiceStub(channel.grpc)
        self._playlists = PlaylistsServiceStub(channel.grpc)
        self._people = PeopleServiceStub(channel.grpc)
        self._search = SearchServiceStub(channel.grpc)
        self._tracks_in_groups = Coalescer("catalog.tracks", self._get_tracks)
        self._people_in_groups = Coalescer("catalog.people", self._get_people)

    async def get_track(self, track: str | int, *, public_only: bool = False) -> tracks.Track:
        """One track, in a group with what others ask for now. NotFound, Forbidden, Unavailable."""
        caller = principal.current()
        wanted = _Wanted(track, public_only, _ANONYMOUS if caller is ANONYMOUS else principal.encode(caller))
        outcome = await self._tracks_in_groups.ask(wanted)
        if outcome.WhichOneof("outcome") == "track":
            return outcome.track
        raise _REFUSALS[outcome.refused]()

    async def person(self, person: str | int) -> people.Person | None:
        """One person's card, in a group with what others ask for now; None when unknown or removed."""
        return await self._people_in_groups.ask(person)

    async def get_tracks(self, request: tracks.GetTrackBatchRequest) -> tracks.GetTrackBatchResponse:
        """A whole page of tracks in a call of its own. Unavailable if one of them is."""
        answer = await ask(self._tracks.GetBatch, request)
        if any(outcome.refused == errors.Unavailable.default_reason for outcome in answer.outcomes):
            raise errors.Unavailable(retry_after_seconds=1)
        return answer

    async def list_tracks(self, request: tracks.ListTracksRequest) -> tracks.ListTracksResponse:
        return await ask(self._tracks.List, request)

    async def list_tags(self, request: tracks.ListTrackTagsRequest) -> tracks.ListTrackTagsResponse:
        return await ask(self._tracks.ListTags, request)

    async def add_track(self, request: tracks.AddTrackRequest) -> tracks.AddTrackResponse:
        return await ask(self._tracks.Add, request)

    async def change_track(self, request: tracks.ChangeTrackRequest) -> tracks.ChangeTrackResponse:
        return await ask(self._tracks.Change, request)

    async def remove_track(self, request: tracks.RemoveTrackRequest) -> tracks.RemoveTrackResponse:
        return await ask(self._tracks.Remove, request)

    async def get_person_by_handle(self, request: people.GetPersonByHandleRequest) -> people.GetPersonByHandleResponse:
        return await ask(self._people.GetByHandle, request)

    async def list_top_people(self, request: people.ListTopPeopleRequest) -> people.ListTopPeopleResponse:
        return await ask(self._people.ListTop, request)

    async def get_playlist(self, request: playlists.GetPlaylistRequest) -> playlists.GetPlaylistResponse:
        return await ask(self._playlists.Get, request)

    async def get_playlists(self, request: playlists.GetPlaylistBatchRequest) -> playlists.GetPlaylistBatchResponse:
        return await ask(self._playlists.GetBatch, request)

    async def search_tracks(self, request: search.SearchTracksRequest) -> search.SearchTracksResponse:
        return await ask(self._search.SearchTracks, request)

    async def search_people(self, request: search.SearchPeopleRequest) -> search.SearchPeopleResponse:
        return await ask(self._search.SearchPeople, request)

    async def search_playlists(self, request: search.SearchPlaylistsRequest) -> search.SearchPlaylistsResponse:
        return await ask(self._search.SearchPlaylists, request)

    async def add_playlist(self, request: playlists.AddPlaylistRequest) -> playlists.AddPlaylistResponse:
        return await ask(self._playlists.Add, request)

    async def list_playlists(self, request: playlists.ListPlaylistsRequest) -> playlists.ListPlaylistsResponse:
        return await ask(self._playlists.List, request)

    async def recommend_playlists(
        self, request: playlists.RecommendPlaylistsRequest
    ) -> playlists.RecommendPlaylistsResponse:
        return await ask(self._playlists.Recommend, request)

    async def change_playlist(self, request: playlists.ChangePlaylistRequest) -> playlists.ChangePlaylistResponse:
        return await ask(self._playlists.Change, request)

    async def remove_playlist(self, request: playlists.RemovePlaylistRequest) -> playlists.RemovePlaylistResponse:
        return await ask(self._playlists.Remove, request)

    async def add_playlist_track(
        self, request: playlists.AddPlaylistTrackRequest
    ) -> playlists.AddPlaylistTrackResponse:
        return await ask(self._playlists.AddTrack, request)

    async def remove_playlist_track(
        self, request: playlists.RemovePlaylistTrackRequest
    ) -> playlists.RemovePlaylistTrackResponse:
        return await ask(self._playlists.RemoveTrack, request)

    async def reorder_playlist(self, request: playlists.ReorderPlaylistRequest) -> playlists.ReorderPlaylistResponse:
        return await ask(self._playlists.Reorder, request)

    async def add_collaborator(self, request: playlists.AddCollaboratorRequest) -> playlists.AddCollaboratorResponse:
        return await ask(self._playlists.AddCollaborator, request)

    async def list_collaborators(
        self, request: playlists.ListCollaboratorsRequest
    ) -> playlists.ListCollaboratorsResponse:
        return await ask(self._playlists.ListCollaborators, request)

    async def change_collaborator(
        self, request: playlists.ChangeCollaboratorRequest
    ) -> playlists.ChangeCollaboratorResponse:
        return await ask(self._playlists.ChangeCollaborator, request)

    async def remove_collaborator(
        self, request: playlists.RemoveCollaboratorRequest
    ) -> playlists.RemoveCollaboratorResponse:
        return await ask(self._playlists.RemoveCollaborator, request)

    async def share_playlist(self, request: playlists.SharePlaylistRequest) -> playlists.SharePlaylistResponse:
        return await ask(self._playlists.Share, request)

    async def get_shared_playlist(
        self, request: playlists.GetSharedPlaylistRequest
    ) -> playlists.GetSharedPlaylistResponse:
        return await ask(self._playlists.GetShared, request)

    async def _get_tracks(self, group: Sequence[_Wanted]) -> list[tracks.GetTrackOutcome]:
        places = {wanted: place for place, wanted in enumerate(dict.fromkeys(group))}
        items = [tracks.GetTrackItem(track=ref(w.track), public_only=w.public_only, principal=w.caller) for w in places]
        answer = await ask(self._tracks.GetBatch, tracks.GetTrackBatchRequest(items=items), caller=SERVICE)
        return [answer.outcomes[places[wanted]] for wanted in group]

    async def _get_people(self, group: Sequence[str | int]) -> list[people.Person | None]:
        request = people.GetPersonBatchRequest(people=[ref(name) for name in dict.fromkeys(group)])
        answer = await ask(self._people.GetBatch, request, caller=SERVICE)
        found: dict[str | int, people.Person] = {}
        for person in answer.people:
            found[person.id] = found[person.number] = person
        return [found.get(name) for name in group]
