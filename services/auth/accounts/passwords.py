"""Passwords, hashed with argon2id (RFC 9106) off the event loop.

Each hash holds tens of MiB, so at most two run at once, and a queue of bounded length waits for them: a flood of
sign-ins is answered with Unavailable and never takes the process's memory.
"""

import asyncio
import secrets
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

from chassis.errors import Unavailable

THREADS = 2

Result = TypeVar("Result")


class Passwords:
    def __init__(self, *, memory_kib: int, passes: int, queue_length: int) -> None:
        self._hasher = PasswordHasher(time_cost=passes, memory_cost=memory_kib, parallelism=1, type=Type.ID)
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="passwords")
        self._room = THREADS + queue_length
        # Unknown users are checked against this hash, so that they take as long as known ones.
        self._dummy = self._hasher.hash(secrets.token_urlsafe(32))

    async def hash(self, text: str) -> str:
        return await self._run(lambda: self._hasher.hash(normalised(text)))

    async def matches(self, password_hash: str | None, text: str) -> bool:
        """Whether `text` is the password. Without a hash always False, after the same work."""
        # As typed, too: 0.2 hashed passwords as they came.
        spellings = dict.fromkeys((normalised(text), text))
        found = await self._run(lambda: any(self._verify(password_hash or self._dummy, one) for one in spellings))
        return found and password_hash is not None

    def close(self) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _verify(self, password_hash: str, text: str) -> bool:
        try:
            return self._hasher.verify(password_hash, text)
        except (VerificationError, InvalidHashError):
            return False

    async def _run(self, work: Callable[[], Result]) -> Result:
        if self._room == 0:
            raise Unavailable("Too many sign-ins at once. Try again in a moment.", retry_after_seconds=1)
        self._room -= 1
        future = self._pool.submit(work)
        # A place is free again when its thread has finished, not when the caller has gone.
        loop = asyncio.get_running_loop()
        future.add_done_callback(lambda _: loop.call_soon_threadsafe(self._leave))
        return await asyncio.wrap_future(future)

    def _leave(self) -> None:
        self._room += 1


def normalised(text: str) -> str:
    """One spelling of a password however a keyboard composes it: RFC 8265's OpaqueString, with NFKC in place of NFC, so
    that full-width letters and ligatures are plain ones too."""
    spaced = "".join(" " if unicodedata.category(char) == "Zs" else char for char in text)
    return unicodedata.normalize("NFKC", spaced)
