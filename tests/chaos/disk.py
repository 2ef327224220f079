"""Small disks that can be filled to the last byte, where we may mount any."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

MIB = 1024 * 1024


@contextmanager
def mounted(folder: Path, mebibytes: int) -> Iterator[Path]:
    """A disk of its own at `folder`, in memory. Skips the test where it may not be mounted."""
    folder.mkdir(mode=0o700, parents=True)
    options = f"size={mebibytes}m,mode=0700"
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder], capture_output=True, check=False)
    if done.returncode:
        pytest.skip("only root may mount a small disk")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


@contextmanager
def filled(disk: Path) -> Iterator[None]:
    ballast = disk / "ballast"
    try:
        with ballast.open("wb", buffering=0) as file, suppress(OSError):
            while file.write(bytes(MIB)):
                """There was room still."""
        yield
    finally:
        ballast.unlink()
