"""From what services answer to the partner's JSON."""

from typing import Any

from soundstage.auth.v1.accounts_pb2 import Account
from soundstage.auth.v1.tenants_pb2 import IssueClientTokenResponse, IssueDelegationTokenResponse

JSON = dict[str, Any]


def client_token(t: IssueClientTokenResponse) -> JSON:
    return {"access_token": t.access_token, "token_type": "Bearer", "expires_in": t.expires_in_seconds}


def delegation_token(t: IssueDelegationTokenResponse) -> JSON:
    return {"token_type": "Bearer", "expires_in": t.expires_in_seconds, "token": t.token}


def user(a: Account) -> JSON:
    """Nobody can subscribe yet, so every user is unsubscribed and has no payment method."""
    return {
        "id": a.id,
        "first_name": a.first_name,
        "last_name": a.last_name,
        "email": a.email,
        "date_of_birth": a.date_of_birth,
        "status": "UNSUBSCRIBED",
        "subscription_ends_at": None,
        "pm_type": None,
        "pm_last_four": None,
        "created_at": a.created_at.ToJsonString(),
        "updated_at": a.updated_at.ToJsonString(),
    }
