"""The picture in a file becomes the track's cover: a link that needs no token and may be kept for ever."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from mutagen.id3 import APIC, ID3

from tests.support import audio
from tests.support.people import Person, Stage, eventually, ok

Tune = Callable[[str, float], Path]


def with_picture(tune: Path, picture: Path, path: Path) -> Path:
    both = ("-i", tune, "-i", picture, "-map", "0", "-map", "1", "-c", "copy")
    audio.run(*both, "-disposition:v", "attached_pic", path)
    return path


@pytest.mark.parametrize("kind", ["mp3", "flac", "m4a"])
def test_a_picture_becomes_the_cover(artist: Person, tune: Tune, tmp_path: Path, kind: str) -> None:
    picture = audio.picture(tmp_path / "picture.png")
    uploaded = artist.upload(with_picture(tune(kind, 6.0), picture, tmp_path / f"tune.{kind}"))
    assert uploaded["cover"] is None, "it is not completed yet"
    path = f"/tracks/{uploaded['id']}"
    eventually(lambda: ok(artist.get(f"{path}/status"))["status"] == "completed", 90)
    cover = artist.track(uploaded["id"])["cover"]
    assert cover.startswith("http://")
    shown = httpx.get(cover)
    assert (shown.status_code, shown.headers["content-type"]) == (200, "image/png")
    assert "immutable" in shown.headers["cache-control"]
    assert shown.headers["access-control-allow-origin"] == "*"
    assert shown.content == picture.read_bytes()
    assert httpx.get(cover[:-1]).status_code in (403, 404)


def test_every_list_shows_it(stage: Stage, artist: Person, tune: Tune, tmp_path: Path) -> None:
    file = with_picture(tune("mp3", 6.0), audio.picture(tmp_path / "picture.png"), tmp_path / "tune.mp3")
    track = artist.release(file, title=f"Cover of {artist.user['username']}")
    listed = ok(stage.http.get("/api/v1/tracks", params={"user_id": artist.id}))["tracks"]
    assert httpx.get(listed[0]["cover"]).status_code == 200
    query = {"q": track["title"]}
    found = eventually(lambda: stage.http.get("/api/v1/tracks/search", params=query).json()["tracks"])
    assert httpx.get(found[0]["cover"]).status_code == 200


def test_a_track_without_a_picture_has_none(artist: Person, tune: Tune) -> None:
    track = artist.release(tune("mp3", 6.0))
    assert track["cover"] is None


def test_what_is_no_picture_is_no_cover(artist: Person, tune: Tune, tmp_path: Path) -> None:
    path = tmp_path / "tune.mp3"
    path.write_bytes(tune("mp3", 6.0).read_bytes())
    tags: Any = ID3(path)  # type: ignore[no-untyped-call]
    picture: Any = APIC  # mutagen states no types
    tags.add(picture(mime="image/png", type=3, data=b"<html><script>alert(1)</script></html>"))
    tags.save()
    assert artist.release(path)["cover"] is None
