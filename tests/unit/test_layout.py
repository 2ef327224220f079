"""The house as it is drawn: every noun its files, nothing too long, one place for settings and one for the clock."""

import ast
import subprocess
from pathlib import Path

import pytest

from deploy.local.ports import SERVICES

ROOT = Path(__file__).parents[2]
CODE = ("chassis", "services", "gateway", "deploy")
WALL_CLOCKS = {("datetime", "now"), ("datetime", "utcnow"), ("datetime", "today"), ("date", "today"), ("time", "time")}


def code(*folders: str) -> list[Path]:
    return sorted(file for folder in folders or CODE for file in (ROOT / folder).rglob("*.py"))


def nouns() -> list[Path]:
    folders = (f for s in SERVICES for f in (ROOT / "services" / s).iterdir())
    return sorted(f for f in folders if f.is_dir() and f.name != "migrations" and (f / "__init__.py").exists())


@pytest.mark.parametrize("noun", nouns(), ids=lambda f: f"{f.parent.name}/{f.name}")
def test_every_noun_has_its_three_files(noun: Path) -> None:
    """A noun without a protocol is the copy of another service's, which comes in by events."""
    has_protocol = (ROOT / "protos/soundstage" / noun.parent.name / "v1" / f"{noun.name}.proto").exists()
    wanted = {"rpc.py", "domain.py", "store.py"} if has_protocol else {"domain.py", "store.py"}
    assert {f.name for f in noun.iterdir()} >= wanted


@pytest.mark.parametrize("service", SERVICES)
def test_every_service_has_the_same_shape(service: str) -> None:
    names = {f.name for f in (ROOT / "services" / service).iterdir()}
    assert names >= {"__main__.py", "config.py", "wiring.py", "events.py", "migrations", "schema.sql"}


def test_no_file_is_too_long() -> None:
    long = {str(f.relative_to(ROOT)): n for f in code(*CODE, "tests") if (n := len(f.read_text().splitlines())) > 400}
    assert not long


def test_the_chassis_stays_small() -> None:
    files = list((ROOT / "chassis").glob("*.py"))
    assert len([f for f in files if f.name != "__init__.py"]) <= 20
    assert sum(1 for f in files for line in f.read_text().splitlines() if line.strip()) <= 2_000


def test_settings_are_read_in_config_alone() -> None:
    readers = [f for f in code("chassis", "services", "gateway") if "os.environ" in f.read_text()]
    assert [str(f) for f in readers if f.name != "config.py"] == []


def test_the_wall_clock_is_read_in_one_place() -> None:
    readers = [str(f.relative_to(ROOT)) for f in code("chassis", "services", "gateway") if reads_wall_clock(f)]
    assert readers == ["chassis/clock.py"]


def reads_wall_clock(file: Path) -> bool:
    calls = (n.func for n in ast.walk(ast.parse(file.read_text())) if isinstance(n, ast.Call))
    names = {(f.value.id, f.attr) for f in calls if isinstance(f, ast.Attribute) and isinstance(f.value, ast.Name)}
    return bool(names & WALL_CLOCKS)


@pytest.mark.parametrize("service", SERVICES)
def test_domains_import_no_wire_and_no_driver(service: str) -> None:
    forbidden = {"grpc", "asyncpg", "pymongo", "redis", "aiokafka", "soundstage"}
    for file in (ROOT / "services" / service).rglob("domain.py"):
        assert not imported(file) & forbidden, file


def imported(file: Path) -> set[str]:
    tree = ast.walk(ast.parse(file.read_text()))
    names = [a.name for n in tree if isinstance(n, ast.Import) for a in n.names]
    names += [n.module or "" for n in ast.walk(ast.parse(file.read_text())) if isinstance(n, ast.ImportFrom)]
    return {name.split(".")[0] for name in names}


def test_nothing_names_this_machine() -> None:
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    forbidden = ("/" + "work/", "/" + "root/")
    texts = {name: (ROOT / name).read_text(errors="ignore") for name in tracked if (ROOT / name).is_file()}
    assert not [name for name, text in texts.items() if any(word in text for word in forbidden)]
