"""Every operation: whole pages as documented, and at most three calls in two rounds."""

import asyncio
from typing import Any

import pytest
from soundstage.audience.v1.likes_pb2 import LikedTrack, ListLikesOfResponse
from soundstage.catalog.v1.tracks_pb2 import GetTrackBatchResponse, GetTrackOutcome
from soundstage.insights.v1.trending_pb2 import ListTrendingTracksResponse

from chassis import errors
from gateway.config import Settings
from gateway.contracts.discovery import contract
from tests.contract.conftest import Public
from tests.contract.discovery.examples import (
    ANSWERS,
    GET_PLAYLISTS,
    GET_TRACKS,
    LIKES_OF,
    LIST_LIKES,
    LIST_TRACKS,
    MOMENT,
    REPOSTS_OF,
    TRACK,
    TRENDING,
    TRENDING_STATE,
)
from tests.contract.documented import assert_documented

USER, PLAYLIST = "/v1/users/nlGNe", "/v1/playlists/DOPRl"
PATHS = {
    "searchUsers": "/v1/users/search?query=brownies",
    "getTopUsers": "/v1/users/top?limit=500",
    "getUserByHandle": "/v1/users/handle/teambandl",
    "getFullUserByHandle": "/v1/full/users/handle/TeamBandL",
    "getFullUserTracksByHandle": "/v1/full/users/handle/TeamBandL/tracks?limit=500",
    "getUser": USER,
    "getUserFavorites": f"{USER}/favorites",
    "getUserFavoriteTracks": f"{USER}/favorites/tracks?limit=500",
    "getUserReposts": f"{USER}/reposts?limit=500",
    "getUserTags": f"{USER}/tags?limit=500",
    "getUserTracks": f"{USER}/tracks?limit=500",
    "searchPlaylists": "/v1/playlists/search?query=hot",
    "getPlaylist": PLAYLIST,
    "getPlaylistTracks": f"{PLAYLIST}/tracks",
    "searchTracks": "/v1/tracks/search?query=paauer",
    "getTrendingTracks": "/v1/tracks/trending",
    "getTrack": "/v1/tracks/D7KyD",
    "streamTrack": "/v1/tracks/D7KyD/stream",
    "headTrackStream": "/v1/tracks/D7KyD/stream",
    "getTrailingAppNameMetrics": "/v1/metrics/app_name/trailing/week",
    "resolve": "/v1/resolve?url=/TeamBandL",
    "getDeveloperApp": "/v1/developer_apps/0x7D27",
    "getDeveloperAppByHyphenatedPath": "/v1/developer-apps/0x7d27",
    "listHosts": "/",
    "getHealth": "/health_check",
}
WITHOUT_BODY = ("streamTrack", "headTrackStream", "resolve")
OF_A_USER = [name for name, path in PATHS.items() if path.startswith(USER)]


def test_all_are_built() -> None:
    operations = contract(Settings()).operations()
    assert {o.operation_id for o in operations} == PATHS.keys()
    assert all(o.is_built for o in operations)


@pytest.mark.parametrize("operation", [name for name in PATHS if name not in WITHOUT_BODY])
async def test_the_answer_is_as_documented(discovery: Public, operation: str) -> None:
    answer = await discovery.http.get(PATHS[operation])
    assert answer.status_code == 200, answer.text
    assert_documented("discovery", operation, answer)
    assert answer.headers["access-control-allow-origin"] == "*"


@pytest.mark.parametrize("operation", PATHS)
async def test_at_most_three_calls(discovery: Public, operation: str) -> None:
    """Also of the longest page; those with three of them are held to two rounds below."""
    many = [TRACK.id[:-3] + f"{place:03x}" for place in range(500)]
    likes = [LikedTrack(track_id=track_id, liked_at=MOMENT) for track_id in many]
    discovery.services.on(LIKES_OF, ListLikesOfResponse(tracks=likes, total=500))
    discovery.services.on(TRENDING, ListTrendingTracksResponse(track_ids=many[:110]))
    discovery.services.on(
        GET_TRACKS, lambda asked: GetTrackBatchResponse(outcomes=[GetTrackOutcome(track=TRACK) for _ in asked.items])
    )
    method = "HEAD" if operation == "headTrackStream" else "GET"
    answer = await discovery.http.request(method, PATHS[operation])
    assert answer.status_code in (200, 302)
    asked = [name for name, _ in discovery.services.calls]
    assert len(asked) <= 2 or sorted(asked) in THREE


TOGETHER = {
    f"{USER}/reposts": (GET_PLAYLISTS, GET_TRACKS),
    "/health_check": (LIST_TRACKS, LIST_LIKES, TRENDING_STATE),
}
THREE = [sorted((REPOSTS_OF, GET_TRACKS, GET_PLAYLISTS)), sorted(TOGETHER["/health_check"])]


@pytest.mark.parametrize("path", TOGETHER)
async def test_three_calls_are_two_rounds_at_most(discovery: Public, path: str) -> None:
    """None of these is answered before all were asked."""
    barrier = asyncio.Barrier(len(TOGETHER[path]))
    for method in TOGETHER[path]:
        discovery.services.on(method, _behind(barrier, ANSWERS[method]))
    assert (await discovery.http.get(path)).status_code == 200


@pytest.mark.parametrize("operation", [*OF_A_USER, "getPlaylist", "getPlaylistTracks"])
async def test_nobody_and_nothing_is_404(discovery: Public, operation: str) -> None:
    discovery.services.on(LIST_TRACKS, ANSWERS[LIST_TRACKS].__class__())
    for method in (LIKES_OF, REPOSTS_OF, "catalog.v1.TracksService/ListTags"):
        discovery.services.refuse(method, errors.NotFound())
    path = PATHS[operation].replace("nlGNe", "V4W8r").replace("DOPRl", "V4W8r")
    answer = await discovery.http.get(path)
    assert answer.status_code == 404, answer.text
    assert answer.json() == {"message": "Oh no! Resource for ID V4W8r not found."}
    assert_documented("discovery", operation, answer)


@pytest.mark.parametrize("operation", ["getUserByHandle", "getFullUserByHandle", "getFullUserTracksByHandle"])
@pytest.mark.parametrize("handle", ["nobody", "a%2Fb", "%F0%9F%8E%A7", "x" * 2000, "%00", "..%2F..", "%FF"])
async def test_a_handle_that_nobody_has(discovery: Public, operation: str, handle: str) -> None:
    path = PATHS[operation].replace("TeamBandL", handle).replace("teambandl", handle)
    answer = await discovery.http.get(path)
    assert answer.status_code == 404
    assert_documented("discovery", operation, answer)


@pytest.mark.parametrize("address", ["0x00", "%00", "a%2Fb", "x" * 2000])
async def test_an_app_that_is_not_registered(discovery: Public, address: str) -> None:
    for spelling in ("developer_apps", "developer-apps"):
        answer = await discovery.http.get(f"/v1/{spelling}/{address}")
        assert (answer.status_code, list(answer.json())) == (404, ["message"])


def _behind(barrier: asyncio.Barrier, reply: Any) -> Any:
    async def answer(request: Any) -> Any:
        await barrier.wait()
        return reply(request) if callable(reply) else reply

    return answer
