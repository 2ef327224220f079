"""A label's back end makes a user, mints a token for a device, and the app plays the manifest with ffmpeg."""

import json
import uuid
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from tests.support import audio
from tests.support.people import Person, Stage
from tests.support.system import System

Tune = Callable[[str, float], Path]


@pytest.fixture
def client(running_system: System, stage: Stage) -> httpx.Client:
    """A new tenant's back end, signed in."""
    made = running_system.command("deploy.local", "service", "auth", "tenants", "add", f"label-{uuid.uuid4().hex[:8]}")
    credentials = json.loads(made)
    body = {"grant_type": "client_credentials", **{k: credentials[k] for k in ("client_id", "client_secret")}}
    token = stage.http.post("/partner/v1/oauth/token", data=body).json()
    headers = {"Authorization": f"Bearer {token['access_token']}"}
    return httpx.Client(base_url=f"{stage.url}/partner/v1", headers=headers, timeout=30)


def add_user(client: httpx.Client, email: str) -> httpx.Response:
    body = {"first_name": "Jane", "last_name": "Doe", "email": email, "date_of_birth": "1990-08-24"}
    return client.post("/users", json=body)


def delegated(client: httpx.Client, stage: Stage, user_id: str) -> httpx.Client:
    minted = client.post(f"/users/{user_id}/delegation-token", json={"deviceId": str(uuid.uuid4())}).json()
    assert minted["expires_in"] == 600
    return httpx.Client(base_url=f"{stage.url}/partner/v1", headers={"Authorization": f"Bearer {minted['token']}"})


def test_an_app_plays_the_manifest(
    stage: Stage, client: httpx.Client, artist: Person, tune: Tune, tmp_path: Path
) -> None:
    track = artist.release(tune("flac", 9.5))
    user = add_user(client, "jane@example.com")
    assert (user.status_code, user.json()["status"]) == (201, "UNSUBSCRIBED")
    app = delegated(client, stage, user.json()["id"])
    manifest = app.get(f"/streams/{track['stream_id']}/manifest.m3u8")
    assert (manifest.status_code, manifest.headers["content-type"].split(";")[0]) == (
        200,
        "application/vnd.apple.mpegurl",
    )
    local = tmp_path / "manifest.m3u8"
    local.write_text(manifest.text)
    played = tmp_path / "played.wav"
    audio.run("-protocol_whitelist", "file,http,tcp", "-i", local, played)
    assert abs(len(audio.decode(played)) / 44_100 - 9.5) < 0.1


def test_tenants_never_meet(running_system: System, stage: Stage, client: httpx.Client) -> None:
    user = add_user(client, "jane@example.com").json()
    taken = add_user(client, "JANE@example.com")
    assert (taken.status_code, list(taken.json()["errors"])) == (422, ["email"])
    credentials = json.loads(
        running_system.command("deploy.local", "service", "auth", "tenants", "add", f"other-{uuid.uuid4().hex[:8]}")
    )
    body = {"grant_type": "client_credentials", **{k: credentials[k] for k in ("client_id", "client_secret")}}
    token = stage.http.post("/partner/v1/oauth/token", json=body).json()["access_token"]
    other = httpx.Client(base_url=f"{stage.url}/partner/v1", headers={"Authorization": f"Bearer {token}"})
    assert other.get(f"/users/{user['id']}").status_code == 404
    assert other.post(f"/users/{user['id']}/delegation-token", json={"deviceId": str(uuid.uuid4())}).status_code == 404
    assert add_user(other, "jane@example.com").status_code == 201


def test_only_the_right_kind_of_token_opens_a_stream(
    stage: Stage, client: httpx.Client, artist: Person, tune: Tune
) -> None:
    track = artist.release(tune("mp3", 6.0))
    path = f"/partner/v1/streams/{track['stream_id']}/manifest.m3u8"
    assert stage.http.get(path).status_code == 401
    assert client.get(f"/streams/{track['stream_id']}/manifest.m3u8").status_code == 403
    hidden = artist.release(tune("mp3", 6.0), is_public="false")
    app = delegated(client, stage, add_user(client, "x@example.com").json()["id"])
    assert app.get(f"/streams/{hidden['stream_id']}/manifest.m3u8").status_code == 404
    assert app.get(f"/streams/{uuid.uuid4()}/manifest.m3u8").status_code == 404
