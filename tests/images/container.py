"""A container without an engine: the layers of an archive as an overlay that nothing can write to, and its own user."""

import os
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil

from deploy.images.archive import Archive
from deploy.local import process

Env = Mapping[str, str]
NOTHING: Env = {}
# Without an upper folder the root is read-only, as in a pod; /tmp is a volume of its own.
SCRIPT = """
lower=$1 root=$2 data=$3; shift 3
mount -t overlay overlay -o "lowerdir=$lower" "$root" &&
mount -t proc proc "$root/proc" && mount --rbind /dev "$root/dev" && mount -t tmpfs tmpfs "$root/tmp" || exit 125
[ -z "$data" ] || mount --bind "$data" "$root/data" || exit 125
exec chroot --userspec=10001:10001 "$root" env -i "$@"
"""


class Container:
    """One image, to run things in: as the image's user, on the loopback of this machine."""

    def __init__(self, archive: Archive, layers: Path, root: Path) -> None:
        self.archive = archive
        self.config = archive.config["config"]
        self.layers = [layers / digest.partition(":")[2][:12] for digest in archive.layers]
        self._root = root
        for digest, folder in zip(archive.layers, self.layers, strict=True):
            if not folder.exists():
                folder.mkdir()
                archive.unpack(digest, folder)

    @property
    def own_layers(self) -> list[Path]:
        """Those above the base image's, which is one layer or several: ours begin with the one that adds the user."""
        ours = next(i for i, folder in enumerate(self.layers) if b"soundstage:" in _read(folder / "etc/passwd"))
        return self.layers[ours:]

    def command(self, words: Sequence[str], env: Env, data: Path | None = None) -> list[str]:
        lower = ":".join(str(folder) for folder in reversed(self.layers))
        told = dict(line.split("=", 1) for line in self.config["Env"]) | {"HOST": "127.0.0.1", **env}
        variables = [f"{key}={value}" for key, value in told.items()]
        inside = [f"--chdir={self.config['WorkingDir']}", *variables, *words]
        # As a container runtime does: a shell that started us in the background has SIGINT ignored for all below it.
        alone = [
            "env",
            "--default-signal",
            "unshare",
            "--mount",
            "--pid",
            "--fork",
            "--kill-child",
            "--",
            "sh",
            "-c",
            SCRIPT,
            "sh",
        ]
        return [*alone, lower, str(self._root), str(data or ""), *inside]

    def run(self, *words: str, data: Path | None = None, env: Env = NOTHING) -> subprocess.CompletedProcess[str]:
        """Runs these words instead of the entrypoint, to their end."""
        return subprocess.run(self.command(words, env, data), capture_output=True, text=True, check=False)

    @contextmanager
    def started(self, *arguments: str, data: Path | None = None, env: Env = NOTHING) -> Iterator["Running"]:
        words = [*self.config["Entrypoint"], *arguments]
        command = process.following(self.command(words, env, data), signal.SIGKILL)
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as popen:
            try:
                yield Running(popen)
            finally:
                popen.kill()


class Running:
    def __init__(self, popen: subprocess.Popen[str]) -> None:
        self._popen = popen

    def has_ended(self) -> bool:
        return self._popen.poll() is not None

    def ended(self) -> str:
        """What it said, once it is over."""
        return self._popen.communicate()[0]

    def stop(self, number: signal.Signals) -> int:
        """Signals its first process, as the kubelet does, and answers the exit code."""
        (first,) = psutil.Process(self._popen.pid).children()
        os.kill(first.pid, number)
        self._popen.communicate()
        return self._popen.returncode


def _read(file: Path) -> bytes:
    return file.read_bytes() if file.exists() else b""
