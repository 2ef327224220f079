"""A listener follows, likes and reposts: states that repeat without effect and show alike wherever they are read."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from tests.support.people import Person, Stage, ok, refused
from tests.support.system import System
from tests.support.waiting import eventually

Tune = Callable[[str, float], Path]


def card(stage: Stage, person: Person) -> dict[str, Any]:
    """As clients of discovery see this person."""
    from hashids import Hashids

    hashid = Hashids("azowernasdfoia", min_length=5).encode(person.user["number"])
    return dict(stage.http.get(f"/v1/users/{hashid}").json()["data"])


def playlist(owner: Person, *, is_public: bool = True) -> str:
    body = {"title": "Late hours", "is_public": is_public}
    return str(ok(owner.post("/playlists", json=body), 201)["playlist"]["id"])


def names(listed: dict[str, Any], side: str) -> list[str]:
    assert listed["pagination"]["total"] >= len(listed[side])
    return [entry["username"] for entry in listed[side]]


def test_following_is_a_state_that_shows_on_both_sides(stage: Stage, artist: Person) -> None:
    fans = [stage.person("fan") for _ in range(3)]
    follow = f"/users/{artist.id}/follow"
    for fan in fans:
        assert ok(fan.post(follow)) == {"message": "User followed"}
    before = ok(artist.get(f"/users/{artist.id}/followers"))
    assert ok(fans[0].post(follow)) == {"message": "User followed"}
    assert ok(stage.stranger().get(f"/users/{artist.id}/followers")) == before
    assert names(before, "followers") == [fan.user["username"] for fan in reversed(fans)]
    assert names(ok(fans[0].get(f"/users/{fans[0].id}/following")), "following") == [artist.user["username"]]
    eventually(lambda: card(stage, artist)["follower_count"] == 3)
    eventually(lambda: card(stage, fans[0])["followee_count"] == 1)
    for _ in range(2):
        assert ok(fans[0].delete(follow)) == {"message": "User unfollowed"}
    second = ok(artist.get(f"/users/{artist.id}/followers?page=2&limit=1"))
    assert names(second, "followers") == [fans[1].user["username"]]
    assert second["pagination"] == {"page": 2, "limit": 1, "total": 2, "total_pages": 2}
    eventually(lambda: card(stage, artist)["follower_count"] == 2)
    refused(artist.post(follow), 422, "VALIDATION_ERROR")
    assert ok(artist.delete(follow)) == {"message": "User unfollowed"}


def test_whoever_is_unknown_has_no_lists(stage: Stage, listener: Person) -> None:
    unknown = "018f3c1e-0000-7000-8000-000000000000"
    for path in ("followers", "following"):
        refused(stage.stranger().get(f"/users/{unknown}/{path}"), 404, "NOT_FOUND")
        refused(listener.get(f"/users/x/{path}"), 400, "BAD_REQUEST")


def test_reposting_a_track_is_a_state(stage: Stage, artist: Person, listener: Person, tune: Tune) -> None:
    track = artist.release(tune("mp3", 6.0))
    path = f"/tracks/{track['id']}/repost"
    with ThreadPoolExecutor(8) as pool:
        said = list(pool.map(lambda _: ok(listener.post(path)), range(8)))
    assert said == [{"message": "Track reposted"}] * 8
    assert ok(artist.post(path)) == {"message": "Track reposted"}
    eventually(lambda: card(stage, listener)["repost_count"] == 1)
    for _ in range(2):
        assert ok(listener.delete(path)) == {"message": "Track unreposted"}
    eventually(lambda: card(stage, listener)["repost_count"] == 0)
    eventually(lambda: card(stage, artist)["repost_count"] == 1)


def test_a_hidden_track_is_reposted_by_its_owner_alone(artist: Person, listener: Person, tune: Tune) -> None:
    track = artist.release(tune("mp3", 6.0))
    path = f"/tracks/{track['id']}/repost"
    ok(listener.post(path))
    ok(artist.put(f"/tracks/{track['id']}", json={"is_public": False}))
    ok(listener.delete(path))

    def hidden() -> bool:
        return bool(listener.post(path).status_code == 403)

    eventually(hidden)
    ok(artist.post(path))


def test_a_playlist_is_liked_and_reposted(stage: Stage, artist: Person, listener: Person) -> None:
    liked = playlist(artist)
    for change, said in (("like", "liked"), ("repost", "reposted")):
        for _ in range(2):
            assert ok(listener.post(f"/playlists/{liked}/{change}")) == {"message": f"Playlist {said}"}

    def followers() -> int:
        listed = ok(artist.get("/playlists", params={"user_id": artist.id, "limit": 100}))["playlists"]
        return int(next(one["follower_count"] for one in listed if one["id"] == liked))

    eventually(lambda: followers() == 1)
    eventually(lambda: card(stage, listener)["repost_count"] == 1)
    for change, said in (("like", "unliked"), ("repost", "unreposted")):
        for _ in range(2):
            assert ok(listener.delete(f"/playlists/{liked}/{change}")) == {"message": f"Playlist {said}"}
    eventually(lambda: followers() == 0)
    eventually(lambda: card(stage, listener)["repost_count"] == 0)


def test_a_private_playlist_is_for_its_owner_and_who_was_let_in(stage: Stage, artist: Person) -> None:
    friend, stranger = stage.person("friend"), stage.person("stranger")
    hidden = playlist(artist, is_public=False)
    for change in ("like", "repost"):
        refused(friend.post(f"/playlists/{hidden}/{change}"), 403, "FORBIDDEN")
        ok(artist.post(f"/playlists/{hidden}/{change}"))
        ok(stranger.delete(f"/playlists/{hidden}/{change}"))
    ok(artist.post(f"/playlists/{hidden}/collaborators", json={"user_id": friend.id, "permission": "read"}))
    eventually(lambda: friend.post(f"/playlists/{hidden}/like").status_code == 200)
    ok(friend.post(f"/playlists/{hidden}/repost"))
    for change in ("like", "repost"):
        refused(stranger.post(f"/playlists/{hidden}/{change}"), 403, "FORBIDDEN")


def test_what_is_deleted_takes_its_reposts_along(stage: Stage, artist: Person, listener: Person, tune: Tune) -> None:
    track, gone = artist.release(tune("mp3", 6.0)), playlist(artist)
    for path in (f"/tracks/{track['id']}/repost", f"/playlists/{gone}/repost", f"/playlists/{gone}/like"):
        ok(listener.post(path))
    eventually(lambda: card(stage, listener)["repost_count"] == 2)
    ok(artist.delete(f"/playlists/{gone}"))
    eventually(lambda: card(stage, listener)["repost_count"] == 1)
    ok(artist.delete(f"/tracks/{track['id']}"))
    eventually(lambda: card(stage, listener)["repost_count"] == 0)
    for path in (f"/tracks/{track['id']}/repost", f"/playlists/{gone}/repost", f"/playlists/{gone}/like"):
        refused(listener.post(path), 404, "NOT_FOUND")


def test_who_leaves_follows_nobody_and_is_followed_by_nobody(
    running_system: System, stage: Stage, artist: Person, listener: Person
) -> None:
    leaving = stage.person("leaving")
    ok(leaving.post(f"/users/{artist.id}/follow"))
    ok(listener.post(f"/users/{artist.id}/follow"))
    ok(listener.post(f"/users/{leaving.id}/follow"))
    running_system.command("deploy.local", "service", "auth", "accounts", "remove", leaving.id)

    def only_the_listener() -> bool:
        return names(ok(artist.get(f"/users/{artist.id}/followers")), "followers") == [listener.user["username"]]

    eventually(only_the_listener)
    following = f"/users/{listener.id}/following"
    eventually(lambda: names(ok(listener.get(following)), "following") == [artist.user["username"]])
    eventually(lambda: card(stage, artist)["follower_count"] == 1)
    refused(listener.post(f"/users/{leaving.id}/follow"), 404, "NOT_FOUND")
