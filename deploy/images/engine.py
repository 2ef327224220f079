"""What builds and saves: docker where its engine answers, else buildah, which needs none."""

import os
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from deploy.images import ROOT

NONE = "neither docker nor buildah answers: start Docker's engine, or install buildah (on Debian: apt install buildah)"
NO_BASE = """cannot get the base image {base}: {reason}
Where no registry can be reached, load an image of that name first, or give another: make images BASE_IMAGE=<name>"""

Hear = Callable[[str], None]


class ImageError(Exception):
    """Ends the build with these lines and exit code 1."""


@dataclass(frozen=True)
class Engine:
    """Both take the same words for nearly everything."""

    name: str
    build_words: tuple[str, ...]

    def build(
        self, target: str, name: str, arguments: Mapping[str, str], labels: Mapping[str, str], *, log: Path, hear: Hear
    ) -> str:
        """Builds one target under this name and answers the image's id; `hear` gets the output line by line."""
        id_file = log.with_suffix(".id")
        words = [f"--target={target}", f"--iidfile={id_file}", f"--tag={self._local(name)}"]
        words += [f"--build-arg={key}={value}" for key, value in arguments.items()]
        words += [f"--label={key}={value}" for key, value in labels.items()]
        _run([self.name, *self.build_words, *words, str(ROOT)], log, hear)
        return id_file.read_text().strip().rpartition(":")[2]

    def need(self, base: str) -> None:
        if _answers([self.name, "inspect", "--type=image", base]):
            return
        done = subprocess.run([self.name, "pull", base], capture_output=True, text=True, check=False)
        if done.returncode:
            reason = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
            raise ImageError(NO_BASE.format(base=base, reason=reason))

    def save(self, made: str, name: str, archive: Path, log: Path) -> None:
        """Of the image `made`, under this name alone."""
        draft = archive.with_suffix(".draft")
        draft.unlink(missing_ok=True)  # buildah adds to an archive that is there
        if self.name == "docker":
            _run(["docker", "save", "--output", str(draft), name], log)
        else:
            _run(["buildah", "push", "--quiet", made, f"docker-archive:{draft}:{name}"], log)
        draft.replace(archive)

    def _local(self, name: str) -> str:
        return name if self.name == "docker" else f"localhost/{name}"


DOCKER = Engine("docker", ("build", "--progress=plain", "--network=host"))
# Chroot: the steps of a build need neither a runtime nor cgroups, and see the machine's network.
BUILDAH = Engine("buildah", ("bud", "--format=docker", "--layers", "--isolation=chroot", "--network=host"))


def find() -> Engine:
    for engine, question in ((DOCKER, ["docker", "info"]), (BUILDAH, ["buildah", "info"])):
        if shutil.which(engine.name) and _answers(question):
            return engine
    raise ImageError(NONE)


def _answers(command: Sequence[str]) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def _run(command: Sequence[str], log: Path, hear: Hear = lambda _: None) -> None:
    """Behind everything else on the machine: a build can wait."""
    nice = ["nice", "-n", "10", *command]
    environ = os.environ | {"DOCKER_BUILDKIT": "1"}
    with (
        log.open("a", buffering=1) as kept,
        subprocess.Popen(nice, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environ) as child,
    ):
        assert child.stdout is not None
        for line in child.stdout:
            kept.write(line)
            hear(line.strip())
    if child.returncode:
        last = "".join(log.read_text().splitlines(keepends=True)[-15:])
        raise ImageError(f"{last}{' '.join(command[:2])} ended with code {child.returncode}; all of it is in {log}")
