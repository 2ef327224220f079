"""Signing keys as files, tokens as a gateway checks them, refresh tokens as we keep them."""

import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.errors import Conflict, Unavailable
from chassis.ids import new_id
from services.auth.accounts.account import Account
from services.auth.sessions import refresh
from services.auth.sessions.keys import Keys
from services.auth.sessions.tokens import APP, PARTNER, Tokens

NOW = datetime(2026, 3, 10, 12, 0, 0, 123456, tzinfo=UTC)


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


def account(**changes: Any) -> Account:
    fields: dict[str, Any] = dict.fromkeys(Account.__dataclass_fields__)
    fields |= {"id": new_id(), "number": 7, "tenant": "public", "role": "user", "username": "ada", "is_removed": False}
    return Account(**(fields | changes))


def test_there_is_no_key_until_one_is_made(tmp_path: Path) -> None:
    for keys in (Keys(tmp_path / "missing"), Keys(tmp_path)):
        with pytest.raises(Unavailable):
            keys.signing()


def test_the_first_key_is_made_once_and_readable_by_us_alone(tmp_path: Path) -> None:
    keys = Keys(tmp_path / "keys")
    for _ in range(2):
        keys.ensure()
    [file] = (tmp_path / "keys").iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    [jwk] = keys.jwks()["keys"]
    assert set(jwk) == {"kty", "crv", "x", "kid", "use", "alg"}
    assert (jwk["kid"], jwk["alg"]) == (file.stem, "EdDSA")


def test_rotation_keeps_two_and_never_ends_living_tokens(tmp_path: Path) -> None:
    now = Clock()
    keys, reader = Keys(tmp_path, now), Keys(tmp_path)
    keys.ensure()
    first = keys.signing().id
    now.now += timedelta(minutes=1)
    second = keys.rotate()
    assert [key.id for key in reader.live()] == [second, first]
    now.now += timedelta(hours=23)
    with pytest.raises(Conflict):
        keys.rotate()
    now.now += timedelta(hours=1)
    third = keys.rotate()
    assert [key.id for key in reader.live()] == [third, second]
    now.now += timedelta(seconds=1)
    assert keys.rotate(at_once=True) == reader.signing().id
    assert len(list(tmp_path.iterdir())) == 1


def test_a_new_key_signs_once_every_process_has_it(tmp_path: Path) -> None:
    now = Clock()
    keys = Keys(tmp_path, now)
    keys.ensure()
    first = keys.signing().id
    now.now += timedelta(minutes=1)
    second = keys.rotate()
    assert {jwk["kid"] for jwk in keys.jwks()["keys"]} == {first, second}
    assert keys.signing().id == first
    now.now += timedelta(minutes=5)
    assert keys.signing().id == second


def test_half_a_key_is_never_seen(tmp_path: Path) -> None:
    keys = Keys(tmp_path)
    keys.ensure()
    (tmp_path / ".20990101T000000Z-00000000.new").write_text("half")
    assert len(keys.live()) == 1


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    made = Keys(tmp_path)
    made.ensure()
    return made


def read(keys: Keys, token: str, audience: str) -> dict[str, Any]:
    options: Any = {
        "verify_exp": False,
        "verify_iat": False,
        "require": ["iss", "aud", "exp", "iat", "typ", "sub", "jti"],
    }
    key = jwt.PyJWKSet.from_dict(keys.jwks())[jwt.get_unverified_header(token)["kid"]]
    return jwt.decode(token, key, ["EdDSA"], audience=audience, issuer="soundstage", options=options)


def test_an_access_token_says_who_and_which_session(keys: Keys) -> None:
    ada, session_id = account(role="admin"), new_id()
    token = Tokens(keys, "soundstage").access(ada, session_id, NOW)
    assert jwt.get_unverified_header(token) == {"alg": "EdDSA", "typ": "JWT", "kid": keys.signing().id}
    claims = read(keys, token, APP)
    assert claims.pop("jti")
    assert claims == {
        "iss": "soundstage",
        "aud": APP,
        "typ": "access",
        "sub": str(ada.id),
        "sid": str(session_id),
        "number": 7,
        "tenant": "public",
        "role": "admin",
        "username": "ada",
        "iat": NOW.timestamp(),
        "exp": int(NOW.timestamp()) + 86400,
    }


def test_each_kind_is_good_for_its_own_audience(keys: Keys) -> None:
    tokens = Tokens(keys, "soundstage")
    made = {
        "access": (tokens.access(account(), new_id(), NOW), APP),
        "client": (tokens.client(new_id(), "acme", NOW), PARTNER),
        "delegation": (tokens.delegation(account(tenant="acme"), new_id(), NOW), PARTNER),
    }
    for kind, (token, audience) in made.items():
        assert read(keys, token, audience)["typ"] == kind
        with pytest.raises(jwt.InvalidAudienceError):
            read(keys, token, ({APP, PARTNER} - {audience}).pop())


@given(st.text(), st.text(), st.text())
def test_a_successor_is_for_who_has_the_token_before(presented: str, successor: str, other: str) -> None:
    presented, successor, other = (t.encode("utf-8", "replace").decode() for t in (presented, successor, other))
    sealed = refresh.seal(successor, presented)
    assert refresh.unseal(sealed, presented) == successor
    assert refresh.seal(successor, presented) != sealed
    if other != presented:
        assert refresh.unseal(sealed, other) is None


def test_refresh_tokens_are_long_and_never_the_same() -> None:
    texts = {refresh.new_text() for _ in range(1000)}
    assert len(texts) == len({refresh.digest(text) for text in texts}) == 1000
    assert all(len(text) == len("rt_") + 43 for text in texts)
