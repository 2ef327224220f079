"""Players, bots and downloaders read what people made and did elsewhere: found, listed, ranked, counted, resolved."""

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from gateway.contracts.discovery import hashid
from tests.support.people import Person, Stage, ok
from tests.support.system import System
from tests.support.waiting import eventually

Tune = Callable[[str, float], Path]
RANKED_SECONDS = 60.0


@dataclass
class Scene:
    """An artist whom three follow; one of them, whom the artist follows, reposted and favorited the second track."""

    stage: Stage
    artist: Person
    fan: Person
    followers: list[Person]
    genre: str
    tracks: list[dict[str, Any]] = field(default_factory=list)
    playlist_id: str = ""

    @property
    def ids(self) -> list[str]:
        return [hashid.encode(track["number"]) for track in self.tracks]

    @property
    def artist_id(self) -> str:
        return hashid.encode(self.artist.user["number"])

    @property
    def fan_id(self) -> str:
        return hashid.encode(self.fan.user["number"])

    def data(self, path: str, **query: Any) -> Any:
        answer = self.stage.http.get(f"/v1{path}", params=query or None)
        assert answer.status_code == 200, f"{path}: {answer.status_code} {answer.text}"
        return answer.json()["data"]

    def ids_of(self, path: str, **query: Any) -> list[str]:
        return [one["id"] for one in self.data(path, **query)]

    def shows(self, ids: list[str], path: str, **query: Any) -> None:
        """Waits until the list is these, in this order."""
        eventually(lambda: self.ids_of(path, **query) == ids)


@pytest.fixture(scope="module")
def scene(running_system: System, tune: Tune) -> Iterator[Scene]:
    with Stage(running_system.url) as stage:
        artist, *followers = (stage.person(name) for name in ("artist", "fan", "second", "third"))
        scene = Scene(stage, artist, followers[0], followers, genre=f"Genre {uuid.uuid4().hex[:8]}")
        for title, tags in (("First", "live,night"), ("Second", "live,dawn"), ("Third", "zither")):
            form = {"title": f"{title} of {artist.user['username']}", "genre": scene.genre, "tags": tags}
            scene.tracks.append(artist.release(tune("mp3", 6.0), **form))
        for follower in followers:
            ok(follower.post(f"/users/{artist.id}/follow"))
        ok(artist.post(f"/users/{scene.fan.id}/follow"))
        _playlist(scene)
        second = scene.tracks[1]["id"]
        ok(scene.fan.post(f"/tracks/{scene.tracks[0]['id']}/like"))
        for path in (f"/tracks/{second}/like", f"/tracks/{second}/repost"):
            ok(scene.fan.post(path))
        scene.fan.play(second)
        yield scene


def _playlist(scene: Scene) -> None:
    """The fan's, with all tracks in another order; the fan reposts it."""
    body = {"title": f"Mix of {scene.artist.user['username']}", "is_public": True}
    scene.playlist_id = ok(scene.fan.post("/playlists", json=body), 201)["playlist"]["id"]
    for track in reversed(scene.tracks):
        ok(scene.fan.post(f"/playlists/{scene.playlist_id}/tracks", json={"track_id": track["id"]}))
    ok(scene.fan.post(f"/playlists/{scene.playlist_id}/repost"))


def found_playlist(scene: Scene) -> dict[str, Any]:
    def found() -> list[Any]:
        return list(scene.data("/playlists/search", query=f"mix of {scene.artist.user['username']}"))

    return dict(eventually(found)[0])


def test_people_are_found_listed_and_counted(scene: Scene) -> None:
    handle = scene.artist.user["username"]
    scene.shows([scene.artist_id], "/users/search", query=handle.upper())

    def counted() -> bool:
        user = scene.data(f"/users/{scene.artist_id}")
        return [user[name] for name in ("follower_count", "followee_count", "track_count")] == [3, 1, 3]

    eventually(counted)
    user = scene.data(f"/users/{scene.artist_id}")
    assert (user["handle"], user["cover_photo"]) == (handle, None)
    assert scene.data(f"/users/handle/{handle.upper()}") == user
    assert scene.data(f"/full/users/handle/{handle}") == [user]
    top = scene.data("/users/top", limit=500)
    assert scene.artist_id in [one["id"] for one in top]
    assert scene.fan_id not in [one["id"] for one in top], "who has no track is not listed"
    assert [one["follower_count"] for one in top] == sorted((one["follower_count"] for one in top), reverse=True)
    eventually(lambda: scene.data(f"/users/{scene.fan_id}")["repost_count"] == 2)
    eventually(lambda: scene.data(f"/users/{scene.fan_id}")["playlist_count"] == 1)


def test_tracks_are_found_and_listed_newest_or_most_played_first(scene: Scene) -> None:
    first, second, third = scene.ids
    scene.shows([second], "/tracks/search", query=f"sceond {scene.artist.user['username']}")
    scene.shows([third, second, first], f"/users/{scene.artist_id}/tracks")
    scene.shows([second, third, first], f"/users/{scene.artist_id}/tracks", sort="plays")
    assert scene.ids_of(f"/users/{scene.artist_id}/tracks", limit=1, offset=1) == [second]
    assert scene.ids_of(f"/full/users/handle/{scene.artist.user['username']}/tracks") == [third, second, first]
    assert scene.data(f"/users/{scene.artist_id}/tags") == ["live", "zither", "night", "dawn"]
    assert scene.data(f"/users/{scene.artist_id}/tags", limit=1) == ["live"]


def test_favorites_and_reposts(scene: Scene) -> None:
    first, second, _ = scene.ids
    favorites = scene.data(f"/users/{scene.fan_id}/favorites")
    assert [(one["favorite_item_id"], one["favorite_type"], one["user_id"]) for one in favorites] == [
        (second, "SaveType.track", scene.fan_id),
        (first, "SaveType.track", scene.fan_id),
    ]
    whole = scene.data(f"/users/{scene.fan_id}/favorites/tracks", limit=1)
    assert [(one["item"]["id"], one["timestamp"]) for one in whole] == [(second, favorites[0]["created_at"])]
    reposts = scene.data(f"/users/{scene.fan_id}/reposts")
    assert [(one["item_type"], one["item"]["id"]) for one in reposts] == [
        ("track", second),
        ("playlist", found_playlist(scene)["id"]),
    ]
    assert scene.data(f"/users/{scene.artist_id}/reposts") == []

    def counted() -> bool:
        track = scene.data(f"/tracks/{second}")
        return [track[name] for name in ("repost_count", "favorite_count", "play_count")] == [1, 1, 1]

    eventually(counted)


def test_a_playlist_in_its_order(scene: Scene) -> None:
    playlist = found_playlist(scene)
    [shown] = scene.data(f"/playlists/{playlist['id']}")
    assert [entry["track_id"] for entry in shown["playlist_contents"]] == scene.ids[::-1]
    assert (shown["user"]["id"], shown["is_album"]) == (scene.fan_id, False)
    assert scene.ids_of(f"/playlists/{playlist['id']}/tracks") == scene.ids[::-1]
    eventually(lambda: scene.data(f"/playlists/{playlist['id']}")[0]["repost_count"] == 1)


def test_trending_shows_what_just_happened(scene: Scene) -> None:
    """Of its genre: reposted, favorited and played; favorited; nothing of it, so that its score is 0."""
    first, second, third = scene.ids
    for window in ("week", "month", "year", "allTime"):
        scene.shows([second, first, third], "/tracks/trending", genre=scene.genre, time=window)
    assert scene.ids_of("/tracks/trending", genre=scene.genre, limit=1, offset=1) == [first]
    assert scene.data("/tracks/trending", genre=scene.genre.upper()) == []
    health = scene.stage.http.get("/health_check").json()["data"]
    assert 0 <= health["trending_tracks_age_sec"] <= RANKED_SECONDS


def test_a_page_leads_to_its_resource(scene: Scene) -> None:
    track, playlist = scene.tracks[0], found_playlist(scene)
    handle = scene.artist.user["username"]
    for url, path in (
        (f"https://audius.co/{handle.upper()}", f"/v1/users/{scene.artist_id}"),
        (f"https://elsewhere.example/renamed/whatever-{track['number']}?a=b", f"/v1/tracks/{scene.ids[0]}"),
        (track["permalink"], f"/v1/tracks/{scene.ids[0]}"),
        (playlist["permalink"], f"/v1/playlists/{playlist['id']}"),
    ):
        answer = scene.stage.http.get("/v1/resolve", params={"url": url})
        assert (answer.status_code, answer.headers["location"]) == (302, path), url
        assert scene.stage.http.get(path).status_code == 200


def test_what_is_sold_is_not_downloadable(scene: Scene, tune: Tune) -> None:
    seller, title = scene.stage.person("seller"), uuid.uuid4().hex
    track = seller.release(tune("mp3", 6.0), title=title)
    track_id = hashid.encode(track["number"])
    scene.shows([track_id], "/tracks/search", query=title, only_downloadable="true")
    offer = {"title": "The file", "price": 1, "product_type": "track", "track_id": track["id"]}
    ok(seller.post("/marketplace/products", json=offer), 201)
    scene.shows([], "/tracks/search", query=title, only_downloadable="true")
    scene.shows([], "/users/search", query=seller.user["username"], only_downloadable="true")
    assert scene.ids_of("/tracks/search", query=title) == [track_id]


def test_what_goes_private_or_away_is_gone_everywhere(scene: Scene, tune: Tune) -> None:
    """At once from what catalog shows by itself, and it leaves no hole in a playlist."""
    maker, title = scene.stage.person("maker"), uuid.uuid4().hex
    hidden, deleted, kept = (maker.release(tune("mp3", 6.0), title=title, genre=title) for _ in range(3))
    made = ok(maker.post("/playlists", json={"title": title, "is_public": True}), 201)["playlist"]
    for track in (hidden, deleted, kept):
        ok(maker.post(f"/tracks/{track['id']}/like"))
        ok(maker.post(f"/playlists/{made['id']}/tracks", json={"track_id": track["id"]}))
    playlist_id = eventually(lambda: scene.ids_of("/playlists/search", query=title))[0]
    maker_id = hashid.encode(maker.user["number"])
    # Audience's copy learns by an event that a track is completed.
    eventually(lambda: len(scene.data(f"/users/{maker_id}/favorites")) == 3)
    ok(maker.put(f"/tracks/{hidden['id']}", json={"is_public": False}))
    ok(maker.delete(f"/tracks/{deleted['id']}"))
    left = [hashid.encode(kept["number"])]
    assert scene.ids_of(f"/playlists/{playlist_id}/tracks") == left
    scene.shows(left, f"/users/{maker_id}/tracks")
    scene.shows(left, "/tracks/search", query=title)
    assert [one["favorite_item_id"] for one in scene.data(f"/users/{maker_id}/favorites")] == left
    scene.shows(left, "/tracks/trending", genre=title)
    ok(maker.put(f"/playlists/{made['id']}", json={"is_public": False}))
    assert scene.stage.http.get(f"/v1/playlists/{playlist_id}").status_code == 404
    assert scene.data("/playlists/search", query=title) == []


def test_apps_are_counted_by_name_and_found_by_address(scene: Scene, running_system: System) -> None:
    name = f"App <b>{uuid.uuid4().hex}</b>"
    for path in ("/v1/tracks/trending", "/v1/nothing", "/v1/users/xx", "/v1/tracks/xx"):  # of these, three exist
        scene.stage.http.get(path, params={"app_name": name})
    for time_range in ("week", "month", "all_time"):
        path = f"/metrics/app_name/trailing/{time_range}"
        eventually(lambda path=path: {"name": name, "count": 3} in scene.data(path))  # type: ignore[misc]
    owner = str(scene.artist.user["number"])
    added = running_system.command("deploy.local", "service", "insights", "apps", "add", "Player", "--owner", owner)
    address = added.split()[-1]
    for spelling in ("developer_apps", "developer-apps"):
        app = scene.data(f"/{spelling}/{address.upper().replace('0X', '0x')}")
        assert (app["address"], app["name"], app["user_id"]) == (address, "Player", scene.artist_id)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/users/handle/a%2Fb", 404),
        ("/users/handle/%F0%9F%8E%A7", 404),
        ("/users/handle/%00", 404),
        (f"/users/handle/{'x' * 2000}", 404),
        ("/full/users/handle/a%2Fb/tracks", 404),
        ("/developer_apps/%00", 404),
        ("/tracks/trending?genre=%00", 200),
        ("/users/search?query=%F0%9F%8E%A7", 200),
        (f"/tracks/search?query={'x' * 500}", 200),
        (f"/playlists/search?query={'%20a' * 100}", 200),
        ("/playlists/search?query=%00", 400),
        ("/users/top?limit=-1&offset=99999999999999999999", 200),
        ("/users/top?limit=ten", 400),
        ("/resolve?url=https://elsewhere.example/", 404),
        ("/resolve?url=/%2500", 404),
    ],
)
def test_bad_input_is_the_contracts_own_error(stage: Stage, path: str, status: int) -> None:
    answer = stage.http.get(f"/v1{path}")
    assert answer.status_code == status, answer.text
    assert list(answer.json()) in (["data"], ["message"], ["message", "errors"])


@pytest.mark.parametrize(
    ("header", "status"),
    [("bytes=0-9,5-14", 200), ("bytes=9-5", 416), ("bytes=" + ",".join(["0-0"] * 1000), 200), ("bytes=5-9", 206)],
)
def test_ranges(scene: Scene, header: str, status: int) -> None:
    path = f"/v1/tracks/{scene.ids[2]}/stream?skip_play_count=true"
    assert scene.stage.http.get(path, headers={"Range": header}).status_code == status
