"""Commands of catalog beside its roles: they make Postgres anew."""

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack

import typer

from chassis import process
from services.catalog import wiring
from services.catalog.config import Settings

app = typer.Typer()


@app.command("rebuild-search", help="Rebuild the search rows from MongoDB while the old ones keep serving.")
def rebuild_search() -> None:
    count = _with(lambda parts: parts.listings.rebuild())
    typer.echo(f"{count} tracks are in the new search rows.")


@app.command("rebuild-people", help="Refill the copy of accounts from auth.")
def rebuild_people() -> None:
    async def rebuild(parts: wiring.Parts) -> int:
        count = 0
        async for accounts in parts.auth.export():
            for account in accounts:
                await parts.people.apply(account)
            count += len(accounts)
        return count

    typer.echo(f"{_with(rebuild)} accounts are in the copy.")


def _with(work: Callable[[wiring.Parts], Awaitable[int]]) -> int:
    """What `work` gives with catalog's parts."""
    settings = Settings()

    async def done(stack: AsyncExitStack) -> int:
        return await work(wiring.parts(settings, stack))

    return process.command("catalog", settings, done)
