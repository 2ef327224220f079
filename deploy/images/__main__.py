"""Builds the named images, or all: python -m deploy.images audience gateway."""

import os
import subprocess
import sys
import time

from rich.console import Console
from rich.table import Table

from deploy.images import ARCHIVES, DEPLOYABLES, LIMITS, ROOT, archive_path, engine, tag, version
from deploy.images.archive import Archive
from deploy.images.engine import Engine, ImageError
from deploy.local.progress import Progress

BASE = "python:3.11-slim-bookworm"


def main(names: list[str]) -> None:
    if unknown := set(names) - set(DEPLOYABLES):
        raise ImageError(f"unknown image {', '.join(sorted(unknown))}; known are {', '.join(DEPLOYABLES)}")
    chosen = [name for name in DEPLOYABLES if name in names] or list(DEPLOYABLES)
    console = Console()
    builder, base = engine.find(), os.environ.get("BASE_IMAGE") or BASE
    builder.require(base)
    ARCHIVES.mkdir(parents=True, exist_ok=True)
    table = Table("image", "MB compressed", "limit", "seconds", title=f"built by {builder.name} on {base}")
    with Progress(console, chosen) as progress:
        for name in chosen:
            began = time.monotonic()
            build(builder, base, name, console.is_terminal, progress)
            progress(name, "measuring")
            size = Archive.read(archive_path(name)).compressed_bytes() / 1e6
            progress(name, "done")
            table.add_row(tag(name), f"{size:.0f}", str(LIMITS[name]), f"{time.monotonic() - began:.0f}")
    console.print(table)
    console.print(f"archives in {ARCHIVES.relative_to(ROOT)}/")


def build(builder: Engine, base: str, name: str, steps: bool, progress: Progress) -> None:
    log = ARCHIVES / f"{name}.log"
    log.unlink(missing_ok=True)
    progress(name, "building")
    target = name if name in ("gateway", "backing") else "service"
    on_line = (lambda line: progress(name, f"building  {line[:70]}")) if steps else (lambda _: None)
    arguments = {"SERVICE": name, "BASE_IMAGE": base}
    image_id = builder.build(target, tag(name), arguments, labels(name), log=log, on_line=on_line)
    if is_saved(name, image_id):
        return
    progress(name, "saving")
    builder.save(image_id, tag(name), archive_path(name), log)


def is_saved(name: str, image_id: str) -> bool:
    """Whether the archive already holds this very image."""
    return archive_path(name).exists() and image_id in Archive.read(archive_path(name)).config_name


def labels(name: str) -> dict[str, str]:
    values = {"title": f"soundstage-{name}", "version": version(), "revision": revision(), "source": source()}
    return {f"org.opencontainers.image.{key}": value for key, value in values.items() if value}


def source() -> str:
    """Where the code is published, if SOURCE_URL says so."""
    return os.environ.get("SOURCE_URL", "")


def revision() -> str:
    """The commit, marked if the tree is dirty; empty without git."""
    git = ["git", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    return subprocess.run(git, cwd=ROOT, capture_output=True, text=True, check=False).stdout.strip()


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except ImageError as error:
        sys.exit(f"soundstage: {error}")
