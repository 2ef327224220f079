"""A listener keeps playlists, alone and with friends; who may see them sees them, and nobody else."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.people import Person, Stage, ok, refused
from tests.support.waiting import eventually

Tune = Callable[[str, float], Path]


@pytest.fixture
def tracks(artist: Person, tune: Tune) -> list[str]:
    return [artist.release(tune("mp3", 3.0), title=title)["id"] for title in ("One", "Two", "Three")]


def made(owner: Person, *track_ids: str, **said: Any) -> str:
    playlist = ok(owner.post("/playlists", json={"title": "My Mix", **said}), 201)["playlist"]
    for track_id in track_ids:
        ok(owner.post(f"/playlists/{playlist['id']}/tracks", json={"track_id": track_id}))
    return str(playlist["id"])


def shown(reader: Person, playlist_id: str) -> list[tuple[int, str]]:
    playlist = ok(reader.get(f"/playlists/{playlist_id}"))["playlist"]
    assert playlist["track_count"] == len(playlist["tracks"])
    return [(track["position"], track["title"]) for track in playlist["tracks"]]


def test_tracks_enter_leave_and_move(artist: Person, listener: Person, tracks: list[str]) -> None:
    one, two, three = tracks
    playlist = made(listener, *tracks)
    assert shown(artist, playlist) == [(1, "One"), (2, "Two"), (3, "Three")]
    refused(listener.post(f"/playlists/{playlist}/tracks", json={"track_id": one}), 409, "CONFLICT")
    wrong = {"track_ids": [three, one]}
    refused(listener.put(f"/playlists/{playlist}/tracks/reorder", json=wrong), 422, "VALIDATION_ERROR")
    ok(listener.put(f"/playlists/{playlist}/tracks/reorder", json={"track_ids": [three, one, two]}))
    assert shown(listener, playlist) == [(1, "Three"), (2, "One"), (3, "Two")]
    ok(listener.delete(f"/playlists/{playlist}/tracks/{one}"))
    assert shown(listener, playlist) == [(1, "Three"), (2, "Two")]
    refused(artist.put(f"/playlists/{playlist}", json={"title": "Mine"}), 403, "FORBIDDEN")
    ok(listener.delete(f"/playlists/{playlist}"))
    refused(listener.delete(f"/playlists/{playlist}"), 404, "NOT_FOUND")


def test_a_deleted_track_leaves_no_hole(artist: Person, listener: Person, tracks: list[str]) -> None:
    playlist = made(listener, *tracks)
    ok(artist.delete(f"/tracks/{tracks[1]}"))
    assert shown(listener, playlist) == [(1, "One"), (2, "Three")]
    ok(listener.put(f"/playlists/{playlist}/tracks/reorder", json={"track_ids": [tracks[2], tracks[0]]}))
    assert shown(listener, playlist) == [(1, "Three"), (2, "One")]


def test_two_who_reorder_at_once_leave_one_valid_order(listener: Person, tracks: list[str]) -> None:
    playlist = made(listener, *tracks)
    orders = [tracks[i:] + tracks[:i] for i in range(3)] * 4

    def reorder(order: list[str]) -> httpx.Response:
        return listener.put(f"/playlists/{playlist}/tracks/reorder", json={"track_ids": order})

    with ThreadPoolExecutor(len(orders)) as hands:
        for answer in hands.map(reorder, orders):
            ok(answer)
    left = ok(listener.get(f"/playlists/{playlist}"))["playlist"]["tracks"]
    assert [track["id"] for track in left] in orders
    assert [track["position"] for track in left] == [1, 2, 3]


def test_friends_keep_a_private_one_together(stage: Stage, listener: Person, tracks: list[str]) -> None:
    friend, stranger = stage.person("friend"), stage.person("stranger")
    playlist = made(listener, is_public=False)
    path = f"/playlists/{playlist}/collaborators"
    refused(friend.get(f"/playlists/{playlist}"), 403, "FORBIDDEN")
    ok(listener.post(path, json={"user_id": friend.id, "permission": "read"}))
    assert shown(friend, playlist) == []
    refused(friend.post(f"/playlists/{playlist}/tracks", json={"track_id": tracks[0]}), 403, "FORBIDDEN")
    ok(listener.put(f"{path}/{friend.id}", json={"permission": "write"}))
    ok(friend.post(f"/playlists/{playlist}/tracks", json={"track_id": tracks[0]}))
    assert shown(listener, playlist) == [(1, "One")]
    [one] = ok(friend.get(path))["collaborators"]
    assert (one["id"], one["username"], one["permission"]) == (friend.id, friend.user["username"], "write")

    def listed(reader: Person) -> bool:
        query = {"user_id": listener.id}
        return playlist in [p["id"] for p in ok(reader.get("/playlists", params=query))["playlists"]]

    eventually(lambda: listed(friend))
    assert not listed(stranger)
    ok(friend.delete(f"{path}/{friend.id}"))
    refused(friend.get(f"/playlists/{playlist}"), 403, "FORBIDDEN")


def test_whoever_holds_the_link_may_read(stage: Stage, listener: Person, tracks: list[str]) -> None:
    playlist = made(listener, tracks[0], is_public=False)
    link = ok(listener.post(f"/playlists/{playlist}/share", headers={"Idempotency-Key": "once"}))
    again = ok(listener.post(f"/playlists/{playlist}/share", headers={"Idempotency-Key": "once"}))
    assert again == link
    opened = ok(httpx.get(link["share_url"]))["playlist"]
    assert (opened["id"], [track["title"] for track in opened["tracks"]]) == (playlist, ["One"])
    refused(stage.stranger().get("/playlists/shared/" + "x" * 43), 404, "NOT_FOUND")
    ok(listener.delete(f"/playlists/{playlist}"))
    refused(httpx.get(link["share_url"]), 404, "NOT_FOUND")


def test_playlists_are_found_and_recommended(stage: Stage, listener: Person, tracks: list[str]) -> None:
    other = stage.person("other")
    title = f"Zweistromland {other.id[-6:]}"
    playlist = made(listener, tracks[0], title=title)
    secret = made(listener, tracks[0], title=title, is_public=False)

    def found(path: str, **query: str) -> list[str]:
        return [hit["id"] for hit in ok(other.get(path, params=query))["playlists"]]

    eventually(lambda: playlist in found("/playlists/search", q=title))
    assert secret not in found("/playlists/search", q=title)
    assert playlist in found("/search", q=title, type="playlists")
    made(other, tracks[1])
    assert playlist in found("/playlists/recommendations", limit="100")


def test_an_album_is_kept_by_its_tracks(stage: Stage, artist: Person, listener: Person, tune: Tune) -> None:
    title = f"Nachtmusik {artist.id[-6:]}"
    artist.release(tune("mp3", 3.0), title="Side A", album=title)
    second = artist.release(tune("mp3", 3.0), title="Side B", album=title.upper())

    def album() -> dict[str, Any] | None:
        hits = stage.http.get("/v1/playlists/search", params={"query": title}).json()["data"]
        return next((hit for hit in hits if hit["is_album"]), None)

    found = eventually(album)
    assert found["playlist_name"] == title

    def titles() -> list[str]:
        return [track["title"] for track in stage.http.get(f"/v1/playlists/{found['id']}/tracks").json()["data"]]

    assert titles() == ["Side A", "Side B"]
    ok(artist.delete(f"/tracks/{second['id']}"))
    assert titles() == ["Side A"]
    # It is listed nowhere as something to edit.
    assert ok(artist.get("/playlists", params={"user_id": artist.id}))["playlists"] == []
