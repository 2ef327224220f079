"""The layout and the dialect that docs/architecture.md draws. What imports what is import-linter's to hold."""

import ast
import re
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local.ports import SERVICES

ROOT = Path(__file__).parents[2]
CODE = ("chassis", "services", "gateway", "deploy")
LINES_UNDER = 300
MAX_POSITIONAL = 4
WALL_CLOCKS = {("datetime", "now"), ("datetime", "utcnow"), ("datetime", "today"), ("date", "today"), ("time", "time")}
# Rooms of a service that are no nouns: they have no entity, no transaction and no table of their own.
ROOMS = {"catalog/words", "streaming/media", "streaming/storage", "streaming/transcoding"}
MAIN = re.compile(
    r"from chassis import process\n"
    r"from services\.(\w+) import (?:commands, )?config, wiring\n\n"
    r'if __name__ == "__main__":\n'
    r'    process\.main\("\1", config\.Settings, wiring\.build(?:, commands\.app)?\)\n'
)


def code(*folders: str) -> list[Path]:
    return sorted(file for folder in folders or CODE for file in (ROOT / folder).rglob("*.py"))


def folders() -> list[Path]:
    """Every folder of code in a service."""
    found = (f for s in SERVICES for f in (ROOT / "services" / s).iterdir())
    return sorted(f for f in found if f.is_dir() and f.name != "migrations" and (f / "__init__.py").exists())


def named(file: Path) -> str:
    return str(file.relative_to(ROOT))


def nouns() -> list[Path]:
    return [f for f in folders() if f"{f.parent.name}/{f.name}" not in ROOMS]


def protocol(noun: Path) -> Path:
    return ROOT / "protos/soundstage" / noun.parent.name / "v1" / f"{noun.name}.proto"


def tree(file: Path) -> ast.Module:
    return ast.parse(file.read_text())


def functions(cls: ast.ClassDef) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (node for node in cls.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def classes(file: Path) -> list[ast.ClassDef]:
    return [node for node in ast.walk(tree(file)) if isinstance(node, ast.ClassDef)]


# ---- files


@pytest.mark.parametrize("noun", nouns(), ids=lambda f: f"{f.parent.name}/{f.name}")
def test_every_noun_has_its_files(noun: Path) -> None:
    """A noun without a protocol is the copy of another service's, which comes in by events, or this service's alone."""
    wanted = {"rpc.py", "domain.py", "store.py"} if protocol(noun).exists() else {"domain.py", "store.py"}
    assert {f.name for f in noun.iterdir()} >= wanted


@pytest.mark.parametrize("service", SERVICES)
def test_every_service_has_the_same_shape(service: str) -> None:
    folder = ROOT / "services" / service
    names = {f.name for f in folder.iterdir()}
    assert names >= {"__main__.py", "config.py", "wiring.py", "events.py", "migrations", "schema.sql"}
    main = (folder / "__main__.py").read_text()
    assert MAIN.fullmatch(main), main
    assert ("commands" in main) == ("commands.py" in names)


def test_no_file_is_too_long() -> None:
    long = {named(f): n for f in code(*CODE, "tests") if (n := len(f.read_text().splitlines())) >= LINES_UNDER}
    assert not long


def test_the_chassis_stays_small() -> None:
    files = list((ROOT / "chassis").glob("*.py"))
    assert len([f for f in files if f.name != "__init__.py"]) <= 22
    assert sum(1 for f in files for line in f.read_text().splitlines() if line.strip()) <= 2_300


def test_unit_tests_are_named_after_their_module() -> None:
    """tests/unit/<package>/test_<module>.py tests the module or folder of that name, anywhere in the package."""
    for test in (ROOT / "tests/unit").glob("*/test_*.py"):
        below, module = test.parent.name, test.stem.removeprefix("test_")
        where = ROOT / "services" / below if below in SERVICES else ROOT / below
        if where.exists():
            found = [f for f in where.rglob("*.py") if module in (f.stem, f.parent.name)]
            assert found, f"{named(test)}: no module {module} in {named(where)}"


# ---- dialect


@pytest.mark.parametrize(
    "noun", [n for n in nouns() if protocol(n).exists()], ids=lambda f: f"{f.parent.name}/{f.name}"
)
def test_servicers_are_called_after_their_noun(noun: Path) -> None:
    title = "".join(word.capitalize() for word in noun.name.split("_"))
    assert f"{title}Rpc" in [cls.name for cls in classes(noun / "rpc.py")]


def test_domains_take_the_caller_first() -> None:
    late = [
        f"{named(file)}:{function.lineno} {function.name}"
        for file in (f for f in code("services") if f.name == "domain.py")
        for cls in classes(file)
        for function in functions(cls)
        if "caller" in (given := [a.arg for a in (*function.args.args, *function.args.kwonlyargs)])
        and not function.name.startswith("_")
        and given.index("caller") != 1
    ]
    assert not late


def test_a_database_is_called_so() -> None:
    short = re.compile(r"\bdb\b|\b_db\b")
    assert [named(f) for f in code("chassis", "services") if short.search(f.read_text())] == []


def test_many_parts_are_handed_over_by_name() -> None:
    many = [
        f"{named(file)}:{function.lineno} {cls.name}"
        for file in code("chassis", "services", "gateway")
        for cls in classes(file)
        for function in functions(cls)
        if function.name == "__init__" and len(function.args.args) - 1 > MAX_POSITIONAL
    ]
    assert not many


@pytest.mark.parametrize("service", SERVICES)
def test_consumers_state_group_and_topics_and_apply(service: str) -> None:
    file = ROOT / "services" / service / "consumers.py"
    if not file.exists():
        return
    found = [cls for cls in classes(file) if not cls.name.startswith("_")]
    assert found
    for cls in found:
        named_here = {t.id for n in cls.body if isinstance(n, ast.Assign) for t in n.targets if isinstance(t, ast.Name)}
        assert named_here >= {"GROUP", "TOPICS"}, cls.name
        assert "apply" in [function.name for function in functions(cls)], cls.name


def test_messages_carry_their_noun() -> None:
    """`<Verb><Noun>Request`: two words at least, or the noun as a verb (Follow), and unique over all services."""
    calls = re.compile(r"rpc (\w+)\((?:stream )?(\w+)Request\) returns \((?:stream )?(\w+)Response\)")
    deprecated = re.compile(r"// FiguresService as gateways.*?\n}\n", re.S)
    stems: Counter[str] = Counter()
    for file in (ROOT / "protos").rglob("*.proto"):
        noun = file.stem.rstrip("s").replace("_", "")
        for rpc, asks, answers in calls.findall(deprecated.sub("", file.read_text())):
            assert asks == answers, f"{file.name}: {rpc}"
            assert len(re.findall("[A-Z]", asks)) > 1 or noun in asks.lower(), f"{file.name}: {asks}"
            assert "Service" not in asks
            stems[asks] += 1
    assert [stem for stem, count in stems.items() if count > 1] == []


# ---- one place for each


def test_settings_are_read_in_config_alone() -> None:
    readers = [f for f in code("chassis", "services", "gateway") if "os.environ" in f.read_text()]
    assert [str(f) for f in readers if f.name != "config.py"] == []


def test_the_wall_clock_is_read_in_one_place() -> None:
    readers = [named(f) for f in code("chassis", "services", "gateway") if reads_wall_clock(f)]
    assert readers == ["chassis/clock.py"]


def reads_wall_clock(file: Path) -> bool:
    calls = (n.func for n in ast.walk(tree(file)) if isinstance(n, ast.Call))
    names = {(f.value.id, f.attr) for f in calls if isinstance(f, ast.Attribute) and isinstance(f.value, ast.Name)}
    return bool(names & WALL_CLOCKS)


def test_nothing_names_this_machine() -> None:
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    forbidden = ("/" + "work/", "/" + "root/")
    texts = {name: (ROOT / name).read_text(errors="ignore") for name in tracked if (ROOT / name).is_file()}
    assert not [name for name, text in texts.items() if any(word in text for word in forbidden)]
