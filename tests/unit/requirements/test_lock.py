"""The locks that `make run` installs from: hashed, of one set of versions, naming no registry."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))
PIN = re.compile(r"^([a-z0-9][a-z0-9._-]*)==(\S+) \\$", re.MULTILINE)


def pins(lock: Path) -> dict[str, str]:
    return dict(PIN.findall(lock.read_text()))


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.stem)
def test_a_lock_pins_and_hashes_everything_and_names_no_registry(lock: Path) -> None:
    text = lock.read_text()
    entries = [line for line in text.splitlines() if line and not line.startswith((" ", "#"))]
    assert len(entries) == len(pins(lock)) > 10
    assert text.count("--hash=sha256:") >= len(entries)
    assert "://" not in text
    assert "--index-url" not in text


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.stem)
def test_all_locks_agree_on_versions(lock: Path) -> None:
    assert pins(lock).items() <= pins(ROOT / "requirements" / "all.txt").items()


def test_every_deployable_has_a_lock_with_what_its_extra_names() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    locked = {lock.stem: pins(lock) for lock in LOCKS}
    assert set(locked) - {"all"} == set(extras) - {"core", "service", "dev"}
    for name, entries in extras.items():
        wanted = {re.split(r"[\[<>=]", entry)[0].lower() for entry in entries} - {"soundstage"}
        assert wanted <= locked.get(name, locked["all"]).keys(), name


def test_kafkas_jars_are_hashed() -> None:
    lines = (ROOT / "deploy" / "local" / "backing" / "kafka.lock").read_text().splitlines()
    jars = [line.split() for line in lines if not line.startswith("#")]
    assert len(jars) > 40
    assert all(len(jar) == 4 and re.fullmatch(r"[0-9a-f]{64}", jar[3]) for jar in jars)
