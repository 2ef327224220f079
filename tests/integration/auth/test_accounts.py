"""Signing up, being found, changing and being removed, over gRPC on a real database."""

import asyncio
from typing import Any
from uuid import UUID

import pytest
from soundstage.auth.v1 import accounts_pb2 as pb
from soundstage.auth.v1.sessions_pb2 import ListRevocationsRequest, LogInRequest, RefreshSessionRequest
from soundstage.common.v1.common_pb2 import Ref

from chassis import client, errors
from chassis.ids import new_id
from chassis.principal import ANONYMOUS, SERVICE, Kind, Principal
from tests.integration.auth.conftest import PASSWORD, Auth
from tests.support.outbox import EVENTS

ACME = Principal(Kind.CLIENT, tenant="acme", role="client")


def registration(username: str, email: str, password: str = PASSWORD) -> pb.RegisterAccountRequest:
    return pb.RegisterAccountRequest(
        username=username, email=email, password=password, ip_address="::1", user_agent="test"
    )


def new_user(email: str, key: str = "", **changes: str) -> pb.AddAccountRequest:
    person = {"first_name": "Jane", "last_name": "Doe", "date_of_birth": "1990-08-24"} | changes
    return pb.AddAccountRequest(email=email, idempotency_key=key, **person)


async def states(auth: Auth) -> list[tuple[str, pb.AccountState]]:
    rows = await auth.fetch(f"SELECT type, key, topic, payload FROM {EVENTS} ORDER BY id")
    found = [(row["type"], pb.AccountState.FromString(row["payload"])) for row in rows]
    assert all(row["key"] == state.id for row, (_, state) in zip(rows, found, strict=True))
    assert {row["topic"] for row in rows} <= {"soundstage.accounts.v1"}
    return found


async def test_a_person_signs_up_and_is_signed_in(auth: Auth) -> None:
    ada = await auth.sign_up("Ada")
    claims = await auth.claims(ada.tokens.access_token)
    assert ada.account.number == claims["number"] > 0
    assert (claims["sub"], claims["tenant"], claims["role"]) == (ada.account.id, "public", "user")
    assert (claims["typ"], claims["username"]) == ("access", "Ada")
    assert claims["exp"] - claims["iat"] == pytest.approx(86400, abs=1)
    assert ada.tokens.expires_in_seconds == 86400
    [(kind, state)] = await states(auth)
    assert (kind, state.id, state.handle, state.name, state.version) == (
        "AccountCreated",
        ada.account.id,
        "Ada",
        "Ada",
        1,
    )
    assert b"example.com" not in state.SerializeToString()


async def test_passwords_are_kept_as_argon2id(auth: Auth) -> None:
    await auth.sign_up("ada")
    [row] = await auth.fetch("SELECT password_hash FROM accounts")
    assert row["password_hash"].startswith("$argon2id$v=19$m=49152,")


async def test_taken_names_are_all_named(auth: Auth) -> None:
    await auth.sign_up("ada")
    for username, email, fields in (
        ("ADA", "other@example.com", ["username"]),
        ("other", "Ada@Example.COM", ["email"]),
        ("aDa", "aDa@example.com", ["username", "email"]),
    ):
        with pytest.raises(errors.AlreadyExists) as refused:
            await auth.call(auth.accounts.Register, registration(username, email))
        assert [f.field for f in refused.value.fields] == fields
    assert len(await auth.fetch("SELECT id FROM accounts")) == len(await states(auth)) == 1


async def test_of_two_at_once_one_gets_the_name(auth: Auth) -> None:
    requests = [registration("ada", "one@example.com"), registration("ADA", "two@example.com")]
    outcomes = await asyncio.gather(
        *(auth.call(auth.accounts.Register, request) for request in requests), return_exceptions=True
    )
    refused = [o for o in outcomes if isinstance(o, errors.AlreadyExists)]
    assert [[f.field for f in o.fields] for o in refused] == [["username"]]
    assert len(await states(auth)) == len(await auth.fetch("SELECT id FROM sessions")) == 1


@pytest.mark.parametrize(
    ("username", "email", "password", "field"),
    [
        ("ab", "a@example.com", PASSWORD, "username"),
        (".abc", "a@example.com", PASSWORD, "username"),
        ("a/../b", "a@example.com", PASSWORD, "username"),
        ("abc\n", "a@example.com", PASSWORD, "username"),
        ("abc", "no address", PASSWORD, "email"),
        ("abc", "a@example.com\x00", PASSWORD, "email"),
        ("abc", "a@example.com", "short", "password"),
        ("abc", "a@example.com", "x" * 129, "password"),
        ("abc", "a@example.com", "long enough\x00", "password"),
    ],
)
async def test_bad_registrations_leave_nothing(
    auth: Auth, username: str, email: str, password: str, field: str
) -> None:
    with pytest.raises(errors.Invalid) as refused:
        await auth.call(auth.accounts.Register, registration(username, email, password))
    assert [f.field for f in refused.value.fields] == [field]
    assert not await auth.fetch("SELECT id FROM accounts")


async def test_the_email_is_for_oneself_and_admins(auth: Auth) -> None:
    ada, bob = await auth.sign_up("ada"), await auth.sign_up("bob")
    assert (await auth.get(ada.account.id, ada.principal)).email == "ada@example.com"
    for caller in (ANONYMOUS, bob.principal, SERVICE):
        assert (await auth.get(ada.account.id, caller)).email == ""
    await auth.parts.accounts.make_admin("BOB")
    admin = await auth.call(auth.sessions.Refresh, RefreshSessionRequest(refresh_token=bob.tokens.refresh_token))
    principal = await auth.principal(admin.tokens.access_token)
    assert principal.is_admin
    assert (await auth.get(ada.account.id, principal)).email == "ada@example.com"


async def test_accounts_are_found_by_number_and_name(auth: Auth) -> None:
    ada = await auth.sign_up("Ada")
    by_number = pb.GetAccountRequest(account=Ref(number=ada.account.number))
    assert (await auth.call(auth.accounts.Get, by_number)).account.id == ada.account.id
    by_name = pb.GetAccountByUsernameRequest(username="aDA")
    assert (await auth.call(auth.accounts.GetByUsername, by_name)).account.id == ada.account.id
    for name, available in (("ada", False), ("free", True)):
        answer = await auth.call(auth.accounts.CheckUsername, pb.CheckUsernameRequest(username=name))
        assert answer.available is available


@pytest.mark.parametrize(
    ("method", "request_", "error"),
    [
        ("Get", pb.GetAccountRequest(), errors.Invalid),
        ("Get", pb.GetAccountRequest(account=Ref(id="nonsense")), errors.Invalid),
        ("Get", pb.GetAccountRequest(account=Ref(id=str(UUID(int=7)))), errors.NotFound),
        ("Get", pb.GetAccountRequest(account=Ref(number=-1)), errors.Invalid),
        ("GetByUsername", pb.GetAccountByUsernameRequest(username="\x00"), errors.NotFound),
        ("CheckUsername", pb.CheckUsernameRequest(username="\x00"), errors.Invalid),
    ],
)
async def test_unreadable_names_are_refused(auth: Auth, method: str, request_: Any, error: type[errors.Error]) -> None:
    with pytest.raises(error):
        await auth.call(getattr(auth.accounts, method), request_)


async def test_a_profile_changes_and_says_so(auth: Auth) -> None:
    ada = await auth.sign_up("ada")
    change = pb.ChangeAccountRequest(
        id=ada.account.id, fields=["username", "first_name", "bio"], first_name="Ada", bio=""
    )
    change.username = "lovelace"
    answer = await auth.call(auth.accounts.Change, change, ada.principal)
    assert (answer.account.username, answer.account.first_name) == ("lovelace", "Ada")
    assert not answer.account.HasField("bio")
    kind, state = (await states(auth))[-1]
    assert (kind, state.handle, state.name, state.version) == ("AccountChanged", "lovelace", "Ada", 2)
    await auth.call(auth.accounts.Change, change, ada.principal)
    assert len(await states(auth)) == 2


async def test_who_may_change_what(auth: Auth) -> None:
    ada, bob = await auth.sign_up("ada"), await auth.sign_up("bob")

    def change(**fields: str) -> pb.ChangeAccountRequest:
        return pb.ChangeAccountRequest(id=ada.account.id, fields=list(fields), **fields)

    with pytest.raises(errors.Forbidden):
        await auth.call(auth.accounts.Change, change(bio="hers"), bob.principal)
    with pytest.raises(errors.Unauthenticated):
        await auth.call(auth.accounts.Change, change(bio="hers"))
    with pytest.raises(errors.AlreadyExists) as taken:
        await auth.call(auth.accounts.Change, change(username="BOB"), ada.principal)
    assert [f.field for f in taken.value.fields] == ["username"]
    for bad in ({"username": ""}, {"bio": "x" * 2001}, {"location": "a\x00"}, {"avatar": "http://x.example/a"}):
        with pytest.raises(errors.Invalid) as refused:
            await auth.call(auth.accounts.Change, change(**bad), ada.principal)
        assert [f.field for f in refused.value.fields] == list(bad)
    for name in ("role", "email", "id", "fields", "SerializeToString"):
        with pytest.raises(errors.Invalid):
            await auth.call(
                auth.accounts.Change, pb.ChangeAccountRequest(id=ada.account.id, fields=[name]), ada.principal
            )
    assert [kind for kind, _ in await states(auth)] == ["AccountCreated"] * 2


async def test_two_who_want_one_name_at_once(auth: Auth) -> None:
    people = [await auth.sign_up("ada"), await auth.sign_up("bob")]
    requests = [pb.ChangeAccountRequest(id=p.account.id, fields=["username"], username="star") for p in people]
    outcomes = await asyncio.gather(
        *(auth.call(auth.accounts.Change, r, p.principal) for r, p in zip(requests, people, strict=True)),
        return_exceptions=True,
    )
    assert sorted(type(o).__name__ for o in outcomes) == ["AlreadyExists", "ChangeAccountResponse"]


async def test_a_removed_person_is_gone_everywhere(auth: Auth) -> None:
    ada = await auth.sign_up("ada")
    await auth.parts.accounts.remove(UUID(ada.account.id))
    with pytest.raises(errors.NotFound):
        await auth.get(ada.account.id, ada.principal)
    with pytest.raises(errors.Unauthenticated):
        await auth.call(auth.sessions.LogIn, LogInRequest(email="ada@example.com", password=PASSWORD))
    with pytest.raises(errors.Unauthenticated):
        await auth.call(auth.sessions.Refresh, RefreshSessionRequest(refresh_token=ada.tokens.refresh_token))
    revoked = await auth.call(auth.sessions.ListRevocations, ListRevocationsRequest(), SERVICE)
    assert [n.account_id for n in revoked.not_before] == [ada.account.id]
    assert list(revoked.session_ids) == [str(ada.principal.session_id)]
    kind, state = (await states(auth))[-1]
    assert (kind, state.is_removed, state.version, state.handle, state.name) == ("AccountRemoved", True, 2, "", "")
    assert state.number == ada.account.number
    # The name is free again, the number is not.
    assert (await auth.sign_up("ada")).account.number > ada.account.number


async def test_everybody_is_exported_and_states_are_listed(auth: Auth) -> None:
    people = [(await auth.sign_up(name)).account for name in ("ada", "bob", "cyd")]
    await auth.parts.accounts.remove(UUID(people[1].id))
    exported = [
        state
        async for answer in client.stream(
            auth.accounts.Export, pb.ExportAccountsRequest(after_id=people[0].id), caller=SERVICE, timeout_seconds=10
        )
        for state in answer.accounts
    ]
    assert [(s.id, s.is_removed) for s in exported] == [(people[1].id, True), (people[2].id, False)]
    refs = [Ref(id=people[1].id), Ref(number=people[2].number), Ref(id=str(new_id()))]
    listed = await auth.call(auth.accounts.ListStates, pb.ListAccountStatesRequest(accounts=refs), SERVICE)
    assert {(s.id, s.version) for s in listed.accounts} == {(people[1].id, 2), (people[2].id, 1)}
    with pytest.raises(errors.Forbidden):
        await auth.call(auth.accounts.ListStates, pb.ListAccountStatesRequest(accounts=refs), ACME)


async def test_a_partner_adds_users_to_its_tenant_alone(auth: Auth) -> None:
    for tenant in ("acme", "other"):
        await auth.parts.tenants.add(tenant)
    jane = (await auth.call(auth.accounts.Add, new_user("jane@example.com"), ACME)).account
    assert (jane.tenant, jane.email, jane.date_of_birth) == ("acme", "jane@example.com", "1990-08-24")
    assert (await auth.get(jane.id, ACME)).email == "jane@example.com"
    other = Principal(Kind.CLIENT, tenant="other", role="client")
    for stranger in (ANONYMOUS, other):
        with pytest.raises(errors.NotFound):
            await auth.get(jane.id, stranger)
    with pytest.raises(errors.AlreadyExists) as taken:
        await auth.call(auth.accounts.Add, new_user("JANE@example.com"), ACME)
    assert [f.field for f in taken.value.fields] == ["email"]
    await auth.call(auth.accounts.Add, new_user("jane@example.com"), other)
    with pytest.raises(errors.Unauthenticated):
        await auth.call(auth.sessions.LogIn, LogInRequest(email="jane@example.com", password=PASSWORD))
    assert [state.name for _, state in await states(auth)] == ["Jane Doe"] * 2


async def test_the_same_key_gives_the_same_user(auth: Auth) -> None:
    await auth.parts.tenants.add("acme")
    first = await auth.call(auth.accounts.Add, new_user("jane@example.com", "k1"), ACME)
    assert await auth.call(auth.accounts.Add, new_user("jane@example.com", "k1"), ACME) == first
    with pytest.raises(errors.Invalid) as reused:
        await auth.call(auth.accounts.Add, new_user("joan@example.com", "k1"), ACME)
    assert reused.value.reason == "IDEMPOTENCY_KEY_REUSED"
    assert len(await states(auth)) == 1


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("first_name", " "),
        ("last_name", "a\nb"),
        ("date_of_birth", "1899-12-31"),
        ("date_of_birth", "2999-01-01"),
        ("date_of_birth", "1990-02-30"),
        ("date_of_birth", "19900101"),
    ],
)
async def test_bad_users_are_refused(auth: Auth, field: str, value: str) -> None:
    await auth.parts.tenants.add("acme")
    with pytest.raises(errors.Invalid) as refused:
        await auth.call(auth.accounts.Add, new_user("jane@example.com", **{field: value}), ACME)
    assert [f.field for f in refused.value.fields] == [field]
    with pytest.raises(errors.Invalid):
        await auth.call(auth.accounts.Add, new_user("jane@example.com", "no key"), ACME)
