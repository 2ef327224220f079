from typing import Any

import pytest
from soundstage.catalog.v1 import playlists_pb2 as pb
from soundstage.catalog.v1.people_pb2 import Person
from soundstage.catalog.v1.search_pb2 import SearchPlaylistsResponse

from chassis import errors
from tests.contract.conftest import Public
from tests.contract.documented import assert_documented
from tests.contract.platform.examples import JOHN, TRACK, completed_track

PLAYLIST = "018f3c1e-0000-7000-8000-0000000000ff"
OTHER = "018f3c1e-0000-7000-8000-0000000000ab"
SERVICE = "catalog.v1.PlaylistsService"
ONE = f"/api/v1/playlists/{PLAYLIST}"


def playlist(**changes: Any) -> pb.Playlist:
    values: dict[str, Any] = {"title": "My Playlist", "description": "A great playlist", "is_public": True} | changes
    made = pb.Playlist(
        id=PLAYLIST, number=725, owner=Person(id=JOHN, number=294, handle="johndoe"), track_count=2, like_count=5,
        **values,
    )  # fmt: skip
    made.created_at.FromJsonString("2025-01-01T00:00:00Z")
    return made


def collaborator(permission: pb.Permission.ValueType) -> pb.Collaborator:
    made = pb.Collaborator(person=Person(id=JOHN, handle="johndoe"), permission=permission)
    made.added_at.FromJsonString("2025-01-01T00:00:00Z")
    return made


NEW = {
    "id": PLAYLIST, "title": "My Playlist", "description": "A great playlist", "is_public": True, "track_count": 2,
    "created_at": "2025-01-01T00:00:00Z",
}  # fmt: skip
HIT = {"id": PLAYLIST, "title": "My Playlist", "is_public": True}


async def test_a_playlist_is_made(public: Public) -> None:
    public.services.on(f"{SERVICE}/Add", pb.AddPlaylistResponse(playlist=playlist()))
    headers = public.bearer() | {"Idempotency-Key": "k1"}
    answer = await public.http.post("/api/v1/playlists", json={"title": "My Playlist"}, headers=headers)
    assert_documented("platform", "createPlaylist", answer)
    assert (answer.status_code, answer.json()["data"]) == (201, {"playlist": NEW})
    [asked] = public.services.asked(f"{SERVICE}/Add")
    assert (asked.title, asked.HasField("description"), asked.is_public, asked.idempotency_key) == (
        "My Playlist", False, True, "k1",
    )  # fmt: skip


async def test_lists_search_and_recommendations(public: Public) -> None:
    listed = pb.ListPlaylistsResponse(playlists=[playlist()], total=21)
    public.services.on(f"{SERVICE}/List", listed)
    answer = await public.http.get(f"/api/v1/playlists?user_id={JOHN}&page=2", headers=public.bearer())
    assert_documented("platform", "listPlaylists", answer)
    pagination = {"page": 2, "limit": 20, "total": 21, "total_pages": 2}
    assert answer.json()["data"] == {"playlists": [NEW | {"follower_count": 5}], "pagination": pagination}
    [asked] = public.services.asked(f"{SERVICE}/List")
    assert (asked.owner_id, asked.page.offset, asked.page.limit) == (JOHN, 20, 20)

    found = SearchPlaylistsResponse(playlists=[playlist()], total=1)
    public.services.on("catalog.v1.SearchService/SearchPlaylists", found)
    answer = await public.http.get("/api/v1/playlists/search?q=my&is_public=true&limit=5", headers=public.bearer())
    assert_documented("platform", "searchPlaylists", answer)
    assert answer.json()["data"] == {"playlists": [HIT], "total": 1, "page": 1, "limit": 5}
    [searched] = public.services.asked("catalog.v1.SearchService/SearchPlaylists")
    assert (searched.query, searched.HasField("is_public"), searched.is_public) == ("my", True, True)

    public.services.on(f"{SERVICE}/Recommend", pb.RecommendPlaylistsResponse(playlists=[playlist()]))
    answer = await public.http.get("/api/v1/playlists/recommendations", headers=public.bearer())
    assert_documented("platform", "getPlaylistRecommendations", answer)
    assert answer.json()["data"] == {"playlists": [HIT]}
    assert public.services.asked(f"{SERVICE}/Recommend")[0].limit == 10


@pytest.mark.parametrize(
    "path",
    [
        "/playlists?user_id=x",
        "/playlists?page=0",
        "/playlists/search?is_public=yes",
        "/playlists/search?is_public=1",
        "/playlists/search?q=" + "x" * 201,
        "/playlists/recommendations?limit=0",
        "/playlists/recommendations?limit=1.5",
        "/playlists/nonsense",
    ],
)
async def test_what_cannot_be_read_is_400(public: Public, path: str) -> None:
    answer = await public.http.get(f"/api/v1{path}", headers=public.bearer())
    assert answer.status_code == 400, answer.text


async def test_one_playlist_and_a_shared_one_look_alike(public: Public) -> None:
    whole = playlist(description=None)
    for position, track_id in ((1, TRACK), (3, OTHER)):
        whole.entries.append(pb.PlaylistEntry(track_id=track_id, position=position, track=completed_track()))
    public.services.on(f"{SERVICE}/Get", pb.GetPlaylistResponse(playlist=whole))
    public.services.on(f"{SERVICE}/GetShared", pb.GetSharedPlaylistResponse(playlist=whole))
    one = await public.http.get(ONE, headers=public.bearer())
    assert_documented("platform", "getPlaylist", one)
    tracks = [{"id": TRACK, "title": "My Track", "position": 1}, {"id": OTHER, "title": "My Track", "position": 3}]
    assert one.json()["data"]["playlist"] == NEW | {"description": None, "tracks": tracks}
    assert public.services.asked(f"{SERVICE}/Get")[0].with_tracks
    shared = await public.http.get("/api/v1/playlists/shared/abc123def456")
    assert_documented("platform", "getSharedPlaylist", shared)
    assert shared.json() == one.json()
    public.services.refuse(f"{SERVICE}/GetShared", errors.NotFound())
    gone = await public.http.get("/api/v1/playlists/shared/%00")
    assert gone.status_code == 404
    assert_documented("platform", "getSharedPlaylist", gone)
    assert (await public.http.post("/api/v1/playlists/shared/like", headers=public.bearer())).status_code == 405


async def test_only_what_is_sent_changes(public: Public) -> None:
    public.services.on(f"{SERVICE}/Change", pb.ChangePlaylistResponse(playlist=playlist()))
    answer = await public.http.put(ONE, json={"title": "My Playlist", "description": ""}, headers=public.bearer())
    assert_documented("platform", "updatePlaylist", answer)
    changed = {"id": PLAYLIST, "title": "My Playlist", "description": "A great playlist"}
    assert answer.json()["data"] == {"playlist": changed}
    [asked] = public.services.asked(f"{SERVICE}/Change")
    assert (list(asked.fields), asked.HasField("description")) == (["description", "title"], False)


@pytest.mark.parametrize(
    ("method", "path", "body", "field"),
    [
        ("POST", "/api/v1/playlists", {}, "title"),
        ("POST", "/api/v1/playlists", {"title": "  "}, "title"),
        ("POST", "/api/v1/playlists", {"title": "x", "owner_id": JOHN}, "owner_id"),
        ("POST", "/api/v1/playlists", {"title": "x", "is_public": "true"}, "is_public"),
        ("PUT", ONE, {}, ""),
        ("PUT", ONE, {"title": None}, "title"),
        ("POST", f"{ONE}/tracks", {"track_id": "x"}, "track_id"),
        ("PUT", f"{ONE}/tracks/reorder", {"track_ids": []}, "track_ids"),
        ("PUT", f"{ONE}/tracks/reorder", {"track_ids": [TRACK, TRACK.upper()]}, "track_ids"),
        ("POST", f"{ONE}/collaborators", {"user_id": JOHN, "permission": "owner"}, "permission"),
        ("POST", f"{ONE}/collaborators", {"permission": "read"}, "user_id"),
        ("PUT", f"{ONE}/collaborators/{JOHN}", {"permission": "READ"}, "permission"),
    ],
)
async def test_a_wrong_body_is_422(public: Public, method: str, path: str, body: Any, field: str) -> None:
    answer = await public.http.request(method, path, json=body, headers=public.bearer())
    assert answer.status_code == 422, answer.text
    assert answer.json()["error"]["details"][0]["field"] == field


async def test_tracks_enter_leave_and_move(public: Public) -> None:
    order = {"track_ids": [TRACK, OTHER]}
    calls = [
        ("POST", "tracks", {"track_id": TRACK}, "addPlaylistTrack", "AddTrack", pb.AddPlaylistTrackResponse()),
        ("DELETE", f"tracks/{TRACK}", None, "removePlaylistTrack", "RemoveTrack", pb.RemovePlaylistTrackResponse()),
        ("PUT", "tracks/reorder", order, "reorderPlaylistTracks", "Reorder", pb.ReorderPlaylistResponse()),
    ]  # fmt: skip
    for method, path, body, operation, rpc, reply in calls:
        public.services.on(f"{SERVICE}/{rpc}", reply)
        answer = await public.http.request(method, f"{ONE}/{path}", json=body, headers=public.bearer())
        assert answer.status_code == 200, answer.text
        assert_documented("platform", operation, answer)
        assert public.services.asked(f"{SERVICE}/{rpc}")[0].playlist_id == PLAYLIST
    assert list(public.services.asked(f"{SERVICE}/Reorder")[0].track_ids) == [TRACK, OTHER]
    refusals: list[tuple[errors.Error, int]] = [
        (errors.Conflict("The track is in the playlist already"), 409),
        (errors.Forbidden(), 403),
        (errors.NotFound(), 404),
    ]
    for error, status in refusals:
        public.services.refuse(f"{SERVICE}/AddTrack", error)
        answer = await public.http.post(f"{ONE}/tracks", json={"track_id": TRACK}, headers=public.bearer())
        assert answer.status_code == status
        assert_documented("platform", "addPlaylistTrack", answer)


async def test_collaborators(public: Public) -> None:
    one = collaborator(pb.PERMISSION_WRITE)
    public.services.on(f"{SERVICE}/AddCollaborator", pb.AddCollaboratorResponse(collaborator=one))
    public.services.on(f"{SERVICE}/ListCollaborators", pb.ListCollaboratorsResponse(collaborators=[one]))
    public.services.on(f"{SERVICE}/ChangeCollaborator", pb.ChangeCollaboratorResponse(collaborator=one))
    public.services.on(f"{SERVICE}/RemoveCollaborator", pb.RemoveCollaboratorResponse())
    base, headers = f"{ONE}/collaborators", public.bearer()
    answers = {
        "addCollaborator": await public.http.post(base, json={"user_id": JOHN, "permission": "write"}, headers=headers),
        "listCollaborators": await public.http.get(base, headers=headers),
        "updateCollaborator": await public.http.put(f"{base}/{JOHN}", json={"permission": "admin"}, headers=headers),
        "removeCollaborator": await public.http.delete(f"{base}/{JOHN}", headers=headers),
    }
    for operation, answer in answers.items():
        assert answer.status_code == 200, answer.text
        assert_documented("platform", operation, answer)
    listed = {"id": JOHN, "username": "johndoe", "permission": "write", "added_at": "2025-01-01T00:00:00Z"}
    assert answers["listCollaborators"].json()["data"] == {"collaborators": [listed]}
    [asked] = public.services.asked(f"{SERVICE}/ChangeCollaborator")
    assert (asked.account_id, asked.permission) == (JOHN, pb.PERMISSION_ADMIN)


async def test_a_share_link_is_absolute(public: Public) -> None:
    made = pb.SharePlaylistResponse(token="abc123def456")
    made.expires_at.FromJsonString("2025-12-31T23:59:59Z")
    public.services.on(f"{SERVICE}/Share", made)
    answer = await public.http.post(f"{ONE}/share", headers=public.bearer() | {"Idempotency-Key": "k"})
    assert_documented("platform", "createShareLink", answer)
    url = "http://music.test/api/v1/playlists/shared/abc123def456"
    shown = {"share_token": "abc123def456", "share_url": url, "expires_at": "2025-12-31T23:59:59Z"}
    assert answer.json()["data"] == shown
    assert public.services.asked(f"{SERVICE}/Share")[0].idempotency_key == "k"


async def test_a_playlist_is_deleted(public: Public) -> None:
    public.services.on(f"{SERVICE}/Remove", pb.RemovePlaylistResponse())
    answer = await public.http.delete(ONE, headers=public.bearer())
    assert_documented("platform", "deletePlaylist", answer)
    assert public.services.asked(f"{SERVICE}/Remove")[0].id == PLAYLIST


async def test_search_shows_playlists(public: Public) -> None:
    found = SearchPlaylistsResponse(playlists=[playlist()], total=3)
    public.services.on("catalog.v1.SearchService/SearchPlaylists", found)
    answer = await public.http.get("/api/v1/search?q=my&type=playlists")
    assert_documented("platform", "search", answer)
    assert answer.json()["data"] == {"tracks": [], "playlists": [HIT], "users": [], "total": 3}
