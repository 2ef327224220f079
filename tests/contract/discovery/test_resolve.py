"""From a page's URL to the resource behind it, by a relative redirect."""

import pytest

from chassis import errors
from tests.contract.conftest import Public
from tests.contract.discovery.examples import BY_HANDLE, GET_PLAYLIST, GET_TRACKS
from tests.contract.documented import assert_documented

USER, TRACK, PLAYLIST = "/v1/users/nlGNe", "/v1/tracks/D7KyD", "/v1/playlists/DOPRl"


async def resolve(discovery: Public, url: str) -> tuple[int, str]:
    answer = await discovery.http.get("/v1/resolve", params={"url": url, "app_name": "X"})
    if answer.status_code != 302:
        assert_documented("discovery", "resolve", answer)
    return answer.status_code, answer.headers.get("location", "")


@pytest.mark.parametrize(
    ("url", "location"),
    [
        ("https://audius.co/TeamBandL", USER),
        ("https://audius.co/teambandl/", USER),
        ("/TEAMBANDL", USER),
        ("/%54eamBandL?utm=x#top", USER),
        ("https://audius.co/TeamBandL/paauer-725", TRACK),
        ("http://elsewhere.example:8080/anybody/renamed-725/?a=/b-1#c", TRACK),
        ("//host/x/%E3%83%86%E3%82%B9%E3%83%88-725", TRACK),
        ("/x/テスト-725", TRACK),
        ("/x/a-b-c--725", TRACK),
        ("/x/a%2Fb-725", TRACK),
        ("/x/playlist-725", TRACK),
        ("https://audius.co/TeamBandL/playlist/hot-new-4281", PLAYLIST),
        ("/TeamBandL/album/hot-new-4281/", PLAYLIST),
    ],
)
async def test_a_url_of_something(discovery: Public, url: str, location: str) -> None:
    assert await resolve(discovery, url) == (302, location)


@pytest.mark.parametrize(
    "url",
    ["/", "//", "https://audius.co", "https://audius.co/", "TeamBandL", "audius.co/TeamBandL", "https:/", "/nobody",
     "/TeamBandL//", "//audius.co//TeamBandL", "/TeamBandL/paauer", "/TeamBandL/725", "/TeamBandL/-725",
     "/TeamBandL/paauer-0", "/TeamBandL/paauer-726", "/TeamBandL/paauer-9223372036854775808", "/x/a-" + "9" * 1000,
     "/TeamBandL/paauer-७२५", "/TeamBandL/playlist/hot-new", "/TeamBandL/playlist/hot-new-1", "/TeamBandL/set/x-4281",
     "/a/playlist/b-4281/c", "/%54eam%2542andL", "/a\x00b", "/a\nb", "http://[", "?/TeamBandL", "#/TeamBandL", "🎧",
     "javascript:alert(1)", "/" + "x" * 2047],
)  # fmt: skip
async def test_a_url_of_nothing(discovery: Public, url: str) -> None:
    assert await resolve(discovery, url) == (404, "")


@pytest.mark.parametrize("url", ["/x/paauer-725", "/x/playlist/hot-new-4281", "/TeamBandL"])
async def test_what_the_public_may_not_see(discovery: Public, url: str) -> None:
    for method in (BY_HANDLE, GET_PLAYLIST):
        discovery.services.refuse(method, errors.Forbidden())
    discovery.services.refuse(GET_TRACKS, errors.NotFound())
    assert await resolve(discovery, url) == (404, "")


@pytest.mark.parametrize("url", ["", "/" + "x" * 2048])
async def test_a_url_that_is_empty_or_too_long(discovery: Public, url: str) -> None:
    answer = await discovery.http.get("/v1/resolve", params={"url": url})
    assert (answer.status_code, answer.json()) == (400, {"message": "Oh no! Bad request parameter url."})


async def test_no_url(discovery: Public) -> None:
    answer = await discovery.http.get("/v1/resolve")
    missing = "Missing required parameter in the JSON body or the post body or the query string"
    assert answer.status_code == 400
    assert answer.json() == {"message": "Input payload validation failed", "errors": {"url": missing}}
    assert_documented("discovery", "resolve", answer)
