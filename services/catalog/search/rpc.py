"""SearchService on the wire."""

from datetime import UTC, datetime
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp
from soundstage.catalog.v1 import search_pb2 as pb
from soundstage.catalog.v1.search_pb2_grpc import SearchServiceServicer

from chassis import ids
from chassis.pages import Page
from chassis.principal import allow_anyone, current
from services.catalog.people.domain import People
from services.catalog.people.rpc import person
from services.catalog.playlists.domain import Playlists
from services.catalog.playlists.playlist import Wanted
from services.catalog.playlists.rpc import playlist
from services.catalog.search.domain import Search
from services.catalog.tracks.domain import Tracks
from services.catalog.tracks.rpc import SORTS, track
from services.catalog.tracks.track import Filters, Order, Sort


class SearchRpc(SearchServiceServicer):
    def __init__(self, search: Search, tracks: Tracks, people: People, playlists: Playlists) -> None:
        self._search = search
        self._tracks = tracks
        self._people = people
        self._playlists = playlists

    @allow_anyone
    async def SearchTracks(self, request: pb.SearchTracksRequest, context: Any) -> pb.SearchTracksResponse:
        order = Order(SORTS.get(request.sort, Sort.RELEVANCE) if request.sort else Sort.RELEVANCE, request.ascending)
        page = Page.of(request.page.offset, request.page.limit)
        found, total = await self._search.search_tracks(request.query, _filters(request), order, page)
        views = await self._tracks.show(current(), found, public_only=True)
        return pb.SearchTracksResponse(tracks=[track(view) for view in views], total=total)

    @allow_anyone
    async def SearchPeople(self, request: pb.SearchPeopleRequest, context: Any) -> pb.SearchPeopleResponse:
        page = Page.of(request.page.offset, request.page.limit)
        found, total = await self._people.search(request.query, page, only_downloadable=request.only_downloadable)
        return pb.SearchPeopleResponse(people=[person(p) for p in found], total=total)

    @allow_anyone
    async def SearchPlaylists(self, request: pb.SearchPlaylistsRequest, context: Any) -> pb.SearchPlaylistsResponse:
        caller = current()
        wanted = Wanted(
            tenant=caller.tenant,
            reader_id=None if request.public_only else caller.account_id,
            owner_id=ids.parse(request.owner_id, field="owner_id") if request.owner_id else None,
            is_public=request.is_public if request.HasField("is_public") else None,
            only_downloadable=request.only_downloadable,
            without_albums=request.without_albums,
        )
        page = Page.of(request.page.offset, request.page.limit)
        views, total = await self._playlists.search(caller, request.query, wanted, page)
        return pb.SearchPlaylistsResponse(playlists=[playlist(view) for view in views], total=total)


def _filters(request: pb.SearchTracksRequest) -> Filters:
    names = ("genre", "format", "min_duration_seconds", "max_duration_seconds")
    said = {name: getattr(request, name) for name in names if request.HasField(name)}  # type: ignore[arg-type]
    created_from = _moment(request.created_from) if request.HasField("created_from") else None
    created_to = _moment(request.created_to) if request.HasField("created_to") else None
    return Filters(
        **said, created_from=created_from, created_to=created_to, only_downloadable=request.only_downloadable
    )


def _moment(sent: Timestamp) -> datetime:
    return sent.ToDatetime(tzinfo=UTC)
