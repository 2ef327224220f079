"""Creates `.venv` from a hashed lock file. The Makefile runs it with the machine's Python; standard library only.

python deploy/local/environment.py run     for `make run`
python deploy/local/environment.py dev     also for `make test` and `make lint`
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
LOCKS = {"run": "local.txt", "dev": "all.txt"}
SUPPORTED = ("3.11", "3.12", "3.13")
NEEDED_BYTES = 1024 * 1024 * 1024


def main(kind: str) -> None:
    VENV.mkdir(exist_ok=True)
    with (VENV / "lock").open("w") as file:  # of two concurrent makes, the second waits and finds it done
        fcntl.flock(file, fcntl.LOCK_EX)
        version = python_version()
        if version and any(stamp(name) == digest(name, version) for name in (kind, "dev")):
            return
        if shutil.disk_usage(VENV).free < NEEDED_BYTES:
            fail(f"the disk is full: the environment in {VENV} needs {NEEDED_BYTES >> 20} MiB")
        if not version:
            create()
        install(ROOT / "requirements" / LOCKS[kind])
        put_on_path()
        (VENV / f"{kind}.stamp").write_text(digest(kind, python_version()))


def digest(kind: str, version: str) -> str:
    """The stamp of an environment that is up to date."""
    return f"{version} {hashlib.sha256((ROOT / 'requirements' / LOCKS[kind]).read_bytes()).hexdigest()}"


def stamp(kind: str) -> str:
    path = VENV / f"{kind}.stamp"
    return path.read_text() if path.exists() else ""


def python_version() -> str:
    """The version of the environment's Python; empty if it is missing, broken or unsupported."""
    program = "import sys, pip; print('%d.%d' % sys.version_info[:2])"
    try:
        done = subprocess.run([str(PYTHON), "-c", program], capture_output=True, text=True, check=False)
    except OSError:
        return ""
    version = done.stdout.strip()
    return version if version in SUPPORTED else ""


def create() -> None:
    say(f"creating .venv with Python {sys.version.split()[0]}")
    for path in VENV.iterdir():
        if path.name != "lock":
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    done = subprocess.run([sys.executable, "-m", "venv", str(VENV)], capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return
    # Debian packages ensurepip separately; the system's pip can install into an environment without one.
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(VENV)], capture_output=True, check=False)
    outside = [sys.executable, "-m", "pip", "--python", str(PYTHON), "install", "-q", "pip"]
    if subprocess.run(outside, capture_output=True, check=False).returncode:
        fail("this Python cannot create environments: install its venv module (on Debian: apt install python3-venv)")


def install(lock: Path) -> None:
    packages = sum(1 for line in lock.read_text().splitlines() if "==" in line)
    say(f"installing {packages} packages from requirements/{lock.name} (once; this may take a few minutes)")
    options = ["--disable-pip-version-check", "--quiet", "--require-hashes", "--only-binary", ":all:"]
    command = [str(PYTHON), "-m", "pip", "install", *options, "-r", str(lock)]
    if subprocess.run(command, check=False).returncode:
        fail("pip could not install the environment; see its message above")


def put_on_path() -> None:
    """Makes the checkout and the generated code importable without installing them."""
    found = subprocess.run(
        [str(PYTHON), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        capture_output=True,
        text=True,
        check=True,
    )
    (Path(found.stdout.strip()) / "soundstage.pth").write_text(f"{ROOT}\n{ROOT / 'gen'}\n")


def say(text: str) -> None:
    sys.stdout.write(f"soundstage: {text}\n")
    sys.stdout.flush()


def fail(text: str) -> None:
    sys.exit(f"soundstage: {text}")


if __name__ == "__main__":
    try:
        main(sys.argv[1])
    except PermissionError as error:
        fail(f"missing permission: {error.filename}")
    except OSError as error:
        fail(f"{error.filename or VENV}: {os.strerror(error.errno or 0)}")
