"""`make lock`: a hashed lock for each deployable from pyproject.toml's extras, all of one set of versions.

Made with the oldest supported Python, whose conditional dependencies include those of the newer ones.
"""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

FOLDER = Path(__file__).parent
ROOT = FOLDER.parent
DEPLOYABLES = ("auth", "catalog", "streaming", "audience", "marketplace", "insights", "gateway", "backing", "local")
OPTIONS = (
    "--quiet",
    "--strip-extras",
    "--generate-hashes",
    "--no-emit-index-url",
    "--no-emit-trusted-host",
    "--no-emit-find-links",
    # Extras name each other through the project itself, which is no package to install.
    "--unsafe-package=soundstage",
    "--no-build-isolation",
)


def compile_extra(extra: str, name: str, constraints: tuple[str, ...] = ()) -> None:
    environ = os.environ | {"CUSTOM_COMPILE_COMMAND": "make lock"}
    chosen = [f"--extra={extra}", *(f"--constraint={path}" for path in constraints)]
    target = f"--output-file=requirements/{name}.txt"
    command = [sys.executable, "-m", "piptools", "compile", *OPTIONS, *chosen, target, "pyproject.toml"]
    subprocess.run(command, cwd=ROOT, env=environ, check=True, capture_output=True)
    _drop_warning(FOLDER / f"{name}.txt")


def _drop_warning(path: Path) -> None:
    """The one unpinned package that pip-compile warns of is the project itself, which is not installed."""
    kept, warning, dropped = path.read_text().partition("\n# WARNING: ")
    if not warning:  # an extra that names no other
        return
    if [line for line in dropped.splitlines()[3:] if line.strip()] != ["# soundstage"]:
        sys.exit(f"{path.name} leaves something unpinned: {dropped}")
    path.write_text(kept)


def main() -> None:
    if sys.version_info[:2] != (3, 11):
        sys.exit("make lock needs Python 3.11, the oldest that is supported")
    compile_extra("dev", "all")
    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(compile_extra, name, name, ("requirements/all.txt",)) for name in DEPLOYABLES]:
            done.result()


if __name__ == "__main__":
    main()
