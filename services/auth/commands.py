"""Commands of auth beside its roles."""

import json
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import TypeVar
from uuid import UUID

import typer

from chassis import process
from chassis.errors import AlreadyExists
from services.auth import wiring
from services.auth.config import Settings
from services.auth.tenants.tenant import ClientCredentials

Result = TypeVar("Result")

app = typer.Typer()
tenants = typer.Typer(name="tenants", help="Partners and their credentials.", no_args_is_help=True)
admins = typer.Typer(name="admins", help="Who may do everything.", no_args_is_help=True)
accounts = typer.Typer(name="accounts", help="People's accounts.", no_args_is_help=True)
keys = typer.Typer(name="keys", help="The keys that sign tokens.", no_args_is_help=True)
for group in (tenants, admins, accounts, keys):
    app.add_typer(group)


@tenants.command("add", help="Add a tenant and print its client credentials as JSON. They are shown only once.")
def add_tenant(name: str, if_missing: bool = typer.Option(False, help="Print nothing if it exists.")) -> None:
    async def add(parts: wiring.Parts) -> ClientCredentials | None:
        try:
            return await parts.tenants.add(name)
        except AlreadyExists:
            if if_missing:
                return None
            raise

    if new := _with(add):
        credentials = {"tenant": name, "client_id": str(new.client_id), "client_secret": new.client_secret}
        typer.echo(json.dumps(credentials))


@admins.command("add", help="Make an account an administrator. Its current access tokens are revoked.")
def add_admin(username: str) -> None:
    account = _with(lambda parts: parts.accounts.make_admin(username))
    typer.echo(f"{account.username} is an administrator.")


@accounts.command("remove", help="Erase a person for good. Only the account's id and number remain.")
def remove_account(account_id: UUID) -> None:
    account = _with(lambda parts: parts.accounts.remove(account_id))
    typer.echo(f"Account {account.id} (number {account.number}) is removed.")


@keys.command(
    "rotate", help="Add a key. It is published at once and signs after five minutes; the previous one stays valid."
)
def rotate_keys(
    at_once: bool = typer.Option(False, help="After a leak: also drop the previous key, which revokes its tokens."),
) -> None:
    async def rotate(parts: wiring.Parts) -> str:
        return parts.keys.rotate(at_once=at_once)

    typer.echo(_with(rotate))


def _with(work: Callable[[wiring.Parts], Awaitable[Result]]) -> Result:
    """What `work` gives with auth's parts."""
    settings = Settings()

    async def done(stack: AsyncExitStack) -> Result:
        return await work(wiring.parts(settings, stack))

    return process.command("auth", settings, done)
