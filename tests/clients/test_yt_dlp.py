"""yt-dlp's own Audius extractors, unchanged but for the host they choose, on the URLs that people copy."""

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from yt_dlp import YoutubeDL
from yt_dlp.extractor.audius import AudiusBaseIE
from yt_dlp.utils import DownloadError

from gateway.contracts.discovery import hashid
from tests.support import audio
from tests.support.people import Person, Stage, ok
from tests.support.system import System
from tests.support.waiting import eventually

Tune = Callable[[str, float], Path]
SITE = "https://audius.co"


@dataclass
class Shelf:
    """An artist with an album of two tracks, and a playlist of a listener with both in another order."""

    artist: Person
    tracks: list[dict[str, Any]]
    album: dict[str, Any]
    playlist: dict[str, Any]

    @property
    def ids(self) -> list[str]:
        return [hashid.encode(track["number"]) for track in self.tracks]


@pytest.fixture(scope="module")
def shelf(running_system: System, tune: Tune) -> Iterator[Shelf]:
    with Stage(running_system.url) as stage:
        artist, listener = stage.person("artist"), stage.person("listener")
        title = uuid.uuid4().hex
        album = {"album": f"Album {title}", "genre": "Electronic", "description": "Made for \u201ctests\u201d"}
        tracks = [
            artist.release(tune("mp3", seconds), title=f"T\u0435st/ {seconds}", **album) for seconds in (6.0, 9.5)
        ]
        listed = f"Playlist {title}"
        body = {"title": listed, "description": "In another order", "is_public": True}
        made = ok(listener.post("/playlists", json=body), 201)["playlist"]
        for track in reversed(tracks):
            ok(listener.post(f"/playlists/{made['id']}/tracks", json={"track_id": track["id"]}))
        yield Shelf(artist, tracks, _found(stage, album["album"], 2), _found(stage, listed, 2))


def _found(stage: Stage, title: str, tracks: int) -> dict[str, Any]:
    def found() -> dict[str, Any] | None:
        hits = stage.http.get("/v1/playlists/search", params={"query": title}).json()["data"]
        return next((hit for hit in hits if hit["playlist_name"] == title and hit["track_count"] == tracks), None)

    return eventually(found)


@pytest.fixture
def yt_dlp(running_system: System, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[YoutubeDL]:
    """What it downloads lies in `tmp_path` under the track's id."""
    monkeypatch.setattr(AudiusBaseIE, "_select_api_base", lambda self: setattr(self, "_API_BASE", running_system.url))
    options = {
        "quiet": True,
        "noprogress": True,
        "no_warnings": True,
        "proxy": "",
        "cachedir": False,
        "outtmpl": f"{tmp_path}/%(id)s.%(ext)s",
    }
    with YoutubeDL(options) as downloader:
        yield downloader


def is_same_tune(path: Path, source: Path) -> bool:
    original, downloaded = audio.decode(source), audio.decode(path)
    return len(original) == len(downloaded) and abs(audio.lag(original, downloaded)) <= 1


def test_a_track(yt_dlp: YoutubeDL, shelf: Shelf, tune: Tune, tmp_path: Path) -> None:
    track, track_id = shelf.tracks[0], shelf.ids[0]
    shown = yt_dlp.extract_info(SITE + track["permalink"])
    assert {name: shown[name] for name in ("id", "title", "artist", "genre", "duration", "description")} == {
        "id": track_id,
        "title": track["title"],
        "artist": shelf.artist.user["username"],
        "genre": "Electronic",
        "duration": track["duration"],
        "description": "Made for \u201ctests\u201d",
    }
    assert is_same_tune(tmp_path / f"{track_id}.mp3", tune("mp3", 6.0))


def test_a_track_whose_owner_and_title_have_changed(yt_dlp: YoutubeDL, shelf: Shelf) -> None:
    url = f"{SITE}/somebody-else/another-title-{shelf.tracks[0]['number']}"
    assert yt_dlp.extract_info(url, download=False)["id"] == shelf.ids[0]


@pytest.mark.parametrize("url", ["audius:{id}", "audius:{url}/v1/tracks/{id}"])
def test_an_api_id(yt_dlp: YoutubeDL, shelf: Shelf, tmp_path: Path, running_system: System, url: str) -> None:
    track_id = shelf.ids[1]
    assert yt_dlp.extract_info(url.format(id=track_id, url=running_system.url))["id"] == track_id
    assert [path.name for path in tmp_path.iterdir()] == [f"{track_id}.mp3"]


@pytest.mark.parametrize("kind", ["playlist", "album"])
def test_a_list_in_its_order(yt_dlp: YoutubeDL, shelf: Shelf, tmp_path: Path, kind: str) -> None:
    listed: dict[str, Any] = getattr(shelf, kind)
    shown = yt_dlp.extract_info(SITE + listed["permalink"])
    assert f"/{kind}/" in listed["permalink"]
    assert (shown["id"], shown["title"], shown.get("description")) == (
        listed["id"], listed["playlist_name"], listed["description"]
    )  # fmt: skip
    order = shelf.ids if kind == "album" else shelf.ids[::-1]
    assert [entry["id"] for entry in shown["entries"]] == order
    assert {path.stem for path in tmp_path.glob("*.mp3")} == set(order)


@pytest.mark.parametrize("ending", ["", "/"])
def test_a_profile(yt_dlp: YoutubeDL, shelf: Shelf, ending: str) -> None:
    """Newest first, whatever the case of its letters."""
    handle = shelf.artist.user["username"].upper()
    shown = yt_dlp.extract_info(f"{SITE}/{handle}{ending}", download=False)
    assert (shown["id"], shown["title"]) == (hashid.encode(shelf.artist.user["number"]), handle)
    assert [entry["id"] for entry in shown["entries"]] == shelf.ids[::-1]


@pytest.mark.parametrize(
    "path", ["/nobody-at-all", "/x/nothing-999999999", "/x/playlist/nothing-999999999", "/x/nothing"]
)
def test_what_is_not_there(yt_dlp: YoutubeDL, path: str) -> None:
    with pytest.raises(DownloadError, match=r"API error|Could not download profile|404"):
        yt_dlp.extract_info(SITE + path)
