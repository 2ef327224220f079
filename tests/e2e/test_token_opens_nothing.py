"""A token that is not good is 401 in the words of each contract, whatever is wrong with it."""

import base64
import hmac
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.support import audio
from tests.support.callers import Callers, Tenant, again
from tests.support.people import Person, Stage, ok
from tests.support.system import System
from tests.support.waiting import eventually

JSON = dict[str, Any]
# Ended sessions and changed roles reach every gateway within this time.


@dataclass(frozen=True)
class Signer:
    """Signs as auth does, with the system's own key."""

    private: Ed25519PrivateKey
    kid: str

    def sign(self, claims: JSON) -> str:
        return jwt.encode(claims, self.private, algorithm="EdDSA", headers={"kid": self.kid})

    def public(self, form: serialization.PublicFormat, encoding: serialization.Encoding) -> bytes:
        return self.private.public_key().public_bytes(encoding, form)


def stranger(kid: str) -> Signer:
    return Signer(Ed25519PrivateKey.generate(), kid)


def part(content: JSON | bytes) -> str:
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def hs256(claims: JSON, kid: str, secret: bytes) -> str:
    signed = f"{part({'alg': 'HS256', 'typ': 'JWT', 'kid': kid})}.{part(claims)}"
    return f"{signed}.{part(hmac.digest(secret, signed.encode(), 'sha256'))}"


def without(claims: JSON, name: str) -> JSON:
    return {key: value for key, value in claims.items() if key != name}


def other_audience(claims: JSON) -> JSON:
    """A token for the apps is none for partners, and the other way round."""
    return claims | {"aud": "soundstage:app" if claims["aud"] == "soundstage:partner" else "soundstage:partner"}


PEM = (serialization.PublicFormat.SubjectPublicKeyInfo, serialization.Encoding.PEM)
RAW = (serialization.PublicFormat.Raw, serialization.Encoding.Raw)

BENT: dict[str, Callable[[Signer, JSON], str]] = {
    "expired": lambda signer, claims: signer.sign(claims | {"exp": int(time.time()) - 1}),
    "without an end": lambda signer, claims: signer.sign(without(claims, "exp")),
    "without an id": lambda signer, claims: signer.sign(without(claims, "jti")),
    "of a foreign key": lambda signer, claims: stranger(signer.kid).sign(claims),
    "of an unknown key": lambda signer, claims: stranger("20200101T000000Z-00000000").sign(claims),
    "unsigned": lambda signer, claims: f"{part({'alg': 'none', 'typ': 'JWT', 'kid': signer.kid})}.{part(claims)}.",
    "HS256 by the public key": lambda signer, claims: hs256(claims, signer.kid, signer.public(*RAW)),
    "HS256 by the public PEM": lambda signer, claims: hs256(claims, signer.kid, signer.public(*PEM)),
    "for others": lambda signer, claims: signer.sign(claims | {"aud": "somebody:else"}),
    "for another API": lambda signer, claims: signer.sign(other_audience(claims)),
    "of another issuer": lambda signer, claims: signer.sign(claims | {"iss": "elsewhere"}),
    "of an unknown kind": lambda signer, claims: signer.sign(claims | {"typ": "refresh"}),
    "of another shape": lambda signer, claims: signer.sign(claims)[:-6],
}

WORDS: dict[str, Callable[[JSON], bool]] = {
    "platform": lambda body: (body["success"], body["error"]["code"]) == (False, "UNAUTHORIZED"),
    "audience": lambda body: (body["success"], body["error"]["code"]) == (False, "UNAUTHORIZED"),
    "insights": lambda body: body == {"success": False, "message": "Authentication required", "error": "unauthorized"},
    "partner": lambda body: body == {"message": "Unauthenticated."},
}


@dataclass(frozen=True)
class Door:
    """A read that a good token opens."""

    contract: str
    path: str
    token: str


@pytest.fixture(scope="module")
def track(callers: Callers, tmp_path_factory: pytest.TempPathFactory) -> JSON:
    return callers.people["owner"].release(audio.make(tmp_path_factory.mktemp("tokens") / "tune.mp3", 1.0))


@pytest.fixture(scope="module")
def signer(running_system: System) -> Signer:
    file = max((running_system.home / "keys").rglob("*.pem"))
    private = serialization.load_pem_private_key(file.read_bytes(), password=None)
    assert isinstance(private, Ed25519PrivateKey)
    return Signer(private, file.stem)


def doors_of(person: Person, track: JSON) -> list[Door]:
    """Those of the contracts that take a user's token; of platform one that needs it and one that does not."""
    token = person.token["access_token"]
    return [
        Door("platform", "/api/v1/auth/me", token),
        Door("platform", "/api/v1/tracks", token),
        Door("insights", f"/api/v1/producer-intelligence/insights/tracks/{track['number']}", token),
        Door("audience", f"/streams/v1/artist-audience/{person.id}", token),
    ]


@pytest.fixture(scope="module")
def doors(callers: Callers, track: JSON) -> list[Door]:
    tenant = callers.tenant
    return [
        *doors_of(callers.people["owner"], track),
        Door("partner", f"/partner/v1/users/{tenant.user_id}", tenant.client),
        Door("partner", f"/partner/v1/streams/{track['stream_id']}/manifest.m3u8", tenant.delegation),
    ]


def knock(door: Door, stage: Stage, token: str) -> httpx.Response:
    return stage.http.get(door.path, headers={"Authorization": f"Bearer {token}"})


def is_shut(door: Door, answer: httpx.Response) -> bool:
    """401 with the challenge, in the contract's own words; anything that is neither that nor open is wrong."""
    assert answer.status_code in (200, 401), f"{door.path}: {answer.status_code} {answer.text}"
    if answer.status_code == 200:
        return False
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert WORDS[door.contract](answer.json()), answer.text
    return True


@pytest.mark.processes
def test_a_token_that_is_signed_as_auth_does_opens_each(stage: Stage, signer: Signer, doors: list[Door]) -> None:
    for door in doors:
        claims = jwt.decode(door.token, options={"verify_signature": False})
        assert not is_shut(door, knock(door, stage, signer.sign(claims))), door


@pytest.mark.processes
@pytest.mark.parametrize("what", BENT)
def test_a_token_opens_nothing(stage: Stage, signer: Signer, doors: list[Door], what: str) -> None:
    for door in doors:
        claims = jwt.decode(door.token, options={"verify_signature": False})
        assert is_shut(door, knock(door, stage, BENT[what](signer, claims))), door


def test_where_no_token_is_read_a_bad_one_does_no_harm(stage: Stage, track: JSON) -> None:
    for path in ("/health_check", "/v1/tracks/x", "/partner/v1/heartbeat", "/api/v1/auth/check-username?username=abc"):
        with_token = stage.http.get(path, headers={"Authorization": "Bearer x"})
        assert with_token.status_code == stage.http.get(path).status_code != 401


def all_shut(stage: Stage, doors: list[Door]) -> Callable[[], bool]:
    return lambda: all(is_shut(door, knock(door, stage, door.token)) for door in doors)


def test_the_tokens_of_an_ended_session_are_shut_out(stage: Stage, callers: Callers, track: JSON) -> None:
    here, there = again(callers.people["owner"]), again(callers.people["owner"])
    ok(here.post("/auth/logout", json={"refresh_token": here.token["refresh_token"]}))
    eventually(all_shut(stage, doors_of(here, track)))
    for door in doors_of(there, track):
        assert not is_shut(door, knock(door, stage, door.token)), "the other session ended too"


def test_a_changed_role_shuts_out_the_tokens_of_before(running_system: System, stage: Stage, tmp_path: Path) -> None:
    person = stage.person("promoted")
    track = person.release(audio.make(tmp_path / "tune.mp3", 1.0))
    running_system.command("deploy.local", "service", "auth", "admins", "add", person.user["username"])
    eventually(all_shut(stage, doors_of(person, track)))
    promoted = again(person)
    assert ok(promoted.get("/auth/me"))["role"] == "admin"
    for door in doors_of(promoted, track):
        assert not is_shut(door, knock(door, stage, door.token)), door


def test_a_removed_user_is_shut_out_of_the_app(
    running_system: System, stage: Stage, callers: Callers, track: JSON
) -> None:
    foreign = Tenant(stage, callers.foreign.client)
    door = Door("partner", f"/partner/v1/streams/{track['stream_id']}/manifest.m3u8", foreign.delegation)
    assert not is_shut(door, knock(door, stage, door.token))
    running_system.command("deploy.local", "service", "auth", "accounts", "remove", foreign.user_id)
    eventually(all_shut(stage, [door]))
