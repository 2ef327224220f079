"""The MongoDB protocol from the `SecantusDB` wheel (WiredTiger), as its own process."""

import sys

from deploy.local import health
from deploy.local.home import Home
from deploy.local.part import Part
from deploy.local.ports import LOOPBACK

# Enough for tens of thousands of tracks on a laptop; with many more, writes wait for disk reads.
SETTINGS = """\
[storage]
cache_size = "128M"
"""


class Mongo:
    def __init__(self, home: Home, port: int, *, host: str = LOOPBACK) -> None:
        self._host = host
        self._port = port
        self._folder = home.folder("mongo")

    def url(self) -> str:
        return f"mongodb://127.0.0.1:{self._port}/?directConnection=true"

    def part(self) -> Part:
        return Part(
            name="mongo",
            prepare=self._prepare,
            command=self._command,
            healthy=lambda: health.mongo("127.0.0.1", self._port),
            ports=(self._port,),
        )

    def _command(self) -> list[str]:
        """`--sync-on-commit`: without it, a kill -9 lost acknowledged transactions."""
        where = ["--config", str(self._folder / "secantus.toml"), "--storage-path", str(self._folder / "store")]
        address = ["--host", self._host, "--port", str(self._port)]
        return [sys.executable, "-m", "secantus", *where, *address, "--sync-on-commit"]

    async def _prepare(self) -> None:
        """Writes our settings, so that no file elsewhere is used. Keeps an existing one, which may be edited."""
        file = self._folder / "secantus.toml"
        if not file.exists() or not file.stat().st_size:
            file.write_text(SETTINGS)
