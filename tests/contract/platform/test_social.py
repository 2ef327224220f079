from typing import Any, NamedTuple

import pytest
from google.protobuf.empty_pb2 import Empty
from soundstage.audience.v1.follows_pb2 import Follow, ListFolloweesResponse, ListFollowersResponse
from soundstage.audience.v1.reposts_pb2 import RepostKind
from soundstage.catalog.v1.people_pb2 import GetPersonBatchResponse, Person
from soundstage.common.v1.common_pb2 import Page, Ref

from chassis import errors
from chassis.errors import FieldError
from tests.contract.conftest import Public
from tests.contract.documented import assert_documented
from tests.contract.platform.examples import JOHN, TRACK

LIST = "018f3c1e-0000-7000-8000-0000000000ee"
PEOPLE = "catalog.v1.PeopleService/GetBatch"
OF_TRACK = {"kind": RepostKind.REPOST_KIND_TRACK, "subject_id": TRACK}
OF_LIST = {"kind": RepostKind.REPOST_KIND_PLAYLIST, "subject_id": LIST}
STATED = "2025-01-01T00:00:00Z"


class Change(NamedTuple):
    operation: str
    method: str
    path: str
    rpc: str
    asked: dict[str, Any]
    said: str


CHANGES = [
    Change("followUser", "POST", "users/{}/follow", "Follows/Follow", {"account_id": JOHN}, "User followed"),
    Change("unfollowUser", "DELETE", "users/{}/follow", "Follows/Unfollow", {"account_id": JOHN}, "User unfollowed"),
    Change("repostTrack", "POST", "tracks/{}/repost", "Reposts/Repost", OF_TRACK, "Track reposted"),
    Change("unrepostTrack", "DELETE", "tracks/{}/repost", "Reposts/Unrepost", OF_TRACK, "Track unreposted"),
    Change("repostPlaylist", "POST", "playlists/{}/repost", "Reposts/Repost", OF_LIST, "Playlist reposted"),
    Change("unrepostPlaylist", "DELETE", "playlists/{}/repost", "Reposts/Unrepost", OF_LIST, "Playlist unreposted"),
    Change("likePlaylist", "POST", "playlists/{}/like", "PlaylistLikes/Like", {"playlist_id": LIST}, "Playlist liked"),
    Change(
        "unlikePlaylist",
        "DELETE",
        "playlists/{}/like",
        "PlaylistLikes/Unlike",
        {"playlist_id": LIST},
        "Playlist unliked",
    ),
]


@pytest.fixture(params=CHANGES, ids=lambda change: change.operation)
def change(request: pytest.FixtureRequest) -> Change:
    assert isinstance(request.param, Change)
    return request.param


def rpc_of(name: str) -> str:
    service, method = name.split("/")
    return f"audience.v1.{service}Service/{method}"


def url_of(change: Change) -> str:
    (*_, subject_id) = change.asked.values()
    return f"/api/v1/{change.path}".format(subject_id)


async def test_a_change_is_one_call_and_says_so(public: Public, change: Change) -> None:
    public.services.on(rpc_of(change.rpc), Empty())
    answer = await public.http.request(change.method, url_of(change), headers=public.bearer())
    assert_documented("platform", change.operation, answer)
    assert (answer.status_code, answer.json()) == (200, {"success": True, "data": {"message": change.said}})
    [asked] = public.services.asked(rpc_of(change.rpc))
    assert {field.name: value for field, value in asked.ListFields()} == change.asked


async def test_a_change_is_refused(public: Public, change: Change) -> None:
    assert (await public.http.request(change.method, url_of(change))).status_code == 401
    path = f"/api/v1/{change.path}".format("x")
    malformed = await public.http.request(change.method, path, headers=public.bearer())
    public.services.refuse(rpc_of(change.rpc), errors.NotFound())
    missing = await public.http.request(change.method, url_of(change), headers=public.bearer())
    for answer, status in ((malformed, 400), (missing, 404)):
        assert_documented("platform", change.operation, answer)
        assert answer.status_code == status
    assert len(public.services.asked(rpc_of(change.rpc))) == 1


async def test_nobody_follows_themselves(public: Public) -> None:
    own = errors.Invalid("You cannot follow yourself", fields=[FieldError("id", "must be another user's")])
    public.services.refuse(rpc_of("Follows/Follow"), own)
    answer = await public.http.post(f"/api/v1/users/{JOHN}/follow", headers=public.bearer())
    assert_documented("platform", "followUser", answer)
    assert (answer.status_code, answer.json()["error"]["details"][0]["field"]) == (422, "id")


@pytest.mark.parametrize(
    ("operation", "name", "rpc"),
    [("listFollowers", "followers", "Follows/ListFollowers"), ("listFollowing", "following", "Follows/ListFollowees")],
)
async def test_follows_carry_names_in_two_calls(public: Public, operation: str, name: str, rpc: str) -> None:
    entries = [Follow(account_id=JOHN), Follow(account_id=TRACK)]
    for entry in entries:
        entry.followed_at.FromJsonString(STATED)
    followers, followees = (
        ListFollowersResponse(followers=entries, total=7),
        ListFolloweesResponse(followees=entries, total=7),
    )
    public.services.on(rpc_of(rpc), followers if name == "followers" else followees)
    john = Person(id=JOHN, number=294, handle="johndoe", picture="https://example.com/a.png")
    public.services.on(PEOPLE, GetPersonBatchResponse(people=[john]))
    url = f"/api/v1/users/{JOHN}/{name}"
    answer = await public.http.get(f"{url}?page=3&limit=2")
    assert_documented("platform", operation, answer)
    assert answer.json()["data"] == {
        name: [
            {"user_id": JOHN, "username": "johndoe", "avatar": "https://example.com/a.png", "followed_at": STATED},
            {"user_id": TRACK, "username": "", "avatar": None, "followed_at": STATED},
        ],
        "pagination": {"page": 3, "limit": 2, "total": 7, "total_pages": 4},
    }
    [asked] = public.services.asked(rpc_of(rpc))
    assert (asked.account, asked.page) == (Ref(id=JOHN), Page(offset=4, limit=2))
    assert len(public.services.calls) == 2
    public.services.down(PEOPLE)
    for query, status in (("", 503), ("?limit=0", 400)):
        refused = await public.http.get(url + query)
        assert_documented("platform", operation, refused)
        assert refused.status_code == status
