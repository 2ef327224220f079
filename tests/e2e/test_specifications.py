"""schemathesis runs each contract's document over what is built, on real things and on made-up ones."""

import subprocess
import sys
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.config import Settings
from gateway.contracts import CONTRACTS as BUILD
from gateway.contracts.discovery import hashid
from tests.support.people import Person, Stage, ok
from tests.support.system import System
from tests.support.waiting import eventually

CONTRACTS = {contract.name: contract for contract in (build(Settings()) for build in BUILD)}
DOCUMENTS = Path(__file__).parents[2] / "gateway" / "contracts"
EXAMPLES = "12"
# A reader of the document cannot know rules between fields or the state of things (a taken name, a key used before).
LEFT_OUT = "positive_data_acceptance,ignored_auth"
# What an id in a path of platform names, by the path's first word.
KINDS = {"tracks": "track", "users": "user", "marketplace": "product", "playlists": "playlist"}
# They end what the operations before them need.
DELETES = ("deleteTrack", "deletePlaylist")
# It ends the session that all other operations need, so it runs last, on its own.
ENDS_THE_SESSION = "logoutUser"


def built(name: str) -> list[str]:
    return sorted(o.operation_id for o in CONTRACTS[name].operations() if o.is_built)


def run(name: str, url: str, token: str, operations: list[str], folder: Path, *, settings: str = "") -> None:
    """Those under the base path, then those outside it; fails with schemathesis' own words."""
    base = CONTRACTS[name].base_path
    paths = {o.operation_id: o.path for o in CONTRACTS[name].operations()}
    inside = [o for o in operations if paths[o].startswith(f"{base}/")]
    outside = [o for o in operations if o not in inside]
    config = folder / "schemathesis.toml"
    config.write_text(settings)
    for where, chosen in ((url + base, inside), (url, outside)):
        if chosen:
            schemathesis(config, DOCUMENTS / name / "openapi.yaml", where, token, chosen)


def schemathesis(config: Path, document: Path, where: str, token: str, operations: list[str]) -> None:
    argv = [str(Path(sys.executable).with_name("schemathesis")), "--no-color", "--config-file", str(config), "run"]
    argv += [str(document), "--url", where, "--checks", "all", "--exclude-checks", LEFT_OUT]
    argv += ["--phases", "examples,coverage,fuzzing", "--max-examples", EXAMPLES, "--seed", "7"]
    argv += ["--request-timeout", "20", "--continue-on-failure"]
    argv += [word for operation in operations for word in ("--include-operation-id", operation)]
    argv += ["--header", f"Authorization: Bearer {token}"] if token else []
    done = subprocess.run(argv, cwd=config.parent, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stdout[-12_000:] + done.stderr[-2_000:]


@pytest.fixture(scope="module")
def things(running_system: System, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """One of each kind, which stays, and whoever it belongs to."""
    from tests.support import audio

    with Stage(running_system.url) as stage:
        person = stage.person()
        track = person.release(audio.make(tmp_path_factory.mktemp("tune") / "tune.mp3", 2.0))
        offer = {"title": "T", "price": 1, "product_type": "track", "track_id": track["id"]}
        product = ok(person.post("/marketplace/products", json=offer), 201)
        playlist = ok(person.post("/playlists", json={"title": "P"}), 201)["playlist"]
        ok(person.post(f"/playlists/{playlist['id']}/tracks", json={"track_id": track["id"]}))
        return {
            "token": person.token["access_token"],
            "user": person.id,
            "track": track["id"],
            "number": str(track["number"]),
            "discovery handle": person.user["username"],
            "discovery user_id": hashid.encode(person.user["number"]),
            "discovery track_id": hashid.encode(track["number"]),
            "discovery playlist_id": listed(stage, person, track["id"]),
            "stream": track["stream_id"],
            "product": product["id"],
            "playlist": playlist["id"],
        }


def listed(stage: Stage, person: Person, track_id: str) -> str:
    """A public playlist with this track, by the id that discovery gives it."""
    made = ok(person.post("/playlists", json={"title": person.user["username"], "is_public": True}), 201)["playlist"]
    ok(person.post(f"/playlists/{made['id']}/tracks", json={"track_id": track_id}))
    query = {"query": person.user["username"]}
    return str(eventually(lambda: stage.http.get("/v1/playlists/search", params=query).json()["data"])[0]["id"])


def test_platform(running_system: System, things: dict[str, str], tmp_path: Path) -> None:
    operations = [o for o in built("platform") if o not in (ENDS_THE_SESSION, *DELETES)]
    run("platform", running_system.url, things["token"], operations, tmp_path)


def test_platform_on_real_things(running_system: System, things: dict[str, str], tmp_path: Path) -> None:
    settings = "".join(
        f"[[operations]]\ninclude-path-regex = '^/{base}/'\nparameters = {{ 'path.id' = '{things[kind]}' }}\n"
        for base, kind in (*KINDS.items(), ("analytics", "track"))
    )
    with_ids = [o.operation_id for o in CONTRACTS["platform"].operations() if o.is_built and "id" in o.parameters]
    operations = [o for o in with_ids if o not in DELETES]
    run("platform", running_system.url, things["token"], operations, tmp_path, settings=settings)


def test_platform_sign_out(running_system: System, stage: Stage, tmp_path: Path) -> None:
    token = stage.person().token["access_token"]
    run("platform", running_system.url, token, [ENDS_THE_SESSION, *DELETES], tmp_path)


@pytest.mark.parametrize("name", ["insights", "audience", "discovery"])
def test_contract(running_system: System, things: dict[str, str], tmp_path: Path, name: str) -> None:
    token = "" if name == "discovery" else things["token"]
    run(name, running_system.url, token, built(name), tmp_path)


def test_discovery_on_real_things(running_system: System, things: dict[str, str], tmp_path: Path) -> None:
    named = {name: things[f"discovery {name}"] for name in ("user_id", "handle", "track_id", "playlist_id")}
    settings = "[parameters]\n" + "".join(f"'path.{name}' = '{value}'\n" for name, value in named.items())
    operations = [o.operation_id for o in CONTRACTS["discovery"].operations() if set(o.parameters) & named.keys()]
    run("discovery", running_system.url, "", operations, tmp_path, settings=settings)


def test_partner(running_system: System, stage: Stage, tmp_path: Path) -> None:
    import json

    made = running_system.command("deploy.local", "service", "auth", "tenants", "add", f"spec-{uuid.uuid4().hex[:8]}")
    credentials = json.loads(made)
    body = {"grant_type": "client_credentials", **{k: credentials[k] for k in ("client_id", "client_secret")}}
    token = stage.http.post("/partner/v1/oauth/token", json=body).json()["access_token"]
    run("partner", running_system.url, token, built("partner"), tmp_path)


def test_what_is_not_built_says_so(stage: Stage, artist: Person) -> None:
    calls: dict[str, Callable[[], int]] = {
        "platform": lambda: artist.get("/notifications").status_code,
        "insights": lambda: artist.get("/api/v1/producer-intelligence/insights/export/formats").status_code,
        "partner": lambda: stage.http.get("/partner/v1/artists/search?q=x").status_code,
    }
    assert {name: call() for name, call in calls.items()} == {**dict.fromkeys(calls, 501), "partner": 401}
