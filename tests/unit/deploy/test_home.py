"""What the local run keeps in its home, and the addresses it hands out."""

import errno
import socket
from pathlib import Path

import pytest

from deploy.local.errors import LocalError, explain
from deploy.local.home import NEEDED_BYTES, Home
from deploy.local.ports import SERVICES, Ports, is_free
from deploy.local.provision import service_url


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home.open(tmp_path / "home")


def test_a_secret_is_made_once_and_is_its_owners_alone(home: Home) -> None:
    first = home.secret("postgres")
    assert len(first) >= 32
    assert home.secret("postgres") == first
    assert home.secret("valkey") != first
    assert (home.secrets / "postgres").stat().st_mode & 0o777 == 0o600
    assert home.root.stat().st_mode & 0o077 == 0


def test_one_launcher_per_home(home: Home) -> None:
    with home.lock(), pytest.raises(LocalError, match="already running"):
        home.lock()
    home.lock().close()


@pytest.mark.parametrize("depth", [0, 1, 20])
def test_the_socket_fits_whatever_the_home(tmp_path: Path, depth: int) -> None:
    home = Home.open(tmp_path.joinpath(*["a-rather-long-name"] * depth))
    folder = home.socket_folder()
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(folder / ".s.PGSQL.65535"))
    (folder / ".s.PGSQL.65535").unlink()
    assert len(str(folder / ".s.PGSQL.65535.lock")) < 100
    if folder.parent == Path("/tmp"):
        folder.rmdir()


def test_refuses_a_disk_that_is_nearly_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("Usage", (), {"free": NEEDED_BYTES - 1}))
    with pytest.raises(LocalError, match="the disk is full"):
        Home.open(tmp_path / "home")


@pytest.mark.parametrize(
    ("number", "line"),
    [(errno.ENOSPC, "the disk is full"), (errno.EACCES, "missing permission"), (errno.EIO, "Input/output error")],
)
def test_says_in_one_line_what_the_system_refused(number: int, line: str) -> None:
    said = explain(OSError(number, "Input/output error", "/somewhere/file"))
    assert line in said
    assert "/somewhere/file" in said
    assert "\n" not in said


def test_no_two_parts_share_a_port() -> None:
    ports = Ports()
    every = [ports.grpc(name) for name in SERVICES] + [ports.metrics(name) for name in ("gateway", *SERVICES)]
    every += [ports.gateway, ports.postgres, ports.valkey, ports.mongo, ports.kafka, ports.kafka_controller]
    assert len(set(every)) == len(every)
    assert (ports.grpc("auth"), ports.metrics("insights"), ports.kafka) == (7101, 7206, 7303)


@pytest.mark.parametrize("text", ["abc", "-1", "0", "70000", "8080.5"])
def test_refuses_a_port_that_is_none(text: str) -> None:
    with pytest.raises(LocalError, match="PORT="):
        Ports.read({"PORT": text})


def test_sees_that_a_port_is_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert not is_free(port)
    assert is_free(port)


def test_a_service_gets_its_own_database_on_the_administrators_server() -> None:
    url = service_url("postgresql://admin:secret@db.example:5433/postgres?sslmode=require", "auth", "p/w")
    assert url == "postgresql://auth:p%2Fw@db.example:5433/auth?sslmode=require"
    socket_url = service_url("postgresql://postgres:s@/postgres?host=/run/x&port=7300", "auth", "pw")
    assert socket_url == "postgresql://auth:pw@/auth?host=/run/x&port=7300"
