"""The public keys that tokens are signed with, from auth; an unknown one is asked for, but not at a stranger's pace."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import jwt

from chassis import errors, telemetry

log = telemetry.logger(__name__)

# Unknown key ids cost auth at most one call in this time.
REFRESH_PAUSE_SECONDS = 5.0
FIRST_PAUSE_SECONDS = 0.2


class Keys:
    """`fetch` answers the JSON Web Key Set as text."""

    def __init__(self, fetch: Callable[[], Awaitable[str]]) -> None:
        self._fetch = fetch
        self._keys: dict[str, Any] = {}
        self._asked_at = float("-inf")
        self._asking = asyncio.Lock()
        self.jwks: dict[str, Any] | None = None

    async def get(self, kid: str) -> Any:
        """The key of this id. Raises Unauthenticated if there is none, Unavailable if no keys were ever fetched."""
        if kid not in self._keys:
            await self._refresh(kid)
        if kid in self._keys:
            return self._keys[kid]
        raise errors.Unauthenticated() if self._keys else errors.Unavailable()

    @property
    def is_ready(self) -> bool:
        return bool(self._keys)

    async def published(self) -> dict[str, Any]:
        """The key set to publish; fetched from auth if the cached one is older than a moment."""
        await self._refresh(None)
        if self.jwks is None:
            raise errors.Unavailable()
        return self.jwks

    async def run(self, stop: asyncio.Event) -> None:
        """Fetches the keys before the first token comes, so that auth may go down afterwards."""
        while not self._keys and not stop.is_set():
            await self._refresh(None)
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), FIRST_PAUSE_SECONDS)
        await stop.wait()

    async def _refresh(self, kid: str | None) -> None:
        async with self._asking:
            now = asyncio.get_running_loop().time()
            pause = REFRESH_PAUSE_SECONDS if self._keys else FIRST_PAUSE_SECONDS
            if kid in self._keys or now - self._asked_at < pause:
                return
            self._asked_at = now
            try:
                self._take(json.loads(await self._fetch()))
            except errors.Error as failure:
                # Auth is down: keep the keys we have.
                log.warning("keys.auth_down", error=failure.reason)

    def _take(self, jwks: dict[str, Any]) -> None:
        found = {key["kid"]: jwt.PyJWK(key, algorithm="EdDSA").key for key in jwks["keys"]}
        self._keys, self.jwks = found, jwks
