"""SOUNDSTAGE_HOME: the folder for data, logs, secrets and the lock of a local run."""

import fcntl
import hashlib
import os
import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from deploy.local.errors import LocalError

NEEDED_BYTES = 512 * 1024 * 1024
# sun_path has 108 bytes on Linux, 104 on macOS; the name of Postgres' lock file is longer than the socket's.
SOCKET_PATH_BYTES = 95


@dataclass(frozen=True)
class Home:
    root: Path

    @classmethod
    def open(cls, path: str | Path) -> "Home":
        """Creates the folders. Raises early if permission or space is missing."""
        home = cls(Path(path).expanduser().resolve())
        home.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        for folder in (home.run, home.logs, home.secrets):
            folder.mkdir(mode=0o700, exist_ok=True)
        probe = home.run / "probe"
        probe.write_bytes(b"\0" * 65536)
        probe.unlink()
        if shutil.disk_usage(home.root).free < NEEDED_BYTES:
            raise LocalError(f"the disk is full: {home.root} has less than {NEEDED_BYTES >> 20} MiB left")
        return home

    @property
    def run(self) -> Path:
        return self.root / "run"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def secrets(self) -> Path:
        return self.root / "secrets"

    @property
    def addresses(self) -> Path:
        """`export NAME=value` lines with the running servers' addresses; exists only while they run."""
        return self.run / "addresses.env"

    def folder(self, name: str) -> Path:
        folder = self.root / name
        folder.mkdir(mode=0o700, exist_ok=True)
        return folder

    def log(self, name: str) -> Path:
        return self.logs / f"{name}.log"

    def secret(self, name: str) -> str:
        """A random secret, generated once, in a file of mode 0600."""
        path = self.secrets / name
        if not path.exists():
            self.write_secret(name, secrets.token_urlsafe(32))
        return path.read_text()

    def write_secret(self, name: str, text: str) -> None:
        write_secret(self.secrets / name, text)

    def socket_folder(self) -> Path:
        """For Postgres' socket: in the home, or under /tmp if the home's path is too long for a socket."""
        inside = self.root / "run" / "postgres"
        if len(os.fsencode(inside)) + len("/.s.PGSQL.65535.lock") <= SOCKET_PATH_BYTES:
            inside.mkdir(mode=0o700, exist_ok=True)
            return inside
        digest = hashlib.sha256(os.fsencode(self.root)).hexdigest()[:16]
        outside = Path("/tmp") / f"soundstage-{os.geteuid()}-{digest}"
        outside.mkdir(mode=0o700, exist_ok=True)
        found = outside.lstat()
        # Anybody can write to /tmp: another user's folder or a symlink of this name must not get our socket.
        if outside.is_symlink() or (found.st_uid != os.geteuid() and os.geteuid() != 0):
            raise LocalError(f"{outside} belongs to another user; remove it or set SOUNDSTAGE_HOME to a shorter path")
        return outside

    def lock(self) -> IO[str]:
        """Allows one launcher per home. The lock ends with the process, however it dies."""
        file = (self.run / "lock").open("a+")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            holder = file.read().strip() or "?"
            raise LocalError(f"Soundstage is already running from {self.root} (pid {holder}); stop it first") from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        return file


def write_secret(path: Path, text: str) -> None:
    """Writes a file of mode 0600 atomically, so a crash leaves no empty secret behind."""
    draft = path.with_suffix(".draft")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
