"""Partners' credentials and the tokens they give."""

from uuid import UUID

import jwt
import pytest
from soundstage.auth.v1 import tenants_pb2 as pb
from soundstage.auth.v1.accounts_pb2 import AddAccountRequest

from chassis import errors
from chassis.ids import new_id
from chassis.principal import Kind, Principal
from tests.integration.auth.conftest import Auth

ACME = Principal(Kind.CLIENT, tenant="acme", role="client")
DEVICE = "a9b66a51-3cb6-4e66-bb94-675e83380fe5"


async def test_a_client_token_speaks_for_the_tenant(auth: Auth) -> None:
    acme = await auth.parts.tenants.add("acme")
    request = pb.IssueClientTokenRequest(client_id=str(acme.client_id), client_secret=acme.client_secret)
    answer = await auth.call(auth.tenants.IssueClientToken, request)
    claims = await auth.claims(answer.access_token, "soundstage:partner")
    assert (claims["typ"], claims["sub"], claims["tenant"]) == ("client", str(acme.client_id), "acme")
    assert claims["exp"] - claims["iat"] == pytest.approx(3600, abs=1)
    assert answer.expires_in_seconds == 3600
    with pytest.raises(jwt.InvalidAudienceError):
        await auth.claims(answer.access_token, "soundstage:app")


async def test_wrong_credentials_are_one_error(auth: Auth) -> None:
    acme, other = await auth.parts.tenants.add("acme"), await auth.parts.tenants.add("other")
    client_id = str(acme.client_id)
    for wrong in ((client_id, other.client_secret), (client_id, ""), (str(new_id()), "x"), ("no id", "x"), ("", "")):
        with pytest.raises(errors.Unauthenticated) as refused:
            request = pb.IssueClientTokenRequest(client_id=wrong[0], client_secret=wrong[1])
            await auth.call(auth.tenants.IssueClientToken, request)
        assert refused.value.reason == "INVALID_CREDENTIALS"


async def test_a_secret_is_kept_hashed_and_a_tenant_added_once(auth: Auth) -> None:
    acme = await auth.parts.tenants.add("acme")
    [row] = await auth.fetch("SELECT secret_hash FROM tenants WHERE name = 'acme'")
    assert acme.client_secret.encode() not in row["secret_hash"]
    for name, error in (("acme", errors.AlreadyExists), ("public", errors.AlreadyExists), ("No!", errors.Invalid)):
        with pytest.raises(error):
            await auth.parts.tenants.add(name)


async def test_a_delegation_token_speaks_for_a_user_of_the_tenant(auth: Auth) -> None:
    for tenant in ("acme", "other"):
        await auth.parts.tenants.add(tenant)
    new = AddAccountRequest(first_name="Jane", last_name="Doe", email="jane@example.com", date_of_birth="1990-08-24")
    jane = (await auth.call(auth.accounts.Add, new, ACME)).account
    ada = await auth.sign_up("ada")

    request = pb.IssueDelegationTokenRequest(user_id=jane.id, device_id=DEVICE)
    answer = await auth.call(auth.tenants.IssueDelegationToken, request, ACME)
    claims = await auth.claims(answer.token, "soundstage:partner")
    assert (claims["typ"], claims["sub"], claims["device"], claims["tenant"]) == ("delegation", jane.id, DEVICE, "acme")
    assert claims["number"] == jane.number
    assert claims["exp"] - claims["iat"] == pytest.approx(600, abs=1)

    other = Principal(Kind.CLIENT, tenant="other", role="client")
    for user_id, caller in ((jane.id, other), (ada.account.id, ACME), (str(new_id()), ACME)):
        with pytest.raises(errors.NotFound):
            request = pb.IssueDelegationTokenRequest(user_id=user_id, device_id=DEVICE)
            await auth.call(auth.tenants.IssueDelegationToken, request, caller)
    for user_id, device_id in (("x", DEVICE), (jane.id, "x")):
        with pytest.raises(errors.Invalid):
            request = pb.IssueDelegationTokenRequest(user_id=user_id, device_id=device_id)
            await auth.call(auth.tenants.IssueDelegationToken, request, ACME)
    with pytest.raises(errors.Forbidden):
        await auth.call(auth.tenants.IssueDelegationToken, request, ada.principal)

    await auth.parts.accounts.remove(UUID(jane.id))
    with pytest.raises(errors.NotFound):
        request = pb.IssueDelegationTokenRequest(user_id=jane.id, device_id=DEVICE)
        await auth.call(auth.tenants.IssueDelegationToken, request, ACME)
