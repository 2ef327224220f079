"""Discovery in front of one public track of one person; the services answer what is written here."""

from typing import Any

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from soundstage.audience.v1.likes_pb2 import ListForTrackResponse
from soundstage.audience.v1.plays_pb2 import PlayOutcome, RecordPlaysResponse
from soundstage.catalog.v1.people_pb2 import PeopleServiceGetBatchResponse, Person
from soundstage.catalog.v1.tracks_pb2 import GetBatchResponse, GetOutcome, ListResponse, Track, TrackStatus

from tests.contract.conftest import Public

GET_TRACKS = "catalog.v1.TracksService/GetBatch"
LIST_TRACKS = "catalog.v1.TracksService/List"
GET_PEOPLE = "catalog.v1.PeopleService/GetBatch"
RECORD = "audience.v1.PlaysService/RecordPlays"
LIST_LIKES = "audience.v1.LikesService/ListForTrack"

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
    cover_object=f"recordings/{RECORDING}/cover.jpg",
    slug="paauer",
    play_count=7182,
    like_count=143,
    repost_count=47,
    created_at=Timestamp(seconds=1569267322),
    updated_at=Timestamp(seconds=1569267322),
    published_at=Timestamp(seconds=1569267310),
)


def keep(public: Public, name: str, content: bytes) -> None:
    """An object in the store."""
    file = public.storage / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)


@pytest.fixture
def house(public: Public) -> Public:
    keep(public, TRACK.progressive_object, AUDIO)
    public.services.on(GET_TRACKS, _tracks)
    public.services.on(GET_PEOPLE, _people)
    public.services.on(RECORD, _plays)
    public.services.on(LIST_TRACKS, ListResponse())
    public.services.on(LIST_LIKES, ListForTrackResponse())
    return public


def _tracks(request: Any) -> GetBatchResponse:
    known = {TRACK.number: GetOutcome(track=TRACK)}
    unknown = GetOutcome(refused="NOT_FOUND")
    return GetBatchResponse(outcomes=[known.get(item.track.number, unknown) for item in request.items])


def _people(request: Any) -> PeopleServiceGetBatchResponse:
    known = {PERSON.number: PERSON, 295: Person(id=PERSON.id, number=295, name="A partner's user")}
    return PeopleServiceGetBatchResponse(people=[known[ref.number] for ref in request.people if ref.number in known])


def _plays(request: Any) -> RecordPlaysResponse:
    return RecordPlaysResponse(outcomes=[PlayOutcome(id=item.id) for item in request.items])
