"""`python -m services.auth serve|relay|work|migrate|all`, and the commands of an operator."""

import json
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import TypeVar
from uuid import UUID

import typer
import uvloop

from chassis import process, telemetry
from chassis.errors import AlreadyExists, Error, Unavailable
from services.auth import wiring
from services.auth.config import Settings

Result = TypeVar("Result")

tenants = typer.Typer(name="tenants", help="Partners and their credentials.", no_args_is_help=True)
admins = typer.Typer(name="admins", help="Who may do everything.", no_args_is_help=True)
accounts = typer.Typer(name="accounts", help="People's accounts.", no_args_is_help=True)
keys = typer.Typer(name="keys", help="The keys that sign tokens.", no_args_is_help=True)


@tenants.command("add", help="Add a tenant and print its client credentials, this once, as JSON.")
def add_tenant(name: str, if_missing: bool = typer.Option(False, help="Print nothing when it exists.")) -> None:
    try:
        new = _with(lambda parts: parts.tenants.add(name))
    except AlreadyExists as error:
        if if_missing:
            return
        raise _ended(error) from None
    typer.echo(json.dumps({"tenant": name, "client_id": str(new.client_id), "client_secret": new.client_secret}))


@admins.command("add", help="Make an account an administrator; its present access tokens end.")
def add_admin(username: str) -> None:
    account = _with(lambda parts: parts.accounts.make_admin(username))
    typer.echo(f"{account.username} is an administrator.")


@accounts.command("remove", help="Remove a person for good; id and number stay.")
def remove_account(account_id: UUID) -> None:
    account = _with(lambda parts: parts.accounts.remove(account_id))
    typer.echo(f"Account {account.id} (number {account.number}) is removed.")


@keys.command("rotate", help="Add a key: published at once, it signs after five minutes; the one before stays good.")
def rotate_keys(
    at_once: bool = typer.Option(False, help="Drop the key before too, which ends its tokens: after a leak."),
) -> None:
    async def rotate(parts: wiring.Parts) -> str:
        return parts.keys.rotate(at_once=at_once)

    typer.echo(_with(rotate))


def _with(work: Callable[[wiring.Parts], Awaitable[Result]]) -> Result:
    """What `work` gives with auth's parts; ends with one line on an Error."""
    settings = Settings()
    telemetry.start("auth", settings.model_copy(update={"metrics_port": 0}))

    async def done() -> Result:
        async with AsyncExitStack() as stack:
            return await work(wiring.parts(settings, stack))

    try:
        return uvloop.run(done())
    except AlreadyExists:
        raise
    except Unavailable as error:
        if error.message == Unavailable.default_message:
            raise SystemExit("auth: the database does not answer; AUTH_DATABASE_URL says where it is.") from None
        raise _ended(error) from None
    except Error as error:
        raise _ended(error) from None


def _ended(error: Error) -> SystemExit:
    return SystemExit(f"auth: {error.message}")


if __name__ == "__main__":
    process.main("auth", Settings, wiring.build, tenants, admins, accounts, keys)
