"""The object store: a directory, S3, GCS or Azure behind one address (`file:///...`, `s3://...`)."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlparse

import obstore
from obstore.exceptions import BaseError
from obstore.store import ObjectStore, from_url

from chassis.errors import Unavailable

if TYPE_CHECKING:
    from obstore.store import ClientConfig, RetryConfig

# One part at a time: with the default of twelve, a large original would take 60 MiB of memory. S3 takes none smaller.
PART_BYTES, LOCAL_PART_BYTES = 5 * 1024 * 1024, 1024 * 1024
FILES_AT_ONCE = 8
# By default an unreachable bucket is retried for three minutes, and a slow part ends after 30 s.
PATIENCE: "ClientConfig" = {"connect_timeout": "2s", "read_timeout": "8s", "timeout": "1h", "allow_http": True}
RETRIES: "RetryConfig" = {"max_retries": 2, "retry_timeout": timedelta(seconds=5)}
LOCAL = ("", "file")


def _opened(url: str) -> ObjectStore:
    address = urlparse(url)
    if address.scheme in LOCAL:
        folder = Path(unquote(address.path) if address.scheme else url)
        folder.mkdir(parents=True, exist_ok=True)
        return obstore.store.LocalStore(folder.resolve())
    return from_url(url, client_options=PATIENCE, retry_config=RETRIES)


@asynccontextmanager
async def _or_unavailable() -> AsyncIterator[None]:
    """Down, full or forbidden: the caller's call fails as a whole and may be repeated."""
    try:
        yield
    except (FileNotFoundError, KeyError):
        raise
    except (BaseError, OSError, TimeoutError) as fault:
        raise Unavailable("The object store is unavailable", retry_after_seconds=5) from fault


class Objects:
    """Names are relative and our own. Raises Unavailable; FileNotFoundError if an object does not exist."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._part_bytes = LOCAL_PART_BYTES if urlparse(url).scheme in LOCAL else PART_BYTES

    @cached_property
    def _store(self) -> ObjectStore:
        return _opened(self._url)

    async def put(self, name: str, path: Path) -> None:
        async with _or_unavailable():
            await obstore.put_async(self._store, name, path, chunk_size=self._part_bytes, max_concurrency=1)

    async def put_folder(self, name: str, path: Path, progress: Callable[[float], None] = lambda _: None) -> None:
        """Stores everything in `path` under `name`; playlists last, so that none names a missing object."""
        files = sorted(path.iterdir(), key=lambda file: file.suffix == ".m3u8")
        turn, done = asyncio.Semaphore(FILES_AT_ONCE), 0

        async def one(file: Path) -> None:
            nonlocal done
            async with turn:
                await self.put(f"{name}/{file.name}", file)
            done += 1
            progress(done / len(files))

        for is_playlist in (False, True):
            async with asyncio.TaskGroup() as group:
                for file in files:
                    if (file.suffix == ".m3u8") is is_playlist:
                        group.create_task(one(file))

    async def fetch(self, name: str, path: Path) -> None:
        async with _or_unavailable():
            answer = await obstore.get_async(self._store, name)
            with path.open("wb") as file:
                async for part in answer.stream(min_chunk_size=1024 * 1024):
                    await asyncio.to_thread(file.write, part)

    async def delete(self, prefix: str) -> int:
        """Deletes the object of this name and all below it; missing ones are no error."""
        async with _or_unavailable():
            names = [meta["path"] async for batch in obstore.list(self._store, prefix=prefix) for meta in batch]
            names += [prefix] if await self._has(prefix) else []
            for name in names:
                try:
                    await obstore.delete_async(self._store, name)
                except FileNotFoundError:
                    continue
            return len(names)

    async def _has(self, name: str) -> bool:
        try:
            await obstore.head_async(self._store, name)
        except FileNotFoundError:
            return False
        return True
