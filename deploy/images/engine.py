"""What builds and saves images: docker if its daemon answers, otherwise buildah, which needs none."""

import os
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from deploy.images import ROOT

NONE = "neither docker nor buildah works: start Docker's daemon, or install buildah (on Debian: apt install buildah)"
NO_BASE_IMAGE = """cannot get the base image {base}: {reason}
Without access to a registry, load an image of that name first, or name another: make images BASE_IMAGE=<name>"""

OnLine = Callable[[str], None]


class ImageError(Exception):
    """Stops the build with this message and exit code 1."""


@dataclass(frozen=True)
class Engine:
    """A build tool. Both take nearly the same arguments."""

    name: str
    build_arguments: tuple[str, ...]

    def build(
        self,
        target: str,
        name: str,
        arguments: Mapping[str, str],
        labels: Mapping[str, str],
        *,
        log: Path,
        on_line: OnLine,
    ) -> str:
        """Builds one target under this name and returns the image's id; `on_line` gets the output line by line."""
        id_file = log.with_suffix(".id")
        options = [f"--target={target}", f"--iidfile={id_file}", f"--tag={self._local(name)}"]
        options += [f"--build-arg={key}={value}" for key, value in arguments.items()]
        options += [f"--label={key}={value}" for key, value in labels.items()]
        _run([self.name, *self.build_arguments, *options, str(ROOT)], log, on_line)
        return id_file.read_text().strip().rpartition(":")[2]

    def require(self, base: str) -> None:
        if _works([self.name, "inspect", "--type=image", base]):
            return
        done = subprocess.run([self.name, "pull", base], capture_output=True, text=True, check=False)
        if done.returncode:
            reason = (done.stderr.strip().splitlines() or ["no output"])[-1]
            raise ImageError(NO_BASE_IMAGE.format(base=base, reason=reason))

    def save(self, image_id: str, name: str, archive: Path, log: Path) -> None:
        """Saves the image under this name only."""
        draft = archive.with_suffix(".draft")
        draft.unlink(missing_ok=True)  # buildah appends to an existing archive
        if self.name == "docker":
            _run(["docker", "save", "--output", str(draft), name], log)
        else:
            _run(["buildah", "push", "--quiet", image_id, f"docker-archive:{draft}:{name}"], log)
        draft.replace(archive)

    def _local(self, name: str) -> str:
        return name if self.name == "docker" else f"localhost/{name}"


DOCKER = Engine("docker", ("build", "--progress=plain", "--network=host"))
# Chroot: build steps need neither a runtime nor cgroups, and use the machine's network.
BUILDAH = Engine("buildah", ("bud", "--format=docker", "--layers", "--isolation=chroot", "--network=host"))


def find() -> Engine:
    for engine, question in ((DOCKER, ["docker", "info"]), (BUILDAH, ["buildah", "info"])):
        if shutil.which(engine.name) and _works(question):
            return engine
    raise ImageError(NONE)


def _works(command: Sequence[str]) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def _run(command: Sequence[str], log: Path, on_line: OnLine = lambda _: None) -> None:
    """Runs at low priority: a build can wait."""
    nice = ["nice", "-n", "10", *command]
    environ = os.environ | {"DOCKER_BUILDKIT": "1"}
    with (
        log.open("a", buffering=1) as file,
        subprocess.Popen(nice, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environ) as child,
    ):
        assert child.stdout is not None
        for line in child.stdout:
            file.write(line)
            on_line(line.strip())
    if child.returncode:
        last = "".join(log.read_text().splitlines(keepends=True)[-15:])
        raise ImageError(f"{last}{' '.join(command[:2])} exited with code {child.returncode}; the full log is {log}")
