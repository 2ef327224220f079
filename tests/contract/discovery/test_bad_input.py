"""Numbers out of range are clamped; what is missing, empty or of another type is 400 in this contract's words."""

import pytest
from soundstage.common.v1.common_pb2 import Page

from tests.contract.conftest import Public
from tests.contract.discovery.examples import SEARCH_PEOPLE, TOP_PEOPLE, TRENDING
from tests.contract.documented import assert_documented

SEARCHES = {
    "searchUsers": "/v1/users/search",
    "searchTracks": "/v1/tracks/search",
    "searchPlaylists": "/v1/playlists/search",
}
PAGES = {
    "getTopUsers": "/v1/users/top",
    "getFullUserTracksByHandle": "/v1/full/users/handle/TeamBandL/tracks",
    "getUserFavoriteTracks": "/v1/users/nlGNe/favorites/tracks",
    "getUserReposts": "/v1/users/nlGNe/reposts",
    "getUserTracks": "/v1/users/nlGNe/tracks",
    "getTrendingTracks": "/v1/tracks/trending",
}
MISSING = "Missing required parameter in the JSON body or the post body or the query string"
NOT_INTEGERS = ["ten", "", " ", "1.5", "1e3", "0x10", "1,000", "--5", "٣", "1_000", "5\x00", "0" * 5000 + "x"]


@pytest.mark.parametrize(
    ("limit", "offset", "page"),
    [
        ("0", "-1", Page(limit=1)),
        ("-5", "0", Page(limit=1)),
        ("500", "500", Page(limit=500, offset=500)),
        ("501", "501", Page(limit=500, offset=500)),
        ("+7", "007", Page(limit=7, offset=7)),
        ("9" * 5000, "9" * 5000, Page(limit=500, offset=500)),
        ("-" + "9" * 5000, "-0", Page(limit=1)),
        ("0" * 5000 + "3", "-" + "0" * 5000, Page(limit=3)),
    ],
)
async def test_a_page_out_of_range_is_clamped(discovery: Public, limit: str, offset: str, page: Page) -> None:
    answer = await discovery.http.get("/v1/users/top", params={"limit": limit, "offset": offset})
    assert answer.status_code == 200
    assert [asked.page for asked in discovery.services.asked(TOP_PEOPLE)] == [page]


async def test_trending_has_bounds_of_its_own(discovery: Public) -> None:
    for limit in ("101", "0"):
        await discovery.http.get("/v1/tracks/trending", params={"limit": limit})
    assert [asked.page for asked in discovery.services.asked(TRENDING)] == [Page(limit=110), Page(limit=11)]


@pytest.mark.parametrize("operation", PAGES)
@pytest.mark.parametrize("value", NOT_INTEGERS)
async def test_what_is_not_an_integer(discovery: Public, operation: str, value: str) -> None:
    for name in ("limit", "offset"):
        answer = await discovery.http.get(PAGES[operation], params={name: value})
        assert (answer.status_code, answer.json()) == (
            400,
            {
                "message": "Input payload validation failed",
                "errors": {name: f"The value '{value}' is not an integer."},
            },
        )
        assert_documented("discovery", operation, answer)
    assert not discovery.services.calls


async def test_all_that_is_wrong_is_named(discovery: Public) -> None:
    answer = await discovery.http.get("/v1/users/nlGNe/tracks?limit=x&offset=y&sort=foo")
    assert answer.json()["errors"] == {
        "limit": "The value 'x' is not an integer.",
        "offset": "The value 'y' is not an integer.",
        "sort": "The value 'foo' is not a valid choice for 'sort'.",
    }


@pytest.mark.parametrize(
    ("path", "name", "value"),
    [
        ("/v1/users/nlGNe/tracks?sort=", "sort", ""),
        ("/v1/users/nlGNe/tracks?sort=Date", "sort", "Date"),
        ("/v1/tracks/trending?time=all_time", "time", "all_time"),
        ("/v1/tracks/trending?time=", "time", ""),
        ("/v1/metrics/app_name/trailing/year", "time_range", "year"),
        ("/v1/metrics/app_name/trailing/%00", "time_range", "\x00"),
    ],
)
async def test_what_is_no_choice(discovery: Public, path: str, name: str, value: str) -> None:
    answer = await discovery.http.get(path)
    assert answer.status_code == 400
    assert answer.json()["errors"] == {name: f"The value '{value}' is not a valid choice for '{name}'."}
    assert not discovery.services.calls


@pytest.mark.parametrize("operation", SEARCHES)
async def test_a_search_for_nothing(discovery: Public, operation: str) -> None:
    answer = await discovery.http.get(SEARCHES[operation])
    assert (answer.status_code, answer.json()) == (
        400, {"message": "Input payload validation failed", "errors": {"query": MISSING}}
    )  # fmt: skip
    assert_documented("discovery", operation, answer)
    for blank in ("", " \t", "\u2003", "a\x00b", "x" * 501):
        answer = await discovery.http.get(SEARCHES[operation], params={"query": blank})
        assert (answer.status_code, answer.json()) == (400, {"message": "Oh no! Bad request parameter query."})
        assert_documented("discovery", operation, answer)
    answer = await discovery.http.get(SEARCHES[operation], params={"query": "x", "only_downloadable": "1"})
    assert answer.json()["errors"] == {"only_downloadable": "The value '1' is not true or false."}
    assert not discovery.services.calls


@pytest.mark.parametrize("query", ["x" * 500, "🎧", "a/b", "%", "' OR 1=1 --", "<b>", "ﷺ"])
async def test_a_search_for_anything(discovery: Public, query: str) -> None:
    assert (await discovery.http.get("/v1/users/search", params={"query": query})).status_code == 200
    assert [asked.query for asked in discovery.services.asked(SEARCH_PEOPLE)] == [query]


async def test_a_query_that_is_not_utf8(discovery: Public) -> None:
    answer = await discovery.http.get("/v1/users/search?query=%FF%FE")
    assert (answer.status_code, list(answer.json())) == (400, ["message"])


@pytest.mark.parametrize(
    "operation", ["getUserFavorites", "getUserReposts", "getUserTags", "getPlaylist", "getPlaylistTracks"]
)
@pytest.mark.parametrize("text", ["xx", "nlgne", "%00", "ääää", "x" * 2000])
async def test_an_id_that_no_number_has(discovery: Public, operation: str, text: str) -> None:
    rest = {"getUserFavorites": "/favorites", "getUserReposts": "/reposts", "getUserTags": "/tags"}
    kind = "users" if operation in rest else "playlists"
    tail = rest.get(operation, "/tracks" if operation == "getPlaylistTracks" else "")
    answer = await discovery.http.get(f"/v1/{kind}/{text}{tail}")
    assert (answer.status_code, list(answer.json())) == (404, ["message"])
    assert answer.json()["message"].startswith("Invalid ID: '")
    assert_documented("discovery", operation, answer)
    assert not discovery.services.calls
