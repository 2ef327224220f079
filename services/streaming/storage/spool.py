"""Files on their way: a folder that each process makes for itself, and what dead ones left is removed."""

import fcntl
import hashlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp
from typing import BinaryIO, TextIO


class Spooled:
    """A file that grows, hashed on the way."""

    def __init__(self, folder: Path) -> None:
        # The client's name for it is metadata, never a path.
        self.path, self.cover = folder / "original", folder / "cover"
        self.bytes = 0
        self._sha256, self._md5 = hashlib.sha256(), hashlib.md5(usedforsecurity=False)
        self._file: BinaryIO = self.path.open("wb")

    def write(self, chunk: bytes) -> None:
        self._file.write(chunk)
        self._sha256.update(chunk)
        self._md5.update(chunk)
        self.bytes += len(chunk)

    def close(self) -> None:
        self._file.close()

    @property
    def sha256(self) -> bytes:
        return self._sha256.digest()

    @property
    def md5(self) -> bytes:
        return self._md5.digest()


class Spool:
    """`root` may be shared by several processes of a machine. Created when first used; close it at the end."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._folder: Path | None = None
        self._lock: TextIO | None = None

    @property
    def folder(self) -> Path:
        if self._folder is None:
            self._root.mkdir(parents=True, exist_ok=True)
            _clear(self._root)
            self._folder = Path(mkdtemp(prefix="spool-", dir=self._root))
            self._lock = (self._folder / "lock").open("w")
            fcntl.flock(self._lock, fcntl.LOCK_EX)
        return self._folder

    def close(self) -> None:
        if self._folder and self._lock:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._lock.close()

    @contextmanager
    def opened(self) -> Iterator[Spooled]:
        with TemporaryDirectory(dir=self.folder) as folder:
            spooled = Spooled(Path(folder))
            try:
                yield spooled
            finally:
                spooled.close()


def _clear(root: Path) -> None:
    """Removes what dead processes left behind: their locks are free, however they died."""
    for left in root.glob("spool-*/lock"):
        with left.open() as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            shutil.rmtree(left.parent, ignore_errors=True)
