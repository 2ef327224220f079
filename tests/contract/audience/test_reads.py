"""Who listened: names and follows joined in, one's own place, pages, an artist's tracks."""

import asyncio
from typing import Any
from uuid import UUID

import pytest
from soundstage.audience.v1.follows_pb2 import ListFollowsAmongResponse
from soundstage.catalog.v1.people_pb2 import GetPersonBatchResponse, Person
from soundstage.insights.v1.listeners_pb2 import (
    CountListenersForArtistResponse,
    Listener,
    ListListenersForTrackResponse,
    ListTopListenersResponse,
    Place,
    TrackStreams,
)

from chassis import errors
from gateway.contracts.audience.limits import READS as READ_LIMIT
from tests.contract.conftest import Public
from tests.contract.documented import assert_documented

BASE = "/streams/v1"
TRACK = "edc658bd0e768ca81f2ddc0438abca79"
OTHER_TRACK = "365b278c258a7bdbb7a1b95be41a37b9"
JOHN = "6a833be7-c434-4fc0-9144-01899eeac486"
MARA = "8bf0c9da-2f28-4628-91ed-8a6c11f6ae31"
FOR_TRACK = "insights.v1.ListenersService/ListForTrack"
TOP = "insights.v1.ListenersService/ListTop"
COUNT = "insights.v1.ListenersService/CountForArtist"
PEOPLE = "catalog.v1.PeopleService/GetBatch"
AMONG = "audience.v1.FollowsService/ListAmong"
READS = [
    (f"audience-track/{TRACK}", FOR_TRACK, "getTrackAudience"),
    (f"top-audience/{TRACK}", TOP, "getTopAudience"),
    (f"artist-audience/{JOHN}", COUNT, "getArtistAudience"),
]


def listener(user_id: str, streams: int) -> Listener:
    made = Listener(user_id=user_id, streams=streams)
    made.first_streamed_at.FromJsonString("2026-01-14T08:00:00Z")
    made.last_streamed_at.FromJsonString("2026-01-14T09:10:00Z")
    return made


def shown(user_id: str, streams: int, **more: Any) -> dict[str, Any]:
    times = {"first_streamed_at": "2026-01-14T08:00:00Z", "last_streamed_at": "2026-01-14T09:10:00Z"}
    return {"user_id": user_id, "streams": streams, "is_following": False, **times, **more}


def prepare(public: Public, *, main_user: Place | None = None) -> None:
    found = [listener(JOHN, 1), listener(MARA, 2)]
    public.services.on(
        FOR_TRACK,
        ListListenersForTrackResponse(total_streams=3, unique_listeners=2, listeners=found, main_user=main_user),
    )
    public.services.on(TOP, ListTopListenersResponse(listeners=found[::-1], main_user=main_user))
    john = Person(id=JOHN, handle="johndoe", name="John", picture="https://cdn.example/john.jpg")
    public.services.on(PEOPLE, GetPersonBatchResponse(people=[john]))
    public.services.on(AMONG, ListFollowsAmongResponse(followed_ids=[JOHN]))
    hers = [
        TrackStreams(track_id=str(UUID(TRACK)), title="Nightdrive", streams=3),
        TrackStreams(track_id=str(UUID(OTHER_TRACK)), title="Été, live"),
    ]
    public.services.on(COUNT, CountListenersForArtistResponse(total_streams=3, unique_listeners=2, tracks=hers))


def asked_of(public: Public) -> list[str]:
    """The calls that were made, but for the keys that tokens are checked with."""
    return [method for method, _ in public.services.calls if not method.startswith("auth.")]


async def test_who_streamed_a_track(public: Public) -> None:
    prepare(public)
    answer = await public.http.get(f"{BASE}/audience-track/{TRACK}?page=3&limit=1", headers=public.bearer())
    assert_documented("audience", "getTrackAudience", answer)
    assert answer.json()["data"] == {
        "track_id": TRACK,
        "total_streams": 3,
        "unique_listeners": 2,
        "audience": [
            shown(JOHN, 1, username="johndoe", avatar="https://cdn.example/john.jpg"),
            shown(MARA, 2, username=None, avatar=None),
        ],
        "pagination": {"page": 3, "limit": 1, "total": 2, "total_pages": 2},
    }
    [asked] = public.services.asked(FOR_TRACK)
    assert (asked.track.id, asked.page.offset, asked.page.limit) == (str(UUID(TRACK)), 2, 1)
    assert asked.main_user_id == "" and public.services.asked(AMONG) == []


async def test_a_main_user_sees_whom_it_follows_and_its_place(public: Public) -> None:
    prepare(public, main_user=Place(streams=2, rank=1))
    url = f"{BASE}/audience-track/{UUID(TRACK)}?main_user_id={UUID(MARA).hex.upper()}"
    answer = await public.http.get(url, headers=public.bearer(sub=MARA))
    assert_documented("audience", "getTrackAudience", answer)
    data = answer.json()["data"]
    assert [entry["is_following"] for entry in data["audience"]] == [True, False]
    assert data["main_user"] == {"streams": 2, "rank": 1}
    assert [asked.main_user_id for asked in public.services.asked(FOR_TRACK)] == [MARA]
    assert len(asked_of(public)) == 3


async def test_a_main_user_without_streams_has_no_rank(public: Public) -> None:
    prepare(public, main_user=Place())
    for path, operation in (("audience-track", "getTrackAudience"), ("top-audience", "getTopAudience")):
        answer = await public.http.get(f"{BASE}/{path}/{TRACK}?main_user_id={MARA}", headers=public.bearer(sub=MARA))
        assert_documented("audience", operation, answer)
        assert answer.json()["data"]["main_user"] == {"streams": 0, "rank": None}


async def test_a_track_that_nobody_streamed(public: Public) -> None:
    public.services.on(FOR_TRACK, ListListenersForTrackResponse())
    answer = await public.http.get(f"{BASE}/audience-track/{TRACK}", headers=public.bearer())
    assert_documented("audience", "getTrackAudience", answer)
    data = answer.json()["data"]
    assert data["audience"] == [] and data["pagination"] == {"page": 1, "limit": 20, "total": 0, "total_pages": 0}
    assert len(asked_of(public)) == 1


async def test_the_top_listeners_are_ranked(public: Public) -> None:
    prepare(public)
    answer = await public.http.get(f"{BASE}/top-audience/{TRACK}", headers=public.bearer())
    assert_documented("audience", "getTopAudience", answer)
    assert answer.json()["data"] == {
        "track_id": TRACK,
        "top_audience": [
            shown(MARA, 2, username=None, avatar=None, rank=1),
            shown(JOHN, 1, username="johndoe", avatar="https://cdn.example/john.jpg", rank=2),
        ],
    }


async def test_an_artists_tracks_with_their_streams(public: Public) -> None:
    prepare(public)
    answer = await public.http.get(f"{BASE}/artist-audience/{UUID(JOHN).hex}", headers=public.bearer())
    assert_documented("audience", "getArtistAudience", answer)
    assert answer.json()["data"] == {
        "artist_id": JOHN,
        "total_streams": 3,
        "unique_listeners": 2,
        "tracks": [
            {"track_id": TRACK, "title": "Nightdrive", "streams": 3},
            {"track_id": OTHER_TRACK, "title": "Été, live", "streams": 0},
        ],
    }
    [asked] = public.services.asked(COUNT)
    assert asked.artist_id == JOHN and len(asked_of(public)) == 2


async def test_an_artist_without_tracks_and_one_that_is_unknown(public: Public) -> None:
    prepare(public)
    public.services.on(COUNT, CountListenersForArtistResponse())
    answer = await public.http.get(f"{BASE}/artist-audience/{JOHN}", headers=public.bearer())
    assert_documented("audience", "getArtistAudience", answer)
    empty = {"artist_id": JOHN, "total_streams": 0, "unique_listeners": 0, "tracks": []}
    assert answer.json()["data"] == empty
    unknown = await public.http.get(f"{BASE}/artist-audience/{MARA}", headers=public.bearer())
    assert unknown.status_code == 404
    assert_documented("audience", "getArtistAudience", unknown)


@pytest.mark.parametrize("read", READS)
@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (errors.NotFound("x"), (404, "NOT_FOUND")),
        (errors.Unavailable(), (503, "SERVICE_UNAVAILABLE")),
        (RuntimeError("a secret"), (500, "INTERNAL_ERROR")),
    ],
)
async def test_a_refusal_in_the_contracts_words(
    public: Public, read: tuple[str, str, str], error: Any, expected: tuple[int, str]
) -> None:
    path, method, operation = read
    prepare(public)
    public.services.refuse(method, error)
    answer = await public.http.get(f"{BASE}/{path}", headers=public.bearer())
    assert (answer.status_code, answer.json()["error"]["code"]) == expected
    assert "secret" not in answer.text
    assert_documented("audience", operation, answer)


@pytest.mark.parametrize("method", [PEOPLE, AMONG])
async def test_a_join_that_is_away_is_503(public: Public, method: str) -> None:
    prepare(public, main_user=Place())
    public.services.down(method)
    url = f"{BASE}/audience-track/{TRACK}?main_user_id={MARA}"
    answer = await public.http.get(url, headers=public.bearer(sub=MARA))
    assert answer.status_code == 503
    assert_documented("audience", "getTrackAudience", answer)


async def test_anothers_place_is_403(public: Public) -> None:
    public.services.refuse(FOR_TRACK, errors.Forbidden("main_user_id must be your own id"))
    answer = await public.http.get(
        f"{BASE}/audience-track/{TRACK}?main_user_id={JOHN}", headers=public.bearer(sub=MARA)
    )
    assert_documented("audience", "getTrackAudience", answer)
    assert answer.json()["error"]["message"] == "main_user_id must be your own id"


@pytest.mark.parametrize(("path", "method", "operation"), READS)
async def test_a_user_must_be_known(public: Public, path: str, method: str, operation: str) -> None:
    for headers in ({}, {"Authorization": "Bearer x"}, public.bearer("client")):
        answer = await public.http.get(f"{BASE}/{path}", headers=headers)
        assert answer.status_code == 401
        assert_documented("audience", operation, answer)
    assert asked_of(public) == []


@pytest.mark.parametrize(
    ("path", "field"),
    [
        (f"audience-track/{TRACK[:-1]}", "track_id"),
        (f"audience-track/{TRACK}0", "track_id"),
        ("audience-track/123", "track_id"),
        (f"audience-track/{TRACK[:31]}%00", "track_id"),
        (f"audience-track/urn:uuid:{UUID(TRACK)}", "track_id"),
        (f"audience-track/{TRACK}?page=0", "page"),
        (f"audience-track/{TRACK}?page=1000001", "page"),
        (f"audience-track/{TRACK}?limit=101", "limit"),
        (f"audience-track/{TRACK}?limit=1e1", "limit"),
        (f"audience-track/{TRACK}?limit=", "limit"),
        (f"audience-track/{TRACK}?main_user_id=me", "main_user_id"),
        (f"audience-track/{TRACK}?main_user_id=", "main_user_id"),
    ],
)
async def test_a_malformed_parameter_is_400_and_named(public: Public, path: str, field: str) -> None:
    answer = await public.http.get(f"{BASE}/{path}", headers=public.bearer())
    assert answer.status_code == 400
    assert_documented("audience", "getTrackAudience", answer)
    assert [detail["field"] for detail in answer.json()["error"]["details"]] == [field]
    assert asked_of(public) == []


async def test_unknown_paths_and_methods(public: Public) -> None:
    unknown = await public.http.get(f"{BASE}/nothing")
    assert (unknown.status_code, unknown.json()["error"]["code"]) == (404, "NOT_FOUND")
    wrong = await public.http.get(f"{BASE}/audience")
    assert (wrong.status_code, wrong.json()["error"]["code"]) == (405, "METHOD_NOT_ALLOWED")
    assert wrong.headers["allow"] == "POST"


async def test_a_limited_reader_costs_no_call(public: Public, still_limits: None) -> None:
    prepare(public)
    await asyncio.gather(*(public.built.parts.limits.spend([READ_LIMIT], "192.0.2.1") for _ in range(499)))
    answers = [await public.http.get(f"{BASE}/top-audience/{TRACK}", headers=public.bearer()) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 429]
    assert_documented("audience", "getTopAudience", answers[-1])
    assert len(public.services.asked(TOP)) == 1
