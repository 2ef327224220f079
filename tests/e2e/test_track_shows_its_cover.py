"""The picture in a file becomes the track's cover, in three sizes: links that need no token and may be kept."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from hashids import Hashids
from mutagen.id3 import APIC, ID3
from PIL import Image

from tests.support import audio
from tests.support.people import Person, Stage, ok
from tests.support.waiting import eventually

Tune = Callable[[str, float], Path]
SIZES = {"150x150": (150, 150), "480x480": (480, 480), "1000x1000": (1000, 1000)}


def with_picture(tune: Path, picture: Path, path: Path) -> Path:
    both = ("-i", tune, "-i", picture, "-map", "0", "-map", "1", "-c", "copy")
    audio.run(*both, "-disposition:v", "attached_pic", path)
    return path


def artwork(stage: Stage, track: dict[str, Any]) -> Any:
    """As clients of discovery are shown it."""
    answer = stage.http.get(f"/v1/tracks/{Hashids('azowernasdfoia', min_length=5).encode(track['number'])}")
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]["artwork"]


@pytest.mark.parametrize("kind", ["mp3", "flac", "m4a"])
def test_a_picture_becomes_the_cover(artist: Person, tune: Tune, tmp_path: Path, kind: str) -> None:
    picture = audio.picture(tmp_path / "picture.png")
    uploaded = artist.upload(with_picture(tune(kind, 6.0), picture, tmp_path / f"tune.{kind}"))
    assert uploaded["cover"] is None, "it is not completed yet"
    path = f"/tracks/{uploaded['id']}"
    eventually(lambda: ok(artist.get(f"{path}/status"))["status"] == "completed")
    cover = artist.track(uploaded["id"])["cover"]
    assert cover.startswith("http://")
    shown = httpx.get(cover)
    assert (shown.status_code, shown.headers["content-type"]) == (200, "image/jpeg")
    assert "immutable" in shown.headers["cache-control"]
    assert shown.headers["access-control-allow-origin"] == "*"
    assert Image.open(io.BytesIO(shown.content)).size == (1000, 1000)
    assert httpx.get(cover[:-1]).status_code in (403, 404)


def test_clients_of_discovery_get_every_size_until_the_track_is_deleted(
    stage: Stage, artist: Person, tune: Tune, tmp_path: Path
) -> None:
    picture = audio.picture(tmp_path / "picture.png")
    track = artist.release(with_picture(tune("mp3", 6.0), picture, tmp_path / "tune.mp3"))
    links = artwork(stage, track)
    assert {size: Image.open(io.BytesIO(httpx.get(link).content)).size for size, link in links.items()} == SIZES
    assert links["1000x1000"] == track["cover"]
    ok(artist.delete(f"/tracks/{track['id']}"))
    eventually(lambda: all(httpx.get(link).status_code == 404 for link in links.values()))


def test_every_list_shows_it(stage: Stage, artist: Person, tune: Tune, tmp_path: Path) -> None:
    file = with_picture(tune("mp3", 6.0), audio.picture(tmp_path / "picture.png"), tmp_path / "tune.mp3")
    track = artist.release(file, title=f"Cover of {artist.user['username']}")
    listed = ok(stage.http.get("/api/v1/tracks", params={"user_id": artist.id}))["tracks"]
    assert httpx.get(listed[0]["cover"]).status_code == 200
    query = {"q": track["title"]}
    found = eventually(lambda: stage.http.get("/api/v1/tracks/search", params=query).json()["tracks"])
    assert httpx.get(found[0]["cover"]).status_code == 200


def test_a_track_without_a_picture_has_none(stage: Stage, artist: Person, tune: Tune) -> None:
    track = artist.release(tune("mp3", 6.0))
    assert (track["cover"], artwork(stage, track)) == (None, None)


@pytest.mark.parametrize("content", [b"<html><script>alert(1)</script></html>", b"\x89PNG\r\n\x1a\nand no more"])
def test_what_is_no_picture_is_no_cover(artist: Person, tune: Tune, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "tune.mp3"
    path.write_bytes(tune("mp3", 6.0).read_bytes())
    tags: Any = ID3(path)  # type: ignore[no-untyped-call]
    picture: Any = APIC  # mutagen states no types
    tags.add(picture(mime="image/png", type=3, data=content))
    tags.save()
    assert artist.release(path)["cover"] is None
