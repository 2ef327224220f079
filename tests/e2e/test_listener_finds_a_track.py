"""Search forgives what people type; lists page; what is private or unfinished is nobody else's."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.people import Person, Stage, ok
from tests.support.waiting import eventually

Tune = Callable[[str, float], Path]


@pytest.mark.parametrize(
    ("title", "typed"),
    [
        ("Zweistromland", "zweistormland"),
        ("Où est l'été", "ou est l'ete"),
        ("Полночный экспресс", "полночный экспрес"),
        ("真夜中のドライブ", "真夜中"),
        ("Kaleidoscope of tigers", "kaleido"),
    ],
)
def test_search_forgives(stage: Stage, artist: Person, tune: Tune, title: str, typed: str) -> None:
    track = artist.release(tune("mp3", 6.0), title=title)

    def found() -> bool:
        hits = stage.http.get("/api/v1/tracks/search", params={"q": typed}).json()["tracks"]
        return track["id"] in [hit["id"] for hit in hits]

    eventually(found)
    everything = ok(stage.http.get("/api/v1/search", params={"q": typed}))
    assert track["id"] in [hit["id"] for hit in everything["tracks"]]


def test_a_person_is_found_by_name(stage: Stage, artist: Person) -> None:
    def found() -> bool:
        data = ok(stage.http.get("/api/v1/search", params={"q": artist.user["username"], "type": "users"}))
        return bool(data["users"]) and data["users"][0]["id"] == artist.id and data["tracks"] == []

    eventually(found)


def test_lists_page_and_filter(stage: Stage, artist: Person, tune: Tune) -> None:
    titles = ["Alpha", "Beta", "Gamma"]
    for title in titles:
        artist.release(tune("mp3", 6.0), title=title, genre="Techno" if title == "Beta" else "House")
    query: dict[str, Any] = {"user_id": artist.id, "sort_by": "title", "sort_order": "asc", "limit": 2}

    def page(number: int, **more: str) -> list[str]:
        data = ok(stage.http.get("/api/v1/tracks", params=query | {"page": number} | more))
        return [track["title"] for track in data["tracks"]]

    eventually(lambda: page(1) == ["Alpha", "Beta"])
    assert page(2) == ["Gamma"]
    assert page(3) == []
    assert page(1, genre="techno") == ["Beta"]
    data = ok(stage.http.get("/api/v1/tracks", params=query))
    assert data["pagination"] == {"page": 1, "limit": 2, "total": 3, "total_pages": 2}


def test_what_is_private_is_not_found(stage: Stage, artist: Person, tune: Tune) -> None:
    track = artist.release(tune("mp3", 6.0), title="Quetzalcoatlus", is_public="true")
    search = "/api/v1/tracks/search?q=Quetzalcoatlus"
    eventually(lambda: stage.http.get(search).json()["pagination"]["total"] >= 1)
    ok(artist.put(f"/tracks/{track['id']}", json={"is_public": False}))
    assert track["id"] not in [hit["id"] for hit in stage.http.get(search).json()["tracks"]]
    assert ok(stage.http.get("/api/v1/tracks", params={"user_id": artist.id}))["tracks"] == []
    assert [t["id"] for t in ok(artist.get("/tracks", params={"user_id": artist.id}))["tracks"]] == [track["id"]]
