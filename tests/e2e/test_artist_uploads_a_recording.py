"""An artist uploads a recording in any of the formats; it becomes a track that plays everywhere."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import httpx
import pytest

from tests.support import audio
from tests.support.people import Person, Stage, ok, refused
from tests.support.waiting import eventually

Tune = Callable[[str, float], Path]


@pytest.mark.parametrize("kind", ["mp3", "flac", "wav", "ogg", "opus", "m4a"])
def test_every_format_becomes_a_track(artist: Person, listener: Person, tune: Tune, kind: str) -> None:
    track = artist.release(tune(kind, 6.0), title="Été, live", genre="Electronic", year="2025")
    seen = listener.track(track["id"])
    assert (seen["title"], seen["genre"], seen["year"], seen["duration"]) == ("Été, live", "Electronic", 2025, 6)
    assert seen["format"] == ("ogg" if kind == "opus" else kind)
    assert seen["permalink"].startswith(f"/{artist.user['username']}/")
    assert seen["permalink"].endswith(f"-{seen['number']}")
    assert seen["stream_id"]
    assert -40 < seen["loudness"]["integrated_lufs"] < 0
    peaks = httpx.get(seen["waveform_url"]).json()["peaks"]
    assert len(peaks) == 1000
    assert 0 < max(peaks) <= 1
    master = httpx.get(seen["hls_url"])
    assert master.status_code == 200
    assert master.text.startswith("#EXTM3U")


def test_tags_of_the_file_become_metadata(artist: Person, tmp_path: Path) -> None:
    tags = ("-metadata", "title=From the file", "-metadata", "artist=Somebody", "-metadata", "album=Whole")
    tagged = audio.make(tmp_path / "some name.mp3", 2.0, options=tags)
    track = artist.release(tagged, artist="From the form")
    assert (track["title"], track["artist"], track["album"]) == ("From the file", "From the form", "Whole")
    bare = artist.upload(audio.make(tmp_path / "bare name.flac", 1.0))
    assert bare["title"] == "bare name"


def test_a_private_track_is_its_owners_alone(stage: Stage, artist: Person, listener: Person, tune: Tune) -> None:
    track = artist.release(tune("mp3", 6.0), is_public="false")
    assert httpx.get(track["hls_url"]).status_code == 200
    refused(listener.get(f"/tracks/{track['id']}"), 403, "FORBIDDEN")
    refused(stage.stranger().get(f"/tracks/{track['id']}"), 403, "FORBIDDEN")
    refused(listener.post(f"/tracks/{track['id']}/play", json={"duration": 1}), 403, "FORBIDDEN")
    refused(listener.post(f"/tracks/{track['id']}/like"), 403, "FORBIDDEN")


def test_the_same_upload_twice_is_one_track(artist: Person, tune: Tune) -> None:
    first, second = (artist.upload(tune("mp3", 6.0), headers={"Idempotency-Key": "take-1"}) for _ in range(2))
    assert first["id"] == second["id"]
    with tune("flac", 6.0).open("rb") as file:
        other = artist.post("/tracks", files={"file": file}, headers={"Idempotency-Key": "take-1"})
    refused(other, 422, "IDEMPOTENCY_KEY_REUSED")


def test_a_deleted_track_is_gone_and_its_plays_stay(artist: Person, listener: Person, tune: Tune) -> None:
    track = artist.release(tune("mp3", 6.0))
    listener.play(track["id"], 3)
    refused(listener.delete(f"/tracks/{track['id']}"), 403, "FORBIDDEN")
    assert ok(artist.delete(f"/tracks/{track['id']}")) == {"message": "Track deleted successfully"}
    refused(artist.get(f"/tracks/{track['id']}"), 404, "NOT_FOUND")
    refused(artist.delete(f"/tracks/{track['id']}"), 404, "NOT_FOUND")
    # A copy may say yes for up to 2 s.
    play = partial(listener.post, f"/tracks/{track['id']}/play", json={"duration": 1})
    eventually(lambda: play().status_code == 404)
    refused(play(), 404, "NOT_FOUND")
    refused(listener.post(f"/tracks/{track['id']}/like"), 404, "NOT_FOUND")


def test_metadata_can_be_changed(artist: Person, listener: Person, tune: Tune) -> None:
    track = artist.release(tune("mp3", 6.0), album="Old")
    changed = ok(artist.put(f"/tracks/{track['id']}", json={"title": "New title", "album": None, "genre": "Rock"}))
    assert changed["track"]["title"] == "New title"
    seen = listener.track(track["id"])
    assert (seen["title"], seen["album"], seen["genre"]) == ("New title", None, "Rock")
    refused(listener.put(f"/tracks/{track['id']}", json={"title": "Mine"}), 403, "FORBIDDEN")
    refused(artist.put(f"/tracks/{track['id']}", json={"status": "completed"}), 422, "VALIDATION_ERROR")
