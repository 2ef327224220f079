"""Signing in, rotating refresh tokens with reuse detection, signing out, and the list of the revoked."""

import asyncio
from datetime import UTC, timedelta
from typing import Any
from uuid import UUID

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from soundstage.auth.v1 import sessions_pb2 as pb
from soundstage.auth.v1.accounts_pb2 import Tokens

from chassis import errors
from chassis.principal import SERVICE
from services.auth.sessions.sweeper import Sweeper
from tests.integration.auth.conftest import PASSWORD, Auth, SignedUp

AGE = "UPDATE refresh_tokens SET used_at = used_at - interval '11 seconds' WHERE used_at IS NOT NULL"


async def refresh(auth: Auth, token: str) -> Tokens:
    answer = await auth.call(auth.sessions.Refresh, pb.RefreshSessionRequest(refresh_token=token, ip_address="::1"))
    tokens: Tokens = answer.tokens
    return tokens


async def log_in(auth: Auth, email: str, password: str = PASSWORD, **more: Any) -> pb.LogInResponse:
    request = pb.LogInRequest(email=email, password=password, **more)
    response: pb.LogInResponse = await auth.call(auth.sessions.LogIn, request)
    return response


async def revocations(
    auth: Auth, since: Timestamp | None = None, *, page_size: int = 0, page: str = ""
) -> pb.ListRevocationsResponse:
    request = pb.ListRevocationsRequest(since=since, page_size=page_size, page=page)
    response: pb.ListRevocationsResponse = await auth.call(auth.sessions.ListRevocations, request, SERVICE)
    return response


async def ended(auth: Auth, person: SignedUp) -> bool:
    return str(person.principal.session_id) in (await revocations(auth)).session_ids


async def test_signing_in_opens_a_session_of_its_own(auth: Auth) -> None:
    ada = await auth.sign_up("ada")
    answer = await log_in(auth, "ADA@example.com", user_agent="a\x00b" + "c" * 9999)
    assert answer.account == ada.account
    claims = await auth.claims(answer.tokens.access_token)
    assert claims["sid"] != str(ada.principal.session_id)


@pytest.mark.parametrize(
    ("email", "password"),
    [("ada@example.com", "wrong password"), ("bob@example.com", PASSWORD), ("\x00", PASSWORD), ("", "")],
)
async def test_wrong_credentials_are_one_error(auth: Auth, email: str, password: str) -> None:
    await auth.sign_up("ada")
    with pytest.raises(errors.Unauthenticated) as refused:
        await log_in(auth, email, password)
    assert refused.value.reason == "INVALID_CREDENTIALS"
    assert refused.value.message == "Email and password do not match an account."


@pytest.mark.parametrize(("remember", "days"), [(False, 30), (True, 90)])
async def test_a_refresh_token_lives_as_chosen_at_sign_in(auth: Auth, remember: bool, days: int) -> None:
    await auth.sign_up("ada")
    await auth.execute("DELETE FROM sessions")
    first = (await log_in(auth, "ada@example.com", remember_me=remember)).tokens
    await refresh(auth, first.refresh_token)
    lives = await auth.fetch("SELECT expires_at - clock_timestamp() AS left_over FROM refresh_tokens")
    assert len(lives) == 2
    assert all(timedelta(days=days, minutes=-1) < row["left_over"] <= timedelta(days=days) for row in lives)


async def test_a_refresh_token_is_traded_for_its_successor(auth: Auth) -> None:
    ada = await auth.sign_up("ada")
    second = await refresh(auth, ada.tokens.refresh_token)
    third = await refresh(auth, second.refresh_token)
    assert len({ada.tokens.refresh_token, second.refresh_token, third.refresh_token}) == 3
    claims = await auth.claims(third.access_token)
    assert claims["sid"] == str(ada.principal.session_id)
    assert claims["sub"] == ada.account.id


async def test_texts_of_tokens_are_not_kept(auth: Auth) -> None:
    ada = await auth.sign_up("ada")
    second = await refresh(auth, ada.tokens.refresh_token)
    kept = b"".join(row["hash"] + (row["successor"] or b"") for row in await auth.fetch("SELECT * FROM refresh_tokens"))
    assert ada.tokens.refresh_token.encode() not in kept
    assert second.refresh_token.encode() not in kept


async def test_a_repeat_within_ten_seconds_gives_the_same_successor(auth: Auth) -> None:
    ada = await auth.sign_up("ada")
    answers = await asyncio.gather(*(refresh(auth, ada.tokens.refresh_token) for _ in range(5)))
    assert len({a.refresh_token for a in answers}) == 1
    assert not await ended(auth, ada)
    await refresh(auth, answers[0].refresh_token)


async def test_a_later_repeat_revokes_the_family_and_its_session(auth: Auth) -> None:
    ada = await auth.sign_up("ada")
    second = await refresh(auth, ada.tokens.refresh_token)
    await auth.execute(AGE)
    with pytest.raises(errors.Unauthenticated) as refused:
        await refresh(auth, ada.tokens.refresh_token)
    assert refused.value.reason == "INVALID_REFRESH_TOKEN"
    with pytest.raises(errors.Unauthenticated):
        await refresh(auth, second.refresh_token)
    assert await ended(auth, ada)


async def test_another_session_of_the_same_person_lives_on(auth: Auth) -> None:
    ada = await auth.sign_up("ada")
    other = await log_in(auth, "ada@example.com")
    await refresh(auth, ada.tokens.refresh_token)
    await auth.execute(AGE)
    with pytest.raises(errors.Unauthenticated):
        await refresh(auth, ada.tokens.refresh_token)
    await refresh(auth, other.tokens.refresh_token)


@pytest.mark.parametrize("token", ["", "rt_nonsense", "\x00", "x" * 4096])
async def test_unknown_refresh_tokens_are_refused(auth: Auth, token: str) -> None:
    with pytest.raises(errors.Unauthenticated) as refused:
        await refresh(auth, token)
    assert refused.value.reason == "INVALID_REFRESH_TOKEN"


async def test_an_expired_refresh_token_is_refused(auth: Auth) -> None:
    ada = await auth.sign_up("ada")
    await auth.execute("UPDATE refresh_tokens SET expires_at = clock_timestamp()")
    with pytest.raises(errors.Unauthenticated):
        await refresh(auth, ada.tokens.refresh_token)


async def test_signing_out_ends_the_session_and_its_family(auth: Auth) -> None:
    ada = await auth.sign_up("ada")
    before = await revocations(auth)
    assert not before.session_ids
    for token in (ada.tokens.refresh_token, "rt_unknown", ""):
        await auth.call(auth.sessions.LogOut, pb.LogOutRequest(refresh_token=token), ada.principal)
    with pytest.raises(errors.Unauthenticated):
        await refresh(auth, ada.tokens.refresh_token)
    after = await revocations(auth, before.as_of)
    assert list(after.session_ids) == [str(ada.principal.session_id)]
    assert not (await revocations(auth, after.as_of)).session_ids


async def test_nobody_signs_out_somebody_else(auth: Auth) -> None:
    ada, bob = await auth.sign_up("ada"), await auth.sign_up("bob")
    request = pb.LogOutRequest(refresh_token=ada.tokens.refresh_token)
    with pytest.raises(errors.Forbidden):
        await auth.call(auth.sessions.LogOut, request, bob.principal)
    assert not (await revocations(auth)).session_ids
    with pytest.raises(errors.Unauthenticated):
        await auth.call(auth.sessions.LogOut, request)


async def test_a_new_role_ends_the_tokens_of_before(auth: Auth) -> None:
    ada = await auth.sign_up("ada")
    await auth.parts.accounts.make_admin("ada")
    [not_before] = (await revocations(auth)).not_before
    moment = not_before.moment.ToDatetime(UTC).timestamp()
    assert not_before.account_id == ada.account.id
    assert (await auth.claims(ada.tokens.access_token))["iat"] < moment
    new = await auth.claims((await refresh(auth, ada.tokens.refresh_token)).access_token)
    assert new["iat"] >= moment
    assert new["role"] == "admin"


async def test_tokens_made_while_the_role_changes_are_old_or_right(auth: Auth) -> None:
    """Whichever comes first, no token of the old role is dated after the change."""
    ada = await auth.sign_up("ada")
    logins = [log_in(auth, "ada@example.com") for _ in range(6)]
    answers, *_ = await asyncio.gather(asyncio.gather(*logins), auth.parts.accounts.make_admin("ada"))
    [not_before] = (await revocations(auth)).not_before
    moment = not_before.moment.ToDatetime(UTC).timestamp()
    for answer in answers:
        claims = await auth.claims(answer.tokens.access_token)
        assert claims["iat"] < moment or claims["role"] == "admin"
    assert ada.account.role == "user"


async def test_what_no_living_token_needs_is_not_listed(auth: Auth) -> None:
    ada = await auth.sign_up("ada")
    await auth.execute("UPDATE sessions SET ended_at = clock_timestamp() - interval '25 hours'")
    assert not await ended(auth, ada)
    ancient = Timestamp(seconds=1)
    assert not (await revocations(auth, ancient)).session_ids


async def test_pages_hold_all_of_the_list_though_all_ended_in_one_moment(auth: Auth) -> None:
    """A day may end more sessions than fit one message, and gateways start only with the whole list."""
    ada = await auth.sign_up("ada")
    await auth.execute(
        "INSERT INTO sessions (id, account_id, refresh_days, ip_address, user_agent, expires_at, ended_at) "
        "SELECT gen_random_uuid(), $1, 1, '', '', now(), now() FROM generate_series(1, 7)",
        UUID(ada.account.id),
    )
    for name in ("bob", "cleo"):
        await auth.sign_up(name)
        await auth.parts.accounts.make_admin(name)
    whole = await revocations(auth)
    assert (len(whole.session_ids), len(whole.not_before), whole.next_page) == (7, 2, "")
    for size in range(1, 11):
        pages = [await revocations(auth, page_size=size)]
        while pages[-1].next_page:
            pages.append(await revocations(auth, page_size=size, page=pages[-1].next_page))
        assert sorted(id for page in pages for id in page.session_ids) == sorted(whole.session_ids)
        assert [moment for page in pages for moment in page.not_before] == list(whole.not_before)
    with pytest.raises(errors.Invalid):
        await revocations(auth, page_size=5, page="session yesterday")


async def test_a_moment_that_is_none_is_refused(auth: Auth) -> None:
    with pytest.raises(errors.Invalid):
        await revocations(auth, Timestamp(seconds=2**62))


async def test_successors_and_old_sessions_are_forgotten(auth: Auth) -> None:
    ada = await auth.sign_up("ada")
    await refresh(auth, ada.tokens.refresh_token)
    sweeper = Sweeper(auth.parts.database)
    await sweeper.sweep()
    assert await auth.fetch("SELECT 1 FROM refresh_tokens WHERE successor IS NOT NULL")
    await auth.execute(AGE)
    await sweeper.sweep()
    assert not await auth.fetch("SELECT 1 FROM refresh_tokens WHERE successor IS NOT NULL")
    assert len(await auth.fetch("SELECT 1 FROM refresh_tokens")) == 2
    await auth.execute("UPDATE sessions SET expires_at = clock_timestamp() - interval '49 hours'")
    await sweeper.sweep()
    assert not await auth.fetch("SELECT 1 FROM refresh_tokens")


async def test_keys_rotate_under_living_tokens(auth: Auth) -> None:
    ada = await auth.sign_up("ada")
    auth.parts.keys.rotate()
    new = await refresh(auth, ada.tokens.refresh_token)
    for token in (ada.tokens.access_token, new.access_token):
        assert UUID((await auth.claims(token))["jti"])
