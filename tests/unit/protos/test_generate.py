"""The generated code is that of the protos, and the protos still speak with the release before."""

import filecmp
import subprocess
import sys
from pathlib import Path

import pytest

from protos import generate

ROOT = Path(__file__).parents[3]
BUF = Path(sys.executable).with_name("buf")


def test_the_generated_code_is_up_to_date(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "gen").mkdir()
    monkeypatch.setattr(generate, "GENERATED", tmp_path / "gen" / "soundstage")
    generate.main()
    assert differences(filecmp.dircmp(tmp_path / "gen" / "soundstage", ROOT / "gen" / "soundstage")) == []


def differences(found: "filecmp.dircmp[str]") -> list[str]:
    here = [name for name in [*found.left_only, *found.right_only, *found.diff_files] if name != "__pycache__"]
    return here + [name for folder in found.subdirs.values() for name in differences(folder)]


def test_nothing_breaks_for_the_release_before() -> None:
    words = [str(BUF), "breaking", "--against", "protos/baseline.binpb"]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
