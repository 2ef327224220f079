"""A track, a user, the hosts and the health, as real clients read them."""

import time

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from soundstage.catalog.v1.tracks_pb2 import GetTrackBatchResponse, GetTrackOutcome, Track
from soundstage.insights.v1.trending_pb2 import GetTrendingStateResponse

from chassis import errors
from gateway.contracts.discovery import hashid
from tests.contract.conftest import Public
from tests.contract.discovery.examples import GET_TRACKS, LIST_LIKES, LIST_TRACKS, RECORDING, TRACK, TRENDING_STATE
from tests.contract.documented import assert_documented

USER = {
    "album_count": 0,
    "bio": "Makin' moves",
    "cover_photo": None,
    "followee_count": 0,
    "follower_count": 11141,
    "handle": "TeamBandL",
    "id": "nlGNe",
    "is_verified": False,
    "location": None,
    "name": "Brownies & Lemonade",
    "playlist_count": 0,
    "profile_picture": dict.fromkeys(("150x150", "480x480", "1000x1000"), "https://cdn.example/p.jpg"),
    "repost_count": 0,
    "track_count": 4,
}


async def test_a_user(discovery: Public) -> None:
    answer = await discovery.http.get("/v1/users/nlGNe", params={"app_name": "", "unknown": "x"})
    assert (answer.status_code, answer.json()) == (200, {"data": USER})
    assert_documented("discovery", "getUser", answer)
    assert answer.headers["access-control-allow-origin"] == "*"


async def test_a_track(discovery: Public) -> None:
    answer = await discovery.http.get("/v1/tracks/D7KyD", headers={"Authorization": "Bearer nonsense"})
    assert answer.status_code == 200
    assert_documented("discovery", "getTrack", answer)
    track = answer.json()["data"]
    assert track["user"] == USER
    sizes = ("150x150", "480x480", "1000x1000")
    address = f"http://music.test/media/recordings/{RECORDING}"
    assert track["artwork"] == {size: f"{address}/cover-{size}.jpg" for size in sizes}
    shown = ("id", "title", "duration", "release_date", "tags", "play_count", "favorite_count", "permalink", "mood")
    assert [track[name] for name in shown] == [
        "D7KyD",
        "Paauer",
        5265,
        "Mon Sep 23 2019 19:35:10 GMT+0000",
        "baauer,live",
        7182,
        143,
        "/TeamBandL/paauer-725",
        None,
    ]
    assert track["stream"] == {"url": "http://music.test/v1/tracks/D7KyD/stream", "mirrors": []}
    [asked] = discovery.services.asked(GET_TRACKS)
    assert asked.items[0].public_only
    assert "email" not in answer.text


async def test_no_picture_is_null(discovery: Public) -> None:
    plain = Track()
    plain.CopyFrom(TRACK)
    plain.ClearField("cover_object")
    plain.owner.ClearField("picture")
    discovery.services.on(GET_TRACKS, GetTrackBatchResponse(outcomes=[GetTrackOutcome(track=plain)]))
    answer = await discovery.http.get("/v1/tracks/D7KyD")
    assert_documented("discovery", "getTrack", answer)
    track = answer.json()["data"]
    assert (track["artwork"], track["user"]["profile_picture"], track["user"]["cover_photo"]) == (None, None, None)


@pytest.mark.parametrize("operation", ["getTrack", "getUser"])
@pytest.mark.parametrize("text", ["xx", "1234", "d7kyd", "D7KyD0", "ääääää", "%2e%2e%2f", "%00%00%00%00%00", "x" * 200])
async def test_an_id_that_no_number_has(discovery: Public, operation: str, text: str) -> None:
    kind = {"getTrack": "tracks", "getUser": "users"}[operation]
    answer = await discovery.http.get(f"/v1/{kind}/{text}")
    assert answer.status_code == 404
    assert_documented("discovery", operation, answer)
    assert answer.json()["message"].startswith("Invalid ID: '")
    assert not discovery.services.calls


@pytest.mark.parametrize(("path", "shown"), [("/v1/tracks/nlGNe", "nlGNe"), ("/v1/users/D7KyD", "D7KyD")])
async def test_what_is_not_there(discovery: Public, path: str, shown: str) -> None:
    answer = await discovery.http.get(path)
    assert (answer.status_code, answer.json()) == (404, {"message": f"Oh no! Resource for ID {shown} not found."})


async def test_a_partners_user_is_no_member_of_the_public(discovery: Public) -> None:
    assert (await discovery.http.get(f"/v1/users/{hashid.encode(295)}")).status_code == 404


async def test_the_hosts(discovery: Public) -> None:
    answer = await discovery.http.get("/", headers={"Accept": "text/html"})
    assert (answer.status_code, answer.json()) == (200, {"data": ["http://music.test"]})
    assert_documented("discovery", "listHosts", answer)


async def test_the_health(discovery: Public) -> None:
    discovery.services.refuse(LIST_LIKES, errors.NotFound())
    answer = await discovery.http.get("/health_check")
    assert (answer.status_code, answer.json()["success"]) == (200, True)
    assert answer.json()["data"]["trending_tracks_age_sec"] is None
    assert_documented("discovery", "getHealth", answer)
    ranked_at = Timestamp(seconds=int(time.time()) - 100)
    discovery.services.on(TRENDING_STATE, GetTrendingStateResponse(ranked_at=ranked_at))
    answer = await discovery.http.get("/health_check")
    assert 100 <= answer.json()["data"]["trending_tracks_age_sec"] < 200
    discovery.services.down(TRENDING_STATE)
    answer = await discovery.http.get("/health_check")
    assert (answer.status_code, answer.json()["data"]["errors"]) == (500, ["insights"])
    assert answer.json()["data"]["trending_tracks_age_sec"] is None
    assert_documented("discovery", "getHealth", answer)
    discovery.services.down(LIST_TRACKS)
    answer = await discovery.http.get("/health_check")
    assert (answer.status_code, answer.json()["data"]["errors"]) == (500, ["catalog", "insights"])
    assert_documented("discovery", "getHealth", answer)


async def test_a_service_that_is_away_or_broken(discovery: Public) -> None:
    discovery.services.refuse(GET_TRACKS, errors.Unavailable(retry_after_seconds=1.2))
    answer = await discovery.http.get("/v1/tracks/D7KyD")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
    assert answer.json() == {"message": "Oh no! Try again in a moment."}
    assert_documented("discovery", "getTrack", answer)
    discovery.services.refuse(GET_TRACKS, errors.Internal())
    answer = await discovery.http.get("/v1/tracks/D7KyD")
    assert (answer.status_code, answer.json()) == (500, {"message": "Something caused the server to crash."})


async def test_paths_and_methods_that_are_not_there(discovery: Public) -> None:
    answer = await discovery.http.get("/v1/nothing/here")
    assert (answer.status_code, list(answer.json())) == (404, ["message"])
    answer = await discovery.http.post("/v1/tracks/D7KyD")
    assert (answer.status_code, answer.headers["allow"], list(answer.json())) == (405, "GET, HEAD", ["message"])
