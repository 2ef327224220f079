"""One public track and one public playlist of one person, and what the services answer of them."""

from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp
from soundstage.audience.v1.likes_pb2 import LikedTrack, ListLikesForTrackResponse, ListLikesOfResponse
from soundstage.audience.v1.plays_pb2 import PlayOutcome, RecordPlaysResponse
from soundstage.audience.v1.reposts_pb2 import ListRepostsOfResponse, Repost, RepostKind
from soundstage.catalog.v1.people_pb2 import (
    GetPersonBatchResponse,
    GetPersonByHandleResponse,
    ListTopPeopleResponse,
    Person,
)
from soundstage.catalog.v1.playlists_pb2 import (
    GetPlaylistBatchResponse,
    GetPlaylistResponse,
    Playlist,
    PlaylistEntry,
)
from soundstage.catalog.v1.search_pb2 import SearchPeopleResponse, SearchPlaylistsResponse, SearchTracksResponse
from soundstage.catalog.v1.tracks_pb2 import (
    GetTrackBatchResponse,
    GetTrackOutcome,
    ListTracksResponse,
    ListTrackTagsResponse,
    Track,
    TrackStatus,
)
from soundstage.insights.v1.apps_pb2 import App, AppCount, GetAppResponse, ListTrailingAppsResponse
from soundstage.insights.v1.trending_pb2 import GetTrendingStateResponse, ListTrendingTracksResponse

from chassis import errors
from gateway.contracts.discovery import hashid

GET_TRACKS = "catalog.v1.TracksService/GetBatch"
LIST_TRACKS = "catalog.v1.TracksService/List"
GET_PEOPLE = "catalog.v1.PeopleService/GetBatch"
RECORD = "audience.v1.PlaysService/RecordPlays"
LIST_LIKES = "audience.v1.LikesService/ListForTrack"
LIKES_OF = "audience.v1.LikesService/ListOf"
REPOSTS_OF = "audience.v1.RepostsService/ListOf"
LIST_TAGS = "catalog.v1.TracksService/ListTags"
BY_HANDLE = "catalog.v1.PeopleService/GetByHandle"
TOP_PEOPLE = "catalog.v1.PeopleService/ListTop"
GET_PLAYLIST = "catalog.v1.PlaylistsService/Get"
GET_PLAYLISTS = "catalog.v1.PlaylistsService/GetBatch"
SEARCH_PEOPLE = "catalog.v1.SearchService/SearchPeople"
SEARCH_TRACKS = "catalog.v1.SearchService/SearchTracks"
SEARCH_PLAYLISTS = "catalog.v1.SearchService/SearchPlaylists"
TRENDING = "insights.v1.TrendingService/ListTracks"
TRENDING_STATE = "insights.v1.TrendingService/GetState"
TRAILING = "insights.v1.AppsService/ListTrailing"
GET_APP = "insights.v1.AppsService/Get"

RECORDING = "018f3c1e-0000-7000-8000-000000000001"
AUDIO = bytes(range(256)) * 8
PERSON = Person(
    id="018f3c1e-0000-7000-8000-0000000000aa",
    number=294,
    handle="TeamBandL",
    name="Brownies & Lemonade",
    bio="Makin' moves",
    picture="https://cdn.example/p.jpg",
    follower_count=11141,
    track_count=4,
)
TRACK = Track(
    id="018f3c1e-0000-7000-8000-0000000000bb",
    number=725,
    owner=PERSON,
    title="Paauer",
    artist="Baauer",
    genre="Electronic",
    tags=["baauer", "live"],
    is_public=True,
    status=TrackStatus.TRACK_STATUS_COMPLETED,
    format="mp3",
    recording_id=RECORDING,
    duration_ms=5265499,
    progressive_object=f"originals/{RECORDING}",
    cover_object=f"recordings/{RECORDING}/cover-1000x1000.jpg",
    slug="paauer",
    play_count=7182,
    like_count=143,
    repost_count=47,
    created_at=Timestamp(seconds=1569267322),
    updated_at=Timestamp(seconds=1569267322),
    published_at=Timestamp(seconds=1569267310),
)

PLAYLIST = Playlist(
    id="018f3c1e-0000-7000-8000-0000000000cc",
    number=4281,
    owner=PERSON,
    title="Hot & New",
    description="All the latest",
    is_public=True,
    slug="hot-new",
    track_count=1,
    total_play_count=7182,
    like_count=88,
    repost_count=46,
    cover_object=TRACK.cover_object,
    entries=[
        PlaylistEntry(id=f"{place}", track_id=TRACK.id, track_number=725, added_at=moment, position=place)
        for place, moment in ((1, Timestamp(seconds=1595462400)), (3, Timestamp(seconds=1595462460)))
    ],
)
PLAYLIST_ID = hashid.encode(PLAYLIST.number)
APP = App(address="0x7d27", owner_number=294, name="EXAMPLEAPP")
MOMENT = Timestamp(seconds=1595527200)


def only(known: Person | Playlist | App, answer: Any) -> Any:
    """The answer to whoever names this one thing; NotFound to others."""
    names = {str(getattr(known, name)).casefold() for name in ("number", "handle", "address") if hasattr(known, name)}

    def reply(request: Any) -> Any:
        asked = getattr(request, "handle", "") or getattr(request, "address", "") or request.playlist.number
        if str(asked).casefold() not in names:
            raise errors.NotFound()
        return answer

    return reply


def _tracks(request: Any) -> GetTrackBatchResponse:
    known: dict[int | str, GetTrackOutcome] = dict.fromkeys((TRACK.number, TRACK.id), GetTrackOutcome(track=TRACK))
    unknown = GetTrackOutcome(refused="NOT_FOUND")
    names = (getattr(item.track, item.track.WhichOneof("ref")) for item in request.items)
    return GetTrackBatchResponse(outcomes=[known.get(name, unknown) for name in names])


def _playlist(request: Any) -> Any:
    shown = Playlist()
    shown.CopyFrom(PLAYLIST)
    for entry in shown.entries if request.with_tracks else ():
        entry.track.CopyFrom(TRACK)
    return only(PLAYLIST, GetPlaylistResponse(playlist=shown))(request)


def _people(request: Any) -> GetPersonBatchResponse:
    known = {PERSON.number: PERSON}
    return GetPersonBatchResponse(people=[known[ref.number] for ref in request.people if ref.number in known])


def _plays(request: Any) -> RecordPlaysResponse:
    return RecordPlaysResponse(outcomes=[PlayOutcome(id=item.id) for item in request.items])


ANSWERS: dict[str, Any] = {
    GET_TRACKS: _tracks,
    GET_PEOPLE: _people,
    RECORD: _plays,
    LIST_TRACKS: ListTracksResponse(tracks=[TRACK], total=1),
    LIST_LIKES: ListLikesForTrackResponse(),
    LIKES_OF: ListLikesOfResponse(tracks=[LikedTrack(track_id=TRACK.id, liked_at=MOMENT)], total=1),
    REPOSTS_OF: ListRepostsOfResponse(
        reposts=[
            Repost(kind=RepostKind.REPOST_KIND_PLAYLIST, subject_id=PLAYLIST.id, reposted_at=MOMENT),
            Repost(kind=RepostKind.REPOST_KIND_TRACK, subject_id=TRACK.id, reposted_at=MOMENT),
        ],
        total=2,
    ),
    LIST_TAGS: ListTrackTagsResponse(tags=["live", "baauer"]),
    BY_HANDLE: only(PERSON, GetPersonByHandleResponse(person=PERSON)),
    TOP_PEOPLE: ListTopPeopleResponse(people=[PERSON]),
    GET_PLAYLIST: _playlist,
    GET_PLAYLISTS: GetPlaylistBatchResponse(playlists=[PLAYLIST]),
    SEARCH_PEOPLE: SearchPeopleResponse(people=[PERSON], total=1),
    SEARCH_TRACKS: SearchTracksResponse(tracks=[TRACK], total=1),
    SEARCH_PLAYLISTS: SearchPlaylistsResponse(playlists=[PLAYLIST], total=1),
    TRENDING: ListTrendingTracksResponse(track_ids=[TRACK.id]),
    TRENDING_STATE: GetTrendingStateResponse(),
    TRAILING: ListTrailingAppsResponse(counts=[AppCount(name="unknown", count=1204), AppCount(name="<b>", count=3)]),
    GET_APP: only(APP, GetAppResponse(app=APP)),
}
