"""Who has just signed in, and the tokens handed out for it."""

from dataclasses import dataclass

from services.auth.accounts.account import Account


@dataclass(frozen=True, slots=True)
class Pair:
    """An access token and the refresh token that follows it."""

    access: str
    refresh: str
    expires_in_seconds: int


@dataclass(frozen=True, slots=True)
class SignedIn:
    account: Account
    pair: Pair
