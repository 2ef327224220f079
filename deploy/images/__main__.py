"""Builds the images that are named, or all: python -m deploy.images audience gateway."""

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
        raise ImageError(f"no image {', '.join(sorted(unknown))}; there are {', '.join(DEPLOYABLES)}")
    chosen = [name for name in DEPLOYABLES if name in names] or list(DEPLOYABLES)
    console = Console()
    builder, base = engine.find(), os.environ.get("BASE_IMAGE") or BASE
    builder.need(base)
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
    hear = (lambda line: progress(name, f"building  {line[:70]}")) if steps else (lambda _: None)
    made = builder.build(target, tag(name), {"SERVICE": name, "BASE_IMAGE": base}, labels(name), log=log, hear=hear)
    if is_saved(name, made):
        return
    progress(name, "saving")
    builder.save(made, tag(name), archive_path(name), log)


def is_saved(name: str, made: str) -> bool:
    """An archive that holds this very image need not be written again."""
    return archive_path(name).exists() and made in Archive.read(archive_path(name)).config_name


def labels(name: str) -> dict[str, str]:
    words = {"title": f"soundstage-{name}", "version": version(), "revision": revision(), "source": source()}
    return {f"org.opencontainers.image.{key}": value for key, value in words.items() if value}


def source() -> str:
    """Where the code is published; only whoever publishes it knows."""
    return os.environ.get("SOURCE_URL", "")


def revision() -> str:
    """The commit, and whether there is more in it than that; a tree without git has none."""
    git = ["git", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    return subprocess.run(git, cwd=ROOT, capture_output=True, text=True, check=False).stdout.strip()


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except ImageError as error:
        sys.exit(f"soundstage: {error}")
