"""A newcomer runs `make demo` against a running system, and reads that every figure is what was sent."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from deploy.local.ports import free_base
from tests.support.system import REPOSITORY, System

pytestmark = pytest.mark.processes

Tune = Callable[[str, float], Path]


def demo(system: System, *words: str, **settings: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "deploy.local", "demo", *words],
        cwd=REPOSITORY,
        env=system.environ | settings,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )


def complaint(done: "subprocess.CompletedProcess[str]") -> str:
    """The one line that it ended with, and nothing was done before."""
    assert (done.returncode, done.stdout) == (1, ""), done.stdout + done.stderr
    assert re.fullmatch(r"soundstage: [^\n]+\n", done.stderr), done.stderr
    return done.stderr


def test_the_demo_ends_with_equal_figures(running_system: System) -> None:
    done = demo(running_system)
    assert done.returncode == 0, done.stdout + done.stderr
    for line in (
        r"transcoding .* 100%",
        r"multivariant playlist: 3 renditions of \d+ aligned segments",
        r"256k\.m3u8: \d+ kbit/s, decodes to 20\.0\d\d s, ranges are correct",
        r"6 plays sent to platform, the first 3 times with one key",
        r"Mia bought it for 4\.99 EUR",
        r"the download is the uploaded file, byte for byte",
        r"stats +plays +9 +9 +equal",
        r"top audience +by rank +mia",
        r"All \d+ figures equal what was sent; \d+ requests in",
    ):
        assert re.search(line, done.stdout), f"{line} is not in\n{done.stdout}"
    assert "DIFFERS" not in done.stdout


def test_the_demo_takes_a_file_of_ones_own(running_system: System, tune: Tune) -> None:
    done = demo(running_system, FILE=str(tune("mp3", 9.5)))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "tune-9.5.mp3" in done.stdout
    assert "figures equal what was sent" in done.stdout


def test_what_cannot_be_done_is_one_line(running_system: System, tmp_path: Path) -> None:
    missing = tmp_path / "missing.flac"
    assert f"there is no file {missing}" in complaint(demo(running_system, "--file", str(missing)))
    text = tmp_path / "renamed.mp3"
    text.write_text("no audio at all\n" * 100)
    assert f"{text} contains no audio" in complaint(demo(running_system, "--file", str(text)))
    nobody = free_base()
    assert "no gateway answers at" in complaint(demo(running_system, PORT=str(nobody)))
