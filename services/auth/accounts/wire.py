"""An account and its tokens as messages."""

from soundstage.auth.v1 import accounts_pb2 as pb

from chassis.clock import timestamp
from services.auth.accounts.account import Account
from services.auth.accounts.signed_in import Pair


def account_message(account: Account) -> pb.Account:
    return pb.Account(
        id=str(account.id),
        number=account.number,
        tenant=account.tenant,
        username=account.username or "",
        email=account.email or "",
        role=account.role,
        bio=account.bio,
        avatar=account.avatar,
        location=account.location,
        first_name=account.first_name,
        last_name=account.last_name,
        gender=account.gender,
        date_of_birth=account.date_of_birth.isoformat() if account.date_of_birth else None,
        created_at=timestamp(account.created_at),
        updated_at=timestamp(account.updated_at),
    )


def pair_message(pair: Pair) -> pb.Tokens:
    return pb.Tokens(access_token=pair.access, refresh_token=pair.refresh, expires_in_seconds=pair.expires_in_seconds)
