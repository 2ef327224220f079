"""Files on their way: a folder that each process makes for itself, and what dead ones left is removed."""

import fcntl
import hashlib
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp
from typing import BinaryIO, TextIO

from chassis.errors import Unavailable

# What the picture in a file may take beside it.
COVER_BYTES = 16 * 1024 * 1024


class Spooled:
    """A file that grows, hashed on the way."""

    def __init__(self, folder: Path, hold: Callable[[int], None]) -> None:
        self._hold = hold
        # The client's name for it is metadata, never a path.
        self.path, self.cover = folder / "original", folder / "cover"
        self.bytes = 0
        self._sha256, self._md5 = hashlib.sha256(), hashlib.md5(usedforsecurity=False)
        self._file: BinaryIO = self.path.open("wb")

    def write(self, chunk: bytes) -> None:
        """Raises Unavailable when the spool is full."""
        self._hold(len(chunk))
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
    """`root` may be shared by several processes of a machine. Created when first used; close it at the end.

    Its files are summed, and what does not fit is refused: of a pod that fills its disk, Kubernetes ends everything.
    """

    def __init__(self, root: Path, most_bytes: int) -> None:
        self._root, self._most_bytes = root, most_bytes
        self._held_bytes = 0
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
        with ExitStack() as stack:
            stack.enter_context(self.holding(COVER_BYTES))
            folder = stack.enter_context(TemporaryDirectory(dir=self.folder))
            spooled = Spooled(Path(folder), lambda size: stack.enter_context(self.holding(size)))
            stack.callback(spooled.close)
            yield spooled

    @contextmanager
    def holding(self, size: int) -> Iterator[None]:
        """Room for so many bytes, as long as the block lasts. Raises Unavailable if there is none."""
        if self._held_bytes + size > self._most_bytes:
            raise Unavailable("There is no room for the file right now", retry_after_seconds=60)
        self._held_bytes += size
        try:
            yield
        finally:
            self._held_bytes -= size


def _clear(root: Path) -> None:
    """Removes what dead processes left behind: their locks are free, however they died."""
    for left in root.glob("spool-*/lock"):
        with left.open() as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            shutil.rmtree(left.parent, ignore_errors=True)
