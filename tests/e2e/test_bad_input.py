"""Whatever comes in, the answer is the contract's own error, never a 500, and nothing is half-written."""

import base64
import json
import struct
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support import audio
from tests.support.people import Person, Stage, ok, refused
from tests.support.waiting import eventually

Tune = Callable[[str, float], Path]
JSON = {"Content-Type": "application/json"}


def send(person: Person, name: str, content: bytes) -> httpx.Response:
    return person.post("/tracks", files={"file": (name, content)})


def wav(seconds: float) -> bytes:
    frames = int(44_100 * seconds) * 4
    head = (
        b"RIFF"
        + struct.pack("<I", 36 + frames)
        + b"WAVEfmt "
        + struct.pack("<IHHIIHH", 16, 1, 2, 44_100, 176_400, 4, 16)
    )
    return head + b"data" + struct.pack("<I", frames) + bytes(frames)


NO_AUDIO = {
    "one byte": b"x",
    "text renamed": b"This is only text.\n" * 500,
    "a playlist that names a local file": b"#EXTM3U\n#EXT-X-VERSION:3\n#EXTINF:10,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n",
    "a concat script": b"ffconcat version 1.0\nfile '/etc/passwd'\n",
    "an image": base64.b64decode(
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="
    ),
}


@pytest.mark.parametrize("what", NO_AUDIO)
def test_what_is_no_audio_is_415(artist: Person, what: str) -> None:
    refused(send(artist, "song.mp3", NO_AUDIO[what]), 415, "UNSUPPORTED_MEDIA_TYPE")
    assert ok(artist.get("/tracks", params={"user_id": artist.id}))["tracks"] == []


def test_an_empty_file_names_its_field(artist: Person) -> None:
    error = refused(send(artist, "song.mp3", b""), 422, "VALIDATION_ERROR")
    assert error["details"][0]["field"] == "file"
    error = refused(artist.post("/tracks", files={"other": ("a.mp3", b"x")}), 422, "VALIDATION_ERROR")
    assert {detail["field"] for detail in error["details"]} >= {"other"}


@pytest.mark.parametrize("seconds", [0, 0.001])
def test_audio_without_a_length_never_hangs(artist: Person, seconds: float) -> None:
    answer = send(artist, "short.wav", wav(seconds))
    if answer.status_code == 201:
        path = f"/tracks/{answer.json()['data']['track']['id']}/status"
        eventually(lambda: ok(artist.get(path))["status"] in ("failed", "completed"))
    else:
        assert answer.status_code in (415, 422)


def test_a_truncated_file_ends_well_or_with_a_reason(artist: Person, tune: Tune) -> None:
    for kind in ("mp3", "flac", "m4a"):
        content = tune(kind, 6.0).read_bytes()
        answer = send(artist, f"cut.{kind}", content[: len(content) // 3])
        assert answer.status_code in (201, 415, 422), answer.text
        if answer.status_code == 201:
            path = f"/tracks/{answer.json()['data']['track']['id']}/status"
            eventually(lambda path=path: ok(artist.get(path))["status"] != "processing")  # type: ignore[misc]


@pytest.mark.parametrize("name", ["../../etc/passwd.mp3", "a/b\\c.mp3", "\u202egpj.mp3", "x" * 255 + ".mp3", ".mp3"])
def test_a_name_is_metadata_never_a_path(artist: Person, tune: Tune, name: str) -> None:
    answer = send(artist, name, tune("mp3", 6.0).read_bytes())
    if answer.status_code == 201:
        title = answer.json()["data"]["track"]["title"]
        assert title
        assert "/" not in title
    else:
        refused(answer, 422, "VALIDATION_ERROR")


def test_tags_that_nobody_should_trust(artist: Person, tmp_path: Path) -> None:
    long = audio.make(
        tmp_path / "long.mp3", 1.0, options=("-metadata", f"title={'T' * 5000}", "-metadata", "date=soon")
    )
    track = artist.upload(long)
    assert len(track["title"]) <= 200
    content = bytearray(audio.make(tmp_path / "latin.mp3", 1.0, options=("-metadata", "title=AAAA")).read_bytes())
    place = content.find(b"AAAA")
    if place > 0:
        content[place : place + 4] = b"\xff\xfe\x00\xd8"
    assert send(artist, "broken.mp3", bytes(content)).status_code in (201, 415)


def test_two_identical_uploads_at_once_without_a_key_are_two(artist: Person, tune: Tune) -> None:
    content = tune("mp3", 6.0).read_bytes()
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda _: send(artist, "same.mp3", content), range(2)))
    assert [answer.status_code for answer in answers] == [201, 201]


BODIES = {
    "no JSON": (b"{", 400, "BAD_REQUEST"),
    "not UTF-8": (b'{"bio": "\xff\xfe"}', 400, "BAD_REQUEST"),
    "nested 10,000 deep": (b"[" * 10_000 + b"]" * 10_000, 400, "BAD_REQUEST"),
    "a list": (b"[]", 422, "VALIDATION_ERROR"),
    "nothing to change": (b"{}", 422, "VALIDATION_ERROR"),
    "an unknown field": (b'{"role": "admin"}', 422, "VALIDATION_ERROR"),
    "a NUL": (b'{"bio": "a\\u0000b"}', 422, "VALIDATION_ERROR"),
    "half a surrogate pair": (b'{"bio": "\\ud800"}', 422, "VALIDATION_ERROR"),
    "10 MB": (b'{"bio": "' + b"x" * 10_000_000 + b'"}', 413, "PAYLOAD_TOO_LARGE"),
}


@pytest.mark.parametrize("what", BODIES)
def test_a_bad_body_changes_nothing(artist: Person, what: str) -> None:
    body, status, code = BODIES[what]
    before = ok(artist.get(f"/users/{artist.id}"))
    try:
        answer = artist.put(f"/users/{artist.id}", content=body, headers=JSON)
    except httpx.WriteError:  # the server answered and closed before all of it was sent
        assert status == 413
    else:
        refused(answer, status, code)
    assert ok(artist.get(f"/users/{artist.id}")) == before


def test_a_wrong_content_type_is_415(artist: Person) -> None:
    answer = artist.put(f"/users/{artist.id}", content=b'{"bio": "x"}', headers={"Content-Type": "text/plain"})
    refused(answer, 415, "UNSUPPORTED_MEDIA_TYPE")


@pytest.mark.parametrize("query", ["page=0", "limit=1000000000", "limit=x", "page=-1", "user_id=7", "sort_by=price"])
def test_a_bad_query_names_its_parameter(stage: Stage, query: str) -> None:
    error = refused(stage.http.get(f"/api/v1/tracks?{query}"), 400, "BAD_REQUEST")
    assert error["details"][0]["field"] == query.partition("=")[0]


def test_a_negative_or_absurd_duration_is_no_play(artist: Person, tune: Tune) -> None:
    track = artist.release(tune("mp3", 6.0))
    for duration in (-1, 86_401, 1.5, "5", None):
        answer = artist.post(f"/tracks/{track['id']}/play", json={"duration": duration})
        refused(answer, 422, "VALIDATION_ERROR")
    artist.play(track["id"], 86_400)
    eventually(lambda: ok(artist.get(f"/tracks/{track['id']}/stats"))["stats"]["total_plays"] == 1)
    assert ok(artist.get(f"/tracks/{track['id']}/stats"))["stats"]["average_duration"] == 6.0


def test_a_malformed_id_in_each_spelling(stage: Stage, artist: Person) -> None:
    for bad in ("7", "not-an-id", uuid.uuid4().hex, "00000000-0000-0000-0000-00000000000g", "%00", "é"):
        refused(stage.http.get(f"/api/v1/tracks/{bad}"), 400, "BAD_REQUEST")
    for bad in ("0", "-1", "x", "1.5", "9" * 30):
        answer = artist.get(f"/api/v1/producer-intelligence/insights/tracks/{bad}")
        assert (answer.status_code, answer.json()["error"]) == (422, "validation_failed"), bad
    for bad in ("x", "!!!!!", "V4W8", "a" * 300):
        answer = stage.http.get(f"/v1/tracks/{bad}")
        assert (answer.status_code, list(answer.json())) == (404, ["message"]), bad
    for bad in ("7", "xyz"):
        refused(artist.get(f"/streams/v1/audience-track/{bad}"), 400, "BAD_REQUEST")


def forged(claims: dict[str, Any], header: dict[str, Any]) -> str:
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in (header, claims)]
    return ".".join([*parts, ""])


def test_a_token_that_is_not_ours_opens_nothing(stage: Stage, artist: Person) -> None:
    mine = artist.token["access_token"]
    head, body, signature = mine.split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=="))
    tampered = base64.urlsafe_b64encode(json.dumps(claims | {"role": "admin"}).encode()).rstrip(b"=").decode()
    bad = [
        "x",
        "a.b.c",
        forged(claims, {"alg": "none", "typ": "at+jwt"}),
        f"{head}.{tampered}.{signature}",
        f"{head}.{body}.{signature[:-4]}AAAA",
        artist.token["refresh_token"],
    ]
    for token in bad:
        answer = stage.http.get("/api/v1/auth/me", headers={"Authorization": f"Bearer {token}"})
        refused(answer, 401, "UNAUTHORIZED")
        assert answer.headers["www-authenticate"].startswith("Bearer")
    # Operations whose security is empty ignore the header, so a bad token cannot block a login.
    answer = stage.http.get("/api/v1/auth/check-username?username=abc", headers={"Authorization": "Bearer x"})
    assert answer.status_code == 200


def test_somebody_elses_things_stay_theirs(stage: Stage, artist: Person, listener: Person, tune: Tune) -> None:
    track = artist.release(tune("mp3", 6.0))
    insights = f"/api/v1/producer-intelligence/insights/tracks/{track['number']}"
    refused(listener.get(f"/tracks/{track['id']}/status"), 403, "FORBIDDEN")
    refused(listener.get(f"/analytics/tracks/{track['id']}"), 403, "FORBIDDEN")
    for path in (insights, f"{insights}/charts", f"{insights}/realtime"):
        assert listener.get(path).json()["error"] == "forbidden"
        assert stage.http.get(path).status_code == 401
    other = listener.post("/streams/v1/audience", json={"track_id": track["id"], "user_id": artist.id})
    refused(other, 403, "FORBIDDEN")
    refused(listener.get(f"/streams/v1/audience-track/{track['id']}?main_user_id={artist.id}"), 403, "FORBIDDEN")


def test_an_unknown_path_or_method_is_the_contracts_own_error(stage: Stage) -> None:
    refused(stage.http.get("/api/v1/nothing"), 404, "NOT_FOUND")
    wrong = stage.http.delete("/api/v1/tracks/search")
    refused(wrong, 405, "METHOD_NOT_ALLOWED")
    assert wrong.headers["allow"]
    assert stage.http.get("/v1/nothing").json().keys() == {"message"}
    assert stage.http.get("/partner/v1/nothing").json().keys() == {"message"}
    insights = stage.http.get("/api/v1/producer-intelligence/insights/nothing")
    assert (insights.status_code, insights.json()["error"]) == (404, "not_found")
