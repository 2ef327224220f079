"""The events auth publishes: each a pure function of an account's row, which is also what `Export` streams."""

from soundstage.auth.v1 import accounts_pb2

from chassis.clock import timestamp
from chassis.events import Event, Topic
from services.auth.accounts.account import Account

ACCOUNTS = Topic("soundstage.accounts.v1")
TOPICS = (ACCOUNTS,)


def account_created(account: Account) -> Event:
    return _event("AccountCreated", account)


def account_changed(account: Account) -> Event:
    return _event("AccountChanged", account)


def account_removed(account: Account) -> Event:
    return _event("AccountRemoved", account)


def account_state(account: Account) -> accounts_pb2.AccountState:
    """What others may copy. A removed account is a tombstone; a partner's user has no handle."""
    return accounts_pb2.AccountState(
        id=str(account.id),
        number=account.number,
        tenant=account.tenant,
        handle=account.username or "",
        name=account.name,
        bio=account.bio,
        avatar=account.avatar,
        location=account.location,
        version=account.version,
        is_removed=account.is_removed,
        created_at=timestamp(account.created_at),
    )


def _event(type: str, account: Account) -> Event:
    return Event.of(ACCOUNTS.name, str(account.id), account_state(account), type=type)
