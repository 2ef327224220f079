"""One Postgres database per test, copied from a template that a service's migrations made once."""

import fcntl
import hashlib
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from chassis import migrate
from chassis.ids import new_id

SERVICES = Path(__file__).parents[2] / "services"


async def make(admin_url: str, service: str) -> str:
    """The address of a new database with the schema of `service`."""
    return await make_empty(admin_url, service, template=await _template(admin_url, service))


async def make_empty(admin_url: str, service: str, *, template: str = "template1") -> str:
    name = f"test_{service}_{new_id().hex}"
    await _execute(admin_url, f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    return _address(admin_url, name)


async def drop(admin_url: str, url: str) -> None:
    await _execute(admin_url, f'DROP DATABASE IF EXISTS "{urlsplit(url).path[1:]}" WITH (FORCE)')


async def set_read_only(admin_url: str, url: str, is_read_only: bool) -> None:
    """As a primary is during a switchover: every transaction on it is read-only, also on connections that are open."""
    name = urlsplit(url).path[1:]
    setting = "on" if is_read_only else "off"
    await _execute(admin_url, f'ALTER DATABASE "{name}" SET default_transaction_read_only = {setting}')
    await _execute(admin_url, f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")


async def _template(admin_url: str, service: str) -> str:
    """The template's name, which holds a digest of the migrations, so that a changed one is never reused."""
    folder = SERVICES / service / "migrations"
    digest = hashlib.sha256(b"".join(file.read_bytes() for file in sorted(folder.glob("*.sql")))).hexdigest()[:12]
    name = f"template_{service}_{digest}"
    with _one_at_a_time(name):
        if not await _exists(admin_url, name):
            await _execute(admin_url, f'CREATE DATABASE "{name}_new"')
            await migrate.apply(_address(admin_url, f"{name}_new"), folder)
            await _execute(admin_url, f'ALTER DATABASE "{name}_new" RENAME TO "{name}"')
    return name


@contextmanager
def _one_at_a_time(name: str) -> Iterator[None]:
    with (Path(tempfile.gettempdir()) / f"soundstage-{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


async def _exists(admin_url: str, name: str) -> bool:
    conn = await asyncpg.connect(admin_url)
    try:
        await conn.execute(f'DROP DATABASE IF EXISTS "{name}_new"')
        return bool(await conn.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", name))
    finally:
        await conn.close()


async def _execute(admin_url: str, sql: str) -> None:
    conn = await asyncpg.connect(admin_url)
    try:
        await conn.execute(sql)
    finally:
        await conn.close()


def _address(admin_url: str, name: str) -> str:
    return urlunsplit(urlsplit(admin_url)._replace(path=f"/{name}"))
